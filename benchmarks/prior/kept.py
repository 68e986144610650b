"""The restored pictures of seed 0 as PNG files, from which the sheets are drawn."""

from __future__ import annotations

from pathlib import Path

from benchmarks.prior.observations import Photograph, to_image

PICTURES = "pictures"
"""Folder of the pictures within the folder of results; it is not committed."""


def keep(folder: Path, name: str, picture: Photograph) -> None:
    """Write a picture as PNG under a name, without an ending, into a folder of results."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    to_image(picture).save(folder / PICTURES / f"{name}.png")
