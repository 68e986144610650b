"""Pictures of a bank's predictions on held-out views and on photographs."""

from __future__ import annotations

from pathlib import Path

import skimage

from benchmarks.results.figures import write_jpeg
from encoders.bank.predict import gallery, photos
from encoders.bank.pretrained import SUFFIX

PHOTOS = ("coffee.png", "motorcycle_left.png", "chelsea.png", "astronaut.png")
"""Indoor photographs of scikit-image: a table, a workshop, a sofa, a studio."""

PHOTO_TASKS = (
    "rgb2depth",
    "rgb2sfnorm",
    "reshade",
    "edge3d",
    "edge2d",
    "segmentsemantic_rb",
    "class_1000",
    "class_places",
    "room_layout",
    "vanishing_point_well_defined",
)

VIEWS, PHOTO = "views.jpg", "photos.jpg"


def draw_pictures(bank: Path, data: Path, splits: str | None = None) -> None:
    """Write the predictions of all tasks on six views, and of `PHOTO_TASKS` on photographs."""
    write_jpeg(gallery(bank, data, views=6, splits=splits), bank / VIEWS)
    folder = Path(skimage.__file__).parent / "data"
    tasks = [name for name in PHOTO_TASKS if (bank / (name + SUFFIX)).exists()]
    write_jpeg(photos(bank, [folder / name for name in PHOTOS], tasks), bank / PHOTO)
