"""``taskgraph serve``: a local web page that solves again."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import table_argument
from taskgraph.cli.output import note
from taskgraph.cli.paths import InputFile
from taskgraph.cli.problem import problem_options, read_inputs
from taskgraph.cli.report import read_losses_of
from taskgraph.errors import TaskgraphError

if TYPE_CHECKING:
    import socket

    from taskgraph.transfers import Transfers

INSTALL = "pip install -c constraints.txt -e '.[live]'"

SHIPPED = "the table that comes with taskgraph"
"""Title of the default table."""

SIZES = ("16k", "1k", "early")
"""Sizes of the published tables; those that a folder lacks are left out."""


class MissingServerError(TaskgraphError, ImportError):
    """A package of the extra ``live`` is not installed."""


@click.command("serve")
@table_argument
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Network address to listen on. Other machines reach it only if you name one of this "
    "machine's own, such as 0.0.0.0; then users need the token in the address that is printed.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--published",
    type=click.Path(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder with Taskonomy's published pickles; the page then offers their tables too.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Most seconds of one solve; then the page shows the best taxonomy so far.",
)
@click.option(
    "--max-upload",
    type=click.IntRange(min=1),
    default=32,
    show_default=True,
    metavar="MB",
    help="Largest table that the page accepts, in megabytes.",
)
@click.option(
    "--losses",
    type=InputFile(),
    metavar="FILE",
    help="Per-image losses that TABLE was made from: the page then also shows how stable the "
    "supervised set is when the test images are resampled.",
)
@problem_options()
def serve_command(
    table: str | None,
    host: str,
    port: int,
    published: str | None,
    time_limit: float,
    max_upload: int,
    losses: str | None,
    problem_file: str | None,
    solver: str,
    **flags: Any,
) -> int:
    """Open a local web page where you change costs, roles and budget and see the new optimum.

    The page needs the extra live, and no network. It also takes other tables: any file that
    taskgraph solve or taskgraph affinity reads.

    \b
    Examples:
      taskgraph serve transfers.csv --budget 5
      taskgraph serve --published taskonomy/results
    """
    with _extra_live():
        from taskgraph.server import Limits, make_app
        from taskgraph.server.limits import MEGABYTE
        from taskgraph.server.security import is_loopback
        from taskgraph.server.serving import address_of, uvicorn_server

    transfers, problem = read_inputs(table, problem_file, flags)
    problem.with_table_names(transfers).check_names(transfers)
    tables = {
        table or SHIPPED: transfers,
        **_others(table, published),
    }
    with _listening(host, port) as sock:
        address = address_of(sock, host)
        app = make_app(
            tables,
            problem,
            losses=None if losses is None else read_losses_of(losses),
            solver=solver,
            limits=Limits(solving=time_limit, upload=max_upload * MEGABYTE),
            token=address.token,
            any_host=not is_loopback(host),
        )
        note(f"{address.url} (Ctrl-C stops)")
        with contextlib.suppress(KeyboardInterrupt):
            uvicorn_server(app).run(sockets=[sock])
    note("stopped")
    return 0


@contextlib.contextmanager
def _extra_live() -> Any:
    """Raise a missing package of the extra as an error that says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
            raise
        raise MissingServerError(
            f"taskgraph serve needs {error.name}, which is not installed: in the checkout, "
            f"{INSTALL}"
        ) from None


@contextlib.contextmanager
def _listening(host: str, port: int) -> Any:
    """Open a socket; raise an error of one line if the address cannot be listened on."""
    from taskgraph.server.serving import listen

    try:
        sock: socket.socket = listen(host, port)
    except (OSError, UnicodeError, TypeError, ValueError) as error:  # a host's name may be invalid
        why = getattr(error, "strerror", None) or error
        raise click.UsageError(
            f"cannot listen on {host}:{port}: {why}; try --port 0, or --host 127.0.0.1"
        ) from error
    with sock:
        yield sock


def _others(table: str | None, published: str | None) -> dict[str, Transfers]:
    """Return the tables that the page offers beside TABLE, by their titles."""
    from taskgraph.errors import InvalidTableError
    from taskgraph.tables import default_transfers, read_taskonomy

    others = {}
    if table is not None:
        with contextlib.suppress(InvalidTableError):
            others[SHIPPED] = default_transfers()
    if published is not None:
        for size in SIZES:
            with contextlib.suppress(InvalidTableError):
                others[f"Taskonomy, published, {size}"] = read_taskonomy(published, size=size)
        if not any(title.startswith("Taskonomy") for title in others):
            read_taskonomy(published)  # raises the error that says what is missing
    return others
