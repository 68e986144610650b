"""Output of the commands: results on standard output, messages on standard error."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator

import click


def show(text: str) -> None:
    """Print a result for a person to standard output; control characters become escapes."""
    click.echo(printable(text), file=sys.stdout)


def show_data(text: str) -> None:
    """Print JSON, CSV or DOT to standard output, always in UTF-8."""
    text = text.removesuffix("\n")
    binary = hasattr(sys.stdout, "buffer")  # a notebook's output accepts text only
    click.echo(text.encode(errors="backslashreplace") if binary else text, file=sys.stdout)


def note(message: str) -> None:
    """Print a message that is not the result to standard error."""
    click.echo(printable(message), file=sys.stderr)


def printable(text: str) -> str:
    """Return the text with control characters, which could steer a terminal, as escapes."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


class _Collector(logging.Handler):
    """Collects the library's warnings, each message once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message for later."""
        self.messages[record.getMessage()] = None


@contextlib.contextmanager
def notices() -> Iterator[None]:
    """Print the library's warnings on standard error when the context ends without an error.

    After an error they are dropped, so that the error is printed alone.
    """
    handler, logger = _Collector(), logging.getLogger("taskgraph")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    for message in handler.messages:
        note(f"Note: {message}")
