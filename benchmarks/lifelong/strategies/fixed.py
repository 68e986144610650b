"""Fixed representation: features of the first step, and outputs that stay once they are learned."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from benchmarks.data.data import TRAIN
from benchmarks.learning.batches import TensorBatch, TensorBatches
from benchmarks.learning.classifier import linear_head
from benchmarks.learning.loop import train_networks
from benchmarks.lifelong.icarl import update_representation
from benchmarks.lifelong.learner import Learner
from benchmarks.lifelong.objectives import sigmoid_loss, softmax_loss
from benchmarks.lifelong.rules import by_outputs
from benchmarks.lifelong.strategies.strategy import Strategy
from benchmarks.lifelong.streams import LearningStream, StreamStep


def learn(learner: Learner, stream: LearningStream) -> None:
    """Train everything in the first step, and later only the outputs of new classes.

    A step without new classes changes nothing.
    """
    step = stream.steps[learner.steps]
    if learner.steps == 0:
        update_representation(learner, step, distill=False)
    elif 1 + max(step.classes) > learner.seen:
        train_new_outputs(learner, step)
    learner.steps += 1


def train_new_outputs(learner: Learner, step: StreamStep) -> None:
    """Add outputs for the new classes of a step, trained on features that do not change.

    Images of known classes are left out, as in the paper, where no step has any.
    """
    known, config = learner.seen, learner.step_config()
    learner.grow(1 + max(step.classes))
    images, labels = step.parts[TRAIN]
    new = labels >= known
    features = torch.from_numpy(learner.features(images[new]))
    targets = torch.from_numpy(labels[new] - known)
    outputs = linear_head(features.shape[1], learner.seen - known, seed=config.seed)

    def loss(batch: TensorBatch, progress: float) -> Tensor:
        """Return the loss of the new outputs for a batch."""
        scores = outputs(batch[0]).float()
        if learner.variant.loss == "softmax":
            return softmax_loss(scores, batch[1], None, learner.variant.temperature)
        wanted = nn.functional.one_hot(batch[1], scores.shape[1]).to(scores.dtype)
        return sigmoid_loss(scores, wanted, learner.classes)

    batches = TensorBatches((features, targets), config.batch, config.seed)
    train_networks(outputs, loss, batches, config)
    head = learner.network.head
    assert isinstance(head, nn.Linear)
    with torch.no_grad():
        head.weight[known : learner.seen] = outputs.weight
        head.bias[known : learner.seen] = outputs.bias


FIXED = Strategy("fixed-representation", learn, {"fixed-representation": by_outputs})
"""Source: Rebuffi et al., CVPR 2017, section 4.1."""
