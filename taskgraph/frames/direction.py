"""Read whether larger values are better, for each target, from a flag or a column of the table.

For values that are called by a score's name the direction is never guessed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from taskgraph.errors import InvalidTableError
from taskgraph.frames.names import NameColumn
from taskgraph.frames.rows import row_name, row_names
from taskgraph.tasks import REFERENCES, SELF, require_known, task_name

logger = logging.getLogger("taskgraph")

COLUMN = "higher_is_better"
"""The column of a table that says whether larger values are better, the same for all rows of a
target."""

CHECK_FLAGS = "check the direction (--higher-is-better, --lower-is-better)"

YES, NO = frozenset({"true", "1", "1.0", "yes"}), frozenset({"false", "0", "0.0", "no"})

Said = bool | None
"""Whether larger is better; None where nothing says so."""


@dataclass(frozen=True)
class Direction:
    """Which values are better, according to flags or keywords.

    Parameters
    ----------
    higher_is_better : bool, optional
        For all targets; None where nothing was said.
    higher_is_better_for : names
        Targets whose values are scores; the others' are losses unless the table says otherwise.

    Raises
    ------
    InvalidTableError
        If both are given.
    """

    higher_is_better: Said = None
    higher_is_better_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.higher_is_better and self.higher_is_better_for:
            raise InvalidTableError(
                "--higher-is-better says that all targets have scores, and --higher-is-better-for "
                f"that only {_listed(self.higher_is_better_for)} have; give one of them"
            )

    @classmethod
    def said(cls, higher_is_better: Said, higher_is_better_for: Iterable[str]) -> Direction:
        """Return the direction of two keywords; ``higher_is_better_for`` may be a single name."""
        names = higher_is_better_for
        names = (names,) if isinstance(names, str) else names
        return cls(higher_is_better, tuple(task_name(name) for name in names))

    def of(self, target: str) -> Said:
        """Return whether larger is better for a target; None where nothing was said."""
        return True if target in self.higher_is_better_for else self.higher_is_better

    def flag(self, target: str) -> str:
        """Return the flag that gives the direction of a target."""
        if target in self.higher_is_better_for:
            return "--higher-is-better-for"
        return "--higher-is-better" if self.higher_is_better else "--lower-is-better"

    def by_target(
        self, targets: NameColumn, column: pd.Series | None, *, header: str | None
    ) -> dict[str, bool]:
        """Return for every target whether larger values are better.

        Parameters
        ----------
        targets : Names
            The column of targets.
        column : Series, optional
            The column ``higher_is_better``, if the table has one.
        header : str, optional
            The header of the values if it names a score, so that their direction must be given.
            If None, values are losses unless something says otherwise.

        Raises
        ------
        InvalidTableError
            If a target is unknown, the column contradicts itself or a flag, or nothing gives the
            direction of values that are called by a score's name.
        """
        require_known(
            self.higher_is_better_for,
            targets.known,
            where="--higher-is-better-for",
            role="target",
        )
        by_column = {} if column is None else _from_column(targets, column)
        higher = {}
        for target in targets.known:
            direction = self.of(target)
            if target in by_column and direction not in (None, by_column[target][0]):
                value, row = by_column[target]
                raise InvalidTableError(
                    f'{row_name(row)}: the column "{COLUMN}" says {_word(value)} for the target '
                    f'"{target}", and {self.flag(target)} says {_word(bool(direction))}; leave one '
                    "of them out"
                )
            if direction is None and target in by_column:
                direction = by_column[target][0]
            if direction is None and header is not None and not self.higher_is_better_for:
                raise InvalidTableError(refusal(header, target if by_column else None))
            higher[target] = bool(direction)
        return higher


def refusal(header: str, target: str | None = None, *, wide: bool = False) -> str:
    """Return the message for values whose direction must be given; ``wide`` for a wide matrix."""
    of = f' of the target "{target}"' if target else ""
    column = "" if wide else f', or give the table a column "{COLUMN}"'
    return (
        f'nothing says whether larger or smaller values of "{header}"{of} are better; add '
        "--higher-is-better (as for accuracies) or --lower-is-better (as for errors), or name the "
        f"targets that have scores with --higher-is-better-for a,b{column} (in Python the keywords "
        "higher_is_better and higher_is_better_for)"
    )


def described(higher: Mapping[str, bool]) -> str:
    """Return the direction of all targets in words."""
    up = sorted(target for target, is_higher in higher.items() if is_higher)
    down = sorted(set(higher) - set(up))
    if up and down:
        return f"higher is better for {_listed(up)}; lower is better for {_listed(down)}"
    return "higher is better" if up else "lower is better"


def direction_in(frame: pd.DataFrame) -> str | None:
    """Return the direction of the scores that a table of transfers was made from, or None."""
    if COLUMN not in frame.columns:
        return None
    values = frame[COLUMN].map(_said)
    return described(dict(zip(frame["target"], values.fillna(False).astype(bool), strict=True)))


def worst_selves(frame: pd.DataFrame) -> tuple[int, int]:
    """Count the targets whose own network is the worst candidate, and all that have a network."""
    inside = frame[frame["affinity"].notna() & ~frame["sources"].isin(REFERENCES)]
    own = inside[inside["sources"] == SELF].set_index("target")["affinity"]
    others = inside[inside["sources"] != SELF].groupby("target")["affinity"].min()
    both = others.index.intersection(own.index)
    return int((own[both] < others[both]).sum()), len(both)


def warn_of_worst_selves(frame: pd.DataFrame, advice: str) -> None:
    """Log a warning if most targets' own networks are the worst: the direction may be wrong."""
    worst, known = worst_selves(frame)
    if worst * 2 > known:
        logger.warning(
            f'"{SELF}" is the worst candidate of {worst} of {known} targets, which a target\'s own '
            f"supervised network rarely is: {advice}"
        )


def _from_column(targets: NameColumn, column: pd.Series) -> dict[str, tuple[bool, int]]:
    """Return the direction that the column gives each target, and the first row that gives it."""
    directions: dict[str, tuple[bool, int]] = {}
    texts = column.astype("string").fillna("").to_numpy(dtype=object)
    pairs = pd.DataFrame({"target": targets.codes, "text": texts}).drop_duplicates()
    for row, code, text in pairs.itertuples():
        if not text.strip():
            continue
        value, target = _said(text), targets.known[code]
        if value is None:
            raise InvalidTableError(
                f'{row_name(row + 1)}: {COLUMN} is "{text}", expected true or false'
            )
        first = directions.setdefault(target, (value, row + 1))
        if first[0] != value:
            raise InvalidTableError(
                f"{row_names(first[1], row + 1)}: {COLUMN} is both {_word(first[0])} and "
                f'{_word(value)} for the target "{target}"; a target has one direction'
            )
    return directions


def _said(value: object) -> Said:
    """Return the direction that a field of the column gives."""
    text = str(value).strip().lower()
    return True if text in YES else False if text in NO else None


def _word(value: bool) -> str:
    return "true" if value else "false"


def _listed(names: Iterable[str], most: int = 6) -> str:
    """Return the first names, and how many more there are."""
    shown = list(names)
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more


def signs(
    higher: Mapping[str, bool], targets: NameColumn
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return 1 for rows where larger is better and -1 for the others, a (rows,) array."""
    each = np.array([1.0 if higher[name] else -1.0 for name in targets.known])
    return each[targets.codes]
