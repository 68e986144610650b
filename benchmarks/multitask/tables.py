"""Tables and sentences of the page."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from benchmarks.multitask.collect import (
    MultitaskResults,
    PairResults,
    condition_gain,
    condition_measures,
    method_cosines,
    method_gains,
)
from benchmarks.multitask.measures import ClusterCorrelation, cluster_correlation, over_seeds
from benchmarks.multitask.plan import (
    ALONE,
    CONDITIONS,
    DECAYED,
    DROPPED,
    EQUAL,
    SHUFFLED,
    TOGETHER,
    PairsPlan,
    SetPlan,
)
from benchmarks.results.markdown import interval, number, table
from benchmarks.results.measures import Estimate, paired_difference

LABELS = {
    ALONE: "alone",
    DECAYED: "alone, tuned weight decay",
    DROPPED: "alone, tuned dropout",
    TOGETHER: "with the other tasks",
    SHUFFLED: "with their labels shuffled",
}
"""The conditions as the page names them."""


def estimate(value: Estimate, digits: int = 1) -> str:
    """Return a mean with its interval."""
    return f"{number(value.mean, digits)} {interval(value.low, value.high, digits)}".replace(
        " –", ""
    )


def regularization_table(results: MultitaskResults, plan: SetPlan) -> str:
    """Return the main task's measures under every condition, a row each."""
    rows = []
    for images in plan.sizes:
        _, alone_gap = condition_measures(results, plan, ALONE, images)
        for name in CONDITIONS:
            test, gap = condition_measures(results, plan, name, images)
            same = name == ALONE
            gain = condition_gain(results, plan, name, images)
            rows.append(
                (
                    str(images),
                    LABELS[name],
                    estimate(over_seeds(test), 4),
                    "–" if same else estimate(gain),
                    estimate(over_seeds(gap), 4),
                    "–" if same else estimate(paired_difference(gap, alone_gap), 4),
                )
            )
    heads = ("images:", "trained", "test:", "gain, %:", "test – train:", "against alone:")
    return table(heads, rows)


def protocol(plan: SetPlan) -> str:
    """Return the most test and validation images, and the passes over the training images."""
    _, valid, test = plan.base.tested
    seen = plan.base.steps * plan.base.batch
    passes = ", ".join(f"{seen / images:.3g}" for images in plan.sizes)
    sizes = ", ".join(map(str, plan.sizes))
    return (
        f"At most {test} test and {valid} validation images; a set of fewer images has fewer, and "
        f"its measures are coarse. The {plan.base.steps} steps are {passes} "
        f"passes over {sizes} training images."
    )


def unfinished(results: MultitaskResults, plan: SetPlan) -> str:
    """Return at which sizes more images did not lower the test measure of the main task alone."""
    means = [
        over_seeds(condition_measures(results, plan, ALONE, images)[0]).mean
        for images in plan.sizes
    ]
    worse = [
        f"{plan.sizes[place]} images ({means[place]:.4f}) than at {plan.sizes[place - 1]} "
        f"({means[place - 1]:.4f})"
        for place in range(1, len(means))
        if means[place] >= means[place - 1]
    ]
    if not worse:
        return ""
    return (
        f"Alone, the test measure is no better at {'; '.join(worse)}: with so few passes training "
        "has not converged. There, a gain or loss by the other tasks says how they change the "
        "speed of training as much as whether they regularize."
    )


def tried_table(plan: SetPlan) -> str:
    """Return every setting that was tried, with its validation measure; those chosen are bold."""
    rows = []
    for each in plan.tried:
        chosen = {
            "learning_rate": plan.base.learning_rate,
            "weight_decay": plan.weight_decay.get(str(each["images"])),
            "dropout": plan.dropout.get(str(each["images"])),
        }[each["kind"]]
        value = f"{each['value']:g}"
        rows.append(
            (
                each["kind"].replace("_", " "),
                str(each["images"]),
                f"**{value}**" if each["value"] == chosen else value,
                number(each["valid"], 4),
            )
        )
    return table(("setting", "images:", "value:", "validation:"), rows)


