"""The page of control, rendered from its records alone, and its figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.control.agreement import label_agreement, order_of, overlap, seed_agreement
from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import commit_text, filled, interval, number, table
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record, read_records
from encoders.features.settings import PENALTIES
from taskgraph.tasks import AVERAGE

SAME = (
    "encoder_episodes",
    "episodes",
    "steps",
    "window",
    "stride",
    "features",
    "epochs",
    "max_order",
    "camera",
)
FIGURE = "gains"

WORDS = {
    "torque": "torque of the back thigh's motor in the coming step",
    "inverse": "torque of the front thigh's motor in the last step (inverse dynamics)",
    "contact": "which feet touch the ground (tags)",
    "com_height": "height of the center of mass",
    "com_speed": "forward velocity of the center of mass",
    "next_pitch": "angular velocity of the pitch in the next state",
    "reward": "reward of the coming step",
    "distance": "distance of the torso from the goal",
    "gait": "which of four gaits drives the motors",
    "terrain": "whether the ground falls, is flat or rises",
}

FREE_WORDS = {
    "state": "the newest state alone (19 numbers)",
    "pca": "the window's {features} leading principal components",
    "random_net": "an encoder as below, with random weights",
    "camera": "{features} principal components of the last two pictures, 32 x 32 gray pixels each; "
    "they show neither goal nor slope",
}

PAGE = """# A taxonomy of a simulated robot: which tasks to label

```sh
pip install -c constraints.txt -e '.[control]'
{environment}taskgraph bench control --preset cpu
```

