"""Sections of the page: the published tables, and the results of one group of data sets."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.bias import collect
from benchmarks.bias.classifiers import CLASSIFIERS
from benchmarks.bias.collect import MeasuredPair
from benchmarks.bias.margins import cross_dataset_measure, margins, percent_drop
from benchmarks.bias.market_value import geometric_interval
from benchmarks.bias.published import PUBLISHED, SETS
from benchmarks.bias.quiz import QUIZ, quiz_file
from benchmarks.bias.settings import CROSS, DISTANCE, NAME
from benchmarks.bias.tables import margin_table
from benchmarks.results.frame import part
from benchmarks.results.markdown import number, table
from benchmarks.results.measures import Estimate, t_interval
from benchmarks.results.record import Record
from taskgraph.arrays import Floats

TITLES = {"scenes": "Five domains of our scenes", "digits": "Real digits"}
ABOUT = {
    "scenes": "Our buildings in five domains at 64 pixels; domains differ in palette, lighting, "
    "clutter, camera, noise and shading. The class is the object that a view shows (the 18 most "
    "frequent). The buildings trained no encoder (seed 19). 30 % of the buildings are tested on, "
    "others are trained on: the same ones in every domain. Before this run, room types were "
    "tried as classes, and six kinds of features, on one draw of two domains: room types stayed "
    "near chance with so few samples, and the encoder below was the best on its own domain. That "
    "trial looked at test scores of seed 0, which is one of the seeds below. "
    "Objects of other buildings are hard, too: average precision by chance is the share of a "
    "class, 6 % in the mean, and Self is not far above it, so that drops and market values have "
    "wide intervals and say little. Accuracy of naming the domain and the distances have narrow "
    "intervals.",
    "digits": "UCI digits (8 x 8) and MNIST-5k (28 x 28). *ink* is the box around the digit at 8 x "
    "8 pixels, the same for both; *pixels* and *hog* resize the whole picture, so that a set is "
    "also known by its margins and its sharpness.",
}
FEATURES = {"given": "given features", "pixels": "16 x 16 pixels", "ink": "ink at 8 x 8 pixels"}
FEATURES |= {"hog": "HOG"}


def label(case: MeasuredPair) -> str:
    """Return the name of features, and of the classifier unless it is logistic regression."""
    name = FEATURES.get(case.features, case.features.replace("bank:", "encoder "))
    if case.classifier == "logistic":
        return name
    return f"{name}, {CLASSIFIERS[case.classifier].label}"


def _title(case: MeasuredPair) -> str:
    """Return the label with a capital letter."""
    name = label(case)
    return name[:1].upper() + name[1:]


def short(name: str) -> str:
    """Return a set's name in tables; a domain of our scenes is named without its prefix."""
    return "day" if name == "scenes" else name.removeprefix("scenes-")


def published_tables() -> str:
    """Return the section on the two published tables, with margins computed from their cells."""
    text = [
        '## The published tables\n\nThe class "car" in six data sets (average precision, %), '
        "with margins computed from the printed cells. They agree with the printed margins within "
        "0.06 (means) and 1 point (drops), as far as rounding allows, with one exception: "
    ]
    found = PUBLISHED["detection"]
    text.append(
        f"the detection table prints a last drop of {found.drop_of_means:.0f} %, while the drop "
        f"of its means ({found.mean_own} and {found.mean_others}) is "
        f"{margins(found.matrix).drop_of_means:.0f} %.\n\n"
    )
    for name, each in PUBLISHED.items():
        text.append(f"Car {name}:\n\n{margin_table(SETS, each.matrix)}\n\n")
    return "".join(text)


def group_section(name: str, records: Sequence[Record], stem: str) -> str:
    """Return the section of one group; parts that were not measured are left out."""
    sets = [short(each) for each in records[-1].settings["sets"]]
    text = [f"## {TITLES.get(name, name)}\n\n"]
    if name in ABOUT:
        text.append(f"{ABOUT[name]}\n\n")
    if collect.cases(records, CROSS):
        text += [_cross(sets, records, stem), _market(sets, records), _negatives(sets, records)]
    if collect.cases(records, NAME):
        text.append(_naming(records, stem))
    if part(records, part=DISTANCE):
        text.append(_distances(sets, records))
    text += [_quiz(name, records), _tried(records)]
    return "".join(text)


