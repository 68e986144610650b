"""The table that comes with the library."""

from __future__ import annotations

import importlib.resources
from pathlib import Path

from taskgraph.errors import InvalidTableError
from taskgraph.tables.readers import read_transfers
from taskgraph.transfers import Transfers

PACKAGED, NAME = "_default", "transfers.csv"
"""Folder in the package, and file in it, to which the build copies the table that comes with it."""


def default_transfers() -> Transfers:
    """Return the transfers between 26 vision tasks that this project measured itself.

    ``results/transfers`` in the repository says how they were measured. Commands use this table if
    no other is given.

    Raises
    ------
    InvalidTableError
        If the table is missing from this installation.
    """
    package = Path(str(importlib.resources.files("taskgraph")))
    for folder in (package / PACKAGED, package.parent / "results" / "transfers"):
        if (folder / NAME).is_file():
            return read_transfers(folder / NAME)
    raise InvalidTableError(
        "no table comes with this installation; name one, as in `taskgraph solve transfers.csv "
        "--budget 5`: make it with `taskgraph affinity` or `taskgraph transfer`, or read the "
        "published one with `taskgraph import taskonomy DIR -o transfers.csv`"
    )