def methods_table(results: MultitaskResults, plan: SetPlan) -> str:
    """Return the gain of each task, and Delta_m, a row a method."""
    rows = []
    for method in plan.methods:
        gains, mean = method_gains(results, plan, method)
        rows.append((method, *(estimate(each) for each in gains), estimate(mean)))
    heads = ("method", *(f"{task}, %:" for task in plan.base.tasks), "Δ_m, %:")
    return table(heads, rows)


def cosines_table(results: MultitaskResults, plan: SetPlan) -> str:
    """Return the cosine between the gradients of each pair of tasks."""
    trainings = [plan.joint(EQUAL, seed) for seed in range(plan.seeds)]
    places = range(len(plan.base.tasks))
    rows = [
        (
            plan.base.tasks[a],
            plan.base.tasks[b],
            estimate(method_cosines(results, trainings, a, b), 3),
        )
        for a, b in combinations(places, 2)
    ]
    return table(("task", "other task", "cosine:"), rows)


def pairs_table(plan: PairsPlan, found: PairResults) -> str:
    """Return affinity and gain of each pair in both directions."""
    rows = [
        (
            pair.third,
            pair.first,
            pair.second,
            number(pair.forward, 2),
            number(pair.backward, 2),
            estimate(gains[0]),
            estimate(gains[1]),
            estimate(cosine, 2),
        )
        for pair, gains, cosine in zip(plan.pairs, found.gains, found.cosines, strict=True)
    ]
    heads = ("third", "a", "b", "a → b:", "b → a:", "gain of a, %:", "gain of b, %:", "cosine:")
    return table(heads, rows)


def correlations(found: PairResults) -> dict[str, ClusterCorrelation]:
    """Return the rank correlations of affinity with the gain of target, source and both."""
    count = len(found.clusters) // 2
    shares = found.shares.reshape(2, count).mean(0)
    gains = found.target_gains.reshape(2, count).mean(0)
    return {
        "the target": cluster_correlation(found.shares, found.target_gains, found.clusters),
        "the source": cluster_correlation(found.shares, found.source_gains, found.clusters),
        "both tasks, on average": cluster_correlation(shares, gains, range(count)),
    }


def correlations_table(found: PairResults) -> str:
    """Return the rank correlations as a table."""
    rows = [
        (name, str(each.n), number(each.value, 2), interval(each.low, each.high, 2))
        for name, each in correlations(found).items()
    ]
    return table(("gain of", "points:", "rank correlation:", "95 % interval:"), rows)


def headline(results: MultitaskResults, plan: SetPlan) -> str:
    """Return the gain by the other tasks at the smallest and largest size, beside the control."""
    words = []
    for images in dict.fromkeys((plan.sizes[0], plan.sizes[-1])):
        real, control, decay, dropout = (
            condition_gain(results, plan, name, images)
            for name in (TOGETHER, SHUFFLED, DECAYED, DROPPED)
        )
        words.append(
            f"at {images} images {_signed(real)} (shuffled labels {_signed(control)}, weight "
            f"decay {_signed(decay)}, dropout {_signed(dropout)})"
        )
    return f"{plan.base.data}, {plan.main} with {' and '.join(plan.base.tasks[1:])}: " + ", ".join(
        words
    )


def methods_headline(results: MultitaskResults, plan: SetPlan) -> str:
    """Return Delta_m of equal weights and of the best method."""
    means = {name: method_gains(results, plan, name)[1] for name in plan.methods}
    best = max(means, key=lambda name: np.nan_to_num(means[name].mean, nan=-np.inf))
    known = f"equal weights {_signed(means[EQUAL])}, " if EQUAL in means else ""
    return f"{plan.base.data}: {known}largest {_signed(means[best])} ({best})"


def _signed(value: Estimate) -> str:
    return "–" if np.isnan(value.mean) else f"{value.mean:+.1f} %"