def group_verdict(name: str, records: Sequence[Record]) -> str:
    """Return what is found in a group, in one sentence."""
    said = []
    if crossed := collect.cases(records, CROSS):
        found = [_own_and_others(records, case, collect.PRECISION) for case in crossed]
        own, others = (_between([each[k].mean() for each in found]) for k in (0, 1))
        drops = [_drop_of_means(records, case, collect.PRECISION) for case in crossed]
        relative = f"{_between([each.mean for each in drops])} % of itself"
        lowest, highest = min(each.low for each in drops), max(each.high for each in drops)
        held = sum(t_interval(one - two).low <= 0 for one, two in found)
        unclear = (
            f"; in {held} of {len(found)} kinds of features the interval of the difference in "
            "points includes 0"
            if held
            else ""
        )
        sure = (
            f" (intervals within {lowest:.0f} to {highest:.0f} %{unclear})"
            if np.isfinite([each.low for each in drops]).all()
            else ""
        )
        said.append(
            f"average precision is {own} % on a classifier's own set and {others} % on other sets, "
            f"a drop of {relative}{sure}"
        )
    if named := collect.cases(records, NAME):
        best = [collect.accuracy_of(collect.confusions(records, c)[:, -1]).mean() for c in named]
        chance = 100 / len(records[-1].settings["sets"])
        said.append(
            f"a classifier names the data set of {_between(best)} % of the samples (chance "
            f"{chance:.0f} %)"
        )
    return f"{TITLES.get(name, name)}: {', and '.join(said)}." if said else f"{name}."


