"""Hard parameter sharing: one encoder for all tasks, and one decoder a task."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from benchmarks.learning.lenet import lenet, lenet_head
from benchmarks.multitask.joint_data import JointData, SharedTask
from benchmarks.multitask.labeled_sets import LENET
from encoders.networks import EncoderDecoder, decoder, encoder


class SharedNetwork(nn.Module):
    """An encoder that all tasks share, and a decoder of each task.

    With one task it is that task's own network, so that single and joint training have the same
    capacity for each task.

    Attributes
    ----------
    encoder : torch.nn.Module
    decoders : torch.nn.ModuleDict
        By task.
    tasks : dict of SharedTask
    dropout : torch.nn.Dropout
        Applied to the numbers of the representation in training.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoders: Mapping[str, nn.Module],
        tasks: Mapping[str, SharedTask],
        dropout: float,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoders = nn.ModuleDict(dict(decoders))
        self.tasks = dict(tasks)
        self.dropout = nn.Dropout(dropout)

    def represent(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the representation of each view of a batch; those of several pictures are joined.

        Tasks with the same view share its representation, so the encoder runs once for it.
        """
        pictures = {task.view: task.pictures for task in self.tasks.values()}
        return {
            view: self.dropout(
                EncoderDecoder(self.encoder, nn.Identity(), n).represent(inputs[view])
            )
            for view, n in pictures.items()
        }

    def predict(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the prediction of each task from the representations of the views."""
        return {name: self.decoders[name](features[task.view]) for name, task in self.tasks.items()}

    def forward(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the prediction of each task for the views of a batch."""
        return self.predict(self.represent(inputs))


def shared_network(data: JointData, *, dropout: float = 0.0, seed: int = 0) -> SharedNetwork:
    """Make an untrained network for the tasks of some data.

    Parameters
    ----------
    dropout : float in [0, 1)
        Share of the representation's numbers that are dropped in training.
    seed : int
        Draws the weights. The encoder, and the decoder of a task, begin with the same weights
        whatever the other tasks are.
    """
    decoders: dict[str, nn.Module] = {}
    for name, task in data.tasks.items():
        if data.network == LENET:
            decoders[name] = lenet_head(task.output.size, seed=seed)
        else:
            generator = torch.Generator().manual_seed(seed)
            decoders[name] = decoder(data.network, task.output, task.pictures, generator=generator)
    if data.network == LENET:
        shared: nn.Module = lenet(seed=seed)
    else:
        shared = encoder(data.network, generator=torch.Generator().manual_seed(seed))
    return SharedNetwork(shared, decoders, data.tasks, dropout)
