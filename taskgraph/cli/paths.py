"""Types of paths, which keep a command from writing over a file that it reads.

Every path among a command's parameters has one of these types. Each path is compared with all
paths before it on the command line.
"""

from __future__ import annotations

import contextlib
import glob
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click
from click.shell_completion import CompletionItem

PATHS = "taskgraph.paths"
"""Key under which click's context holds the paths of the command line so far."""

TABLES = (".csv", ".csv.gz", ".parquet")
PICTURES = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class _Use:
    """A path of a command line: its flag, whether it is written, and whether it is a folder."""

    flag: str
    path: str
    written: bool
    folder: bool


class _PathType(click.ParamType):  # type: ignore[type-arg]
    """A path that is compared with the other paths of the command line."""

    name = "path"
    written = False
    folder = False

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the path, or fail if the command cannot use it."""
        path = str(os.fspath(value))
        if ctx is None or ctx.resilient_parsing:
            return path
        if not path:
            self.fail("expected a path, not an empty text", param, ctx)
        flag = max(param.opts, key=len) if param.param_type_name == "option" else param.name.upper()
        use = _Use(flag, path, self.written, self.folder)
        others: list[_Use] = ctx.meta.setdefault(PATHS, [])
        for other in others:
            _check_apart(use, other, ctx)
        others.append(use)
        self.check(path, param, ctx)
        return path

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Fail if the path cannot be used, before any work is done."""

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Return what the shell completes: the name of a file or a folder."""
        return [CompletionItem(incomplete, type="dir" if self.folder else "file")]


class InputFile(_PathType):
    """A file that a command reads."""

    name = "file"

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Fail for pipes and devices, which can be read only once."""
        with contextlib.suppress(OSError):
            if os.path.exists(path) and not (os.path.isfile(path) or os.path.isdir(path)):
                self.fail(
                    f"{path} is a pipe or a device, expected a file; write its content to a "
                    "file first",
                    param,
                    ctx,
                )


class InputTables(_PathType):
    """Files of one table: a file, a folder, a pattern such as ``runs/*.csv``, or ``-``.

    Standard input (``-``), pipes and devices can be read only once, so they are copied to a
    temporary file.
    """

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the path, or that of a temporary copy."""
        if ctx is None or ctx.resilient_parsing or not isinstance(value, str):
            return value
        if value == "-":
            return _copied(sys.stdin.buffer, "standard input", ctx)
        if os.path.exists(value) and not (os.path.isfile(value) or os.path.isdir(value)):
            with open(value, "rb") as pipe:
                return _copied(pipe, value, ctx)
        self.folder = os.path.isdir(value)
        if not os.path.exists(value) and glob.has_magic(value):
            for match in glob.glob(value, recursive=True):
                super().convert(match, param, ctx)  # compares each file with the outputs
            return value
        return super().convert(value, param, ctx)


@dataclass(frozen=True)
class Copied(os.PathLike[str]):
    """A temporary copy of a stream; messages show the name of the stream."""

    path: str
    shown: str

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.shown


def _copied(stream: IO[bytes], shown: str, ctx: click.Context) -> Copied:
    """Copy a stream to a temporary file, which is removed when the command ends."""
    handle, path = tempfile.mkstemp(prefix="taskgraph.")
    ctx.find_root().call_on_close(lambda: Path(path).unlink(missing_ok=True))
    with os.fdopen(handle, "wb") as file:
        shutil.copyfileobj(stream, file)
    return Copied(path, shown)


class InputFolder(_PathType):
    """A folder that a command reads."""

    name = "folder"
    folder = True


class OutputFile(_PathType):
    """A file that a command writes; its name ends in one of ``suffixes``."""

    name = "file"
    written = True

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Fail if the file cannot be written."""
        from taskgraph.tables import check_writable

        check_writable(path, suffixes=self.suffixes)


class OutputFolder(_PathType):
    """A folder that a command writes to.

    ``always`` is False for a command that only reads the folder in some of its forms.
    """

    name = "folder"
    written = True
    folder = True

    def __init__(self, *, always: bool = True) -> None:
        self.always = always

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Fail if the folder cannot be created or written to."""
        from taskgraph.tables import check_folder

        if self.always:
            check_folder(path)


def _check_apart(one: _Use, other: _Use, ctx: click.Context) -> None:
    """Fail if one path is written and the command reads or writes the other one at that place."""
    for out, kept in ((one, other), (other, one)):
        if not out.written:
            continue
        if _same(out.path, kept.path):
            word = "writes" if kept.written else "reads"
            raise click.UsageError(
                f"{out.path}: {out.flag} would write over what the command {word} as {kept.flag} "
                f"({kept.path}); name another place with {out.flag}",
                ctx,
            )
        if kept.folder and not out.folder and _inside(out.path, kept.path):
            raise click.UsageError(
                f"{out.path}: {out.flag} would replace a file of {kept.flag} ({kept.path}); name "
                f"another place with {out.flag}, or remove the file first",
                ctx,
            )


def _same(one: str, other: str) -> bool:
    """Return whether two paths lead to one file, links included."""
    with contextlib.suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _inside(path: str, folder: str) -> bool:
    """Return whether a path is that of an existing file within a folder."""
    return os.path.exists(path) and any(_same(str(parent), folder) for parent in _above(path))


def _above(path: str) -> Iterator[Path]:
    """Yield all folders above a path."""
    yield from Path(os.path.realpath(path)).parents
