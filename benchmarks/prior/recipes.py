"""The settings of a restoration: the published ones by name, and small ones for a processor."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.prior.network import Shape

TASKS = ("denoise", "inpaint", "superresolve", "dejpeg")


@dataclass(frozen=True)
class Recipe:
    """The network, its input, and its training for one restoration.

    Attributes
    ----------
    shape : Shape
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

    shape: Shape
    inputs: int = 32
    code: str = "noise"
    rate: float = 0.01
    iterations: int = 3000
    jitter: float = 1 / 30
    weight_jitter: float = 0.0


_DEFAULT = Shape()
_TEXT = Shape(skip=(128,) * 5, upsampling="nearest")
_REGION = Shape(skip=(0,) * 5, upsampling="nearest")
_HOLE = Shape(
    (16, 32, 64, 128, 128, 128),
    (16, 32, 64, 128, 128, 128),
    (0,) * 6,
    kernel_down=5,
    upsampling="nearest",
    pointwise=False,
)
_FEW = Shape((16, 32, 64, 128, 128), (16, 32, 64, 128, 128), (0,) * 5, pooling="average")
_JPEG = Shape((8, 16, 32, 64, 128), (8, 16, 32, 64, 128), (0, 0, 0, 4, 4))

PUBLISHED = {
    "denoise": Recipe(_DEFAULT),
    "denoise-50": Recipe(_DEFAULT, jitter=1 / 20),
    "dejpeg": Recipe(_JPEG, inputs=3, iterations=2400),
    "superresolve": Recipe(_DEFAULT, iterations=2000, jitter=0.03),
    "superresolve-8": Recipe(_DEFAULT, iterations=4000, jitter=0.05),
    "inpaint": Recipe(_TEXT, iterations=6001, jitter=0.03),
    "inpaint-region": Recipe(_REGION, inputs=2, code="grid", iterations=5001, jitter=0.03),
    "inpaint-hole": Recipe(_HOLE, inputs=1, iterations=3001, jitter=0.0, weight_jitter=0.02),
    "inpaint-half": Recipe(_DEFAULT, rate=0.001, iterations=11000, jitter=0.03),
    "inpaint-few": Recipe(_FEW, iterations=1000, jitter=0.0),
}
"""The settings of the notebooks of Ulyanov et al. (2018), with two corrections.

The name without a suffix is the task's: noise of standard deviation 25 / 255, four times fewer
pixels a side, text over a picture. The notebooks mean to add noise to the kernels for a large hole
(``inpaint-hole``), but add it to a copy; and their backtracking compares on the wrong iterations
(see `benchmarks.prior.fitting`). Here both do what was meant.
"""

SMALL_SHAPE = Shape((16, 32, 64), (16, 32, 64), (4, 4, 4))
"""The network for a processor; with it an iteration takes a tenth of the time of the default."""

SMALL = {
    task: replace(PUBLISHED[task], shape=SMALL_SHAPE, inputs=32, iterations=1500) for task in TASKS
}
"""By task: the published settings with the small network and 1,500 iterations."""


def recipes_of(task: str) -> dict[str, Recipe]:
    """Return the recipes of a task by name: ``small``, and the published ones."""
    own = {name: each for name, each in PUBLISHED.items() if name.split("-")[0] == task}
    return {"small": SMALL[task], **own}
