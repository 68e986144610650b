"""Read the names of transfers from a file of any command."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from taskgraph.errors import InvalidTableError
from taskgraph.frames.names import read_sets, read_targets
from taskgraph.tables.files import read_frame, read_header, read_text
from taskgraph.tables.formats import FilePath
from taskgraph.tables.naming import naming
from taskgraph.tasks import join_sources, task_name

EXPECTED = (
    "expected a table with the columns target and sources, or the JSON of `taskgraph solve`, "
    "`frontier` or `remeasure`"
)


def read_transfer_names(path: FilePath) -> tuple[tuple[str, str], ...]:
    """Return (target, sources) of all transfers in a file, each once, in the file's order.

    Parameters
    ----------
    path : str or path
        A table with the columns ``target`` and ``sources``, such as a table of transfers, of losses
        or the CSV of ``taskgraph remeasure``; or JSON, of which every object with the keys
        ``target`` and ``sources`` counts: that of ``taskgraph solve`` (also with
        ``--alternatives``), ``frontier`` and ``remeasure``.

    Returns
    -------
    tuple of (str, str)
        Sources as `join_sources` writes them; ``self`` and other references included.

    Raises
    ------
    InvalidTableError
        If the file cannot be read, or names no transfer; the message begins with its name.
    """
    if str(path).lower().endswith(".json"):
        found = _from_json(path)
    else:
        header = read_header(path)
        with naming(path):
            if not {"target", "sources"} <= set(header):
                raise InvalidTableError(f"the columns are {', '.join(header)}; {EXPECTED}")
            frame = read_frame(path)
            targets = read_targets(frame["target"]).to_series()
            sources = read_sets(frame["sources"]).to_series()
            found = list(zip(targets, sources, strict=True))
    if not found:
        raise InvalidTableError(f"{path!s}: it names no transfer; {EXPECTED}")
    return tuple(dict.fromkeys(found))


def _from_json(path: FilePath) -> list[tuple[str, str]]:
    text = read_text(path)
    with naming(path):
        try:
            return list(_named(json.loads(text)))
        except json.JSONDecodeError as error:
            raise InvalidTableError(f"this is not JSON: {error}; {EXPECTED}") from None


def _named(content: Any) -> Iterator[tuple[str, str]]:
    """Yield (target, sources) of every object of a JSON value that has both keys."""
    if isinstance(content, dict):
        target, sources = content.get("target"), content.get("sources")
        if isinstance(target, str) and isinstance(sources, list):
            yield task_name(target), join_sources(map(str, sources))
        content = list(content.values())
    if isinstance(content, list):
        for value in content:
            yield from _named(value)
