"""Settings of a training on the user's own pictures: the flags, and what identifies a record."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import option

PROTOCOL_NAMES = ("short", "cifar", "imagenet")


@dataclass(frozen=True)
class OwnSettings:
    """The user's pictures, the start, and how it is trained."""

    data: str | None = option(
        None,
        help="Your pictures: a folder with one subfolder a class, or a CSV with the columns "
        "picture and label.",
    )
    start: str = option(
        "bank:rgb2sfnorm",
        help="Starting network: lite0, bank:TASK, timm:MODEL, torchvision:MODEL or "
        "scratch:NETWORK.",
    )
    keep: str | None = option(
        None, help="Keep the start's layers up to this one, by number or name (see --layers)."
    )
    freeze: bool = option(False, help="Train new layers only; the kept ones stay as they are.")
    freeze_first: str | None = option(
        None, help="Freeze only the layers up to this one, by number or name."
    )
    weights: str | None = option(
        None,
        help="Weights of a model of timm or torchvision: a file, or random; by default the "
        "published ones, which are downloaded.",
    )
    bank: str | None = option(
        None, kind="folder", help="Folder of the bank of the start bank:TASK; by default ours."
    )
    channels: int | None = option(
        None, help="Channels of the network's input, 1 or 3; by default the start's."
    )
    size: int | None = option(
        None, help="Pixels to which pictures are resized; by default the protocol's or the start's."
    )
    hidden: tuple[int, ...] = option((), help="Widths of new hidden layers below the scores.")
    protocol: str = option(
        "short",
        choices=PROTOCOL_NAMES,
        help="How to train: short (a few hundred steps), or He et al.'s recipes for cifar (64,000 "
        "steps) or imagenet (600,000 steps, ten crops).",
    )
    steps: int | None = option(None, help="Steps of each training; by default the protocol's.")
    batch: int | None = option(None, help="Images of a batch; by default the protocol's.")
    rates: tuple[float, ...] = option(
        (), help="Learning rates from which validation accuracy chooses; by default the protocol's."
    )
    head_ratio: float | None = option(
        None, help="The head's learning rate as a multiple of the other layers'."
    )
    layer_decay: float | None = option(
        None, help="Each layer's learning rate as a multiple of the next one's, in (0, 1]."
    )
    sizes: tuple[int, ...] = option(
        (), help="Numbers of training pictures, for a curve; all of them are always used as well."
    )
    seeds: int = option(1, help="Trainings with other new weights, orders and subsets.")
    device: str = option("auto", help="Device that trains, such as cpu or cuda.")
    threads: int = option(1, help="Threads that train.")
    layers: str | None = option(
        None, help="Only list the layers of this start, with numbers, shapes and parameters."
    )
