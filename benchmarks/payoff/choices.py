"""Ways to spend a budget, all from the table alone: solved, greedy, best single source, random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from taskgraph.baselines.evaluation import SINGLE as BEST_SINGLE
from taskgraph.baselines.methods import evaluate
from taskgraph.baselines.random_sets import choose_among, random_set
from taskgraph.problem import Problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import taxonomy_from_solution
from taskgraph.solver.choice import UNCOVERED, Choice, choose
from taskgraph.solver.search import Solution
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

SOLVED, GREEDY, SINGLE = "solved", "greedy", "best single"
SOLVED_AT_SINGLE = "solved at the cost of best single"
RANDOM_SET, RANDOM = "random set", "random"
RULES = (SOLVED, GREEDY, SINGLE, SOLVED_AT_SINGLE, RANDOM_SET, RANDOM)

TRIES = 1_000
"""Sets drawn in vain, as some leave a target without a transfer, before there are no more."""

Sources = tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """What one rule supervises, and how it solves each target.

    Attributes
    ----------
    rule : str
        One of `RULES`.
    draw : int
        From 1 for random ones, else 0. The same draw of `RANDOM_SET` and of `RANDOM` supervises
        the same tasks.
    taxonomy : Taxonomy
    """

    rule: str
    draw: int
    taxonomy: Taxonomy

    @property
    def transfers(self) -> dict[str, Sources]:
        """Each target's sources; ``("self",)`` where it is supervised."""
        return {each.target: each.sources for each in self.taxonomy.transfers}


def choices(transfers: Transfers, problem: Problem, *, draws: int, seed: int = 0) -> list[Chosen]:
    """Return every rule's choices, in the order of `RULES`; a rule may find no taxonomy.

    In every choice a supervised target is solved by its own network. `SINGLE` supervises the best
    single source of every target, whatever that costs: its ``spent`` may be above the budget.
    `SOLVED_AT_SINGLE` is the optimum within what `SINGLE` spends. The others stay within the
    budget.

    Parameters
    ----------
    draws : int
        Random sets; fewer where the table has no more different feasible ones.

    Raises
    ------
    InfeasibleError
        If no taxonomy is within the budget.
    """
    found = evaluate(transfers, problem, draws=0)
    single = found.best_single
    named = [(SOLVED, found.taxonomy), (GREEDY, found.greedy), (SINGLE, single)]
    if single.solved:
        named.append((SOLVED_AT_SINGLE, found.at_cost[BEST_SINGLE]))
    drawn = list(random_choices(transfers, problem, draws=draws, seed=seed))
    return [
        *(Chosen(rule, 0, taxonomy) for rule, taxonomy in named if taxonomy.solved),
        *(Chosen(RANDOM_SET, n, best) for n, (best, _) in enumerate(drawn, 1)),
        *(Chosen(RANDOM, n, other) for n, (_, other) in enumerate(drawn, 1)),
    ]


def random_choices(
    transfers: Transfers, problem: Problem, *, draws: int, seed: int = 0
) -> Iterator[tuple[Taxonomy, Taxonomy]]:
    """Yield different random sets, each with its best transfers and with transfers drawn evenly.

    Sources come in a random order, each supervised if it still fits the budget; a set that leaves
    a target without a transfer is drawn again (as in Fig. 11 of Zamir et al., CVPR 2018). More
    draws begin with the same ones.
    """
    program = compile_program(transfers, problem)
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    seen: set[bytes] = set()
    tries = 0
    while len(seen) < draws and tries < TRIES:
        tries += 1
        supervised = random_set(program, rng)
        best = choose(program, supervised)
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
    """Return the same supervised set with, for each other target, a usable transfer drawn evenly.

    Where a supervised target may keep a transfer, it has one drawn too, and keeps it if that is
    better than its own network.
    """
    usable = np.append(best.supervised, True)[program.edge_sources].all(axis=1)
    edges = np.full(len(program.targets), UNCOVERED, dtype=np.int64)
    solved = program.solved_by_own(best.supervised) & (not program.may_transfer)
    for target in np.flatnonzero(~solved):
        allowed = np.flatnonzero(usable & (program.edge_target == target))
        edges[target] = rng.choice(allowed) if len(allowed) else UNCOVERED
    # None only by rounding at the very budget, which the best transfers keep.
    return choose_among(program, best.supervised, edges) or best


def needed(chosen: Sequence[Chosen]) -> list[tuple[str, Sources]]:
    """Return each (target, sources) that at least one choice has, once, sorted."""
    return sorted({pair for each in chosen for pair in each.transfers.items()})
