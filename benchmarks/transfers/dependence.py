"""How far each optimum depends on methods, objectives, single sources and the sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

import taskgraph as tg
from benchmarks.results.markdown import names, number, table
from benchmarks.transfers.facts import SENSITIVITY
from benchmarks.transfers.tables import TransferTables
from benchmarks.transfers.trust import RESAMPLES, by_unit
from taskgraph.affinity import Affinities
from taskgraph.losses import Losses
from taskgraph.sensitivity.cases import SOURCE
from taskgraph.sensitivity.result import Sensitivity
from taskgraph.tasks import join_sources, split_sources


def sensitivities(
    losses: Losses, kinds: Mapping[str, Affinities], budgets: Iterable[float], *, max_order: int
) -> dict[float, Sensitivity]:
    """Return the sensitivity analysis of each budget (`taskgraph.analyze_sensitivity`).

    ``kinds`` are affinities with resamples, by what was resampled
    (`benchmarks.transfers.trust.resampled_kinds`).
    """
    whole, *alone = ((kind, found.resamples) for kind, found in kinds.items())
    resamples = dict([*alone, whole])
    return {
        budget: tg.analyze_sensitivity(
            losses, budget=budget, max_order=max_order, bootstrap=0, resamples=resamples
        )
        for budget in budgets
    }


def dependence(
    found: dict[float, Sensitivity], resampled: Affinities, *, max_order: int
) -> pd.DataFrame:
    """Return one row for each budget on how far its optimum depends on what was changed.

    Parameters
    ----------
    found : mapping of budgets to Sensitivity
    resampled : Affinities
        With resamples of all that varies, over which the set of least regret is sought.

    Returns
    -------
    DataFrame
        ``budget``; ``settings``, the number of changed settings, and ``other``, of those with
        another optimum; ``regret``, the most that the set loses in one of them, as a share of its
        optimum; ``unused``, the number of dropped sources that the optimum does not supervise, and
        ``unused_other``, of those without which another set is optimal; ``core``, the robust core
        joined by +; ``resampled``, what the resamples draw, and ``sets``, the fewest sets that hold
        95 % of them; ``robust``, the set whose largest regret over the resamples is least, joined
        by +, ``robust_regret`` and ``plain_regret``, this regret and that of the optimum, in units
        of the objective, and ``proven``.
    """
    rows = []
    for budget, one in found.items():
        settings, kind = one.settings, list(one.resampled)[-1]  # the last one draws all that varies
        dropped = settings[settings["group"] == SOURCE]
        unused = dropped[~dropped["name"].isin(one.taxonomy.supervised)]
        robust = tg.solve_robust(resampled, budget=budget, max_order=max_order)
        rows.append(
            {
                "budget": budget,
                "settings": len(settings),
                "other": int((~settings["same"]).sum()),
                "regret": float(settings["regret"].max()),
                "unused": len(unused),
                "unused_other": int((~unused["same"]).sum()),
                "core": join_sources(one.core),
                "resampled": kind,
                "sets": int((one.sets["resampled"] == kind).sum()),
                "robust": join_sources(robust.taxonomy.supervised),
                "robust_regret": robust.regret,
                "plain_regret": robust.plain_regret,
                "proven": robust.proven,
            }
        )
    return pd.DataFrame(rows)


def dependence_section(tables: TransferTables) -> str:
    """Return the section on what each optimum depends on."""
    head = "## What the choice depends on\n\n"
    if "sensitivity" not in tables:
        return head + tables.absent(SENSITIVITY)
    frame = tables["sensitivity"]
    drawn = by_unit(str(frame["resampled"].iloc[0]), tables.unit)
    text = (
        f"The program is solved again under {frame['settings'].iloc[0]} changed settings, one at a "
        "time (`taskgraph sensitivity`): the method of the affinities, the objective, the "
        f"treatment of extreme win rates, or one source left out. It is also solved on {RESAMPLES} "
        f"resamples of the test {drawn}. *Other optimum*: how many of the changed settings have "
        "another optimum. *Largest loss*: the largest share of a changed setting's optimal "
        "objective that our set misses. *Dropped, unused*: of the sources that our set does not "
        "supervise, how many change the optimum when they are left out. *Robust core*: the tasks "
        "that are supervised under every changed setting and in at least 95 % of the resamples. "
        "*Sets*: the smallest number of different sets that covers 95 % of the resamples."
    )
    rows = [
        [
            f"{row['budget']:g}",
            f"{row['other']:g}",
            f"{row['regret']:.1%}",
            f"{row['unused_other']:g} of {row['unused']:g}",
            _named(row["core"]),
            f"{row['sets']:g}",
        ]
        for _, row in frame.iterrows()
    ]
    heads = ["budget:", "other optimum:", "largest loss:", "dropped, unused:", "robust core"]
    parts = [head + text, table([*heads, "sets:"], rows), _robust(frame)]
    figure = tables.facts.get(SENSITIVITY, {}).get("texts", {}).get("sensitivity")
    if figure:
        parts.append(f"![{_alternative(tables)}]({figure})")
    return "\n\n".join(parts)


def _robust(frame: pd.DataFrame) -> str:
    """Return a paragraph on the sets of least regret, and where they differ from the optimum."""
    other = frame[frame["robust_regret"] < frame["plain_regret"]]
    if other.empty:
        return (
            "At each of these budgets no set has a smaller largest regret over the resamples than "
            "the optimum (`taskgraph solve --robust`)."
        )
    said = "; ".join(
        f"at budget {row['budget']:g} {names(row['robust'])}, {number(row['robust_regret'], 3)} "
        f"{'(proven least)' if row['proven'] else '(not proven)'} for {number(row['plain_regret'])}"
        for _, row in other.iterrows()
    )
    return (
        "The largest regret over the resamples, in units of the objective, is smaller with another "
        f"set (`taskgraph solve --robust`): {said}."
    )


def _alternative(tables: TransferTables) -> str:
    budget = tables.facts[SENSITIVITY]["drawn"]
    return (
        f"Budget {budget:g}: how often each task is supervised when settings change, and what each "
        "set loses then"
    )


def _named(joined: object) -> str:
    return ", ".join(split_sources(joined)) if isinstance(joined, str) and joined else "none"
