"""The tables of the server: those of the command line, and those that users upload."""

from __future__ import annotations

import hashlib
import tempfile
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from taskgraph.affinity import affinities, affinities_from_scores, affinities_from_wins_table
from taskgraph.errors import TaskgraphError
from taskgraph.losses import Losses
from taskgraph.server.refusals import RefusedRequestError
from taskgraph.tables import read_losses, read_scores, read_transfers, read_wins, table_kind
from taskgraph.transfers import Transfers

DIRECTIONS: Mapping[str, bool | None] = {"": None, "higher": True, "lower": False}
"""What an upload may say about its values: whether larger ones are better."""

LONGEST_NAME = 80


@dataclass(frozen=True, eq=False)
class NamedTable:
    """A table of the server: identifier in addresses, title, transfers, and losses if any."""

    name: str
    title: str
    transfers: Transfers
    losses: Losses | None = None


class TableStore:
    """Tables by their identifiers: fixed ones, and the latest uploads."""

    def __init__(
        self, fixed: Mapping[str, Transfers], most: int, losses: Losses | None = None
    ) -> None:
        self._fixed = {
            f"{number}": NamedTable(f"{number}", title, transfers, losses if number == 0 else None)
            for number, (title, transfers) in enumerate(fixed.items())
        }
        self._uploaded: OrderedDict[str, NamedTable] = OrderedDict()
        self._most = most

    @property
    def fixed(self) -> list[NamedTable]:
        """Return the tables of the command line, the first one being the default."""
        return list(self._fixed.values())

    def find(self, name: str) -> NamedTable:
        """Return a table by its identifier; the first one for an empty identifier.

        Raises
        ------
        RefusedRequestError
            With status 404 if the server has no such table, or no longer.
        """
        if name in self._uploaded:
            self._uploaded.move_to_end(name)
            return self._uploaded[name]
        table = self._fixed.get(name or "0")
        if table is None:
            raise RefusedRequestError(
                f'the server has no table "{name[:40]}", or has it no longer; upload it again', 404
            )
        return table

    def add(
        self, content: bytes, title: str, transfers: Transfers, losses: Losses | None = None
    ) -> NamedTable:
        """Keep an uploaded table; its identifier depends on its content alone."""
        digest = hashlib.sha256(content).hexdigest()[:16]
        table = NamedTable(digest, title[:LONGEST_NAME] or "pasted table", transfers, losses)
        self._uploaded[digest] = table
        self._uploaded.move_to_end(digest)
        while len(self._uploaded) > self._most:
            self._uploaded.popitem(last=False)
        return table


def transfers_from_upload(
    content: bytes, title: str, direction: str = "", *, most_tasks: int
) -> tuple[Transfers, Losses | None]:
    """Return the transfers of an uploaded file, and its losses if it holds losses.

    The file may hold transfers, losses, win rates or scores.

    Losses and win rates become affinities by AHP, with intervals from losses; scores become
    weights by rank.

    Parameters
    ----------
    content : bytes
        A file of any format that `taskgraph.tables` reads.
    title : str
        Its name, for the messages.
    direction : str
        ``higher`` or ``lower`` if larger or smaller values are better; empty says nothing.
    most_tasks : int
        Most tasks that the table may have.

    Raises
    ------
    RefusedRequestError
        With status 422 and the reader's message, in which the file has its own name.
    """
    if direction not in DIRECTIONS:
        raise RefusedRequestError(
            f'direction is "{direction[:20]}", expected "higher", "lower" or nothing', 422
        )
    with tempfile.TemporaryDirectory(prefix="taskgraph-") as folder:
        path = Path(folder) / "table"
        path.write_bytes(content)
        try:
            transfers, losses = _read(path, DIRECTIONS[direction])
        except TaskgraphError as error:
            message = str(error).replace(str(path), title or "the table")
            raise RefusedRequestError(_for_the_page(message), 422) from None
    if len(transfers.tasks) > most_tasks:
        raise RefusedRequestError(
            f"the table has {len(transfers.tasks):,} tasks, and this page solves at most "
            f"{most_tasks:,}; solve it with `taskgraph solve`",
            422,
        )
    return transfers, losses


def _read(path: Path, higher_is_better: bool | None) -> tuple[Transfers, Losses | None]:
    kind = table_kind(path)
    if kind == "losses":
        losses = read_losses(path, higher_is_better=higher_is_better)
        return affinities(losses, bootstrap=1).transfers, losses
    if kind == "wins":
        return affinities_from_wins_table(read_wins(path)).transfers, None
    if kind in ("scores", "matrix"):
        scores = read_scores(path)
        return affinities_from_scores(scores, higher_is_better=higher_is_better), None
    return read_transfers(path), None


def _for_the_page(message: str) -> str:
    """Return a reader's message with what a user of the page does about the flags that it names."""
    if "--higher-is-better" in message:
        return f'{message} (on this page: "Larger values are")'
    if "--" in message:
        return f"{message} (this page has no flags; `taskgraph affinity` writes a table for it)"
    return message
