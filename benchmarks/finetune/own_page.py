"""The page of the trainings on a user's own pictures: a table and a curve, from the records."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from benchmarks.data.data import TEST, VAL
from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.markdown import commit_text, number, table, wrapped
from benchmarks.results.measures import Estimate, t_interval
from benchmarks.results.record import Record, read_records
from benchmarks.results.suite import PAGE
from encoders.errors import InvalidDataError
from taskgraph.plot.figures import Picture
from taskgraph.tables import write_text

FIGURE = "curve"
HEADS = (
    "data",
    "start",
    "kept",
    "training",
    "labels:",
    "seeds:",
    "accuracy, %:",
    "interval",
    "class mean, %:",
    "validation, %:",
    "rate:",
    "seconds:",
)
SHOWN = 8
"""Columns that the command prints."""
NOT_SHOWN = ("labels", "record")
VARIED = (
    "pictures",
    "weights",
    "bank",
    "channels",
    "size",
    "hidden",
    "batch",
    "rates",
    "head_ratio",
    "layer_decay",
)
"""Settings that rows and curves name if the records have several values of them."""
EXPLAINED = (
    "Accuracy on the test pictures. Its 95 % interval is that of the mean over seeds (Student's t),"
    " and for one seed that of the share of {tested} test pictures (Wilson), which leaves out how "
    "trainings differ. *Class mean* is the mean over classes of the accuracy on each class's "
    "pictures. *Most frequent class* answers with the class that has the most training pictures. "
    "Validation pictures choose the learning rate where several are given, and the step in the "
    "protocol short."
)


def write_page(folder: Path) -> str:
    """Write the page and its figure; returns the first columns of the table.

    Raises
    ------
    InvalidDataError
        If there are no records of such trainings.
    """
    records = read_records(folder)
    tests = [record for record in records if record.split == TEST]
    if not tests or any("protocol" not in record.settings for record in tests):
        raise InvalidDataError(
            f"{folder} holds no records of your own trainings; run `taskgraph bench finetune "
            "--data FOLDER` first"
        )
    rows = _rows(tests)
    tested = max(int(record.metrics["tested"]) for record in tests)
    figure = write_picture(draw(tests), folder, FIGURE)
    parts = [
        "# Trainings on your own pictures",
        _provenance(tests),
        table(HEADS, rows),
        EXPLAINED.format(tested=tested),
        _tried([record for record in records if record.split == VAL]),
        f"![accuracy]({figure})",
        "Each folder in `models` has a trained network (`model.safetensors`, `config.json`) and "
        "its predictions for the validation and test pictures (`predictions.csv`). In Python, "
        "`benchmarks.finetune.FineTuned.load(folder)` loads it.",
    ]
    write_text(wrapped("\n\n".join(filter(None, parts))) + "\n", folder / PAGE)
    return table(HEADS[:SHOWN], [row[:SHOWN] for row in rows])


def _provenance(records: Sequence[Record]) -> str:
    """Return the commit and the versions of the newest record."""
    about = dict(records[-1].versions or {})
    platform, cores = about.pop("platform", ""), about.pop("cores", "")
    versions = ", ".join(f"{name} {value}" for name, value in about.items())
    return f"Commit {commit_text(records[-1].commit)}; {versions}; {platform} with {cores} cores."


def groups(records: Sequence[Record], *ignored: str) -> list[list[Record]]:
    """Return the records by their settings, without those that are ignored, in order."""
    found: dict[str, list[Record]] = {}
    for record in records:
        key = {k: v for k, v in record.settings.items() if k not in ignored}
        found.setdefault(json.dumps(key, sort_keys=True), []).append(record)
    return list(found.values())


def estimate(records: Sequence[Record]) -> Estimate:
    """Return the mean accuracy over seeds with its interval; of one seed, that of the pictures."""
    if len(records) == 1:
        metrics = records[0].metrics
        return Estimate(metrics["accuracy"], metrics["low"], metrics["high"], 1)
    return t_interval([record.metrics["accuracy"] for record in records])


def _rows(tests: Sequence[Record]) -> list[list[str]]:
    """Return the rows of the table; the most frequent class of each data set is the baseline."""
    rows, varied = [], varied_settings(tests)
    for own in groups(tests):
        settings, found = own[0].settings, estimate(own)
        rows.append(
            [
                settings["data"],
                settings["start"],
                settings["keep"] or "all",
                _training(settings, varied),
                f"{settings['labels']:,}",
                str(found.n),
                number(100 * found.mean, 1),
                f"[{number(100 * max(found.low, 0), 1)}, {number(100 * min(found.high, 1), 1)}]",
                number(100 * _mean(own, "class_accuracy"), 1),
                number(100 * _mean(own, "validation"), 1),
                f"{own[0].metrics['rate']:g}",
                number(sum(record.seconds or 0 for record in own) / len(own), 1),
            ]
        )
    for own in groups(tests, *(k for k in tests[0].settings if k not in ("data", "pictures"))):
        share = number(100 * own[0].metrics["most_frequent"], 1)
        blank = [""] * 4
        rows.append([own[0].settings["data"], "most frequent class", "", "", "", "", share, *blank])
        rows[-1].append("")
    return rows


def varied_settings(tests: Sequence[Record]) -> list[str]:
    """Return the names of `VARIED` of which the records have several values."""
    values = {name: {repr(each.settings.get(name)) for each in tests} for name in VARIED}
    return [name for name in VARIED if len(values[name]) > 1]


def _training(settings: Mapping[str, Any], varied: Sequence[str]) -> str:
    """Return how the network was trained, in a few words."""
    freeze = settings["freeze"]
    frozen = {True: "frozen", False: "fine-tuned"}.get(freeze, f"frozen up to {freeze}")
    words = [frozen, settings["protocol"], f"{settings['steps']:,} steps"]
    for name in varied:
        value = settings.get(name)
        text = " and ".join(map(str, value)) if isinstance(value, list) else value
        words.append(f"{name.replace('_', ' ')} {text or 'default'}")
    return ", ".join(words)


def _mean(records: Sequence[Record], name: str) -> float:
    """Return the mean of a metric; NaN if it is missing."""
    values = [record.metrics[name] for record in records]
    return float("nan") if None in values else float(sum(values) / len(values))


def _tried(choices: Sequence[Record]) -> str:
    """Return what was tried to choose the learning rates."""
    texts = []
    for record in choices:
        tried = ", ".join(
            f"{rate}: {number(100 * (float('nan') if value is None else value), 1)} %"
            for rate, value in record.metrics["tried"].items()
        )
        texts.append(f"- {record.settings['start']}: validation accuracy at rates {tried}.")
    return "\n".join(texts)


@styled
def draw(tests: Sequence[Record]) -> Picture:
    """Return the figure: accuracy over steps, and over labels where there are several numbers."""
    varied = varied_settings(tests)
    several = [own for own in groups(tests, *NOT_SHOWN) if len(_sizes(own)) > 1]
    made = new_figure(width=7.2 if several else 4.2, height=3.2)
    axes = made.subplots(1, 2 if several else 1, squeeze=False)[0]
    for own in groups(tests, *NOT_SHOWN):
        most = _sizes(own)[-1]
        whole = [record for record in own if record.settings["labels"] == most]
        _draw_steps(axes[0], whole, _name(own[0].settings, varied))
    axes[0].set_xlabel("steps")
    axes[0].set_ylabel("validation accuracy, %")
    for own in several:
        _draw_sizes(axes[1], own)
        axes[1].set_xscale("log")
        axes[1].set_xlabel("training pictures")
        axes[1].set_ylabel("test accuracy, %")
    handles, labels = axes[0].get_legend_handles_labels()
    made.legend(handles, labels, loc="outside lower center", ncols=1)
    return made


def _name(settings: Mapping[str, Any], varied: Sequence[str]) -> str:
    """Return the name of a curve."""
    kept = f", kept to {settings['keep']}" if settings["keep"] else ""
    return f"{settings['data']}: {settings['start']}{kept}, {_training(settings, varied)}"


def _sizes(records: Sequence[Record]) -> list[int]:
    """Return the numbers of labels, sorted."""
    return sorted({record.settings["labels"] for record in records})


def _draw_steps(axis: Axes, records: Sequence[Record], name: str) -> None:
    """Draw the mean validation accuracy over the steps; training loss where nothing validates."""
    curves = [record.metrics["curve"] for record in records]
    steps = [point["step"] for point in curves[0]]
    same = [each for each in curves if [point["step"] for point in each] == steps]
    values = [
        [point["validation"] if point["validation"] is not None else float("nan") for point in each]
        for each in same
    ]
    means = [100 * sum(column) / len(column) for column in zip(*values, strict=True)]
    axis.plot(steps, means, marker="o", ms=3, lw=1.1, label=name)


def _draw_sizes(axis: Axes, records: Sequence[Record]) -> None:
    """Draw the mean test accuracy over the number of labels, with intervals."""
    sizes = _sizes(records)
    found = [estimate([r for r in records if r.settings["labels"] == size]) for size in sizes]
    (line,) = axis.plot(sizes, [100 * each.mean for each in found], marker="o", ms=3, lw=1.1)
    low, high = ([100 * getattr(each, end) for each in found] for end in ("low", "high"))
    axis.fill_between(sizes, low, high, color=line.get_color(), alpha=0.13, lw=0)
