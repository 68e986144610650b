"""Where Taskonomy's labels come from: folders of pictures, classes, and camera poses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy import ndimage

from encoders.codecs import poses
from encoders.errors import InvalidDataError
from encoders.tasks.curves import Curve, applied, clipped, log_depth
from encoders.tasks.fits import Published, fit_ceiling, fit_channels, fit_frequencies, fit_vector
from encoders.tasks.sample import Info, Made, Sample
from encoders.tasks.task import Label
from taskgraph.arrays import Floats

Numbers = Callable[[Sequence[Info]], Floats]

DEPTH_LIMIT = 64500
"""Raw depths from here on are missing, as in Taskonomy's own loader (the files say 65535)."""

BLUR = 4 / 256
"""Spread of the blur of occlusion edges, as a share of the picture's side."""

MOST_CLIPPED, MOST_STRETCHED = float("inf"), 2.0
"""How many times the published ceiling the brightest pixels may reach: clipped, or not."""

PLACES = (
    3,
    23,
    25,
    26,
    28,
    37,
    43,
    45,
    51,
    52,
    56,
    61,
    63,
    88,
    89,
    93,
    95,
    100,
    102,
    106,
    121,
    124,
    126,
    129,
    131,
    133,
    135,
    156,
    165,
    176,
    177,
    179,
    182,
    203,
    208,
    215,
    217,
    228,
    240,
    241,
    244,
    246,
    248,
    253,
    255,
    264,
    269,
    280,
    281,
    282,
    285,
    298,
    303,
    311,
    317,
    318,
    328,
    332,
    343,
    346,
    352,
    358,
    363,
)
"""The 63 of Places365's classes, "workspace and home", that Taskonomy keeps (in its order)."""

ALL_PLACES = 365


def from_folder(domain: str, curve: Curve, *, masked: bool = False) -> Label:
    """Each pixel's number through a `Curve` without constants.

    ``masked`` leaves out pixels that saw nothing.
    """
    return Label(partial(_map, domain=domain, curve=curve, masked=masked), (domain,), masked)


def to_ceiling(
    domain: str, curve: Curve, published: float, *, masked: bool = False, blur: float = 0.0
) -> Label:
    """As `from_folder`, with a ceiling: the paper's, or one that fits the data (`fit_ceiling`).

    ``blur`` is the spread of a Gaussian, as a share of the picture's side.
    """
    most = MOST_CLIPPED if curve is clipped else MOST_STRETCHED
    return Label(
        partial(_map, domain=domain, curve=curve, masked=masked, blur=blur),
        (domain,),
        masked,
        fit=partial(fit_ceiling, domain=domain, published=published, most=most),
        clips=curve is clipped,
    )


def depth(domain: str) -> Label:
    """The logarithm of a depth; pixels from `DEPTH_LIMIT` on are left out."""
    return Label(partial(_depth, domain=domain), (domain,), valid=True)


def standardized_channels(domain: str, curve: Curve, published: Published) -> Label:
    """As `from_folder`, each channel with a mean and a spread of its own (`fit_channels`)."""
    return Label(
        partial(_channels, domain=domain, curve=curve),
        (domain,),
        True,
        fit=partial(fit_channels, domain=domain, published=published),
    )


def segments(domain: str, *, masked: bool = False) -> Label:
    """The numbers of the segments, as they are."""
    return Label(partial(_segments, domain=domain, masked=masked), (domain,), masked)


def semantic(domain: str, classes: int) -> Label:
    """Classes from 0, of a picture in which 0 means uncertain and is left out."""
    make = partial(_semantic, domain=domain, classes=classes)
    return Label(make, (domain,), fit=partial(fit_frequencies, make=make))


def class_chances(domain: str) -> Label:
    """Probabilities of classes, of files that hold probabilities or scores."""
    make = partial(_chances, domain=domain)
    return Label(make, (domain,), fit=partial(fit_frequencies, make=make))


def from_points(numbers: Numbers, *, standardize: bool) -> Label:
    """Numbers that follow from the ``point_info`` of a view and its partners."""
    make = partial(_vector, numbers=numbers)
    fit = partial(fit_vector, make=make) if standardize else None
    return Label(make, infos=True, fixed=True, fit=fit)


def matching() -> Label:
    """1 where both pictures look at the same point, 0 where they do not."""
    return Label(_matching)


