"""The dictionary of all patterns by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from encoders.scenes.appearance import hard_patterns as hard
from encoders.scenes.appearance import soft_patterns as soft
from encoders.scenes.appearance.pattern_points import PatternPoints
from taskgraph.arrays import AnyFloats


@dataclass(frozen=True)
class Pattern:
    """A function from points to linear-light colors (N, 3), and the number of colors it mixes."""

    color: Callable[[PatternPoints], AnyFloats]
    colors: int


PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        function.__name__: Pattern(function, count)
        for function, count in (
            (hard.plain, 1),
            (hard.flat, 1),
            (hard.plaster, 1),
            (hard.wood, 2),
            (hard.planks, 2),
            (hard.parquet, 2),
            (hard.tile, 2),
            (hard.checker, 3),
            (hard.subway, 2),
            (hard.brick, 3),
            (hard.concrete, 2),
            (hard.marble, 2),
            (hard.terrazzo, 3),
            (hard.panels, 1),
            (soft.stripes, 2),
            (soft.motif, 2),
            (soft.dots, 2),
            (soft.weave, 2),
            (soft.plaid, 3),
            (soft.pile, 2),
            (soft.rug, 3),
            (soft.folds, 2),
            (soft.leaf, 2),
            (soft.soil, 2),
            (soft.landscape, 5),
            (soft.blocks, 5),
            (soft.page, 3),
        )
    }
)
"""Patterns by their names in `Material.pattern`."""
