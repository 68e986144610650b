"""The program in which labels and transfers that were paid before are free."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np

from taskgraph.arrays import Integers
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.problem import Problem
from taskgraph.problem.costs import exact_costs
from taskgraph.program import Program, compile_program
from taskgraph.solver import solve_program, taxonomy_from_solution
from taskgraph.solver.backends import Backend
from taskgraph.solver.clock import Clock
from taskgraph.solver.search import Solution
from taskgraph.tasks import join_sources
from taskgraph.taxonomy import Taxonomy, Transfer
from taskgraph.transfers import Transfers

NEAR = 1e-6
"""Relative difference up to which two affinities are of the same tournament."""


def check_earlier(earlier: Taxonomy, transfers: Transfers) -> None:
    """Raise unless a taxonomy is proven optimal and was made from this table of transfers.

    Raises
    ------
    InvalidProblemError
        If its status is not optimal.
    InvalidTableError
        If it names a task or a transfer that the table lacks, or has another affinity.
    """
    if earlier.status != "optimal":
        raise InvalidProblemError(
            f'the earlier taxonomy has the status "{earlier.status}", expected "optimal"; solve '
            "the earlier tasks again without a time limit, with a budget that suffices, and "
            "without --robust, whose set is not the optimum of one table"
        )
    for what, names in (
        ("supervises", earlier.supervised),
        ("solves", [solved.target for solved in earlier.transfers]),
    ):
        for name in names:
            if name not in transfers.tasks:
                raise InvalidTableError(
                    f'the earlier taxonomy {what} "{name}", and the earlier table has no such '
                    "task; give the table from which the taxonomy was solved"
                )
    for solved in earlier.transfers:
        _check_transfer(solved, transfers)


def _check_transfer(solved: Transfer, transfers: Transfers) -> None:
    row = transfers.row_of(solved.target, solved.sources)
    names = " + ".join(solved.sources)
    if row is None:
        raise InvalidTableError(
            f'the earlier taxonomy solves "{solved.target}" from {names}, and the earlier table '
            "has no such transfer; give the table from which the taxonomy was solved"
        )
    if solved.affinity is None:
        return
    if abs(float(row["affinity"]) - solved.affinity) > NEAR * max(1e-300, abs(solved.affinity)):
        raise InvalidTableError(
            f'the affinity of "{solved.target}" from {names} is {solved.affinity:.6g} in the '
            f"earlier taxonomy and {float(row['affinity']):.6g} in the earlier table; give the "
            "table from which the taxonomy was solved, and the same --method, --ties and --clip"
        )


def check_roles(earlier: Taxonomy, problem: Problem) -> None:
    """Raise `InvalidProblemError` if a task whose label is paid may not be supervised now."""
    for role, names in (("excluded", problem.exclude), ("target-only", problem.target_only)):
        for name in earlier.supervised:
            if name in names:
                raise InvalidProblemError(
                    f'"{name}" is supervised in the earlier taxonomy and its label is paid, yet '
                    f"it is {role}; choose anew with --pay-again (in Python sunk=False)"
                )


def sunk_program(transfers: Transfers, problem: Problem, earlier: Taxonomy) -> Program:
    """Return the program of a table in which what an earlier taxonomy paid for is free.

    The earlier supervised tasks stay supervised, and their labels cost nothing. A transfer of the
    earlier taxonomy costs nothing. Another transfer to the same target has its cost: where this is
    above 0, it becomes the label cost of one more source, which every other transfer to the target
    needs. Such sources come last and are no tasks of the table.
    """
    required = (*problem.require, *earlier.supervised)
    program = compile_program(transfers, replace(problem, require=required))
    names = np.array(program.sources, dtype=object)
    paid = np.isin(names, list(earlier.supervised))
    program = replace(program, label_cost=np.where(paid, 0.0, program.label_cost))
    kept = _kept_edges(program, transfers, earlier)
    targets = program.edge_target[kept]
    costly = np.unique(targets[program.transfer_cost[targets] > 0])
    return _with_fees(program, kept, costly) if len(costly) else program


def _kept_edges(program: Program, transfers: Transfers, earlier: Taxonomy) -> Integers:
    """Return the edges of a program that an earlier taxonomy chose."""
    chosen = {(each.target, join_sources(each.sources)) for each in earlier.transfers}
    rows = transfers.frame.iloc[program.edge_row]
    pairs = zip(rows["target"], rows["sources"], strict=True)
    return np.array([edge for edge, pair in enumerate(pairs) if pair in chosen], dtype=np.int64)


def _with_fees(program: Program, kept: Integers, costly: Integers) -> Program:
    """Return the program with one more source for the transfer cost of each costly target.

    ``kept`` are the edges that are paid, and ``costly`` the targets with a transfer cost among
    theirs.
    """
    sources, count = len(program.sources), len(costly)
    fee = np.full(len(program.targets), sources + count)  # padding where there is none
    fee[costly] = sources + np.arange(count)
    members = np.where(program.edge_sources == sources, sources + count, program.edge_sources)
    added = fee[program.edge_target]
    added[kept] = sources + count
    members = np.sort(np.column_stack([members, added]), axis=1)
    size = (members < sources + count).sum(axis=1)
    order = np.lexsort((*members.T[::-1], size, program.edge_target))
    free = program.transfer_cost.copy()
    free[costly] = 0.0
    none = np.zeros(count, dtype=bool)
    names = tuple(f"\0{program.targets[t]}" for t in costly)
    return replace(
        program,
        sources=(*program.sources, *names),
        label_cost=np.append(program.label_cost, program.transfer_cost[costly]),
        transfer_cost=free,
        required=np.append(program.required, none),
        banned=np.append(program.banned, none),
        edge_target=program.edge_target[order],
        edge_sources=members[order],
        edge_value=program.edge_value[order],
        edge_row=program.edge_row[order],
        nesting=None,  # a paid transfer of many sources needs no fee, another one of few does
    )


def solved_taxonomy(
    transfers: Transfers,
    problem: Problem,
    program: Program,
    backend: Backend,
    clock: Clock | None = None,
) -> Taxonomy:
    """Solve a program of `sunk_program`, and return its taxonomy without the added sources.

    Its ``budget`` and ``spent`` count from now on. ``clock`` may end the solve before its proof.
    """
    clock = clock or Clock()
    solution: Solution = solve_program(program, backend, clock)
    taxonomy = taxonomy_from_solution(transfers, problem, solution, seconds=clock.seconds)
    tasks = tuple(name for name in taxonomy.supervised if not name.startswith("\0"))
    return replace(taxonomy, supervised=tasks)


def added_amounts(one: float, other: float) -> float:
    """Return the sum of two amounts as decimal numbers: 0.1 + 0.2 is 0.3."""
    return float(Decimal(repr(float(one))) + Decimal(repr(float(other))))


def cost_now(earlier: Taxonomy, problem: Problem) -> float:
    """Return what the labels and transfers of an earlier taxonomy cost at these prices."""
    labels: list[float] = [problem.label_cost_of(name) for name in earlier.supervised]
    transfers = [
        problem.transfer_cost.get(each.target, 0.0)
        for each in earlier.transfers
        if not each.is_self
    ]
    costs = exact_costs(labels, transfers, 0.0)
    return costs.amount(int(costs.label.sum() + costs.transfer.sum()))
