"""The tables beside the records: a network's validation curve, and its losses on test images."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from taskgraph.tables import write_frame

CURVES, LOSSES = "curves.parquet", "losses.parquet"
TEXTS = ("key", "target", "sources", "training", "image")
"""Columns of text, which are stored as categories."""


@dataclass
class TrainingTables:
    """The two tables of a folder of results, which grow by one network at a time.

    Attributes
    ----------
    folder : Path
    frames : dict of DataFrame
        By file: its rows. Each has the columns ``key, target, sources, training``; `CURVES` has
        ``step, valid_loss`` and `LOSSES` has ``image, loss``. The key is that of
        `benchmarks.pilot.networks.key_text`.
    """

    folder: Path
    frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> TrainingTables:
        """Read the tables of a folder; a file that is missing has no rows."""
        frames = {}
        for name in (CURVES, LOSSES):
            path = folder / name
            if path.exists():
                frame = pd.read_parquet(path)
                frames[name] = frame.astype({t: "str" for t in TEXTS if t in frame})
        return cls(folder, frames)

    def add(self, key: str, **rows: pd.DataFrame) -> None:
        """Replace or append a network's rows by their key, and write both files.

        Parameters
        ----------
        curves, losses : DataFrame
            The rows, without the column ``key``.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, new in ((CURVES, rows["curves"]), (LOSSES, rows["losses"])):
            new = new.assign(key=key)
            old = self.frames.get(name)
            if old is not None and len(old):
                new = pd.concat([old[old["key"] != key], new], ignore_index=True)
            self.frames[name] = new
            write_frame(new.astype({t: "category" for t in TEXTS if t in new}), self.folder / name)

    def of(self, name: str, keys: set[str]) -> pd.DataFrame:
        """Return the rows of some networks."""
        frame = self.frames.get(name)
        if frame is None:
            return pd.DataFrame(columns=["key", "target", "sources", "training"])
        return frame[frame["key"].isin(keys)].reset_index(drop=True)
