"""Rules that choose a taxonomy from the table: solved, greedy, best single source, random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from encoders.transfer.candidates import Sources
from taskgraph.baselines.evaluation import SINGLE as BEST_SINGLE
from taskgraph.baselines.methods import evaluate
from taskgraph.baselines.random_choices import random_choices
from taskgraph.problem import Problem
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

SOLVED, GREEDY, SINGLE = "solved", "greedy", "best single"
SOLVED_AT_SINGLE = "solved at the cost of best single"
RANDOM_SET, RANDOM = "random set", "random"
RULES = (SOLVED, GREEDY, SINGLE, SOLVED_AT_SINGLE, RANDOM_SET, RANDOM)


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


def needed(chosen: Sequence[RuleChoice]) -> list[tuple[str, Sources]]:
    """Return the different (target, sources) of all choices, sorted."""
    return sorted({pair for each in chosen for pair in each.transfers.items()})
