"""Part ``longer``: training from scratch and fine-tuning again, with more steps and more rates.

Validation accuracy chooses the learning rate, at a seed that is not reported, and for every seed
the number of steps: the weights of the best evaluation are tested.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.sizes import MODELS
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import (
    SELECTION_SEED,
    Trained,
    loop_config,
    measure_seeds,
    protocol,
    train_on,
)
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log

EVALUATIONS = 10
"""Evaluations on the validation images during a training."""


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure every target, start that is trained, method and number of labels."""
    for name in settings.longer_on:
        for start in settings.starts:
            if start in settings.probed:
                continue
            with skip_missing(f"longer trainings of {start} on {name}"):
                measure_start(labeled_images(name, settings), start, settings, log)


def measure_start(target: TargetImages, start: str, settings: Settings, log: Log) -> None:
    """Measure training from scratch and fine-tuning at all numbers of labels."""
    longer = replace(settings, steps=settings.longer_steps, rates=settings.longer_rates)
    for n in target.sizes(settings.longer_sizes):
        for method in MODELS:
            asked = {
                "part": "longer",
                **target.asked,
                "start": start,
                "bank": shipped_bank_hash(),
                "n": n,
                "pixels": settings.pixels,
                "method": method,
                **protocol(longer),
                "evaluations": EVALUATIONS,
                "tuning_seed": SELECTION_SEED,
            }
            measure_seeds(
                log,
                asked,
                recipe_of(method, target, start, n, longer),
                longer,
                tuning_seed=SELECTION_SEED,
                more=chosen_steps,
            )


def recipe_of(
    method: str, target: TargetImages, start: str, n: int, settings: Settings
) -> Callable[[float, int], Trained]:
    """Return what trains a method on n labels and keeps the weights of the best evaluation."""
    every = max(1, settings.steps // EVALUATIONS)

    def recipe(rate: float, seed: int) -> Trained:
        """Train all layers at one rate."""
        model = MODELS[method](start, target.classes, seed, settings)
        config = loop_config(settings, rate, seed, evaluate_every=every, keep_best=True)
        return train_on(model, target, target.subset(n, seed), config)

    return recipe


def chosen_steps(trained: Trained, _seed: int) -> dict[str, Any]:
    """Return the number of steps after which validation accuracy was the largest."""
    return {"step": trained.history.best.step}
