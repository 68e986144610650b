"""The page and the figure of arrivals, rendered from their records alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.results import markdown
from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.frame import latest, of_newest_contents, part
from benchmarks.results.markdown import commit_text, filled, number
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record, read_records
from taskgraph.plot import draw_arrivals

OURS, PUBLISHED = "ours", "published"
TITLES = {
    OURS: "Our table",
    PUBLISHED: "The published table",
}
FIGURE = "arrivals"

HEADER = """# Tasks that arrive one by one

```sh
taskgraph bench arrivals
```

The tasks of a table arrive in random order. From its arrival on, a task is a source for the targets
that have arrived, and a target if the table has transfers to it. The budget rises by one label with
the first of every {every} arrivals. *Extended* is `tg.extend` after each arrival: it takes no label
back, and spends the rest of the budget at once on what is best for the tasks that have arrived.
*Optimum* is `tg.solve` for the same tasks and total budget, which may choose all labels anew. The
**competitive ratio** is the extended objective divided by that of the optimum: at most 1, larger is
better. *Random*, the baseline, gives each label to a random task that has arrived and uses the best
transfers. The objective is the sum of √affinity, with transfers of order at most {max_order};
affinities are those of the whole table throughout. There is no parameter to choose, and no order
was left out or drawn again. Intervals are Student's intervals over orders; the tables are fixed, so
the intervals include neither other test images nor other trainings. The command `taskgraph extend`
is described in [docs/own_measurements.md](../../docs/own_measurements.md).

{provenance}

{verdict}

![Competitive ratio after each arrival, of extended taxonomies and of random labels]({figure})

Lines are medians over the orders, bands hold the middle half of the orders, and thin lines are the
least and the largest value of the extended taxonomies.

{sizes}
"""
WHY = """
## Why the ratio falls and rises

