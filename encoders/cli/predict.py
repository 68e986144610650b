"""``taskgraph predict``: draw what trained networks say about a photograph."""

from __future__ import annotations

from pathlib import Path

import click

from encoders.errors.extras import extra_installed
from taskgraph.cli.output import note
from taskgraph.cli.parameters import Names
from taskgraph.cli.paths import InputFile, InputFolder, OutputFile

OUT = "predictions.png"


@click.command("predict", short_help="Draw what a trained bank says about any photo.")
@click.argument("images", nargs=-1, type=InputFile(), metavar="[IMAGE]...")
@click.option(
    "--task",
    "tasks",
    type=Names(),
    default="all",
    show_default=True,
    metavar="a,b",
    help="Tasks by their names, or in everyday words: depth, normals, edges, layout, "
    "scene, object, semantic …",
)
@click.option(
    "--bank",
    type=InputFolder(),
    metavar="DIR",
    help="A folder that `taskgraph train` made (default: the library's own bank).",
)
@click.option(
    "-o",
    "--out",
    default=OUT,
    show_default=True,
    type=OutputFile((".png",)),
    metavar="FILE.png",
    help="The picture to write.",
)
@click.option(
    "--data",
    type=InputFolder(),
    metavar="DIR",
    help="Instead of photos: held-out views of a data set, each prediction beside its label.",
)
@click.option(
    "--splits",
    type=InputFile(),
    metavar="FILE",
    help="Taskonomy's CSV of buildings for train, val and "
    "test, if the bank was trained with one; with --data.",
)
@click.option(
    "--views",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="How many, evenly spaced over its test split; with --data.",
)
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="With --data: go on where test buildings are "
    "some that a network was trained on; the picture says which.",
)
def predict(
    images: tuple[str, ...],
    tasks: tuple[str, ...],
    bank: str | None,
    out: str,
    data: str | None,
    splits: str | None,
    views: int,
    allow_overlap: bool,
) -> int:
    """Draw what a trained bank says about each IMAGE, a photo of any kind and size.

    A photo is cut to the square in its middle and resized to what the networks take (64 pixels
    along each side for the preset tiny), as the pictures of a data set are. Camera poses and
    matching look at two photos, egomotion at three; with `--task all` they are left out where
    their number is another.

    \b
    Examples:
      taskgraph predict room.jpg --task depth,normals -o room.png
      taskgraph predict left.jpg right.jpg --task matching
      taskgraph predict --data world --bank bank --views 6 -o gallery.png
    """
    if bool(images) == (data is not None):
        raise click.UsageError(
            "name some pictures, as in `taskgraph predict room.jpg --task depth`, or a data set "
            "with --data DIR, not both"
        )
    with extra_installed("train"):
        from encoders.bank.predict import gallery, photos
        from encoders.bank.pretrained import default_bank
        from encoders.draw import save

    folder = Path(bank) if bank else default_bank()
    if data:
        page = gallery(
            folder,
            data,
            tasks=tasks,
            views=views,
            splits=splits,
            allow_overlap=allow_overlap,
            say=note,
        )
    else:
        page = photos(folder, images, tasks)
    save(page, out)
    note(f"drew {out}")
    return 0
