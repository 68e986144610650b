"""Settings and description of the suite ``adapt``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

DIGITS, SCENES, FROZEN, OFFICE, DENSE = "digits", "scenes", "frozen", "office", "dense"
OWN = "own"
"""The group of the user's two folders."""
SKADA, PYTORCH_ADAPT = "skada", "pytorch-adapt"
PARTS = (DIGITS, SCENES, FROZEN, OFFICE, DENSE)
METHOD_NAMES = (
    "source-only",
    "target-supervised",
    "dann",
    "adda",
    "coral",
    "mmd",
    "cdan",
    "mcc",
)
"""Methods that train networks, in the order of tables and of colors."""
LIBRARIES = (SKADA, PYTORCH_ADAPT)
"""Parts that compare with a library."""


@dataclass(frozen=True)
class Settings:
    """The pairs of domains, the methods, and how they are trained and chosen."""

    source: str | None = option(
        None, kind="folder", help="Your own source: a folder with one subfolder a class."
    )
    target: str | None = option(
        None,
        kind="folder",
        help="Your own target: a folder of pictures, or with one subfolder a class. Its labels, if "
        "any, serve the references and the reported accuracy alone.",
    )
    parts: tuple[str, ...] = option(
        PARTS,
        help="What is measured: digits, scenes (all methods), frozen (GFK and skada's methods on "
        "frozen features of all scene pairs), office (Office+Caltech-10 if you have it), dense "
        "(drawn scenes that help photographed ones on tasks with a label for each pixel); and "
        "skada or pytorch-adapt: our DANN or ADDA beside the library's on digits, with --python.",
    )
    python: str | None = option(
        None,
        kind="file",
        help="Python of an environment that has skada 0.6 with skorch, or pytorch-adapt 0.0.83, "
        "for the part of that name.",
    )
    pairs: tuple[str, ...] = option(
        (),
        help="Of digits and scenes only these pairs, each as SOURCE:TARGET, such as drawn:day. By "
        "default all but digits:mnist-5k and fonts:digits.",
    )
    further_pairs: bool = option(
        False, help="Measure digits:mnist-5k and fonts:digits as well; the preset paper does."
    )
    methods: tuple[str, ...] = option(METHOD_NAMES, help="Methods that train networks.")
    selection: str = option(
        "source",
        choices=("source", "entropy", "snd", "dev", "oracle"),
        help="Rule that chooses the weights of a training, and of your own pair the method: "
        "validation accuracy on the source, or an unsupervised validator; oracle needs labels "
        "of the target.",
    )
    start: str | None = option(
        None,
        help="Network to train on pictures, such as scratch:lenet, scratch:resnet20, "
        "bank:normals, timm:resnet18,weights=FILE or torchvision:resnet18,weights=random. By "
        "default scratch:lenet for digits, and two layers on frozen features for scenes and your "
        "own pictures.",
    )
    features: str = option(
        "bank:segmentsemantic_rb",
        help="Network whose frozen features are adapted where none is trained on pictures.",
    )
    bank: str | None = option(
        None,
        kind="folder",
        help="Folder of the bank (`taskgraph train`) that holds the networks bank:TASK and that of "
        "--dense-encoder; by default, the bank of the library.",
    )
    steps: int = option(3000, help="Training steps (ADDA takes as many in each of two stages).")
    batch: int = option(24, help="Images of each domain in a batch.")
    train: int = option(2000, help="At most so many training images of each domain.")
    val: int = option(500, help="At most so many validation images of each domain.")
    test: int = option(1000, help="At most so many test images of the target.")
    seeds: int = option(5, help="Number of seeds: training images, weights and batches.")
    rates: tuple[float, ...] = option(
        (0.003, 0.01, 0.03),
        help="Learning rates, of which each method's best on a pair that is not reported is taken, "
        "together with its strength. Where the best one is the least or the largest, another "
        "beyond it is tried, up to two times.",
    )
    data_root: str | None = option(
        None,
        kind="folder",
        help="Your folder of data sets; by default that of the variable TASKGRAPH_DATA.",
    )
    work: str = option(
        "runs/adapt/work",
        kind="output",
        help="Folder of the scenes and of cached features; they are made if missing.",
    )
    buildings: int = option(120, help="Buildings of the scenes.")
    views: int = option(30, help="Views of each building.")
    dense_tasks: tuple[str, ...] = option(
        ("rgb2depth", "rgb2sfnorm", "segmentsemantic_rb", "reshade"),
        help="Tasks of the part dense.",
    )
    dense_source: str = option("drawn", help="Domain of the synthetic scenes of the part dense.")
    dense_target: str = option("phone", help="Domain of the real scenes of the part dense.")
    dense_shares: tuple[float, ...] = option(
        (0.03, 0.2, 1.0),
        help="Shares of the real training views that have labels, in the part dense; no label at "
        "all is measured as well.",
    )
    dense_encoder: str = option(
        "autoencoder",
        help="Task of the bank whose encoder is frozen in the part dense; the default one was "
        "trained without labels.",
    )
    dense_steps: int = option(3000, help="Training steps of the part dense.")
    dense_batch: int = option(8, help="Labeled views in a batch of the part dense.")
    dense_rate: float = option(0.002, help="Learning rate (AdamW) of the part dense.")


SUITE = Suite(
    name="adapt",
    question="How much of the gap between two domains does adaptation cover?",
    methods=(
        "source-only and target-supervised references",
        "DANN, ADDA, CORAL loss, MMD, CDAN, MCC",
        "DANN beside skada's, ADDA beside pytorch-adapt's (--parts skada --python PATH)",
        "geodesic flow kernel, and skada's shallow methods, on frozen features",
        "model selection by the source, by entropy, SND and DEV, and by the oracle",
    ),
    time="about six hours on one core; --preset smoke takes seconds",
    writes="one record a training, or a pair and seed; figures, and predictions for your target",
    settings=Settings,
    package="benchmarks.adaptation",
    presets={
        SMOKE: {
            "parts": (DIGITS,),
            "pairs": ("mnist-5k:digits",),
            "methods": ("source-only", "target-supervised", "dann"),
            "steps": 12,
            "batch": 8,
            "train": 60,
            "val": 30,
            "test": 40,
            "seeds": 2,
            "rates": (0.01,),
            "buildings": 4,
            "views": 2,
            "dense_tasks": ("rgb2depth",),
            "dense_shares": (0.5, 1.0),
            "dense_steps": 10,
            "dense_batch": 4,
        },
        CPU: {},
        PAPER: {
            "steps": 10_000,
            "batch": 64,
            "seeds": 10,
            "buildings": 240,
            "views": 50,
            "test": 2000,
            "further_pairs": True,
            "dense_shares": (0.01, 0.03, 0.1, 0.3, 1.0),
            "dense_steps": 10_000,
            "dense_batch": 16,
        },
    },
)
