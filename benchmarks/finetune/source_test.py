"""The test loss of a bank's task, with its own decoder on an encoder that was trained further."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch import nn

from benchmarks.finetune.made import unseen_buildings
from benchmarks.learning.classifier import BankLayers, Classifier
from encoders.bank.pretrained import default_bank, load, network_file
from encoders.dataset import TaskonomyDataset
from encoders.dataset.index import read_index
from encoders.dataset.splits import split_buildings
from encoders.errors import InvalidNetworkError
from encoders.losses import Loss
from encoders.networks import PRESETS, EncoderDecoder
from encoders.tasks.names import known_name
from encoders.training.checkpoint import read_config
from encoders.training.config import FitConfig
from encoders.training.loading import TensorExamples
from encoders.training.loop import losses
from encoders.training.objective import check_classes, loss_of


@dataclass(frozen=True, eq=False)
class SourceTest:
    """The task of a bank's encoder on views of buildings that the encoder has not seen.

    Attributes
    ----------
    task : str
        Name of the task, such as ``rgb2sfnorm``.
    network : EncoderDecoder
        The bank's network, frozen; its decoder is the old head.
    examples : TensorExamples
        Inputs, targets and masks of the test views.
    loss : callable
        The task's loss, a number an example; smaller is better. The unit is the task's own.
    constant : float
        The loss of the best constant answer on the test views of the bank's own training data, as
        its record has it; NaN if it has none.
    """

    task: str
    network: EncoderDecoder
    examples: TensorExamples
    loss: Loss
    constant: float


def open_source_test(
    task: str, world: Path, *, bank: Path | None = None, most: int = 300
) -> SourceTest:
    """Read a bank's network, and its task's labels on the test views of unseen buildings.

    The buildings that the library's encoders have not seen are divided into train, val and test as
    the target ``scenes`` divides them, so that fine-tuning on ``scenes`` does not see these views
    either. Targets are standardized with the constants of the bank.

    Parameters
    ----------
    task : str
        A task by any of its names.
    world : Path
        A folder that `taskgraph scenes` wrote.
    bank : Path, optional
        By default the bank that comes with the library.
    most : int
        Most views; they are evenly spaced over the test views.

    Raises
    ------
    InvalidDataError
        If the bank lacks the task, or the folder lacks labels or unseen buildings.
    UnknownNameError
        If there is no task of that name.
    """
    name = known_name(task)
    folder = default_bank() if bank is None else bank
    file = network_file(folder, name)
    record = read_config(file)
    index = read_index(world)
    divided = split_buildings(unseen_buildings(world, index.buildings))
    data = TaskonomyDataset(
        world,
        [name],
        "test",
        size=int(record.get("size", PRESETS[record["preset"]].size)),
        splits=divided,
        cache=False,
        constants={name: record["constants"]},
        progress=False,
    )
    check_classes(data.tasks[name], record, file)
    count = min(most, len(data))
    numbers = np.unique(np.linspace(0, len(data) - 1, count).round().astype(int))
    return SourceTest(
        name,
        load(name, folder),
        TensorExamples(*data.batch(name, numbers)),
        loss_of(data.tasks[name], record["constants"]),
        float((record.get("test_loss") or {}).get("average", np.nan)),
    )


def source_loss(test: SourceTest, encoder: nn.Module | None = None) -> float:
    """Return the mean test loss of the task with its old decoder; smaller is better.

    Parameters
    ----------
    test : SourceTest
    encoder : module, optional
        The encoder in place of the bank's own, such as `encoder_of` a fine-tuned classifier; by
        default the bank's own.

    Returns
    -------
    float
        Examples without valid labels do not count. The unit is that of the task's loss.
    """
    whole = test.network
    model = EncoderDecoder(encoder or whole.encoder, whole.decoder, whole.inputs)
    training = model.encoder.training
    config = FitConfig(precision="32-true", accelerator="cpu")
    values = losses(config.fabric(), model, test.loss, test.examples, config)
    model.eval()
    model.encoder.train(training)
    return float(np.nanmean(values))


def encoder_of(model: Classifier) -> nn.Module:
    """Return the encoder of a classifier that was made of all layers of a bank's encoder.

    Raises
    ------
    InvalidNetworkError
        If its layers are not a whole encoder of a bank.
    """
    layers = model.backbone.layers
    if not isinstance(layers, BankLayers):
        raise InvalidNetworkError(
            f"the classifier's layers are {type(layers).__name__}, expected a whole encoder of a "
            "bank (a start bank:TASK without keep), which the old decoder fits"
        )
    return layers.encoder
