"""Errors of files that cannot be written or read: one line with the place and the remedy."""

from __future__ import annotations

import contextlib
import errno
import functools
import inspect
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from encoders.errors import InvalidDataError, StorageError
from taskgraph.errors import InvalidTableError

P = ParamSpec("P")
T = TypeVar("T")

FULL = (errno.ENOSPC, errno.EDQUOT)
FULL_TEXTS = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "StorageFull")
"""Texts of a full disk in errors of writers that do not raise `OSError` (safetensors, torch)."""

FREE = "free some and run the same command again"
READ_ONLY = "give another folder, or the right to write in it"
REMEDIES = {
    errno.EROFS: READ_ONLY,
    errno.EACCES: READ_ONLY,
    errno.EPERM: READ_ONLY,
    errno.ENOTDIR: "a part of this path is a file; give another folder",
    errno.EEXIST: "it is a file; give another folder",
    errno.EISDIR: "it is a folder; move it away",
    errno.ENOENT: "make it, or give another folder",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EFBIG: "the system allows no file of that size; raise the limit (`ulimit -f unlimited`)",
    errno.EMFILE: "too many files are open; raise the limit (`ulimit -n 4096`)",
    errno.EIO: "the disk has a fault; give a folder on another one",
}


def disk_is_full(error: BaseException) -> bool:
    """Return whether the cause of an error is a full disk or an exceeded quota."""
    return any(
        (isinstance(each, OSError) and each.errno in FULL)
        or any(text in str(each) for text in FULL_TEXTS)
        for each in chain(error)
    )


def trouble(error: BaseException, folder: Path | str = "") -> str | None:
    """Return the message for an error of the file system, as one line; None for any other error.

    Parameters
    ----------
    folder : path
        The folder that was written to, for errors that do not name a file.
    """
    system_errors = [each for each in chain(error) if isinstance(each, OSError) and each.errno]
    if disk_is_full(error):
        full = [each.filename for each in system_errors if each.filename and each.errno in FULL]
        place = Path(os.fsdecode(full[0])).parent if full else folder
        return f"the disk of {place} is full; {FREE}" if str(place) else f"the disk is full; {FREE}"
    if not system_errors or not isinstance(error, (OSError, InvalidTableError)):
        return None
    first = system_errors[0]
    place = os.fsdecode(first.filename) if isinstance(first.filename, (str, bytes)) else folder
    reason = os.strerror(first.errno or 0)
    remedy = REMEDIES.get(first.errno or 0, "give another folder, or mend what the system names")
    return f"{place}: {reason}: {remedy}" if str(place) else f"{reason}: {remedy}"


@contextlib.contextmanager
def stored_in(folder: Path | str) -> Iterator[None]:
    """Raise an error of the file system within the block as a `StorageError`."""
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        reason = trouble(error, folder)
        if reason is None:
            raise
        raise StorageError(reason) from None


def storing(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function that writes into its argument ``out`` with `stored_in` that folder."""
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        """Call the function within `stored_in`."""
        with stored_in(signature.bind(*args, **kwargs).arguments["out"]):
            return function(*args, **kwargs)

    return call


def read_json(path: Path) -> dict[str, Any]:
    """Read the JSON object in a file.

    Raises
    ------
    InvalidDataError
        If the file cannot be read, is truncated, or does not hold a JSON object.
    """
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidDataError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        reason = str(error).partition(":")[0]
        raise InvalidDataError(
            f"{path} is broken or cut off ({reason}); delete it and run the same command again"
        ) from None
    if not isinstance(content, dict):
        raise InvalidDataError(
            f"{path} holds no JSON object; delete it and run the same command again"
        )
    return content


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Iterate over an error and its causes, including causes hidden by ``from None``."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        yield error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
