"""The groups of pairs that are measured: digits, our scenes, and the user's two folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from benchmarks.adaptation.feature_network import start_of
from benchmarks.adaptation.settings import DIGITS, SCENES, Settings
from benchmarks.data.data import Data
from benchmarks.data.folders import DOMAINS
from benchmarks.data.registry import load
from benchmarks.data.worlds import scene_domains
from benchmarks.learning.classifier import image_tensor
from benchmarks.learning.config import LoopConfig
from benchmarks.learning.features import cached_features

LENET = "scratch:lenet"
FEATURE_SIZE = 64
"""Pixels along each side at which frozen features are computed."""

DIGIT_PAIRS = (
    ("mnist-5k", "digits"),
    ("digits", "mnist-5k"),
    ("mnist-5k", "mnist-5k-photos"),
    ("fonts", "mnist-5k"),
    ("fonts", "digits"),
)
FURTHER = (("digits", "mnist-5k"), ("fonts", "digits"))
"""Pairs that are measured only where they are asked for."""
SCENE_PAIRS = (("drawn", "day"), ("day", "phone"), ("day", "loft"), ("day", "evening"))
TUNING = {DIGITS: ("mnist-5k", "fonts"), SCENES: ("day", "drawn")}
"""The pair on which rates and strengths are chosen; its target is the target of no other pair."""


@dataclass(frozen=True, eq=False)
class PairGroup:
    """Pairs that share rates, strengths and a network.

    Attributes
    ----------
    name : str
    sets : dict of Data, by the name of the domain
    pairs : sequence of (source, target)
    tuning : (source, target) or None
        The pair that is not reported; None: the source alone, see `tuning`.
    start : str or None
        As in `make_model`; None where the sets are features.
    pictures : dict of Data
        The pictures behind sets of features, by the name of the domain; empty where the sets are
        pictures themselves.
    """

    name: str
    sets: Mapping[str, Data]
    pairs: Sequence[tuple[str, str]]
    tuning: tuple[str, str] | None
    start: str | None
    pictures: Mapping[str, Data] = field(default_factory=dict)


def chosen_pairs(every: Sequence[tuple[str, str]], settings: Settings) -> Sequence[tuple[str, str]]:
    """Return the pairs of a group that ``--pairs`` names; if it names none, all but `FURTHER`.

    With ``--further-pairs`` these are among them as well.
    """
    if settings.pairs:
        return [each for each in every if ":".join(each) in settings.pairs]
    return [each for each in every if settings.further_pairs or each not in FURTHER]


def digit_group(settings: Settings) -> PairGroup:
    """Return the pairs of digits.

    Raises
    ------
    MissingDataError
        If a package with digits is not installed.
    """
    pairs = chosen_pairs(DIGIT_PAIRS, settings)
    names = dict.fromkeys(name for pair in (*pairs, TUNING[DIGITS]) for name in pair)
    root = Path(settings.data_root) if settings.data_root else None
    sets = {name: load(name, root) for name in names}
    return PairGroup(DIGITS, sets, pairs, TUNING[DIGITS], settings.start or LENET)


def scene_group(settings: Settings) -> PairGroup:
    """Return the pairs of our scenes; they are rendered if they are missing."""
    pixels = scene_sets(settings)
    sets = pixels if settings.start else frozen_sets(pixels, settings)
    return PairGroup(
        SCENES,
        sets,
        chosen_pairs(SCENE_PAIRS, settings),
        TUNING[SCENES],
        settings.start,
        pixels,
    )


def scene_sets(settings: Settings) -> dict[str, Data]:
    """Return the five domains of the same buildings by their names, labeled by room type."""
    sets = scene_domains(
        Path(settings.work), buildings=settings.buildings, views=settings.views, domains=DOMAINS
    )
    named = zip(DOMAINS, sets, strict=True)
    return {domain: replace(data, name=domain) for domain, data in named}


def frozen_sets(sets: Mapping[str, Data], settings: Settings) -> dict[str, Data]:
    """Return sets whose pictures are replaced by frozen features; they are kept on disk."""
    backbone = start_of(settings.features, settings.bank).at(FEATURE_SIZE).build()
    config, folder = LoopConfig(device="cpu"), Path(settings.work) / "features"
    return {
        name: replace(
            data,
            inputs=cached_features(backbone, image_tensor(data.inputs), config, folder),
        )
        for name, data in sets.items()
    }
