"""Flags that every picture has, and how a picture is drawn and written."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import click

from taskgraph.cli.options import F, with_options
from taskgraph.cli.output import note
from taskgraph.cli.parameters import FigureSize
from taskgraph.cli.paths import PICTURES, OutputFile
from taskgraph.errors import TaskgraphError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOK = ("size", "dpi", "font")
"""Names of the flags for size, resolution and font, which every picture has."""


def picture_options(function: F) -> F:
    """Add the flags that say where to write a picture and how it looks."""
    return with_options(
        click.option(
            "-o",
            "--output",
            required=True,
            type=OutputFile(PICTURES),
            metavar="FILE",
            help="File to draw to; its suffix says the format: .svg, .png or .pdf.",
        ),
        click.option(
            "--size",
            type=FigureSize(),
            metavar="WxH|column|page|poster",
            help="Width and height in inches, such as 8x5, or a size for print: column (3.25 "
            "inches wide, text of 6 to 8 points), page (6.875 inches wide) or poster (15 inches "
            "wide, text of at least 18 points); an SVG then holds text as text (default: what the "
            "content needs).",
        ),
        click.option(
            "--dpi",
            type=click.IntRange(10, 2400),
            metavar="N",
            help="Resolution of a PNG file in dots an inch (default 200).",
        ),
        click.option(
            "--font",
            metavar="NAME",
            help="Font of the text: the name of an installed font, or the path of a TrueType file.",
        ),
    )(function)


def save_picture(draw: Callable[..., Figure], look: Mapping[str, Any], output: str) -> int:
    """Draw with the flags of `picture_options`, write the file, and return exit code 0."""
    import matplotlib as mpl

    from taskgraph.plot import family_of, save

    font: Any = {"font.family": [family_of(look["font"])]} if look["font"] else {}
    with mpl.rc_context(font):
        figure = draw(size=look["size"])
    try:
        save(figure, output, dpi=look["dpi"])
    except ValueError as error:
        if isinstance(error, TaskgraphError) or "too large" not in str(error):
            raise
        raise click.UsageError(
            "the picture has too many dots; give a smaller --size or --dpi"
        ) from None
    note(f"drew {output}")
    return 0


@dataclass(frozen=True)
class PlotFile:
    """The file of ``--plot``, and the size of the picture in it; None for what it needs."""

    path: str
    size: tuple[float, float] | str | None

    def draw(self, draw: Callable[..., Figure]) -> None:
        """Draw with this size, write the file, and say so."""
        save_picture(draw, {"size": self.size, "dpi": None, "font": None}, self.path)


def plot_option(help_text: str) -> Callable[[F], F]:
    """Return a decorator that adds ``--plot FILE`` and ``--size`` to a command that also prints.

    The command gets one argument for both, ``plot``: a `PlotFile`, or None without ``--plot``.
    """

    def decorate(function: F) -> F:
        """Add both flags."""

        @functools.wraps(function)
        def command(*args: Any, plot: str | None, size: Any, **flags: Any) -> Any:
            """Call the command with its `PlotFile`."""
            if size is not None and plot is None:
                raise click.UsageError(
                    "--size is the size of the picture of --plot; add --plot FILE"
                )
            return function(*args, plot=plot and PlotFile(plot, size), **flags)

        return with_options(
            click.option("--plot", type=OutputFile(PICTURES), metavar="FILE", help=help_text),
            click.option(
                "--size",
                type=FigureSize(),
                metavar="SIZE",
                help="Size of the picture of --plot, as for `taskgraph plot`: inches, such as 8x5, "
                "or column, page or poster.",
            ),
        )(cast(F, command))

    return decorate


def take_look(flags: dict[str, Any]) -> dict[str, Any]:
    """Remove the flags of `picture_options` from those of a command, and return them."""
    return {name: flags.pop(name) for name in LOOK}
