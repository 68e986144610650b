"""Divide the examples into parts: training, validation and test, with groups kept whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from encoders.errors import InvalidDataError
from encoders.features.label_table import TargetTable
from encoders.features.settings import FeatureConfig
from taskgraph.arrays import Array, Booleans, Integers

TEST_DRAW, VALID_DRAW, TRAIN_DRAW = range(3)
"""Names of the independent random generators of one seed."""

LEAST_GROUPS = 3
"""Fewest groups of which each part can have one."""


@dataclass(frozen=True, eq=False)
class ExampleParts:
    """Rows of the examples of each part, rising."""

    train: Integers
    valid: Integers
    test: Integers


def draw_parts(table: TargetTable, config: FeatureConfig) -> list[ExampleParts]:
    """Return the parts of each repeat.

    The labels' column ``split`` decides, if there is one. If it names no validation examples, they
    are drawn from the training examples. Without it, the test examples are drawn first, by the
    seed alone, so that they are the same in each repeat. Whole groups are drawn.

    Raises
    ------
    InvalidDataError
        If a part has no example, a group is in two parts, or repeats would all be the same.
    """
    units = np.arange(len(table)) if table.group is None else _numbered(table.group)
    test, valid = _given_parts(table, units)
    if test is None:
        test = _drawn(units, np.ones(len(table), bool), config.test_share, [config.seed, TEST_DRAW])
    if valid is not None and config.repeats > 1 and not _varies(config):
        raise InvalidDataError(
            f"--repeats {config.repeats}: the column split names the training and validation "
            "examples, so that each repeat would be the same; give --train-examples or --readout "
            "mlp, or leave the validation examples to chance: write train in their rows"
        )
    return [_parts(units, test, valid, config, repeat) for repeat in range(config.repeats)]


def _varies(config: FeatureConfig) -> bool:
    """Return whether something is drawn at random in each repeat although the parts are given."""
    return config.readout == "mlp" or config.train_examples > 0


def _parts(
    units: Integers, test: Booleans, valid: Booleans | None, config: FeatureConfig, repeat: int
) -> ExampleParts:
    """Return the parts of one repeat."""
    if valid is None:
        share = config.valid_share * len(units) / max(1, int((~test).sum()))
        valid = _drawn(units, ~test, min(share, 0.5), [config.seed, VALID_DRAW, repeat])
    train = np.flatnonzero(~(test | valid))
    if config.train_examples and len(train) > config.train_examples:
        random = np.random.default_rng([config.seed, TRAIN_DRAW, repeat])
        train = np.sort(random.permutation(train)[: config.train_examples])
    parts = ExampleParts(train, np.flatnonzero(valid), np.flatnonzero(test))
    for name in ("train", "valid", "test"):
        if not len(getattr(parts, name)):
            groups = len(np.unique(units))
            remedy = "or other shares with --test-share and --valid-share"
            if groups < LEAST_GROUPS:
                remedy = "or rename the column group if its examples are independent"
            raise InvalidDataError(
                f"no example is left for the part {name} (there are {len(units)} examples in "
                f"{groups} groups, and a group is in one part); give more examples or smaller "
                f"groups, {remedy}"
            )
    return parts


def _drawn(units: Integers, free: Booleans, share: float, seed: list[int]) -> Booleans:
    """Return which of the free examples are in whole units drawn for ``share`` of them."""
    known, sizes = np.unique(units[free], return_counts=True)
    order = np.random.default_rng(seed).permutation(len(known))
    before = sizes[order].cumsum() - sizes[order]
    chosen = known[order[before < share * sizes.sum()]]
    # A single large unit must not take all examples.
    if len(chosen) == len(known):
        chosen = chosen[:-1]
    return np.asarray(free & np.isin(units, chosen))


def _given_parts(table: TargetTable, units: Integers) -> tuple[Booleans | None, Booleans | None]:
    """Return the test and the validation examples that the column ``split`` names."""
    if table.split is None:
        return None, None
    _check_groups(table, units)
    test, valid = table.split == "test", table.split == "valid"
    for name, part in (("test", test), ("train", table.split == "train")):
        if not part.any():
            raise InvalidDataError(
                f'the column split names no {name} example; write "{name}" in some rows, or leave '
                "the column out so that parts are drawn at random"
            )
    return np.asarray(test), np.asarray(valid) if valid.any() else None


def _check_groups(table: TargetTable, units: Integers) -> None:
    """Raise if a group is in two parts."""
    if table.group is None or table.split is None:
        return
    part_of: dict[int, str] = {}
    for unit, part in zip(units.tolist(), table.split.tolist(), strict=True):
        if part_of.setdefault(unit, part) != part:
            group = table.group[np.argmax(units == unit)]
            raise InvalidDataError(
                f'group "{group}" is in the parts {part_of[unit]} and {part}, so that losses on '
                "its examples would be too small; put it into one part, or rename the column group "
                "if its examples are independent"
            )


def _numbered(group: Array) -> Integers:
    """Return the number of each example's group, in the order of the groups' names."""
    return np.asarray(np.unique(group, return_inverse=True)[1].reshape(-1))
