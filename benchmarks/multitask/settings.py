"""Settings and description of the suite ``multitask``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

REGULARIZATION, METHODS, PAIRS = "regularization", "methods", "pairs"
PARTS = (REGULARIZATION, METHODS, PAIRS)
"""The parts of the suite, in the order in which they run."""

SCENES = "scenes"
"""Name of the set of our scenes; every other set is a name of ``taskgraph bench data``."""


@dataclass(frozen=True)
class Settings:
    """The sets, tasks and methods, and how each network is trained."""

    parts: tuple[str, ...] = option(
        PARTS, flag="--part", help=f"Parts to run, of {', '.join(PARTS)}."
    )
    sets: tuple[str, ...] = option(
        (SCENES, "mnist-5k", "orl-faces"),
        help="Sets of the first two parts: scenes, or names of `taskgraph bench data`.",
    )
    method_sets: tuple[str, ...] = option(
        (), help="Sets of the part methods, of those of --sets; by default all of them."
    )
    data: str | None = option(
        None, kind="folder", help="Folder of scenes, for the set scenes and for the part pairs."
    )
    data_root: str | None = option(
        None,
        kind="folder",
        help="Your folder of data sets; by default that of the variable TASKGRAPH_DATA.",
    )
    splits: str | None = option(
        None, kind="file", help="CSV file of the scenes' splits; by default those of `train`."
    )
    tasks: tuple[str, ...] = option(
        ("rgb2sfnorm", "rgb2depth"),
        help="Tasks that are trained together on scenes: any of the 26, the main task first.",
    )
    labels: tuple[str, ...] = option(
        (),
        help="Tasks on the other sets, the main task first, such as digit,parity,thickness; by "
        "default each set's own.",
    )
    preset: str = option(
        "tiny", flag="--network", help="Encoder and decoders on scenes: tiny, small, base or paper."
    )
    methods: tuple[str, ...] = option(
        (
            "equal",
            "uncertainty",
            "dwa",
            "gradnorm",
            "random",
            "pcgrad",
            "mgda",
            "cagrad",
            "upgrad",
        ),
        help="Weightings of losses (equal, uncertainty, dwa, gradnorm, random), and aggregators of "
        "gradients (pcgrad, mgda, cagrad, upgrad, imtlg, alignedmtl, gradvac, dualproj, config).",
    )
    images: int = option(1000, help="Largest number of training images.")
    shares: tuple[float, ...] = option(
        (0.1, 0.3, 1.0), help="Sizes of the training data, as shares of the largest number."
    )
    valid_images: int = option(200, help="Images that settings are chosen on.")
    test_images: int = option(500, help="Images that the results are measured on.")
    steps: int = option(250, help="Steps of every training, whatever the number of tasks.")
    batch: int = option(16, help="Images of a step.")
    learning_rates: tuple[float, ...] = option(
        (1e-3, 3e-3), help="Learning rates to choose from, for the main task alone."
    )
    weight_decays: tuple[float, ...] = option(
        (0.01, 0.1, 1.0), help="Weight decays to choose from, for the main task alone."
    )
    dropouts: tuple[float, ...] = option(
        (0.1, 0.3, 0.5),
        help="Shares of the representation that dropout drops, to choose from, likewise.",
    )
    tuning_seeds: int = option(
        1, help="Seeds of each training that settings are chosen by; none of them is reported."
    )
    seeds: int = option(5, help="Seeds of every reported training.")
    table: str | None = option(
        None,
        kind="file",
        help="Table of transfers with the affinities of the part pairs; by default ours.",
    )
    pairs: int = option(15, help="Pairs of tasks, equally many of each third of affinity.")
    pair_tasks: tuple[str, ...] = option(
        (), help="Tasks of which pairs are drawn; by default all that the table has both ways."
    )
    pair_images: int = option(500, help="Training images of the part pairs.")
    pair_steps: int = option(150, help="Steps of each training of the part pairs.")
    pair_valid_images: int = option(100, help="Images by which `group` chooses networks.")
    pair_test_images: int = option(200, help="Images of the test losses of the part pairs.")
    budget: float = option(
        0.0, help="Budget of `group`; 0: half of what one network for each task costs."
    )
    threads: int = option(1, help="Threads of each training.")


SUITE = Suite(
    name="multitask",
    question="Does training tasks together act as a regularizer?",
    methods=(
        "a task alone, with tuned weight decay, with tuned dropout",
        "together with other tasks, at equal capacity and steps, over three data-set sizes",
        "together with shuffled labels of the other tasks, as the control",
        "weightings: equal, uncertainty, DWA, GradNorm, random",
        "aggregators of TorchJD: PCGrad, MGDA, CAGrad, UPGrad",
        "15 pairs of tasks: transfer affinity against the gain by joint training",
    ),
    time="about three hours on one core with --preset cpu; smoke takes 10 seconds",
    writes="one record a training; groups.csv and groups_test.csv for `taskgraph group`; figures",
    settings=Settings,
    package="benchmarks.multitask",
    presets={
        SMOKE: {
            "parts": (REGULARIZATION, METHODS),
            "sets": ("mnist-5k",),
            "labels": ("digit", "parity"),
            "methods": ("equal", "uncertainty", "dwa", "gradnorm", "random", "pcgrad", "mgda"),
            "images": 64,
            "shares": (0.25, 0.5, 1.0),
            "valid_images": 50,
            "test_images": 100,
            "steps": 8,
            "batch": 8,
            "learning_rates": (1e-3,),
            "weight_decays": (0.1,),
            "dropouts": (0.3,),
            "seeds": 2,
        },
        CPU: {},
        PAPER: {
            "preset": "base",
            "images": 16_000,
            "valid_images": 1000,
            "test_images": 2000,
            "steps": 10_000,
            "batch": 32,
            "learning_rates": (3e-4, 1e-3, 3e-3),
            "weight_decays": (0.001, 0.01, 0.1, 1.0),
            "dropouts": (0.1, 0.2, 0.3, 0.5),
            "tuning_seeds": 3,
            "pair_images": 16_000,
            "pair_steps": 10_000,
            "pair_valid_images": 500,
            "pair_test_images": 1000,
        },
    },
)
