"""The course of a training: its evaluations, its times and its rates."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class ValidationPoint:
    """An evaluation during a training.

    Attributes
    ----------
    step : int
        Steps taken so far.
    train_loss : float
        Mean loss of the batches since the last evaluation, summed over players.
    validation : float
        What ``validate`` returned; NaN without it.
    rate_factor : float
        Factor of the learning rates at the last step.
    seconds : float
        Since the beginning, evaluations included.
    """

    step: int
    train_loss: float
    validation: float
    rate_factor: float
    seconds: float


@dataclass(frozen=True)
class History:
    """The course of one training.

    Attributes
    ----------
    measured : tuple of `ValidationPoint`
    best : ValidationPoint
        The evaluation whose weights the networks have at the end: the largest validation measure,
        or the last one if ``keep_best`` is false or nothing validates.
    steps : int
    seconds : float
        Of all steps and evaluations.
    training_seconds : float
        Of the steps alone.
    rates : pandas.DataFrame
        `effective_rates` of the optimizer before the first step, at the full rates.
    """

    measured: tuple[ValidationPoint, ...]
    best: ValidationPoint
    steps: int
    seconds: float
    training_seconds: float
    rates: pd.DataFrame
