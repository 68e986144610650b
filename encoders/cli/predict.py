"""``taskgraph predict``: draw the predictions of trained networks for photographs."""

from __future__ import annotations

from pathlib import Path

import click

from encoders.cli.messages import messages
from encoders.cli.options import bank_option, own_tasks
from encoders.errors.extras import extra_installed
from taskgraph.cli.output import note
from taskgraph.cli.parameters import NameList
from taskgraph.cli.paths import InputFile, InputFolder, OutputFile

OUT = "predictions.png"


@click.command("predict", short_help="Draw the predictions of a trained bank for any photo.")
@click.argument("images", nargs=-1, type=InputFile(), metavar="[IMAGE]...")
@click.option(
    "--task",
    "tasks",
    type=NameList(),
    default="all",
    show_default=True,
    metavar="a,b",
    help="Tasks by name or by common word: depth, normals, edges, layout, scene, object, "
    "semantic …; or a task of your own: FILE.py:NAME, or its name in an installed package.",
)
@bank_option
@click.option(
    "-o",
    "--out",
    default=OUT,
    show_default=True,
    type=OutputFile((".png",)),
    metavar="FILE.png",
    help="Picture to write.",
)
@click.option(
    "--data",
    type=InputFolder(),
    metavar="DIR",
    help="Folder of a data set: draw predictions and labels of held-out views instead of photos.",
)
@click.option(
    "--splits",
    type=InputFile(),
    metavar="FILE",
    help="With --data: the CSV file of splits that the bank was trained with, if any.",
)
@click.option(
    "--views",
    type=click.IntRange(min=1),
    default=6,
    show_default=True,
    help="With --data: number of views, evenly spaced over the test split.",
)
@click.option(
    "--allow-overlap",
    is_flag=True,
    help="With --data: allow test buildings that a network was trained on; the picture marks them.",
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
    """Draw the predictions of a trained bank for each IMAGE, a photo of any format and size.

    Each photo is cropped to the square in its middle and resized to the size of the networks
    (64 x 64 pixels for the preset tiny). Camera poses and matching take two photos, egomotion
    takes three; `--task all` leaves them out if another number of photos is given.

    \b
    Examples:
      taskgraph predict room.jpg --task depth,normals -o room.png
      taskgraph predict left.jpg right.jpg --task matching
      taskgraph predict room.jpg --bank bank --task my_tasks.py:LEVEL
      taskgraph predict --data world --bank bank --views 6 -o gallery.png
    """
    if bool(images) == (data is not None):
        raise click.UsageError(
            "name some pictures, as in `taskgraph predict room.jpg --task depth`, or a data set "
            "with --data DIR, not both"
        )
    for path in images:  # before torch is imported, which takes seconds
        if not Path(path).is_file():
            problem = "is a folder" if Path(path).is_dir() else "there is no such file"
            raise click.UsageError(f"{path}: {problem}; name a photo, such as room.jpg")
    with extra_installed("train"):
        from encoders.bank.predict import gallery, photos
        from encoders.bank.pretrained import default_bank
        from encoders.draw import save_page
        from encoders.tasks.names import predicted_tasks

    folder = Path(bank) if bank else default_bank()
    chosen = predicted_tasks(tasks, own_tasks((), data)[1])
    if data:
        with messages():
            page = gallery(
                folder, data, tasks=chosen, views=views, splits=splits, allow_overlap=allow_overlap
            )
    else:
        page = photos(folder, images, chosen)
    save_page(page, out)
    note(f"drew {out}")
    return 0
