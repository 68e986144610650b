"""Rules that choose the sets of sources to measure, from a ranking of single sources."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.tasks import parse_sources

Sources = tuple[str, ...]
"""A set of sources: names in sorted order."""

SEVERAL_PICTURES = frozenset({"ego_motion", "fix_pose", "non_fixated_pose", "point_match"})
"""Targets for which the authors measured no transfers of order 5 and above."""


class CandidateRule(Protocol):
    """A rule that proposes the transfers of order 2 and above to one target.

    A rule is a frozen dataclass, or any function of this signature. It gets only the ranking, so
    that no test loss can influence the choice.
    """

    def __call__(self, target: str, ranked: Sequence[str], max_order: int) -> list[Sources]:
        """Propose sets of sources.

        Parameters
        ----------
        target : str
        ranked : sequence of str
            The target's single sources by their first-order loss on the validation split, best
            first (`rank_sources`), without the target itself.
        max_order : int, at least 1
            Number of sources of the largest set.

        Returns
        -------
        list of tuples of str
            Smaller sets first. Each tuple is sorted, and no set occurs twice. The same ranking
            always gives the same list.
        """


def first_order_sources(target: str, sources: Iterable[str]) -> list[Sources]:
    """Return all single sources but the target, sorted: the transfers to measure first."""
    names = sorted(sources)
    _require_names(names, f'the sources of target "{target}"')
    return [(name,) for name in names if name != target]


def rank_sources(target: str, valid_losses: Mapping[str, float]) -> list[str]:
    """Rank single sources by their first-order validation loss, best (smallest) first.

    Equal losses are ordered by name. An entry of the target itself is ignored.

    Raises
    ------
    InvalidTableError
        If a loss is not a finite number.
    """
    losses = {name: float(loss) for name, loss in valid_losses.items() if name != target}
    for name, loss in losses.items():
        if not math.isfinite(loss):
            raise InvalidTableError(
                f'the validation loss of the transfer from "{name}" to "{target}" is {loss}, '
                "expected a finite number; measure it again, or leave the source out"
            )
    return sorted(losses, key=lambda name: (losses[name], name))


@dataclass(frozen=True)
class FirstOrderOnly:
    """The rule that proposes no set of several sources."""

    def __call__(self, target: str, ranked: Sequence[str], max_order: int) -> list[Sources]:
        """Return an empty list."""
        _require_ranking(target, ranked, max_order)
        return []


@dataclass(frozen=True)
class SubsetsOfBest:
    """Subsets of the best k sources; for orders above k, the best sources together.

    This is the paper's sampling (Zamir et al. 2018, Sec. 3.2 and supplement). With the five best
    sources there are 10 pairs, 10 triples, 5 quadruples and 1 quintuple, and one set of each higher
    order.

    Attributes
    ----------
    best : int, at least 2
        Number of best sources of which all subsets are proposed.
    """

    best: int = 5

    def __post_init__(self) -> None:
        if self.best < 2:
            raise InvalidProblemError(
                f"subsets of the {self.best} best sources, expected at least 2; "
                "for single sources use FirstOrderOnly"
            )

    def __call__(self, target: str, ranked: Sequence[str], max_order: int) -> list[Sources]:
        """Propose sets of sources, as `CandidateRule` describes."""
        _require_ranking(target, ranked, max_order)
        return [
            tuple(sorted(names))
            for order in range(2, min(max_order, len(ranked)) + 1)
            for names in combinations(ranked[: max(self.best, order)], order)
        ]


@dataclass(frozen=True)
class Published:
    """The rule of the authors' published tables, which differs from the paper at order 4.

    It proposes all pairs and triples of the five best sources, all quadruples of the six best (15,
    where the paper says 5), and then the k best sources together. Targets of several pictures end
    at order 4. With the authors' rankings, it gives exactly their table for 19 of 22 targets; the
    other three contain sets with sources that were tried later.

    Attributes
    ----------
    end_at_four : set of str
        Targets without transfers of order 5 and above.
    """

    end_at_four: frozenset[str] = SEVERAL_PICTURES

    def __call__(self, target: str, ranked: Sequence[str], max_order: int) -> list[Sources]:
        """Propose sets of sources, as `CandidateRule` describes."""
        _require_ranking(target, ranked, max_order)
        last = min(max_order, len(ranked), 4 if target in self.end_at_four else max_order)
        return [
            tuple(sorted(names))
            for order in range(2, last + 1)
            for names in combinations(ranked[: 6 if order == 4 else max(5, order)], order)
        ]


CANDIDATES: dict[str, CandidateRule] = {
    "first": FirstOrderOnly(),
    "best5": SubsetsOfBest(5),
    "published": Published(),
}
"""The rules by their names on the command line."""


def _require_ranking(target: str, ranked: Sequence[str], max_order: int) -> None:
    """Raise if the ranking or the maximum order is invalid."""
    if max_order < 1:
        raise InvalidProblemError(
            f"the maximum order is {max_order}, expected at least 1; 1 means single sources"
        )
    where = f'the ranking of sources for target "{target}"'
    _require_names(ranked, where)
    if target in ranked:
        raise InvalidTableError(
            f"{where} holds the target itself (place {list(ranked).index(target) + 1}); "
            "leave it out, a task is no source of its own"
        )


def _require_names(names: Sequence[str], where: str) -> None:
    """Raise unless ``names`` is a list of different names of tasks."""
    if isinstance(names, str):
        raise InvalidTableError(f'{where}: expected a list of names, not the text "{names}"')
    if not names:
        raise InvalidTableError(f"{where}: it is empty, expected at least one source")
    for place, name in enumerate(names, 1):
        if parse_sources(name) != (name,):
            raise InvalidTableError(
                f'{where}: place {place} is "{name}", expected the name of one task'
            )
    repeated = next((name for name in names if list(names).count(name) > 1), None)
    if repeated is not None:
        raise InvalidTableError(f'{where}: "{repeated}" comes twice; each source counts once')
