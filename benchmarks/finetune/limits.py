"""Part ``limits``: targets far from the source, and what the source's own head forgets."""

from __future__ import annotations

from pathlib import Path

from benchmarks.finetune.forgetting import labels_of, measure_bank_forgetting, measure_forgetting
from benchmarks.finetune.freezing import START
from benchmarks.finetune.images import TargetImages, labeled_images
from benchmarks.finetune.settings import Settings
from benchmarks.finetune.sizes import SCRATCH, TUNED, recipe_of
from benchmarks.finetune.skipping import skip_missing
from benchmarks.finetune.training import measure_seeds, protocol
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.log import Log

FAR = ("digits", "textures", "tones", "depth")
"""Targets far from the rooms in color on which the bank's encoders were trained."""


def measure(settings: Settings, log: Log, out: Path) -> None:
    """Measure far targets from scratch and fine-tuned, and then the forgetting."""
    for name in FAR:
        with skip_missing(f"limits on {name}"):
            measure_far(labeled_images(name, settings), settings, log)
    with skip_missing("forgetting"):
        measure_forgetting(settings, log)
    with skip_missing("forgetting of the bank's tasks"):
        measure_bank_forgetting(settings, log)


def measure_far(target: TargetImages, settings: Settings, log: Log) -> None:
    """Measure one target, from scratch and fine-tuned from the bank's encoder."""
    n = labels_of(target)
    for method in (SCRATCH, TUNED):
        asked = {
            "part": "limits",
            **target.asked,
            "start": START,
            "bank": shipped_bank_hash(),
            "n": n,
            "method": method,
            "pixels": settings.pixels,
            **protocol(settings),
        }
        measure_seeds(log, asked, recipe_of(method, target, START, n, settings), settings)
