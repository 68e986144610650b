"""The configuration of a measurement with frozen features."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from encoders.errors import UnknownNameError
from encoders.transfer.candidates import CANDIDATES
from taskgraph.errors import InvalidProblemError

READOUTS = ("ridge", "logistic", "mlp")
"""Names of the read-outs that features are measured with."""

PENALTIES: Mapping[str, tuple[float, ...]] = {
    "ridge": (10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4),
    "logistic": (1.0, 1e-1, 1e-2, 1e-3, 1e-4),
    "mlp": (1e-1, 1e-3),
}
"""By read-out: the penalties that it chooses from by the validation loss, falling."""


@dataclass(frozen=True)
class FeatureConfig:
    """Configuration of a measurement with frozen features.

    Attributes
    ----------
    sources, targets : tuple of str
        What is measured; by default all sources and all targets.
    kinds : mapping of targets to kinds
        Kinds of labels that are not inferred: ``regression``, ``classes`` or ``multilabel``.
    columns : mapping
        Headers of the columns ``example``, ``split`` and ``group`` of the labels.
    max_order : int
        Number of sources of the largest set.
    candidates : str
        The rule that chooses sets of sources, of `encoders.transfer.candidates.CANDIDATES`.
    readout : str
        ``ridge``; ``logistic`` (for numbers: ridge); or ``mlp``, one hidden layer.
    scratch : str
        The source that is the raw input: a read-out from it alone is the reference ``scratch``.
    test_share, valid_share : float
        Shares of the examples for test and for validation, if the labels do not say the parts.
    train_examples : int
        Most examples that a read-out is trained on; 0 for no limit.
    repeats : int
        Number of times that training and validation examples are drawn; test examples stay.
    seed : int
        Seed of the parts, and of the networks' initial weights.
    threads : int
        Threads of each job.
    """

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    max_order: int = 5
    candidates: str = "best5"
    readout: str = "ridge"
    scratch: str = "scratch"
    test_share: float = 0.2
    valid_share: float = 0.15
    train_examples: int = 0
    repeats: int = 1
    seed: int = 0
    threads: int = 1

    def __post_init__(self) -> None:
        for name, value, known in (
            ("readout", self.readout, READOUTS),
            ("candidates", self.candidates, tuple(CANDIDATES)),
        ):
            if value not in known:
                raise UnknownNameError(f'{name} is "{value}", expected {", ".join(known)}')
        for name in ("max_order", "repeats", "threads"):
            if getattr(self, name) < 1:
                raise InvalidProblemError(f"{name} is {getattr(self, name)}, expected at least 1")
        for name in ("test_share", "valid_share"):
            if not 0 < getattr(self, name) < 1:
                raise InvalidProblemError(
                    f"{name} is {getattr(self, name)}, expected a share between 0 and 1"
                )
        if self.test_share + self.valid_share >= 1:
            raise InvalidProblemError(
                f"test and validation take {self.test_share + self.valid_share:g} of the examples, "
                "so that none are left to train on; lower --test-share or --valid-share"
            )
        if self.train_examples < 0:
            raise InvalidProblemError(
                f"train_examples is {self.train_examples}, expected at least 0; 0 is no limit"
            )

    def record(self) -> dict[str, Any]:
        """Return the values that ``config.json`` holds, by their keys."""
        return dataclasses.asdict(self)
