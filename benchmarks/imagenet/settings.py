"""Settings and description of the suite ``imagenet``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The data, the targets and the read-outs."""

    data: str = option(
        kind="folder", help="Folder of a data set with buildings that no encoder was trained on."
    )
    split_file: str | None = option(
        None,
        flag="--splits",
        kind="file",
        help="CSV file of splits; by default, those of the data set.",
    )
    bank: str | None = option(
        None, kind="folder", help="Folder of the bank; by default, the bank of the library."
    )
    targets: tuple[str, ...] = option(
        (
            "edge2d",
            "keypoint3d",
            "rgb2depth",
            "rgb2sfnorm",
            "class_places",
            "segmentsemantic_rb",
        ),
        help="Targets to measure.",
    )
    images: int = option(240, help="Images to fit each ridge read-out on.")
    valid_images: int = option(80, help="Images to choose its penalty on.")
    test_images: int = option(300, help="Images to measure the losses on.")
    epochs: int = option(2, help="Epochs of the reference scratch.")
    budget: int = option(5, help="Sources that may be paid for at a label cost of 1.")
    resamples: int = option(200, help="Bootstrap resamples of the test buildings.")
    seeds: tuple[str, ...] = option(
        ("0", "1", "2"),
        help="Seeds of the buildings that are trained on, of the random ResNet and of scratch.",
    )
    work: str = option(
        "runs/imagenet-work", kind="output", help="Folder of the sweeps, which may be deleted."
    )


SUITE = Suite(
    name="imagenet",
    question="Does a network trained on ImageNet join the chosen sources?",
    methods=(
        "the bank's 26 encoders",
        "a random ResNet-18",
        "EfficientNet-Lite0 trained on ImageNet",
    ),
    time="about five minutes of one core a seed",
    writes="one record a seed, and a figure",
    settings=Settings,
    package="benchmarks.imagenet",
    example=" --data world",
    presets={
        SMOKE: {
            "images": 16,
            "valid_images": 8,
            "test_images": 16,
            "epochs": 1,
            "targets": ("edge2d", "rgb2depth"),
            "seeds": ("0",),
            "resamples": 5,
        },
        CPU: {},
        PAPER: {"images": 1000, "valid_images": 400, "test_images": 3000, "epochs": 4},
    },
)