The half cheetah of gymnasium {gymnasium} in MuJoCo {mujoco}: a torso and two legs of three motors
each, in a plane. Each episode of {steps} steps (0.05 s each) has a gait, a slope, a goal and a
frequency drawn at random, and no policy is learned. A source sees the last {window} states:
positions, velocities and the offset of the goal; neither actions nor contacts. A task's encoder is
the second hidden layer ({features} units) of a perceptron that was trained on that task alone, on
{encoder_episodes} episodes of its own (at most {epochs} epochs, stopped early; {stopped}).
Read-outs are ridge regressions (classes as indicators; penalties tried: {penalties}) on {labels}
labeled examples of {episodes} other episodes; whole episodes are for training, validation (15 %) or
test (20 %: {test} examples with the first seed). Seeds {seeds} draw everything anew, the episodes
included, and are the unit of every interval (Student's t, n = {n}). Each measures {transfers}
transfers and references of orders 1 to {order}.

{sources}

## Gains of single sources

Win rate against `scratch`, ridge regression from the whole window: the share of test examples on
which the source has the smaller loss, mean over seeds. A target's own encoder, the reference
`self`, is in italics, and in a box in the figure.

![Gain of each source on each task; larger is better](gains.svg)

{gains}

## Which tasks to label

The proven optimum of `taskgraph solve`: labeling a task for its encoder costs 1; the sources that
need no labels cost nothing. *Chosen* and *free* say in how many of the {n} seeds a task or a free
source is in the optimum. The objective is Σ √affinity over the ten tasks. *Best listed* is the best
of all sets of at most as many tasks, found without the solver, and *random* the mean over all sets
of exactly as many.

{budgets}

{reading}

## How stable it is

Kendall's τ compares the order of the single sources by affinity: the mean over all pairs of seeds,
whose episodes are independent, and over seeds between the numbers of labels.

{stability}

{verdict}

Commit {commit}; scikit-learn {sklearn}; {seconds} s of wall time a seed and number of labels, on a
machine that other work shared. Not tried: other robots, learned policies, wider or deeper encoders,
other windows, encoders fine-tuned on the target, orders above {order}.
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    runs = runs_of(folder)
    records = next(iter(runs.values()))
    settings, metrics, versions = records[0].settings, records[0].metrics, records[0].versions or {}
    stopped = [epochs for record in records for epochs in record.metrics["stopped_at"].values()]
    every = [record for each in runs.values() for record in each]
    return PAGE.format(
        **settings,
        environment="MUJOCO_GL=egl " if settings["camera"] else "",
        gymnasium=versions["gymnasium"],
        mujoco=versions["mujoco"],
        stopped=f"{min(stopped)} to {max(stopped)} were run",
        penalties=", ".join(f"{penalty:g}" for penalty in PENALTIES["ridge"]),
        labels=" or ".join(map(str, runs)),
        test=metrics["test_examples"],
        seeds=", ".join(str(record.seed) for record in records),
        n=len(records),
        transfers=metrics["transfers"],
        order=settings["max_order"],
        sources=sources_table(records),
        gains="\n\n".join(
            f"With {count} labels:\n\n{gains_table(each)}" for count, each in runs.items()
        ),
        budgets=budgets_table(runs),
        reading=filled(reading(runs)),
        stability=stability_table(runs),
        verdict=filled(verdict(runs)),
        commit=commit_text(records[0].commit),
        sklearn=versions["scikit-learn"],
        seconds=f"{np.mean([record.seconds or np.nan for record in every]):.0f}",
    )


def finding(folder: Path) -> str:
    """Return one sentence: which two tasks to label, and in how many seeds."""
    runs = runs_of(folder)
    count, records = next(iter(runs.items()))
    best, seeds = most_frequent(records, 2)
    return (
        f"For ten tasks of a robot with {count} labels each, a budget of 2 labels "
        f"{_listed(best)} in {seeds} of {len(records)} seeds; the order of sources agrees between "
        f"seeds at τ = {np.mean(list(seed_agreement(records).values())):.2f}."
    )


def runs_of(folder: Path) -> dict[int, list[Record]]:
    """Return the newest run's records by the number of labels, one a seed.

    Raises
    ------
    InvalidTableError
        If there is none.
    """
    runs: dict[int, dict[int | None, Record]] = {}
    for record in latest(read_records(folder), *SAME):
        runs.setdefault(record.settings["train_examples"], {})[record.seed] = record
    if not runs:
        raise not_finished(folder, "control")
    return {
        count: [found[seed] for seed in sorted(found, key=str)]
        for count, found in sorted(runs.items())
    }


def source_names(records: Sequence[Record]) -> list[str]:
    """Return the single sources in the order of the page: the free ones, then the encoders."""
    known = {name for each in records[0].metrics["affinity"].values() for name in each}
    return [name for name in [*FREE_WORDS, *WORDS] if name in known]


def sources_table(records: Sequence[Record]) -> str:
    """Return the table of sources with what they cost."""
    settings, names = records[0].settings, source_names(records)
    rows = [
        [f"`{name}`", words.format(**settings), "nothing"]
        for name, words in FREE_WORDS.items()
        if name in names
    ]
    rows.append([f"the name of a task ({len(WORDS)})", "the encoder trained on that task", "1"])
    return table(["source", "what", "costs"], rows)


def gain_of(record: Record, target: str, name: str) -> float:
    """Return a gain; the target's own encoder is ``self``."""
    gains = record.metrics["gain"][target]
    return float(gains["self" if name == target else name])


def gains_table(records: Sequence[Record]) -> str:
    """Return the table of gains: one row a target, one column a source, with half intervals."""
    names = [*source_names(records), AVERAGE]
    rows = []
    for target, words in WORDS.items():
        cells = []
        for name in names:
            found = t_interval([gain_of(record, target, name) for record in records])
            half = found.high - found.mean
            shown = number(found.mean, 2) + ("" if np.isnan(half) else f" ± {half:.2f}")
            cells.append(f"*{shown}*" if name == target else shown)
        rows.append([f"`{target}`: {words}", *cells])
    return table(["task", *(f"`{name}`:" for name in names)], rows)


def budgets_table(runs: dict[int, list[Record]]) -> str:
    """Return the table of optima: one row for each number of labels and budget."""
    rows = []
    for count, records in runs.items():
        for budget in budgets_of(records):
            same = [taxonomy_of(record, budget) for record in records]
            values = t_interval([each["objective"] for each in same])
            rows.append(
                [
                    str(count),
                    str(budget),
                    _counted(each["supervised"] for each in same),
                    _counted(each["free"] for each in same),
                    f"{number(values.mean)} {interval(values.low, values.high)}",
                    number(float(np.mean([each["best_listed"] for each in same]))),
                    number(float(np.mean([each["random_mean"] for each in same]))),
                    number(float(np.mean([each["gain"] for each in same])), 2),
                ]
            )
    heads = ["labels:", "budget:", "chosen", "free", "objective", "best listed:", "random:"]
    return table([*heads, "mean gain:"], rows)


def _counted(lists: Iterable[Sequence[str]]) -> str:
    """Return names with the number of lists that hold them, the most frequent first."""
    counts = Counter(name for names in lists for name in names)
    ordered = sorted(counts, key=lambda name: (-counts[name], name))
    return ", ".join(f"{name} {counts[name]}" for name in ordered) or "-"


def budgets_of(records: Sequence[Record]) -> list[int]:
    """Return the budgets that were solved."""
    return [row["budget"] for row in records[0].metrics["taxonomies"]]


def taxonomy_of(record: Record, budget: int) -> dict[str, Any]:
    """Return the optimum of one record at a budget."""
    rows: list[dict[str, Any]] = record.metrics["taxonomies"]
    return next(row for row in rows if row["budget"] == budget)


def most_frequent(records: Sequence[Record], budget: int) -> tuple[tuple[str, ...], int]:
    """Return the set of labeled tasks that is optimal in most seeds, and in how many."""
    sets = [tuple(taxonomy_of(record, budget)["supervised"]) for record in records]
    best = max(sorted(set(sets)), key=sets.count)
    return best, sets.count(best)


def reading(runs: dict[int, list[Record]]) -> str:
    """Return what the taxonomy says: the choices, and what each label adds."""
    sentences = []
    for count, records in runs.items():
        for budget in (1, 2):
            best, seeds = most_frequent(records, budget)
            sentences.append(
                f"With {count} labels and a budget of {budget}, the most frequent optimum labels "
                f"{_listed(best)} ({seeds} of {len(records)} seeds)."
            )
        added = t_interval(
            [
                taxonomy_of(record, 2)["objective"] - taxonomy_of(record, 0)["objective"]
                for record in records
            ]
        )
        sentences.append(
            f"Two labeled tasks add {number(added.mean)} {interval(added.low, added.high)} to the "
            "objective."
        )
        own = [t for t in WORDS if _mean_gain(records, t, t) >= _best_other(records, t)]
        sentences.append(
            f"The own encoder of a task has the largest gain of all single sources for {len(own)} "
            f"of {len(WORDS)} tasks{' (' + ', '.join(own) + ')' if own else ''}."
        )
        free = [target for target in WORDS if best_source(records, target) in FREE_WORDS]
        sentences.append(
            f"Besides the own encoder, the source with the largest mean affinity needs no labels "
            f"for {len(free)} of {len(WORDS)} tasks{' (' + ', '.join(free) + ')' if free else ''}."
        )
    return " ".join(sentences)


def best_source(records: Sequence[Record], target: str) -> str:
    """Return the single source, besides the target's own encoder, of the largest mean affinity."""
    orders = [order_of(record, target) for record in records]
    return max(orders[0], key=lambda name: float(np.mean([order[name] for order in orders])))


def _listed(tasks: Sequence[str]) -> str:
    """Return names joined by "and"; "no task" for none."""
    return " and ".join(tasks) or "no task"


def _mean_gain(records: Sequence[Record], target: str, name: str) -> float:
    """Return the mean gain over seeds."""
    return float(np.mean([gain_of(record, target, name) for record in records]))


def _best_other(records: Sequence[Record], target: str) -> float:
    """Return the largest mean gain of a source that is not the target's own encoder."""
    others = [name for name in source_names(records) if name != target]
    return max(_mean_gain(records, target, name) for name in others)


def stability_table(runs: dict[int, list[Record]]) -> str:
    """Return how well the order of single sources agrees, one row a target."""
    between = {count: seed_agreement(records) for count, records in runs.items()}
    labels = label_agreement(runs)
    rows = []
    for target in WORDS:
        cells = [f"`{target}`"]
        for count, records in runs.items():
            orders = [order_of(record, target) for record in records]
            best = [max(order, key=lambda name, order=order: order[name]) for order in orders]
            top = max(sorted(set(best)), key=best.count)
            cells += [number(between[count][target], 2), f"{top}, {best.count(top)} of {len(best)}"]
        rows.append([*cells, number(labels[target], 2)] if len(runs) > 1 else cells)
    heads = ["task"]
    for count in runs:
        heads += [f"τ between seeds, {count} labels:", "best single source, seeds"]
    return table([*heads, "τ between numbers of labels:"] if len(runs) > 1 else heads, rows)


def verdict(runs: dict[int, list[Record]]) -> str:
    """Return in a few sentences how stable orders and optima are."""
    sentences = []
    for count, records in runs.items():
        tau = float(np.mean(list(seed_agreement(records).values())))
        pairs = list(combinations(records, 2))
        if not pairs:
            continue
        shared = np.mean(
            [
                np.mean([overlap(*(taxonomy_of(r, b)["supervised"] for r in pair)) for b in (2, 3)])
                for pair in pairs
            ]
        )
        sentences.append(
            f"With {count} labels, the mean τ over the ten tasks is {tau:.2f} between seeds, and "
            f"two seeds' optima of budgets 2 and 3 share {100 * shared:.0f} % of their tasks."
        )
    return " ".join(sentences)


@styled
def draw(folder: Path) -> None:
    """Draw the gains of single sources, one panel a number of labels, mean over seeds."""
    runs = runs_of(folder)
    names, targets = source_names(next(iter(runs.values()))), list(WORDS)
    width, height = 1.5 + 0.62 * len(names), 1.5 + 0.36 * len(targets)
    figure = new_figure(width=width, height=height * len(runs))
    panels = figure.subplots(len(runs), 1, squeeze=False)[:, 0]
    for axes, (count, records) in zip(panels, runs.items(), strict=True):
        values = np.array([[_mean_gain(records, t, name) for name in names] for t in targets])
        shown = axes.imshow(values, cmap="RdBu", vmin=0.0, vmax=1.0, aspect="auto")
        axes.set_xticks(range(len(names)), names, rotation=35, ha="right")
        axes.set_yticks(range(len(targets)), targets)
        axes.set_title(f"{count} labels")
        for row, column in np.ndindex(values.shape):
            value, own = values[row, column], names[column] == targets[row]
            axes.text(
                column,
                row,
                f"{value:.2f}",
                ha="center",
                va="center",
                color="white" if abs(value - 0.5) > 0.3 else "black",
                bbox={"facecolor": "none", "edgecolor": "black", "pad": 2} if own else None,
            )
        figure.colorbar(shown, ax=axes, label="win rate against the window")
    write_picture(figure, folder, FIGURE)
