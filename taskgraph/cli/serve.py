"""``taskgraph serve``: a local web page that solves again."""

from __future__ import annotations

from typing import Any

import click

from taskgraph.cli.options import table_argument
from taskgraph.cli.output import note
from taskgraph.cli.problem import problem_options, read_inputs


@click.command("serve")
@table_argument
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Network address to listen on.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="Port to listen on; 0 takes a free one.",
)
@problem_options()
def serve_command(
    table: str | None,
    host: str,
    port: int,
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Open a local web page where you change budget, order or roles and see the new optimum.

    \b
    Examples:
      taskgraph serve transfers.csv --budget 5
    """
    from taskgraph.server import make_server

    transfers, problem = read_inputs(table, problem_file, flags)
    try:
        server = make_server(transfers, problem, host=host, port=port, solver=solver)
    except (OSError, UnicodeError, TypeError) as error:  # a host's name may be invalid
        why = getattr(error, "strerror", None) or error
        raise click.UsageError(
            f"cannot listen on {host}:{port}: {why}; try --port 0, or --host 127.0.0.1"
        ) from error
    with server:
        note(f"http://{host}:{server.server_address[1]} (Ctrl-C stops)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            note("stopped")
    return 0
