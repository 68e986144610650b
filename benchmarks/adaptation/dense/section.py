"""The section and the figure of the page on dense tasks, from records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.adaptation.collect import DENSE
from benchmarks.adaptation.dense.recipes import ADAPTED, MIXED, REAL, RECIPES
from benchmarks.adaptation.dense.tasks import DENSE_TASKS
from benchmarks.adaptation.dense.worth import ViewWorth, view_worth
from benchmarks.results.figures import INK, new_figure, styled
from benchmarks.results.frame import latest, part
from benchmarks.results.markdown import interval, number, table
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record
from taskgraph.plot.figures import Picture

SHARED = (
    *("source", "target", "network", "bank_hash"),
    *("steps", "batch", "rate", "buildings", "views"),
)
COLORS = {REAL: "#4b5563", "pretrained": "#2563eb", MIXED: "#059669", ADAPTED: "#d97706"}

TEXT = """## {source} scenes that help {target} ones

{drawn} drawn (`{source}`) training views with labels, and up to {real} photographed (`{target}`)
ones; tested on {tested} photographed views of other buildings. All recipes train the same layers
on the frozen maps of `{network}` in {steps} steps of at most {batch} labeled views.

{recipes}

With all labels only `real` and `mixed` are measured. Model selection: none, the weights of the
last step are tested; rate {rate}, which was not tuned.
Intervals are Student's over seeds.

{values}

