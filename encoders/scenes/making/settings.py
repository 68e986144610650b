"""The settings of a data set."""

from __future__ import annotations

from dataclasses import dataclass

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.appearance.domains import DOMAINS

SIZES = (32, 2048)
"""Least and largest side of a picture, pixels."""

STEP = 16
"""Sizes are multiples of this number, as networks halve a picture four times."""


@dataclass(frozen=True)
class WorldSettings:
    """The settings of a data set; equal settings give equal bytes on machines of one kind.

    Attributes
    ----------
    buildings, views : int
        Number of buildings, and of views of each building.
    size : int
        Pixels along each side of a picture.
    seed : int
        Seed of all randomness, at least 0.
    domain : str
        Name of a look, a key of `encoders.scenes.appearance.domains.DOMAINS`.
    """

    buildings: int = 40
    views: int = 100
    size: int = 64
    seed: int = 0
    domain: str = "day"

    def __post_init__(self) -> None:
        for name in ("buildings", "views"):
            if getattr(self, name) < 1:
                raise InvalidSceneError(f"{name} is {getattr(self, name)}, expected at least 1")
        if not SIZES[0] <= self.size <= SIZES[1] or self.size % STEP:
            raise InvalidSceneError(
                f"size is {self.size}, expected a multiple of {STEP} from {SIZES[0]} to "
                f"{SIZES[1]}: networks halve a picture four times"
            )
        if not 0 <= self.seed < 1 << 63:
            raise InvalidSceneError(f"seed is {self.seed}, expected 0 or a larger whole number")
        if self.domain not in DOMAINS:
            raise UnknownNameError(f'no domain "{self.domain}"; there are {", ".join(DOMAINS)}')

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the buildings' folders."""
        return tuple(self.name(index) for index in range(self.buildings))

    @staticmethod
    def name(index: int) -> str:
        """Return the name of a building's folder."""
        return f"building_{index:04d}"
