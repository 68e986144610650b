"""Pictures of a bank's predictions on held-out views and on photographs."""

from __future__ import annotations

from pathlib import Path

import skimage
from PIL import Image

from encoders.bank.predict import gallery, photos
from encoders.bank.pretrained import SUFFIX
from encoders.draw import save

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


def draw_pictures(bank: Path, data: Path) -> None:
    """Write the predictions of all tasks on six views, and of `PHOTO_TASKS` on photographs."""
    _save(gallery(bank, data, views=6), bank / VIEWS)
    folder = Path(skimage.__file__).parent / "data"
    tasks = [name for name in PHOTO_TASKS if (bank / (name + SUFFIX)).exists()]
    _save(photos(bank, [folder / name for name in PHOTOS], tasks), bank / PHOTO)


def _save(page: Image.Image, path: Path) -> None:
    """Write a picture as JPEG, which takes a fraction of the bytes of PNG."""
    place = path.with_suffix(".png")
    save(page, place)
    with Image.open(place) as whole:
        whole.convert("RGB").save(path, quality=85)
    place.unlink()
