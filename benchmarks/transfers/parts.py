"""Computation of the parts of the results; each part is written as a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.figures import write_picture
from benchmarks.results.machine import machine
from benchmarks.transfers import buildings, figures, published, structure
from benchmarks.transfers.consistency import consistency
from benchmarks.transfers.facts import CHOICES, read_facts
from benchmarks.transfers.finished import FinishedSweep, read_finished, read_published
from benchmarks.transfers.provenance import PACKAGES, provenance
from benchmarks.transfers.rankings import ridge_times, write_closed_form, write_predictors
from benchmarks.transfers.results_folder import Results, copy_tables, needed
from benchmarks.transfers.settings import SIZES, Settings
from benchmarks.transfers.significance import against_random
from benchmarks.transfers.tables import NAMES
from benchmarks.transfers.trust import RESAMPLES, against_average, stabilities
from encoders.bank.commit import commit
from encoders.transfer.gather import LOSSES
from taskgraph.affinity import affinities
from taskgraph.errors import InvalidTableError
from taskgraph.solver import solve
from taskgraph.taxonomy import Taxonomy


def gather_results(
    sweep: FinishedSweep,
    out: Path,
    *,
    published_at: Path | None,
    bank: Path | None,
    settings: Settings,
    closed: FinishedSweep | None = None,
) -> None:
    """Compute and write all tables, figures and records.

    Parts: ``significance``, ``intervals``, ``cross-fitted``, ``consistency``, ``figures``,
    ``structure``, ``published``, ``predictors``, ``ridge``, ``closed form``.

    Parameters
    ----------
    closed : FinishedSweep, optional
        The same sweep with ``--readout ridge``.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (out / f"{name}.csv").unlink(missing_ok=True)
    results = Results(out)
    results.facts |= provenance(sweep, bank) | {
        "settings": {name: getattr(settings, name) for name in SIZES}
    }
    copy_tables(sweep, out, results)
    random, taxonomies = _significance(results, sweep, settings)
    kept = _shown(taxonomies, settings)
    _trust(results, sweep, kept, settings)
    _figures(results, sweep, random, kept)
    _structure(results, sweep, published_at, settings)
    write_predictors(results, sweep, settings)
    with results.part("ridge", sweep.folder):
        results.facts["ridge"] = ridge_times(sweep)
    write_closed_form(results, sweep, closed, kept)
    results.close()


CHOSEN = ("intervals", "cross-fitted", "consistency", "figures", "trust")
"""Parts that are computed from the transfers and losses in the folder of results."""


def choose_again(out: Path, settings: Settings) -> None:
    """Compute the parts of `CHOSEN` again, from the transfers and losses in ``out``.

    All other parts are kept, and the sweep is not needed.

    Raises
    ------
    InvalidTableError
        If ``out`` has no records or no transfers.
    """
    facts = read_facts(out)
    results = Results(out, {**facts, "figures": {}})
    results.facts["missing"] = {k: v for k, v in facts["missing"].items() if k not in CHOSEN}
    kept = {name: getattr(settings, name) for name in ("draws", "resamples", "seed", "shown")}
    results.facts["settings"] = {**facts["settings"], **kept}
    results.facts[CHOICES] = {"versions": machine(*PACKAGES), "commit": commit()}
    sweep = read_finished(out)
    random, taxonomies = _significance(results, sweep, settings)
    shown_ones = _shown(taxonomies, settings)
    _trust(results, sweep, shown_ones, settings)
    _figures(results, sweep, random, shown_ones)
    results.close()


def trust_again(out: Path, settings: Settings) -> None:
    """Compute stability and wins over the best constant answer again, from the losses in ``out``.

    Raises
    ------
    InvalidTableError
        If ``out`` has no records or no transfers.
    """
    facts = read_facts(out)
    results = Results(out, facts)
    results.facts["missing"].pop("trust", None)
    results.facts["trust"] = {"commit": commit()}
    sweep = read_finished(out)
    solved = {
        budget: solve(sweep.transfers, budget=budget, max_order=sweep.max_order)
        for budget in settings.shown
    }
    _trust(results, sweep, solved, settings)
    results.close()


