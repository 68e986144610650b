"""The commands ``taskgraph bench prior TASK``, which restore a photograph of the user's."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from benchmarks.prior.fit_settings import settings_of
from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import Interrupted
from taskgraph.cli.output import note
from taskgraph.cli.paths import InputFile, OutputFile
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from benchmarks.prior.photo import Photo
    from benchmarks.prior.restoring import Restoration

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")
"""Endings of the pictures that the commands write."""

REFRESH = 2.0
"""Seconds between two previews."""

HELP = """{what}

The network is untrained: it learns from this photograph alone. {stops} The first Ctrl-C writes the
best picture so far and ends with exit code 130.

\b
Examples:
  taskgraph bench prior {task} {example}
  taskgraph bench prior {task} {example} --preview now.png
"""

STOPS = (
    "Training stops by itself when the outputs begin to vary more (windowed variance), and a "
    "running average of outputs is written."
)


def _common(task: str) -> list[click.Parameter]:
    """Return the parameters that all tasks have."""
    names = list(settings_of(task))
    return [
        click.Argument(["photo"], type=InputFile(), metavar="PHOTO"),
        click.Option(
            ["-o", "--out"],
            required=True,
            type=OutputFile(SUFFIXES),
            metavar="FILE",
            help=f"Picture to write ({', '.join(SUFFIXES)}).",
        ),
        click.Option(
            ["--preview"],
            type=OutputFile(SUFFIXES),
            metavar="FILE",
            help="Write the picture so far to this file every two seconds.",
        ),
        click.Option(
            ["--settings", "name"],
            type=click.Choice(names),
            default=names[0],
            show_default=True,
            help="small: a network for a processor. The others are the published settings, and "
            "take about ten times as long.",
        ),
        click.Option(
            ["--iterations"],
            type=click.IntRange(min=1),
            show_default="those of --settings",
            help="Most iterations of each tile.",
        ),
        click.Option(
            ["--stop/--no-stop"],
            default=True,
            show_default=True,
            help="Stop by the variance of outputs, or make all iterations.",
        ),
        click.Option(
            ["--tile"],
            type=click.IntRange(min=64),
            default=192,
            show_default=True,
            help="A larger picture is restored in overlapping tiles with sides of N pixels.",
        ),
        click.Option(
            ["--megapixels"],
            type=click.FloatRange(min=0, min_open=True),
            default=4.0,
            show_default=True,
            help="Refuse photographs with more million pixels: each takes hours.",
        ),
        click.Option(
            ["--arithmetic"],
            type=click.Choice(["float32", "bfloat16", "fastest"]),
            default="float32",
            show_default=True,
            help="Type of the products in convolutions; fastest times both and takes one.",
        ),
        click.Option(
            ["--seed"],
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of the weights and the input.",
        ),
    ]


def _command(
    task: str, short: str, what: str, example: str, extra: list[click.Parameter]
) -> click.Command:
    """Return the command of one task."""

    def run_task(**flags: Any) -> int:
        """Restore the photograph with these flags."""
        with extra_installed("bench"):
            return restore_photo(task, **flags)

    parameters = _common(task)
    return click.Command(
        task,
        params=[parameters[0], *extra, *parameters[1:]],
        callback=run_task,
        help=HELP.format(what=what, stops=STOPS, task=task, example=example),
        short_help=short,
    )


def restore_photo(
    task: str,
    *,
    photo: str,
    out: str,
    preview: str | None,
    name: str,
    iterations: int | None,
    megapixels: float,
    arithmetic: str,
    mask: str | None = None,
    sigma: float | None = None,
    factor: int = 1,
    **how: Any,
) -> int:
    """Read a photograph, restore it, and write the result; Ctrl-C writes the best so far."""
    from benchmarks.prior.photo import read_mask, read_photo
    from benchmarks.prior.restoring import Restoration

    read = read_photo(photo, megapixels=megapixels)
    known = None if mask is None else read_mask(mask, read.values.shape[1:])
    fit_settings = settings_of(task)[name]
    if iterations is not None:
        fit_settings = replace(fit_settings, iterations=iterations)
    restoration = Restoration(
        read.values,
        fit_settings,
        known=known,
        factor=factor,
        sigma=None if sigma is None else sigma / 255,
        arithmetic=arithmetic,
        **how,
    )
    for message in read.notes:
        note(f"Note: {message}")
    try:
        with progress_bar(task) as progress:
            restoration.run(progress, _previews(read, restoration, preview))
    except KeyboardInterrupt:
        raise Interrupted(_saved_early(read, restoration, out)) from None
    _write(read, restoration, out)
    click.echo(f"wrote {out} after {restoration.iterations:,} iterations")
    return 0


def _previews(photo: Photo, restoration: Restoration, path: str | None) -> Callable[[], None]:
    """Return a function that writes the picture so far, at most once in `REFRESH` seconds."""
    from benchmarks.prior.photo import write_photo

    last = time.monotonic()

    def look() -> None:
        """Write the preview if it is old."""
        nonlocal last
        if path is not None and time.monotonic() - last >= REFRESH:
            write_photo(photo, restoration.picture, path)
            last = time.monotonic()

    return look


def _write(photo: Photo, restoration: Restoration, out: str) -> None:
    """Write the picture so far, and print what its format lacks."""
    from benchmarks.prior.photo import write_photo

    for message in write_photo(photo, restoration.picture, out):
        note(f"Note: {message}")


def _saved_early(photo: Photo, restoration: Restoration, out: str) -> str:
    """Write the picture so far after Ctrl-C, and return what to say."""
    if not restoration.started:
        return "interrupted before the first iteration; nothing was written"
    _write(photo, restoration, out)
    return f"interrupted; {out} has the best picture after {restoration.iterations:,} iterations"


COMMANDS = {
    command.name: command
    for command in (
        _command(
            "denoise",
            "Remove the noise of a photograph.",
            "Remove the noise of a photograph.",
            "photo.png -o out.png",
            [
                click.Option(
                    ["--sigma"],
                    type=click.FloatRange(min=0, min_open=True, max=255),
                    help="Standard deviation of the noise in levels of 0 to 255, if you know it: "
                    "training then also stops when the fit is as near as this to the photograph.",
                )
            ],
        ),
        _command(
            "inpaint",
            "Fill in missing pixels of a photograph.",
            "Fill in missing pixels of a photograph; all others stay as they are.",
            "photo.png --mask mask.png -o out.png",
            [
                click.Option(
                    ["--mask"],
                    required=True,
                    type=InputFile(),
                    metavar="FILE",
                    help="Image of the photograph's size, white where pixels are missing.",
                )
            ],
        ),
        _command(
            "superresolve",
            "Enlarge a photograph.",
            "Enlarge a photograph.",
            "photo.png --factor 4 -o out.png",
            [
                click.Option(
                    ["--factor"],
                    type=click.IntRange(min=2, max=8),
                    default=4,
                    show_default=True,
                    help="How many times more pixels in each direction.",
                )
            ],
        ),
        _command(
            "dejpeg",
            "Remove the artifacts of JPEG from a photograph.",
            "Remove the blocks and ripples that JPEG left in a photograph.",
            "photo.jpg -o out.png",
            [],
        ),
    )
}
"""The commands by the name of their task."""
