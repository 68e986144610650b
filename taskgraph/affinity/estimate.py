"""Affinities of all transfers from their losses, with bootstrap intervals over images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taskgraph.affinity.ahp import (
    affinity_from_wins,
    check_clip,
    consistency_ratio,
    perron_vectors,
)
from taskgraph.affinity.bootstrap import draw_resamples, units_of
from taskgraph.affinity.interval import affinity_interval, warn_of_few
from taskgraph.affinity.references import (
    Versus,
    scratch_versus_average,
    versus_table,
    warn_of_weak_scratch,
)
from taskgraph.affinity.tournament import Ties, Tournament, check_ties, tournament_of, win_rates
from taskgraph.arrays import Floats
from taskgraph.direction import CHECK_FLAGS, COLUMN, warn_of_worst_selves
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses
from taskgraph.tasks import SCRATCH, SELF
from taskgraph.transfers import Transfers

CHUNK = 1 << 25
"""Most entries of resampled win matrices that are held in memory at once (0.27 GB)."""


@dataclass(frozen=True, eq=False)
class Affinities:
    """The transfers of a table of losses or wins, and how much to trust them.

    Parameters
    ----------
    transfers : Transfers
        ``sources, target, affinity`` and, as far as measured, ``low, high, gain, quality, n``;
        sorted by target, then sources, ``average`` and ``scratch`` last. Where values were scores,
        the column ``higher_is_better`` says of which targets.
    consistency : DataFrame, one row a target
        ``target``; ``candidates`` in the tournament; ``images`` used, ``dropped`` because some
        candidate was not tested on them (both empty for a table of wins);
        ``largest_eigenvalue`` and ``consistency_ratio`` as in `consistency_ratio`.
    versus_average : DataFrame, one row a target that has both ``scratch`` and ``average``
        ``target, wins, low, high``: how often ``scratch`` has the smaller loss.
    resamples : (R, rows) array
        Affinities in each bootstrap resample, aligned with the rows of ``transfers``; NaN in
        reference rows. R is 0 without a bootstrap.
    """

    transfers: Transfers
    consistency: pd.DataFrame
    resamples: Floats = field(default_factory=lambda: np.empty((0, 0)))
    versus_average: pd.DataFrame = field(default_factory=lambda: versus_table([]))

    def resampled(self) -> Iterator[Transfers]:
        """The table of each resample, as input for everything that takes the original."""
        for affinity in self.resamples:
            yield Transfers(self.transfers.frame.assign(affinity=affinity), exact_names=True)

    def __repr__(self) -> str:
        worst = self.consistency["consistency_ratio"].max()
        return (
            f"{self.transfers!r}, worst consistency ratio {worst:.3f}, "
            f"{len(self.resamples)} resamples"
        )


def affinities(
    losses: Losses,
    *,
    ties: Ties = "half",
    clip: float = 1e-3,
    min_images: int = 10,
    bootstrap: int = 0,
    seed: int = 0,
    level: float = 0.95,
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Affinities:
    """Turn losses into affinities, target by target, and into gains and qualities.

    All candidates of a target, ``self`` among them, meet in one tournament over the images that
    all of them were tested on; see `win_rates` and `affinity_from_wins`. The gain is the win rate
    against ``scratch``, the quality that against ``self``, where these were measured. ``scratch``
    and ``average``, the best constant answer, take no part: they become rows without affinity.
    A target whose ``scratch`` does not beat its ``average`` is named in a warning.

    Parameters
    ----------
    losses : Losses
    ties, clip
        As for `win_rates` and `affinity_from_wins`.
    min_images : int
        Fewest images that a tournament may be decided on.
    bootstrap : int
        Number of resamples of the images (or clusters), as `stability` takes them; 0 for none.
        With any, ``low`` and ``high`` are given too: the interval of `affinity_interval`, which
        is the same for every number of resamples, widened to hold the affinity. A candidate that
        won on nearly all of few images has an affinity that only ``clip`` keeps finite, and this
        may be the end of its interval.
    seed : int
        Of the resamples.
    level : float in (0, 1)
        How often the interval is to hold the affinity of infinitely many images.
    progress : callable
        Wraps the list of targets to resample, as ``tqdm`` does.

    Returns
    -------
    Affinities

    Raises
    ------
    InvalidTableError
        If an argument is out of range, or a target has no candidate or too few common images.

    A warning is logged where a target has too few images or clusters for its interval.

    Source: Taskonomy, Sec. 3.3; the bootstrap and the intervals are ours.
    """
    if not 0 < level < 1:
        raise InvalidTableError(f"level is {level}, expected a share between 0 and 1, such as 0.95")
    if bootstrap < 0:
        raise InvalidTableError(f"bootstrap is {bootstrap}, expected a count of at least 0")
    check_ties(ties)
    check_clip(clip)
    rows, reports = [], []
    versus: list[Versus] = []
    tournaments = [tournament_of(t, losses.by_target[t], min_images) for t in losses.targets]
    for tournament in tournaments:
        frame, report = _point(tournament, ties, clip)
        rows.append(frame)
        reports.append(report)
        versus += scratch_versus_average(tournament, losses.clusters, level=level)
    warn_of_weak_scratch(versus)
    frame = pd.concat(rows, ignore_index=True).dropna(axis="columns", how="all")
    consistency = pd.DataFrame(reports)
    if not bootstrap:
        none = np.empty((0, len(frame)))
        return Affinities(_transfers(frame, losses), consistency, none, versus_table(versus))
    resamples = bootstrap_affinities(
        losses,
        repeats=bootstrap,
        seed=seed,
        ties=ties,
        clip=clip,
        min_images=min_images,
        progress=progress,
    )
    low, high = _intervals(tournaments, losses.clusters, ties=ties, clip=clip, level=level)
    # The bounds of NaN, in reference rows, are NaN.
    low, high = np.minimum(low, frame["affinity"]), np.maximum(high, frame["affinity"])
    frame.insert(3, "low", low)
    frame.insert(4, "high", high)
    return Affinities(_transfers(frame, losses), consistency, resamples, versus_table(versus))


def _transfers(frame: pd.DataFrame, losses: Losses) -> Transfers:
    """The table, with the direction of its values where some were scores; names are checked."""
    warn_of_worst_selves(frame, CHECK_FLAGS)
    if losses.higher_is_better:
        frame[COLUMN] = frame["target"].isin(losses.higher_is_better)
    return Transfers(frame, exact_names=True)


def bootstrap_affinities(
    losses: Losses,
    *,
    repeats: int = 200,
    seed: int = 0,
    ties: Ties = "half",
    clip: float = 1e-3,
    min_images: int = 10,
    progress: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> Floats:
    """Affinities of all transfers in each of R resamples of the test images.

    Images (clusters, where the losses name them) are drawn jointly for all targets; see
    `draw_resamples`. Which images are common to a target's candidates is settled before.

    Returns
    -------
    (R, rows) array
        Aligned with the rows of ``affinities(losses).transfers``; NaN in reference rows.

    Raises
    ------
    InvalidTableError
        As for `affinities` and `draw_resamples`.
    """
    check_ties(ties)
    check_clip(clip)
    used = {
        target: tournament_of(target, losses.by_target[target], min_images).images
        for target in losses.targets
    }
    draws = draw_resamples(used, repeats=repeats, seed=seed, clusters=losses.clusters)
    columns = []
    for target in progress(losses.targets):
        tournament = tournament_of(target, losses.by_target[target], min_images)
        weights = draws.weights(target)  # (R, B)
        step = max(1, CHUNK // len(tournament.candidates) ** 2)
        parts = [
            perron_vectors(
                win_rates(tournament.losses, ties=ties, weights=weights[k : k + step]), clip=clip
            )
            for k in range(0, repeats, step)
        ]
        columns.append(np.concatenate(parts))  # (R, E)
        columns.append(np.full((repeats, len(tournament.references)), np.nan))
    return np.concatenate(columns, axis=1)


def _point(
    tournament: Tournament, ties: Ties, clip: float
) -> tuple[pd.DataFrame, dict[str, object]]:
    """The rows of one target, and its row of the consistency table."""
    losses, sources = tournament.losses, list(tournament.candidates)
    wins = win_rates(losses, ties=ties)
    affinity = affinity_from_wins(wins, ties=ties, clip=clip)
    losses = np.vstack([losses, *tournament.references.values()])
    sources = [*sources, *tournament.references]
    affinity = np.append(affinity, np.full(len(tournament.references), np.nan))
    frame = pd.DataFrame({"sources": sources, "target": tournament.target, "affinity": affinity})
    for name, reference in (("gain", SCRATCH), ("quality", SELF)):
        known = reference in sources
        frame[name] = _against(losses, sources.index(reference), ties) if known else np.nan
    frame["n"] = losses.shape[1]
    consistency = consistency_ratio(wins, ties=ties, clip=clip)
    return frame, {
        "target": tournament.target,
        "candidates": len(tournament.candidates),
        "images": len(tournament.images),
        "dropped": tournament.dropped,
        "largest_eigenvalue": consistency.largest_eigenvalue,
        "consistency_ratio": consistency.ratio,
    }


def _against(losses: Floats, reference: int, ties: Ties) -> Floats:
    """(E,) win rates against one row; 0.5 for that row itself, however ties count."""
    shares = (losses < losses[reference]).mean(axis=1)
    if ties == "half":
        shares = shares + 0.5 * (losses == losses[reference]).mean(axis=1)
    shares[reference] = 0.5
    return np.asarray(shares, dtype=np.float64)


def _intervals(
    tournaments: Sequence[Tournament],
    clusters: Mapping[str, str],
    *,
    ties: Ties,
    clip: float,
    level: float,
) -> tuple[Floats, Floats]:
    """(rows,) bounds of all targets; NaN in reference rows."""
    bounds, counts = [], {}
    for tournament in tournaments:
        units = units_of(tournament.images, clusters)
        counts[tournament.target] = int(units.max()) + 1
        found = affinity_interval(tournament.losses, units, ties=ties, clip=clip, level=level)
        bounds.append(np.stack(found))
        bounds.append(np.full((2, len(tournament.references)), np.nan))
    warn_of_few(counts)
    low, high = np.concatenate(bounds, axis=1)
    return low, high
