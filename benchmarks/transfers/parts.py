"""Computation of the parts of the results; each part is written as tables and one record."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

import taskgraph as tg
from benchmarks.results.figures import write_picture
from benchmarks.transfers import buildings, figures, published, structure, trees
from benchmarks.transfers.before import earlier_stability
from benchmarks.transfers.compared import LEVELS, seed_counts, win_rates_against
from benchmarks.transfers.consistency import consistency
from benchmarks.transfers.dependence import dependence, sensitivities
from benchmarks.transfers.facts import (
    BEFORE,
    CHOICES,
    CLOSED,
    COMPARED,
    FIGURES,
    RIDGE,
    SCORES,
    SENSITIVITY,
    STRUCTURE,
    SWEEP,
    TRUST,
)
from benchmarks.transfers.finished import read_published
from benchmarks.transfers.inputs import Inputs
from benchmarks.transfers.provenance import provenance
from benchmarks.transfers.rankings import write_closed_form, write_predictors, write_ridge
from benchmarks.transfers.results_folder import ResultsCollector, copy_tables, required
from benchmarks.transfers.significance import against_random
from benchmarks.transfers.trust import against_average, stabilities
from encoders.transfer.file_names import LOSSES
from taskgraph.errors import InvalidTableError
from taskgraph.plot import draw_labels_needed, draw_sensitivity
from taskgraph.transfers import Transfers


def write_sweep(inputs: Inputs, results: ResultsCollector) -> None:
    """Copy the tables of the sweep, and collect what was measured and trained."""
    copy_tables(inputs.sweep, results)
    results.facts |= provenance(inputs.sweep, inputs.bank)


def write_choices(inputs: Inputs, results: ResultsCollector) -> None:
    """Compare the optimum with other choices at every budget, and compute its intervals."""
    sweep, settings = inputs.sweep, inputs.settings
    frame, taxonomies = against_random(
        sweep.transfers,
        inputs.budgets,
        max_order=sweep.max_order,
        draws=settings.draws,
        seed=settings.seed,
    )
    with results.optional("intervals", sweep.folder):
        losses = required(sweep.losses, sweep, LOSSES)
        own = buildings.intervals(
            losses, taxonomies, resamples=settings.resamples, seed=settings.seed
        )
        frame = frame.merge(own, on="budget", how="left")
    with results.optional("cross-fitted", sweep.folder):
        losses = required(sweep.losses, sweep, LOSSES)
        shown_at = [budget for budget in settings.shown if budget in taxonomies]
        rows = buildings.cross_fitted(
            losses, shown_at, max_order=sweep.max_order, seed=settings.seed
        )
        results.table("cross_fitted", rows)
    with results.optional("consistency", sweep.folder):
        losses = required(sweep.losses, sweep, LOSSES)
        results.table("consistency", consistency(losses))
    results.table("significance", frame)


def write_trust(inputs: Inputs, results: ResultsCollector) -> None:
    """Measure how stable the taxonomies are, and their wins over the best constant answer."""
    sweep, settings = inputs.sweep, inputs.settings
    with results.optional("trust", sweep.folder):
        losses = required(sweep.losses, sweep, LOSSES)
        tasks, budgets = stabilities(
            inputs.kinds, list(inputs.taxonomies), max_order=sweep.max_order, seed=settings.seed
        )
        resampled = next(iter(inputs.kinds.values()))
        constant = against_average(losses, inputs.taxonomies)
        budgets["against_average"] = budgets["budget"].map(constant)
        results.table("stability", tasks)
        results.table("trust", budgets)
        if len(resampled.versus_average):
            results.table("versus_average", resampled.versus_average)


def write_sensitivity(inputs: Inputs, results: ResultsCollector) -> None:
    """Measure how far the taxonomies depend on methods, objectives, sources and the sample."""
    sweep = inputs.sweep
    with results.optional(SENSITIVITY, sweep.folder):
        losses = required(sweep.losses, sweep, LOSSES)
        orders = sweep.max_order
        found = sensitivities(losses, inputs.kinds, inputs.taxonomies, max_order=orders)
        if not found:
            raise InvalidTableError("none of the budgets has a taxonomy")
        resampled = next(iter(inputs.kinds.values()))
        results.table("sensitivity", dependence(found, resampled, max_order=orders))
        drawn = next((each for each in found if each >= 5), max(found))
        picture = write_picture(draw_sensitivity(found[drawn]), results.out, "sensitivity")
        results.facts |= {"texts": {"sensitivity": picture}, "drawn": drawn}


def write_before(inputs: Inputs, results: ResultsCollector) -> None:
    """Keep the stability of an earlier table's sets."""
    with results.optional(BEFORE, inputs.before or inputs.sweep.folder):
        if inputs.before is None:
            raise InvalidTableError(
                "no earlier results were given; name their folder with --before"
            )
        frame, facts = earlier_stability(inputs.before)
        results.table("before", frame)
        results.facts |= facts


