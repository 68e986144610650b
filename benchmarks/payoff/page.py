"""The page and the figure, made of the records and the two tables alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.payoff.choices import (
    GREEDY,
    RANDOM,
    RANDOM_SET,
    RULES,
    SINGLE,
    SOLVED,
    SOLVED_AT_SINGLE,
)
from benchmarks.payoff.figure import SHOWN, figure, row_of
from benchmarks.payoff.measures import COMPARED, MEASURES, SMALLER_IS_BETTER
from benchmarks.results.frame import to_frame
from benchmarks.results.markdown import commit_text, filled
from benchmarks.results.record import Record, read_records
from taskgraph.errors import InvalidTableError
from taskgraph.plot.figures import save
from taskgraph.tasks import parse_sources

FIGURE, SUMMARY, TARGETS = "payoff.svg", "summary.csv", "targets.csv"
RUN, CHOICE = "run", "choice"
"""Parts of the records: the first of a run tells what was asked for."""
EXPLAINED = {
    SOLVED: "the proven optimum, `taskgraph solve`",
    GREEDY: "sources added one by one, each the one that helps most, then the best transfers",
    SINGLE: "every target names its best single source, and all of these are supervised, "
    "whatever that costs; the targets among them are solved by their own networks",
    SOLVED_AT_SINGLE: "the proven optimum within what best single spends",
    RANDOM_SET: "random supervised tasks, with the best transfers that the table has for them",
    RANDOM: "the same supervised tasks, with transfers drawn evenly from all that they allow",
}
WHAT = """For a budget of {budget:g} label sets{excluded}, each rule below chose, from the table of
transfers alone, which tasks to supervise and one transfer of order at most {max_order} for every
other target. Then all of it was trained: a supervised target is solved by the bank's own network
(its labels are the budget); every other target's read-out was trained anew on the transfer data
({train} images, selected on {valid} more, {epochs} epochs{less}), with the seeds {seeds} instead
of the table's {own_seed}, and tested on {images} images of {buildings} fresh buildings."""
HEADER = """# Does the solved taxonomy pay?

`{command}`

{what}

{checked}

Selection: nothing was chosen on the fresh images; a read-out's epoch is the best on validation
images of other buildings. {trained} networks were trained, each (target, sources, seed) once, in
{hours:.2f} hours in sum over jobs, on {cores} cores ({platform}; Python {python}, torch {torch};
commit {commit}).

- Quality and gain: mean over the {targets} targets of the share of images on which the loss is
  lower than that of the target's own supervised network, and of a network trained from scratch on
  the transfer data with the same seed. Larger is better. In every rule a supervised target is
  solved by its own network; it ties with itself, so its quality is 0.5.
- Loss / loss of self: mean loss over that of the target's own network, geometric mean over
  targets. Smaller is better.
- Values are means over {seed_count} seeds; in parentheses the range over single seeds, in brackets
  95 % intervals from {resamples} resamples of the fresh buildings, the same for all rules, so that
  differences are paired. Rows of random rules are means over their n draws, with the range over
  single draws below them. The intervals are over buildings alone, not over seeds and draws.
"""


@dataclass(frozen=True, eq=False)
class Run:
    """The last run of a folder.

    Attributes
    ----------
    about : Record
        What was asked for, and the facts of the run.
    frame : DataFrame
        One row a choice and seed, as `payoff_table` returns them.
    summary, targets : DataFrame
        ``summary.csv`` and ``targets.csv``.
    """

    about: Record
    frame: pd.DataFrame
    summary: pd.DataFrame
    targets: pd.DataFrame


def read_run(folder: Path) -> Run:
    """Return the last run of a folder of results.

    Raises
    ------
    InvalidTableError
        If the folder has none.
    """
    records = read_records(folder)
    starts = [place for place, each in enumerate(records) if each.settings["part"] == RUN]
    if not starts:
        raise InvalidTableError(f"{folder} has no records of a run; `taskgraph bench payoff` adds")
    about, *choices = records[starts[-1] :]
    tables = (pd.read_csv(folder / name) for name in (SUMMARY, TARGETS))
    return Run(about, to_frame(choices), *tables)


def draw(folder: Path) -> None:
    """Draw the figure."""
    run = read_run(folder)
    save(figure(run.frame, run.summary), folder / FIGURE)


def found(folder: Path) -> str:
    """Return the solved taxonomy's gain beside those of the other rules."""
    run = read_run(folder)
    gain = {
        rule: row_of(run.summary, rule, "", "gain")["value"]
        for rule in RULES
        if ((run.summary["rule"] == rule) & run.summary["against"].isna()).any()
    }
    spent = run.frame.groupby("rule")["spent"].mean()
    said = ", ".join(f"{rule} {value:.3f} ({spent[rule]:g} labels)" for rule, value in gain.items())
    return f"Mean win rate against scratch in {run.about.metrics['buildings']} buildings: {said}."


