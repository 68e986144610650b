"""The configuration of a sweep of transfers."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from encoders.errors import UnknownNameError
from encoders.transfer.measure import TransferConfig
from encoders.transfer.readouts import READOUTS


@dataclass(frozen=True)
class SweepConfig:
    """Configuration of a sweep: which transfers are measured, and how.

    Attributes
    ----------
    transfer : TransferConfig
        Configuration of every transfer.
    targets, sources : tuple of str
        Names of tasks of the dictionary.
    max_order : int
        Number of sources in the largest set.
    candidates : str
        The rule that chooses sets of two or more sources, by its name in
        `encoders.transfer.candidates.CANDIDATES`.
    readout : str
        The kind of read-outs, by its name in `encoders.transfer.readouts.READOUTS`.
    screen : int
        For trained read-outs: number of sets of each order that are measured too because they are
        the best by ridge regression.
    allow_overlap : bool
        Whether validation and test may use buildings that the encoders were trained on.
    """

    transfer: TransferConfig
    targets: tuple[str, ...]
    sources: tuple[str, ...]
    max_order: int = 5
    candidates: str = "best5"
    readout: str = "trained"
    screen: int = 0
    allow_overlap: bool = False

    def __post_init__(self) -> None:
        if self.readout not in READOUTS:
            raise UnknownNameError(f'readout is "{self.readout}", expected {" or ".join(READOUTS)}')

    def record(self) -> dict[str, Any]:
        """Return the values that ``config.json`` holds, by their keys."""
        return {**dataclasses.asdict(self), "transfer": self.transfer.record()}