def write_compared(inputs: Inputs, results: ResultsCollector) -> None:
    """Compute win rates against other choices image by image, and the labels that levels need."""
    sweep, settings = inputs.sweep, inputs.settings
    with results.optional(COMPARED, sweep.folder):
        losses = required(sweep.losses, sweep, LOSSES)
        rates = win_rates_against(
            losses,
            sweep.transfers,
            list(inputs.taxonomies),
            max_order=sweep.max_order,
            draws=settings.draws,
            resamples=settings.resamples,
            seed=settings.seed,
        )
        needed = tg.labels_needed(
            sweep.transfers, levels=LEVELS, budgets=inputs.budgets, max_orders=[sweep.max_order]
        )
        results.table("win_rates", rates)
        results.table("labels", needed.table)
        results.facts |= {
            "seeds": seed_counts(losses),
            "full": {
                "targets": needed.targets,
                "labels": needed.full_labels,
                "cost": needed.full_cost,
                "mean": needed.full_mean,
            },
            "texts": {"labels": write_picture(draw_labels_needed(needed), results.out, "labels")},
        }


def write_figures(inputs: Inputs, results: ResultsCollector) -> None:
    """Draw the figures, with the bands of the random sets in the table of choices."""
    sweep = inputs.sweep
    results.facts["texts"] = {}
    with results.optional("figures", sweep.folder):
        orders, bands = range(1, sweep.max_order + 1), read_bands(results.out)
        frontier = figures.frontier_frame(sweep.transfers, inputs.budgets, orders, bands)
        results.table("frontier", frontier)
        drawn = figures.pictures(sweep.transfers, inputs.taxonomies, frontier)
        for stem, figure in drawn.items():
            results.facts["texts"][stem] = write_picture(figure, results.out, stem)


def read_bands(out: Path) -> pd.DataFrame:
    """Return the bands of the random sets at each budget, from the table of the choices."""
    text = pd.read_csv(out / "significance.csv", dtype=str)
    known = [name for name in ("budget", *figures.BAND) if name in text]
    return text[known].astype(float)  # from text, so that no bit is lost


def write_structure(inputs: Inputs, results: ResultsCollector) -> None:
    """Compare the sweep with the published measurements, and its tree with the paper's groups."""
    sweep, settings = inputs.sweep, inputs.settings
    many: dict[str, Any] = {"permutations": settings.permutations, "seed": settings.seed}
    compared: dict[str, Transfers] = {}
    with results.optional("published", sweep.folder):
        if inputs.published_at is None or not inputs.published_at.exists():
            raise InvalidTableError(
                "the published measurements were not given; name their folder with --published"
            )
        theirs = read_published(inputs.published_at)
        targets, summary = published.compared(sweep.transfers, theirs, **many)
        results.table("published", summary)
        results.table("published_targets", targets)
        compared |= {"published 16k": published.restricted(theirs, sweep.transfers)}
        if inputs.published_at.is_dir():
            small = read_published(inputs.published_at, "1k")
            compared["published 1k"] = published.restricted(small, sweep.transfers)
        results.table("agreement", _agreement(sweep.transfers, compared, many))
    with results.optional("structure", sweep.folder):
        shown = {"ours": sweep.transfers}
        if sweep.losses is not None:
            shown["ours, single sources alone"] = structure.of_single_sources(sweep.losses)
        frames = [
            compute(table, **many).assign(table=name)
            for name, table in (shown | compared).items()
            for compute in (trees.tree_beside_groups, structure.beside_groups)
        ]
        results.table("structure", pd.concat(frames, ignore_index=True))
        results.table("neighbors", structure.neighbors(sweep.transfers))


def _agreement(
    ours: Transfers, theirs: Mapping[str, Transfers], many: Mapping[str, Any]
) -> pd.DataFrame:
    """Return how well each two of our table and the published ones agree.

    Rows of the measures ``cophenetic`` and ``nearest`` compare trees (`trees.tree_agreement`), all
    others single sources (`published.agreement_of_tables`).
    """
    tables = {"ours": ours, **theirs}
    ranks = published.agreement_of_tables(tables, seed=many["seed"])
    compared = [
        trees.tree_agreement(tables[one], tables[other], **many).assign(one=one, other=other)
        for one, other in itertools.combinations(tables, 2)
    ]
    return pd.concat([ranks, *compared], ignore_index=True)


WRITERS: dict[str, Callable[[Inputs, ResultsCollector], None]] = {
    SWEEP: write_sweep,
    CHOICES: write_choices,
    TRUST: write_trust,
    SENSITIVITY: write_sensitivity,
    BEFORE: write_before,
    COMPARED: write_compared,
    FIGURES: write_figures,
    STRUCTURE: write_structure,
    SCORES: write_predictors,
    RIDGE: write_ridge,
    CLOSED: write_closed_form,
}
"""The function that computes each part, in the order in which a run computes them."""
