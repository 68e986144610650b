"""Figures and pictures of results, as files small enough to commit."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure
from PIL import Image

from taskgraph.plot import rendered
from taskgraph.plot.figures import new_figure
from taskgraph.plot.style import INK, MUTED, styled
from taskgraph.tables import write_bytes

LARGEST = 300_000
"""Most bytes of an SVG; a larger picture is written as PNG."""

__all__ = ["INK", "LARGEST", "MUTED", "new_figure", "styled", "write_jpeg", "write_picture"]


def write_picture(figure: Figure, folder: Path, stem: str, *, largest: int = LARGEST) -> str:
    """Write a figure as SVG, or as PNG where that would be larger than ``largest`` bytes.

    Returns
    -------
    str
        The file's name. A file with this stem in the other format is deleted.
    """
    content, suffix = rendered(figure, "svg"), "svg"
    if len(content) > largest:
        content, suffix = rendered(figure, "png"), "png"
    write_bytes(content, folder / f"{stem}.{suffix}")
    (folder / f"{stem}.{'png' if suffix == 'svg' else 'svg'}").unlink(missing_ok=True)
    return f"{stem}.{suffix}"


def write_jpeg(picture: Image.Image, path: Path) -> None:
    """Write a picture as JPEG, which takes a fraction of the bytes of PNG."""
    content = io.BytesIO()
    picture.convert("RGB").save(content, "JPEG", quality=85)
    write_bytes(content.getvalue(), path)
