"""Measures of each choice on the fresh images, in all resamples of their buildings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.payoff.choices import RuleChoice
from encoders.errors import InvalidDataError
from taskgraph.affinity import image_wins
from taskgraph.affinity.bootstrap import draw_resamples
from taskgraph.affinity.seeds import draw_seeds
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
    both : (C, M, 1 + R) array
        Means over targets and seeds: of all, then in R resamples of buildings and of seeds. A seed
        is drawn for all choices of a target at once, and for each target by itself, as their
        networks were trained independently (`taskgraph.affinity.seeds.draw_seeds`).
    """

    chosen: tuple[RuleChoice, ...]
    seeds: tuple[int, ...]
    values: Floats
    both: Floats

    def of(self, rule: str) -> Floats:
        """Return the (N, Z, M, 1 + R) values of the N choices of a rule."""
        return self.values[self._rows(rule)]

    def both_of(self, rule: str) -> Floats:
        """Return the (N, M, 1 + R) values of the N choices of a rule, over buildings and seeds."""
        return self.both[self._rows(rule)]

    def _rows(self, rule: str) -> list[int]:
        return [n for n, each in enumerate(self.chosen) if each.rule == rule]


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

    Losses that themselves have several seeds are taken apart (`one_seed_each`).

    Raises
    ------
    InvalidDataError
        If the seeds were not tested on the same images, or a seed comes twice.
    """
    by_seed = one_seed_each(by_seed)
    by_target = {seed: common_losses(losses) for seed, losses in by_seed.items()}
    first = next(iter(by_target.values()))
    images = {target: measured.images for target, measured in first.items()}
    for number, other in by_target.items():
        if {target: measured.images for target, measured in other.items()} != images:
            raise InvalidDataError(f"seed {number} was tested on other images than the first one")
    clusters = next(iter(by_seed.values())).clusters
    drawn = draw_resamples(images, repeats=resamples, seed=seed, clusters=clusters)
    values = np.zeros((len(chosen), len(by_seed), len(MEASURES), 1 + resamples))
    both = np.zeros((len(chosen), len(MEASURES), 1 + resamples))
    shares = _seed_shares(sorted(images), len(by_seed), resamples, seed)
    for place, each in enumerate(by_target.values()):
        found = {
            target: target_values(measured, _weights(drawn.weights(target)))
            for target, measured in each.items()
        }
        for row, one in enumerate(chosen):
            targets = list(one.transfers)
            own = np.array(
                [
                    found[target][each[target].sources.index(join_sources(sources))]
                    for target, sources in one.transfers.items()
                ]
            )  # (T, M, 1 + R)
            values[row, place] = own.mean(axis=0)
            share = np.array([shares[target][:, place] for target in targets])  # (T, 1 + R)
            both[row] += (own * share[:, None]).mean(axis=0)
    return Payoffs(tuple(chosen), tuple(by_seed), values, both)


def one_seed_each(by_seed: Mapping[int, Losses]) -> dict[int, Losses]:
    """Return losses of one seed each; a table with several seeds becomes one table a seed.

    What such a table has with one seed alone, such as ``self``, is in each of them. Losses of one
    seed keep their number.

    Raises
    ------
    InvalidDataError
        If a seed comes twice.
    """
    apart: dict[int, Losses] = {}
    for number, losses in by_seed.items():
        for seed, part in _by_own_seeds(losses).items() or [(number, losses)]:
            if seed in apart:
                raise InvalidDataError(f"seed {seed} is in two tables of losses; leave one out")
            apart[seed] = part
    return apart


def _by_own_seeds(losses: Losses) -> dict[int, Losses]:
    """Return one table for each seed of a table with several; none for a table of one seed."""
    seeds = {
        seed
        for each in losses.by_target.values()
        for runs in each.seeds.values()
        if len(runs) > 1
        for seed in runs
    }
    return {int(seed): _with_seed(losses, seed) for seed in sorted(seeds, key=int)}


def _with_seed(losses: Losses, seed: str) -> Losses:
    """Return the losses of one seed, or of the first one where a candidate lacks it."""
    by_target = {}
    for target, each in losses.by_target.items():
        kept = each.on_images(each.common)
        rows = [
            kept.seeds.get(name, {}).get(seed, row)
            for name, row in zip(kept.sources, kept.values, strict=True)
        ]
        by_target[target] = TargetLosses(kept.sources, kept.images, np.array(rows))
    return replace(losses, by_target=by_target)


def _seed_shares(
    targets: Sequence[str], seeds: int, resamples: int, seed: int
) -> dict[str, Floats]:
    """Return by target the (1 + R, Z) weights of seeds: equal ones, then one row a resample."""
    rng = np.random.default_rng([seed, 1])
    equal = np.full((1, seeds), 1.0 / seeds)
    return {target: np.vstack([equal, draw_seeds(seeds, resamples, rng)]) for target in targets}


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
        found[target] = measured.on_images(kept)
    return found