A drawn view is worth (n' − n) / {drawn} labeled photographed ones, where n photographed views with
all drawn ones are as good as n' photographed ones alone. n' is read off the curve of the
photographed ones alone, linear in log n. Intervals are percentiles of resampled seeds. ≤ and ≥ mark
numbers that are only bounds, since the measure lies beyond that curve. A task on which photographed
views alone are no better with all labels than with the fewest has no such curve, and is left out.

{worth}

![Measures by share of labels](dense.svg)

"""


def dense_records(records: Sequence[Record]) -> list[Record]:
    """Return the records of the newest settings of the part."""
    return latest(part(records, part=DENSE), *SHARED)


def dense_section(records: Sequence[Record]) -> str:
    """Return the section; empty without records."""
    own = dense_records(records)
    if not own:
        return ""
    last = own[-1]
    real = max(int(each.metrics["labels"]) for each in own)
    recipes = "\n".join(f"- `{name}`: {what}." for name, what in RECIPES.items())
    names = ("source", "target", "network", "steps", "batch", "rate")
    return TEXT.format(
        **{name: last.settings[name] for name in names},
        drawn=last.metrics["synthetic"],
        tested=last.metrics["tested"],
        real=real,
        recipes=recipes,
        values=_value_table(own),
        worth=_worth_table(own),
    )


Values = dict[int, dict[int, float]]
"""The measure by number of labels and seed."""


def values_of(records: Sequence[Record], task: str, recipe: str) -> Values:
    """Return the measures of one task and recipe."""
    found: Values = {}
    for each in part(records, task=task, recipe=recipe):
        found.setdefault(int(each.metrics["labels"]), {})[int(each.seed or 0)] = float(
            each.metrics["value"]
        )
    return dict(sorted(found.items()))


def _tasks(records: Sequence[Record]) -> list[str]:
    """Return the measured tasks in the order of `DENSE_TASKS`."""
    measured = {each.settings["task"] for each in records}
    return [name for name in DENSE_TASKS if name in measured]


def _value_table(records: Sequence[Record]) -> str:
    """Return one row a task and number of labels, and a column a recipe."""
    counts = sorted({int(each.metrics["labels"]) for each in records})
    rows = []
    for name in _tasks(records):
        by = {recipe: values_of(records, name, recipe) for recipe in RECIPES}
        task = DENSE_TASKS[name]
        better = "larger is better" if task.larger_is_better else "smaller is better"
        for count in counts:
            cells = [_cell(by[recipe].get(count, {})) for recipe in RECIPES]
            rows.append([f"{task.title}: {task.measure} ({better})", str(count), *cells])
    seeds = len({each.seed for each in records})
    heads = ["task", "labeled photographed views:", *(f"{each}:" for each in RECIPES)]
    return f"{seeds} seeds:\n\n{table(heads, rows)}"


def _cell(values: dict[int, float]) -> str:
    """Return a mean and its interval; a dash without values."""
    if not values:
        return "–"
    found = t_interval(list(values.values()))
    return f"{number(found.mean, 1)} {interval(found.low, found.high, 1)}"


def worths(records: Sequence[Record], task: str, recipe: str) -> dict[int, ViewWorth]:
    """Return the worth of a drawn view by number of labels, below all labels.

    It is empty for a task on which real views alone do not gain from more labels: their curve
    then says nothing about how many of them a drawn view replaces.
    """
    alone = values_of(records, task, REAL)
    if not alone or not _rises(alone, larger_is_better=DENSE_TASKS[task].larger_is_better):
        return {}
    by_seed: dict[int, dict[int, float]] = {}
    for count, values in alone.items():
        for seed, value in values.items():
            by_seed.setdefault(seed, {})[count] = value
    whole = {seed: curve for seed, curve in by_seed.items() if len(curve) == len(alone)}
    found = {}
    for count, other in values_of(records, task, recipe).items():
        if count < max(alone) and whole.keys() & other.keys():
            found[count] = view_worth(
                whole,
                other,
                labels=count,
                synthetic=int(records[-1].metrics["synthetic"]),
                larger_is_better=DENSE_TASKS[task].larger_is_better,
            )
    return found


def _rises(alone: Values, *, larger_is_better: bool) -> bool:
    """Return whether the mean with the most labels is better than that with the fewest."""
    few, many = (float(np.mean(list(alone[count].values()))) for count in (min(alone), max(alone)))
    return many > few if larger_is_better else many < few


def _worth_table(records: Sequence[Record]) -> str:
    """Return one row a task and number of labels: the worth by recipe."""
    recipes = [name for name in RECIPES if name != REAL]
    rows = []
    for name in _tasks(records):
        by = {recipe: worths(records, name, recipe) for recipe in recipes}
        for count in sorted(set().union(*by.values())):
            cells = [worth_text(by[recipe].get(count)) for recipe in recipes]
            rows.append([DENSE_TASKS[name].title, str(count), *cells])
    return table(["task", "labeled photographed views:", *(f"{x}:" for x in recipes)], rows)


def worth_text(found: ViewWorth | None) -> str:
    """Return the worth and its interval, marked where they are bounds alone."""
    if found is None:
        return "–"
    low = f"{'≤ ' if found.below else ''}{number(found.low, 2)}"
    high = f"{'≥ ' if found.above else ''}{number(found.high, 2)}"
    bounds = (found.below and found.value <= found.low, found.above and found.value >= found.high)
    mark = "≤ " if bounds[0] else "≥ " if bounds[1] else ""
    return f"{mark}{number(found.value, 2)} [{low}, {high}]"


def dense_verdict(records: Sequence[Record]) -> str:
    """Return what a drawn view is worth with the fewest and the most labels; else nothing."""
    own = dense_records(records)
    found = {name: worths(own, name, MIXED) for name in _tasks(own)}
    counts = sorted({count for each in found.values() for count in each if count})
    if not counts:
        return ""
    last = own[-1].settings
    parts = []
    for count in dict.fromkeys((counts[0], counts[-1])):
        values = [
            f"{worth_text(each[count])} of them for {DENSE_TASKS[name].title}"
            for name, each in found.items()
            if each.get(count)
        ]
        if values:
            parts.append(f"with {count:,} labeled {last['target']} views: {', '.join(values)}")
    return f"What one {last['source']} view is worth in mixed training, {'; '.join(parts)}."


@styled
def dense_curves(records: Sequence[Record]) -> Picture:
    """Return the measure over the number of labeled real views, a panel a task, a line a recipe.

    Whiskers are intervals over seeds. Dotted lines are without any labeled real view.
    """
    names = _tasks(records)
    figure = new_figure(width=3.0 * len(names), height=3.0)
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    for own, name in zip(axes, names, strict=True):
        for recipe in RECIPES:
            found = {
                n: t_interval([*x.values()]) for n, x in values_of(records, name, recipe).items()
            }
            if none := found.pop(0, None):
                own.axhline(none.mean, color=COLORS[recipe], lw=0.9, ls=":")
            if not found:  # the run has just begun
                continue
            own.set_xscale("log")
            means = [x.mean for x in found.values()]
            halves = np.nan_to_num([x.high - x.mean for x in found.values()])
            own.errorbar(
                list(found),
                means,
                yerr=halves,
                color=COLORS[recipe],
                marker="o",
                ms=3,
                label=recipe,
            )
        own.set_title(DENSE_TASKS[name].title, color=INK)
        own.set_xlabel("labeled photographed views")
        own.set_ylabel(DENSE_TASKS[name].measure)
    if axes[0].get_legend_handles_labels()[0]:
        axes[0].legend(loc="best")
    return figure
