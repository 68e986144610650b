"""Settings and description of the suite ``prior``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

PARTS = ("validation", "grid", "published", "impedance", "inversion", "deepinv")
"""The parts of the suite, in the order in which they run; the last one needs ``--python``."""


@dataclass(frozen=True)
class Settings:
    """The parts of the suite that are run, and their sizes."""

    parts: tuple[str, ...] = option(
        PARTS[:2] + PARTS[3:5],
        flag="--part",
        help=f"Parts to run, of {', '.join(PARTS)}.",
    )
    tasks: tuple[str, ...] = option(
        ("denoise", "inpaint", "superresolve", "dejpeg"), help="Tasks to run."
    )
    photos: tuple[str, ...] = option(
        ("astronaut", "chelsea", "coffee", "motorcycle", "camera"),
        help="Photographs of scikit-image to report.",
    )
    size: int = option(64, help="Side of the photographs, in pixels; divisible by 4.")
    seeds: int = option(3, help="Number of seeds; each changes the noise or mask and the weights.")
    iterations: int = option(1500, help="Iterations of the small network.")
    published_iterations: int = option(1800, help="Iterations of the published networks.")
    inversion_iterations: int = option(300, help="Iterations for each encoder of the bank.")
    arithmetic: str = option(
        "float32",
        choices=("float32", "bfloat16", "fastest"),
        help="Type of the products in convolutions; fastest times both and takes one.",
    )
    python: str | None = option(
        None, kind="file", help="Python of an environment that has deepinv, for the part deepinv."
    )


SUITE = Suite(
    name="prior",
    question="How well does an untrained network restore photographs?",
    methods=(
        "the deep image prior: a small network, and the published one on one photograph a task",
        "median, TV, nonlocal means and BM3D; bicubic and Lanczos; cubic and biharmonic filling",
        "deepinv's deep image prior with the same seconds (--part deepinv --python PATH)",
        "how fast the prior fits a photograph, noise, and shuffled pixels",
        "what each encoder of the bank keeps of a picture, inverted by the same prior",
    ),
    time="about 45 minutes on one core, without the published networks; smoke takes 10 seconds",
    writes="one record an evaluation, curves.parquet with PSNR over iterations, and figures",
    settings=Settings,
    package="benchmarks.prior",
    presets={
        SMOKE: {
            "tasks": ("inpaint", "superresolve"),
            "photos": ("astronaut",),
            "size": 32,
            "seeds": 1,
            "iterations": 40,
            "inversion_iterations": 2,
        },
        CPU: {},
        PAPER: {
            "parts": PARTS[:5],
            "size": 256,
            "iterations": 3000,
            "published_iterations": 3000,
            "inversion_iterations": 1500,
        },
    },
)
