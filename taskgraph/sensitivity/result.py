"""The result of a sensitivity analysis, as tables, text and JSON."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskgraph.sensitivity.cases import BASELINE, SETTINGS
from taskgraph.sensitivity.variation import NOT_KNOWN, VariationSources
from taskgraph.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The optima under other settings and in resamples, and how often each task is in them.

    A case is a program that differs from the baseline in one respect: its ``group`` is ``method``,
    ``objective``, ``extremes`` or ``source`` (a setting), or what was resampled. A regret is
    (optimum − value) / |optimum| of a case: 0 is best.

    Attributes
    ----------
    taxonomy : Taxonomy
        The optimum of the baseline.
    cases : DataFrame, one row a solved case, the baseline first
        ``group, name, objective``; ``supervised``, names joined by ", " (one that holds a comma is
        in double quotes); ``same``, whether these
        are the tasks of the baseline; ``regret`` of the baseline's set in this case (NaN if it
        does not solve every target here).
    tasks : DataFrame, one row a task that may be supervised, the largest shares first
        ``task, supervised`` (in the baseline), ``core``, and for each group the share of its cases
        that supervise the task. In the group ``source``, a task's own case does not count. A task
        is in the robust core if the baseline, every setting and at least the share ``level`` of
        the resamples of each kind supervise it.
    sets : DataFrame, one row a set of the confidence set of taxonomies, the largest share first
        ``resampled`` (what), ``supervised, share, cumulative``, and ``regret_mean, regret_max``
        over these resamples. The fewest sets that are the optimum of at least ``level`` of the
        resamples. Empty without resamples.
    regrets : DataFrame, one row a set, one column a setting or statistic of the resamples
        The regret of each set that is the optimum of the baseline, of a setting, or in the
        confidence set.
    level : float
    notes : tuple of str
        What was left out, and why.
    variation : VariationSources
        Which sources of variation the resamples hold, and which they lack.
    """

    taxonomy: Taxonomy
    cases: pd.DataFrame
    tasks: pd.DataFrame
    sets: pd.DataFrame
    regrets: pd.DataFrame
    level: float
    notes: tuple[str, ...] = ()
    variation: VariationSources = NOT_KNOWN

    @property
    def core(self) -> tuple[str, ...]:
        """Return the robust core, sorted by name."""
        return tuple(sorted(self.tasks.loc[self.tasks["core"], "task"]))

    @property
    def resampled(self) -> dict[str, int]:
        """Return how many resamples of each kind were solved."""
        groups = self.cases["group"][~self.cases["group"].isin([BASELINE, *SETTINGS])]
        return {str(name): int(count) for name, count in groups.value_counts(sort=False).items()}

    @property
    def settings(self) -> pd.DataFrame:
        """Return the rows of ``cases`` that change a setting."""
        kept: pd.DataFrame = self.cases[self.cases["group"].isin(SETTINGS)]
        return kept.reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of ``tasks``."""
        return self.tasks.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON: the tables as lists of objects, and the taxonomy."""
        regrets = self.regrets.reset_index()
        return {
            "level": self.level,
            "resamples": self.resampled,
            "core": list(self.core),
            "tasks": _records(self.tasks),
            "settings": _records(self.settings),
            "sets": _records(self.sets),
            "regrets": _records(regrets),
            "notes": list(self.notes),
            "variation": {"holds": list(self.variation.holds), "lacks": list(self.variation.lacks)},
            "taxonomy": self.taxonomy.to_dict(),
        }

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the JSON of ``taskgraph sensitivity --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def summary(self) -> list[str]:
        """Return sentences: the optimum, the robust core, and how many cases choose otherwise.

        The last one says which sources of variation these numbers hold and lack.
        """
        lines = [f"optimum: {_listed(self.taxonomy.supervised)}"]
        lines.append(f"robust core: {_listed(self.core)}")
        settings = self.settings
        if len(settings):
            worst, unsolved = settings["regret"].max(), int(settings["regret"].isna().sum())
            share = "" if math.isnan(worst) else f"; this one loses at most {worst:.2%} there"
            share += f"; in {unsolved} it leaves a target without a transfer" if unsolved else ""
            lines.append(
                f"{int((~settings['same']).sum())} of {len(settings)} changed settings have "
                f"another optimum{share}"
            )
        for name, count in self.resampled.items():
            mine = self.cases[self.cases["group"] == name]
            held = self.sets[self.sets["resampled"] == name]
            lines.append(
                f"{mine['same'].mean():.1%} of {count} resample{'' if count == 1 else 's'} of "
                f"{name} have this optimum; "
                f"{len(held)} {'set holds' if len(held) == 1 else 'sets hold'} "
                f"{self.level:.0%} of them"
            )
        return [*lines, *filter(None, [self.variation.sentence()])]

    def __repr__(self) -> str:
        parts = ["\n".join(self.summary())]
        parts.append(self.tasks.round(3).to_string(index=False, na_rep=""))
        for title, frame in (
            ("changed settings", self.settings),
            (f"sets that hold {self.level:.0%} of the resamples", self.sets),
        ):
            if len(frame):
                shown = frame.round(4).to_string(index=False, na_rep="")
                parts.append(f"{title}\n{shown}")
        if self.notes:
            parts.append("\n".join(f"left out: {note}" for note in self.notes))
        return "\n\n".join(parts)


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as objects in types of JSON; NaN becomes None."""
    rows = frame.to_dict(orient="records")
    return [
        {
            str(key): None if isinstance(value, float) and math.isnan(value) else value
            for key, value in row.items()
        }
        for row in rows
    ]
