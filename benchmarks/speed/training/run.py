"""Time epochs of both methods, each in a fresh process, and single steps."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.results.log import Log, open_log
from benchmarks.speed.training.measure import measured
from benchmarks.speed.training.methods import METHODS
from benchmarks.speed.training.settings import EPOCHS, STEPS, SUITE, Settings
from benchmarks.speed.training.step_times import record_steps
from encoders.training.config import FitConfig


def run(settings: Settings, out: Path) -> None:
    """Time the part that is asked for, as far as the records lack it."""
    log = open_log(out, SUITE.name, "torch", "lightning-fabric", "numpy")
    if settings.part != STEPS:
        time_epochs(settings, log)
    if settings.part != EPOCHS:
        record_steps(settings.rounds, log)


def time_epochs(settings: Settings, log: Log) -> None:
    """Time whole epochs; in every second turn the methods change places."""
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
    """Return the settings of one record of epochs; the data's folder is named without its path."""
    asked = asdict(settings) | {"data": Path(settings.data).name}
    for name in ("part", "repeats", "rounds"):
        del asked[name]
    return {**asked, "method": method, "repeat": repeat}
