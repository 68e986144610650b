"""The command ``taskgraph bench data``, which lists data sets and draws contact sheets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from encoders.errors.extras import extra_installed
from taskgraph.cli.output import note
from taskgraph.cli.paths import InputFolder, OutputFolder

if TYPE_CHECKING:
    from benchmarks.data.data import Data
    from benchmarks.data.source import Source


@click.command("data", short_help="List the data sets, or draw a contact sheet of each.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--data-root",
    type=InputFolder(),
    help="Your folder of data sets; by default that of the variable TASKGRAPH_DATA.",
)
@click.option(
    "--sheet",
    type=OutputFolder(),
    help="Draw a contact sheet of each set at hand (or named) into this folder.",
)
def command(names: tuple[str, ...], data_root: str | None, sheet: str | None) -> int:
    """List the data sets with their contents and licenses, and say which are installed.

    With names, the command reads these sets and shows the sizes of their splits. For a set that is
    missing, it says how to get it. Nothing is downloaded.

    \b
    Examples:
      taskgraph bench data
      taskgraph bench data digits mnist-5k --sheet sheets
      taskgraph bench data --data-root ~/data
    """
    with extra_installed("bench"):
        from benchmarks.data.registry import load, sources

        root = Path(data_root) if data_root else None
        if not names:
            for one in sources(root):
                _show(one, root)
        chosen = names or tuple(s.name for s in sources(root) if sheet and s.place(root))
        for name in chosen:
            data = load(name, root)
            if names:
                parts = ", ".join(f"{len(rows):,} {split}" for split, rows in data.splits.items())
                shape = " x ".join(map(str, data.inputs.shape[1:]))
                click.echo(f"{name}: {parts}; {shape}; {len(data.classes)} classes; {data.license}")
            if sheet:
                _draw(data, Path(sheet))
    return 0


def _show(one: Source, root: Path | None) -> None:
    """Print one line about a data set, and how to get it if it is missing."""
    installed = one.place(root) is not None
    click.echo(f"{one.name:<15} {'at hand' if installed else 'missing'}  {one.what}; {one.license}")
    if not installed:
        click.echo(f"{'':<15} {'':<7}  to get it: {one.get}")


def _draw(data: Data, folder: Path) -> None:
    """Write the contact sheet of one data set as PNG."""
    from benchmarks.data.sheet import contact_sheet

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{data.name}.png"
    contact_sheet(data).save(path)
    note(f"drew {path}")
