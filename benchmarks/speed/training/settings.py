"""Settings and description of the suite ``training``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

EPOCHS, STEPS, ALL = "epochs", "steps", "all"


@dataclass(frozen=True)
class Settings:
    """The network that is trained, its data, and how often it is timed.

    The first epoch warms up and is not counted.
    """

    part: str = option(
        ALL, choices=(ALL, EPOCHS, STEPS), help="Time whole epochs, single steps, or both."
    )
    data: str = option("world", kind="folder", help="Data set of `taskgraph scenes`.")
    task: str = option("rgb2sfnorm", help="Task that is trained.")
    preset: str = option("tiny", flag="--network", help="Size of the network.")
    images: int = option(2_048, help="Images of the train split, at most.")
    batch: int = option(32, help="Images a step.")
    epochs: int = option(2, help="Timed passes over the images, after one untimed pass.")
    workers: int = option(
        0, help="Processes that read data; 0 reads it in the process that trains."
    )
    precision: str = option("auto", help="Precision of encoders.fit; the plain loop has float32.")
    repeats: int = option(5, help="Turns of each method, for epochs.")
    rounds: int = option(60, help="Turns of each method, for steps.")


SUITE = Suite(
    name="training",
    question="How fast is training, beside a plain PyTorch loop?",
    methods=(
        "encoders.fit",
        "plain PyTorch: a DataLoader of single examples, AdamW, float32",
        "single steps of both, beside the time of their operations as matrix products",
    ),
    time="minutes on one core",
    writes="one record a method and turn of epochs, and one a network and method of steps",
    settings=Settings,
    package="benchmarks.speed.training",
    presets={
        SMOKE: {"images": 16, "batch": 8, "epochs": 1, "repeats": 1, "rounds": 2},
        CPU: {"epochs": 1, "repeats": 3, "rounds": 20},
        PAPER: {},
    },
)
