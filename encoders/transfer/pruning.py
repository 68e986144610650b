"""Successive halving: read-outs that fall behind others of their target stop early."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from encoders.errors import TrainingError
from encoders.transfer.candidates import CandidateRule, Sources


@dataclass(frozen=True)
class Standing:
    """A read-out's validation loss after as many epochs as the other read-outs of its target.

    Attributes
    ----------
    sources : tuple of str
    loss : float
        Its smallest mean validation loss so far.
    finished : bool
        Whether its training has stopped by itself, so that pruning it would save nothing.
    """

    sources: Sources
    loss: float
    finished: bool = False


@dataclass(frozen=True)
class Pruned:
    """The rung at which a read-out was pruned, and its validation loss there.

    Attributes
    ----------
    rung : int
        Number of epochs after which it was pruned.
    rank : int
        Its place among the read-outs that were compared then, from 1; a smaller validation loss
        is better.
    of : int
        Number of these read-outs.
    """

    rung: int
    rank: int
    of: int


@dataclass(frozen=True)
class Halving:
    """Prune the candidates of one target by successive halving.

    All candidates are trained up to the first rung, a share of the most epochs. Those with the
    smallest validation losses go on to the next rung, the others stop there. The single sources of
    a target are compared with each other, and so are its sets of several sources. What remains
    after the last rung is trained to its end. No test loss is used.

    The method keeps the best candidate if candidates that are best at the end are not far behind at
    the rungs; that is an assumption, and must be checked against training all of them.

    Attributes
    ----------
    rungs : tuple of float in (0, 1), rising
        The rungs, as shares of the most epochs.
    keep : float in (0, 1)
        Share of the compared candidates that go on, rounded up.
    least : int, at least 1
        Number of candidates that go on in any case.

    Source: Jamieson & Talwalkar, Non-stochastic best arm identification and hyperparameter
    optimization, AISTATS 2016, algorithm "Successive Halving". There each rung doubles the
    training and halves the candidates, as with our defaults; ``least`` is ours.
    """

    rungs: tuple[float, ...] = (0.125, 0.25, 0.5)
    keep: float = 0.5
    least: int = 10

    def __post_init__(self) -> None:
        if not self.rungs:
            raise TrainingError("pruning has no rung, expected at least one, such as 0.25")
        for share in self.rungs:
            if not 0 < share < 1:
                raise TrainingError(
                    f"a rung of pruning is {share}, expected a share above 0 and "
                    "below 1 of the most epochs"
                )
        if list(self.rungs) != sorted(set(self.rungs)):
            shown = ", ".join(map(str, self.rungs))
            raise TrainingError(f"the rungs of pruning are {shown}, expected rising shares")
        if not 0 < self.keep < 1:
            raise TrainingError(
                f"the share that pruning keeps is {self.keep}, expected one above 0 and below 1"
            )
        if self.least < 1:
            raise TrainingError(f"pruning keeps at least {self.least}, expected 1 or more")

    def rung_epochs(self, epochs: int) -> tuple[int, ...]:
        """Return the numbers of epochs of the rungs, rising, for a largest number of epochs.

        Each is rounded up. Equal ones count once, and none is as large as ``epochs``.
        """
        each = {math.ceil(share * epochs) for share in self.rungs}
        return tuple(sorted(number for number in each if number < epochs))

    def prune(
        self, standings: Iterable[Standing], rung: int, *, needed: int = 0
    ) -> dict[Sources, Pruned]:
        """Return the read-outs that stop at a rung.

        Parameters
        ----------
        standings : Standing
            All read-outs that are compared; equal losses are ordered by name.
        rung : int
            Number of epochs that they were trained for.
        needed : int
            Number of best read-outs that go on in any case, beside ``least``.
        """
        ranked = ranking(standings)
        kept = max(math.ceil(self.keep * len(ranked)), self.least, needed)
        return {
            one.sources: Pruned(rung, rank, len(ranked))
            for rank, one in enumerate(ranked, 1)
            if rank > kept and not one.finished
        }


def ranking(standings: Iterable[Standing]) -> list[Standing]:
    """Return read-outs by their validation losses, smallest first; equal ones by name."""
    return sorted(standings, key=lambda one: (one.loss, one.sources))


def sources_needed(rule: CandidateRule, target: str, ranked: Sequence[str], max_order: int) -> int:
    """Return how many of the best single sources a rule makes its sets of.

    If at least as many are never pruned, then pruning changes the sets that the rule proposes only
    through the order of the losses at the rungs. A pruned source never ranks before one that went
    on, because the best validation loss of those does not rise.
    """
    place = {name: number for number, name in enumerate(ranked, 1)}
    proposed = rule(target, ranked, max_order) if max_order > 1 else []
    return max((place[name] for sources in proposed for name in sources), default=0)
