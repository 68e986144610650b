"""What to install where a package of an extra is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator

from encoders.errors import MissingPackageError

OURS = ("taskgraph", "encoders", "benchmarks")


@contextlib.contextmanager
def extra_installed(extra: str, modules: Collection[str] | None = None) -> Iterator[None]:
    """Say how to install what is missing inside.

    ``modules`` are those that only the extra installs; without them, all but our own.

    Raises
    ------
    MissingPackageError
        If an import inside finds no such module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        known = name not in OURS if modules is None else name in modules
        if not known:
            raise
        raise MissingPackageError(
            f'this needs {error.name}, which is not installed: pip install "taskgraph[{extra}]"'
        ) from None
