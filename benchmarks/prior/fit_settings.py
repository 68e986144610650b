"""The settings of a restoration: the published ones by name, and small ones for a processor."""

from __future__ import annotations

from dataclasses import dataclass, replace

TASKS = ("denoise", "inpaint", "superresolve", "dejpeg")


@dataclass(frozen=True)
class HourglassSpec:
    """The layers of an hourglass; each tuple has one entry a scale, the finest first.

    Attributes
    ----------
    down, up, skip : tuple of int
        Channels of the convolutions on the way down, on the way up, and of the skip connections;
        0 for no skip connection.
    kernel_down, kernel_up : int
        Sides of their kernels, in pixels; odd. Those of the skip connections have side 1.
    upsampling : {"bilinear", "nearest"}
    pooling : {"stride", "average"}
        How a scale is halved.
    pointwise : bool
        Whether each scale ends with a convolution with kernels of side 1.
    """

    down: tuple[int, ...] = (128,) * 5
    up: tuple[int, ...] = (128,) * 5
    skip: tuple[int, ...] = (4,) * 5
    kernel_down: int = 3
    kernel_up: int = 3
    upsampling: str = "bilinear"
    pooling: str = "stride"
    pointwise: bool = True

    @property
    def least(self) -> int:
        """Return the fewest rows or columns of a picture: the coarsest scale keeps two."""
        pad = max(self.kernel_down, self.kernel_up) // 2
        return (pad << len(self.down)) + 1


@dataclass(frozen=True)
class FitSettings:
    """The network, its input, and its training for one restoration.

    Attributes
    ----------
    network : HourglassSpec
        The network.
    inputs : int
        Channels of its input.
    code : {"noise", "grid"}
        The fixed input: uniform noise in [0, 0.1), or the two coordinates of each pixel in [0, 1].
    rate : float
        Learning rate of Adam.
    iterations : int
    jitter : float
        Standard deviation of the noise that is added to the input anew in every iteration.
    weight_jitter : float
        Standard deviation of the noise that is added to every kernel in every iteration, as a
        share of the kernel's own standard deviation; 0 for none.
    """

    network: HourglassSpec
    inputs: int = 32
    code: str = "noise"
    rate: float = 0.01
    iterations: int = 3000
    jitter: float = 1 / 30
    weight_jitter: float = 0.0


_DEFAULT = HourglassSpec()
_TEXT = HourglassSpec(skip=(128,) * 5, upsampling="nearest")
_REGION = HourglassSpec(skip=(0,) * 5, upsampling="nearest")
_HOLE = HourglassSpec(
    (16, 32, 64, 128, 128, 128),
    (16, 32, 64, 128, 128, 128),
    (0,) * 6,
    kernel_down=5,
    upsampling="nearest",
    pointwise=False,
)
_FEW = HourglassSpec((16, 32, 64, 128, 128), (16, 32, 64, 128, 128), (0,) * 5, pooling="average")
_JPEG = HourglassSpec((8, 16, 32, 64, 128), (8, 16, 32, 64, 128), (0, 0, 0, 4, 4))

PUBLISHED = {
    "denoise": FitSettings(_DEFAULT),
    "denoise-50": FitSettings(_DEFAULT, jitter=1 / 20),
    "dejpeg": FitSettings(_JPEG, inputs=3, iterations=2400),
    "superresolve": FitSettings(_DEFAULT, iterations=2000, jitter=0.03),
    "superresolve-8": FitSettings(_DEFAULT, iterations=4000, jitter=0.05),
    "inpaint": FitSettings(_TEXT, iterations=6001, jitter=0.03),
    "inpaint-region": FitSettings(_REGION, inputs=2, code="grid", iterations=5001, jitter=0.03),
    "inpaint-hole": FitSettings(_HOLE, inputs=1, iterations=3001, jitter=0.0, weight_jitter=0.02),
    "inpaint-half": FitSettings(_DEFAULT, rate=0.001, iterations=11000, jitter=0.03),
    "inpaint-few": FitSettings(_FEW, iterations=1000, jitter=0.0),
}
"""The settings of the notebooks of Ulyanov et al. (2018), with two corrections.

The name without a suffix is the task's: noise of standard deviation 25 / 255, four times fewer
pixels a side, text over a picture. The notebooks mean to add noise to the kernels for a large hole
(``inpaint-hole``), but add it to a copy; and their backtracking compares on the wrong iterations
(see `benchmarks.prior.fitting`). Here both do what was meant.
"""

SMALL_NETWORK = HourglassSpec((16, 32, 64), (16, 32, 64), (4, 4, 4))
"""The network for a processor; with it an iteration takes a tenth of the time of the default."""

SMALL = {
    task: replace(PUBLISHED[task], network=SMALL_NETWORK, inputs=32, iterations=1500)
    for task in TASKS
}
"""By task: the published settings with the small network and 1,500 iterations."""


def settings_of(task: str) -> dict[str, FitSettings]:
    """Return the settings for a task by name: ``small``, and the published ones."""
    own = {name: each for name, each in PUBLISHED.items() if name.split("-")[0] == task}
    return {"small": SMALL[task], **own}
