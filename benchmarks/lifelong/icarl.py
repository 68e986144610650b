"""The five algorithms of iCaRL: Rebuffi et al., "iCaRL: Incremental classifier and representation
learning", CVPR 2017.

All feature vectors are normalized to length 1, and so are averages of them (section 3).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable

import numpy as np

from benchmarks.data.data import TRAIN
from benchmarks.lifelong.learner import ExemplarSet, Learner
from benchmarks.lifelong.streams import StreamStep
from benchmarks.lifelong.training import train_step, with_exemplars
from benchmarks.lifelong.variants import Variant
from encoders.errors import InvalidDataError, TrainingError
from taskgraph.arrays import AnyFloats, Floats, Integers

WALK_STEPS = 1000
"""Most steps of the walk in the authors' code."""

Construct = Callable[[AnyFloats, int, Learner], Integers]
"""From the (n, D) features of a class, m and the learner to the rows of its exemplars, in order."""


def classify(features: AnyFloats, means: AnyFloats) -> Integers:
    """Return the class whose mean of exemplars is nearest (Algorithm 1).

    y* = argmin_y ||phi(x) - mu_y||; of equally near means the first class is taken.

    Parameters
    ----------
    features : (N, D) array
        phi(x) of the images to classify; normalized here.
    means : (C, D) array
        mu_y, see `class_mean`. A class with an infinite mean is never the nearest.

    Returns
    -------
    (N,) array
        Classes in 0..C-1.
    """
    points = normalized(features)
    distances = np.stack([((points - mean) ** 2).sum(axis=1) for mean in means], axis=1)  # (N, C)
    return np.asarray(distances.argmin(axis=1), np.int64)


def incremental_train(
    learner: Learner,
    step: StreamStep,
    *,
    distill: bool = True,
    construct: Construct | None = None,
) -> None:
    """Learn the classes that arrive, within the memory K (Algorithm 2).

    Theta <- UPDATEREPRESENTATION; m <- K / t, rounded down; the old exemplar sets are reduced to m;
    the new ones are constructed with m. Where known classes arrive again (a new domain), t is the
    number of exemplar sets, one for each arrival of a class.

    Parameters
    ----------
    learner : Learner
        Changed in place.
    step : StreamStep
    distill : bool
        False trains with labels alone (hybrids 2 and 3).
    construct : callable, optional
        Another choice of exemplars than `construct_exemplar_set`.

    Raises
    ------
    InvalidDataError
        If the memory has less than one image for each set.
    TrainingError
        If the sets hold more than K images, except in a variant that rounds up.
    """
    update_representation(learner, step, distill=distill)
    m = exemplars_of_set(
        learner.memory, len(learner.exemplars) + len(step.classes), learner.variant
    )
    learner.exemplars = [reduce_exemplar_set(each, m) for each in learner.exemplars]
    images, labels = step.parts[TRAIN]
    for label in step.classes:
        own = images[labels == label]
        rows = (construct or _herded)(learner.features(own), m, learner)
        learner.exemplars.append(ExemplarSet(label, own[rows].clone()))
    check_memory(learner)
    learner.steps += 1


def update_representation(learner: Learner, step: StreamStep, *, distill: bool = True) -> None:
    """Train the network on the images that arrive and on the exemplars (Algorithm 3).

    The targets of new classes are the labels. Those of known classes are the outputs of the network
    before the step (`benchmarks.lifelong.objectives.distillation_targets`).

    Parameters
    ----------
    learner : Learner
        Its network is changed in place and has outputs for the new classes afterwards.
    step : StreamStep
    distill : bool
        False takes labels as targets of known classes, too.
    """
    known = learner.seen
    teacher = copy.deepcopy(learner.network) if distill and known else None
    learner.grow(max(known, 1 + max(step.classes)))
    train_step(learner, with_exemplars(step.parts[TRAIN], learner), teacher, known)