A label that was bought for the first tasks is not always the one that later tasks need. With one
label, the whole taxonomy depends on the task that arrived first. When the budget rises, the next
label is chosen among all tasks that have arrived, and the ratio rises. Between two rises, {wait}
tasks arrive for which the extended taxonomy buys no label, while the optimum may move its labels to
them, and the ratio falls. This is how the two programs differ; no experiment isolated the cause.
"""
FILES = (
    "\n## Files\n\n| file | what |\n|--|--|\n"
    "| `records.jsonl` | one line a table and order: the tasks; budget, labels, labels shared with "
    "the optimum and the three objectives after each arrival; both sets of labels in the end |\n"
    f"| `{FIGURE}.svg` | the figure |\n"
)


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = last_records(folder)
    frames = frames_of(records)
    settings = records[-1].settings
    picture = next(name for name in (f"{FIGURE}.svg", f"{FIGURE}.png") if _is_here(folder, name))
    page = HEADER.format(
        every=settings["every"],
        max_order=settings["max_order"],
        provenance=_provenance(records),
        verdict="\n".join(_verdicts(frames)),
        figure=picture,
        sizes=filled(_sizes(records)),
    )
    for name, frame in frames.items():
        own = part(records, table=name)
        page += f"\n## {TITLES[name]}\n\n{_table(frame)}\n\n{_labels(own)}\n"
    if PUBLISHED not in frames:
        page += "\nThe published table was not at hand when these records were made.\n"
    return page + WHY.format(wait=settings["every"] - 1) + FILES


def finding(folder: Path) -> str:
    """Return one sentence: the mean ratio in the end and at its least, and of random labels."""
    records = last_records(folder)
    frame = frames_of(records)[OURS]
    ratio = frame.groupby("arrived")["ratio"].mean()
    low, last = _lowest(ratio), frame[frame["arrived"] == ratio.index[-1]]
    extended, random = (t_interval(last[name].to_numpy()) for name in ("ratio", "random"))
    orders = frame["order"].nunique()
    return (
        f"Over {orders} orders, with one more label for every {records[-1].settings['every']} "
        f"arrivals, the extended taxonomy ends at {extended.mean:.3f} of the optimum in the mean "
        f"{markdown.interval(extended.low, extended.high)}, random labels at {random.mean:.3f} "
        f"{markdown.interval(random.low, random.high)}; the least mean is {ratio[low]:.3f}, after "
        f"{low} arrivals (in brackets 95 % intervals over orders)."
    )


def draw(folder: Path) -> None:
    """Draw the competitive ratio over the arrivals, one panel a table."""
    write_picture(_figure(frames_of(last_records(folder))), folder, FIGURE)


@styled
def _figure(frames: dict[str, pd.DataFrame]) -> Any:
    figure = new_figure(width=3.6 * len(frames) + 0.4, height=3.0)
    panels = figure.subplots(1, len(frames), sharey=True, squeeze=False)[0]
    for axes, (name, frame) in zip(panels, frames.items(), strict=True):
        draw_arrivals(frame, measure="ratio", ax=axes)
        axes.set_title(f"{TITLES[name]}, {frame['order'].nunique()} orders")
        axes.set_ylabel("competitive ratio (larger is better)")
    for axes in panels[1:]:
        axes.set_ylabel("")
        axes.get_legend().remove()
    return figure


def last_records(folder: Path) -> list[Record]:
    """Return the records with the settings of the last one, of every table as it is now."""
    known = latest(read_records(folder), "every", "arrivals", "max_order", "objective")
    return of_newest_contents(known, "table")


def frames_of(records: Sequence[Record]) -> dict[str, pd.DataFrame]:
    """Return one table a name: ``order, arrived, task, budget`` and what `draw_arrivals` draws.

    ``random`` is the ratio of random labels, ``share`` the share of the labels that the optimum
    has, too.
    """
    frames = {}
    for name in TITLES:
        own = part(records, table=name)
        if own:
            frames[name] = pd.concat([_order_frame(each) for each in own], ignore_index=True)
    return frames


def _order_frame(record: Record) -> pd.DataFrame:
    values = record.metrics
    frame = pd.DataFrame(
        {
            "order": record.settings["order"],
            "arrived": range(1, len(values["tasks"]) + 1),
            "task": values["tasks"],
            "budget": values["budget"],
            "online": pd.Series(values["extended"], dtype=float),
            "offline": pd.Series(values["optimum"], dtype=float),
        }
    )
    frame["ratio"] = frame["online"] / frame["offline"]
    frame["random"] = pd.Series(values["random"], dtype=float) / frame["offline"]
    labels = pd.Series(values["labels"], dtype=float)
    frame["share"] = pd.Series(values["shared"], dtype=float) / labels.where(labels > 0)
    return frame


def _sizes(records: Sequence[Record]) -> str:
    """Return how many tasks arrive, and whether they do so in the same orders for all tables."""
    by_table: dict[str, list[Any]] = {}
    for each in records:
        by_table.setdefault(each.settings["table"], []).append(each.metrics["tasks"])
    orders = list(by_table.values())
    count = len(orders[0][0])
    if len(orders) == 1:
        return f"{count} tasks arrive."
    if orders[0] == orders[1]:
        return f"The same {count} tasks arrive for both tables, and in the same orders."
    return f"{count} and {len(orders[1][0])} tasks arrive."


def _provenance(records: Sequence[Record]) -> str:
    about = dict(records[-1].versions or {})
    platform, _ = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {version}" for name, version in about.items())
    seconds = sum(each.seconds or 0.0 for each in records)
    return filled(
        f"Commit {commit_text(records[-1].commit)}, {versions}, {platform}; seed "
        f"{records[-1].seed}; {len(records)} runs of all arrivals in {markdown.seconds(seconds)}."
    )


def _verdicts(frames: dict[str, pd.DataFrame]) -> list[str]:
    """Return what was found on each table, as one paragraph of a list each."""
    return [_verdict(name, frame) for name, frame in frames.items()]


def _verdict(name: str, frame: pd.DataFrame) -> str:
    groups = frame.dropna(subset=["ratio"]).groupby("arrived")
    mean, last = groups["ratio"].mean(), int(frame["arrived"].max())
    end = frame[frame["arrived"] == last]
    low = _lowest(mean)
    interval, chance = t_interval(end["ratio"]), t_interval(end["random"])
    ahead = int((end["ratio"] > end["random"]).sum())
    rises = frame.drop_duplicates("arrived").set_index("arrived")["budget"].diff() > 0
    first = [place for place in mean.index if rises.get(place, False)]
    before = [place - 1 for place in first if place - 1 in mean.index]
    random = groups["random"].mean()
    least = frame.iloc[int(np.nanargmin(frame["ratio"]))]
    below = "" if random[last] < mean[last] else " (no better than random labels)"
    return "- " + filled(
        f"**{TITLES[name]}: after all {last} tasks and {end['budget'].iloc[0]:g} labels, the "
        f"extended taxonomy has {mean[last]:.3f} of the optimum** in the mean of "
        f"{interval.n} orders (95 % interval {interval.low:.3f} to {interval.high:.3f}; "
        f"{end['ratio'].min():.3f} to {end['ratio'].max():.3f} over orders), and random labels "
        f"have {random[last]:.3f} ({chance.low:.3f} to {chance.high:.3f}){below}. The extended "
        f"taxonomy is better than random labels in {ahead} of {interval.n} orders. The mean ratio "
        f"is least after {low} arrivals, {mean[low]:.3f}; the "
        f"worst order had {least['ratio']:.3f} after {int(least['arrived'])}. Right after the "
        f"budget rises the mean is {mean[first].mean():.3f}, and just before "
        f"{mean[before].mean():.3f}. In the end {end['share'].mean():.0%} of the extended "
        "taxonomy's labels are also the optimum's.",
        indent="  ",
    )


def _lowest(means: pd.Series) -> int:
    """Return the number of arrivals after which the mean is least."""
    return int(means.index.to_numpy()[int(np.nanargmin(means))])


def _table(frame: pd.DataFrame) -> str:
    """Return the ratio after each arrival: mean, spread over orders, and random labels."""
    heads = [
        "arrivals:", "labels:", "mean ratio:", "least:", "quartiles:", "largest:", "random:",
        "labels shared:",
    ]  # fmt: skip
    rows = []
    for arrived, group in frame.groupby("arrived"):
        ratio = group["ratio"].dropna()
        if ratio.empty:
            continue
        low, high = ratio.quantile(0.25), ratio.quantile(0.75)
        rows.append(
            [
                str(arrived),
                f"{group['budget'].iloc[0]:g}",
                number(ratio.mean()),
                number(ratio.min()),
                f"{low:.3f} to {high:.3f}",
                number(ratio.max()),
                number(group["random"].mean()),
                f"{group['share'].mean():.0%}",
            ]
        )
    return markdown.table(heads, rows)


def _labels(records: Sequence[Record]) -> str:
    """Return which labels the orders bought beside the optimum, and which they missed."""
    best = records[0].metrics["best"]
    bought = Counter(name for each in records for name in each.metrics["bought"])
    beside = [f"{name} ({count})" for name, count in bought.most_common() if name not in best]
    missed = [
        f"{name} ({len(records) - bought[name]})" for name in best if bought[name] < len(records)
    ]
    return filled(
        f"The optimum of all tasks supervises {', '.join(best)}. In parentheses, of "
        f"{len(records)} orders: labels of the optimum that an order did not buy, "
        f"{', '.join(missed) or 'none'}; labels that it bought instead, "
        f"{', '.join(beside) or 'none'}."
    )


def _is_here(folder: Path, name: str) -> bool:
    return (folder / name).exists() or name.endswith(".png")
