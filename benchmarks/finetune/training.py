"""Train a classifier on a target, and choose its learning rate."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.finetune.images import TargetImages
from benchmarks.finetune.settings import Settings
from benchmarks.learning.accuracy import top1
from benchmarks.learning.batches import TensorBatches
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.history import History
from benchmarks.learning.loop import train_networks
from benchmarks.learning.prediction import outputs, validator
from benchmarks.learning.rates import RateGroup
from benchmarks.results.log import Log
from encoders.errors import TrainingError
from taskgraph.arrays import Integers

TUNING_SEED = 0
"""The seed whose validation accuracy chooses the learning rate of a method for all seeds, in the
parts with short trainings. It is one of the reported seeds, which saves a training a cell."""
SELECTION_SEED = 100
"""The seed that chooses the learning rate where the choice is kept apart from the results."""


@dataclass(frozen=True)
class Trained:
    """A trained classifier and its accuracies.

    Attributes
    ----------
    model : torch.nn.Module
    config : LoopConfig
    validation, test : float
        Top-1 accuracy in [0, 1].
    history : History
    """

    model: nn.Module
    config: LoopConfig
    validation: float
    test: float
    history: History


TrainingRecipe = Callable[[float, int], Trained]
"""Trains one method at a learning rate with a seed."""


def loop_config(settings: Settings, rate: float, seed: int, **changes: Any) -> LoopConfig:
    """Return the configuration of a training: AdamW, warm-up, cosine schedule, clipping, float32.

    Unless ``changes`` say otherwise, only the last step is followed by an evaluation, and the last
    weights are kept.
    """
    values: dict[str, Any] = {
        "optimizer": "adamw",
        "clip": 1.0,
        "warmup": 0.1,
        "steps": settings.steps,
        "batch": settings.batch,
        "learning_rate": rate,
        "evaluate_every": settings.steps,
        "keep_best": False,
        "precision": "float32",
        "seed": seed,
    }
    return LoopConfig(**{**values, **changes})


def train_on(
    model: nn.Module,
    target: TargetImages,
    train: tuple[Tensor, Integers],
    config: LoopConfig,
    *,
    groups: Sequence[RateGroup] | None = None,
    penalty: Callable[[], Tensor] | None = None,
) -> Trained:
    """Train a model, which is changed, on some images of a target, and measure its accuracies.

    Parameters
    ----------
    model : torch.nn.Module
        From what the images of ``target`` hold, bytes or features, to scores.
    train : (tensor, array)
        Images, and their labels.
    groups : sequence of `RateGroup`, optional
        By default all parameters that are not frozen, at the configuration's rate.
    penalty : callable, optional
        Returns what is added to the cross-entropy.
    """
    batches = TensorBatches((train[0], torch.from_numpy(train[1])), config.batch, config.seed)

    def loss(batch: tuple[Tensor, Tensor], _progress: float) -> Tensor:
        """Return the mean cross-entropy, plus the penalty."""
        value = F.cross_entropy(model(batch[0]), batch[1])
        return value if penalty is None else value + penalty()

    validate = validator(model, *target.val, config)
    history = train_networks(model, loss, batches, config, groups=groups, validate=validate)
    test = top1(outputs(model, target.test[0], config), target.test[1])
    return Trained(model, config, history.best.validation, test, history)


def protocol(settings: Settings) -> dict[str, Any]:
    """Return the settings that every record of a training has."""
    names = ("steps", "batch", "rates", "pool", "tested")
    return {name: getattr(settings, name) for name in names}


def chosen_rate(
    log: Log,
    asked: Mapping[str, Any],
    recipe: TrainingRecipe,
    settings: Settings,
    *,
    seed: int = TUNING_SEED,
) -> tuple[float, Trained | None]:
    """Return a method's rate of the best validation accuracy at one seed, and its training.

    What was tried is one record with the settings ``asked`` and the split ``val``; a record that
    exists is read, and then there is no training. Of equally good rates, the smaller one is taken;
    one at which the training diverges has the accuracy NaN and is not taken.
    """
    key = {**asked, "record": "rates"}
    known = log.find(key, seed=seed, split="val")
    if known is not None:
        return float(known.metrics["rate"]), None
    start = time.perf_counter()
    tried: dict[str, float] = {}
    best: tuple[float, Trained] | None = None
    for rate in sorted(settings.rates):
        try:
            trained = recipe(rate, seed)
        except TrainingError:
            tried[f"{rate:g}"] = math.nan
            continue
        tried[f"{rate:g}"] = trained.validation
        if best is None or trained.validation > best[1].validation:
            best = rate, trained
    if best is None:
        raise TrainingError(
            f"every training of {asked.get('method')} diverged at the rates "
            f"{', '.join(tried)}; try smaller ones (--rates)"
        )
    seconds = round(time.perf_counter() - start, 3)
    metrics = {"rate": best[0], "tried": tried}
    log.add(key, metrics, seed=seed, split="val", seconds=seconds)
    return best


def measure_seeds(
    log: Log,
    asked: Mapping[str, Any],
    recipe: TrainingRecipe,
    settings: Settings,
    *,
    tuning_seed: int = TUNING_SEED,
    more: Callable[[Trained, int], Mapping[str, Any]] | None = None,
) -> None:
    """Choose a method's learning rate, and record its test accuracy for every seed.

    Parameters
    ----------
    asked : mapping
        Settings of the records, which name the part, the target and the method.
    recipe : callable
        Trains the method.
    tuning_seed : int
        The seed whose validation accuracy chooses the rate.
    more : callable, optional
        Returns further metrics of a trained model and its seed.
    """
    missing = [
        seed for seed in range(settings.seeds) if not log.has(asked, seed=seed, split="test")
    ]
    if not missing:
        return
    rate, tuned = chosen_rate(log, asked, recipe, settings, seed=tuning_seed)
    for seed in missing:
        start = time.perf_counter()
        trained = tuned if tuned is not None and seed == tuning_seed else recipe(rate, seed)
        metrics = {
            "accuracy": trained.test,
            "validation": trained.validation,
            "rate": rate,
            **(more(trained, seed) if more else {}),
        }
        seconds = round(time.perf_counter() - start, 3)
        log.add(asked, metrics, seed=seed, split="test", seconds=seconds)
