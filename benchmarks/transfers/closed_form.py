"""Comparison of the sets chosen by closed-form read-outs with those chosen by trained ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

import taskgraph as tg
from benchmarks.results.markdown import names, number, seconds, table
from benchmarks.transfers.significance import MEASURES
from benchmarks.transfers.tables import TransferTables
from taskgraph.baselines.evaluation import taxonomy_summary
from taskgraph.errors import InfeasibleError, InvalidTableError
from taskgraph.problem import Problem
from taskgraph.program import compile_program
from taskgraph.solver import taxonomy_from_solution
from taskgraph.solver.choice import choose_transfers
from taskgraph.solver.search import Solution
from taskgraph.tasks import join_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers


def chosen_in_closed_form(
    closed: Transfers, trained: Transfers, own: Mapping[float, Taxonomy], *, max_order: int
) -> pd.DataFrame:
    """Compare the sets that two tables choose, by the trained transfers from these sets.

    Parameters
    ----------
    own : Taxonomies by budget
        The optima of ``trained``.

    Returns
    -------
    DataFrame
        One row for each budget at which ``closed`` has a solution: ``budget``; ``supervised``, the
        set that ``closed`` chooses, joined by ``+``; ``count``, the size of the trained table's
        set, and ``common``, the number of tasks in both; ``gain, quality``, means over all targets
        of the best trained transfers from the set of ``closed``; and ``gain_trained,
        quality_trained`` of the trained table's own set. Larger is better.

    Raises
    ------
    InvalidTableError
        If the tables have other tasks.
    """
    for what in ("sources", "targets"):
        mine, theirs = (set(getattr(each, what)) for each in (closed, trained))
        if mine != theirs:
            raise InvalidTableError(
                f"the table in closed form has other {what}: {', '.join(sorted(mine ^ theirs))}"
            )
    rows = []
    for budget, slow in own.items():
        problem = Problem(budget=budget, max_order=max_order)
        fast = tg.solve(closed, problem)
        if not fast.solved:
            continue
        followed = taxonomy_summary(supervising(trained, fast.supervised, problem))
        best = taxonomy_summary(slow)
        rows.append(
            {
                "budget": budget,
                "supervised": join_sources(fast.supervised),
                "common": len({*fast.supervised} & {*slow.supervised}),
                "count": len(slow.supervised),
            }
            | {measure: followed[measure] for measure in MEASURES}
            | {f"{measure}_trained": best[measure] for measure in MEASURES}
        )
    return pd.DataFrame(rows)


def supervising(transfers: Transfers, supervised: Iterable[str], problem: Problem) -> Taxonomy:
    """Return the best taxonomy of exactly these supervised tasks.

    Raises
    ------
    InfeasibleError
        If some target cannot be solved from them.
    """
    program = compile_program(transfers, problem)
    given = {*supervised}
    choice = choose_transfers(program, np.array([source in given for source in program.sources]))
    if choice is None:
        raise InfeasibleError(f"no taxonomy supervises exactly {', '.join(sorted(given))}")
    return taxonomy_from_solution(transfers, problem, Solution("feasible", program, choice))


def counted(threads: int) -> str:
    """Return the number of threads in words."""
    return f"{threads} thread{'' if threads == 1 else 's'}"


def closed_form(tables: TransferTables) -> str:
    """Return the section on choices in closed form."""
    head = "## Would the closed form have chosen as well?\n\n"
    if "closed_form" not in tables:
        return head + tables.absent("closed form")
    facts = tables.facts["closed_form"]
    text = (
        "`taskgraph transfer --readout ridge` makes a table without training a read-out: "
        f"{seconds(facts['screen_s'])} of wall time on {counted(facts.get('workers', 1))} for all "
        f"sets. To test {facts['tested']:,} of them image by image takes "
        f"{seconds(facts['tests_s'])}, where the trained ones took {seconds(facts['trained_s'])} "
        "(one seed; both are sums over jobs). The table compares three choices of what to "
        "supervise, each followed by its best *trained* transfers: that of the closed form, that "
        "of the trained table, and random sets. Values are means over all targets, without "
        "intervals."
    )
    random = tables["significance"].set_index("budget")
    rows = [
        [
            f"{row['budget']:g}",
            names(row["supervised"]),
            f"{row['common']} of {row['count']}",
            *(
                cell
                for measure in MEASURES
                for cell in (
                    number(row[measure]),
                    number(row[f"{measure}_trained"]),
                    number(random.loc[row["budget"], f"{measure}_random_best"]),
                )
            ),
        ]
        for _, row in tables["closed_form"].iterrows()
    ]
    heads = [
        "budget:",
        "closed form supervises",
        "in common:",
        *(
            f"{measure}{end}:"
            for measure in MEASURES
            for end in ("", ", trained table", ", random sets")
        ),
    ]
    return head + text + "\n\n" + table(heads, rows)
