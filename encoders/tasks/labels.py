"""The labels of Taskonomy's tasks, made from folders of pictures, classes and camera poses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from scipy import ndimage

from encoders.codecs import poses
from encoders.codecs.point_info import (
    point_info_camera,
    point_info_layout,
    point_info_vanishing_points,
)
from encoders.errors import InvalidDataError
from encoders.tasks.curves import Curve, apply_curve, clipped, log_depth
from encoders.tasks.fits import (
    PublishedConstants,
    fit_ceiling,
    fit_channels,
    fit_frequencies,
    fit_vector,
)
from encoders.tasks.places import ALL_PLACES, PLACES
from encoders.tasks.sample import Info, Sample, TargetsAndMask
from encoders.tasks.task import Label
from taskgraph.arrays import Floats

PointInfoNumbers = Callable[[Sequence[Info]], Floats]
"""From the ``point_info`` of a view and its partners to the numbers of a target."""

DEPTH_LIMIT = 64500
"""Raw depths from this one on count as missing, as in Taskonomy's loader (files store 65535)."""

BLUR = 4 / 256
"""Standard deviation of the blur of occlusion edges, as a share of the picture's side."""

MOST_CLIPPED, MOST_STRETCHED = float("inf"), 2.0
"""Largest ratio of the brightest pixels to the published ceiling for which it is kept, for labels
that are clipped at the ceiling, and for labels that are not."""


def from_folder(domain: str, curve: Curve, *, masked: bool = False) -> Label:
    """Return a label that is a `Curve`, without constants, of each pixel's stored number.

    Parameters
    ----------
    domain : str
        The folder of the files.
    curve : function
    masked : bool
        Whether invalid pixels (the camera saw no surface there) are masked out.
    """
    return Label(partial(_map, domain=domain, curve=curve, masked=masked), (domain,), masked)


def to_ceiling(
    domain: str, curve: Curve, published: float, *, masked: bool = False, blur: float = 0.0
) -> Label:
    """Return a label as `from_folder`, divided by the paper's or a fitted ceiling.

    Parameters
    ----------
    published : float
        The paper's ceiling, as a share of the largest stored number.
    blur : float
        Standard deviation of a Gaussian blur, as a share of the picture's side; 0 for none.
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
    """Return a label that is the logarithm of a depth; `DEPTH_LIMIT` and more are masked out."""
    return Label(partial(_depth, domain=domain), (domain,), valid=True)


def standardized_channels(domain: str, curve: Curve, published: PublishedConstants) -> Label:
    """Return a label as `from_folder`, standardized channel by channel (`fit_channels`)."""
    return Label(
        partial(_channels, domain=domain, curve=curve),
        (domain,),
        True,
        fit=partial(fit_channels, domain=domain, published=published),
    )


def segments(domain: str, *, masked: bool = False) -> Label:
    """Return a label that is the number of each pixel's segment, as stored."""
    return Label(partial(_segments, domain=domain, masked=masked), (domain,), masked)


def semantic(domain: str, classes: int) -> Label:
    """Return a label that is each pixel's class from 0; stored zeros (uncertain) are masked."""
    make = partial(_semantic, domain=domain, classes=classes)
    return Label(make, (domain,), fit=partial(fit_frequencies, make=make))


def class_probabilities(domain: str) -> Label:
    """Return a label that is the probability of each class; files hold probabilities or scores."""
    make = partial(_probabilities, domain=domain)
    return Label(make, (domain,), fit=partial(fit_frequencies, make=make))


def from_point_info(numbers: PointInfoNumbers, *, standardize: bool) -> Label:
    """Return a label of numbers computed from the ``point_info`` of a view and its partners.

    ``standardize`` says whether each number is brought to mean 0 and standard deviation 1.
    """
    make = partial(_vector, numbers=numbers)
    fit = partial(fit_vector, make=make) if standardize else None
    return Label(make, infos=True, fixed=True, fit=fit)


