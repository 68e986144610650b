"""The page of results, rendered from their tables and records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.markdown import wrapped
from benchmarks.transfers.before import before_section
from benchmarks.transfers.choices_page import cross_fitted, significance
from benchmarks.transfers.closed_form import closed_form
from benchmarks.transfers.compared_page import win_rates_section
from benchmarks.transfers.dependence import dependence_section
from benchmarks.transfers.ended import ends_section
from benchmarks.transfers.files_page import files, pictures
from benchmarks.transfers.header import header
from benchmarks.transfers.headline import win_finding
from benchmarks.transfers.predictors_page import predictors, ridge
from benchmarks.transfers.structure_page import consistency, published, structure
from benchmarks.transfers.tables import read_tables
from benchmarks.transfers.trials_page import trials_section
from benchmarks.transfers.trust import trust


def render(folder: Path) -> str:
    """Return the whole page, from the folder's tables and records.

    Raises
    ------
    InvalidTableError
        If the folder has none.
    """
    tables = read_tables(folder)
    sections = [
        header(tables),
        pictures(tables),
        win_rates_section(tables),
        significance(tables),
        trust(tables),
        before_section(tables),
        dependence_section(tables),
        ends_section(tables),
        cross_fitted(tables),
        consistency(tables),
        structure(tables),
        published(tables),
        trials_section(folder),
        predictors(tables),
        ridge(tables),
        closed_form(tables),
        files(folder, tables),
    ]
    return wrapped("\n\n".join(each for each in sections if each)) + "\n"


def finding(folder: Path) -> str:
    """Return one sentence: how often the optimum of one of the budgets wins over other choices.

    The gain leaves out the targets at which scratch does not beat the constant.
    """
    tables = read_tables(folder)
    frame = tables["significance"].set_index("budget")
    shown = [b for b in tables.facts["settings"]["shown"] if b in frame.index]
    budget = 5 if 5 in shown else shown[0]
    row = frame.loc[budget]
    text = (
        f"{sum(tables.facts['transfers'].values()):,} transfers to {tables.facts['targets']} "
        f"targets; at budget {budget:g} the optimum's mean gain is {row['gain']:.3f}, that of "
        f"random sets with their best transfers {row['gain_random_best']:.3f} and with random "
        f"ones {row['gain_random']:.3f}"
    )
    if "win_rates" in tables:
        text = (
            f"{sum(tables.facts['transfers'].values()):,} transfers to {tables.facts['targets']} "
            f"targets; at budget {budget:g} {win_finding(tables, budget)}"
        )
    if "trust" in tables:
        same = tables["trust"].drop_duplicates("budget").set_index("budget")["same"]
        if budget in same.index:
            text += f"; {same[budget]:.0%} of resamples choose the same set"
    return text + "."
