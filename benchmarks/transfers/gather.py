"""The records of a run: which parts a folder lacks, and the settings that each depends on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.results.hashes import file_hash, files_hash
from benchmarks.results.log import open_log
from benchmarks.results.machine import TASKONOMY
from benchmarks.results.record import FILE
from benchmarks.transfers.facts import (
    BEFORE,
    CHOICES,
    CLOSED,
    COMPARED,
    FIGURES,
    RIDGE,
    SCORES,
    SENSITIVITY,
    SHARED,
    STRUCTURE,
    SWEEP,
    TRUST,
    newest_run,
)
from benchmarks.transfers.finished import FinishedSweep, read_finished
from benchmarks.transfers.inputs import Inputs
from benchmarks.transfers.parts import WRITERS
from benchmarks.transfers.provenance import without_places
from benchmarks.transfers.results_folder import write_part
from benchmarks.transfers.settings import (
    CHOICES_ONLY,
    COMPARED_ONLY,
    STRUCTURE_ONLY,
    SUITE,
    TRUST_ONLY,
    Settings,
)
from encoders.bank.commit import commit
from encoders.bank.jobs import MANIFEST
from encoders.transfer.closed import RIDGE as RIDGE_FOLDER
from encoders.transfer.closed import TIMES
from encoders.transfer.file_names import CONFIG, LOSSES, RECORDS, TRANSFERS

PACKAGES = ("numpy", "scipy", "pandas", "highspy")
ON_TEST = (SWEEP, CHOICES, TRUST, SENSITIVITY, COMPARED)
"""Parts that are measured on the test images alone."""

AGAIN = {
    CHOICES_ONLY: (
        (CHOICES, TRUST, SENSITIVITY, COMPARED, FIGURES),
        ("draws", "resamples", "shown", "seed"),
    ),
    TRUST_ONLY: ((TRUST, SENSITIVITY), ("shown", "seed")),
    COMPARED_ONLY: ((COMPARED,), ("draws", "resamples", "shown", "seed")),
    STRUCTURE_ONLY: ((STRUCTURE,), ("permutations", "shown", "seed")),
}
"""By flag: the parts that are computed again, and the settings that they depend on."""


def gather_results(inputs: Inputs, out: Path) -> None:
    """Compute the parts that the records in ``out`` lack, and write tables, figures and records."""
    out.mkdir(parents=True, exist_ok=True)
    log = open_log(out, SUITE.name, *PACKAGES)
    run = run_of(inputs)
    for part, write in WRITERS.items():
        asked = {"part": part, "run": run, **_own(part, inputs)}
        write_part(part, partial(write, inputs), log, asked, **_key(part, inputs.settings))


def compute_again(out: Path, settings: Settings, flag: str) -> None:
    """Compute some parts again, from the transfers and losses in ``out``; keep all others.

    The records of these parts name the commit that is checked out. So they are computed once with
    each version of the code, table and settings.

    Parameters
    ----------
    flag : str
        A key of `AGAIN`.

    Raises
    ------
    InvalidTableError
        If ``out`` has no finished run or no transfers.
    """
    run = newest_run(out)[0].settings["run"]
    log = open_log(out, SUITE.name, *PACKAGES)
    inputs = Inputs(
        read_finished(out), settings, published_at=Path(settings.published or TASKONOMY)
    )
    parts, names = AGAIN[flag]
    again = {
        "flag": flag,
        **_values(settings, names),
        "tables_sha256": files_hash(out, [out / TRANSFERS, out / LOSSES]),
        "at": commit(),
    }
    for part in parts:
        own = _own(part, inputs) if part == STRUCTURE else {}
        asked = {"part": part, "run": run, "again": again, **own}
        write_part(part, partial(WRITERS[part], inputs), log, asked, **_key(part, settings))


def run_of(inputs: Inputs) -> dict[str, Any]:
    """Return the settings that all parts of a run share.

    ``sweep_sha256`` is the hash of the tables and of the ridge screen of the sweep. Its
    representations are as its configuration ``swept`` says.
    """
    sweep = inputs.sweep
    return {
        **_values(inputs.settings, SHARED),
        "swept": None if sweep.config is None else without_places(sweep.config),
        "sweep_sha256": sweep_hash(sweep),
    }


def _values(settings: Settings, names: Iterable[str]) -> dict[str, Any]:
    """Return some settings by name; budgets are floats, however they were written."""
    values = {name: getattr(settings, name) for name in names}
    return values | {"shown": [float(budget) for budget in settings.shown]}


def sweep_hash(sweep: FinishedSweep) -> str:
    """Return the SHA-256 of the tables, the configuration and the ridge screen of a sweep."""
    folder = sweep.folder
    names = (TRANSFERS, RECORDS, LOSSES, CONFIG, f"{RIDGE_FOLDER}/{TIMES}")
    screens = sorted((folder / RIDGE_FOLDER).glob("*.npz"))
    return files_hash(folder, [*(folder / name for name in names), *screens])


def _own(part: str, inputs: Inputs) -> dict[str, Any]:
    """Return the settings that a part alone depends on."""
    if part == SWEEP:
        return {"bank_sha256": file_hash(inputs.bank / MANIFEST) if inputs.bank else None}
    if part == STRUCTURE:
        return {"published_sha256": published_hash(inputs.published_at)}
    if part == BEFORE:
        return {"before_sha256": file_hash(inputs.before / FILE) if inputs.before else None}
    if part == CLOSED:
        return {"closed_sha256": sweep_hash(inputs.closed) if inputs.closed else None}
    if part in (SCORES, RIDGE) and inputs.sweep.ridge is None and inputs.closed:
        return {"closed_sha256": sweep_hash(inputs.closed)}  # its ridge screen is used
    return {}


def published_hash(path: Path | None) -> str | None:
    """Return the hash of the published measurements, a folder or a table; None without them."""
    if path is None or not path.is_dir():
        return None if path is None else file_hash(path)
    return files_hash(path, sorted(each for each in path.rglob("*") if each.is_file()))


def _key(part: str, settings: Settings) -> dict[str, Any]:
    """Return the seed and the split of a part's record."""
    return {"seed": settings.seed, "split": "test" if part in ON_TEST else None}