def matching() -> Label:
    """Return a label that is 1 if both pictures look at the same point, and 0 otherwise."""
    return Label(_matching)


def pose_numbers(infos: Sequence[Info]) -> Floats:
    """Return the pose of camera 1 relative to camera 2, (6,) (`encoders.codecs.poses`)."""
    (turn1, place1, _), (turn2, place2, _) = map(point_info_camera, infos)
    return poses.relative_pose(turn1, place1, turn2, place2)


def egomotion_numbers(infos: Sequence[Info]) -> Floats:
    """Return the relative poses of three cameras, (18,) (`encoders.codecs.poses.egomotion`)."""
    cameras = [point_info_camera(info) for info in infos]
    return poses.egomotion([turn for turn, _, _ in cameras], [place for _, place, _ in cameras])


def vanishing_numbers(infos: Sequence[Info]) -> Floats:
    """Return the unit vectors to the three vanishing points, (9,), in the camera's frame."""
    return point_info_vanishing_points(infos[0])


def layout_numbers(infos: Sequence[Info]) -> Floats:
    """Return the box around the room, (9,), in the camera's frame."""
    return point_info_layout(infos[0])


def _map(
    sample: Sample, *, domain: str, curve: Curve, masked: bool, blur: float = 0.0
) -> TargetsAndMask:
    constants = {name: sample.constants[name] for name in ("ceiling",) if name in sample.constants}
    raw = sample.raw[domain]
    planes = raw[:, None] if raw.ndim == 3 else np.moveaxis(raw, 3, 1)
    target = apply_curve(curve, planes, constants)
    if blur:
        spread = blur * sample.size
        target = ndimage.gaussian_filter(target, (0, 0, spread, spread), mode="reflect")
    return target, sample.valid if masked else sample.everywhere()


def _depth(sample: Sample, *, domain: str) -> TargetsAndMask:
    target, mask = _map(sample, domain=domain, curve=log_depth, masked=True)
    return target, mask & (sample.raw[domain] < DEPTH_LIMIT)


def _channels(sample: Sample, *, domain: str, curve: Curve) -> TargetsAndMask:
    mean, std = sample.constants["mean"], sample.constants["std"]
    raw = sample.raw[domain]
    planes = [
        apply_curve(curve, raw[..., channel], {"mean": mean[channel], "std": std[channel]})
        for channel in range(raw.shape[-1])
    ]
    return np.stack(planes, axis=1), sample.valid


def _segments(sample: Sample, *, domain: str, masked: bool) -> TargetsAndMask:
    mask = sample.valid if masked else sample.everywhere()
    return sample.raw[domain].astype(np.int64), mask


def _semantic(sample: Sample, *, domain: str, classes: int) -> TargetsAndMask:
    """Return class numbers from 0; raise if a file has more classes."""
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


def _probabilities(sample: Sample, *, domain: str) -> TargetsAndMask:
    """Return class probabilities; a view whose numbers are all zero has no label."""
    raw = sample.raw[domain].astype(np.float64)
    known = (raw != 0).any(axis=1)
    total = raw.sum(axis=1, keepdims=True)
    normalized = (raw >= 0).all(axis=1, keepdims=True) & (np.abs(total - 1) <= 1e-2)
    # Taskonomy's files of object classes hold a network's scores before the softmax.
    scores = np.exp(raw - raw.max(axis=1, keepdims=True))
    probabilities = np.where(normalized, raw, scores)
    if domain == "class_scene" and raw.shape[1] == ALL_PLACES:
        probabilities = probabilities[:, list(PLACES)]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return probabilities.astype(np.float32), known


def _vector(sample: Sample, *, numbers: PointInfoNumbers) -> TargetsAndMask:
    """Return standardized numbers computed from ``point_info``; an error names the file."""
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
    return ((values - np.asarray(mean)) / np.asarray(std)).astype(np.float32), sample.has_partners


def _matching(sample: Sample) -> TargetsAndMask:
    return sample.same_point.astype(np.int64), sample.has_partners
