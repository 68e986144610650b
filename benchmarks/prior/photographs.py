"""The photographs of scikit-image that are restored, at the size of the run."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from benchmarks.prior.observations import Photograph, from_image

REPORTED = {
    "astronaut": "astronaut.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "motorcycle": "motorcycle_left.png",
    "camera": "camera.png",
}
"""The photographs that the page reports; ``camera`` is gray."""

VALIDATION = {"rocket": "rocket.jpg", "ihc": "ihc.png"}
"""The photographs on which the rule to stop and the baselines' strengths are chosen."""


def photograph(name: str, size: int) -> Photograph:
    """Return the central square of a photograph, at ``size`` x ``size`` pixels (Lanczos)."""
    import skimage

    file = {**REPORTED, **VALIDATION}[name]
    with Image.open(Path(skimage.__file__).parent / "data" / file) as image:
        image.load()
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    square = image.crop((left, top, left + side, top + side))
    return from_image(square.resize((size, size), Image.Resampling.LANCZOS))
