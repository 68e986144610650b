"""The table of measured transfers: one row for each set of sources and target."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import InitVar, dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taskgraph.arrays import Booleans, Integers
from taskgraph.errors import InvalidTableError
from taskgraph.frames.columns import MEASUREMENTS, check_unique, read_numbers, require_columns
from taskgraph.frames.names import check_names, read_sets, read_targets
from taskgraph.frames.rows import row_name
from taskgraph.nesting import Nesting
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
SHARES = ("gain", "quality", "closed")
"""Columns of shares in [0, 1], where larger is better."""


@dataclass(frozen=True, eq=False)
class Transfers:
    """A table of transfers whose rows have been checked.

    Parameters
    ----------
    frame : DataFrame
        Columns ``sources`` (names joined by ``+``, or a list of names), ``target``, ``affinity``
        and any of ``low``, ``high``, ``gain``, ``quality``, ``closed``, ``loss``, ``n``; other
        columns are kept. In text, a name that contains a ``+`` is written ``"moco+v2"+depth``.
        Affinities are at least 0; larger is better. A row without an affinity is a reference
        outside the tournament: it has a gain, a quality or a loss, and is never an edge. The
        reserved source ``self`` is the target's own supervised network, ``scratch`` a network
        trained from scratch, ``average`` the best constant answer. Rows from a task's own encoder
        to the task itself are references too. They are accepted only if each target has one beside
        its ``self`` row, as in the published Taskonomy tables.
    exact_names : bool
        Accept names that look like errors: two that differ only in case or number format
        (``Depth`` and ``depth``, ``1`` and ``1.0``), or a misspelled reserved name (``Self``).

    Raises
    ------
    InvalidTableError
        If a column is missing, a row breaks the format, or one name seems to have two spellings;
        rows are counted from 1.
    """

    frame: pd.DataFrame
    exact_names: InitVar[bool] = False

    def __post_init__(self, exact_names: bool) -> None:
        object.__setattr__(self, "frame", _validated(self.frame, exact_names))

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Return the tasks to which the table has transfers, sorted."""
        return tuple(sorted(self.frame["target"].unique()))

    @cached_property
    def sources(self) -> tuple[str, ...]:
        """Return the tasks from which some candidate transfers, sorted, without reserved names."""
        measured = self.frame["affinity"].notna().tolist()
        named = {
            n for names, known in zip(self._names, measured, strict=True) if known for n in names
        }
        return tuple(sorted(named - RESERVED))

    @cached_property
    def tasks(self) -> tuple[str, ...]:
        """Return all tasks of the table, sorted."""
        return tuple(sorted({*self.targets, *self.sources}))

    @cached_property
    def order(self) -> Integers:
        """Return the number of sources of each row, (rows,)."""
        return np.fromiter(map(len, self._names), dtype=np.int64, count=len(self._names))

    @cached_property
    def _names(self) -> list[tuple[str, ...]]:
        """Return the names of the sources of each row."""
        return [split_sources(text) for text in self.frame["sources"].tolist()]

    @cached_property
    def is_edge(self) -> Booleans:
        """Return whether the program may choose each row as a transfer, (rows,) bools."""
        first = self.members[:, 0]
        special = (self.order == 1) & ((first < 0) | (first == self.target_place))
        edges: Booleans = self.frame["affinity"].notna().to_numpy(dtype=bool) & ~special
        return edges

    @cached_property
    def target_place(self) -> Integers:
        """Return the place of each row's target in `tasks`, (rows,)."""
        places = pd.Index(self.tasks).get_indexer(pd.Index(self.frame["target"]))
        return np.asarray(places, dtype=np.int64)

    @cached_property
    def own_row(self) -> Integers:
        """Return the row of ``self`` for each task, (tasks,); -1 where there is none."""
        rows = np.flatnonzero((self.frame["sources"] == SELF).to_numpy())
        own = np.full(len(self.tasks), -1, dtype=np.int64)
        own[self.target_place[rows]] = rows
        return own

    @cached_property
    def members(self) -> Integers:
        """Return the places in `tasks` of the sources of each row, ascending, (rows, K).

        Rows are padded with the number of tasks. -1 stands for a name that is no task, such as
        ``self``.
        """
        place = {name: number for number, name in enumerate(self.tasks)}
        codes = [place.get(name, -1) for names in self._names for name in names]
        members = np.full((len(self._names), int(self.order.max())), len(place), dtype=np.int64)
        members[np.arange(members.shape[1]) < self.order[:, None]] = codes
        members.sort(axis=1)
        return members

    @cached_property
    def kept_edges(self) -> dict[Hashable, tuple[Integers, Integers, Integers]]:
        """Return lists of edges by roles and order; `taskgraph.program` fills and uses them."""
        return {}

    @cached_property
    def nestings(self) -> dict[int, Nesting]:
        """Return what `nesting` has found, by order; it is filled there."""
        return {}

    def nesting(self, max_order: int) -> Nesting:
        """Return which edges of at most this order have all sources of another edge."""
        if max_order not in self.nestings:
            rows = np.flatnonzero(self.is_edge & (self.order <= max_order))
            rows = rows[np.argsort(self.target_place[rows], kind="stable")]
            members = self.members[rows][:, :max_order]
            found = Nesting(rows, self.target_place[rows], members, len(self.tasks))
            self.nestings[max_order] = found
        return self.nestings[max_order]

    def row_of(self, target: str, sources: str | Iterable[str]) -> pd.Series | None:
        """Return the row of a target and a set of sources; None if it was not measured."""
        names = parse_sources(sources)
        position = self._positions.get((normalized(target), join_sources(names)))
        return None if position is None else self.frame.iloc[position]

    @cached_property
    def _positions(self) -> dict[tuple[str, str], int]:
        pairs = zip(self.frame["target"], self.frame["sources"], strict=True)
        return {pair: row for row, pair in enumerate(pairs)}

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of the table as a DataFrame."""
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
    """Return a checked copy of the table, with normalized names and numbers as floats."""
    require_columns(frame, REQUIRED, kind="transfers")
    if frame.empty:
        raise InvalidTableError("the table of transfers has no rows; expected one row a transfer")
    frame = frame.reset_index(drop=True).copy()
    targets, sources = read_targets(frame["target"]), read_sets(frame["sources"])
    check_names(targets, sources, exact_names=exact_names)
    frame["target"], frame["sources"] = targets.to_series(), sources.to_series()
    for name in MEASUREMENTS:
        if name in frame.columns:
            frame[name] = read_numbers(frame[name])
    _check_affinities(frame)
    _check_shares(frame)
    _check_own_sources(frame)
    check_unique(frame, ["target", "sources"])
    return frame


def _check_affinities(frame: pd.DataFrame) -> None:
    """Raise if an affinity is negative, is missing in an edge, or belongs to ``average``."""
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
    measured = [name for name in (*SHARES, "loss") if name in frame.columns]
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
                what = "share" if name == "closed" else "win rate"
                raise InvalidTableError(
                    f"{row_name(row + 1)}: {name} is {value:g}, expected a {what} between 0 and 1"
                )


def _own(targets: pd.Series) -> pd.Series:
    """Return each target as a set of sources that holds only the target."""
    return targets.map({name: quoted(name) for name in targets.unique()})


def _check_own_sources(frame: pd.DataFrame) -> None:
    """Raise if a target is among its own sources, unless every target has such a reference row."""
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
