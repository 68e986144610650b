"""The training of the reference ``scratch``, and the grid that its settings are chosen from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product

from encoders.errors import TrainingError
from encoders.training.config import FitConfig


@dataclass(frozen=True)
class ScratchConfig:
    """Values of the configuration of ``scratch`` that differ from those of the read-outs.

    A whole network from random weights may need another learning rate and more epochs than a small
    read-out. There is one configuration for all targets, so that it cannot be tuned to one of them.

    Attributes
    ----------
    epochs : int, optional
        Most passes over the training data.
    learning_rate : float, optional
        Largest learning rate.
    """

    epochs: int | None = None
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if self.epochs is not None and self.epochs < 1:
            raise TrainingError(f"scratch has {self.epochs} epochs, expected at least 1")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise TrainingError(
                f"the learning rate of scratch is {self.learning_rate}, expected one above 0"
            )

    def applied(self, fit: FitConfig) -> FitConfig:
        """Return a configuration of read-outs with these values replaced."""
        own = {name: value for name, value in vars(self).items() if value is not None}
        return replace(fit, **own)


@dataclass(frozen=True)
class ScratchGrid:
    """Settings of ``scratch`` to try on some targets, before one is chosen for all of them.

    Every pair of a number of epochs and a learning rate is tried on every target. The choice sees
    validation losses alone; see `encoders.transfer.scratch_trials`.

    Attributes
    ----------
    epochs : tuple of int
        Most passes over the training data; empty: those of the read-outs.
    learning_rates : tuple of float
        Largest learning rates; empty: that of the read-outs.
    targets : tuple of str
        Targets to try them on; empty: all targets of the sweep.
    """

    epochs: tuple[int, ...] = ()
    learning_rates: tuple[float, ...] = ()
    targets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.configs()) < 2:
            raise TrainingError(
                "the grid of scratch has one configuration, so that there is nothing to choose; "
                "give several epochs or learning rates"
            )

    def configs(self) -> list[ScratchConfig]:
        """Return the configurations, by rising epochs, then by rising learning rates."""
        epochs: list[int | None] = [*sorted(set(self.epochs))] or [None]
        rates: list[float | None] = [*sorted(set(self.learning_rates))] or [None]
        return [ScratchConfig(*pair) for pair in product(epochs, rates)]
