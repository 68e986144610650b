"""Labels of a view as small pictures, for people to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import matplotlib
import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from encoders.codecs.colors import color_target, colored, expected_ab, lightness
from encoders.codecs.corruptions import masked, noisy
from encoders.codecs.encodings import encoding_of
from encoders.codecs.jigsaw import jigsaw
from taskgraph.arrays import Pixels

if TYPE_CHECKING:  # it makes views on the spot, and so imports all that makes scenes
    from encoders.scenes.contact_sheets.album import Album, Key


UNSEEN = (70, 70, 78)
"""Color of pixels that see no surface."""

_HUES = matplotlib.colormaps["tab20"]([*range(14), 16, 17])[:, :3]
SEMANTIC_COLORS: Pixels = np.vstack(
    [np.zeros((1, 3)), np.full((1, 3), 205), np.rint(255 * _HUES)]
).astype(np.uint8)
"""Colors of uncertain, background and the classes of semantic segmentation."""

SEGMENT_COLORS = np.random.default_rng(26).integers(60, 256, (256, 3), dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Subject:
    """One view to draw, in tiles of ``tile`` x ``tile`` pixels."""

    album: Album
    key: Key
    tile: int

    @cached_property
    def values(self) -> Mapping[str, Any]:
        """Every domain of the view, in physical units."""
        return self.album.values(self.key)

    @property
    def info(self) -> Mapping[str, Any]:
        """The view's ``point_info``."""
        return self.album.infos[self.key]

    def picture(self, key: Key | None = None) -> Image.Image:
        """The picture of this view, or of another, as a tile."""
        return enlarged(self.album.picture(key or self.key), self.tile)


Panel = Callable[[Subject], list[Image.Image]]
"""Draws one or more tiles."""


def enlarged(pixels: Pixels, tile: int, *, whole: bool = False) -> Image.Image:
    """Pixels as a tile; ``whole`` keeps colors that stand for numbers as they are."""
    small = pixels.shape[0] <= tile
    how = Image.Resampling.NEAREST if small or whole else Image.Resampling.BOX
    return Image.fromarray(np.asarray(pixels, dtype=np.uint8)).resize((tile, tile), how)


def written(text: str, tile: int) -> Image.Image:
    """Words in the middle of an empty tile."""
    picture = Image.new("RGB", (tile, tile), "white")
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size=max(11, tile // 10))
    lines = wrapped(text, font, tile - 8)
    draw.multiline_text((tile / 2, tile / 2), "\n".join(lines), "black", font, "mm", align="center")
    return picture


def wrapped(text: str, font: Any, width: float) -> list[str]:
    """Words of a text in lines of at most ``width`` pixels."""
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _from_signed(picture: ArrayLike) -> Pixels:
    return np.rint((np.asarray(picture) + 1) * 127.5).clip(0, 255).astype(np.uint8)


def _random(subject: Subject) -> np.random.Generator:
    return np.random.default_rng(subject.key)


def plain(subject: Subject) -> list[Image.Image]:
    """The picture."""

    return [subject.picture()]


def noised(subject: Subject) -> list[Image.Image]:
    """The input of denoising."""

    picture = noisy(subject.values["rgb"], _random(subject))
    return [enlarged(_from_signed(picture), subject.tile)]


def holed(subject: Subject) -> list[Image.Image]:
    """The input of in-painting."""

    return [enlarged(_from_signed(masked(subject.values["rgb"])), subject.tile)]


def recolored(subject: Subject) -> list[Image.Image]:
    """The target as colors: light of the picture, color of the bins."""
    rgb = subject.values["rgb"]
    ab = expected_ab(color_target(rgb), temperature=1.0)
    return [enlarged(colored(lightness(rgb), ab), subject.tile)]


def puzzle(subject: Subject) -> list[Image.Image]:
    """The input of the jigsaw puzzle: nine pieces in another order."""

    side = subject.tile // 3 - 2
    size = max(side, subject.values["rgb"].shape[0] // 3)
    pieces, _ = jigsaw(subject.values["rgb"], _random(subject), size=size)
    picture = Image.new("RGB", (subject.tile, subject.tile), "white")
    for place, piece in enumerate(pieces):
        row, column = divmod(place, 3)
        corner = (column * (side + 3), row * (side + 3))
        picture.paste(enlarged(_from_signed(piece), side), corner)
    return [picture]


def said(text: str) -> Panel:
    """Words for a task that has no picture."""

    return lambda subject: [written(text, subject.tile)]


def class_name(domain: str) -> Panel:
    """The name of the likeliest class."""

    def panel(subject: Subject) -> list[Image.Image]:
        chances = subject.values[domain]
        name = subject.album.classes[domain][int(chances.argmax())] if chances.any() else "none"
        return [written(name.replace("_", " "), subject.tile)]

    return panel


def gray(domain: str, top: float | None = None) -> Panel:
    """A map in gray; white is ``top``, or the 99.5th percentile where there is none."""

    def panel(subject: Subject) -> list[Image.Image]:
        value = subject.values[domain]
        white = top or max(float(np.percentile(value, 99.5)), 1e-9)
        gray = np.rint(255 * np.clip(value / white, 0, 1)).astype(np.uint8)
        return [enlarged(np.repeat(gray[..., None], 3, -1), subject.tile)]

    return panel


def depth(domain: str) -> Panel:
    """Near is dark, far is bright, from the nearest to the farthest of the picture."""

    def panel(subject: Subject) -> list[Image.Image]:
        depth = subject.values[domain]
        known = np.isfinite(depth)
        span = np.log(depth[known]) if known.any() else np.zeros(1)
        low, high = float(span.min()), max(float(span.max()), float(span.min()) + 1e-6)
        share = (np.log(np.where(known, depth, 1.0)) - low) / (high - low)
        colors = np.rint(255 * matplotlib.colormaps["viridis"](share)[..., :3])
        colors[~known] = UNSEEN
        return [enlarged(colors.astype(np.uint8), subject.tile)]

    return panel


def as_stored(domain: str) -> Panel:
    """The colors of the file itself."""

    def panel(subject: Subject) -> list[Image.Image]:
        raw = np.array(encoding_of(domain).store(subject.values[domain]))
        raw[~subject.values["mask_valid"]] = UNSEEN
        return [enlarged(raw, subject.tile)]

    return panel


def curvature(subject: Subject) -> list[Image.Image]:
    """Red and green for the two curvatures; gray is flat. Strong ones are drawn weaker."""
    bend = np.arctan(subject.values["principal_curvature"] / 4) / (np.pi / 2)
    colors = np.full((*bend.shape[:2], 3), 127.0)
    colors[..., :2] += 127 * bend
    colors[~subject.values["mask_valid"]] = UNSEEN
    return [enlarged(np.rint(colors).astype(np.uint8), subject.tile)]


def segments(domain: str) -> Panel:
    """A color for each segment; the numbers mean nothing."""

    def panel(subject: Subject) -> list[Image.Image]:
        return [enlarged(SEGMENT_COLORS[subject.values[domain]], subject.tile, whole=True)]

    return panel


def semantic(subject: Subject) -> list[Image.Image]:
    """The colors of `SEMANTIC_COLORS`."""

    return [enlarged(SEMANTIC_COLORS[subject.values["segment_semantic"]], subject.tile, whole=True)]
