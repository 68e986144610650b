"""The page and the figure, rendered from the records and the two tables alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.payoff.choices import RANDOM, RANDOM_SET, RULES, SOLVED
from benchmarks.payoff.choices_page import supervised_section, targets_section
from benchmarks.payoff.comparisons import differences_section, values_section, verdicts
from benchmarks.payoff.figure import figure, row_of
from benchmarks.payoff.fresh_wins import wins_section
from benchmarks.payoff.header import EXPLAINED, header
from benchmarks.payoff.newest_run import FIGURE, NewestRun, read_run
from benchmarks.payoff.transferred import transferred_gaps, transferred_section
from benchmarks.results.hashes import file_hash
from taskgraph.plot.figures import save


def draw(folder: Path) -> None:
    """Write the figure."""
    run = read_run(folder)
    save(figure(run.frame, run.summary), folder / FIGURE)


def finding(folder: Path) -> str:
    """Return one sentence with the mean gain of every rule."""
    run = read_run(folder)
    gain = {
        rule: row_of(run.summary, rule, "", "gain")["value"]
        for rule in RULES
        if ((run.summary["rule"] == rule) & run.summary["against"].isna()).any()
    }
    spent = run.frame.groupby("rule")["spent"].mean()
    said = ", ".join(f"{rule} {value:.3f} ({spent[rule]:g} labels)" for rule, value in gain.items())
    return f"Mean win rate against scratch in {run.about.metrics['buildings']} buildings: {said}."


def payoff_headline(folder: Path, table: Path) -> str:
    """Return the sentences of README on gains in fresh buildings, from records and tables.

    Parameters
    ----------
    folder : Path
        The folder of results of this suite.
    table : Path
        The shipped table. The sentences say if the run chose from another one.
    """
    run = read_run(folder)
    settings = run.about.settings["run"]
    draws = run.frame.loc[run.frame["rule"] == RANDOM_SET, "draw"].nunique()
    gaps = 100 * transferred_gaps(run.targets, SOLVED, RANDOM_SET)["gain"]
    again = (
        f"trains the read-outs again with {len(settings['seeds'])} other seeds, and tests them in "
        f"{run.about.metrics['buildings']} new buildings"
    )
    spread = f"({gaps.min():.1f} to {gaps.max():.1f} in the single draws; without an interval)"
    if fresh_wins_of(run, table) is not None:
        return (
            f"{again}: the last column, with {draws} random sets, and with 95 % intervals over "
            "these buildings and seeds. Over the targets that both solve by transfer, the "
            f"optimum's gain is {gaps.mean():.1f} points above that of the random sets' best "
            f"transfers {spread}."
        )
    gain = {
        rule: f"{100 * row_of(run.summary, rule, '', 'gain')['value']:.0f} %"
        for rule in (SOLVED, RANDOM_SET, RANDOM)
    }
    which = (
        ""
        if settings["table_sha256"] == file_hash(table)
        else f"chose from the table before this one, on the earlier task bank "
        f"`{settings['bank_hash']}`. It "
    )
    return (
        f"{which}{again}: there the taxonomy wins over scratch on {gain[SOLVED]}, against "
        f"{gain[RANDOM_SET]} for {draws} random sets of tasks with their best transfers, and "
        f"{gain[RANDOM]} with random ones (means over all targets, supervised ones included). Over "
        f"the targets that both solve by transfer, it is {gaps.mean():.1f} points above the random "
        f"sets' best transfers {spread}."
    )


def fresh_wins_of(run: NewestRun, table: Path) -> pd.DataFrame | None:
    """Return ``wins.csv`` of a run with several seeds that chose from a table; else None."""
    same = run.about.settings["run"]["table_sha256"] == file_hash(table)
    return run.wins if same and holds_seeds(run) else None


def holds_seeds(run: NewestRun) -> bool:
    """Return whether the intervals of a run hold several seeds; tables of version 0.1 do not."""
    return "both_low" in run.summary and len(run.about.settings["run"]["seeds"]) > 1


def render(folder: Path) -> str:
    """Return the whole page, from the records and tables of a folder."""
    run = read_run(folder)
    frame, summary, targets = run.frame, run.summary, run.targets
    rules = [rule for rule in RULES if (frame["rule"] == rule).any()]
    parts = [
        header(run.about, frame, targets, with_seeds=holds_seeds(run)),
        *(f"- **{rule}**: {EXPLAINED[rule]}." for rule in rules),
        *(f"- **{rule}** found no taxonomy." for rule in RULES if rule not in rules),
        "",
        *values_section(frame, summary, rules),
        "",
        f"![the measures of every choice]({FIGURE})",
        "",
        *differences_section(frame, summary, targets),
        "",
        *verdicts(frame, summary),
        "",
        *transferred_section(targets),
        *wins_section(run.wins, seeds=len(run.about.settings["run"]["seeds"])),
        *supervised_section(frame),
        "",
        *targets_section(targets),
    ]
    return "\n".join(parts) + "\n"
