"""Our scenes in five domains, labeled by the object that a view shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.bias.settings import Settings
from benchmarks.data.data import Data
from benchmarks.data.folders import DOMAINS
from benchmarks.data.worlds import by_object, frequent_classes, scene_domains, with_classes

OBJECTS = 18
"""Number of classes: the objects that most views show."""


def load_scenes(settings: Settings) -> list[Data]:
    """Return the five domains of the same buildings, which are rendered if they are missing.

    A label is the object of the class label (`class_object`). Views of an object that is not among
    the `OBJECTS` most frequent ones of the first domain, or of none, are left out. The sets have no
    splits: each seed draws its own.
    """
    work = Path(settings.work)
    sets = scene_domains(work, buildings=settings.buildings, views=settings.views, domains=DOMAINS)
    labeled = [replace(by_object(data, work / data.name), splits={}) for data in sets]
    kept = frequent_classes(labeled[0], OBJECTS)
    return [with_classes(data, kept) for data in labeled]
