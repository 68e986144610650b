"""Settings and description of the suite ``lifelong``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

CLASSES, SETS = "classes", "sets"
STREAMS, AVALANCHE = "streams", "avalanche"
SCENE_OBJECTS, SCENE_DOMAINS = "scene-objects", "scene-domains"
TRAININGS = (
    "icarl",
    "no-distillation",
    "random-replay",
    "lwf-mc",
    "fixed-representation",
    "finetuning",
    "joint",
    "linear-probe",
)


@dataclass(frozen=True)
class Settings:
    """The streams, the strategies, and how each step is trained."""

    parts: tuple[str, ...] = option(
        (STREAMS,),
        flag="--part",
        help="What is measured: streams; or avalanche, our iCaRL beside avalanche-lib's with the "
        "same data, LeNet, memory and epochs, which needs --python.",
    )
    python: str | None = option(
        None,
        kind="file",
        help="Python of an environment that has avalanche-lib 0.6, for the part avalanche.",
    )
    sets: tuple[str, ...] = option(
        ("mnist-5k",),
        flag="--data",
        help="Data sets: names of `taskgraph bench data`, folders with one subfolder a class, "
        "scene-objects (our scenes, labeled by the object of a view) or scene-domains (five "
        "domains, labeled by room type). With --protocol classes each is a stream, with "
        "--protocol sets each is a step.",
    )
    worlds: str = option(
        "runs/lifelong/scenes",
        kind="output",
        help="Folder of the scenes of scene-objects and scene-domains; missing ones are rendered.",
    )
    buildings: int = option(36, help="Buildings of these scenes.")
    views: int = option(30, help="Views of each building.")
    objects: int = option(18, help="Classes of scene-objects: the most frequent objects.")
    data_root: str | None = option(
        None,
        kind="folder",
        help="Your folder of data sets; by default that of the variable TASKGRAPH_DATA.",
    )
    protocol: str = option(
        CLASSES,
        choices=(CLASSES, SETS),
        help="What arrives: new classes of one data set, or one data set after another (domains, "
        "or your own stream).",
    )
    increment: tuple[int, ...] = option(
        (2,), help="Classes of a step: one number, or one for each data set."
    )
    base: int = option(
        0,
        help="Classes of the first step; 0: as many as of the others (B0). Half of the classes "
        "gives the protocol B50.",
    )
    strategies: tuple[str, ...] = option(
        TRAININGS, help="What is trained; icarl also gives hybrid1 and ncm."
    )
    variant: str = option(
        "paper",
        choices=("paper", "official", "modern"),
        help="Form of iCaRL: the paper's, that of its authors' code with its deviations, or "
        "softmax and temperature.",
    )
    networks: tuple[str, ...] = option(
        ("scratch:lenet",),
        help="Networks: scratch:lenet, scratch:resnet8, scratch:resnet32, bank:TASK, lite0, "
        "torchvision:MODEL or timm:MODEL.",
    )
    encoder: str = option(
        "bank:normals", help="Frozen encoder of the linear probe, such as bank:normals or lite0."
    )
    size: int = option(0, help="Side of the networks' images in pixels; 0: the networks' own.")
    memory: tuple[int, ...] = option(
        (200,), help="K, the most exemplars in all: one number, or one for each data set."
    )
    epochs: int = option(10, help="Passes over the images of a step.")
    batch: int = option(32, help="Images of a batch.")
    learning_rate: float = option(
        0.5,
        help="Learning rate at the beginning of each step; /5 after 70 and 90 % of its epochs.",
    )
    weight_decay: float = option(1e-5, help="Weight decay.")
    augment: str = option(
        "none",
        choices=("none", "crop", "crop-flip"),
        help="Augmentation of training images; the variant official always crops and flips.",
    )
    per_class: int = option(0, help="Most training images of a class; 0 for all.")
    orders: int = option(5, help="Number of class orders, each with weights of its own.")
    max_steps: int = option(0, help="Learn only the first N steps; 0 for all.")
    split: str = option(
        "test",
        choices=("val", "test"),
        help="Images that are measured on. Choose settings on val.",
    )
    work: str = option(
        "runs/lifelong/state",
        kind="output",
        help="Folder of the states from which an interrupted run resumes.",
    )


SUITE = Suite(
    name="lifelong",
    question="How much is forgotten when classes or domains arrive one by one?",
    methods=(
        "iCaRL with its five algorithms, hybrids 1 to 3, nearest class mean of all images",
        "LwF.MC, replay of random exemplars, fixed representation, fine-tuning, joint training",
        "a linear probe on a frozen encoder, often the strongest",
        "avalanche-lib's iCaRL with the same data and network (--part avalanche --python PATH)",
    ),
    time="hours on one core; --preset smoke takes ten seconds",
    writes="one record a method, order and step; figures, and contact sheets of exemplars",
    settings=Settings,
    package="benchmarks.lifelong",
    presets={
        SMOKE: {
            "sets": ("digits",),
            "size": 16,
            "memory": (40,),
            "per_class": 25,
            "epochs": 2,
            "orders": 2,
        },
        CPU: {
            "sets": ("fashion-mnist", "mnist-5k"),
            "memory": (100,),
            "per_class": 200,
            "networks": ("scratch:lenet", "scratch:resnet8"),
        },
        PAPER: {
            "sets": ("cifar-100",),
            "increment": (10,),
            "variant": "official",
            "networks": ("scratch:resnet32",),
            "memory": (2000,),
            "epochs": 70,
            "batch": 128,
            "learning_rate": 2.0,
            "orders": 10,
        },
    },
)