def pose_numbers(infos: Sequence[Info]) -> Floats:
    """(6,) pose of the first camera in the second (`encoders.codecs.poses.relative_pose`)."""
    (turn1, place1, _), (turn2, place2, _) = map(poses.point_info_camera, infos)
    return poses.relative_pose(turn1, place1, turn2, place2)


def egomotion_numbers(infos: Sequence[Info]) -> Floats:
    """(18,) poses between three cameras (`encoders.codecs.poses.egomotion`)."""
    cameras = [poses.point_info_camera(info) for info in infos]
    return poses.egomotion([turn for turn, _, _ in cameras], [place for _, place, _ in cameras])


def vanishing_numbers(infos: Sequence[Info]) -> Floats:
    """(9,) three unit vectors in the camera's frame."""
    return poses.point_info_vanishing_points(infos[0])


def layout_numbers(infos: Sequence[Info]) -> Floats:
    """(9,) the room's box in the camera's frame."""
    return poses.point_info_layout(infos[0])


def _map(sample: Sample, *, domain: str, curve: Curve, masked: bool, blur: float = 0.0) -> Made:
    constants = {name: sample.constants[name] for name in ("ceiling",) if name in sample.constants}
    raw = sample.raw[domain]
    planes = raw[:, None] if raw.ndim == 3 else np.moveaxis(raw, 3, 1)
    target = applied(curve, planes, constants)
    if blur:
        spread = blur * sample.size
        target = ndimage.gaussian_filter(target, (0, 0, spread, spread), mode="reflect")
    return target, sample.valid if masked else sample.everywhere()


def _depth(sample: Sample, *, domain: str) -> Made:
    target, mask = _map(sample, domain=domain, curve=log_depth, masked=True)
    return target, mask & (sample.raw[domain] < DEPTH_LIMIT)


def _channels(sample: Sample, *, domain: str, curve: Curve) -> Made:
    mean, std = sample.constants["mean"], sample.constants["std"]
    raw = sample.raw[domain]
    planes = [
        applied(curve, raw[..., channel], {"mean": mean[channel], "std": std[channel]})
        for channel in range(raw.shape[-1])
    ]
    return np.stack(planes, axis=1), sample.valid


def _segments(sample: Sample, *, domain: str, masked: bool) -> Made:
    mask = sample.valid if masked else sample.everywhere()
    return sample.raw[domain].astype(np.int64), mask


def _semantic(sample: Sample, *, domain: str, classes: int) -> Made:
    raw = sample.raw[domain]
    for number in np.flatnonzero((raw > classes).any(axis=(1, 2))):
        wrong = raw[number][raw[number] > classes]
        raise InvalidDataError(
            f"{sample.file(domain, int(number))}: {len(wrong)} of {raw[number].size} pixels have "
            f"the value {', '.join(map(str, np.unique(wrong)[:5]))}, expected 0 (uncertain) to "
            f"{classes}, the classes of {domain}; renumber them, or describe other classes as a "
            "task of your own (encoders.Task)"
        )
    return np.maximum(raw, 1).astype(np.int64) - 1, raw > 0


def _chances(sample: Sample, *, domain: str) -> Made:
    """Rows that are all zero say that the view has no label."""
    raw = sample.raw[domain].astype(np.float64)
    known = (raw != 0).any(axis=1)
    total = raw.sum(axis=1, keepdims=True)
    ready = (raw >= 0).all(axis=1, keepdims=True) & (np.abs(total - 1) <= 1e-2)
    # The real object classes are the scores of a network, before their softmax.
    scores = np.exp(raw - raw.max(axis=1, keepdims=True))
    chances = np.where(ready, raw, scores)
    if domain == "class_scene" and raw.shape[1] == ALL_PLACES:
        chances = chances[:, list(PLACES)]
    chances /= chances.sum(axis=1, keepdims=True)
    return chances.astype(np.float32), known


def _vector(sample: Sample, *, numbers: Numbers) -> Made:
    rows = []
    for infos, paths in zip(sample.infos, sample.paths, strict=True):
        try:
            rows.append(numbers(infos))
        except InvalidDataError as error:
            raise InvalidDataError(
                f"{' or '.join(paths)}: {error}; make or download it again, or leave out the tasks "
                "that need camera poses"
            ) from None
    values = np.stack(rows)
    mean, std = sample.constants.get("mean", 0.0), sample.constants.get("std", 1.0)
    return ((values - np.asarray(mean)) / np.asarray(std)).astype(np.float32), sample.found


def _matching(sample: Sample) -> Made:
    return sample.same.astype(np.int64), sample.found
