"""The page of the digits, rendered from its records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.console import console
from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import commit_text
from benchmarks.results.record import Record, read_records

TEMPLATE = Path(__file__).with_name("template.md")


def outputs(folder: Path) -> tuple[Record, Record]:
    """Return the records of ``taskgraph solve`` and ``taskgraph evaluate`` of the newest losses.

    Raises
    ------
    InvalidTableError
        If one of them is missing.
    """
    commands = [each for each in read_records(folder) if "command" in each.settings]
    newest = latest(commands, "losses_sha256")
    by_name = {each.settings["command"].split()[1]: each for each in newest}
    if not {"solve", "evaluate"} <= by_name.keys():
        raise not_finished(folder, "digits")
    return by_name["solve"], by_name["evaluate"]


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    solve, evaluate = outputs(folder)
    return TEMPLATE.read_text().format(
        commit=commit_text(solve.commit),
        solve=console(solve.settings["command"], solve.metrics["printed"]),
        evaluate=f"```\n{evaluate.metrics['printed']}\n```",
    )


def finding(folder: Path) -> str:
    """Return one sentence: the tasks that the optimum of budget 3 supervises, and its gain."""
    solve, evaluate = outputs(folder)
    lines = solve.metrics["printed"].splitlines()
    names = next(line for line in lines if line.startswith("supervise: "))
    taxonomy = next(
        line for line in evaluate.metrics["printed"].splitlines() if line.split()[0] == "taxonomy"
    )
    gain, transferred = taxonomy.split()[3], taxonomy.split()[5]
    return (
        f"Of eleven tasks, a budget of 3 supervises {names.removeprefix('supervise: ')}; the mean "
        f"gain is {gain} with these three counted, and {transferred} over the other targets (one "
        "seed, one split)."
    )
