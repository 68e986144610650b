"""Random supervised sets as taxonomies, each with its best transfers and with random ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from taskgraph.baselines.random_sets import choose_among, random_set
from taskgraph.problem import Problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import taxonomy_from_solution
from taskgraph.solver.choice import UNCOVERED, Choice, choose_transfers
from taskgraph.solver.search import Solution
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

MOST_TRIES = 1_000
"""Draws without a new feasible set after which no further sets are drawn."""


def random_choices(
    transfers: Transfers, problem: Problem, *, draws: int, seed: int = 0
) -> Iterator[tuple[Taxonomy, Taxonomy]]:
    """Yield different random sets, each with its best transfers and with random transfers.

    Sources come in a random order, each supervised if it still fits the budget; a set that leaves
    a target without a transfer is drawn again (as in Fig. 11 of Zamir et al., CVPR 2018). The
    first draws do not depend on ``draws``.
    """
    program = compile_program(transfers, problem)
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    seen: set[bytes] = set()
    tries = 0
    while len(seen) < draws and tries < MOST_TRIES:
        tries += 1
        supervised = random_set(program, rng)
        best = choose_transfers(program, supervised)
        if best is None or supervised.tobytes() in seen:
            continue
        seen.add(supervised.tobytes())
        tries = 0
        one, other = (
            taxonomy_from_solution(transfers, problem, Solution("feasible", program, choice))
            for choice in (best, with_random_transfers(program, best, rng))
        )
        yield one, other


def with_random_transfers(program: Program, best: Choice, rng: np.random.Generator) -> Choice:
    """Return the same supervised set with a random transfer for each other target.

    All transfers that the set allows are equally likely.

    Where a supervised target may keep a transfer, it has one drawn too, and keeps it if that is
    better than its own network.
    """
    usable = np.append(best.supervised, True)[program.edge_sources].all(axis=1)
    edges = np.full(len(program.targets), UNCOVERED, dtype=np.int64)
    solved = program.solved_by_own(best.supervised) & (not program.may_transfer)
    for target in np.flatnonzero(~solved):
        allowed = np.flatnonzero(usable & (program.edge_target == target))
        edges[target] = rng.choice(allowed) if len(allowed) else UNCOVERED
    # It is None only where rounding puts the cost above the budget; the best transfers fit.
    return choose_among(program, best.supervised, edges) or best
