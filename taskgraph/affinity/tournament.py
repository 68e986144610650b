"""The tournament of one target: on how many images each candidate has the lower loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from taskgraph.affinity.wins import Ties, check_ties
from taskgraph.arrays import Array, Booleans, Floats
from taskgraph.errors import InvalidTableError
from taskgraph.losses import TargetLosses
from taskgraph.tasks import REFERENCES, SCRATCH, SELF, shell_list

MORE_IMAGES = "measure them on more images, or lower --min-images (in Python min_images)"

BLOCK = 1 << 22
"""Most comparisons of two losses that are held in memory at once."""


@dataclass(frozen=True, eq=False)
class Tournament:
    """The losses of one target's candidates on the images that all of them were tested on.

    Attributes
    ----------
    target : str
    candidates : E names
    losses : (E, B) floats
    references : mapping of names to (B,) floats
        The losses of ``scratch`` and ``average``, which are not candidates. ``average`` is left
        out where neither ``scratch`` nor ``self`` was measured.
    images : B names
    dropped : int
        Number of images that some candidate was not tested on.
    further : mapping of names to (S - 1, B) floats
        The losses of the further seeds of candidates and references that have several.
    """

    target: str
    candidates: tuple[str, ...]
    losses: Floats  # (E, B)
    references: dict[str, Floats]  # (B,) each, sorted by name
    images: tuple[str, ...]
    dropped: int
    further: Mapping[str, Floats] = field(default_factory=dict)


def win_rates(losses: Floats, *, ties: Ties = "half", weights: ArrayLike | None = None) -> Floats:
    """Return the share of images on which one candidate's loss is lower than another's.

    Parameters
    ----------
    losses : (E, B) array, finite
        One row a candidate, one column an image; smaller is better.
    ties : "half" or "strict"
        A tie counts half a win for each side, so that ``wins + wins.T == 1``; or for neither
        side, as in the paper's text.
    weights : (B,) or (R, B) array, at least 0
        How often each image counts, as in R bootstrap resamples of the images; only proportions
        matter. By default each image counts once.

    Returns
    -------
    (E, E) or (R, E, E) array, fractions in [0, 1]
        ``wins[i, j]`` is the share of images on which ``i`` beats ``j``; exact for weights that
        are whole numbers. The comparisons are made in blocks, so that they need little memory.

    Raises
    ------
    InvalidTableError
        If ``losses`` is not a finite matrix, or ``weights`` do not fit it or are all 0.

    Source: Taskonomy, Sec. 3.3 (ordinal normalization).
    """
    check_ties(ties)
    losses = np.asarray(losses, dtype=np.float64)
    if losses.ndim != 2 or not losses.size or not np.isfinite(losses).all():
        raise InvalidTableError(
            f"the losses have the shape {losses.shape}, expected a finite matrix of candidates "
            "by images; leave out images that some candidate was not tested on"
        )
    single = weights is None or np.ndim(weights) == 1
    each = np.ones((1, losses.shape[1])) if weights is None else np.atleast_2d(np.asarray(weights))
    _check_weights(each, losses.shape[1])
    total = each.sum(axis=1, dtype=np.float64)
    # Halves of whole numbers below 2^24 are exact in single precision, which is twice as fast.
    exact = total.max() < 1 << 23 and bool((each == np.floor(each)).all())
    columns = np.ascontiguousarray(each.T, dtype=np.float32 if exact else np.float64)  # (B, R)
    wins = _count_wins(ranks_of(losses), columns, ties)
    wins /= total[:, None, None]
    if ties == "half":
        for i in range(len(losses)):
            wins[:, i, i] = 0.5
            np.subtract(1.0, wins[:, i, i + 1 :], out=wins[:, i + 1 :, i])
    return wins[0] if single else wins


def tournament_of(target: str, measured: TargetLosses, min_images: int) -> Tournament:
    """Return the tournament on the images that every candidate and reference was tested on.

    Raises
    ------
    InvalidTableError
        If fewer than ``min_images`` images are common, or there are only references.
    """
    common = measured.common
    outside = np.array([name in REFERENCES for name in measured.sources], dtype=bool)
    candidates = tuple(name for name in measured.sources if name not in REFERENCES)
    if not candidates:
        names = " and ".join(f'"{name}"' for name in sorted(measured.sources))
        raise InvalidTableError(f'target "{target}" has no candidate beside {names}')
    if common.sum() < min_images:
        advice = filter(None, [advise_missing_images(measured, min_images), MORE_IMAGES])
        raise InvalidTableError(
            f'target "{target}": {common.sum()} images are common to its '
            f"{len(measured.sources)} candidates, expected at least {min_images}; "
            f"{'; or '.join(advice)}"
        )
    values = measured.values[:, common]
    rows = dict(zip(measured.sources, values, strict=True))
    images = tuple(name for name, kept in zip(measured.images, common, strict=True) if kept)
    # A reference's row holds its win rates, so without scratch and self it would be empty.
    compared = {SCRATCH, SELF} & set(rows)
    return Tournament(
        target,
        candidates,
        values[~outside],
        {name: rows[name] for name in sorted(REFERENCES & set(rows)) if compared},
        images,
        int((~common).sum()),
        {
            name: np.stack(list(losses.values())[1:])[:, common]
            for name, losses in measured.seeds.items()
            if len(losses) > 1
        },
    )


def advise_missing_images(measured: TargetLosses, wanted: int, most: int = 3) -> str:
    """Return advice on candidates that lack images, and which of them to leave out.

    Candidates are left out one after another until ``wanted`` images are common to the others:
    each time the candidate whose absence leaves the most common images. Among equal ones it is the
    candidate that lacks the most images.
    """
    missing = measured.missing  # (E, B)
    lacking = missing.sum(axis=1)
    order = [k for k in np.argsort(-lacking, kind="stable") if lacking[k]]
    listed = ", ".join(
        f'"{measured.sources[k]}" lacks {lacking[k]} of {len(measured.images)}'
        for k in order[:most]
    )
    more = f" and {len(order) - most} more lack some" if len(order) > most else ""
    out = _candidates_to_drop(missing, wanted)
    if not out:
        return f"{listed}{more}"
    names = shell_list(measured.sources[k] for k in out)
    kept = np.delete(missing, out, axis=0)
    common = int((~kept.any(axis=0)).sum())
    return f"{listed}{more}: --drop {names} would leave {common} common images"


def _candidates_to_drop(missing: Booleans, wanted: int) -> list[int]:
    """Return candidates to leave out, so that ``wanted`` images are common to at least two others.

    Empty if no candidate lacks an image, or if leaving candidates out cannot suffice.
    """
    out: list[int] = []
    count = missing.sum(axis=0)  # (B,) candidates that lack the image
    while (count == 0).sum() < wanted:
        left = [k for k in range(len(missing)) if k not in out and missing[k].any()]
        if not left or len(missing) - len(out) <= 2:
            return []
        gained = {k: (int((count - missing[k] == 0).sum()), int(missing[k].sum())) for k in left}
        best = max(left, key=lambda k: gained[k])
        out.append(best)
        count = count - missing[best]
    return out


def ranks_of(losses: Floats) -> Array:
    """Replace losses by their rank within each image; tied losses have equal ranks."""
    order = np.argsort(losses, axis=0)
    ordered = np.take_along_axis(losses, order, axis=0)
    steps = np.zeros(losses.shape, dtype=np.int16 if len(losses) < 1 << 15 else np.int32)
    np.cumsum(ordered[1:] > ordered[:-1], axis=0, out=steps[1:])
    ranks = np.empty_like(steps)
    np.put_along_axis(ranks, order, steps, axis=0)
    return ranks


def _count_wins(ranks: Array, columns: Array, ties: Ties) -> Floats:
    """Return weighted counts (R, E, E); with half ties, of the upper triangle only."""
    size, count = ranks.shape
    wins = np.zeros((columns.shape[1], size, size))
    width = max(1, BLOCK // size)
    for start in range(0, count, width):
        block, part = ranks[:, start : start + width], columns[start : start + width]
        for i in range(size - 1):
            first, others = block[i], block[i + 1 :]
            below = np.less(first, others).astype(part.dtype)  # (E - i - 1, B)
            if ties == "half":
                below += np.less_equal(first, others)
                wins[:, i, i + 1 :] += 0.5 * (below @ part).T
            else:
                wins[:, i, i + 1 :] += (below @ part).T
                wins[:, i + 1 :, i] += (np.less(others, first).astype(part.dtype) @ part).T
    return wins


def _check_weights(weights: Array, images: int) -> None:
    if weights.ndim != 2 or weights.shape[1] != images:
        raise InvalidTableError(
            f"the weights have the shape {weights.shape}, expected one for each of {images} images"
        )
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any(axis=1).all():
        raise InvalidTableError("the weights of images must be at least 0, finite and not all 0")
