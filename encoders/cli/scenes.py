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
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from encoders.scenes.making.make import MakeResult

SETTINGS = ("buildings", "views", "size", "seed", "domain")
SHEET = "scenes.png"


@click.command("scenes", short_help="Make indoor views with exact labels for every task.")
@click.argument("out", required=False, type=OutputFolder(always=False))
@click.option(
    "--buildings",
    type=int,
    default=40,
    show_default=True,
    help="Number of buildings. A larger number later adds buildings.",
)
@click.option(
    "--views", type=int, default=100, show_default=True, help="Number of views of each building."
)
@click.option(
    "--size",
    type=int,
    default=64,
    show_default=True,
    help="Side of the pictures in pixels: a multiple of 16, from 32 to 2048.",
)
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed of the whole data set; equal seeds give equal bytes on machines of one kind.",
)
@click.option(
    "--domain",
    default="day",
    show_default=True,
    metavar="NAME",
    help="Look of the pictures: day, evening, drawn, loft or phone.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=cores,
    show_default="all cores",
    help="Number of processes; the files do not depend on it.",
)
@click.option(
    "--show",
    type=OutputFile((".png",)),
    is_flag=False,
    flag_value=SHEET,
    metavar="[FILE.png]",
    help=f"Draw a contact sheet of OUT (default: {SHEET}); without OUT, of one new view.",
)
@click.option(
    "--columns",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Number of views on the contact sheet of OUT.",
)
@click.option("--stats", is_flag=True, help="Print statistics of OUT beside those of Taskonomy.")
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

    Files and folders have the names and encodings of Taskonomy. The same command continues an
    interrupted run. Settings that you leave out are those of an existing OUT. With --show or
    --stats and no settings, no views are made: OUT is only read.

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
    """Return the settings: flags that were not given have the values of an existing folder."""
    from encoders.scenes.making.manifest import MANIFEST, read_manifest

    existing = read_manifest(out)["settings"] if (out / MANIFEST).is_file() else {}
    return flags | {name: value for name, value in existing.items() if name not in given}


def _make(out: str, workers: int, settings: dict[str, Any]) -> None:
    from encoders.scenes.making.make import make, views_so_far
    from encoders.scenes.making.settings import WorldSettings

    try:
        with progress_bar("views") as progress:
            made = make(out, workers=workers, progress=progress, **settings)
    except KeyboardInterrupt:
        so_far = views_so_far(Path(out), WorldSettings(**settings))
        raise Interrupted(f"interrupted; {so_far}") from None
    note(_report(out, made, workers))


def _report(out: str, made: MakeResult, workers: int) -> str:
    """Return a report: the number of views, their speed, and the share of each stage."""
    if not made.views:
        return f"{out}: all {made.kept} views exist already"
    kept = f", {made.kept} existed already" if made.kept else ""
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
    from encoders.draw.contact_sheet import draw_contact_sheet
    from encoders.draw.labeled_views import sample_view
    from encoders.draw.pages import save_page
    from encoders.scenes.making.settings import WorldSettings

    save_page(draw_contact_sheet([sample_view(WorldSettings(**settings))]), show)
    note(f"drew {show}")
    return 0


def _show_folder(out: Path, show: str, columns: int) -> None:
    from encoders.draw.contact_sheet import draw_contact_sheet
    from encoders.draw.labeled_views import spread_views
    from encoders.draw.pages import save_page

    save_page(draw_contact_sheet(spread_views(out, columns)), show)
    note(f"drew {show}")


def _print_statistics(out: str) -> None:
    from encoders.scenes.making.statistics import class_shares, statistics, statistics_markdown

    click.echo(statistics_markdown(statistics(out)))
    click.echo(statistics_markdown(class_shares(out)), nl=False)
