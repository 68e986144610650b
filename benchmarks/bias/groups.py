"""Groups of data sets that are compared with each other, and the features of each group."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmarks.bias.scenes import load_scenes
from benchmarks.bias.sets import load_sets
from benchmarks.bias.settings import Settings
from benchmarks.data.data import Data
from benchmarks.data.registry import sources

REAL_DIGITS = ("digits", "mnist-5k", "svhn")
"""Real digits; those that are on this machine are compared."""
SCENE_FEATURES = ("pixels", "bank:segmentsemantic_rb")
DIGIT_FEATURES = ("ink", "pixels", "hog")


@dataclass(frozen=True, eq=False)
class SetGroup:
    """Data sets that are compared with each other.

    Attributes
    ----------
    name : str
        ``scenes``, ``digits``, or the names of the user's sets joined by ``+``.
    sets : list of Data
    features : tuple of str
        Names of features; see `benchmarks.bias.features`.
    """

    name: str
    sets: list[Data]
    features: tuple[str, ...]


def groups(settings: Settings) -> list[SetGroup]:
    """Return the user's group, or those of the page: our scenes and the real digits.

    The scenes are rendered into the folder ``settings.work`` if they are missing.
    """
    root = Path(settings.data_root) if settings.data_root else None
    if settings.sets:
        sets = load_sets(settings.sets, root)
        default = ("pixels", "hog") if sets[0].images else ("given",)
        name = "+".join(data.name for data in sets)
        return [SetGroup(name, sets, settings.features or default)]
    here = [one.name for one in sources(root) if one.name in REAL_DIGITS and one.place(root)]
    return [
        SetGroup("scenes", load_scenes(settings), settings.features or SCENE_FEATURES),
        SetGroup("digits", load_sets(here, root), settings.features or DIGIT_FEATURES),
    ]
