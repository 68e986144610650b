"""``taskgraph scenes``: make a data set of indoor views with labels for every task."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from encoders.engines.workers import cores
from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import Interrupted
from taskgraph.cli.output import note
from taskgraph.cli.paths import OutputFile, OutputFolder
from taskgraph.cli.progress import progress_bar

if TYPE_CHECKING:
    from encoders.scenes.making.make import Made

SETTINGS = ("buildings", "views", "size", "seed", "domain")
SHEET = "scenes.png"


@click.command("scenes", short_help="Make indoor views with exact labels for every task.")
@click.argument("out", required=False, type=OutputFolder(always=False))
@click.option(
    "--buildings",
    type=int,
    default=40,
    show_default=True,
    help="Number of buildings; raise it later to add some.",
)
@click.option("--views", type=int, default=100, show_default=True, help="Views of each building.")
@click.option(
    "--size",
    type=int,
    default=64,
    show_default=True,
    help="Pixels along each side: a multiple of 16, from 32 to 2048.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Another seed is another world; the same one gives the same bytes.",
)
@click.option(
    "--domain",
    default="day",
    show_default=True,
    metavar="NAME",
    help="What it looks like: day, evening, drawn, loft or phone.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=cores,
    show_default="all cores",
    help="Processes that share the work.",
)
@click.option(
    "--show",
    type=OutputFile((".png",)),
    is_flag=False,
    flag_value=SHEET,
    metavar="[FILE.png]",
    help=f"Draw a contact sheet (default: {SHEET}); without OUT, of one view that is made for it.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Views on the contact sheet of OUT, side by side.",
)
@click.option("--stats", is_flag=True, help="Print statistics of OUT beside Taskonomy's.")
@click.pass_context
def scenes(
    ctx: click.Context,
    /,
    out: str | None,
    workers: int,
    show: str | None,
    columns: int,
    stats: bool,
    **settings: Any,
) -> int:
    """Make a data set of indoor views with exact labels for every task, in the folder OUT.

    Files and folders are named and encoded as Taskonomy's. An interrupted run goes on where it
    was when the same command is given again; settings that are left out are those of the folder.
    With --show or --stats, a folder that is there is only looked at, unless settings are given.

    \b
    Examples:
      taskgraph scenes world --buildings 40 --views 100 --size 64
      taskgraph scenes world --show sheet.png --stats
      taskgraph scenes --show
    """
    if out is None and (stats or show is None):
        raise click.UsageError(
            "name a folder, as in `taskgraph scenes world`, or give --show alone to see one view"
        )
    with extra_installed("scenes"):
        if out is None:
            return _show_sample(str(show), settings)
        given = [n for n in SETTINGS if ctx.get_parameter_source(n) == ParameterSource.COMMANDLINE]
        settings = _settings(Path(out), settings, given)
        if given or not (show or stats):
            _make(out, workers, settings)
        if show:
            _show_folder(Path(out), show, columns)
        if stats:
            _print_statistics(out)
    return 0


def _settings(out: Path, flags: dict[str, Any], given: list[str]) -> dict[str, Any]:
    """The flags; those that were not given are as the folder was made."""
    from encoders.scenes.making.manifest import MANIFEST, read_manifest

    found = read_manifest(out)["settings"] if (out / MANIFEST).is_file() else {}
    return flags | {name: value for name, value in found.items() if name not in given}


def _make(out: str, workers: int, settings: dict[str, Any]) -> None:
    from encoders.scenes.making.folder import count_whole
    from encoders.scenes.making.make import make
    from encoders.scenes.making.settings import Settings

    try:
        made = make(out, workers=workers, progress=progress_bar("views"), **settings)
    except KeyboardInterrupt:
        whole = count_whole(Path(out), Settings(**settings))
        total = settings["buildings"] * settings["views"]
        raise Interrupted(
            f"interrupted; {whole} of {total} views are whole, and the same command goes on from "
            "there"
        ) from None
    note(_told(out, made, workers))


def _told(out: str, made: Made, workers: int) -> str:
    """What was made, how fast, and the share of each stage."""
    if not made.views:
        return f"{out}: all {made.kept} views are there"
    kept = f", {made.kept} were there" if made.kept else ""
    lines = [
        f"{out}: made {made.views} views in {made.wall:.1f} s "
        f"({made.views / made.wall:.1f} a second){kept}"
    ]
    total = made.wall * workers
    rest = max(0.0, total - sum(made.seconds.values()))
    for stage, seconds in [*made.seconds.items(), ("starting and waiting", rest)]:
        each = 1000 * seconds / made.views
        lines.append(f"  {stage:<22}{seconds / total:>6.1%}{each:>9.1f} ms a view")
    return "\n".join(lines)


def _show_sample(show: str, settings: dict[str, Any]) -> int:
    from encoders.scenes.contact_sheets.album import sample_view
    from encoders.scenes.contact_sheets.sheet import draw_sheet, save_sheet
    from encoders.scenes.making.settings import Settings

    save_sheet(draw_sheet([sample_view(Settings(**settings))]), show)
    note(f"drew {show}")
    return 0


def _show_folder(out: Path, show: str, columns: int) -> None:
    from encoders.scenes.contact_sheets.album import spread_views
    from encoders.scenes.contact_sheets.sheet import draw_sheet, save_sheet

    save_sheet(draw_sheet(spread_views(out, columns)), show)
    note(f"drew {show}")


def _print_statistics(out: str) -> None:
    from encoders.scenes.making.statistics import markdown, shares, statistics

    click.echo(markdown(statistics(out)))
    click.echo(markdown(shares(out)), nl=False)
