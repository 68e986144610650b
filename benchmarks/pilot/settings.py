"""Settings and description of the suite ``pilot``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

TARGETS: Mapping[str, str] = {
    "rgb2sfnorm": "a map of directions, whose encoder needs the most epochs",
    "rgb2depth": "a map of distances, the usual case of a 3D target",
    "segmentsemantic_rb": "a map of classes, so that cross-entropy is among the losses",
    "vanishing_point_well_defined": "a few numbers of the whole picture",
    "room_layout": "a few numbers of the whole picture, which few sources predict well",
}
"""The targets of the pilot and the reason for each; they were named before any was measured."""


@dataclass(frozen=True)
class Settings:
    """The bank, the images, the read-outs, and when their training stops."""

    bank: str = option(kind="folder", help="Trained encoders.")
    data: str = option(kind="folder", help="Data set with buildings that trained no encoder.")
    division: str | None = option(
        None,
        flag="--splits",
        kind="file",
        help="CSV file of splits: transfers are trained and selected on its val buildings, and "
        "tested on its test buildings; by default the splits of `taskgraph transfer`.",
    )
    old: int | None = option(
        None,
        help="Number of buildings before the data set was extended; --splits is then written: the "
        "buildings from there on are divided evenly into val and test.",
    )
    targets: tuple[str, ...] = option(tuple(TARGETS), help="Targets.")
    sources: tuple[str, ...] = option((), help="Single sources; by default all of the bank.")
    sets: int = option(
        2, help="Sets of each order from 2 that are measured: the best by ridge regression."
    )
    max_order: int = option(4, help="Most sources of a set.")
    images: int = option(1000, help="Images that each read-out is trained on.")
    valid_images: int = option(400, help="Images that decide when training stops.")
    test_images: int = option(1000, help="Images that the losses are measured on, once.")
    short: int = option(2, help="Epochs of the short training: those of the shipped table.")
    epochs: int = option(48, help="Most epochs of the long training (the pilot's own cap).")
    patience: int = option(3, help="Epochs without improvement before a cut, or the end.")
    min_delta: float = option(
        0.005, help="Share of the validation loss by which it must fall to count as improved."
    )
    cuts: int = option(2, help="Cuts of the learning rate before training stops.")
    pruning: bool = option(
        True,
        help="Then train what pruning would stop early once more, up to there, and compare.",
    )
    batch: int = option(8, help="Images in a step.")
    learning_rate: float = option(3e-3, help="Largest learning rate.")
    seed: int = option(0, help="Seed of the read-outs.")
    threads: int = option(1, help="Threads of each training.")
    jobs: int = option(1, help="Networks that are trained at once.")
    allow_overlap: bool = option(
        False, help="Continue even if encoders were trained on validation or test buildings."
    )
    work: str = option(
        "runs/pilot", kind="output", help="Folder of representations and checkpoints."
    )


SUITE = Suite(
    name="pilot",
    question="How long do read-outs train, and does that change the ranking?",
    methods=(
        "a short training of 250 steps, as in the shipped table",
        "a long training, until the validation loss no longer falls",
        "each for all single sources, the best sets, scratch and the best constant answer",
    ),
    time="about two hours on one core with the defaults",
    writes="one record a network; curves.parquet, losses.parquet, curves.svg",
    settings=Settings,
    package="benchmarks.pilot",
    presets={
        SMOKE: {
            "targets": ("rgb2depth",),
            "sources": ("autoencoder", "edge2d", "rgb2sfnorm"),
            "sets": 1,
            "max_order": 2,
            "images": 32,
            "valid_images": 16,
            "test_images": 32,
            "short": 1,
            "epochs": 3,
            "patience": 1,
            "cuts": 0,
        },
        CPU: {},
        PAPER: {"images": 4000, "valid_images": 1000, "test_images": 4000, "max_order": 5},
    },
)
