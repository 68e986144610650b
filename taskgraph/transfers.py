"""Measured transfers: one row a hyper-edge from a set of sources to a target."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.names import all_members, check_names, read_sets, read_targets
from taskgraph.places import row_name, row_names
from taskgraph.tasks import (
    AVERAGE,
    RESERVED,
    SELF,
    join_sources,
    normalized,
    parse_sources,
    quoted,
    split_sources,
)

REQUIRED = ("sources", "target", "affinity")
MEASUREMENTS = ("affinity", "low", "high", "gain", "quality", "loss", "n")
SHARES = ("gain", "quality")

NOT_MEASURED = frozenset({"", "na", "n/a", "#n/a", "<na>", "-", "–", "—", "null", "none"})
"""What a field of numbers holds where nothing was measured, in lower case. As names, these are
words like any other."""


@dataclass(frozen=True, eq=False)
class Transfers:
    """A validated table of transfers; make one with `Transfers` or `read_transfers`.

    Parameters
    ----------
    frame : DataFrame
        Columns ``sources`` (names joined by ``+``, or a list of names), ``target``, ``affinity``
        and any of ``low``, ``high``, ``gain``, ``quality``, ``loss``, ``n``; others are carried
        along. A name that holds a ``+`` is written ``"moco+v2"+depth`` in text. Affinities are
        at least 0 and larger is better. A row whose affinity is empty is a reference that was
        measured outside the tournament (it has a gain or a quality) and is never an edge.
        The reserved source ``self`` is the target's own supervised network, ``scratch`` a network
        trained from scratch, ``average`` the best constant answer. A row from a task's own encoder
        to the task itself is accepted only as a full set of references, one for every target
        beside its ``self`` row, as the published Taskonomy tables have them; such rows are never
        edges either.
    exact_names : bool
        Take names as they are, even where two differ in case or number format only (``Depth`` and
        ``depth``, ``1`` and ``1.0``) or one looks like a misspelled reserved name (``Self``).

    Raises
    ------
    InvalidTableError
        If a column is missing, a row breaks the format, or one name seems to be there in two
        spellings; rows are counted from 1.
    """

    frame: pd.DataFrame
    exact_names: InitVar[bool] = False

    def __post_init__(self, exact_names: bool) -> None:
        object.__setattr__(self, "frame", _validated(self.frame, exact_names))

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Tasks that the table measures transfers to, sorted."""
        return tuple(sorted(self.frame["target"].unique()))

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Tasks that some candidate transfers from, sorted; reserved names are left out."""
        named = self.frame.loc[self.frame["affinity"].notna(), "sources"].unique()
        return tuple(sorted(all_members(named)))

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """All tasks of the table, sorted."""
        return tuple(sorted({*self.targets, *self.sources}))

    @cached_property
    def order(self) -> Integers:
        """(rows,) array: the number of sources of each row."""
        sets = self.frame["sources"]
        count = {
            text: len(split_sources(text)) if '"' in text else text.count("+") + 1
            for text in sets.unique()
        }
        return np.asarray(sets.map(count), dtype=np.int64)

    @cached_property
    def is_edge(self) -> Booleans:
        """(rows,) array: whether the program may choose the row as a transfer."""
        frame = self.frame
        special = frame["sources"].isin(RESERVED) | (frame["sources"] == _own(frame["target"]))
        return (frame["affinity"].notna() & ~special).to_numpy(dtype=bool)

    def row_of(self, target: str, sources: str | Iterable[str]) -> pd.Series | None:
        """Look a transfer up by its target and set of sources; None if it was not measured."""
        names = parse_sources(sources)
        position = self._positions.get((normalized(target), join_sources(names)))
        return None if position is None else self.frame.iloc[position]

    @cached_property
    def _positions(self) -> dict[tuple[str, str], int]:
        pairs = zip(self.frame["target"], self.frame["sources"], strict=True)
        return {pair: row for row, pair in enumerate(pairs)}

    def to_frame(self) -> pd.DataFrame:
        """A copy of the table as a DataFrame."""
        return self.frame.copy()

    def __repr__(self) -> str:
        edges, order = int(self.is_edge.sum()), int(self.order.max(initial=1))
        return (
            f"Transfers({len(self.targets)} targets, {len(self.sources)} sources, "
            f"{edges} transfers of orders 1 to {order})"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self!r}</p>{self.frame.head(10).to_html(index=False)}"


def _validated(frame: pd.DataFrame, exact_names: bool) -> pd.DataFrame:
    require_columns(frame, REQUIRED, kind="transfers")
    if frame.empty:
        raise InvalidTableError("the table of transfers has no rows; expected one row a transfer")
    frame = frame.reset_index(drop=True).copy()
    targets, sources = read_targets(frame["target"]), read_sets(frame["sources"])
    check_names(targets, sources, exact_names=exact_names)
    frame["target"], frame["sources"] = targets.to_series(), sources.to_series()
    for name in MEASUREMENTS:
        if name in frame.columns:
            frame[name] = numbers(frame[name])
    _check_affinities(frame)
    _check_shares(frame)
    _check_own_sources(frame)
    check_unique(frame, ["target", "sources"])
    return frame


def require_columns(frame: pd.DataFrame, required: Iterable[str], *, kind: str) -> None:
    """Raise, naming the columns there are, if one is missing from a table of some kind."""
    if not isinstance(frame, pd.DataFrame):
        raise InvalidTableError(
            f"the table of {kind} is a {type(frame).__name__}, expected a pandas DataFrame; read a "
            f"file with `tg.read_{kind.removesuffix('s')}s(path)`"
        )
    for name in required:
        if name not in frame.columns:
            shown = ", ".join(f'"{column}"' for column in frame.columns)
            raise InvalidTableError(f'a table of {kind} needs the column "{name}"; it has {shown}')


def numbers(column: pd.Series) -> pd.Series:
    """Turn a column into floats, NaN where nothing was measured (`NOT_MEASURED`).

    Raises
    ------
    InvalidTableError
        If any other field is not a finite number.
    """
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        values = column.astype("float64")
        bad = values.isin([np.inf, -np.inf])
    else:
        text = column.astype("string").str.strip()
        empty = is_empty(text)
        values = pd.Series([_float(word) for word in text.fillna("")], index=column.index)
        bad = ~empty & (values.isna() | np.isinf(values))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise InvalidTableError(
            f'{row_name(row + 1)}: {column.name!s} is "{column.iloc[row]}", expected a finite '
            "number; mend it or leave the row out"
        )
    return values


def is_empty(column: pd.Series) -> pd.Series:
    """Whether nothing was measured, field by field: a missing value or one of `NOT_MEASURED`."""
    if pd.api.types.is_numeric_dtype(column):
        return column.isna()
    words = {word: str(word).strip().lower() in NOT_MEASURED for word in column.dropna().unique()}
    return column.astype(object).map(lambda word: words.get(word, True)).astype(bool)


def _float(word: str) -> float:
    """The nearest float, which not every version of pandas reads; NaN for what is no number."""
    try:
        return math.nan if "_" in word else float(word)
    except ValueError:
        return math.nan


def check_unique(frame: pd.DataFrame, keys: list[str]) -> None:
    """Raise, naming both rows, if two rows have the same keys."""
    repeated = frame.duplicated(keys)
    if not repeated.any():
        return
    second = int(np.flatnonzero(repeated)[0])
    same = (frame[keys] == frame.loc[second, keys]).all(axis=1)
    first = int(np.flatnonzero(same)[0])
    names = ", ".join(f'{key} "{frame[key].iloc[second]!s}"' for key in keys)
    raise InvalidTableError(
        f"{row_names(first + 1, second + 1)} are the same transfer ({names}); the order of sources "
        f"carries no meaning: keep one of them{condition_between(frame, first, second, keys)}"
    )


def condition_between(frame: pd.DataFrame, first: int, second: int, keys: Iterable[str]) -> str:
    """How to keep one of two rows by another column that tells them apart, for a message."""
    measured = {*MEASUREMENTS, "score", "wins", *keys}
    for name in frame.columns:
        one, other = (str(frame[name].iloc[row]).strip() for row in (first, second))
        if name not in measured and one != other and one and not _is_number_with_point(one):
            return (
                f', such as the one with the {name} "{one}" (the other has "{other}"): '
                f"--where {shlex.quote(f'{name}={one}')}"
            )
    return ", or pick the rows by the value of a column with --where HEADER=VALUE"


def _is_number_with_point(text: str) -> bool:
    """Whether a field is a measurement rather than a name, a setting or a seed."""
    return "." in text and not math.isnan(_float(text))


def _check_affinities(frame: pd.DataFrame) -> None:
    chosen = (frame["sources"] == AVERAGE) & frame["affinity"].notna()
    if chosen.any():
        row = int(np.flatnonzero(chosen)[0])
        raise InvalidTableError(
            f'row {row + 1}: the source "{AVERAGE}" has an affinity, and this name is kept for the '
            "best constant answer, which is never chosen; rename the task if it is one of yours, "
            "or leave the affinity empty"
        )
    negative = frame["affinity"] < 0
    if negative.any():
        row = int(np.flatnonzero(negative)[0])
        value = float(frame["affinity"].iloc[row])
        raise InvalidTableError(
            f"{row_name(row + 1)}: affinity is {value:g}, expected at least 0; "
            'if these are scores, name the column "score" and run `taskgraph affinity`'
        )
    measured = [name for name in ("gain", "quality", "loss") if name in frame.columns]
    blank = frame["affinity"].isna() & frame[measured].isna().all(axis=1)
    if blank.any():
        row = int(np.flatnonzero(blank)[0])
        raise InvalidTableError(
            f"{row_name(row + 1)}: affinity is empty, expected a number of at least 0 "
            "(only a reference row with a gain, a quality or a loss may leave it out)"
        )


def _check_shares(frame: pd.DataFrame) -> None:
    for name in SHARES:
        if name in frame.columns:
            outside = (frame[name] < 0) | (frame[name] > 1)
            if outside.any():
                row = int(np.flatnonzero(outside)[0])
                value = float(frame[name].iloc[row])
                raise InvalidTableError(
                    f"{row_name(row + 1)}: {name} is {value:g}, expected a win rate between 0 and 1"
                )


def _own(targets: pd.Series) -> pd.Series:
    """Each target as the set of itself alone."""
    return targets.map({name: quoted(name) for name in targets.unique()})


def _check_own_sources(frame: pd.DataFrame) -> None:
    """Refuse a target among its own sources, unless every target has such a reference row."""
    pairs = zip(frame["target"], frame["sources"], strict=True)
    own = [row for row, (target, text) in enumerate(pairs) if target in split_sources(text)]
    if not own:
        return
    alone = frame.index[frame["sources"] == _own(frame["target"])]
    referenced = set(frame.loc[alone, "target"])
    with_self = set(frame.loc[frame["sources"] == SELF, "target"])
    if len(own) == len(alone) and referenced == with_self == set(frame["target"]):
        return
    row, target = own[0], str(frame["target"].iloc[own[0]])
    raise InvalidTableError(
        f'{row_name(row + 1)}: "{target}" is a source of itself; write its own supervised network '
        f'as the source "{SELF}", or leave the row out'
    )
