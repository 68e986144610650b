"""Settings and description of the suite ``bias``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

CROSS, NAME, DISTANCE = "cross", "name", "distance"


@dataclass(frozen=True)
class Settings:
    """The data sets that are compared, and how."""

    sets: tuple[str, ...] = option(
        (),
        flag="--data",
        help="Data sets: names of `taskgraph bench data`, or folders with one subfolder a class. "
        "By default the five domains of our scenes, and the real digits.",
    )
    data_root: str | None = option(
        None,
        kind="folder",
        help="Your folder of data sets; by default that of the variable TASKGRAPH_DATA.",
    )
    common_classes: bool = option(
        False, help="Leave out the items of classes that not all of the sets have."
    )
    features: tuple[str, ...] = option(
        (),
        help="Features: given, pixels, ink, hog, or bank:TASK, such as bank:normals. By default "
        "pixels and hog; of a set with features, these.",
    )
    classifier: str = option(
        "logistic", choices=("logistic", "svm", "network"), help="Classifier of the features."
    )
    parts: tuple[str, ...] = option(
        (CROSS, NAME, DISTANCE),
        help="What is measured: cross (matrix, market value, negatives), name, distance.",
    )
    sizes: tuple[int, ...] = option(
        (25, 100, 400),
        help="Training samples of each set, growing; the matrix is that of the last size.",
    )
    test: int = option(200, help="Test samples of each set.")
    seeds: int = option(5, help="Number of seeds; each draws new training and test samples.")
    matrix: str | None = option(
        None,
        kind="file",
        help="Only print the margins of your own matrix: a CSV file whose first line names the "
        "sets that are tested on and whose other lines begin with the set that is trained on.",
    )
    work: str = option(
        "runs/bias/worlds", kind="output", help="Folder of the scenes; they are made if missing."
    )
    buildings: int = option(36, help="Buildings of the scenes.")
    views: int = option(30, help="Views of each building.")


SUITE = Suite(
    name="bias",
    question="How far does a classifier hold outside of its own data set?",
    methods=(
        "train-on x test-on matrix with Self, Mean others and Percent drop",
        "name that data set, with a curve over samples and a quiz",
        "market value of a sample, negative-set bias, proxy A-distance",
    ),
    time="half an hour on one core, scenes included; --preset smoke takes seconds",
    writes="one record a training set, size and seed; figures, and pictures of the quiz",
    settings=Settings,
    package="benchmarks.bias",
    printed=("matrix",),
    presets={
        SMOKE: {
            "sets": ("digits", "mnist-5k"),
            "features": ("ink",),
            "sizes": (20, 60),
            "test": 100,
            "seeds": 2,
        },
        CPU: {},
        PAPER: {
            "buildings": 100,
            "views": 50,
            "sizes": (30, 100, 300, 1000),
            "test": 500,
            "seeds": 10,
        },
    },
)
