"""Affinities, gains and qualities of all transfers from their losses, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

import taskgraph
from taskgraph.affinity.ahp import check_clip, consistency_ratio
from taskgraph.affinity.bootstrap import bootstrap_affinities, units_of
from taskgraph.affinity.closed import closed_shares
from taskgraph.affinity.interval import affinity_interval, warn_of_few
from taskgraph.affinity.methods import AHP, affinity_by_method, find_method
from taskgraph.affinity.references import (
    ScratchWins,
    scratch_wins,
    scratch_wins_table,
    warn_of_weak_scratch,
)
from taskgraph.affinity.seeds import TrainingRuns, runs_of
from taskgraph.affinity.tournament import Tournament, tournament_of, win_rates
from taskgraph.affinity.wins import Ties, check_ties, win_rate
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidTableError
from taskgraph.frames.direction import CHECK_FLAGS, COLUMN, warn_of_worst_selves
from taskgraph.losses import Losses
from taskgraph.progress import Progress, no_progress
from taskgraph.tasks import SCRATCH, SELF
from taskgraph.transfers import Transfers


@dataclass(frozen=True, eq=False)
class Affinities:
    """The transfers of a table of losses or win rates, and how reliable they are.

    Attributes
    ----------
    transfers : Transfers
        ``sources, target, affinity`` and, where measured, ``low, high, gain, quality, closed, n``;
        sorted by target, then sources, with ``average`` and ``scratch`` last. If some values
        were scores, the column ``higher_is_better`` is true for their targets. ``seeds``, if some
        transfer has several, is the number of training runs, and ``pruned``, if some are, says
        which transfers were not trained to their end.
    consistency : DataFrame, one row a target
        ``target``; ``candidates``, the number in the tournament; ``images``, the number used, and
        ``dropped``, the number that some candidate was not tested on (both NaN for a table of win
        rates); ``largest_eigenvalue`` and ``consistency_ratio``.
    versus_average : DataFrame, one row a target that has both ``scratch`` and ``average``
        ``target, wins, low, high``: how often ``scratch`` has the smaller loss.
    resamples : (R, rows) array
        Affinities in each bootstrap resample, aligned with the rows of ``transfers``; NaN in
        reference rows. R is 0 without a bootstrap.
    """

    transfers: Transfers
    consistency: pd.DataFrame
    resamples: Floats = field(default_factory=lambda: np.empty((0, 0)))
    versus_average: pd.DataFrame = field(default_factory=lambda: scratch_wins_table([]))

    def resampled(self) -> Iterator[Transfers]:
        """Yield the table of transfers of each resample."""
        for affinity in self.resamples:
            yield Transfers(self.transfers.frame.assign(affinity=affinity), exact_names=True)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return taskgraph.notebook_bundle(self)

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
    method: str = AHP,
    progress: Progress = no_progress,
) -> Affinities:
    """Turn losses into affinities, target by target, and into gains and qualities.

    All candidates of a target, ``self`` among them, are compared in one tournament on the images
    that all of them were tested on; see `win_rates` and `affinity_by_method`. The gain is the win
    rate against ``scratch``, the quality that against ``self``, where these were measured; where
    both were, ``closed`` is the share of the mean loss between them that a transfer closes
    (`closed_shares`).
    ``scratch`` and ``average``, the best constant answer, take no part in the tournament: their
    rows have no affinity. Of a transfer that was trained with several seeds, win rates are means
    over its runs (`taskgraph.affinity.seeds`). A warning names the targets whose
    ``scratch`` does not beat ``average``, and another one the targets with too few images or
    clusters for an interval.

    Parameters
    ----------
    losses : Losses
    ties, clip
        As for `win_rates` and `affinity_from_wins`.
    min_images : int
        Smallest number of images of a tournament.
    bootstrap : int
        Number of resamples of the images (or clusters), and of seeds where a transfer has several,
        for `stability`; 0 for none. If it is
        above 0, the table also has ``low`` and ``high``, the interval of `affinity_interval`,
        widened to contain the affinity. The interval does not depend on the number of resamples.
        Where a candidate wins on nearly all of few images, only ``clip`` bounds its affinity, and
        the affinity may be an end of the interval.
    seed : int
        Seed of the resamples.
    level : float in (0, 1)
        Confidence level of the interval, for the affinity of infinitely many images.
    method : str
        A key of `TOURNAMENT_METHODS`: ``ahp``, the paper's and the default, ``geometric-mean``,
        ``bradley-terry`` or ``win-rate``.
    progress : Progress
        Receives the number of targets that are resampled, of how many.

    Returns
    -------
    Affinities

    Raises
    ------
    InvalidTableError
        If an argument is out of range, or a target has no candidate or too few common images.

    Source: Taskonomy, Sec. 3.3; the bootstrap and the intervals are ours.
    """
    if not 0 < level < 1:
        raise InvalidTableError(f"level is {level}, expected a share between 0 and 1, such as 0.95")
    if bootstrap < 0:
        raise InvalidTableError(f"bootstrap is {bootstrap}, expected a count of at least 0")
    check_ties(ties)
    check_clip(clip)
    find_method(method)
    rows, reports = [], []
    versus: list[ScratchWins] = []
    tournaments = [tournament_of(t, losses.by_target[t], min_images) for t in losses.targets]
    for tournament in tournaments:
        frame, report = _target_rows(tournament, ties, clip, method)
        rows.append(frame)
        reports.append(report)
        versus += scratch_wins(tournament, losses.clusters, level=level)
    warn_of_weak_scratch(versus)
    frame = pd.concat(rows, ignore_index=True).dropna(axis="columns", how="all")
    consistency = pd.DataFrame(reports)
    if not bootstrap:
        none = np.empty((0, len(frame)))
        return Affinities(_transfers(frame, losses), consistency, none, scratch_wins_table(versus))
    resamples = bootstrap_affinities(
        losses,
        repeats=bootstrap,
        seed=seed,
        ties=ties,
        clip=clip,
        min_images=min_images,
        method=method,
        progress=progress,
    )
    low, high = _intervals(
        tournaments, losses.clusters, ties=ties, clip=clip, level=level, method=method
    )
    # In reference rows all of these are NaN.
    low, high = np.minimum(low, frame["affinity"]), np.maximum(high, frame["affinity"])
    frame.insert(3, "low", low)
    frame.insert(4, "high", high)
    return Affinities(_transfers(frame, losses), consistency, resamples, scratch_wins_table(versus))


def _transfers(frame: pd.DataFrame, losses: Losses) -> Transfers:
    """Return the table of transfers, with the column of the direction where values were scores."""
    warn_of_worst_selves(frame, CHECK_FLAGS)
    if losses.higher_is_better:
        frame[COLUMN] = frame["target"].isin(losses.higher_is_better)
    if "seeds" in frame:
        frame["seeds"] = frame["seeds"].fillna(1).astype(int)
    if losses.pruned:
        pairs = zip(frame["target"], frame["sources"], strict=True)
        frame["pruned"] = [pair in losses.pruned for pair in pairs]
    return Transfers(frame, exact_names=True)


def _target_rows(
    tournament: Tournament, ties: Ties, clip: float, method: str
) -> tuple[pd.DataFrame, dict[str, object]]:
    """Return the rows of one target, and its row of the consistency table."""
    losses, sources = tournament.losses, list(tournament.candidates)
    runs = TrainingRuns.of(tournament)
    wins = runs.mean_wins(win_rates(runs.losses, ties=ties))
    affinity = affinity_by_method(wins, method, ties=ties, clip=clip)
    losses = np.vstack([losses, *tournament.references.values()])
    sources = [*sources, *tournament.references]
    affinity = np.append(affinity, np.full(len(tournament.references), np.nan))
    frame = pd.DataFrame({"sources": sources, "target": tournament.target, "affinity": affinity})
    for name, reference in (("gain", SCRATCH), ("quality", SELF)):
        known = reference in sources
        frame[name] = _against(tournament, sources, losses, reference, ties) if known else np.nan
    runs_by_row = [
        runs_of(tournament, name, row) for name, row in zip(sources, losses, strict=True)
    ]
    means = np.array([each.mean() for each in runs_by_row])
    mean = dict(zip(sources, means, strict=True))
    frame["closed"] = closed_shares(means, mean.get(SCRATCH, np.nan), mean.get(SELF, np.nan))
    frame["n"] = losses.shape[1]
    if tournament.further:
        frame["seeds"] = [1 + len(tournament.further.get(name, ())) for name in sources]
    consistency = consistency_ratio(wins, ties=ties, clip=clip)
    return frame, {
        "target": tournament.target,
        "candidates": len(tournament.candidates),
        "images": len(tournament.images),
        "dropped": tournament.dropped,
        "largest_eigenvalue": consistency.largest_eigenvalue,
        "consistency_ratio": consistency.ratio,
    }


def _against(
    tournament: Tournament, sources: Sequence[str], losses: Floats, reference: str, ties: Ties
) -> Floats:
    """Return the (E,) win rates of rows of losses against one of them, means over all seeds.

    The row itself has 0.5, also with strict ties.
    """
    theirs = runs_of(tournament, reference, losses[sources.index(reference)])
    shares = [
        win_rate(runs_of(tournament, name, row)[:, None], theirs[None], ties=ties).mean()
        for name, row in zip(sources, losses, strict=True)
    ]
    shares[sources.index(reference)] = 0.5
    return np.array(shares)


def _intervals(
    tournaments: Sequence[Tournament],
    clusters: Mapping[str, str],
    *,
    ties: Ties,
    clip: float,
    level: float,
    method: str,
) -> tuple[Floats, Floats]:
    """Return the (rows,) ends of the intervals of all targets; NaN in reference rows."""
    bounds, counts = [], {}
    for tournament in tournaments:
        units = units_of(tournament.images, clusters)
        counts[tournament.target] = int(units.max()) + 1
        runs = TrainingRuns.of(tournament)
        interval = affinity_interval(
            tournament.losses,
            units,
            runs=runs,
            ties=ties,
            clip=clip,
            level=level,
            method=method,
        )
        bounds.append(np.stack(interval))
        bounds.append(np.full((2, len(tournament.references)), np.nan))
    warn_of_few(counts)
    low, high = np.concatenate(bounds, axis=1)
    return low, high
