"""The page of multi-task learning, rendered from its records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.multitask import tables
from benchmarks.multitask.collect import (
    MultitaskResults,
    condition_gain,
    has_pairs,
    pair_results,
    printed_groups,
    read_results,
)
from benchmarks.multitask.figures import affinity_and_gain, method_comparison, regularization
from benchmarks.multitask.plan import EQUAL, TOGETHER, SetPlan
from benchmarks.multitask.settings import METHODS, REGULARIZATION
from benchmarks.results import markdown
from benchmarks.results.console import console
from benchmarks.results.figures import write_picture
from benchmarks.results.markdown import commit_text, number, wrapped

HEADER = """# Does training tasks together act as a regularizer?

`{command}`

{provenance}

One encoder is shared by all tasks, and each task has a decoder of its own (hard parameter sharing).
A task alone has the same encoder, the same decoder, the same first weights, images and order of
images, and as many steps, so single and joint training differ in the other tasks' losses alone. All
weights are those of the last step, and nothing is stopped early. Values are means over {seeds}
seeds with Student's 95 % intervals over seeds. *Gain* is 100 (alone – joint) / mean of alone, in
percent: larger is better. *Δ_m* is its mean over tasks. The measure of a task is the share of wrong
classes where it has classes of pictures, and its loss otherwise: smaller is better.

{finding}
"""

REGULARIZER = """## The loss of another task as a regularizer

Weight decay and dropout (of the shared representation) are tuned for the main task alone, on
validation images of a seed that is not reported; all other rows have neither. The learning rate was
chosen for the main task alone at the largest size, and all rows use it. *Shuffled*: whole labels of
the other tasks are moved to other training pictures, so that their losses still pull at the encoder
but say nothing about the picture. If the other task's loss acts as noise would, this row has the
same gain. *Test – train* is the gap of the main task between test and training images, *against
alone* is the change of that gap, paired by seed; a regularizer makes it smaller.

"""

COMPARED = """## Weightings and aggregators

All tasks together on {images}, against each task alone. equal: the sum of the losses. uncertainty:
Kendall et al. 2018. dwa: Liu et al. 2019. gradnorm: Chen et al. 2018. random: Lin et al. 2022.
Aggregators of TorchJD combine the gradients at the encoder: pcgrad (Yu et al. 2020), mgda
(Désidéri 2012, Sener & Koltun 2018), cagrad (Liu et al. 2021, c = 0.4), upgrad (Quinton & Rey
2024). The learning rate is that of the main task alone; none was tuned for a method.

"""

PAIRED = """## Transfer affinity against joint training

{count} pairs, {third} drawn from each third of affinity with seed 0, depth and normals always among
them; {images} training images, {steps} steps, learning rate {rate:g}, which was not tuned. Affinity
is the *rank share* of a transfer among all single sources of its target: 0 for the least affinity,
1 for the largest. A third is that of the mean of both directions. Standley et al. (ICML 2020) found
that transfer affinity and the gain by joint training differ. Intervals of correlations are from
2,000 resamples of the pairs.

"""

GROUPED = """## Networks that `group` chooses

Every network of this part, of one task or two, is a candidate. `groups.csv` has the losses on
validation pictures and `groups_test.csv` on test pictures, averaged over seeds and divided by the
mean loss of the task's own network, so that losses of different tasks can be added. A network
costs the pictures that its encoder sees for one example: 1 if all its tasks take the plain picture.
The networks are chosen on validation pictures and scored on test pictures.

"""

FILES = """## Files

