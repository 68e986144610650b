"""Rules that choose a taxonomy from the table: solved, greedy, best single source, random."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from encoders.transfer.candidates import Sources
from taskgraph.baselines.evaluation import SINGLE as BEST_SINGLE
from taskgraph.baselines.methods import evaluate
from taskgraph.baselines.random_sets import choose_among, random_set
from taskgraph.problem import Problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import taxonomy_from_solution
from taskgraph.solver.choice import UNCOVERED, Choice, choose_transfers
from taskgraph.solver.search import Solution
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

SOLVED, GREEDY, SINGLE = "solved", "greedy", "best single"
SOLVED_AT_SINGLE = "solved at the cost of best single"
RANDOM_SET, RANDOM = "random set", "random"
RULES = (SOLVED, GREEDY, SINGLE, SOLVED_AT_SINGLE, RANDOM_SET, RANDOM)

TRIES = 1_000
"""Draws without a new feasible set after which no further sets are drawn."""


@dataclass(frozen=True)
class RuleChoice:
    """The taxonomy that one rule chooses.

    Attributes
    ----------
    rule : str
        One of `RULES`.
    draw : int
        Number of the draw, from 1, for random rules; 0 for the others. The same draw of
        `RANDOM_SET` and of `RANDOM` supervises the same tasks.
    taxonomy : Taxonomy
    """

    rule: str
    draw: int
    taxonomy: Taxonomy

    @property
    def transfers(self) -> dict[str, Sources]:
        """Return each target's sources; ``("self",)`` for a supervised target."""
        return {each.target: each.sources for each in self.taxonomy.transfers}


def choices(
    transfers: Transfers, problem: Problem, *, draws: int, seed: int = 0
) -> list[RuleChoice]:
    """Return the taxonomies that the rules choose, in the order of `RULES`.

    A rule that finds no taxonomy is left out.

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
        *(RuleChoice(rule, 0, taxonomy) for rule, taxonomy in named if taxonomy.solved),
        *(RuleChoice(RANDOM_SET, n, best) for n, (best, _) in enumerate(drawn, 1)),
        *(RuleChoice(RANDOM, n, other) for n, (_, other) in enumerate(drawn, 1)),
    ]


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
    while len(seen) < draws and tries < TRIES:
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


def needed(chosen: Sequence[RuleChoice]) -> list[tuple[str, Sources]]:
    """Return the different (target, sources) of all choices, sorted."""
    return sorted({pair for each in chosen for pair in each.transfers.items()})