def construct_exemplar_set(features: AnyFloats, m: int, *, walk: bool = False) -> Integers:
    """Return the rows of the exemplars of a class, in the order of their choice (Algorithm 4).

    p_k = argmin_x || mu - 1/k [phi(x) + sum_{j<k} phi(p_j)] ||, where mu is the mean of the class
    and all averages are normalized. No image is chosen twice; of equal ones the first is taken.

    Parameters
    ----------
    features : (n, D) array
        phi(x) of all images of the class; normalized here.
    m : int
        Number of exemplars; all images if there are not more.
    walk : bool
        Use the walk of the authors' code instead: w <- w + mu - phi(x*) with x* = argmax <w, phi>,
        begun with w = mu, of which each image counts when it is first chosen, with at most
        `WALK_STEPS` steps. Its mean is not normalized. It may find fewer than m.

    Returns
    -------
    (min(m, n),) array
    """
    points = normalized(features)
    if walk:
        return _walk(points, m)
    mean, total = class_mean(points), np.zeros(points.shape[1])
    free, chosen = np.ones(len(points), dtype=bool), []
    for k in range(1, min(m, len(points)) + 1):
        distances = ((mean - normalized((points + total) / k)) ** 2).sum(1)
        best = int(np.where(free, distances, np.inf).argmin())
        chosen.append(best)
        free[best] = False
        total = total + points[best]
    return np.array(chosen, np.int64)


def reduce_exemplar_set(exemplars: ExemplarSet, m: int) -> ExemplarSet:
    """Return the first m exemplars of a set (Algorithm 5)."""
    return ExemplarSet(exemplars.label, exemplars.images[:m])


def normalized(features: AnyFloats) -> Floats:
    """Return (N, D) vectors divided by their lengths; vectors of length 0 stay."""
    points = np.asarray(features, np.float64)
    lengths = np.linalg.norm(points, axis=-1, keepdims=True)
    return np.asarray(points / np.where(lengths > 0, lengths, 1), np.float64)


def class_mean(*features: AnyFloats) -> Floats:
    """Return the normalized mean of the normalized (m, D) features of a class, a (D,) array.

    Several arrays, such as those of the exemplars and of their flipped images, are averaged first,
    each with the same weight.
    """
    means = [normalized(each).mean(axis=0) for each in features]
    return np.asarray(normalized(np.mean(means, axis=0)[None])[0], np.float64)


def exemplars_of_set(memory: int, sets: int, variant: Variant) -> int:
    """Return m, the number of exemplars of a set: K / t rounded down.

    The authors' code rounds up, and keeps at most 500.

    Raises
    ------
    InvalidDataError
        If m is 0.
    """
    m = math.ceil(memory / sets) if variant.round_up else memory // sets
    if m < 1:
        raise InvalidDataError(
            f"a memory of {memory} images has none for each of {sets} exemplar sets; give at least "
            f"--memory {sets}"
        )
    return m if variant.most_exemplars is None else min(m, variant.most_exemplars)


def check_memory(learner: Learner) -> None:
    """Raise TrainingError if a learner stores more than K images and its variant forbids that."""
    if learner.stored > learner.memory and not learner.variant.round_up:
        raise TrainingError(
            f"the exemplar sets hold {learner.stored} images, more than the memory of "
            f"{learner.memory}"
        )


def _herded(features: AnyFloats, m: int, learner: Learner) -> Integers:
    """Return the exemplars of Algorithm 4 in the learner's variant."""
    return construct_exemplar_set(features, m, walk=learner.variant.herding == "walk")


def _walk(points: Floats, m: int) -> Integers:
    """Return the images that the walk of the authors' code visits, in the order of first visits."""
    mean = points.mean(axis=0)
    weights, chosen = mean, dict[int, None]()
    for _ in range(WALK_STEPS):
        if len(chosen) >= min(m, len(points)):
            break
        best = int((points @ weights).argmax())
        chosen.setdefault(best)
        weights = weights + mean - points[best]
    return np.array(list(chosen), np.int64)
