"""Measures of each choice on the fresh images, in all resamples of their buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.payoff.choices import RuleChoice
from encoders.errors import InvalidDataError
from taskgraph.affinity import image_wins
from taskgraph.affinity.bootstrap import draw_resamples
from taskgraph.arrays import Floats, Integers
from taskgraph.losses import Losses, TargetLosses
from taskgraph.tasks import SCRATCH, SELF, join_sources

MEASURES = ("quality", "gain", "log_ratio")
"""Win rates against ``self`` and against ``scratch`` of the same seed, in [0, 1], larger is
better; log of (mean loss / mean loss of ``self``), smaller is better."""

SMALLER_IS_BETTER = frozenset({"log_ratio"})


@dataclass(frozen=True, eq=False)
class Payoffs:
    """Measures of all choices, with each seed.

    Attributes
    ----------
    chosen : C choices
    seeds : Z ints
        Seeds of the read-outs.
    values : (C, Z, M, 1 + R) array
        Means over targets of `MEASURES`: on all fresh images, then in R resamples of their
        buildings, which are the same for all choices, seeds and targets.
    """

    chosen: tuple[RuleChoice, ...]
    seeds: tuple[int, ...]
    values: Floats

    def of(self, rule: str) -> Floats:
        """Return the (N, Z, M, 1 + R) values of the N choices of a rule."""
        rows = [n for n, each in enumerate(self.chosen) if each.rule == rule]
        return self.values[rows]


def target_values(measured: TargetLosses, weights: Floats) -> Floats:
    """Return `MEASURES` of every candidate for one target.

    Parameters
    ----------
    measured : TargetLosses
        E candidates, ``self`` and ``scratch`` among them, on B images, none missing.
    weights : (R, B) array
        Weight of each image.

    Returns
    -------
    (E, M, R) array
        Candidates, measures, rows of ``weights``. A tie counts half a win.

    Raises
    ------
    InvalidDataError
        If a mean loss is not above 0: its ratio has no meaning.
    """
    losses = measured.values
    share = weights / weights.sum(axis=1, keepdims=True)  # (R, B)
    means = losses @ share.T  # (E, R)
    if (means <= 0).any():
        name = measured.sources[int(np.argwhere(means <= 0)[0, 0])]
        raise InvalidDataError(
            f'the mean loss of "{name}" is {means.min():.3g}, expected more than 0; its ratio to '
            "that of self means nothing: leave the target out with --exclude"
        )
    own, scratch = (measured.sources.index(name) for name in (SELF, SCRATCH))
    wins = [image_wins(losses, losses[n]) @ share.T for n in (own, scratch)]
    return np.stack([*wins, np.log(means / means[own])], axis=1)


def payoffs(
    chosen: Sequence[RuleChoice], by_seed: Mapping[int, Losses], *, resamples: int, seed: int = 0
) -> Payoffs:
    """Measure all choices on the same images and the same resamples of their buildings.

    Raises
    ------
    InvalidDataError
        If the seeds were not tested on the same images.
    """
    by_target = {seed: common_losses(losses) for seed, losses in by_seed.items()}
    first = next(iter(by_target.values()))
    images = {target: measured.images for target, measured in first.items()}
    for number, other in by_target.items():
        if {target: measured.images for target, measured in other.items()} != images:
            raise InvalidDataError(f"seed {number} was tested on other images than the first one")
    clusters = next(iter(by_seed.values())).clusters
    drawn = draw_resamples(images, repeats=resamples, seed=seed, clusters=clusters)
    values = np.zeros((len(chosen), len(by_seed), len(MEASURES), 1 + resamples))
    for place, each in enumerate(by_target.values()):
        found = {
            target: target_values(measured, _weights(drawn.weights(target)))
            for target, measured in each.items()
        }
        for row, one in enumerate(chosen):
            values[row, place] = np.mean(
                [
                    found[target][each[target].sources.index(join_sources(sources))]
                    for target, sources in one.transfers.items()
                ],
                axis=0,
            )
    return Payoffs(tuple(chosen), tuple(by_seed), values)


def _weights(counts: Integers) -> Floats:
    """Return weights of the images: all ones, then one row a resample."""
    return np.vstack([np.ones((1, counts.shape[1])), counts]).astype(np.float64)


def common_losses(losses: Losses) -> dict[str, TargetLosses]:
    """Return each target's losses on the images that all of its candidates were tested on."""
    found = {}
    for target, measured in losses.by_target.items():
        kept = measured.common
        if not kept.any():
            raise InvalidDataError(f"{target}: no fresh image has a loss for all that was trained")
        images = tuple(np.array(measured.images, dtype=object)[kept])
        found[target] = TargetLosses(measured.sources, images, measured.values[:, kept])
    return found
