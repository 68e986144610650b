"""Exit codes of the command line, beside 0 for solved."""

from __future__ import annotations

import click

BAD_INPUT = 2
INFEASIBLE = 3
INTERRUPTED = 130
CLOSED_PIPE = 141
"""The last two are the codes that a shell gives to programs that SIGINT or SIGPIPE ended."""


class Interrupted(click.ClickException):
    """Ctrl-C ended the command; the message says what is left of its work."""

    exit_code = INTERRUPTED
