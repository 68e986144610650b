"""Compute learning rates, and when training stops, from the steps and the validation losses."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

CUT = 0.2
"""Factor of the learning rate each time that the validation loss stalls."""

LONGEST_WARMUP = 200
"""Largest number of warm-up steps of training that stops by patience, whatever its cap."""

COOLDOWN = 0.2
"""Share of the cap's steps, at its end, in which the learning rate falls to 0."""

PATIENCE, CAP, PRUNED = "patience", "cap", "pruned"
"""Why training stopped: the validation loss stalled after all cuts, all epochs were over, or others
had smaller validation losses after as many epochs (`encoders.transfer.pruning`)."""


@dataclass(frozen=True)
class Plateau:
    """The stalls of the validation loss so far.

    Attributes
    ----------
    cuts : int
        Number of times that the learning rate has been cut.
    waited : int
        Number of evaluations since the last improvement or cut.
    exhausted : bool
        Whether the loss has stalled once more after the last cut, so that training stops.
    """

    cuts: int = 0
    waited: int = 0
    exhausted: bool = False


def plateau(losses: Sequence[float], *, patience: int, min_delta: float, cuts: int) -> Plateau:
    """Return how often a sequence of validation losses has stalled.

    A loss improves if it is smaller than the last improvement by more than ``min_delta`` times
    its absolute value. After ``patience`` evaluations without improvement the loss has stalled.
    The first ``cuts`` times the learning rate is cut and waiting begins anew; the next time
    training stops. The result depends on the losses alone, so a resumed run computes it again.

    Parameters
    ----------
    losses : sequence of float
        The validation loss of each evaluation, in order; smaller is better.
    patience : int, at least 1
        Number of evaluations without improvement after which the loss has stalled.
    min_delta : float, at least 0
        Share of the loss by which it must fall to improve.
    cuts : int, at least 0
        Number of cuts before training stops.
    """
    reference, done, waited = math.inf, 0, 0
    for loss in losses:
        needed = min_delta * abs(reference) if math.isfinite(reference) else 0.0
        waited += 1
        if loss < reference - needed:
            reference, waited = loss, 0
        elif waited >= patience:
            if done == cuts:
                return Plateau(done, waited, exhausted=True)
            done, waited = done + 1, 0
    return Plateau(done, waited)


def cosine_factor(step: int, steps: int, *, warmup: float) -> float:
    """Return the factor of the learning rate: linear warm-up, then half a cosine down to 0.

    The source of the cosine is Loshchilov & Hutter, 2017.

    Parameters
    ----------
    step, steps : int
        ``step`` counts from 0; at the last one, ``steps - 1``, the factor is just above 0.
    warmup : float
        Share of all steps in which the factor rises.
    """
    rise = max(1, round(warmup * steps))
    if step < rise:
        return (step + 1) / rise
    fall = (step - rise) / max(1, steps - rise)
    return 0.5 * (1 + math.cos(math.pi * fall))


def warmup_steps(steps: int, *, warmup: float) -> int:
    """Return the number of steps in which the learning rate of `plateau_factor` rises."""
    return max(1, min(round(warmup * steps), LONGEST_WARMUP))


def plateau_factor(step: int, steps: int, *, warmup: float, cuts: int) -> float:
    """Return the factor of the learning rate of training that stops by patience.

    The factor rises linearly, stays at 1, and is multiplied by `CUT` at each of the ``cuts`` so
    far. How long each part lasts follows from the validation loss, not from a fixed number of
    steps, as a cosine would need. Over the last share `COOLDOWN` of the cap's steps the factor
    also falls linearly to 0, so that training that reaches its cap ends with a small learning rate.

    Parameters
    ----------
    step, steps : int
        ``step`` counts from 0; ``steps`` is the number of steps in all epochs of the cap.
    warmup : float
        Share of the steps in which the factor rises; at most `LONGEST_WARMUP` steps.
    cuts : int
        Number of cuts so far.
    """
    risen = min(1.0, (step + 1) / warmup_steps(steps, warmup=warmup))
    left = min(1.0, (steps - step) / max(1.0, COOLDOWN * steps))
    return float(risen * left * CUT**cuts)
