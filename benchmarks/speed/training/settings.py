"""What the suite of training speed is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """What is trained; the first epoch warms up and is not counted."""

    data: str = option("world", kind="folder", help="Data set of `taskgraph scenes`.")
    task: str = option("rgb2sfnorm", help="Task that is trained.")
    preset: str = option("tiny", flag="--network", help="Size of the network.")
    images: int = option(2_048, help="Images of the train split, at most.")
    batch: int = option(32, help="Images a step.")
    epochs: int = option(2, help="Counted passes over the images.")
    workers: int = option(0, help="Processes that read data, for both methods.")
    precision: str = option("auto", help="Precision of encoders.fit; the plain loop has float32.")
    repeats: int = option(5, help="Turns of each method.")


SUITE = Suite(
    name="training",
    question="How fast is training, beside a plain PyTorch loop?",
    methods=("encoders.fit", "plain PyTorch: a DataLoader of single examples, AdamW, float32"),
    time="minutes on one core",
    writes="one record a method and turn",
    settings=Settings,
    package="benchmarks.speed.training",
    presets={
        SMOKE: {"images": 16, "batch": 8, "epochs": 1, "repeats": 1},
        CPU: {"epochs": 1, "repeats": 3},
        PAPER: {},
    },
)
