"""What a sweep of transfers is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from encoders.transfer.measure import TransferConfig


@dataclass(frozen=True)
class SweepConfig:
    """Which transfers are measured, and how.

    Attributes
    ----------
    transfer : TransferConfig
    targets, sources : tuple of str
        Tasks of the dictionary.
    max_order : int
        Sources of the largest set.
    candidates : str
        Which sets of several sources: a key of `encoders.transfer.candidates.CANDIDATES`.
    readout : "trained" or "ridge"
        Small networks, or linear maps in closed form.
    screen : int
        Sets of each order that the ridge screen adds to the candidates of trained read-outs.
    allow_overlap : bool
        Whether validation and test buildings may be some that the encoders were trained on.
    """

    transfer: TransferConfig
    targets: tuple[str, ...]
    sources: tuple[str, ...]
    max_order: int = 5
    candidates: str = "best5"
    readout: str = "trained"
    screen: int = 0
    allow_overlap: bool = False