def _between(values: Sequence[float]) -> str:
    low, high = (f"{v:.0f}" for v in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def estimate(values: Floats, digits: int = 1) -> str:
    """Return the mean of one value a seed with its interval."""
    return written(t_interval(values), digits)


def written(value: Estimate, digits: int = 1) -> str:
    """Return an estimate as ``mean [low, high]``."""
    ends = [value.low, value.high]
    if not np.isfinite(ends).all():
        return number(value.mean, digits)
    return f"{number(value.mean, digits)} [{', '.join(number(end, digits) for end in ends)}]"


def _drop_of_means(records: Sequence[Record], case: MeasuredPair, metric: str) -> Estimate:
    each = collect.matrices(records, case, metric)[:, -1]
    return t_interval([margins(matrix).drop_of_means for matrix in each])


def _own_and_others(
    records: Sequence[Record], case: MeasuredPair, metric: str
) -> tuple[Floats, Floats]:
    """Return the means of Self and of Mean others, a value a seed each."""
    each = [margins(matrix) for matrix in collect.matrices(records, case, metric)[:, -1]]
    return np.array([m.mean_own for m in each]), np.array([m.mean_others for m in each])


def _cross(sets: Sequence[str], records: Sequence[Record], stem: str) -> str:
    """Return the matrices of average precision, and the means of both metrics."""
    found = collect.cases(records, CROSS)
    size = collect.sizes_of(records, CROSS, found[0])[-1]
    tested = part(records, part=CROSS)[0].settings["test_samples"]
    text = [
        f"### Train on one, test on another\n\nAverage precision in percent, the mean over classes "
        f"of each class against the rest; {size} training and {tested} test samples of each set; "
        f"mean over seeds.\n\n![Matrices of average precision, trained on in rows, tested on in "
        f"columns](cross_{stem}.svg)\n\n"
    ]
    for case in found:
        matrix = collect.matrices(records, case, collect.PRECISION)[:, -1].mean(axis=0)
        text.append(f"{_title(case)}:\n\n{margin_table(sets, matrix)}\n\n")
    rows = []
    for case in found:
        for metric, title in ((collect.PRECISION, "average precision"), (collect.ACCURACY,) * 2):
            own, others = _own_and_others(records, case, metric)
            rows.append(
                [
                    label(case),
                    title,
                    estimate(own),
                    estimate(others),
                    estimate(own - others),
                    written(_drop_of_means(records, case, metric)),
                    estimate(cross_dataset_measure(own, others), 3),
                ]
            )
    heads = [
        "features",
        "metric, %",
        "Self:",
        "Mean others:",
        "Self − others, points:",
        "drop, % of Self:",
        "CD:",
    ]
    text.append(
        "Means over sets, with intervals over seeds. The drop is that of a seed's two means, "
        "averaged over seeds; the matrices above are averaged first, so their last drop differs a "
        "little. CD is the measure of Tommasi et al. (2015): 0.5 without bias, and larger with "
        f"more.\n\n{table(heads, rows)}\n\n"
    )
    return "".join(text)


def _market(sets: Sequence[str], records: Sequence[Record]) -> str:
    """Return the market values of samples for each kind of features."""
    text = [
        "### Market value of a sample\n\nHow many samples of the row's set one sample of the "
        "column's set is worth, on the column's test samples: α with AP(trained on the row, n) = "
        "AP(trained on the column, n / α), a geometric mean over sizes and seeds with its "
        "interval. A bound with > says that in every seed the smallest number of the column's own "
        "samples is better than the largest number of the row's. Seeds without a value are "
        "left out of the mean, and the number that is left is in brackets. A seed has no value "
        "where the row's scores are all above or all below the column's own curve, or where that "
        "curve is flat. So a mean of fewer than all seeds is "
        "one of selected seeds; it has no interval.\n\n"
    ]
    for case in collect.cases(records, CROSS):
        values = collect.market_values(records, case)
        sizes = collect.sizes_of(records, CROSS, case)
        bound = sizes[-1] / sizes[0]
        rows = []
        for i, name in enumerate(sets):
            cells = [_value(values[:, i, j], bound) if i != j else "1" for j in range(len(sets))]
            rows.append([name, *cells])
        heads = ["trained on", *(f"{name}:" for name in sets)]
        text.append(f"{_title(case)}:\n\n{table(heads, rows)}\n\n")
    return "".join(text)


def _value(values: Floats, bound: float) -> str:
    """Return a market value or its bound; the seeds that have one are counted if some lack it."""
    found = geometric_interval(values)
    if not found.n:
        return f"> {bound:g}" if np.isposinf(values).all() else "–"
    if found.n < len(values):
        return f"{number(found.mean, 1)} ({found.n} of {len(values)} seeds)"
    return written(found)


def _negatives(sets: Sequence[str], records: Sequence[Record]) -> str:
    """Return average precision with own negatives and with those of the other sets."""
    rows = []
    for case in collect.cases(records, CROSS):
        values = collect.negatives(records, case)
        drops = percent_drop(values[..., 0], values[..., 1])
        for k, name in enumerate(sets):
            own, others = values[:, k, 0], values[:, k, 1]
            rows.append([label(case), name, estimate(own), estimate(others), estimate(drops[:, k])])
    heads = ["features", "set", "own negatives:", "negatives of the others:", "percent drop:"]
    return (
        "### Negative samples\n\nA set's own positives against its own negatives, and against as "
        "many negatives of all other sets: average precision in percent, the mean over classes. A "
        "drop means that positives are harder to tell from the other sets' negatives than from "
        "their own set's; a negative drop means that they are easier to tell from these.\n\n"
        f"{table(heads, rows)}\n\n"
    )


def _naming(records: Sequence[Record], stem: str) -> str:
    """Return how often a classifier names the set of a sample."""
    found = collect.cases(records, NAME)
    sizes = collect.sizes_of(records, NAME, found[0])
    rows = []
    for case in found:
        accuracy = collect.accuracy_of(collect.confusions(records, case))
        own = collect.sizes_of(records, NAME, case)
        cells = {size: estimate(accuracy[:, k]) for k, size in enumerate(own)}
        rows.append([label(case), *(cells.get(size, "–") for size in sizes)])
    heads = ["features", *(f"{size}:" for size in sizes)]
    chance = 100 / len(records[-1].settings["sets"])
    networks = (
        "The network follows Liu and He (2024), who name data sets with convolutional networks; "
        "here it has one hidden layer on the features.\n\n"
        if any(case.classifier == "network" for case in found)
        else ""
    )
    return (
        "### Name that data set\n\nThe class is the data set. Percent of the test samples that are "
        f"named correctly, over the training samples of each set; chance is {chance:.0f} %.\n\n"
        f"{table(heads, rows)}\n\n{networks}"
        f"![Accuracy of naming the data set over training samples](naming_{stem}.svg)\n\n"
        f"![Confusion of data sets at {sizes[-1]} training samples](confusion_{stem}.svg)\n\n"
    )


def _distances(sets: Sequence[str], records: Sequence[Record]) -> str:
    """Return the proxy A-distances of all pairs."""
    text = [
        "### Proxy A-distance\n\n2 (1 − 2 ε), where ε is the lowest error with which a linear "
        "support vector machine tells two sets apart, over four values of C (Ganin et al. 2016): 0 "
        "if it cannot, 2 if it always can. Half of the samples are trained on, the other half is "
        "of other items.\n\n"
    ]
    for name in dict.fromkeys(r.settings["features"] for r in part(records, part=DISTANCE)):
        values = collect.distances(records, name)
        rows = [
            [
                row,
                *(estimate(values[:, i, j], 2) if i != j else "–" for j in range(len(sets))),
            ]
            for i, row in enumerate(sets)
        ]
        title = _title(MeasuredPair(name, "logistic"))
        text.append(f"{title}:\n\n{table(['', *(f'{s}:' for s in sets)], rows)}\n\n")
    return "".join(text)


def _quiz(group: str, records: Sequence[Record]) -> str:
    """Return the quiz: pictures, and the answers behind a line to click on."""
    found = part(records, part=QUIZ)
    if not found:
        return ""
    answers = [short(name) for name in found[-1].metrics["answers"]]
    sets = ", ".join(short(name) for name in found[-1].settings["sets"])
    listed = ", ".join(f"{place} {name}" for place, name in enumerate(answers, 1))
    return (
        f"### Quiz\n\nOf which set is each picture: {sets}?\n\n"
        f"![Twelve numbered samples]({quiz_file(group)})\n\n"
        f"<details><summary>Answers</summary>\n\n{listed}\n\n</details>\n\n"
    )


def _tried(records: Sequence[Record]) -> str:
    """Return the strengths of regularization that were tried, with their mean scores."""
    rows = []
    choices = part(records, part="choice")
    keys = dict.fromkeys(
        (r.settings["choice_for"], MeasuredPair(r.settings["features"], r.settings["classifier"]))
        for r in choices
    )
    for what, case in keys:
        own = part(choices, choice_for=what, features=case.features, classifier=case.classifier)
        strengths = own[0].metrics["tried"]
        mean = {s: np.mean([r.metrics["tried"][s] for r in own]) for s in strengths}
        picks = {s: sum(f"{r.metrics['chosen']:g}" == s for r in own) for s in strengths}
        cells = ", ".join(f"{s}: {mean[s]:.1f} ({picks[s]})" for s in strengths)
        rows.append(["matrix" if what == CROSS else "naming", label(case), cells])
    if not rows:
        return ""
    heads = ["for", "features", "strength: validation score, % (seeds that chose it)"]
    return (
        "### What was tried\n\nStrengths of regularization (C; weight decay of the network), "
        "each fitted to two thirds of a seed's training samples and scored on the last third: "
        f"average precision on the set itself, or accuracy of naming. Where the sets have groups, "
        "such as buildings, samples of one group may be on both sides; then these scores are not "
        "comparable with those of the test.\n\n"
        f"{table(heads, rows)}\n\n"
    )
