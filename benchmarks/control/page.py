"""The page of control, rendered from its records alone, and its figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.control.agreement import seed_agreement
from benchmarks.control.reading import listed, most_frequent, reading, verdict
from benchmarks.control.tables import (
    WORDS,
    budgets_table,
    gains_table,
    mean_gain,
    runs_of,
    source_names,
    sources_table,
    stability_table,
)
from benchmarks.control.targets import example_steps
from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.markdown import commit_text, filled
from encoders.features.settings import PENALTIES

FIGURE = "gains"


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
{encoder_examples} labeled examples of {encoder_episodes} episodes of its own (at most {epochs}
epochs, stopped early; {stopped}). Read-outs are ridge regressions (classes as indicators; penalties
tried: {penalties}) on {labels} labeled examples of {episodes} other episodes; whole episodes are
for training, validation (15 %) or test (20 %: {test} examples with the first seed). Seeds {seeds}
draw everything anew, the episodes included, and are the unit of every interval (Student's t, n =
{n}). Each measures {transfers} transfers and references of orders 1 to {order}.

{sources}

## Gains of single sources

Win rate against `scratch`, ridge regression from the whole window: the share of test examples on
which the source has the smaller loss, mean over seeds. A target's own encoder, the reference
`self`, is in italics, and in a box in the figure. It was trained on {encoder_examples} labels of
its target, and `scratch` on {labels}, so its gain is one of more labels, too.

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

Kendall's τ compares the order of the single sources by affinity, without the target's own encoder.
*Between seeds* is the mean over all pairs of seeds, whose episodes are independent. *Between
numbers of labels* is the mean over seeds. *Best single source* leaves out the own encoder, too.

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
        encoder_examples=settings["encoder_episodes"]
        * len(example_steps(settings["steps"], settings["window"], settings["stride"])),
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
        reading="\n\n".join(filled(reading(count, each)) for count, each in runs.items()),
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
        f"{listed(best)} in {seeds} of {len(records)} seeds; the order of sources agrees between "
        f"seeds at τ = {np.mean(list(seed_agreement(records).values())):.2f}."
    )


@styled
def draw(folder: Path) -> None:
    """Draw the gains of single sources, one panel a number of labels, mean over seeds."""
    runs = runs_of(folder)
    names, targets = source_names(next(iter(runs.values()))), list(WORDS)
    width, height = 1.5 + 0.62 * len(names), 1.5 + 0.36 * len(targets)
    figure = new_figure(width=width, height=height * len(runs))
    panels = figure.subplots(len(runs), 1, squeeze=False)[:, 0]
    for axes, (count, records) in zip(panels, runs.items(), strict=True):
        values = np.array([[mean_gain(records, t, name) for name in names] for t in targets])
        shown = axes.imshow(values, cmap="RdBu", vmin=0.0, vmax=1.0, aspect="auto")
        axes.set_xticks(range(len(names)), names, rotation=35, ha="right")
        axes.set_yticks(range(len(targets)), targets)
        axes.set_xlabel("source")
        axes.set_ylabel("task")
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
        figure.colorbar(shown, ax=axes, label="win rate against the window\n(larger is better)")
    write_picture(figure, folder, FIGURE)
