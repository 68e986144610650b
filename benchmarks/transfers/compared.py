"""Win rates of the proven set against other choices, image by image, with two-way intervals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

import taskgraph as tg
from benchmarks.results.head_to_head import (
    TwoWayDraws,
    choice_win_rate,
    draw_two_way,
    percentile_ends,
)
from taskgraph.affinity.bootstrap import ResampledFactor
from taskgraph.arrays import Floats
from taskgraph.baselines.evaluation import SINGLE as BEST_SINGLE
from taskgraph.baselines.random_choices import random_choices
from taskgraph.errors import InfeasibleError
from taskgraph.losses import Losses
from taskgraph.problem import Problem
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

UNTRAINED_SOURCE = "random"
"""Name of the source whose encoder has random weights and was never trained."""

RANDOM_SETS, RANDOM_BEST = "random set, random transfers", "random set, best transfers"
GREEDY, SINGLE = "greedy", "best single, ours at its cost"
CONSTANT, UNTRAINED = "the constant (average)", "an untrained encoder (random)"
FROM_SCRATCH = "scratch"
ABOVE_CONSTANT = "scratch, where it beats the constant"
TRANSFERRED = "scratch, where it beats the constant, at targets solved by transfer"
SUPERVISED = "self"
AGAINST = (
    RANDOM_SETS,
    RANDOM_BEST,
    SINGLE,
    GREEDY,
    CONSTANT,
    UNTRAINED,
    FROM_SCRATCH,
    ABOVE_CONSTANT,
    TRANSFERRED,
    SUPERVISED,
)
"""What the proven set is compared with, in the order of the page."""

LEVELS = (0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
"""Mean qualities for which the labels needed are told."""

Names = dict[str, str]


@dataclass(frozen=True)
class Rival:
    """A choice of sources and transfers that the proven set is compared with at one budget.

    Attributes
    ----------
    against : str
        One of `AGAINST`.
    ours : mapping of targets to joined sources
        The proven set's choice; that of the rival's cost for `SINGLE`.
    draws : list of such mappings
        The rival's choices; several for random sets.
    ours_spent, spent : float
        Costs; for random sets a mean.
    """

    against: str
    ours: Mapping[str, str]
    draws: Sequence[Mapping[str, str]]
    ours_spent: float
    spent: float


def win_rates_against(
    losses: Losses,
    transfers: Transfers,
    budgets: Iterable[float],
    *,
    max_order: int,
    draws: int,
    resamples: int,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare the proven set of each budget with other choices on the test images.

    Returns
    -------
    DataFrame
        A row a budget and rival: ``budget, against, targets`` (their number), ``ours_spent,
        spent, draws``; ``wins``, the share of images on which the proven set's network has the
        lower loss, mean over targets and draws, 0.5 is level; its 95 % percentile intervals over
        images (or clusters) and seeds ``low, high``, over images alone ``image_low, image_high``
        and over seeds alone ``seed_low, seed_high`` (NaN if nothing has several seeds); and
        ``beaten``, the share of draws against which ``wins`` is above 0.5. Budgets without a
        taxonomy, and rivals that were not measured, are left out.

    Raises
    ------
    InvalidTableError
        If a target has a single image or cluster.
    """
    both = draw_two_way(losses, resamples=resamples, seed=seed)
    factors: dict[str, ResampledFactor] = {"image": "images", "seed": "seeds"}
    alone = {
        name: draw_two_way(losses, resamples=resamples, seed=seed, factor=factor)
        for name, factor in factors.items()
        if both.seeds
    }
    rows = []
    for budget in budgets:
        problem = Problem(budget=budget, max_order=max_order)
        for rival in rivals_at(transfers, problem, both, draws=draws, seed=seed):
            values = [choice_win_rate(both, rival.ours, one) for one in rival.draws]
            wins, first = np.mean(values, axis=0), np.array([each[0] for each in values])
            low, high = percentile_ends(wins)
            row = {
                "budget": budget,
                "against": rival.against,
                "targets": len(rival.ours),
                "ours_spent": rival.ours_spent,
                "spent": rival.spent,
                "draws": len(values),
                "wins": float(wins[0]),
                "low": low,
                "high": high,
                "beaten": float((first > 0.5).mean()),
            }
            row |= {"image_low": low, "image_high": high, "seed_low": np.nan, "seed_high": np.nan}
            for name, drawn in alone.items():
                row[f"{name}_low"], row[f"{name}_high"] = _ends_of(drawn, rival)
            rows.append(row)
    return pd.DataFrame(rows)