def render(folder: Path) -> str:
    """Return the whole page, from the records and tables of a folder."""
    run = read_run(folder)
    frame, summary, targets = run.frame, run.summary, run.targets
    rules = [rule for rule in RULES if (frame["rule"] == rule).any()]
    parts = [
        _header(run.about, frame),
        *(f"- **{rule}**: {EXPLAINED[rule]}." for rule in rules),
        *(f"- **{rule}** found no taxonomy." for rule in RULES if rule not in rules),
        "",
        *_values(frame, summary, rules),
        "",
        f"![the measures of every choice]({FIGURE})",
        "",
        *_differences(frame, summary, targets),
        "",
        *_verdicts(frame, summary),
        "",
        *_supervised(frame),
        "",
        *_targets(targets),
    ]
    return "\n".join(parts) + "\n"


def _header(about: Record, frame: pd.DataFrame) -> str:
    settings, metrics = about.settings, about.metrics
    pool, fit = settings["transfer"]["pool"], settings["transfer"]["fit"]
    versions = about.versions or {}
    what = WHAT.format(
        budget=settings["budget"],
        excluded=f", without {', '.join(settings['exclude'])}" if settings["exclude"] else "",
        max_order=settings["max_order"],
        train=metrics["images"]["train"],
        valid=metrics["images"]["valid"],
        images=metrics["images"]["test"],
        buildings=metrics["buildings"],
        epochs=fit["epochs"],
        less=f", 1/{pool['less']} of the data" if pool["less"] > 1 else "",
        seeds=", ".join(map(str, settings["seeds"])),
        own_seed=fit["seed"],
    )
    return HEADER.format(
        command=settings["command"],
        what=filled(what),
        checked=filled(_checked(metrics["checked"])),
        trained=metrics["trained"],
        hours=(about.seconds or 0.0) / 3600,
        cores=versions["cores"],
        platform=versions["platform"],
        python=versions["python"],
        torch=versions["torch"],
        commit=_commits(about),
        targets=frame["targets"].iloc[0],
        resamples=settings["resamples"],
        seed_count=len(settings["seeds"]),
    )


def _commits(about: Record) -> str:
    """Return the commit that trained the read-outs; and the page's, where it is another."""
    trained = about.settings.get("trained_at")
    made = commit_text(about.commit)
    return f"{commit_text(trained)}, the page's {made}" if trained else made


def _checked(checked: dict[str, bool]) -> str:
    known = {
        "buildings": "no building used here was tested on for the table",
        "bank": "the encoders are the very ones that the table was measured with",
        "constants": "targets are standardised as in the encoders' training",
    }
    held = [text for name, text in known.items() if checked[name]]
    unknown = [text for name, text in known.items() if not checked[name]]
    told = f"Checked: {'; '.join(held)}." if held else ""
    rest = f"Not checked, for want of the sweep's files: {'; '.join(unknown)}." if unknown else ""
    return f"{told} {rest}".strip()


def _values(frame: pd.DataFrame, summary: pd.DataFrame, rules: list[str]) -> list[str]:
    lines = [
        "| | n | labels spent | table said: quality, gain | " + " | ".join(SHOWN.values()) + " |",
        "|--|--:|--:|--:|--:|--:|--:|",
    ]
    for rule in rules:
        own = frame[frame["rule"] == rule]
        rows = [row_of(summary, rule, "", measure) for measure in MEASURES]
        cells = [_cell(row) for row in rows]
        promised = f"{own['table_quality'].mean():.3f}, {own['table_gain'].mean():.3f}"
        n = own["draw"].nunique()
        lines.append(
            f"| {rule} | {n} | {own['spent'].mean():g} | {promised} | {' | '.join(cells)} |"
        )
        if n > 1:
            cells = [_between(row, "draw") for row in rows]
            lines.append(f"| {rule}, single draws | | | | {' | '.join(cells)} |")
    return lines


def _differences(frame: pd.DataFrame, summary: pd.DataFrame, targets: pd.DataFrame) -> list[str]:
    lines = [
        "The first rule less the second, and for losses the first over the second: better is\n"
        "above 0, and for losses below 1. The last column counts the single draws of the second\n"
        "rule that the first is better than, in quality, gain and loss.",
        "",
        "| compared | labels spent | quality | gain | loss ratio | better than |",
        "|--|--|--:|--:|--:|--:|",
    ]
    for rule, against in _compared(summary):
        rows = [row_of(summary, rule, against, measure) for measure in MEASURES]
        same = " (the same taxonomy)" if _same(targets, rule, against) else ""
        beaten = ""
        if rows[0]["draws"] > 1:
            beaten = f"{', '.join(str(int(row['beaten'])) for row in rows)} of {rows[0]['draws']}"
        cells = " | ".join(_cell(row, signed=True) for row in rows)
        own, other = _spent(frame, rule), _spent(frame, against)
        cost = f"{own:g} each" if own == other else f"unequal cost: {own:g} against {other:g}"
        lines.append(f"| {rule} against {against}{same} | {cost} | {cells} | {beaten} |")
    return lines


