"""The section and the figure of the part ``encoders``, from its records and the shipped table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.finetune.ranking import (
    RankCorrelation,
    RowMeasure,
    rank_correlation,
    spearman_rows,
    weighted_kendall_rows,
)
from benchmarks.finetune.summary import estimate, percent, values_of
from benchmarks.results import markdown
from benchmarks.results.banks import shipped_table_bank
from benchmarks.results.figures import INK, MUTED, new_figure, styled, write_picture
from benchmarks.results.frame import part
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record
from taskgraph.arrays import Floats
from taskgraph.plot.figures import Picture
from taskgraph.tables.default import default_transfers

FIGURE = "encoders"
BASELINE = "random"
BEST, DRAWS = 5, 500
SCORE_NAMES = {
    "logme": "LogME",
    "h_score": "H-score",
    "h_score_shrunk": "H-score (shrunk)",
}
GRAPH_TARGET = "class_places"
"""The task of the graph whose target is the room type, as that of the data set ``scenes``."""


def section(records: Sequence[Record]) -> str:
    """Return the section: the best encoders of each target, and what predicts the accuracy."""
    records = newest_bank(records)
    targets = values_of(records, "target")
    names = encoders_of(records)
    seeds = len({record.seed for record in records})
    last = records[-1].settings
    return "\n\n".join(
        [
            "## Which encoder of the bank is worth most",
            f"Each of {len(names)} encoders (bank `{last['bank']}`) is frozen, and ridge "
            f"regression is fitted to its features of {last['pixels']}-pixel images; validation "
            f"chooses the penalty. Accuracy is the mean over all n, {seeds} seeds, on at most "
            f"{last['tested']} test images, ± half of Student's 95 % interval. The baseline is the "
            f"untrained encoder `random`. The best {BEST} are picked by the accuracy that the "
            "table shows, so their values are somewhat too high.",
            _best_table(records, targets, names),
            f"![accuracy of every encoder, with intervals over seeds; the dotted line is the "
            f"untrained encoder]({FIGURE}.svg)",
            "### What predicts it",
            "Rank correlation between a score and the accuracy over the encoders; `random` counts "
            "as one. LogME and H-scores are computed on the features of the largest training "
            "subset of each seed and averaged; nothing is tested on. *Gain in the graph* and "
            "*affinity in the graph* are read from the shipped table of transfers between the "
            "bank's own tasks: the mean over its targets, or that to room types (`class_places`), "
            "the task of `scenes`; the encoder of `class_places` itself, which is no transfer, "
            "counts as the best. Only that row on `scenes` is for a target of the graph; "
            f"digits and faces are none of its targets. {_other_bank(last['bank'])}"
            f"Intervals are the 2.5 to 97.5 % range of {DRAWS:,} resamples of the encoders; "
            "they hold neither seeds nor other targets. Weighted Kendall counts the best encoders "
            "more. A correlation is bold if its interval excludes 0, which about 1 in 20 would do "
            "by chance.",
            _predictors_table(records, targets, names),
        ]
    )


def _other_bank(bank: str) -> str:
    """Return a sentence if the shipped table is of another bank than the encoders; else ""."""
    of_table = shipped_table_bank()
    if of_table in (None, bank):
        return ""
    return (
        f"The table was measured with the encoders of another bank (`{of_table}`), of the same "
        "tasks: what it says of a task is not of the very encoder that is ranked here. "
    )


def newest_bank(records: Sequence[Record]) -> list[Record]:
    """Return the records of the bank that was measured last, of targets with all encoders."""
    newest = part(records, bank=records[-1].settings["bank"])
    measured: dict[str, set[str]] = {}
    for record in newest:
        measured.setdefault(record.settings["target"], set()).add(record.settings["encoder"])
    most = max(map(len, measured.values()))
    return [each for each in newest if len(measured[each.settings["target"]]) == most]


def encoders_of(records: Sequence[Record]) -> list[str]:
    """Return the encoders of some records, sorted."""
    return sorted(values_of(records, "encoder"))


def mean_accuracies(records: Sequence[Record], target: str, encoder: str) -> dict[int, float]:
    """Return the mean accuracy over all sizes, by seed."""
    return {
        record.seed: float(np.mean(list(record.metrics["accuracy"].values())))
        for record in part(records, target=target, encoder=encoder)
        if record.seed is not None
    }


def _estimates(records: Sequence[Record], target: str, names: Sequence[str]) -> dict[str, Estimate]:
    found = {name: estimate(mean_accuracies(records, target, name)) for name in names}
    return {name: each for name, each in found.items() if each is not None}


def _best_table(records: Sequence[Record], targets: Sequence[str], names: Sequence[str]) -> str:
    """Return the table of the best encoders, the untrained one, and the last one."""
    rows = []
    for target in targets:
        found = _estimates(records, target, names)
        order = sorted(found, key=lambda name: -found[name].mean)
        best = ", ".join(f"{name} {percent(found[name])}" for name in order[:BEST])
        place = f"{order.index(BASELINE) + 1} of {len(order)}" if BASELINE in order else "–"
        last = f"{order[-1]} {percent(found[order[-1]])}"
        rows.append([target, best, percent(found.get(BASELINE)), place, last])
    heads = ["target", f"best {BEST}, accuracy in %", "random:", "its place:", "last"]
    return markdown.table(heads, rows)


def predictors(
    records: Sequence[Record], targets: Sequence[str], names: Sequence[str]
) -> dict[str, dict[str, Floats]]:
    """Return the scores of the encoders by predictor and target, larger predicting better."""
    found: dict[str, dict[str, Floats]] = {}
    for key, label in SCORE_NAMES.items():
        found[label] = {
            target: np.array(
                [
                    np.mean([r.metrics[key] for r in part(records, target=target, encoder=name)])
                    for name in names
                ]
            )
            for target in targets
        }
    found.update(_graph_predictors(targets, names))
    return found


def _graph_predictors(targets: Sequence[str], names: Sequence[str]) -> dict[str, dict[str, Floats]]:
    """Return what the shipped table says of each encoder as a single source.

    An encoder's transfer to its own task is not in the table; its mean is over the other targets.
    For the graph's target itself it counts as the best one.
    """
    frame = default_transfers().frame
    single = frame[frame["sources"].isin(names)]
    found, order = {}, list(names)
    for measure in ("gain", "affinity"):
        mean = single.groupby("sources")[measure].mean().reindex(order)
        own = single[single["target"] == GRAPH_TARGET].set_index("sources")[measure].reindex(order)
        own = own.fillna(own.max() + 1e-9)
        for label, values in (
            (f"mean {measure} in the graph", mean.fillna(mean.min())),
            (f"{measure} to `{GRAPH_TARGET}` in the graph", own),
        ):
            array = values.to_numpy(dtype=float)
            found[label] = dict.fromkeys(targets, array)
    return found


def _predictors_table(
    records: Sequence[Record], targets: Sequence[str], names: Sequence[str]
) -> str:
    """Return the table of rank correlations: rows are predictors, columns are targets."""
    accuracies = {
        target: [estimates.mean for estimates in _estimates(records, target, names).values()]
        for target in targets
    }
    measures: dict[str, RowMeasure] = {
        "weighted Kendall": weighted_kendall_rows,
        "Spearman": spearman_rows,
    }
    rows = []
    for label, scores in predictors(records, targets, names).items():
        for name, measure in measures.items():
            cells = [_correlation({t: scores[t]}, {t: accuracies[t]}, measure) for t in targets]
            whole = _correlation(scores, accuracies, measure)
            rows.append([label, name, *map(_cell, cells), _cell(whole)])
    return markdown.table(["score", "measure", *(f"{t}:" for t in targets), "mean:"], rows)


def _correlation(
    scores: dict[str, Floats],
    accuracies: dict[str, list[float]],
    measure: RowMeasure,
) -> RankCorrelation:
    return rank_correlation(
        {t: list(each) for t, each in scores.items()}, accuracies, measure=measure, draws=DRAWS
    )


def _cell(found: RankCorrelation) -> str:
    """Return a correlation with its interval, bold if the interval excludes 0."""
    text = f"{found.value:.2f} {markdown.interval(found.low, found.high, 2)}"
    return f"**{text}**" if found.low > 0 or found.high < 0 else text


def draw(records: Sequence[Record], folder: Path) -> None:
    """Write the figure."""
    write_picture(figure(newest_bank(records)), folder, FIGURE)


@styled
def figure(records: Sequence[Record]) -> Picture:
    """Return the figure: a panel a target, a row an encoder, the best on average at the top."""
    targets, names = values_of(records, "target"), encoders_of(records)
    found = {target: _estimates(records, target, names) for target in targets}
    mean = {name: np.mean([found[t][name].mean for t in targets]) for name in names}
    order = sorted(names, key=lambda name: mean[name])
    made = new_figure(width=1.6 * len(targets) + 1.6, height=0.155 * len(names) + 0.8)
    axes = made.subplots(1, len(targets), sharey=True, squeeze=False)[0]
    for axis, target in zip(axes, targets, strict=True):
        own = [found[target][name] for name in order]
        colors = [INK if name == BASELINE else "#2563eb" for name in order]
        for row, (each, color) in enumerate(zip(own, colors, strict=True)):
            axis.plot([100 * each.low, 100 * each.high], [row, row], color=color, lw=1)
            axis.plot([100 * each.mean], [row], "D" if color == INK else "o", ms=3.5, color=color)
        if BASELINE in names:
            axis.axvline(100 * found[target][BASELINE].mean, color=MUTED, lw=0.6, ls=":")
        axis.set_title(target)
        axis.set_xlabel("accuracy, %\n(larger is better)")
    axes[0].set_yticks(range(len(order)), order, fontsize=6.5)
    return made