def _ends_of(draws: TwoWayDraws, rival: Rival) -> tuple[float, float]:
    """Return the interval of the mean over a rival's draws."""
    values: Floats = np.mean(
        [choice_win_rate(draws, rival.ours, one) for one in rival.draws], axis=0
    )
    return percentile_ends(values)


def rivals_at(
    transfers: Transfers, problem: Problem, draws_of: TwoWayDraws, *, draws: int, seed: int
) -> Iterator[Rival]:
    """Yield the rivals of the proven set that were measured at every target of it."""
    try:
        found = tg.evaluate(transfers, problem, draws=0)
    except InfeasibleError:
        return
    ours, spent = sources_by_target(found.taxonomy), float(found.taxonomy.spent)
    drawn = list(random_choices(transfers, problem, draws=draws, seed=seed))
    for name, place in ((RANDOM_SETS, 1), (RANDOM_BEST, 0)):
        chosen = [pair[place] for pair in drawn]
        if chosen:
            cost = float(np.mean([each.spent for each in chosen]))
            yield Rival(name, ours, [sources_by_target(each) for each in chosen], spent, cost)
    if found.best_single.solved:
        equal, single = found.at_cost[BEST_SINGLE], found.best_single
        yield Rival(
            SINGLE, sources_by_target(equal), [sources_by_target(single)], equal.spent, single.spent
        )
    if found.greedy.solved:
        yield Rival(GREEDY, ours, [sources_by_target(found.greedy)], spent, found.greedy.spent)
    for name, source, cost in (
        (CONSTANT, AVERAGE, 0.0),
        (UNTRAINED, UNTRAINED_SOURCE, 0.0),
        (FROM_SCRATCH, SCRATCH, 0.0),
        (SUPERVISED, SELF, np.nan),
    ):
        if all(draws_of.has(target, source) for target in ours):
            yield Rival(name, ours, [dict.fromkeys(ours, source)], spent, cost)
    kept = {target: name for target, name in ours.items() if _above_constant(draws_of, target)}
    transferred = {target: name for target, name in kept.items() if name != SELF}
    for name, compared in ((ABOVE_CONSTANT, kept), (TRANSFERRED, transferred)):
        if compared:
            yield Rival(name, compared, [dict.fromkeys(compared, SCRATCH)], spent, 0.0)


def _above_constant(draws: TwoWayDraws, target: str) -> bool:
    """Return whether ``scratch`` beats the best constant answer on most of a target's images."""
    if not (draws.has(target, SCRATCH) and draws.has(target, AVERAGE)):
        return False
    return bool(draws.wins(target, SCRATCH, AVERAGE)[0] > 0.5)


def sources_by_target(taxonomy: Taxonomy) -> Names:
    """Return the joined sources of each target's transfer, ``self`` for a supervised target."""
    return {each.target: join_sources(each.sources) for each in taxonomy.transfers}


def seed_counts(losses: Losses) -> dict[str, dict[str, int]]:
    """Return how many references ``scratch``, and how many transfers, have how many seeds.

    Returns
    -------
    dict
        ``{"scratch": {"5": 22}, "transfers": {"1": 1100, "3": 110}}``; ``self`` and ``average``
        are left out.
    """
    found: dict[str, dict[str, int]] = {"scratch": {}, "transfers": {}}
    for measured in losses.by_target.values():
        for name in measured.sources:
            if name in (SELF, AVERAGE):
                continue
            count = str(measured.seed_count(name))
            kind = found["scratch" if name == SCRATCH else "transfers"]
            kind[count] = kind.get(count, 0) + 1
    return found
