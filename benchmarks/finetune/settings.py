"""Settings and description of the suite ``finetune``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.finetune.own_settings import OwnSettings
from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

PART_NAMES = (
    "layers",
    "freezing",
    "sizes",
    "longer",
    "encoders",
    "limits",
    "throughput",
    "depth",
)
"""Parts of the suite, in the order in which they run and in which the page shows them."""
DEFAULT_PARTS = PART_NAMES[:-1]
"""Parts that run unless others are named; ``depth`` takes as long as all of them."""
TARGETS = ("digits", "mnist-5k", "orl-faces", "scenes")
CURVES_ON = ("mnist-5k", "orl-faces", "scenes")
WORK = "runs/finetune-work"


@dataclass(frozen=True)
class Settings:
    """The parts that are measured, their data sets, and the size of the trainings."""

    parts: tuple[str, ...] = option(
        DEFAULT_PARTS, help="Parts to measure; see the list above. Name depth to measure it."
    )
    targets: tuple[str, ...] = option(
        TARGETS, help="Data sets of the part encoders (`taskgraph bench data`)."
    )
    curves_on: tuple[str, ...] = option(CURVES_ON, help="Data sets of the part sizes.")
    starts: tuple[str, ...] = option(
        ("bank:rgb2sfnorm", "lite0"), help="Pretrained starts of the part sizes."
    )
    seeds: int = option(5, help="Seeds of each cell: subsets, new weights and order of batches.")
    sizes: tuple[int, ...] = option((40, 80, 160, 300), help="Numbers of labeled training images.")
    tuned_sizes: tuple[int, ...] = option(
        (40, 160, 300), help="Those of the sizes at which whole networks are trained."
    )
    cases: tuple[str, ...] = option(
        ("mnist-5k halves", "scenes halves", "mnist-5k to digits"),
        help="Pairs of data sets of the part layers: NAME halves, or NAME to NAME.",
    )
    lite0_on: tuple[str, ...] = option(
        ("mnist-5k",), help="Data sets of the part layers on which Lite0 is trained."
    )
    lite0_kept: tuple[int, ...] = option(
        (4, 18), help="Numbers of layers of Lite0 that are kept and trained, of 31."
    )
    lite0_rates: tuple[float, ...] = option(
        (0.001, 0.003), help="Learning rates of Lite0 from which validation accuracy chooses."
    )
    tuned_on: tuple[str, ...] = option(("mnist-5k",), help="Data sets of the part freezing.")
    pool: int = option(500, help="Most training images of a data set; subsets are drawn of them.")
    tested: int = option(300, help="Most test images of a data set.")
    pixels: int = option(32, help="Side to which images are resized for the bank's encoders.")
    probed: tuple[str, ...] = option(
        ("lite0",), help="Starts of the part sizes that are probed only, since training takes long."
    )
    steps: int = option(40, help="Steps of each training.")
    batch: int = option(16, help="Images of a batch.")
    rates: tuple[float, ...] = option(
        (0.003, 0.01), help="Learning rates from which validation accuracy chooses."
    )
    forgotten: tuple[str, ...] = option(
        ("rgb2sfnorm", "keypoint2d", "class_places"),
        help="Tasks of the bank whose own test loss the part limits measures after fine-tuning.",
    )
    longer_on: tuple[str, ...] = option(
        ("mnist-5k", "orl-faces"), help="Data sets of the part longer."
    )
    longer_sizes: tuple[int, ...] = option(
        (40, 300), help="Numbers of labeled training images of the part longer."
    )
    longer_steps: int = option(
        400, help="Most steps of each training of the part longer; validation chooses how many."
    )
    longer_rates: tuple[float, ...] = option(
        (0.0003, 0.001, 0.003, 0.01),
        help="Learning rates of the part longer from which validation accuracy chooses.",
    )
    draws: int = option(2_000, help="Resamples of the intervals of ranks and of label multipliers.")
    depths: tuple[int, ...] = option(
        (20, 32, 44, 56), help="Layers of the residual networks of the part depth."
    )
    depth_on: str = option("mnist-5k", help="Data set of the part depth.")
    depth_pixels: int = option(16, help="Side to which images are resized in the part depth.")
    depth_sizes: tuple[int, ...] = option(
        (250, 1_000),
        help="Numbers of training images on which the first and last of the depths are trained.",
    )
    depth_pool: int = option(5_000, help="Most training images of the part depth.")
    depth_steps: int = option(800, help="Steps of each training of the part depth.")
    depth_batch: int = option(64, help="Images of a batch in the part depth.")
    data_root: str | None = option(
        None, kind="folder", help="Folder of your data sets; by default TASKGRAPH_DATA."
    )
    work: str = option(
        WORK, kind="output", help="Folder of cached features and rendered scenes; may be deleted."
    )


SUITE = Suite(
    name="finetune",
    question="What is a pretrained network worth, and how is it best used?",
    methods=(
        "layers: Yosinski's curves, accuracy over the number of layers kept, frozen or fine-tuned",
        "freezing: frozen, head faster, layer-wise rates, gradual unfreezing, L2-SP",
        "sizes: scratch, linear probe and fine-tuning over the number of labels",
        "longer: scratch and fine-tuning again, with more steps and more rates",
        "encoders: which encoder of the bank is best for which target, and what predicts it",
        "limits: targets far from the source, and what the source's own head forgets",
        "throughput: the training loop beside a plain loop of PyTorch",
        "depth: residual networks from scratch, error over depth and over training images",
    ),
    time="about 45 minutes on one idle core; --preset smoke takes 10 seconds, paper needs a GPU",
    writes="one record a cell and seed; figures",
    settings=Settings,
    package="benchmarks.finetune",
    own=OwnSettings,
    own_example=" --data my_folder --start timm:resnet18 --keep layer3 --freeze",
    presets={
        SMOKE: {
            "parts": ("sizes",),
            "curves_on": ("digits",),
            "starts": ("bank:rgb2sfnorm",),
            "seeds": 1,
            "sizes": (100,),
            "tuned_sizes": (100,),
            "tested": 100,
            "steps": 10,
            "rates": (0.003,),
        },
        CPU: {},
        PAPER: {
            "parts": PART_NAMES,
            "depth_on": "cifar-10",
            "depth_pixels": 32,
            "depth_sizes": (1_000, 2_500, 5_000, 10_000, 20_000),
            "depth_pool": 45_000,
            "depth_steps": 64_000,
            "depth_batch": 128,
            "targets": (*TARGETS, "fashion-mnist", "cifar-10"),
            "curves_on": (*TARGETS, "fashion-mnist", "cifar-10"),
            "tuned_on": CURVES_ON,
            "sizes": (50, 100, 200, 400, 1_000, 4_000, 40_000),
            "tuned_sizes": (50, 100, 200, 400, 1_000, 4_000, 40_000),
            "pool": 50_000,
            "pixels": 64,
            "probed": (),
            "lite0_on": (*TARGETS, "fashion-mnist", "cifar-10"),
            "lite0_kept": (1, 4, 8, 12, 18, 24, 31),
            "lite0_rates": (0.0001, 0.0003, 0.001, 0.003),
            "longer_on": (*TARGETS, "fashion-mnist", "cifar-10"),
            "longer_sizes": (50, 400, 4_000),
            "longer_steps": 10_000,
            "longer_rates": (0.0001, 0.0003, 0.001, 0.003, 0.01),
            "tested": 10_000,
            "steps": 2_500,
            "batch": 128,
            "rates": (0.0001, 0.0003, 0.001, 0.003, 0.01),
        },
    },
)
