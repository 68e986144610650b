"""How good each choice is on the fresh images, with intervals over their buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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
    Chosen,
)
from encoders.errors import InvalidDataError
from taskgraph.affinity import image_wins
from taskgraph.affinity.bootstrap import draw_resamples
from taskgraph.arrays import Floats, Integers
from taskgraph.losses import Losses, TargetLosses
from taskgraph.tasks import SCRATCH, SELF, join_sources

MEASURES = ("quality", "gain", "log_ratio")
"""Win rates against ``self`` and against ``scratch`` of the same seed, in [0, 1], larger is
better; log of (mean loss / mean loss of ``self``), smaller is better."""

SMALLER_IS_BETTER = frozenset({"log_ratio"})
LEVEL = 0.95
COMPARED = (
    (SOLVED, GREEDY),
    (SOLVED, SINGLE),
    (SOLVED_AT_SINGLE, SINGLE),
    (SOLVED, RANDOM_SET),
    (SOLVED, RANDOM),
)
"""Rules whose difference is measured: the first less the second."""


@dataclass(frozen=True, eq=False)
class Payoffs:
    """What each choice is worth.

    Attributes
    ----------
    chosen : C choices
    seeds : Z ints
    values : (C, Z, M, 1 + R) array
        Means over targets of `MEASURES`: on all fresh images, then in R resamples of their
        buildings, which are the same for all choices, seeds and targets.
    """

    chosen: tuple[Chosen, ...]
    seeds: tuple[int, ...]
    values: Floats

    def of(self, rule: str) -> Floats:
        """Return the (N, Z, M, 1 + R) values of the N choices of a rule."""
        rows = [n for n, each in enumerate(self.chosen) if each.rule == rule]
        return self.values[rows]


def target_values(measured: TargetLosses, weights: Floats) -> Floats:
    """Return `MEASURES` of every candidate for one target.

    Parameters
    ----------
    measured : TargetLosses
        E candidates, ``self`` and ``scratch`` among them, on B images, none missing.
    weights : (R, B) array
        How often each image counts.

    Returns
    -------
    (E, M, R) array
        A tie counts half a win.

    Raises
    ------
    InvalidDataError
        If a mean loss is not above 0, as its ratio means nothing.
    """
    losses = measured.values
    share = weights / weights.sum(axis=1, keepdims=True)  # (R, B)
    means = losses @ share.T  # (E, R)
    if (means <= 0).any():
        name = measured.sources[int(np.argwhere(means <= 0)[0, 0])]
        raise InvalidDataError(
            f'the mean loss of "{name}" is {means.min():.3g}, expected more than 0; its ratio to '
            "that of self means nothing: leave the target out with --exclude"
        )
    own, scratch = (measured.sources.index(name) for name in (SELF, SCRATCH))
    wins = [image_wins(losses, losses[n]) @ share.T for n in (own, scratch)]
    return np.stack([*wins, np.log(means / means[own])], axis=1)


def payoffs(
    chosen: Sequence[Chosen], by_seed: Mapping[int, Losses], *, resamples: int, seed: int = 0
) -> Payoffs:
    """Measure all choices on the same images and the same resamples of their buildings.

    Raises
    ------
    InvalidDataError
        If the seeds were not tested on the same images.
    """
    by_target = {seed: _common(losses) for seed, losses in by_seed.items()}
    first = next(iter(by_target.values()))
    images = {target: measured.images for target, measured in first.items()}
    for number, other in by_target.items():
        if {target: measured.images for target, measured in other.items()} != images:
            raise InvalidDataError(f"seed {number} was tested on other images than the first one")
    clusters = next(iter(by_seed.values())).clusters
    drawn = draw_resamples(images, repeats=resamples, seed=seed, clusters=clusters)
    values = np.zeros((len(chosen), len(by_seed), len(MEASURES), 1 + resamples))
    for place, each in enumerate(by_target.values()):
        found = {
            target: target_values(measured, _weights(drawn.weights(target)))
            for target, measured in each.items()
        }
        for row, one in enumerate(chosen):
            values[row, place] = np.mean(
                [
                    found[target][each[target].sources.index(join_sources(sources))]
                    for target, sources in one.transfers.items()
                ],
                axis=0,
            )
    return Payoffs(tuple(chosen), tuple(by_seed), values)


def payoff_table(found: Payoffs) -> pd.DataFrame:
    """Return a row a choice and seed: its tasks and cost, the table's values, the measured ones.

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
    """Return values of the rules, and the differences that `COMPARED` lists; seeds are averaged.

    Returns
    -------
    DataFrame
        ``rule, against, measure, value, low, high`` (a mean over the N draws of random rules; the
        95 % interval over fresh buildings); ``seed_least, seed_most`` over single seeds, and
        ``draw_least, draw_most`` over single draws; ``draws``; and where ``against`` is a rule,
        ``beaten``: than how many of its draws ``rule`` is better.
    """
    values = {rule: found.of(rule) for rule in RULES}
    rows = []
    for rule in RULES:
        if len(values[rule]):
            rows += _rows(rule, "", values[rule])
    for rule, against in COMPARED:
        if len(values[rule]) and len(values[against]):
            rows += _rows(rule, against, values[rule] - values[against])
    return pd.DataFrame(rows)


def target_table(found: Payoffs, by_seed: Mapping[int, Losses]) -> pd.DataFrame:
    """Return a row a choice and target: its sources, mean losses and win rates, seeds averaged."""
    rows = []
    by_target = [_common(losses) for losses in by_seed.values()]
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
    """Return the first value, and the percentile interval of the others.

    Source: Efron & Tibshirani, *An Introduction to the Bootstrap*, 1993, chapter 13.
    """
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values[1:], [tail, 100 - tail])
    return float(values[0]), float(low), float(high)


def _rows(rule: str, against: str, values: Floats) -> list[dict[str, object]]:
    """Return one row a measure, from (N, Z, M, 1 + R) values or differences."""
    rows = []
    for number, name in enumerate(MEASURES):
        part = values[:, :, number]  # (N, Z, 1 + R)
        mean, low, high = interval(part.mean(axis=(0, 1)))
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
                "seed_least": by_seed.min(),
                "seed_most": by_seed.max(),
                "draw_least": by_draw.min(),
                "draw_most": by_draw.max(),
                "draws": len(part),
                "beaten": int(better.sum()) if against else None,
            }
        )
    return rows


def _weights(counts: Integers) -> Floats:
    """Return weights of the images: all ones, then one row a resample."""
    return np.vstack([np.ones((1, counts.shape[1])), counts]).astype(np.float64)


def _common(losses: Losses) -> dict[str, TargetLosses]:
    """Return each target's losses on the images that all of its candidates were tested on."""
    found = {}
    for target, measured in losses.by_target.items():
        kept = measured.common
        if not kept.any():
            raise InvalidDataError(f"{target}: no fresh image has a loss for all that was trained")
        images = tuple(np.array(measured.images, dtype=object)[kept])
        found[target] = TargetLosses(measured.sources, images, measured.values[:, kept])
    return found