| file | what |
|--|--|
| `records.jsonl` | one line a training, with the settings of the run in the last line |
{files}"""

OUTPUT = "[output of group]"
"""Stands for the output of `group`, which must not be wrapped, while the page is."""

FIGURES = ("regularization", "methods", "pairs")


def draw(folder: Path) -> None:
    """Draw the figures of the parts that the newest run has."""
    results = read_results(folder)
    if REGULARIZATION in results.parts:
        write_picture(regularization(results, results.sets), folder, FIGURES[0])
    if results.compared:
        write_picture(method_comparison(results, results.compared), folder, FIGURES[1])
    if has_pairs(results) and results.pairs is not None:
        write_picture(affinity_and_gain(results.pairs, pair_results(results)), folder, FIGURES[2])


def finding(folder: Path) -> str:
    """Return the main results of every part, without the gains of single sizes."""
    return _finding(read_results(folder), gains=False)


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    results = read_results(folder)
    header = HEADER.format(
        command=results.run.settings["command"],
        provenance=_provenance(results),
        seeds=results.run.settings["seeds"],
        finding=f"**{_finding(results)}**",
    )
    parts = [header]
    if REGULARIZATION in results.parts:
        parts += [REGULARIZER, _picture(folder, FIGURES[0], "The main task over data-set size")]
        parts += [_regularization_section(results, plan) for plan in results.sets]
    if results.compared:
        images = ", ".join(
            f"{plan.sizes[-1]} images of {plan.base.data}" for plan in results.compared
        )
        parts += [COMPARED.format(images=images)]
        parts += [_picture(folder, FIGURES[1], "Gain of each task by every method")]
        parts += [_methods_section(results, plan) for plan in results.compared]
    if has_pairs(results):
        parts += [_pairs_section(results, folder)]
    parts += [FILES.format(files=_files(results))]
    page = wrapped("\n".join(part.rstrip("\n") + "\n" for part in parts)).rstrip() + "\n"
    return page.replace(OUTPUT, console(*printed_groups(results))) if has_pairs(results) else page


def _finding(results: MultitaskResults, *, gains: bool = True) -> str:
    sentences = []
    if REGULARIZATION in results.parts:
        sentences.append(_verdict(results))
    if REGULARIZATION in results.parts and gains:
        by_set = "; ".join(tables.headline(results, plan) for plan in results.sets)
        sentences.append(f"At the smallest and the largest size: {by_set}.")
    if results.compared:
        compared = "; ".join(tables.methods_headline(results, plan) for plan in results.compared)
        sentences.append(f"Mean gain of all tasks by training them together (Δ_m): {compared}.")
    if has_pairs(results):
        found = tables.correlations(pair_results(results))["the target"]
        sentences.append(
            "Rank correlation of transfer affinity and the target's gain by joint training: "
            f"{number(found.value, 2)} {markdown.interval(found.low, found.high, 2)}."
        )
    return " ".join(sentences)


def _verdict(results: MultitaskResults) -> str:
    """Return in how many cells the interval of the gain by joint training excludes 0."""
    found = [
        condition_gain(results, plan, TOGETHER, images)
        for plan in results.sets
        for images in plan.sizes
    ]
    above, below = sum(one.low > 0 for one in found), sum(one.high < 0 for one in found)
    return (
        f"The interval of the main task's gain by the other tasks' losses lies above 0 in {above} "
        f"and below 0 in {below} of {len(found)} cells (a set and a size); the intervals are not "
        "corrected for their number."
    )


def _regularization_section(results: MultitaskResults, plan: SetPlan) -> str:
    main, others = plan.main, ", ".join(plan.base.tasks[1:])
    return (
        f"### {plan.base.data}: {main}, with {others}\n\n"
        f"{tables.protocol(plan)} {tables.unfinished(results, plan)}".rstrip()
        + f"\n\n{tables.regularization_table(results, plan)}\n\n"
        f"Tried on validation images, {main} alone (chosen in bold; smaller is better):\n\n"
        f"{tables.tried_table(plan)}\n"
    )


def _methods_section(results: MultitaskResults, plan: SetPlan) -> str:
    text = f"### {plan.base.data}\n\n{tables.methods_table(results, plan)}\n"
    if EQUAL in plan.methods:
        text += (
            "\nCosines between the gradients at the encoder, equal weights, mean over five steps "
            f"of each training:\n\n{tables.cosines_table(results, plan)}\n"
        )
    return text


def _pairs_section(results: MultitaskResults, folder: Path) -> str:
    plan, found = results.pairs, pair_results(results)
    assert plan is not None
    intro = PAIRED.format(
        count=len(plan.pairs),
        third=len(plan.pairs) // 3,
        images=plan.base.images,
        steps=plan.base.steps,
        rate=plan.base.learning_rate,
    )
    shown = _picture(folder, FIGURES[2], "Gain by joint training over transfer affinity")
    return (
        f"{intro}{shown}\n{tables.pairs_table(plan, found)}\n\n"
        f"{tables.correlations_table(found)}\n\n{GROUPED}{OUTPUT}\n"
    )


def _picture(folder: Path, stem: str, text: str) -> str:
    """Return the lines that show a figure, if it is there."""
    return "".join(
        f"![{text}]({path.name})\n"
        for path in sorted(folder.glob(f"{stem}.*"))
        if path.suffix in (".svg", ".png")
    )


def _files(results: MultitaskResults) -> str:
    rows = {
        "`regularization.svg`": ("test measure and gap over data-set size", REGULARIZATION),
        "`methods.svg`": ("gain of each task by every method", METHODS),
    }
    lines = [f"| {name} | {what} |" for name, (what, part) in rows.items() if part in results.parts]
    if has_pairs(results):
        lines += [
            "| `pairs.svg` | gain over affinity |",
            "| `groups.csv`, `groups_test.csv` | losses of all networks of the pairs, for "
            "`taskgraph group` |",
        ]
    return "\n".join(lines) + "\n"


def _provenance(results: MultitaskResults) -> str:
    """Return the sizes, steps, commits, versions and the time of training."""
    records = [results.record(each) for each in results.trainings()]
    hours = sum(each.seconds or 0.0 for each in records) / 3600
    commits = ", ".join(dict.fromkeys(commit_text(each.commit) for each in records))
    about = dict(results.run.versions or {})
    platform, cores = about.pop("platform", "unknown"), about.pop("cores", "?")
    versions = ", ".join(f"{name} {value}" for name, value in about.items())
    sets = "; ".join(
        f"{plan.base.data}: {plan.base.steps} steps of {plan.base.batch} images, network "
        f"{plan.base.network}, learning rate {plan.base.learning_rate:g}"
        for plan in results.sets
    )
    return (
        f"{len(records)} trainings, {hours:.2f} hours. {sets}. Commit {commits}; {versions}; "
        f"{platform}, {cores} cores."
    )
