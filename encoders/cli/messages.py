"""Messages that the package logs, printed to standard error while a command runs."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator

from taskgraph.cli.output import note


class _Printer(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        """Print one message."""
        note(record.getMessage())


@contextlib.contextmanager
def messages() -> Iterator[None]:
    """Print each message that `encoders` logs at level INFO or above when it is logged."""
    logger, handler = logging.getLogger("encoders"), _Printer()
    level = logger.level
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
