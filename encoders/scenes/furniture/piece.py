"""What a piece of furniture is: parts of one material each, tops to stand things on, lamps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from encoders.scenes.solids.shapes import Shape
from taskgraph.arrays import Floats

Option = TypeVar("Option")


@dataclass(frozen=True, eq=False)
class Part:
    """A shape of one material.

    ``role`` is one of `scenes.appearance.materials.ROLES`. Parts of a piece that agree in role
    and ``variant`` are made of the same material; another variant is another one of its kind, as
    are the covers of books.
    """

    shape: Shape
    role: str
    variant: int = 0


@dataclass(frozen=True, eq=False)
class Top:
    """A flat, level rectangle that small things may stand on.

    Attributes
    ----------
    low, high : (float, float), meters
        Opposite (x, y) corners, in the piece's frame.
    height : float, meters
        Above the piece's origin.
    headroom : float, meters
        Clear height above it; infinite where nothing of the piece is above.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    height: float
    headroom: float = np.inf


@dataclass(frozen=True, eq=False)
class Glow:
    """A ball that gives light.

    Attributes
    ----------
    position : (3,) array, meters
        Its middle, in the piece's frame.
    strength : float
        1 is an ordinary lamp.
    radius : float, meters
        The part of role ``bulb`` fits into the ball: a ray that looks for the light ends there.
        A shade (role ``lampshade`` if light passes through it) may be around it.
    """

    position: Floats
    strength: float
    radius: float


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of furniture in its own frame.

    The origin is on the floor (or what the piece stands on, or at its lowest point if it hangs)
    under the middle of its box; x is width, y is depth, z is up; the back is at +y and the front
    faces -y. All parts lie in [-w/2, w/2] x [-d/2, d/2] x [0, h] and touch its six sides.

    Attributes
    ----------
    kind : str
        Its class, a key of `encoders.scenes.furniture.CATALOG`.
    parts : tuple of Part
    size : (w, d, h), meters
    tops : tuple of Top
    glows : tuple of Glow
    """

    kind: str
    parts: tuple[Part, ...]
    size: tuple[float, float, float]
    tops: tuple[Top, ...] = ()
    glows: tuple[Glow, ...] = ()


Builder = Callable[[np.random.Generator], Piece]
"""Makes a piece; every call gives another size, proportion and style."""


def assembled(
    kind: str, parts: Sequence[Part], tops: Sequence[Top] = (), glows: Sequence[Glow] = ()
) -> Piece:
    """A piece whose frame is put where `Piece` wants it, whatever the parts' common frame is."""
    low = np.min([part.shape.vertices.min(axis=0) for part in parts], axis=0)
    high = np.max([part.shape.vertices.max(axis=0) for part in parts], axis=0)
    shift = -np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    x, y, z = shift.tolist()
    width, depth, height = (high - low).tolist()
    return Piece(
        kind=kind,
        parts=tuple(replace(part, shape=part.shape.moved(shift)) for part in parts),
        size=(width, depth, height),
        tops=tuple(
            Top(
                (top.low[0] + x, top.low[1] + y),
                (top.high[0] + x, top.high[1] + y),
                top.height + z,
                top.headroom,
            )
            for top in tops
        ),
        glows=tuple(replace(glow, position=glow.position + shift) for glow in glows),
    )


def pick(rng: np.random.Generator, *options: Option) -> Option:
    """One of the options, all equally likely."""
    return options[int(rng.integers(len(options)))]


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True as often as ``probability`` says."""
    return bool(rng.random() < probability)
