"""The file of labels and parts that every job of a measurement reads."""

from __future__ import annotations

import functools
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from encoders.features.label_columns import TargetColumn
from encoders.features.parts import ExampleParts
from encoders.features.readout import PARTS
from encoders.features.store import FEATURES, FeatureStore
from taskgraph.arrays import Array
from taskgraph.tables import write_bytes

PREPARED = "prepared.npz"


@dataclass(frozen=True, eq=False)
class PreparedExamples:
    """The labels, the parts of each repeat, and the names of the examples and of their groups.

    Attributes
    ----------
    targets : tuple of LabelColumn
    parts : tuple of ExampleParts
        One a repeat.
    examples : (n,) array of str
    group : (n,) array of str, or None
    sources : tuple of str
        All sources that are measured, and the raw input if it is given.
    """

    targets: tuple[TargetColumn, ...]
    parts: tuple[ExampleParts, ...]
    examples: Array
    group: Array | None
    sources: tuple[str, ...]

    def target(self, name: str) -> TargetColumn:
        """Return the target of a name."""
        return next(target for target in self.targets if target.name == name)

    def label_groups(self, repeat: int) -> list[tuple[TargetColumn, ...]]:
        """Return the targets, those with the same labeled training examples together."""
        train = self.parts[repeat].train
        groups: dict[bytes, list[TargetColumn]] = {}
        for target in self.targets:
            groups.setdefault(target.labeled[train].tobytes(), []).append(target)
        return [tuple(targets) for targets in groups.values()]

    def save(self, out: Path) -> None:
        """Write to the folder of a measurement, completely or not at all."""
        head = {
            "targets": [[t.name, t.kind, list(t.classes)] for t in self.targets],
            "sources": list(self.sources),
            "repeats": len(self.parts),
        }
        arrays: dict[str, Any] = {
            f"values{i}": target.values for i, target in enumerate(self.targets)
        }
        for repeat, parts in enumerate(self.parts):
            arrays |= {f"{part}{repeat}": getattr(parts, part) for part in PARTS}
        if self.group is not None:
            arrays["group"] = self.group
        content = io.BytesIO()
        np.savez(content, head=json.dumps(head), examples=self.examples, **arrays)
        write_bytes(content.getvalue(), out / PREPARED)


def load_prepared(out: Path) -> PreparedExamples:
    """Return what a measurement's jobs read; a process reads the file once."""
    return _loaded(out, (out / PREPARED).stat().st_mtime_ns)


@functools.lru_cache(maxsize=1)
def _loaded(out: Path, _changed: int) -> PreparedExamples:
    with np.load(out / PREPARED, allow_pickle=False) as file:
        head = json.loads(str(file["head"]))
        targets = tuple(
            TargetColumn(name, kind, tuple(classes), file[f"values{i}"])
            for i, (name, kind, classes) in enumerate(head["targets"])
        )
        parts = tuple(
            ExampleParts(*(file[f"{part}{repeat}"] for part in PARTS))
            for repeat in range(head["repeats"])
        )
        group = file.get("group", None)
        return PreparedExamples(targets, parts, file["examples"], group, tuple(head["sources"]))


def store_of(out: Path) -> FeatureStore:
    """Return the store of features of a measurement's folder."""
    return FeatureStore(out / FEATURES)
