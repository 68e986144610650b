"""The checkout of an earlier version, which is timed beside this one."""

from __future__ import annotations

from pathlib import Path

from encoders.bank.commit import commit
from taskgraph.errors import TaskgraphError

SHORT = 7
"""Digits of a short commit."""


class CheckoutError(TaskgraphError, ValueError):
    """A folder is no checkout of taskgraph."""


def version_of(folder: str) -> str:
    """Return the short commit of a checkout.

    Raises
    ------
    CheckoutError
        If the folder holds no package ``taskgraph``, or is no git repository.
    """
    if not (Path(folder) / "taskgraph" / "__init__.py").is_file():
        raise CheckoutError(
            f"{folder} holds no taskgraph/__init__.py; --before takes a checkout of an earlier "
            "version, such as `git worktree add FOLDER COMMIT` makes"
        )
    found = commit(Path(folder))
    if found is None:
        raise CheckoutError(f"{folder} is no git repository; --before takes a checkout of a commit")
    return found[:SHORT]
