"""The page of the digits, rendered from its records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.console import console
from benchmarks.results.markdown import commit_text
from benchmarks.results.record import read_records

TEMPLATE = Path(__file__).with_name("template.md")


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = {each.settings["command"].split()[1]: each for each in read_records(folder)}
    solve, evaluate = records["solve"], records["evaluate"]
    return TEMPLATE.read_text().format(
        commit=commit_text(solve.commit),
        solve=console(solve.settings["command"], solve.metrics["printed"]),
        evaluate=f"```\n{evaluate.metrics['printed']}\n```",
    )


def found(folder: Path) -> str:
    """Return one sentence: the tasks that the optimum of budget 3 supervises, and its gain."""
    records = {each.settings["command"].split()[1]: each for each in read_records(folder)}
    lines = records["solve"].metrics["printed"].splitlines()
    names = next(line for line in lines if line.startswith("supervise: "))
    taxonomy = next(
        line
        for line in records["evaluate"].metrics["printed"].splitlines()
        if line.split()[0] == "taxonomy"
    )
    gain = taxonomy.split()[3]
    return (
        f"Of eleven tasks, a budget of 3 supervises {names.removeprefix('supervise: ')}; the mean "
        f"gain is {gain}."
    )
