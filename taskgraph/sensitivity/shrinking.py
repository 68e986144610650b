"""Decisions that hold for every set with a small enough regret, and the programs that are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from taskgraph.arrays import Booleans, Floats
from taskgraph.program import Program
from taskgraph.sensitivity.regret import summarized
from taskgraph.solver.additive import AdditiveAscent, AdditiveBound
from taskgraph.solver.clock import Clock
from taskgraph.solver.presolve import undominated

STEPS = 100
"""Most subgradient steps for the bound of a program."""


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The additive bound of each program, and the least regret that follows from it.

    Attributes
    ----------
    roots : R additive bounds
    floor : (R,) array
        Lower bounds of the regret of every set: optimum − bound, at least 0.
    """

    roots: Sequence[AdditiveBound]
    floor: Floats


def relaxed(programs: Sequence[Program], optima: Floats, clock: Clock) -> Relaxed:
    """Return the additive bound of each program; bounds that have to be found late are loose."""
    roots = [_bound(*each, clock) for each in zip(programs, optima.tolist(), strict=True)]
    bounds = np.array([root.value for root in roots])
    return Relaxed(roots, np.maximum(0.0, optima - bounds))


def _bound(program: Program, optimum: float, clock: Clock) -> AdditiveBound:
    ascent = AdditiveAscent(program)
    if not clock.over:
        ascent.run(optimum, STEPS)
    return ascent.bound()


def shrunk(
    programs: Sequence[Program], optima: Floats, found: Relaxed, criterion: str, most: float
) -> list[Program]:
    """Return the programs without what no set with a regret of at most ``most`` can use.

    A source or an edge whose use (or a source whose absence) lowers the bound of a program raises
    the lower bound of its regret, and so the largest regret or the mean one.

    Parameters
    ----------
    programs : R programs with the same sources, targets and costs
    optima : (R,) array
        Objective of each program's optimum.
    found : Relaxed
    criterion : str
        One of `CRITERIA`.
    most : float
        A regret that some set has, plus a tolerance.
    """
    bounds = np.array([root.value for root in found.roots])
    slack = (optima - bounds)[:, None]
    undecided = ~(programs[0].required | programs[0].banned)
    rates = np.array([root.reduced_profit * undecided for root in found.roots])  # (R, S)
    with_source = _worst(np.maximum(0.0, slack + np.maximum(0.0, -rates)), criterion)
    without = _worst(np.maximum(0.0, slack + np.maximum(0.0, rates)), criterion)
    banned = programs[0].banned | (with_source > most)
    required = programs[0].required | (without > most)
    left = []
    for number, (program, root) in enumerate(zip(programs, found.roots, strict=True)):
        cost = np.maximum(0.0, optima[number] - bounds[number] + root.edge_loss)
        kept = _least_with(found.floor, number, cost, criterion) <= most
        kept &= ~np.append(banned, False)[program.edge_sources].any(axis=1)
        smaller = replace(program.with_edges(kept), banned=banned, required=required)
        left.append(_without_useless_edges(smaller))
    return left


def _worst(regrets: Floats, criterion: str) -> Floats:
    """Return the (S,) largest or mean lower bounds of (R, S) ones."""
    return np.asarray(regrets.max(axis=0) if criterion == "max" else regrets.mean(axis=0))


def _least_with(floor: Floats, number: int, regret: Floats, criterion: str) -> Floats:
    """Return lower bounds of the criterion if one program's regret is at least ``regret``, (E,)."""
    if criterion == "max":
        return np.maximum(regret, summarized(floor, criterion))
    others = float(floor.sum() - floor[number])
    return np.asarray((others + np.maximum(regret, floor[number])) / len(floor))


def _without_useless_edges(program: Program) -> Program:
    """Remove edges that another edge dominates; required sources cost that other edge nothing."""
    size = len(program.sources)
    at_hand = np.append(program.required, True)
    members = np.sort(np.where(at_hand[program.edge_sources], size, program.edge_sources), axis=1)
    numbered = replace(
        program,
        edge_sources=members,
        edge_row=np.arange(len(members), dtype=np.int64),
        nesting=None,  # its pairs are rows of the table, which these numbers are not
    )
    kept = np.zeros(len(members), dtype=bool)
    kept[undominated(numbered).edge_row] = True
    if not program.may_transfer:
        kept &= ~program.solved_by_own(_supervised(program))[program.edge_target]
    return program.with_edges(kept)


def _supervised(program: Program) -> Booleans:
    return program.required & ~program.banned
