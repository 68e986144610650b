"""``taskgraph report`` and ``taskgraph serve``: the results as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import (
    exact_names,
    note,
    notices,
    problem_options,
    progress_bar,
    read_inputs,
    table_argument,
)
from taskgraph.cli.paths import InputFile, OutputFile

if TYPE_CHECKING:
    from taskgraph.problem import Problem
    from taskgraph.selection import Stability

OWN = "the table that comes with taskgraph"


@click.command("report")
@table_argument
@click.option(
    "-o",
    "--output",
    required=True,
    type=OutputFile((".html", ".htm")),
    metavar="FILE",
    help="An HTML file.",
)
@problem_options()
@click.option(
    "--random",
    "draws",
    type=click.IntRange(min=1),
    metavar="N",
    default=200,
    show_default=True,
    help="Random supervised sets at each budget.",
)
@click.option(
    "--losses",
    type=InputFile(),
    metavar="FILE",
    help="The losses behind the table: "
    "tells how stable the set is when their images are drawn again.",
)
@click.option(
    "--bootstrap",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="R",
    help="Resamples of these images.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of the random sets and of the resamples.",
)
def report_command(
    table: str | None,
    output: str,
    problem_file: str | None,
    solver: str,
    draws: int,
    losses: str | None,
    bootstrap: int,
    seed: int,
    **flags: Any,
) -> int:
    """Taxonomy, alternatives, comparisons and pictures in one self-contained HTML file.

    \b
    Examples:
      taskgraph report transfers.csv --budget 5 -o report.html
      taskgraph report transfers.csv --budget 5 -o report.html --losses losses.parquet
    """
    from taskgraph.report import report
    from taskgraph.tables import write_text

    transfers, problem = read_inputs(table, problem_file, flags)
    stable = None
    if losses is not None:
        stable = _stability(losses, problem, bootstrap=bootstrap, seed=seed, solver=solver)
    text = report(
        transfers,
        problem,
        draws=draws,
        seed=seed,
        solver=solver,
        stable=stable,
        title=f"Task taxonomy of {table or OWN}",
        progress=progress_bar("report"),
    )
    write_text(text, output)
    note(f"wrote {output}")
    return 0


def _stability(path: str, problem: Problem, *, bootstrap: int, seed: int, solver: str) -> Stability:
    """How stable the optimum of the losses in a file is."""
    import taskgraph as tg
    from taskgraph.tables import naming, read_losses, table_kind

    kind = table_kind(path)
    if kind != "losses":
        raise click.UsageError(
            f"--losses: {path} holds {kind}; only losses on images can be resampled"
        )
    with notices():
        losses = read_losses(path, exact_names=exact_names())
        with naming(path):
            found = tg.affinities(losses, bootstrap=bootstrap, seed=seed)
    return tg.stability(found, problem, solver=solver, progress=progress_bar("resamples"))


@click.command("serve")
@table_argument
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
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
    """A local web page that solves again as you change budget, order or roles.

    \b
    Examples:
      taskgraph serve transfers.csv --budget 5
    """
    from taskgraph.server import make_server

    transfers, problem = read_inputs(table, problem_file, flags)
    try:
        server = make_server(transfers, problem, host=host, port=port, solver=solver)
    except (OSError, UnicodeError, TypeError) as error:  # as a name of a host may be none
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
