"""The gain and quality of a taxonomy beside those of other choices at equal costs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taskgraph.baselines.random_sets import COLUMNS, percentiles
from taskgraph.taxonomy import Taxonomy

SOLVED, GREEDY, SINGLE = "taxonomy", "greedy", "best single source"
RANDOM_BEST, RANDOM = "random set, best transfers", "random set, random transfers"
ENDS = ("mean", "5th percentile", "95th percentile")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A taxonomy and the choices of simpler methods, with their gain and quality.

    In each of them a supervised target is solved by its own network, and no transfer is paid for
    it. With ``supervised_may_transfer`` it keeps a transfer that is better.

    Attributes
    ----------
    taxonomy : Taxonomy
        The optimum.
    greedy : Taxonomy
        Sources are added one by one, each time the one that raises the objective most.
    best_single : Taxonomy
        The best single source of each target is supervised, whatever that costs (see ``spent``).
    random_best, random : DataFrame
        One row for each random supervised set within the budget, the same sets in both: with the
        best transfers that the set allows, and with random ones. The columns are ``objective``,
        ``spent`` and the measures of `to_frame`.
    draws : int
        Number of sets that were drawn, including those that leave a target unsolved.
    at_cost : mapping of methods to taxonomies
        The optimum within what a method spends (random sets: on average). It is ``taxonomy``
        itself if that is the optimum at this cost.
    """

    taxonomy: Taxonomy
    greedy: Taxonomy
    best_single: Taxonomy
    random_best: pd.DataFrame
    random: pd.DataFrame
    draws: int
    at_cost: Mapping[str, Taxonomy]

    @cached_property
    def per_target(self) -> pd.DataFrame:
        """Return the gain and quality of each target with each method but random sets."""
        parts = {
            name: taxonomy.to_frame().set_index("target").reindex(columns=["gain", "quality"])
            for name, taxonomy in self._named()
        }
        return pd.concat(parts, axis=1)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each method: ``objective, spent``, and mean gain and quality.

        ``gain`` and ``quality`` are means over all targets, ``gain_transferred`` and
        ``quality_transferred`` over targets that a transfer solves. They are win rates in [0, 1];
        larger is better. Random sets have three rows: the mean and the 5th and 95th percentiles of
        each column. If a method spends another amount than the taxonomy, the next row is the
        optimum at its cost. NaN where there is no taxonomy or no measurement; see `notes`.
        """
        rows = {name: taxonomy_summary(taxonomy) for name, taxonomy in self._named()}
        for name, drawn in ((RANDOM_BEST, self.random_best), (RANDOM, self.random)):
            if self.draws:
                columns = (drawn.mean(), *percentiles(drawn))
                rows |= {f"{name}, {end}": dict(of) for end, of in zip(ENDS, columns, strict=True)}
                rows |= {label: taxonomy_summary(best) for label, best in self._other_optimum(name)}
        return pd.DataFrame(rows).T.rename_axis("method").reset_index()

    @property
    def notes(self) -> tuple[str, ...]:
        """Return sentences that explain rows of `to_frame`."""
        notes = [
            f"{name}: none, as {taxonomy.reason}"
            for name, taxonomy in self._named()
            if not taxonomy.solved
        ]
        if self.best_single.solved and self.best_single.spent > self.taxonomy.budget:
            notes.append(
                f"{SINGLE} spends {self.best_single.spent:g}, more than the budget of "
                f'{self.taxonomy.budget:g}; compare it with "{_at_cost_of(SINGLE)}"'
            )
        if self.draws and len(self.random):
            notes.append(
                f"{len(self.random)} random sets that solve every target, of {self.draws} drawn"
            )
        elif self.draws:
            notes.append(f"none of {self.draws} random sets solves every target within the budget")
        return tuple(notes)

    def to_dict(self, *, per_target: bool = False, seed: int | None = None) -> dict[str, Any]:
        """Return the content of the JSON; missing values are None.

        ``methods`` has the rows of `to_frame`. With ``per_target``, there is ``targets`` instead,
        with the gain and quality of each target with every method. ``taxonomy`` is that of `solve`.
        """
        if per_target:
            frame = self.per_target
            methods = frame.columns.get_level_values(0).unique()
            parts = {name: frame[name].to_dict(orient="index") for name in methods}
            rows = [
                {"target": target, **{name: _without_nan(parts[name][target]) for name in methods}}
                for target in frame.index
            ]
        else:
            rows = [_without_nan(row) for row in self.to_frame().to_dict(orient="records")]
        return {
            "draws": self.draws,
            "random_sets": len(self.random),
            "seed": seed,
            "notes": list(self.notes),
            "targets" if per_target else "methods": rows,
            "taxonomy": self.taxonomy.to_dict(),
        }

    def to_json(
        self, *, per_target: bool = False, seed: int | None = None, indent: int | None = 1
    ) -> str:
        """Return the JSON of ``taskgraph evaluate --json``."""
        content = self.to_dict(per_target=per_target, seed=seed)
        return json.dumps(content, indent=indent, allow_nan=False)

    def _named(self) -> list[tuple[str, Taxonomy]]:
        return [
            (SOLVED, self.taxonomy),
            (GREEDY, self.greedy),
            *self._other_optimum(GREEDY),
            (SINGLE, self.best_single),
            *self._other_optimum(SINGLE),
        ]

    def _other_optimum(self, method: str) -> Iterator[tuple[str, Taxonomy]]:
        """Yield the optimum at the cost of a method, unless that is ``taxonomy`` itself."""
        optimum = self.at_cost.get(method, self.taxonomy)
        if optimum is not self.taxonomy:
            yield _at_cost_of(method), optimum

    def __repr__(self) -> str:
        notes = "".join(f"\n({note})" for note in self.notes)
        return f"{self.to_frame().round(3).to_string(index=False)}{notes}"

    def _repr_html_(self) -> str:
        return str(self.to_frame().round(3).to_html(index=False))


def _without_nan(row: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return a row with None in place of NaN."""
    return {key: None if pd.isna(value) else value for key, value in row.items()}


def _at_cost_of(method: str) -> str:
    return f"{SOLVED} at the cost of {method}"


def taxonomy_summary(taxonomy: Taxonomy) -> dict[str, float]:
    """Return the objective, the cost, and the mean gain and quality of a taxonomy, as `COLUMNS`."""
    if not taxonomy.solved:
        return dict.fromkeys(COLUMNS, np.nan)
    frame = taxonomy.to_frame().reindex(columns=["order", "gain", "quality"])
    means = frame[["gain", "quality"]].mean()
    transferred = frame.loc[frame["order"] > 0, ["gain", "quality"]].mean()
    return {
        "objective": np.nan if taxonomy.objective_value is None else taxonomy.objective_value,
        "spent": taxonomy.spent,
        "gain": means["gain"],
        "quality": means["quality"],
        "gain_transferred": transferred["gain"],
        "quality_transferred": transferred["quality"],
    }
