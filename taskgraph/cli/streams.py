"""Standard output and standard error whose failures are one line, without a traceback."""

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
    """Standard output cannot be written, for example because the disk is full."""


class ClosedPipeError(OutputError):
    """The program that reads standard output, such as ``head``, has ended."""


class _Output(io.FileIO):
    """A file descriptor whose first failed write raises `OutputError`; later writes do nothing.

    Python flushes its streams again when it exits, and would print a second failure.
    """

    failed = False

    def write(self, data: ReadableBuffer, /) -> int:
        """Write the bytes; raise `OutputError` at the first failure."""
        if not self.failed:
            try:
                return super().write(data)
            except OSError as error:
                self.failed = True
                self.report(error)
        return memoryview(data).nbytes

    def report(self, error: OSError) -> None:
        """Raise the error that the command line prints as one line."""
        if error.errno == errno.EPIPE:
            raise ClosedPipeError("the reader of standard output has ended") from error
        what = describe_os_error(error)
        raise OutputError(f"standard output: cannot be written: {what}") from error


class _Messages(_Output):
    """Standard error; a failure to write messages must not change the result."""

    def report(self, error: OSError) -> None:
        """Ignore the failure."""


def guard_streams() -> None:
    """Replace standard output and standard error by streams that never cause a traceback.

    Characters that the encoding lacks are written as escapes (``\\u6df1``). On Windows the streams
    stay as they are, since a console is not a file.
    """
    if os.name == "nt":
        return
    sys.stdout = _guarded(_Output, sys.stdout, 1)
    sys.stderr = _guarded(_Messages, sys.stderr, 2)


def _guarded(kind: type[_Output], stream: TextIO | None, descriptor: int) -> TextIO:
    """Return a text stream of the descriptor, with the encoding of the stream it replaces."""
    if stream is None:  # closed by the caller; no later file may get this descriptor
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
    """Open the null device for reading under a closed descriptor, so that writing to it fails."""
    null = os.open(os.devnull, os.O_RDONLY)
    if null != descriptor:
        os.dup2(null, descriptor)
        os.close(null)
