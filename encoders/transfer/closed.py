"""Ridge read-outs of a sweep: mean errors of every set of sources, losses of chosen sets."""

from __future__ import annotations

import functools
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from encoders.training.objective import loss_of
from encoders.transfer.candidates import Candidates, Sources, first_order, rank_sources
from encoders.transfer.data import Views, evenly, open_transfer_data
from encoders.transfer.families import Measured, batches, families, lacks_some, moments
from encoders.transfer.measure import place_of, write_measured
from encoders.transfer.ridge import (
    LAMBDAS,
    LAMBDAS_OF_IMAGES,
    Readout,
    RidgeResult,
    answer,
    calibrate,
    class_weights,
    columns_of,
    fit_readout,
    joined,
    position,
    predict,
    solve_all,
    top,
)
from encoders.transfer.settings import SweepConfig
from encoders.transfer.store import REPRESENTATIONS, Store
from taskgraph.arrays import Floats32
from taskgraph.tables import write_text

RIDGE, TIMES = "ridge", "times.json"
PROPOSED = 20
"""Number of sets of each order that the screen proposes."""

CALIBRATED = 100
"""Number of validation images on which the settings of `calibrate` are chosen."""

Say = Callable[[str], None]


def screen(
    config: SweepConfig,
    out: Path,
    *,
    workers: int = 2,
    say: Say = lambda _: None,
    use: Callable[[Measured, RidgeResult], None] | None = None,
) -> RidgeResult:
    """Solve every set of up to ``max_order`` sources for every target, family by family.

    ``ridge/FAMILY.npz`` keeps the errors, and ``ridge/times.json`` the seconds that they took. A
    finished family is read; an interrupted one continues after its last penalty.

    Parameters
    ----------
    use : function, optional
        Called with each family's moments and errors; moments are computed again if needed.
    """
    folder, results = out / RIDGE, []
    folder.mkdir(parents=True, exist_ok=True)
    masked = [
        name
        for name in config.targets
        if lacks_some(open_transfer_data(config.transfer.pool, name))
    ]
    for family in families(config.targets, masked):
        path = folder / f"{family.name}.npz"
        known = RidgeResult.load(path) if path.exists() else None
        whole = known is not None and known.done == len(known.lambdas)
        if known is None or not whole or use:
            begin = time.perf_counter()
            store = Store(out / REPRESENTATIONS)
            measured = moments(family, config.transfer.pool, store, config.sources)
            looked = time.perf_counter() - begin
            if known is None or not whole:
                known = solve_all(
                    measured.train,
                    measured.valid,
                    measured.test,
                    measured.groups,
                    measured.outputs,
                    orders=range(1, config.max_order + 1),
                    lambdas=LAMBDAS if family.form == "local" else LAMBDAS_OF_IMAGES,
                    workers=workers,
                    on_result=functools.partial(_save, path=path),
                    resume=known,
                )
                solved = time.perf_counter() - begin - looked
                count = sum(map(len, known.sets.values())) * len(family.targets)
                say(
                    f"ridge, {family.name}: moments {looked:.0f} s, {count:,} transfers "
                    f"{solved:.0f} s"
                )
                _note_times(
                    folder,
                    family.name,
                    moments_s=looked,
                    solve_s=solved,
                    transfers=count,
                    workers=workers,
                    peak_mib=peak_mib(),
                )
            if use:
                use(measured, known)
        results.append(known)
    return joined(results)


def _save(result: RidgeResult, path: Path) -> None:
    result.save(path)


def peak_mib() -> float:
    """Return the most memory that this process has held so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def _note_times(folder: Path, family: str, **values: float) -> None:
    path = folder / TIMES
    known = json.loads(path.read_text()) if path.exists() else {}
    known[family] = {name: round(value, 2) for name, value in values.items()}
    write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", path)


def proposals(
    result: RidgeResult, targets: tuple[str, ...], max_order: int, count: int = PROPOSED
) -> dict[str, list[tuple[Sources, float]]]:
    """Return each target's best sets with their validation errors, best first."""
    return {
        target: [
            (one.sources, one.error_valid)
            for order in range(2, max_order + 1)
            for one in top(result, target, count, order, exclude=_own(result, target))
        ]
        for target in targets
    }


def ranked(result: RidgeResult, target: str) -> list[str]:
    """Return a target's single sources by their validation errors, best first."""
    column = result.targets.index(target)
    errors = dict(zip(result.sources, result.error_valid[1][:, column].tolist(), strict=True))
    return rank_sources(target, errors)


def read_by_ridge(
    config: SweepConfig, out: Path, rule: Candidates, *, workers: int = 2, say: Say = lambda _: None
) -> None:
    """Measure ridge read-outs from single sources and a rule's sets on each image.

    Records and losses are written as by `encoders.transfer.measure`; a record has the entry
    ``"readout": "ridge"``.
    """

    def use(measured: Measured, result: RidgeResult) -> None:
        for target in measured.family.targets:
            order = ranked(result, target)
            chosen = [*first_order(target, config.sources), *rule(target, order, config.max_order)]
            for sources in chosen:
                if not place_of(out, target, sources).exists():
                    _measure(measured, result, out, target, sources)

    screen(config, out, workers=workers, say=say, use=use)


def _measure(
    measured: Measured, result: RidgeResult, out: Path, target: str, sources: Sources
) -> None:
    begin = time.perf_counter()
    pool, one = measured.pools[target], measured.regressands[target]
    store, weights = Store(out / REPRESENTATIONS), class_weights(pool.task, pool.constants)
    penalty = penalty_of(result, target, sources)
    readout = fit_readout(
        measured.train,
        columns_of(measured.groups, sources),
        penalty,
        outputs=measured.outputs[target],
    )
    loss = loss_of(pool.task, pool.constants)
    setting = calibrate(
        one, _predicted(measured, store, some(pool.valid), sources, readout), loss, weights=weights
    )

    def each(views: Views) -> Floats32:
        found = [
            loss(answer(one, numbers, setting, weights=weights), target_, mask).float().numpy()
            for numbers, target_, mask in _predicted(measured, store, views, sources, readout)
        ]
        return np.concatenate(found)

    test = each(pool.test)
    record: dict[str, Any] = {
        "readout": "ridge",
        "penalty": penalty,
        "setting": json.loads(json.dumps(vars(setting))),
        "parameters": int(readout.weights.size + readout.intercept.size),
        "best_epoch": None,
        "seconds": round(time.perf_counter() - begin, 2),
    }
    write_measured(out, pool, sources, each(pool.valid), test, record)


def some(views: Views) -> Views:
    """Return at most `CALIBRATED` of the images, evenly spread."""
    return replace(views, numbers=evenly(views.numbers, CALIBRATED))


def _predicted(
    measured: Measured, store: Store, views: Views, sources: Sources, readout: Readout
) -> Iterator[tuple[Floats32, Tensor, Tensor]]:
    for indices in batches(views):
        x = measured.features(store, views, indices, sources)
        _, target, mask = views.batch(indices)
        yield predict(readout, x), target, mask


def penalty_of(result: RidgeResult, target: str, sources: Sources) -> float:
    """Return the penalty that the screen chose for a set of sources and a target."""
    numbers = sorted(result.sources.index(name) for name in sources)
    row = position(numbers, len(result.sources))
    return float(result.penalty[len(sources)][row, result.targets.index(target)])


def _own(result: RidgeResult, target: str) -> tuple[str, ...]:
    return (target,) if target in result.sources else ()
