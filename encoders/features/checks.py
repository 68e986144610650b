"""Checks of prepared examples: enough labels, sources that vary, labels among the features."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from encoders.errors import InvalidDataError
from encoders.features.jobs import moments_path
from encoders.features.label_columns import TargetColumn
from encoders.features.moments import FeatureMoments, column_runs
from encoders.features.prepared import PreparedExamples
from encoders.features.readout import PARTS
from taskgraph.arrays import Booleans, Floats
from taskgraph.tasks import shell_list

LEAST_TEST = 10
"""Fewest test examples with a label, since a tournament needs that many."""

LEAK = 0.9999
"""Correlation of a feature and a target from which the feature is said to hold the label."""

logger = logging.getLogger(__name__)


def check_labels(prepared: PreparedExamples) -> None:
    """Raise if a target has too few labels in a part, or one class only among training examples.

    Classes that occur in no training example are logged: their examples are left out.
    """
    names = [target.name for target in prepared.targets]
    for target in prepared.targets:
        remedy = _without("--targets", names, target.name)
        for repeat, parts in enumerate(prepared.parts):
            labeled = {part: target.values[getattr(parts, part)] for part in PARTS}
            labeled = {part: v[~np.isnan(v[:, 0])] for part, v in labeled.items()}
            _check_trained(target, labeled["train"], remedy)
            unseen = _unseen(target, labeled["train"])
            left = {part: ~labeled[part][:, unseen].any(axis=1) for part in ("valid", "test")}
            lost = sum(int((~kept).sum()) for kept in left.values())
            if lost and not repeat:
                logger.info(
                    "%s: %d validation and test examples of classes without a training example "
                    "are left out",
                    target.name,
                    lost,
                )
            for part, least in (("valid", 1), ("test", LEAST_TEST)):
                if left[part].sum() < least:
                    raise InvalidDataError(
                        f"{target.name} has {left[part].sum()} labeled {part} examples, expected "
                        f"at least {least}; give more labels, or {remedy}"
                    )


def _unseen(target: TargetColumn, train: Floats) -> Booleans:
    """Return which outputs are classes without a training example."""
    if target.kind != "classes":
        return np.zeros(train.shape[1], dtype=bool)
    return np.asarray(~train.any(axis=0))


def _check_trained(target: TargetColumn, train: Floats, remedy: str) -> None:
    """Raise if the labeled training examples all have the same label."""
    if len(train) < 2:
        raise InvalidDataError(
            f"{target.name} has {len(train)} labeled training examples, expected at least 2; "
            f"give more labels, or {remedy}"
        )
    if not np.ptp(train, axis=0).any():
        raise InvalidDataError(
            f"{target.name} has the same label in all {len(train)} training examples, so that "
            f"there is nothing to learn; give other parts (--seed), or {remedy}"
        )


def check_moments(prepared: PreparedExamples, out: Path) -> None:
    """Raise if all features of a source are constant; log constant features and leaked labels."""
    constant: dict[str, int] = {}
    for repeat in range(len(prepared.parts)):
        for number, targets in enumerate(prepared.label_groups(repeat)):
            moments = FeatureMoments.load(moments_path(out, repeat, number))
            for source, run in moments.runs.items():
                count = int(moments.constant[run].sum())
                constant[source] = max(count, constant.get(source, 0))
                if count == run.stop - run.start:
                    raise InvalidDataError(
                        f'all {count} features of source "{source}" are constant over the '
                        f"training examples of {targets[0].name}, so that nothing can be read "
                        f"out of them; {_without('--sources', prepared.sources, source)}"
                    )
            if not repeat:
                _warn_of_leaks(prepared, moments, targets, repeat)
    for source, count in constant.items():
        if count:
            logger.info('%d constant features of source "%s" are not used', count, source)


def _warn_of_leaks(
    prepared: PreparedExamples,
    moments: FeatureMoments,
    targets: Sequence[TargetColumn],
    repeat: int,
) -> None:
    """Log features that equal a target's label up to a factor and an offset."""
    columns = column_runs({target.name: target.values.shape[1] for target in targets})
    train = prepared.parts[repeat].train
    for target in targets:
        codes = label_codes(target)
        values = target.values[train[target.labeled[train]]] @ codes
        spread = values.std(axis=0)
        products = moments.with_labels[:, columns[target.name]] @ codes
        known = spread > 0
        correlation = np.abs(products[:, known] / spread[known]).max(axis=1, initial=0.0)
        for source, run in moments.runs.items():
            feature = int(correlation[run].argmax())
            if correlation[run][feature] >= LEAK and source != target.name:
                logger.warning(
                    'feature %d of source "%s" is the label of "%s" up to scale (correlation '
                    "%.5f): if it was computed from the label, its transfers tell nothing; remove "
                    "the feature, or %s",
                    feature + 1,
                    source,
                    target.name,
                    correlation[run][feature],
                    _without("--sources", prepared.sources, source),
                )


def label_codes(target: TargetColumn) -> Floats:
    """Return the combinations of a target's outputs that a leaked feature may hold, (q, c).

    They are the outputs themselves and, for classes, their number: as it is written if it is
    written as a number, else in alphabetical order.
    """
    count = target.values.shape[1]
    if target.kind != "classes":
        return np.eye(count)
    try:
        numbers = np.array([float(name) for name in target.classes])
    except ValueError:
        numbers = np.arange(count, dtype=float)
    return np.column_stack([np.eye(count), numbers])


def _without(flag: str, names: Sequence[str], left_out: str) -> str:
    """Return the advice to leave out a name, with the flag that does so."""
    others = [name for name in names if name != left_out]
    return f"leave it out: {flag} {shell_list(others)}" if others else "leave it out"
