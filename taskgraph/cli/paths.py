"""Types of the paths that a command reads and writes, so that none writes over what it reads.

Every path among a command's parameters has one of these types; whichever of two paths comes
second on the command line is compared with the first.
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

SEEN = "taskgraph.paths"
"""Key of the paths that were read so far, in click's context."""

TABLES = (".csv", ".csv.gz", ".parquet")
PICTURES = (".svg", ".png", ".pdf")


@dataclass(frozen=True)
class _Use:
    """One path of a command line: where it stands, what it is, and whether it is written."""

    flag: str
    path: str
    written: bool
    folder: bool


class _PathType(click.ParamType):  # type: ignore[type-arg]
    """A path that is compared with the other paths of the command."""

    name = "path"
    written = False
    folder = False

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the path as it is, if the command can use it."""
        path = str(os.fspath(value))
        if ctx is None or ctx.resilient_parsing:
            return path
        if not path:
            self.fail("expected a path, not an empty text", param, ctx)
        flag = max(param.opts, key=len) if param.param_type_name == "option" else param.name.upper()
        use = _Use(flag, path, self.written, self.folder)
        seen: list[_Use] = ctx.meta.setdefault(SEEN, [])
        for other in seen:
            _check_apart(use, other, ctx)
        seen.append(use)
        self.check(path, param, ctx)
        return path

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Refuse a path that cannot be used, before work is spent on it."""

    def shell_complete(self, ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        """Let the shell complete the name of a file or a folder."""
        return [CompletionItem(incomplete, type="dir" if self.folder else "file")]


class InputFile(_PathType):
    """A file that a command reads; its content is checked where it is read."""

    name = "file"

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Refuse pipes and devices, which can be read only once."""
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

    ``-``, a pipe and a device are copied to a temporary file, as they can be read only once.
    """

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the path, or a copy of what can be read only once."""
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
                super().convert(match, param, ctx)  # each is compared with the command's outputs
            return value
        return super().convert(value, param, ctx)


@dataclass(frozen=True)
class Copied(os.PathLike[str]):
    """A temporary copy of a stream, which messages call by the stream's own name."""

    path: str
    shown: str

    def __fspath__(self) -> str:
        return self.path

    def __str__(self) -> str:
        return self.shown


def _copied(stream: IO[bytes], shown: str, ctx: click.Context) -> Copied:
    """The content of a stream in a file that is removed when the command ends."""
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
    """A file that a command writes, in a format that one of ``suffixes`` names."""

    name = "file"
    written = True

    def __init__(self, suffixes: tuple[str, ...]) -> None:
        self.suffixes = suffixes

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Refuse a place where no file can be written."""
        from taskgraph.tables import check_writable

        check_writable(path, suffixes=self.suffixes)


class OutputFolder(_PathType):
    """A folder that a command fills.

    ``always`` is False for a command that only looks at a folder in some of its forms.
    """

    name = "folder"
    written = True
    folder = True

    def __init__(self, *, always: bool = True) -> None:
        self.always = always

    def check(self, path: str, param: Any, ctx: Any) -> None:
        """Refuse a place where no folder can be made or filled."""
        from taskgraph.tables import check_folder

        if self.always:
            check_folder(path)


def _check_apart(one: _Use, other: _Use, ctx: click.Context) -> None:
    """Refuse to write what the command also reads or writes otherwise."""
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
    """Whether two paths lead to one file, by whatever spelling, symbolic or hard link."""
    with contextlib.suppress(OSError):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def _inside(path: str, folder: str) -> bool:
    """Whether a file that exists lies within a folder."""
    return os.path.exists(path) and any(_same(str(above), folder) for above in _above(path))


def _above(path: str) -> Iterator[Path]:
    yield from Path(os.path.realpath(path)).parents
