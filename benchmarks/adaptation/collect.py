"""Measures by method and pair, from records alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.adaptation.selection import ORACLE, SOURCE, AdaptationCheckpoint, select
from benchmarks.results.frame import latest, part
from benchmarks.results.measures import Estimate, paired_difference, t_interval
from benchmarks.results.record import Record

SOURCE_ONLY, TARGET_SUPERVISED = "source-only", "target-supervised"
TRAINING, CHOICE, EMBEDDING, SHALLOW = "training", "choice", "embedding", "shallow"
SHARED = (
    "network",
    "steps",
    "batch",
    "train",
    "val",
    "test",
    "rates",
    "buildings",
    "views",
    "pictures",
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
    found = newest(records, TRAINING, "own")
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
    """Return a summary of each pair and method of the frame of `accuracies`, in its order.

    Seeds that a method or its baseline lacks are left out.
    """
    found = []
    for (source, target), pair in frame.groupby(["source", "target"], sort=False):
        by = {name: own.set_index("seed") for name, own in pair.groupby("method", sort=False)}
        if baseline not in by:
            continue
        for name, own in by.items():
            seeds = own.index.intersection(by[baseline].index)
            if not len(seeds):
                continue
            mine, theirs = (
                (100 * each["accuracy"].loc[seeds]).to_dict() for each in (own, by[baseline])
            )
            change = paired_difference(mine, theirs)
            gap = gap_covered(by, mine, theirs) if TARGET_SUPERVISED in by else None
            classes = t_interval(100 * own["class_accuracy"].loc[seeds].to_numpy(float))
            accuracy = t_interval(list(mine.values()))
            found.append(PairSummary(name, source, target, accuracy, classes, change, gap))
    return found


def gap_covered(
    by: dict[str, pd.DataFrame], mine: dict[int, float], theirs: dict[int, float]
) -> Estimate | None:
    """Return the share of the gap covered in percent: 100 (A − S) / (T − S), over seeds.

    A is the method's accuracy and S source-only's, paired by seed. The denominator is the mean
    over seeds of target-supervised minus source-only, which the interval takes as known.

    Returns
    -------
    Estimate or None
        100 for a method as good as the reference, 0 for one as good as source-only, negative for a
        worse one. None if the reference does not exceed source-only: it has not converged.
    """
    reference = 100 * float(by[TARGET_SUPERVISED]["accuracy"].mean())
    gap = reference - float(np.mean(list(theirs.values())))
    if gap <= 0:
        return None
    return t_interval([100 * (mine[seed] - theirs[seed]) / gap for seed in mine])


def pairs_hurt(own: Sequence[PairSummary]) -> tuple[int, int, int]:
    """Return in how many pairs a method is worse than the baseline, surely worse, and measured."""
    return sum(each.hurts for each in own), sum(each.surely_hurts for each in own), len(own)
