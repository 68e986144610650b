"""Skip what needs a data set or a package that is not on this machine, and say how to get it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from benchmarks.data.source import MissingDataError
from encoders.errors import MissingPackageError
from taskgraph.cli.output import note


@contextlib.contextmanager
def skip_missing(what: str) -> Iterator[None]:
    """Print why something is skipped if it raises `MissingDataError` or `MissingPackageError`."""
    try:
        yield
    except (MissingDataError, MissingPackageError) as error:
        note(f"skipped {what}: {error}")
