"""Transfers in doubt: those whose interval could change the optimal taxonomy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from taskgraph.tasks import join_sources
from taskgraph.taxonomy import Taxonomy


@dataclass(frozen=True)
class Doubt:
    """A transfer whose value, somewhere in its interval, makes another taxonomy optimal.

    Attributes
    ----------
    target : str
    sources : names
        ``("self",)`` for the target's own network.
    affinity, end : float
        The measured affinity, and the end of its interval at which another taxonomy is best:
        ``low`` of a transfer that the optimum uses, ``high`` of any other one.
    used : bool
        Whether the optimum uses the transfer.
    regret : float
        By how much the other taxonomy is better there, in the unit of the objective, above 0.
    joins, drops : names, sorted
        Tasks that only the other taxonomy supervises, and that only the optimum does.
    """

    target: str
    sources: tuple[str, ...]
    affinity: float
    end: float
    used: bool
    regret: float
    joins: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remeasurement:
    """The transfers to measure again before the optimum can be trusted.

    Attributes
    ----------
    taxonomy : Taxonomy
        The optimum for the measured values.
    doubts : tuple of Doubt
        Largest regret first.
    transfers : int
        Number of transfers that were checked: those that the problem allows and that have an
        interval.
    solves : int
        Number of programs that were solved for it; the other transfers were excluded by bounds.
    """

    taxonomy: Taxonomy
    doubts: tuple[Doubt, ...]
    transfers: int
    solves: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row a doubt: the fields of `Doubt`, with names joined by ``+`` or a comma."""
        rows = [
            {
                **asdict(each),
                "sources": join_sources(each.sources),
                "joins": ", ".join(each.joins),
                "drops": ", ".join(each.drops),
            }
            for each in self.doubts
        ]
        return pd.DataFrame(rows, columns=list(Doubt.__dataclass_fields__))

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON: ``transfers, solves, doubts`` and the taxonomy."""
        return {
            "transfers": self.transfers,
            "solves": self.solves,
            "doubts": [asdict(each) for each in self.doubts],
            "taxonomy": self.taxonomy.to_dict(),
        }

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the JSON of ``taskgraph remeasure --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def headline(self) -> str:
        """Return one sentence with the number of doubts."""
        sets = sum(bool(each.joins or each.drops) for each in self.doubts)
        return (
            f"{len(self.doubts)} of {self.transfers} transfers could change the optimum within "
            f"their intervals, one at a time; {sets} of them would change which tasks are "
            f"supervised ({self.solves} programs solved)"
        )

    def __repr__(self) -> str:
        if not self.doubts:
            return self.headline()
        return f"{self.headline()}\n\n{self.printed_frame().to_string(index=False)}"

    def printed_frame(self) -> pd.DataFrame:
        """Return the table of `to_frame` for printing, with numbers as text of few digits."""
        frame = self.to_frame()
        for name in ("affinity", "end", "regret"):
            frame[name] = frame[name].map(lambda value: format(value, "#.3g"))
        return frame.assign(used=frame["used"].map({True: "yes", False: "no"}))
