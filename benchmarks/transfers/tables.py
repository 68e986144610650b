"""The tables of results as a page reads them, and why one is not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.transfers.facts import Facts, read_facts

NAMES = (
    "significance",
    "cross_fitted",
    "consistency",
    "frontier",
    "structure",
    "neighbours",
    "published",
    "published_targets",
    "predictors",
    "predictors_targets",
    "scores",
    "closed_form",
    "stability",
    "trust",
    "versus_average",
)
"""Written as CSV, each if the sweep has what it needs."""

ALONE = ("average",)
"""Written by ``--average``; see `benchmarks.transfers.average`."""


@dataclass(frozen=True, eq=False)
class Tables:
    """All that a page is made of.

    Attributes
    ----------
    facts : dict
        What `benchmarks.transfers.parts` recorded beside the tables.
    frames : dict of DataFrames by the names of their files
    """

    facts: Facts
    frames: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def __contains__(self, name: str) -> bool:
        return name in self.frames

    def absent(self, part: str, what: str = "Left out") -> str:
        """Return the line that stands in the place of a part that the sweep had nothing for."""
        reason = str(self.facts["missing"].get(part, "the sweep has nothing for it"))
        return f"{what}: {reason}" + ("" if reason.endswith((".", "?")) else ".")

    @property
    def unit(self) -> str:
        """What a bootstrap resamples: buildings, or images."""
        return "buildings" if self.facts.get("test_buildings") else "images"


def read_tables(folder: Path) -> Tables:
    """Read the folder that `benchmarks.transfers.parts.gather_results` wrote.

    Raises
    ------
    InvalidTableError
        If it has no records.
    """
    facts = read_facts(folder)
    there = [name for name in (*NAMES, *ALONE) if (folder / f"{name}.csv").exists()]
    return Tables(facts, {name: pd.read_csv(folder / f"{name}.csv") for name in there})