def _compared(summary: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the pairs of rules whose difference is in the table."""
    known = set(zip(summary["rule"], summary["against"], strict=True))
    return [pair for pair in COMPARED if pair in known]


def _spent(frame: pd.DataFrame, rule: str) -> float:
    return round(float(frame.loc[frame["rule"] == rule, "spent"].mean()), 6)


def _verdicts(frame: pd.DataFrame, summary: pd.DataFrame) -> list[str]:
    """Return what the comparisons with best single say, in words."""
    lines = []
    for rule, against in _compared(summary):
        if against != SINGLE:
            continue
        own, other = _spent(frame, rule), _spent(frame, against)
        found: dict[str, list[str]] = {}
        for measure, word in zip(MEASURES, ("quality", "gain", "loss"), strict=True):
            found.setdefault(_verdict(row_of(summary, rule, against, measure)), []).append(word)
        said = "; ".join(f"{verdict} in {_listed(words)}" for verdict, words in found.items())
        cost = (
            f"At equal cost, {own:g} label sets each"
            if own == other
            else f"At unequal cost, {own:g} label sets against {other:g}"
        )
        lines.append(f"- {cost}: {rule} is {said}.")
    if not lines:
        return []
    return [
        f"Against {SINGLE}, where an interval that holds no difference counts as no clear one:",
        "",
        *(filled(line, indent="  ") for line in lines),
    ]


def _verdict(row: pd.Series[Any]) -> str:
    """Whether the first rule is better, by the interval over buildings."""
    low, high = float(row["low"]), float(row["high"])
    if low <= 0 <= high:
        return "not clearly different"
    return "better" if (high < 0) == (row["measure"] in SMALLER_IS_BETTER) else "worse"


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _same(targets: pd.DataFrame, rule: str, against: str) -> bool:
    one, other = (
        set(zip(own["target"], own["sources"], strict=True))
        for own in (targets[targets["rule"] == name] for name in (rule, against))
    )
    return one == other


def _cell(row: pd.Series[Any], *, signed: bool = False) -> str:
    """Return value, interval and range over seeds: ``0.412 [0.400, 0.424] (0.410 to 0.414)``."""
    value, low, high = (_written(row, name, signed=signed) for name in ("value", "low", "high"))
    return f"{value} [{low}, {high}] ({_between(row, 'seed', signed=signed)})"


def _between(row: pd.Series[Any], what: str, *, signed: bool = False) -> str:
    ends = (_written(row, f"{what}_{end}", signed=signed) for end in ("least", "most"))
    return " to ".join(ends)


def _written(row: pd.Series[Any], name: str, *, signed: bool) -> str:
    """Return a number with three decimals; for a logarithm, the ratio itself."""
    if row["measure"] in SMALLER_IS_BETTER:
        return f"{np.exp(row[name]):.3f}"
    return f"{row[name]:+.3f}" if signed else f"{row[name]:.3f}"


def _supervised(frame: pd.DataFrame) -> list[str]:
    lines = [
        "Supervised (seeds averaged):",
        "",
        "| | draw | tasks | quality | gain |",
        "|--|--:|--|--:|--:|",
    ]
    for (rule, draw), own in frame.groupby(["rule", "draw"], sort=False):
        if rule == RANDOM:  # the same sets as above
            continue
        names = ", ".join(parse_sources(str(own["supervised"].iloc[0])))
        means = own[["quality", "gain"]].mean()
        lines.append(
            f"| {rule} | {draw or ''} | {names} | {means['quality']:.3f} | {means['gain']:.3f} |"
        )
    return lines


def _targets(targets: pd.DataFrame) -> list[str]:
    """Return each target's sources and loss by every rule without draws."""
    by_rule = {rule: own.set_index("target") for rule, own in targets.groupby("rule", sort=False)}
    shown = [rule for rule in (SOLVED, GREEDY, SINGLE, SOLVED_AT_SINGLE) if rule in by_rule]
    if GREEDY in shown and _same(targets, SOLVED, GREEDY):
        shown.remove(GREEDY)
    lines = [
        "Target by target, mean losses on the fresh images (each in its own unit):",
        "",
        f"| target | {' | '.join(f'{rule}: from | loss' for rule in shown)} | self | scratch |",
        f"|--|{'--|--:|' * len(shown)}--:|--:|",
    ]
    for target in map(str, by_rule[SOLVED].index):
        row = by_rule[SOLVED].loc[target]
        parts = [cell for rule in shown for cell in _from(by_rule[rule].loc[target])]
        cells = [target, *parts, f"{row['self']:.4g}", f"{row['scratch']:.4g}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return lines


def _from(row: Any) -> tuple[str, str]:
    return " + ".join(parse_sources(str(row["sources"]))), f"{row['loss']:.4g}"
