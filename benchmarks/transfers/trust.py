"""Stability of the taxonomies, and their win rates against the best constant answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

import taskgraph as tg
from benchmarks.results.head_to_head import choice_win_rate, draw_two_way
from benchmarks.results.markdown import commit_text, number, table
from benchmarks.transfers.constants import constants
from benchmarks.transfers.tables import TransferTables
from taskgraph.affinity import Affinities, ResampledFactor, affinities, bootstrap_affinities
from taskgraph.losses import Losses
from taskgraph.sensitivity.variation import SEEDS, has_several_seeds, resampled_unit
from taskgraph.tasks import AVERAGE, join_sources
from taskgraph.taxonomy import Taxonomy

RESAMPLES = 200
"""Number of resamples of the test buildings; each is solved at every budget that is shown."""


def resampled_kinds(losses: Losses, *, repeats: int, seed: int) -> dict[str, Affinities]:
    """Return affinities with each kind of resamples, by what was resampled.

    The first one draws all that varies in the table: images (or their clusters) and, where some
    transfer has several seeds, these too. Then images and seeds are also drawn alone.
    """
    found = affinities(losses, bootstrap=repeats, seed=seed)
    unit = resampled_unit(losses)
    if not has_several_seeds(losses):
        return {unit: found}
    factors: dict[str, ResampledFactor] = {unit: "images", SEEDS: "seeds"}
    alone = {
        kind: replace(
            found,
            resamples=bootstrap_affinities(losses, repeats=repeats, seed=seed, factor=factor),
        )
        for kind, factor in factors.items()
    }
    return {f"{unit} and {SEEDS}": found, **alone}


def stabilities(
    kinds: Mapping[str, Affinities], budgets: list[float], *, max_order: int, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the results of `taskgraph.stability` at each budget, for each kind of resamples.

    Parameters
    ----------
    kinds : mapping of what was resampled to Affinities
        Affinities with resamples, which were drawn with ``seed``.
    budgets, max_order
        Parameters of the program.

    Returns
    -------
    tasks : DataFrame
        ``resampled, budget, task, supervised, share``, as `taskgraph.Stability.selection` has
        them.
    budgets : DataFrame
        ``resampled, budget, resamples, seed, same``: the share of resamples with exactly the same
        set.
    """
    tasks, rows = [], []
    for kind, found in kinds.items():
        for budget in budgets:
            one = tg.stability(found, budget=budget, max_order=max_order)
            tasks.append(one.to_frame().assign(budget=budget, resampled=kind))
            rows.append((kind, budget, one.resamples, seed, one.same))
    columns = ["resampled", "budget", "task", "supervised", "share"]
    return (
        pd.concat(tasks, ignore_index=True)[columns],
        pd.DataFrame(rows, columns=["resampled", "budget", "resamples", "seed", "same"]),
    )


def against_average(losses: Losses, taxonomies: Mapping[float, Taxonomy]) -> pd.Series:
    """Return the mean win rate of each taxonomy against the best constant answers, by budget.

    Win rates are means over all seeds. The mean is NaN if a target has no ``average``.
    """
    draws = draw_two_way(losses, resamples=0)
    found = {}
    for budget, taxonomy in taxonomies.items():
        chosen = {one.target: join_sources(one.sources) for one in taxonomy.transfers}
        whole = all(draws.has(target, AVERAGE) for target in chosen)
        constant = dict.fromkeys(chosen, AVERAGE)
        found[budget] = float(choice_win_rate(draws, chosen, constant)[0]) if whole else np.nan
    return pd.Series(found, dtype=float)


def trust(tables: TransferTables) -> str:
    """Return the section on stability and on the best constant answer."""
    parts = ["## How far this can be trusted"]
    if "trust" not in tables:
        return "\n\n".join([*parts, tables.absent("trust")])
    budgets, tasks = tables["trust"], tables["stability"]
    kinds = kinds_of(budgets)
    every = budgets
    if kinds:  # the first kind holds all that varies
        budgets = budgets[budgets["resampled"] == kinds[0]]
        tasks = tasks[tasks["resampled"] == kinds[0]]
    first, drawn = budgets.iloc[0], tables.drawn(seeds=holds_seeds(kinds))
    parts.append(
        "What is proven is that each set is the optimum *of this table*. *Same set* is the share "
        f"of {first['resamples']:.0f} resamples of the test {drawn} (seed "
        f"{first['seed']:.0f}; `taskgraph stability`) whose optimum supervises exactly the same "
        "tasks; *least stable* are the members that the fewest resamples supervise, and *next* the "
        "tasks outside that the most do. *Against the constant* is the win rate against the best "
        "constant answer (`average`), in the mean over all targets."
    )
    if "trust" in tables.facts:
        commit = tables.facts["trust"]["commit"]
        parts[-1] += (
            " (`taskgraph bench transfers --trust-only`, commit " + commit_text(commit) + ".)"
        )
    rows = []
    for _, row in budgets.iterrows():
        of = tasks[tasks["budget"] == row["budget"]].sort_values("share", kind="stable")
        inside, outside = of[of["supervised"]], of[~of["supervised"] & (of["share"] > 0)]
        rows.append(
            [
                f"{row['budget']:g}",
                number(row["same"], 3),
                _listed(inside.head(3)),
                _listed(outside[::-1].head(3)),
                number(row["against_average"]),
            ]
        )
    heads = ["budget:", "same set:", "least stable", "next", "against the constant:"]
    parts.append(table(heads, rows))
    parts.append(_by_kind(every, kinds, tables.unit))
    return "\n\n".join([*parts, *constants(tables)])


def kinds_of(budgets: pd.DataFrame) -> list[str]:
    """Return what a table of stability resampled; none where it does not say."""
    return list(dict.fromkeys(budgets["resampled"])) if "resampled" in budgets else []


def with_kinds(budgets: pd.DataFrame, tables: TransferTables) -> pd.DataFrame:
    """Return a table of stability that says what was resampled; older ones resampled images."""
    if "resampled" in budgets:
        return budgets
    unit = "clusters" if tables.facts.get("test_buildings") else "images"
    return budgets.assign(resampled=unit)


def by_unit(kind: str, unit: str) -> str:
    """Return what was resampled, in the words of the page."""
    return kind.replace("clusters", unit)


def holds_seeds(kinds: list[str]) -> bool:
    """Return whether the first kind of resamples, which holds all that varies, draws seeds."""
    return bool(kinds) and kinds[0].endswith(f" and {SEEDS}")


def _by_kind(budgets: pd.DataFrame, kinds: list[str], unit: str) -> str:
    """Return the share of the same set over images alone, seeds alone and both."""
    if len(kinds) < 2:
        return (
            "These resamples include no seeds: each transfer was trained once, and how often "
            "another training would choose the same set is not known."
        )
    wide = budgets.pivot_table("same", "budget", "resampled", sort=False)
    rows = [
        [f"{budget:g}", *(number(row[kind], 2) for kind in kinds)]
        for budget, row in wide.iterrows()
    ]
    text = "The share of resamples that choose the same set, by what is drawn:"
    return f"{text}\n\n{table(['budget:', *(f'{by_unit(kind, unit)}:' for kind in kinds)], rows)}"


def _listed(frame: pd.DataFrame) -> str:
    pairs = zip(frame["task"], frame["share"], strict=True)
    return ", ".join(f"{task} {share:.2f}" for task, share in pairs) or "none"
