"""Measure ridge read-outs: mean errors for all sets of sources, losses per image for some sets."""

from __future__ import annotations

import json
import logging
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from encoders.training.objective import class_weights, loss_of
from encoders.transfer.candidates import CandidateRule, Sources, first_order_sources, rank_sources
from encoders.transfer.data import Views, evenly, open_transfer_data
from encoders.transfer.families import batches, families, lacks_some
from encoders.transfer.family_moments import Measured, moments
from encoders.transfer.records import place_of, write_measured
from encoders.transfer.ridge import (
    LAMBDAS,
    LAMBDAS_OF_IMAGES,
    Readout,
    RidgeResult,
    answer,
    apply_readout,
    calibrate,
    columns_of,
    fit_readout,
    joined,
    position,
    solve_all,
    top,
)
from encoders.transfer.settings import SweepConfig
from encoders.transfer.store import REPRESENTATIONS, Store
from taskgraph.arrays import Floats32
from taskgraph.tables import write_text

RIDGE, TIMES = "ridge", "times.json"
PROPOSED = 20
"""Default number of sets of each order that `proposals` returns."""

CALIBRATED = 100
"""Number of validation images that `calibrate` is run on."""

logger = logging.getLogger(__name__)


def screen(
    config: SweepConfig,
    out: Path,
    *,
    workers: int = 2,
    on_family: Callable[[Measured, RidgeResult], None] | None = None,
) -> RidgeResult:
    """Solve every set of up to ``max_order`` sources for every target, one family at a time.

    ``ridge/FAMILY.npz`` gets the errors, and ``ridge/times.json`` the seconds that they took. The
    results of a finished family are read. An interrupted family continues after the last penalty
    that was finished. Each solved family is logged, at level INFO.

    Parameters
    ----------
    workers : int
        Number of threads.
    on_family : function, optional
        Called with each family's moments and errors. The moments are not stored, so they are
        computed again for families that are finished.
    """
    folder, results = out / RIDGE, []
    folder.mkdir(parents=True, exist_ok=True)
    pool = config.transfer.pool
    masked = [name for name in config.targets if lacks_some(open_transfer_data(pool, name))]
    for family in families(config.targets, masked, own=pool.own):
        path = folder / f"{family.name}.npz"
        result = RidgeResult.load(path) if path.exists() else None
        if result is None or result.done < len(result.lambdas) or on_family:
            begin = time.perf_counter()
            measured = moments(family, pool, Store(out / REPRESENTATIONS), config.sources)
            seconds = time.perf_counter() - begin
            if result is None or result.done < len(result.lambdas):
                result = _solve_family(config, measured, result, path, workers, seconds)
            if on_family:
                on_family(measured, result)
        results.append(result)
    return joined(results)


def _solve_family(
    config: SweepConfig,
    measured: Measured,
    unfinished: RidgeResult | None,
    path: Path,
    workers: int,
    moments_seconds: float,
) -> RidgeResult:
    """Solve a family; write its errors to ``path`` and its seconds to a file beside it."""
    begin, family = time.perf_counter(), measured.family
    result = solve_all(
        measured.train,
        measured.valid,
        measured.test,
        measured.groups,
        measured.outputs,
        orders=range(1, config.max_order + 1),
        lambdas=LAMBDAS if family.form == "local" else LAMBDAS_OF_IMAGES,
        workers=workers,
        on_result=lambda partial: partial.save(path),
        resume=unfinished,
    )
    seconds = time.perf_counter() - begin
    transfers = sum(map(len, result.sets.values())) * len(family.targets)
    logger.info(
        "ridge, %s: moments %.0f s, %s transfers %.0f s",
        family.name,
        moments_seconds,
        f"{transfers:,}",
        seconds,
    )
    _write_times(
        path.parent / TIMES,
        family.name,
        moments_s=moments_seconds,
        solve_s=seconds,
        transfers=transfers,
        workers=workers,
        peak_mib=peak_mib(),
    )
    return result


