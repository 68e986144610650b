"""Measures by method and pair, from records alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from benchmarks.adaptation.selection import ORACLE, SOURCE, AdaptationCheckpoint, select
from benchmarks.adaptation.settings import METHOD_NAMES, OWN, PYTORCH_ADAPT, SKADA
from benchmarks.results.frame import latest, part
from benchmarks.results.measures import Estimate, paired_difference, t_interval
from benchmarks.results.record import Record

SOURCE_ONLY, TARGET_SUPERVISED = "source-only", "target-supervised"
TRAINING, CHOICE, EMBEDDING, SHALLOW = "training", "choice", "embedding", "shallow"
DENSE, DECISIONS = "dense", "decisions"
OURS, SKADA_HEAD = "ours", "skada-head"
CONTENDERS = {SKADA: (OURS, SKADA, SKADA_HEAD), PYTORCH_ADAPT: (OURS, PYTORCH_ADAPT)}
"""The methods of each comparison with a library, ours first."""
SHARED = (
    "network",
    "bank_hash",
    "steps",
    "batch",
    "train",
    "val",
    "test",
    "rates",
    "tuned",
    "buildings",
    "views",
    "contents",
)
"""Settings that all trainings of one run of a group share."""


def newest(records: Sequence[Record], kind: str, group: str) -> list[Record]:
    """Return the records of one kind and group that have the newest settings."""
    return latest(part(records, part=kind, group=group), *SHARED)


def group_names(records: Sequence[Record], kind: str) -> list[str]:
    """Return the groups that have records of a kind, in their order."""
    own = part(records, part=kind)
    return list(dict.fromkeys(str(each.settings["group"]) for each in own))


def checkpoints_of(record: Record) -> list[AdaptationCheckpoint]:
    """Return the evaluations of a training."""
    return [AdaptationCheckpoint(**each) for each in record.metrics["checkpoints"]]


def own_trainings(records: Sequence[Record], *, seed: int) -> dict[str, list[AdaptationCheckpoint]]:
    """Return the evaluations of the trainings on the user's pair with one seed, by method."""
    found = newest(records, TRAINING, OWN)
    return {
        str(each.settings["method"]): checkpoints_of(each) for each in found if each.seed == seed
    }


def accuracies(records: Sequence[Record], rule: str = SOURCE) -> pd.DataFrame:
    """Return the test measures of each training at the checkpoint that a rule chooses.

    The target-supervised reference is always chosen by the target's validation images.

    Returns
    -------
    DataFrame
        One row a training: ``method, source, target, seed, accuracy, class_accuracy``, the last
        two in [0, 1]. Trainings whose target has no labels are left out.
    """
    rows = []
    for record in records:
        asked = record.settings
        by = ORACLE if asked["method"] == TARGET_SUPERVISED else rule
        point = select(checkpoints_of(record), by)
        if point is not None and point.accuracy is not None:
            row = {name: asked[name] for name in ("method", "source", "target")}
            row |= {"seed": record.seed, "accuracy": point.accuracy}
            rows.append({**row, "class_accuracy": point.class_accuracy})
    return pd.DataFrame(
        rows, columns=["method", "source", "target", "seed", "accuracy", "class_accuracy"]
    )


def shallow_accuracies(records: Sequence[Record]) -> pd.DataFrame:
    """Return the measures of shallow methods, in the columns of `accuracies`."""
    names = ("method", "source", "target")
    rows = [
        {**{n: each.settings[n] for n in names}, "seed": each.seed, **each.metrics}
        for each in records
    ]
    return pd.DataFrame(rows, columns=[*names, "seed", "accuracy", "class_accuracy"])


@dataclass(frozen=True)
class PairSummary:
    """The measures of one method on one pair, over seeds.

    Attributes
    ----------
    method, source, target : str
    accuracy, class_accuracy : Estimate
        Percent of the target's test images; larger is better.
    change : Estimate
        Accuracy minus that of the baseline, paired by seed, in points.
    gap : Estimate or None
        Share of the gap covered, see `gap_covered`; None without a converged reference.
    """

    method: str
    source: str
    target: str
    accuracy: Estimate
    class_accuracy: Estimate
    change: Estimate
    gap: Estimate | None

    @property
    def hurts(self) -> bool:
        """Return whether the mean accuracy is below that of the baseline."""
        return self.change.mean < 0

    @property
    def surely_hurts(self) -> bool:
        """Return whether the whole interval of the change is below 0."""
        return self.change.high < 0


