"""The inputs of the parts of the results: a sweep, settings, and what it is compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.transfers.finished import FinishedSweep
from benchmarks.transfers.results_folder import required
from benchmarks.transfers.settings import Settings
from benchmarks.transfers.trust import RESAMPLES, resampled_kinds
from encoders.transfer.file_names import LOSSES
from taskgraph.affinity import Affinities
from taskgraph.solver import solve
from taskgraph.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of the parts: a sweep, settings, and what the sweep is compared with.

    Attributes
    ----------
    sweep : FinishedSweep
    settings : Settings
        Numbers of draws, the seed, and the budgets that are shown.
    published_at : Path, optional
        Folder or table of the published measurements.
    bank : Path, optional
        Folder of the sweep's encoders.
    closed : FinishedSweep, optional
        The same sweep with ``--readout ridge``.
    before : Path, optional
        Results of this suite on an earlier table.
    """

    sweep: FinishedSweep
    settings: Settings
    published_at: Path | None = None
    bank: Path | None = None
    closed: FinishedSweep | None = None
    before: Path | None = None

    @property
    def budgets(self) -> list[float]:
        """Return the budgets that are solved: from 1 to the number of sources."""
        return [float(count + 1) for count in range(len(self.sweep.transfers.sources))]

    @cached_property
    def kinds(self) -> dict[str, Affinities]:
        """Return affinities with each kind of resamples (`benchmarks.transfers.trust`).

        Raises
        ------
        InvalidTableError
            If the sweep has no losses.
        """
        losses = required(self.sweep.losses, self.sweep, LOSSES)
        return resampled_kinds(losses, repeats=RESAMPLES, seed=self.settings.seed)

    @cached_property
    def taxonomies(self) -> dict[float, Taxonomy]:
        """Return the optimum of each budget that is shown and has one."""
        transfers, max_order = self.sweep.transfers, self.sweep.max_order
        solved = {
            budget: solve(transfers, budget=budget, max_order=max_order)
            for budget in self.settings.shown
            if budget in self.budgets
        }
        return {budget: each for budget, each in solved.items() if each.solved}
