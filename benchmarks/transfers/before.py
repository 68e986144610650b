"""Stability of an earlier table's sets, which the page shows beside that of the present ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.markdown import commit_text, number, table
from benchmarks.transfers.facts import BEFORE
from benchmarks.transfers.header import training_length
from benchmarks.transfers.tables import TransferTables, read_tables
from benchmarks.transfers.trust import by_unit, kinds_of, with_kinds
from taskgraph.errors import InvalidTableError
from taskgraph.tasks import split_sources


def earlier_stability(folder: Path) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the stability that earlier results of this suite hold, and what they were of.

    Parameters
    ----------
    folder : Path
        Results of ``taskgraph bench transfers`` on another table.

    Returns
    -------
    stability : DataFrame
        A row a budget and kind of resamples: ``budget, resampled, resamples, same`` as
        `benchmarks.transfers.trust.stabilities` has them, and ``supervised``, the set joined by +.
    facts : dict
        ``bank`` (its hash), ``epochs``, ``patience`` (0: none), ``of_commit``, and, where the best
        constant answer was measured, ``targets`` and ``above``, the number of targets and of those
        at which ``scratch`` beats it.

    Raises
    ------
    InvalidTableError
        If the folder has no finished run, or none with resamples.
    """
    tables = read_tables(folder)
    if "trust" not in tables:
        raise InvalidTableError(f"the earlier results have no stability: {tables.absent('trust')}")
    frame = with_kinds(tables["trust"], tables)
    sets = tables["significance"].set_index("budget")["supervised"]
    frame["supervised"] = frame["budget"].map(sets)
    fit = tables.facts.get("sweep", {}).get("fit", {})
    facts = {
        "bank": (tables.facts.get("bank") or {}).get("hash"),
        "epochs": fit.get("epochs"),
        "patience": fit.get("patience", 0),
        "of_commit": tables.facts.get("trust", tables.facts)["commit"],
    }
    if "versus_average" in tables:
        wins = tables["versus_average"]["wins"]
        facts |= {"targets": len(wins), "above": int((wins > 0.5).sum())}
    return frame[["budget", "resampled", "resamples", "same", "supervised"]], facts


def before_section(tables: TransferTables) -> str:
    """Return the section on stability before and after; "" without earlier results."""
    if "before" not in tables or "trust" not in tables:
        return ""
    earlier, now = tables["before"], with_kinds(tables["trust"], tables)
    facts = tables.facts[BEFORE]
    bank = f"bank `{facts['bank']}`" if facts.get("bank") else "a bank whose hash is not recorded"
    text = (
        f"### Before and after\n\nThe table before this one was of {bank}, with read-outs of "
        f"{_epochs(facts)} (stability of commit {commit_text(facts['of_commit'])}). "
        f"{_above(tables, facts)}"
        "Share of resamples that choose the same set, by what is drawn, and how many tasks the two "
        "sets have in common:"
    )
    first, last = kinds_of(earlier), kinds_of(now)
    heads = [
        "budget:",
        *(f"before, {by_unit(kind, tables.unit)}:" for kind in first),
        *(f"now, {by_unit(kind, tables.unit)}:" for kind in last),
        "in common:",
    ]
    sets = tables["significance"].set_index("budget")["supervised"]
    return f"{text}\n\n{table(heads, _rows(earlier, now, sets))}"


def _rows(earlier: pd.DataFrame, now: pd.DataFrame, sets: pd.Series) -> list[list[str]]:
    rows = []
    for budget in dict.fromkeys(now["budget"]):
        old, new = earlier[earlier["budget"] == budget], now[now["budget"] == budget]
        if old.empty:
            continue
        one, other = (
            {*split_sources(str(name))} for name in (old["supervised"].iloc[0], sets[budget])
        )
        shares = [number(value, 2) for value in (*old["same"], *new["same"])]
        rows.append([f"{budget:g}", *shares, f"{len(one & other)} of {len(other)}"])
    return rows


def _epochs(facts: dict[str, Any]) -> str:
    """Return for how long the earlier read-outs were trained."""
    if facts.get("epochs") is None:
        return "an unknown number of epochs"
    return training_length(facts)


def _above(tables: TransferTables, facts: dict[str, Any]) -> str:
    """Return at how many targets ``scratch`` beats the constant, before and now."""
    if "above" not in facts or "versus_average" not in tables:
        return ""
    wins = tables["versus_average"]["wins"]
    return (
        f"There, `scratch` beat the best constant answer at {facts['above']} of "
        f"{facts['targets']} targets; here it does at {int((wins > 0.5).sum())} of {len(wins)}. "
    )
