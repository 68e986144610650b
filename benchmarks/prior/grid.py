"""Restore photographs: the prior with its curves, and the baselines with their strengths."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.prior.baselines import BASELINES
from benchmarks.prior.curves import add_curve
from benchmarks.prior.fit_settings import PUBLISHED, SMALL, FitSettings
from benchmarks.prior.fitting import fastest, fit_prior
from benchmarks.prior.kept import keep
from benchmarks.prior.observations import Observation, Photograph, degraded
from benchmarks.prior.photographs import VALIDATION, photograph
from benchmarks.prior.quality import compared, psnr, ssim
from benchmarks.prior.settings import Settings
from benchmarks.prior.tracking import track
from benchmarks.results.log import Log
from benchmarks.results.record import Record, read_records
from taskgraph.errors import InvalidTableError

PRIOR, PUBLISHED_PRIOR = "prior", "published prior"


def validate(settings: Settings, log: Log) -> None:
    """Measure the prior and all strengths of the baselines on the photographs of validation."""
    for task in settings.tasks:
        for photo in VALIDATION:
            _prior(settings, log, "validation", task, photo, 0, SMALL[task])
            for method, (_, strengths) in BASELINES[task].items():
                for strength in strengths:
                    _baseline(settings, log, "validation", task, photo, method, strength, 0)


def restore_grid(settings: Settings, log: Log) -> None:
    """Measure the prior and the baselines on the photographs to report, seed by seed."""
    strengths = {
        (task, method): chosen_strength(log.folder, task, method, settings.size)
        for task in settings.tasks
        for method in BASELINES[task]
    }
    for seed in range(settings.seeds):
        for photo in settings.photos:
            for task in settings.tasks:
                _prior(settings, log, "grid", task, photo, seed, SMALL[task])
                for method in BASELINES[task]:
                    strength = strengths[task, method]
                    _baseline(settings, log, "grid", task, photo, method, strength, seed)


def restore_published(settings: Settings, log: Log) -> None:
    """Measure the published networks on the first photograph, with seed 0."""
    for task in settings.tasks:
        fit_settings = replace(PUBLISHED[task], iterations=settings.published_iterations)
        photo = settings.photos[0]
        _prior(settings, log, "published", task, photo, 0, fit_settings, method=PUBLISHED_PRIOR)


def chosen_strength(folder: Path, task: str, method: str, size: int) -> float:
    """Return the strength with the best mean PSNR on the photographs of validation.

    Raises
    ------
    InvalidTableError
        If the records have none of them.
    """
    values: dict[float, list[float]] = {}
    for record in _validated(folder, task, method, size):
        values.setdefault(record.settings["strength"], []).append(record.metrics["psnr"])
    if not values:
        raise InvalidTableError(
            f"{folder} has no strength of {method} for {task} at {size} pixels; run "
            "`taskgraph bench prior --part validation` with the same --size first"
        )
    return max(values, key=lambda strength: np.mean(values[strength]))


def _validated(folder: Path, task: str, method: str, size: int) -> list[Record]:
    wanted = {"part": "validation", "task": task, "method": method, "size": size}
    return [
        each
        for each in read_records(folder)
        if all(each.settings.get(name) == value for name, value in wanted.items())
    ]


def _prior(
    settings: Settings,
    log: Log,
    part: str,
    task: str,
    photo: str,
    seed: int,
    fit_settings: FitSettings,
    method: str = PRIOR,
) -> None:
    """Measure one fit unless the records have it."""
    if method == PRIOR:
        fit_settings = replace(fit_settings, iterations=settings.iterations)
    asked: dict[str, Any] = {
        "part": part,
        "task": task,
        "photo": photo,
        "method": method,
        "size": settings.size,
        "iterations": fit_settings.iterations,
    }
    if log.has(asked, seed=seed):
        return
    start, truth = time.perf_counter(), photograph(photo, settings.size)
    observation = degraded(task, truth, seed)
    arithmetic = settings.arithmetic
    if arithmetic == "fastest":
        arithmetic = fastest(observation, fit_settings)
    iterates = fit_prior(observation, fit_settings, seed=seed, arithmetic=arithmetic)
    fitted = track(iterates, task, observation, truth)
    add_curve(log.folder, {**asked, "seed": seed}, fitted.curve)
    if part != "validation" and seed == 0:
        keep(log.folder, f"{task}-{photo}-{method}", fitted.picture)
    seconds = round(time.perf_counter() - start, 2)
    log.add(asked, {**fitted.metrics, "arithmetic": arithmetic}, seed=seed, seconds=seconds)
    print(f"{part}: {task} {photo} seed {seed}: {fitted.metrics['psnr']:.2f} dB", flush=True)


def _baseline(
    settings: Settings,
    log: Log,
    part: str,
    task: str,
    photo: str,
    method: str,
    strength: float,
    seed: int,
) -> None:
    """Measure one baseline with one strength unless the records have it."""
    asked: dict[str, Any] = {
        "part": part,
        "task": task,
        "photo": photo,
        "method": method,
        "size": settings.size,
        "strength": strength,
    }
    if log.has(asked, seed=seed):
        return
    truth = photograph(photo, settings.size)
    observation = degraded(task, truth, seed)
    start = time.perf_counter()
    picture = np.clip(BASELINES[task][method][0](observation, strength), 0, 1)
    seconds = round(time.perf_counter() - start, 3)
    pair = compared(task, picture), compared(task, truth)
    log.add(asked, {"psnr": psnr(*pair), "ssim": ssim(*pair)}, seed=seed, seconds=seconds)
    if part != "validation" and seed == 0:
        keep(log.folder, f"{task}-{photo}-{method}", picture)
        keep(log.folder, f"{task}-{photo}-truth", truth)
        keep(log.folder, f"{task}-{photo}-observed", shown(observation))


def shown(observation: Observation) -> Photograph:
    """Return the observation as a picture of full size; each value of a smaller one is a square."""
    factor = observation.shape[1] // observation.values.shape[1]
    return observation.values.repeat(factor, axis=1).repeat(factor, axis=2)
