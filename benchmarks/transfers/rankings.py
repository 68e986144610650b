"""Computation of the parts on rankings without training."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.transfers import predictors, scoring
from benchmarks.transfers.closed_form import chosen_in_closed_form
from benchmarks.transfers.finished import FinishedSweep
from benchmarks.transfers.inputs import Inputs
from benchmarks.transfers.results_folder import ResultsCollector, required
from benchmarks.transfers.settings import Settings
from encoders.transfer.file_names import RECORDS
from taskgraph.errors import InvalidTableError


def write_predictors(inputs: Inputs, results: ResultsCollector) -> None:
    """Write how well rankings without training agree with the trained ones, and the scores."""
    sweep = inputs.sweep
    with results.optional("predictors", sweep.folder):
        measured = predictors.trained(required(sweep.records, sweep, RECORDS), sweep.transfers)
        known: dict[str, predictors.Prediction] = {}
        with results.optional("ridge ranking", sweep.folder):
            screened = screened_sweep(inputs)
            ridge = required(screened.ridge, screened, "ridge")
            known["ridge screen"] = predictors.from_ridge(ridge, measured)
        with results.optional("scores", sweep.folder):
            scores = _scores(sweep, measured, inputs.settings)
            known |= predictors.from_scores(scores.to_frame())
            results.table("scores", scores.to_frame())
            results.facts |= {
                "seconds": scores.seconds,
                "examples": scores.examples,
                "places": scoring.PLACES,
                "alike": scoring.ALIKE,
            }
        known |= predictors.baselines(measured)
        summary, targets = predictors.predicted(measured, known)
        results.table("predictors", summary)
        results.table("predictors_targets", targets)


def _scores(sweep: FinishedSweep, measured: pd.DataFrame, settings: Settings) -> scoring.Scores:
    single = measured[measured["order"] == 1]
    return scoring.scored(
        sweep.pool(),
        sweep.store(),
        sources=sorted(single["sources"].unique()),
        targets=sorted(single["target"].unique()),
        seed=settings.seed,
    )


def write_ridge(inputs: Inputs, results: ResultsCollector) -> None:
    """Collect the times of the ridge screen."""
    with results.optional("ridge", inputs.sweep.folder):
        results.facts |= ridge_times(screened_sweep(inputs)) | trained_times(inputs.sweep)


def write_closed_form(inputs: Inputs, results: ResultsCollector) -> None:
    """Write how good the sets are that the table of closed-form read-outs chooses."""
    sweep, closed = inputs.sweep, inputs.closed
    with results.optional("closed form", sweep.folder):
        if closed is None:
            raise InvalidTableError("no sweep in closed form was given; name one with --closed")
        check_same_bank(sweep, closed)
        rows = chosen_in_closed_form(
            closed.transfers, sweep.transfers, inputs.taxonomies, max_order=sweep.max_order
        )
        runs, trained = (required(each.records, each, RECORDS) for each in (closed, sweep))
        tests = runs[runs["readout"] == "ridge"]
        trained = trained[trained["order"] >= 1].drop_duplicates(["target", "sources"])  # one seed
        screen = ridge_times(closed)
        results.facts |= {
            "screen_s": screen["seconds"],
            "workers": max(int(each["workers"]) for each in screen["families"].values()),
            "tests_s": float(tests["seconds"].sum()),
            "tested": len(tests),
            "trained_s": float(trained["seconds"].sum()),
        }
        results.table("closed_form", rows)


def screened_sweep(inputs: Inputs) -> FinishedSweep:
    """Return the sweep that has a ridge screen: the sweep itself, or else that of ``--closed``.

    Raises
    ------
    InvalidTableError
        If the latter was measured with other encoders.
    """
    sweep, closed = inputs.sweep, inputs.closed
    if sweep.ridge is not None or closed is None:
        return sweep
    check_same_bank(sweep, closed)
    return closed


def check_same_bank(sweep: FinishedSweep, closed: FinishedSweep) -> None:
    """Raise `InvalidTableError` if two sweeps were measured with different encoders."""
    banks = [(each.config or {}).get("bank") for each in (sweep, closed)]
    if None not in banks and banks[0] != banks[1]:
        raise InvalidTableError(
            "the sweep in closed form was measured with other encoders; make it with this bank"
        )


def ridge_times(sweep: FinishedSweep) -> dict[str, Any]:
    """Return the wall time of the ridge screen of a sweep.

    Raises
    ------
    InvalidTableError
        If the sweep has no times of the screen.
    """
    times = required(sweep.times, sweep, "ridge/times.json")
    wall = sum(each["moments_s"] + each["solve_s"] for each in times.values())
    count = sum(int(each["transfers"]) for each in times.values())
    return {
        "families": times,
        "seconds": wall,
        "transfers": count,
        "each": wall / count if count else float("nan"),
    }


def trained_times(sweep: FinishedSweep) -> dict[str, Any]:
    """Return the number of trained read-outs and their median time; nothing without any."""
    if sweep.records is None:
        return {}
    runs = sweep.records[sweep.records["order"] >= 1]
    if "readout" in runs:
        runs = runs[runs["readout"] == "trained"]
    if runs.empty:
        return {}
    return {"trained": len(runs), "trained_median": float(runs["seconds"].median())}
