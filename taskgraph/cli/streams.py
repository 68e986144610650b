"""Standard output and standard error that fail with one line, or not at all."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import TYPE_CHECKING, TextIO

from taskgraph.errors import TaskgraphError, describe_os_error

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class OutputError(TaskgraphError, RuntimeError):
    """Standard output cannot be written, such as on a full disk."""


class ClosedPipeError(OutputError):
    """The program that reads standard output, such as ``head``, has ended."""


class _Output(io.FileIO):
    """A file descriptor whose first failed write raises `OutputError`; later ones do nothing.

    Python flushes its streams again at its exit, where a second failure would be printed.
    """

    failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, or raise once."""
        if not self.failed:
            try:
                return super().write(data)
            except OSError as error:
                self.failed = True
                self.report(error)
        return memoryview(data).nbytes

    def report(self, error: OSError) -> None:
        """Raise the error that the command line turns into a line and an exit code."""
        if error.errno == errno.EPIPE:
            raise ClosedPipeError("the reader of standard output has ended") from error
        what = describe_os_error(error)
        raise OutputError(f"standard output: cannot be written: {what}") from error


class _Messages(_Output):
    """Standard error: messages that nobody can read must not change the result."""

    def report(self, error: OSError) -> None:
        """Pass over the failure."""


def guard_streams() -> None:
    """Replace standard output and error by streams that never end in a traceback.

    Characters that the encoding lacks are written as escapes (``\\u6df1``). Windows' consoles,
    which are no files, stay as they are.
    """
    if os.name == "nt":
        return
    sys.stdout = _guarded(_Output, sys.stdout, 1)
    sys.stderr = _guarded(_Messages, sys.stderr, 2)


def _guarded(kind: type[_Output], stream: TextIO | None, descriptor: int) -> TextIO:
    if stream is None:  # closed by the caller: no file that is opened later may take its place
        _close_for_writing(descriptor)
    else:
        stream.flush()
    raw = kind(descriptor, "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(stream, "encoding", None) or "utf-8",
        errors="backslashreplace",
        line_buffering=bool(getattr(stream, "line_buffering", False)),
        write_through=descriptor == 2,
    )


def _close_for_writing(descriptor: int) -> None:
    """Give a closed descriptor to the null device, opened for reading: writing fails."""
    null = os.open(os.devnull, os.O_RDONLY)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)