def peak_mib() -> float:
    """Return the largest memory that this process has used so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _write_times(path: Path, family: str, **values: float) -> None:
    times = json.loads(path.read_text()) if path.exists() else {}
    times[family] = {name: round(value, 2) for name, value in values.items()}
    write_text(json.dumps(times, indent=1, sort_keys=True) + "\n", path)


def proposals(
    result: RidgeResult, targets: tuple[str, ...], max_order: int, count: int = PROPOSED
) -> dict[str, list[tuple[Sources, float]]]:
    """Return by target the ``count`` best sets of each order from 2, with validation errors."""
    return {
        target: [
            (best.sources, best.error_valid)
            for order in range(2, max_order + 1)
            for best in top(result, target, count, order, exclude=_own(result, target))
        ]
        for target in targets
    }


def ranked(result: RidgeResult, target: str) -> list[str]:
    """Return a target's single sources by their validation errors, best first."""
    column = result.targets.index(target)
    errors = dict(zip(result.sources, result.error_valid[1][:, column].tolist(), strict=True))
    return rank_sources(target, errors)


def measure_by_ridge(
    config: SweepConfig, out: Path, rule: CandidateRule, *, workers: int = 2
) -> None:
    """Measure ridge read-outs from all single sources, and from the sets that a rule proposes.

    Losses and records are written as by `encoders.transfer.measure.measure_transfer`; a record has
    the entry ``"readout": "ridge"``. Transfers that have a record are not measured again.
    """

    def measure_family(measured: Measured, result: RidgeResult) -> None:
        """Measure single sources and the proposed sets for a family's targets."""
        for target in measured.family.targets:
            sets = rule(target, ranked(result, target), config.max_order)
            for sources in [*first_order_sources(target, config.sources), *sets]:
                if not place_of(out, target, sources).exists():
                    _measure(measured, result, out, target, sources)

    screen(config, out, workers=workers, on_family=measure_family)


def _measure(
    measured: Measured, result: RidgeResult, out: Path, target: str, sources: Sources
) -> None:
    """Measure one transfer by ridge regression, and write its losses and its record."""
    begin = time.perf_counter()
    pool, regressand = measured.pools[target], measured.regressands[target]
    store, weights = Store(out / REPRESENTATIONS), class_weights(pool.task, pool.constants)
    penalty = penalty_of(result, target, sources)
    readout = fit_readout(
        measured.train,
        columns_of(measured.groups, sources),
        penalty,
        outputs=measured.outputs[target],
    )
    loss = loss_of(pool.task, pool.constants)
    examples = _predicted(measured, store, calibration_views(pool.valid), sources, readout)
    calibration = calibrate(regressand, examples, loss, weights=weights)

    def losses_on(views: Views) -> Floats32:
        """Return the losses on some views, (N,)."""
        batches = [
            loss(answer(regressand, numbers, calibration, weights=weights), truth, mask)
            for numbers, truth, mask in _predicted(measured, store, views, sources, readout)
        ]
        return np.concatenate([losses.float().numpy() for losses in batches])

    test = losses_on(pool.test)
    record: dict[str, Any] = {
        "readout": "ridge",
        "penalty": penalty,
        "setting": json.loads(json.dumps(vars(calibration))),
        "parameters": int(readout.weights.size + readout.intercept.size),
        "best_epoch": None,
        "seconds": round(time.perf_counter() - begin, 2),
    }
    write_measured(out, pool, sources, losses_on(pool.valid), test, record)


def calibration_views(views: Views) -> Views:
    """Return at most `CALIBRATED` of the images, at even distances."""
    return replace(views, numbers=evenly(views.numbers, CALIBRATED))


def _predicted(
    measured: Measured, store: Store, views: Views, sources: Sources, readout: Readout
) -> Iterator[tuple[Floats32, Tensor, Tensor]]:
    """Yield a read-out's predictions with the targets and masks, batch by batch."""
    for indices in batches(views):
        x = measured.features(store, views, indices, sources)
        _, target, mask = views.batch(indices)
        yield apply_readout(readout, x), target, mask


def penalty_of(result: RidgeResult, target: str, sources: Sources) -> float:
    """Return the penalty that the screen chose for a set of sources and a target."""
    indices = sorted(result.sources.index(name) for name in sources)
    row = position(indices, len(result.sources))
    return float(result.penalty[len(sources)][row, result.targets.index(target)])


def _own(result: RidgeResult, target: str) -> tuple[str, ...]:
    return (target,) if target in result.sources else ()
