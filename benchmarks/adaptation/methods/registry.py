"""The methods of adaptation by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from benchmarks.adaptation.methods import (
    adda,
    cdan,
    coral,
    dann,
    mcc,
    mmd,
    source_only,
    target_supervised,
)
from benchmarks.adaptation.methods.method import AdaptationMethod

METHODS: Mapping[str, AdaptationMethod] = MappingProxyType(
    {
        each.METHOD.name: each.METHOD
        for each in (source_only, target_supervised, dann, adda, coral, mmd, cdan, mcc)
    }
)
"""Add an `AdaptationMethod` to extend it."""
SOURCE_ONLY = source_only.METHOD.name
TARGET_SUPERVISED = target_supervised.METHOD.name
DANN = dann.METHOD.name
