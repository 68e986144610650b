"""Label costs from a table with one row for each task."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence

from taskgraph.errors import InvalidTableError
from taskgraph.tables.files import read_frame, read_header
from taskgraph.tables.formats import FilePath
from taskgraph.tables.naming import naming
from taskgraph.tasks import require_known
from taskgraph.tasks.aliases import name_in

TASK_WORDS = {"task", "tasks", "name"}
COST_WORDS = {"cost", "costs", "price", "prices"}
"""Words of the headers of the two columns, as in ``label_cost`` and ``Price (EUR)``."""


def read_label_costs(path: FilePath, *, tasks: Collection[str] | None = None) -> dict[str, float]:
    """Read the cost of supervising each task, from the columns ``task`` and ``label_cost``.

    Parameters
    ----------
    path : str or path
        CSV (plain or gzipped) or Parquet. Headers such as ``Task name`` and ``Price (EUR)`` are
        read as well; other columns are ignored. Costs are plain numbers in one currency. Numbers
        with a currency sign or a comma are refused, since 1,200 has two meanings.
    tasks : names, optional
        The tasks of the table of transfers, which may be called by their aliases; a cost of
        another task is an error.

    Returns
    -------
    dict of tasks to costs, each at least 0

    Raises
    ------
    InvalidTableError, UnknownTaskError
        If the file is not such a table; the message has the file and the row, counted from 1.
    """
    header = read_header(path)
    with naming(path):
        named = {
            "task": _column(header, TASK_WORDS, "task"),
            "cost": _column(header, COST_WORDS, "label_cost"),
        }
    frame = read_frame(path)
    costs: dict[str, float] = {}
    rows: dict[str, int] = {}
    with naming(path):
        pairs = zip(frame[named["task"]].tolist(), frame[named["cost"]].tolist(), strict=True)
        for row, (task, cost) in enumerate(pairs, start=1):
            name = _text(task)
            if not name:
                raise InvalidTableError(f"row {row}: the name of the task is empty")
            name = name_in(name, tasks or ())
            if name in rows:
                raise InvalidTableError(
                    f'rows {rows[name]} and {row} both give a cost of "{name}"; leave one out'
                )
            if tasks is not None:
                require_known([name], tasks, where=f"row {row}")
            rows[name], costs[name] = row, _cost(_text(cost), name, row)
        if not costs:
            raise InvalidTableError("the table has no rows, expected one for each task with a cost")
    return costs


def _column(header: Sequence[str], words: set[str], ours: str) -> str:
    """Return the column whose header is ours, or the only one that has one of the words."""
    if ours in header:
        return ours
    matching = [name for name in header if words & set(re.split(r"[\W_]+", name.lower()))]
    if len(matching) == 1:
        return matching[0]
    shown = ", ".join(f'"{name}"' for name in (matching or header)[:8])
    has = f"{shown} may all be meant" if matching else f"it has {shown}"
    raise InvalidTableError(
        f'a table of label costs needs the columns "task" and "label_cost"; {has}: rename one '
        f'to "{ours}"'
    )


def _text(value: object) -> str:
    """Return a field as text; a missing value is empty."""
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return "" if missing else str(value).strip()


def _cost(text: str, name: str, row: int) -> float:
    """Return the cost in a field; raise if it is not a number of at least 0."""
    where = f'row {row}: the label cost of "{name}" is'
    if not text:
        raise InvalidTableError(
            f"{where} empty, expected a number; leave the row out where the default is meant"
        )
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        raise InvalidTableError(f'{where} "{text}", {_remedy(text)}') from None
    if not (math.isfinite(number) and number >= 0):
        raise InvalidTableError(f'{where} "{text}", expected a finite number of at least 0')
    return number


def _remedy(text: str) -> str:
    """Return how to write a number that has a currency sign or commas."""
    digits = re.sub(r"[^\d.,]", "", text)
    if not re.search(r"\d", digits):
        return "expected a number of at least 0"
    integer, mark, decimals = digits.rpartition(max(".", ",", key=digits.rfind))
    plain = re.sub(r"[.,]", "", integer) + (f".{decimals}" if mark else decimals)
    other = re.sub(r"[.,]", "", digits)
    if digits.count(",") + digits.count(".") == 1 and mark == "," and len(decimals) == 3:
        plain = f"{other} or {plain}"
    return (
        f"expected a plain number such as {plain}; leave out currency signs and thousands "
        "separators, and write a decimal point"
    )