def summaries(frame: pd.DataFrame, baseline: str = SOURCE_ONLY) -> list[PairSummary]:
    """Return a summary of each pair and method of the frame of `accuracies`.

    Pairs are in its order, and methods in that of `METHOD_NAMES`, whichever ran first.
    Seeds that a method or its baseline lacks are left out.
    """
    found = []
    pairs = dict.fromkeys(zip(frame["source"], frame["target"], strict=True))
    for source, target in pairs:
        own = frame[(frame["source"] == source) & (frame["target"] == target)]
        names = sorted(dict.fromkeys(own["method"].astype(str)), key=place_of_method)
        by = {name: _by_seed(own, name) for name in names}
        for name in by:
            row = _summary(by, name, baseline)
            if row is not None:
                found.append(PairSummary(name, str(source), str(target), *row))
    return found


def place_of_method(name: str) -> int:
    """Return the place of a method in tables; others come last, in their own order."""
    return METHOD_NAMES.index(name) if name in METHOD_NAMES else len(METHOD_NAMES)


Trial = tuple[float, float]
"""A learning rate and a strength."""
Trials = Mapping[Trial, float]
"""Mean accuracy in [0, 1] by trial, −∞ if a training diverged; in the order in which they ran."""


def best_trial(tried: Trials) -> Trial:
    """Return the trial of the best accuracy, the first of equal ones."""
    return max(tried, key=lambda trial: tried[trial])


BySeed = dict[int, tuple[float, float]]
"""Accuracy and mean per-class accuracy in percent, by seed."""


def _by_seed(frame: pd.DataFrame, method: str) -> BySeed:
    """Return the measures of a method on one pair."""
    own = frame[frame["method"] == method]
    columns = own["seed"], 100 * own["accuracy"], 100 * own["class_accuracy"]
    return {int(s): (float(a), float(c)) for s, a, c in zip(*columns, strict=True)}


def _summary(
    by: dict[str, BySeed], name: str, baseline: str
) -> tuple[Estimate, Estimate, Estimate, Estimate | None] | None:
    """Return accuracy, per-class accuracy, change and gap; None without a seed of the baseline."""
    seeds = [seed for seed in by[name] if seed in by.get(baseline, {})]
    if not seeds:
        return None
    mine, theirs = ({seed: by[each][seed][0] for seed in seeds} for each in (name, baseline))
    reference = {seed: pair[0] for seed, pair in by.get(TARGET_SUPERVISED, {}).items()}
    gap = None
    if reference and has_gap(reference, {seed: pair[0] for seed, pair in by[baseline].items()}):
        gap = gap_covered(float(np.mean(list(reference.values()))), mine, theirs)
    classes = _of_percents([by[name][seed][1] for seed in seeds])
    return _of_percents(list(mine.values())), classes, paired_difference(mine, theirs), gap


def _of_percents(values: Sequence[float]) -> Estimate:
    """Return the mean and its interval, which ends at 0 and at 100."""
    found = t_interval(values)
    return replace(found, low=max(found.low, 0.0), high=min(found.high, 100.0))


def has_gap(reference: dict[int, float], theirs: dict[int, float]) -> bool:
    """Return whether target-supervised is clearly above source-only: the interval is above 0.

    The differences are paired by seed; with one seed there is no interval, and the difference
    decides. A share of a gap that may be 0 says nothing.
    """
    seeds = reference.keys() & theirs.keys()
    if not seeds:
        return False
    own, others = ({seed: each[seed] for seed in seeds} for each in (reference, theirs))
    difference = paired_difference(own, others)
    return (difference.mean if len(seeds) == 1 else difference.low) > 0


def gap_covered(
    reference: float, mine: dict[int, float], theirs: dict[int, float]
) -> Estimate | None:
    """Return the share of the gap covered in percent: 100 (A − S) / (T − S), over seeds.

    A is the method's accuracy and S source-only's, paired by seed. The denominator is the mean
    over seeds of target-supervised minus source-only, which the interval takes as known.

    Parameters
    ----------
    reference : float
        Mean accuracy of target-supervised, in percent.
    mine, theirs : dict
        Accuracy of the method and of source-only in percent, by seed.

    Returns
    -------
    Estimate or None
        100 for a method as good as the reference, 0 for one as good as source-only, negative for a
        worse one. None if the reference does not exceed source-only: it has not converged.
    """
    gap = reference - float(np.mean(list(theirs.values())))
    if gap <= 0:
        return None
    return t_interval([100 * (mine[seed] - theirs[seed]) / gap for seed in mine])


def pairs_hurt(own: Sequence[PairSummary]) -> tuple[int, int, int]:
    """Return in how many pairs a method is worse than the baseline, surely worse, and measured."""
    return sum(each.hurts for each in own), sum(each.surely_hurts for each in own), len(own)