def _shown(taxonomies: dict[float, Taxonomy], settings: Settings) -> dict[float, Taxonomy]:
    """Return the taxonomies of the budgets that figures and tables show."""
    return {budget: taxonomies[budget] for budget in settings.shown if budget in taxonomies}


def _significance(
    results: Results, sweep: FinishedSweep, settings: Settings
) -> tuple[pd.DataFrame, dict[float, Taxonomy]]:
    """Compare the optimum with other choices at every budget, and compute its intervals."""
    budgets = [float(count + 1) for count in range(len(sweep.transfers.sources))]
    frame, taxonomies = against_random(
        sweep.transfers,
        budgets,
        max_order=sweep.max_order,
        draws=settings.draws,
        seed=settings.seed,
    )
    with results.part("intervals", sweep.folder):
        losses = needed(sweep.losses, sweep, LOSSES)
        own = buildings.intervals(
            losses, taxonomies, resamples=settings.resamples, seed=settings.seed
        )
        frame = frame.merge(own, on="budget", how="left")
    with results.part("cross-fitted", sweep.folder):
        losses = needed(sweep.losses, sweep, LOSSES)
        shown_at = [budget for budget in settings.shown if budget in taxonomies]
        found = buildings.cross_fitted(
            losses, shown_at, max_order=sweep.max_order, seed=settings.seed
        )
        results.table("cross_fitted", found)
    with results.part("consistency", sweep.folder):
        losses = needed(sweep.losses, sweep, LOSSES)
        results.table("consistency", consistency(losses))
    results.table("significance", frame)
    return frame, taxonomies


def _trust(
    results: Results, sweep: FinishedSweep, kept: dict[float, Taxonomy], settings: Settings
) -> None:
    """Measure how stable the taxonomies are, and their wins over the best constant answer."""
    with results.part("trust", sweep.folder):
        losses = needed(sweep.losses, sweep, LOSSES)
        found = affinities(losses, bootstrap=RESAMPLES, seed=settings.seed)
        tasks, budgets = stabilities(
            found, list(kept), max_order=sweep.max_order, seed=settings.seed
        )
        budgets["against_average"] = budgets["budget"].map(against_average(losses, kept))
        results.table("stability", tasks)
        results.table("trust", budgets)
        if len(found.versus_average):
            results.table("versus_average", found.versus_average)


def _figures(
    results: Results, sweep: FinishedSweep, random: pd.DataFrame, kept: dict[float, Taxonomy]
) -> None:
    with results.part("figures", sweep.folder):
        orders = range(1, sweep.max_order + 1)
        frontier = figures.frontier_frame(sweep.transfers, random["budget"], orders, random)
        results.table("frontier", frontier)
        for stem, figure in figures.pictures(sweep.transfers, kept, frontier).items():
            results.facts["figures"][stem] = write_picture(figure, results.out, stem)


def _structure(
    results: Results, sweep: FinishedSweep, published_at: Path | None, settings: Settings
) -> None:
    many: dict[str, Any] = {"permutations": settings.permutations, "seed": settings.seed}
    theirs = None
    with results.part("published", sweep.folder):
        if published_at is None or not published_at.exists():
            raise InvalidTableError(
                "the published measurements were not given; name their folder with --published"
            )
        theirs = read_published(published_at)
        targets, summary = published.compared(sweep.transfers, theirs, **many)
        results.table("published", summary)
        results.table("published_targets", targets)
    with results.part("structure", sweep.folder):
        compared = {"ours": sweep.transfers}
        if sweep.losses is not None:
            compared["ours, single sources alone"] = structure.of_single_sources(sweep.losses)
        if theirs is not None:
            compared["published 16k"] = published.restricted(theirs, sweep.transfers)
        frames = [
            structure.beside_groups(table, **many).assign(table=name)
            for name, table in compared.items()
        ]
        results.table("structure", pd.concat(frames, ignore_index=True))
        results.table("neighbours", structure.neighbors(sweep.transfers))
