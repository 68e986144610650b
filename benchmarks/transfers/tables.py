"""Reading of the tables and facts that the page is rendered from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.transfers.facts import (
    BEFORE,
    CHOICES,
    CLOSED,
    COMPARED,
    FIGURES,
    SCORES,
    SENSITIVITY,
    STRUCTURE,
    TRUST,
    Facts,
    read_facts,
)

TABLES = {
    CHOICES: ("significance", "cross_fitted", "consistency"),
    TRUST: ("stability", "trust", "versus_average"),
    SENSITIVITY: ("sensitivity",),
    BEFORE: ("before",),
    COMPARED: ("win_rates", "labels"),
    FIGURES: ("frontier",),
    STRUCTURE: ("structure", "neighbors", "published", "published_targets", "agreement"),
    SCORES: ("predictors", "predictors_targets", "scores"),
    CLOSED: ("closed_form",),
}
"""Tables that each part writes as CSV; a table whose data the sweep lacks is left out."""

ALONE = ("average", "records")
"""What ``--average`` writes (`benchmarks.transfers.average`), and the records of the sweep."""


@dataclass(frozen=True, eq=False)
class TransferTables:
    """The tables and facts that the page is rendered from.

    Attributes
    ----------
    facts : dict
        See `benchmarks.transfers.facts`.
    frames : dict of DataFrames by the names of their files
    """

    facts: Facts
    frames: dict[str, pd.DataFrame]

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def __contains__(self, name: str) -> bool:
        return name in self.frames

    def absent(self, part: str, what: str = "Left out") -> str:
        """Return a line that says why a part is missing."""
        reason = str(self.facts["missing"].get(part, "it is not yet measured"))
        return f"{what}: {reason}" + ("" if reason.endswith((".", "?")) else ".")

    @property
    def unit(self) -> str:
        """Return what a bootstrap resamples: "buildings" or "images"."""
        return "buildings" if self.facts.get("test_buildings") else "images"

    def drawn(self, *, seeds: bool) -> str:
        """Return what resamples draw: the unit, and seeds of training if they hold some."""
        return f"{self.unit} and seeds of training" if seeds else self.unit

    def has_several_seeds(self, sources: str | None = None) -> bool:
        """Return whether some network of the sweep, or of these sources, has several seeds."""
        records = self.frames.get("records")
        if records is None or "seed" not in records:
            return False
        own = records if sources is None else records[records["sources"] == sources]
        counts = own.drop_duplicates(["target", "sources", "seed"]).value_counts(
            ["target", "sources"]
        )
        return bool((counts > 1).any())


def read_tables(folder: Path) -> TransferTables:
    """Read the folder that `benchmarks.transfers.gather.gather_results` wrote.

    Raises
    ------
    InvalidTableError
        If the folder has no finished run.
    """
    facts = read_facts(folder)
    names = (name for own in TABLES.values() for name in own)
    present = [name for name in (*names, *ALONE) if (folder / f"{name}.csv").exists()]
    return TransferTables(facts, {name: pd.read_csv(folder / f"{name}.csv") for name in present})
