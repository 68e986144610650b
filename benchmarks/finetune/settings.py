"""Settings and description of the suite ``finetune``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.finetune.own_settings import OwnSettings
from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

PART_NAMES = ("layers", "freezing", "sizes", "encoders", "limits", "throughput")
"""Parts of the suite, in the order in which they run and in which the page shows them."""
TARGETS = ("digits", "mnist-5k", "orl-faces", "scenes")
WORK = "runs/finetune-work"


@dataclass(frozen=True)
class Settings:
    """The parts that are measured, their data sets, and the size of the trainings."""

    parts: tuple[str, ...] = option(PART_NAMES, help="Parts to measure; see the list above.")
    targets: tuple[str, ...] = option(
        TARGETS, help="Data sets of the parts sizes and encoders (`taskgraph bench data`)."
    )
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
    tuned_on: tuple[str, ...] = option(
        ("mnist-5k", "scenes"), help="Data sets of the part freezing."
    )
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
    draws: int = option(2_000, help="Resamples of the intervals of ranks and of label multipliers.")
    data_root: str | None = option(
        None, kind="folder", help="Folder of your data sets; by default TASKGRAPH_DATA."
    )
    work: str = option(
        WORK, kind="output", help="Folder of cached features and rendered scenes; may be deleted."
    )


SUITE = Suite(
    name="finetune",
    question="What is a pretrained network worth for a new task, and how is it best used?",
    methods=(
        "layers: Yosinski's curves, accuracy over the number of layers kept, frozen or fine-tuned",
        "freezing: frozen, head faster, layer-wise rates, gradual unfreezing, L2-SP",
        "sizes: scratch, linear probe and fine-tuning over the number of labels",
        "encoders: which encoder of the bank is best for which target, and what predicts it",
        "limits: targets far from the source, and what the source's own head forgets",
        "throughput: the training loop beside a plain loop of PyTorch",
    ),
    time="about 35 minutes on one core; --preset smoke takes 10 seconds, paper needs a GPU",
    writes="one record a cell and seed; figures",
    settings=Settings,
    package="benchmarks.finetune",
    own=OwnSettings,
    own_example=" --data my_folder --start timm:resnet18 --keep layer3 --freeze",
    presets={
        SMOKE: {
            "parts": ("sizes",),
            "targets": ("digits",),
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
            "targets": (*TARGETS, "fashion-mnist", "cifar-10"),
            "sizes": (50, 100, 200, 400, 1_000, 4_000, 40_000),
            "tuned_sizes": (50, 100, 200, 400, 1_000, 4_000, 40_000),
            "pool": 50_000,
            "pixels": 64,
            "probed": (),
            "tested": 10_000,
            "steps": 2_500,
            "batch": 128,
            "rates": (0.0001, 0.0003, 0.001, 0.003, 0.01),
        },
    },
)
