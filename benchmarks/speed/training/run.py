"""Measure both methods in turns, each in a fresh process."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.results.log import open_log
from benchmarks.speed.training.measure import measured
from benchmarks.speed.training.methods import METHODS
from benchmarks.speed.training.settings import SUITE, Settings
from encoders.training.config import FitConfig


def run(settings: Settings, out: Path) -> None:
    """Measure what the records lack; in every second turn the methods change places."""
    log = open_log(out, SUITE.name, "torch", "lightning-fabric", "numpy")
    data = str(Path(settings.data).resolve())
    for repeat in range(settings.repeats):
        for method in list(METHODS)[:: 1 if repeat % 2 == 0 else -1]:
            asked = settings_of(settings, method, repeat)
            if log.has(asked, seed=FitConfig.seed):
                continue
            metrics = measured(method, replace(settings, data=data))
            log.add(asked, metrics, seed=FitConfig.seed)
            print(f"{method}: {metrics['images_per_second']:.0f} images/s", flush=True)


def settings_of(settings: Settings, method: str, repeat: int) -> dict[str, Any]:
    """Return the settings of one record; of the data's folder only its name."""
    asked = asdict(settings) | {"data": Path(settings.data).name}
    del asked["repeats"]
    return {**asked, "method": method, "repeat": repeat}
