"""The rule that adds the best sets of a fast screen to the candidates of another rule."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from encoders.errors import UnknownNameError
from encoders.transfer.candidates import CandidateRule, Sources
from taskgraph.errors import InvalidProblemError, InvalidTableError
from taskgraph.tasks import join_sources, parse_sources


@dataclass(frozen=True)
class Screened:
    """The rule that adds the best sets of a screen to the candidates of another rule.

    Attributes
    ----------
    rule : Candidates
        The other rule.
    proposals : mapping of targets to (sources, validation error) pairs
        The results of the screen, in any order; smaller errors are better. Sets of one source, and
        sets of more than ``max_order`` sources, are ignored.
    per_order : int, at least 1
        Number of sets that are added at each order: those with the smallest errors (equal ones by
        name) that the rule has not proposed.
    """

    rule: CandidateRule
    proposals: Mapping[str, Sequence[tuple[Sequence[str], float]]] = field(repr=False)
    per_order: int = 5

    def __post_init__(self) -> None:
        if self.per_order < 1:
            raise InvalidProblemError(
                f"{self.per_order} screened candidates an order, expected at least 1; "
                "without a screen use the rule itself"
            )

    def __call__(self, target: str, ranked: Sequence[str], max_order: int) -> list[Sources]:
        """Propose sets of sources, as `CandidateRule` describes.

        Raises
        ------
        UnknownNameError
            If the screen has no results for the target, or proposes a source that is not ranked.
        InvalidTableError
            If an error of the screen is not finite.
        """
        of_rule = self.rule(target, ranked, max_order)
        if target not in self.proposals:
            raise UnknownNameError(
                f'the screen proposes nothing for target "{target}"; it has '
                f"{', '.join(sorted(self.proposals)) or 'no target'}"
            )
        screened = _Screen(target, set(ranked), self.proposals[target])
        added = [
            sources
            for order in range(2, max_order + 1)
            for sources in screened.best(order, self.per_order, besides=set(of_rule))
        ]
        return sorted([*of_rule, *added], key=len)


class _Screen:
    """The results of a screen for one target, by order, best first."""

    def __init__(
        self,
        target: str,
        known: Collection[str],
        proposals: Iterable[tuple[Sequence[str], float]],
    ) -> None:
        self.of_order: dict[int, list[tuple[float, Sources]]] = {}
        for names, error in proposals:
            sources = parse_sources(names)
            unknown = next((name for name in sources if name not in known), None)
            if unknown is not None:
                raise UnknownNameError(
                    f'the screen proposes "{join_sources(sources)}" for target "{target}", but '
                    f'"{unknown}" is not among its ranked sources ({", ".join(sorted(known))})'
                )
            if not math.isfinite(error):
                raise InvalidTableError(
                    f'the screen\'s error of "{join_sources(sources)}" for target "{target}" is '
                    f"{error}, expected a finite number; leave the proposal out"
                )
            self.of_order.setdefault(len(sources), []).append((float(error), sources))
        for rows in self.of_order.values():
            rows.sort()

    def best(self, order: int, count: int, *, besides: Collection[Sources]) -> list[Sources]:
        """Return the ``count`` best sets of ``order`` sources that are not in ``besides``."""
        best: dict[Sources, None] = {}
        for _, sources in self.of_order.get(order, []):
            if len(best) == count:
                break
            if sources not in besides:
                best[sources] = None
        return list(best)
