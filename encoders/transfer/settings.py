"""What a sweep of transfers is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from encoders.transfer.measure import TransferConfig


@dataclass(frozen=True)
class SweepConfig:
    """Configuration of a sweep: which transfers are measured, and how.

    Attributes
    ----------
    transfer : TransferConfig
    targets, sources : tuple of str
        Names of tasks of the dictionary.
    max_order : int
        Number of sources in the largest set.
    candidates : str
        The rule that chooses sets of two or more sources, by its name in
        `encoders.transfer.candidates.CANDIDATES`.
    readout : "trained" or "ridge"
        Small networks, or linear maps in closed form.
    screen : int
        Number of sets of each order, the best by ridge regression, that are added to the
        candidates of trained read-outs.
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
