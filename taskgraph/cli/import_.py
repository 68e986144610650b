"""``taskgraph import``: measurements that others published."""

from __future__ import annotations

import click

from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.options import exact_names, exact_names_option
from taskgraph.cli.output import note, notices
from taskgraph.cli.paths import TABLES, InputFolder, OutputFile


@click.group("import", cls=SuggestingGroup)
def import_command() -> None:
    """Convert published measurements to a table of transfers."""


@import_command.command("taskonomy")
@click.argument("folder", type=InputFolder())
@click.option(
    "-o",
    "--output",
    type=OutputFile(TABLES),
    metavar="FILE",
    required=True,
    help="File to write the table of transfers to (.csv, .csv.gz or .parquet).",
)
@click.option(
    "--size",
    type=click.Choice(["16k", "1k", "early"]),
    default="16k",
    show_default=True,
    help="Number of images that the transfers were trained on; `early` reads the files of an "
    "earlier run, whose names have no such suffix.",
)
@exact_names_option
def import_taskonomy_command(folder: str, output: str, size: str) -> int:
    """Convert the Taskonomy authors' pickles to a table of transfers.

    FOLDER holds all_affinities_16k.pkl, wins_vs_pixels_16k.pkl and wins_vs_task_16k.pkl, as the
    folder results of the repository StanfordVL/taskonomy does. No code in the pickles is run.

    \b
    Examples:
      taskgraph import taskonomy published/ -o transfers.csv
      taskgraph import taskonomy published/ -o transfers_1k.csv --size 1k
    """
    from taskgraph.tables import read_taskonomy, write_transfers

    with notices():
        transfers = read_taskonomy(folder, size=size, exact_names=exact_names())
    write_transfers(transfers, output)
    note(f"wrote {output}: {transfers!r}")
    return 0
