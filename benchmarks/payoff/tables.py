"""Tables of the measures: by choice and seed, by rule, and by target."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from benchmarks.payoff.choices import (
    GREEDY,
    RANDOM,
    RANDOM_SET,
    RULES,
    SINGLE,
    SOLVED,
    SOLVED_AT_SINGLE,
)
from benchmarks.payoff.measures import (
    MEASURES,
    SMALLER_IS_BETTER,
    Payoffs,
    common_losses,
    one_seed_each,
    target_values,
)
from taskgraph.arrays import Floats
from taskgraph.losses import Losses
from taskgraph.tasks import SCRATCH, SELF, join_sources

LEVEL = 0.95

COMPARED = (
    (SOLVED, GREEDY),
    (SOLVED, SINGLE),
    (SOLVED_AT_SINGLE, SINGLE),
    (SOLVED, RANDOM_SET),
    (SOLVED, RANDOM),
)
"""Rules whose difference is measured: the first less the second."""


def payoff_table(found: Payoffs) -> pd.DataFrame:
    """Return one row a choice and seed: its tasks and cost, the table's values and the measured.

    ``table_quality`` and ``table_gain`` are means over the targets of the table's own columns;
    ``MEASURE_low`` and ``MEASURE_high`` bound the 95 % interval over fresh buildings.
    """
    rows = []
    for row, one in enumerate(found.chosen):
        promised = one.taxonomy.to_frame().reindex(columns=["quality", "gain"]).mean()
        for place, seed in enumerate(found.seeds):
            values: dict[str, float] = {}
            for number, name in enumerate(MEASURES):
                value, low, high = interval(found.values[row, place, number])
                values |= {name: value, f"{name}_low": low, f"{name}_high": high}
            rows.append(
                {
                    "rule": one.rule,
                    "draw": one.draw,
                    "seed": seed,
                    "supervised": join_sources(one.taxonomy.supervised),
                    "spent": one.taxonomy.spent,
                    "targets": len(one.transfers),
                    "transferred": sum(sources != (SELF,) for sources in one.transfers.values()),
                    "table_quality": promised["quality"],
                    "table_gain": promised["gain"],
                    **values,
                }
            )
    return pd.DataFrame(rows)


def summary_table(found: Payoffs) -> pd.DataFrame:
    """Return the rules' values, and the differences that `COMPARED` lists; seeds are averaged.

    Returns
    -------
    DataFrame
        ``rule, against, measure, value, low, high`` (a mean over the N draws of random rules; the
        95 % interval over fresh buildings); ``both_low, both_high``, the interval over fresh
        buildings and seeds (that over buildings if there is one seed); ``seed_least, seed_most``
        over single seeds, and ``draw_least, draw_most`` over single draws; ``draws``; and where
        ``against`` is a rule, ``beaten``, the number of its draws that ``rule`` is better than.
    """
    values = {rule: found.of(rule) for rule in RULES}
    rows = []
    for rule in RULES:
        if len(values[rule]):
            rows += _rows(rule, "", values[rule], found.both_of(rule))
    for rule, against in COMPARED:
        if len(values[rule]) and len(values[against]):
            both = found.both_of(rule) - found.both_of(against)
            rows += _rows(rule, against, values[rule] - values[against], both)
    return pd.DataFrame(rows)


def target_table(found: Payoffs, by_seed: Mapping[int, Losses]) -> pd.DataFrame:
    """Return one row a choice and target: sources, losses and win rates, means over seeds."""
    rows = []
    by_target = [common_losses(losses) for losses in one_seed_each(by_seed).values()]
    values = {
        target: np.mean(
            [
                target_values(each[target], np.ones((1, len(each[target].images))))[..., 0]
                for each in by_target
            ],
            axis=0,
        )
        for target in by_target[0]
    }
    means = {
        target: np.mean([each[target].values.mean(axis=1) for each in by_target], axis=0)
        for target in by_target[0]
    }
    for one in found.chosen:
        for target, sources in one.transfers.items():
            names = by_target[0][target].sources
            place = names.index(join_sources(sources))
            rows.append(
                {
                    "rule": one.rule,
                    "draw": one.draw,
                    "target": target,
                    "sources": join_sources(sources),
                    "images": len(by_target[0][target].images),
                    "loss": means[target][place],
                    "self": means[target][names.index(SELF)],
                    "scratch": means[target][names.index(SCRATCH)],
                    **dict(zip(MEASURES, values[target][place].tolist(), strict=True)),
                }
            )
    return pd.DataFrame(rows)


def interval(values: Floats) -> tuple[float, float, float]:
    """Return the first value, and the 95 % percentile interval of the others.

    Source: Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13.
    """
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values[1:], [tail, 100 - tail])
    return float(values[0]), float(low), float(high)


def _rows(rule: str, against: str, values: Floats, both: Floats) -> list[dict[str, object]]:
    """Return one row a measure, from (N, Z, M, 1 + R) and (N, M, 1 + R) values or differences."""
    rows = []
    for number, name in enumerate(MEASURES):
        part = values[:, :, number]  # (N, Z, 1 + R)
        mean, low, high = interval(part.mean(axis=(0, 1)))
        _, both_low, both_high = interval(both[:, number].mean(axis=0))
        by_seed, by_draw = part[..., 0].mean(axis=0), part[..., 0].mean(axis=1)
        better = by_draw < 0 if name in SMALLER_IS_BETTER else by_draw > 0
        rows.append(
            {
                "rule": rule,
                "against": against,
                "measure": name,
                "value": mean,
                "low": low,
                "high": high,
                "both_low": both_low,
                "both_high": both_high,
                "seed_least": by_seed.min(),
                "seed_most": by_seed.max(),
                "draw_least": by_draw.min(),
                "draw_most": by_draw.max(),
                "draws": len(part),
                "beaten": int(better.sum()) if against else None,
            }
        )
    return rows
