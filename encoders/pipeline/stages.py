"""Run the whole pipeline: make scenes, train encoders, measure transfers, solve, and report."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bank.jobs import train_bank
from encoders.engines import Engine
from encoders.errors import TrainingError
from encoders.errors.storage import read_json, stored_in
from encoders.pipeline.presets import PipelineConfig
from encoders.scenes.making.make import make
from encoders.transfer.file_names import LOSSES, TRANSFERS
from encoders.transfer.gather import gather, is_gathered, measured_runs
from encoders.transfer.sweep import sweep
from taskgraph.affinity import affinities
from taskgraph.errors import InfeasibleError
from taskgraph.problem import Problem
from taskgraph.progress import ProgressFactory, no_progress_bar
from taskgraph.report import report
from taskgraph.selection import Stability, stability
from taskgraph.solver import solve
from taskgraph.tables import read_losses, read_transfers, write_taxonomy, write_text
from taskgraph.taxonomy import Taxonomy

logger = logging.getLogger(__name__)

WORLD, BANK, TRANSFER = "world", "bank", "transfers"
TAXONOMY, REPORT, TIMES = "taxonomy.json", "report.html", "times.json"

RESAMPLES = 200
"""Number of resamples of the test buildings, as in `taskgraph report`."""


@dataclass
class Pipeline:
    """Runs all stages in one folder and logs, at level INFO, what each stage did.

    A stage resumes what an earlier run left unfinished, and skips what is finished. A folder of
    another configuration is refused.

    Attributes
    ----------
    config : PipelineConfig
    out : Path
        Folder for ``world/``, ``bank/``, ``transfers/``, ``taxonomy.json``, ``report.html`` and
        ``times.json``.
    engine : Engine
        Where encoders and transfers are trained.
    workers : int
        Number of processes that make scenes.
    progress : ProgressFactory
        Called with the title of each stage that trains; receives its progress.
    command : str
        The command line, which is recorded in the bank's manifest.
    times : dict of float
        Seconds that each stage took, summed over all runs in this folder.
    """

    config: PipelineConfig
    out: Path
    engine: Engine
    workers: int
    progress: ProgressFactory = no_progress_bar
    command: str = ""
    times: dict[str, float] = field(default_factory=dict)

    def run(self) -> Taxonomy:
        """Run every stage, and return the taxonomy.

        Raises
        ------
        TrainingError
            If a task or a transfer failed; all others are finished first.
        StorageError
            If ``out`` cannot be written; finished results are kept.
        """
        with stored_in(self.out):
            return self._run()

    def _run(self) -> Taxonomy:
        self.out.mkdir(parents=True, exist_ok=True)
        path = self.out / TIMES
        self.times = read_json(path) if path.exists() else {}
        for stage in (self.scenes, self.train, self.transfer):
            with self._timed(stage.__name__):
                stage()
        with self._timed("solve"):
            taxonomy = self.solve()
        with self._timed("report"):
            self.report()
        return taxonomy

    def scenes(self) -> None:
        """Make the data set."""
        made = make(self.out / WORLD, workers=self.workers, **vars(self.config.scenes))
        logger.info("scenes: %d views made, %d existed already", made.views, made.kept)

    def train(self) -> None:
        """Train the bank."""
        names, config = self.config.bank(self.out / WORLD)
        with self.progress("train (epochs)") as progress:
            result = train_bank(
                names,
                self.out / BANK,
                config,
                command=self.command,
                engine=self.engine,
                progress=progress,
            )
        _raise_failures(result.failures)
        trained = len(result.records)
        logger.info("train: %d tasks trained, %d existed already", trained, len(names) - trained)

    def transfer(self) -> None:
        """Measure the transfers, and write the tables of losses and affinities."""
        config = self.config.sweep(self.out / WORLD, self.out / BANK)
        folder = self.out / TRANSFER
        before = len(measured_runs(folder))
        swept = sweep(config, folder, self.engine, seeds=self.config.seeds, progress=self.progress)
        _raise_failures(swept.failures)
        if swept.stopped:
            raise TrainingError(f"stopped: {swept.stopped}; {len(swept.records)} are measured")
        if not is_gathered(folder):
            gather(swept.records, folder, seed=self.config.transfer.seed)
        logger.info(
            "transfer: %d measured, %d existed already; see %s and %s",
            len(measured_runs(folder)) - before,
            before,
            folder / LOSSES,
            folder / TRANSFERS,
        )

    def solve(self) -> Taxonomy:
        """Solve the program within the configured budget, and write the taxonomy."""
        taxonomy = solve(read_transfers(self.out / TRANSFER / TRANSFERS), self._problem())
        write_taxonomy(taxonomy, self.out / TAXONOMY)
        return taxonomy

    def report(self) -> None:
        """Write the report, an HTML page, with the stability of the taxonomy."""
        transfers = read_transfers(self.out / TRANSFER / TRANSFERS)
        title = f"Task taxonomy, preset {self.config.name}: {self.config.purpose}"
        text = report(transfers, self._problem(), title=title, stable=self.stability())
        write_text(text, self.out / REPORT)
        logger.info("report: %s", self.out / REPORT)

    def stability(self) -> Stability | None:
        """Solve the program for resamples of the test buildings; None if it has no solution."""
        losses = read_losses(self.out / TRANSFER / LOSSES)
        resampled = affinities(losses, bootstrap=RESAMPLES, seed=self.config.transfer.seed)
        try:
            with self.progress("stability (resamples)") as progress:
                return stability(resampled, self._problem(), progress=progress)
        except InfeasibleError:
            return None

    def _problem(self) -> Problem:
        return Problem(budget=self.config.budget, max_order=self.config.max_order)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        """Add the seconds that the block takes to the stage's, also if it fails."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.times[stage] = round(self.times.get(stage, 0.0) + spent, 1)
            write_text(json.dumps(self.times, indent=1) + "\n", self.out / TIMES)


def _raise_failures(failures: dict[str, str]) -> None:
    """Log each failure, and raise `TrainingError` if there is one."""
    for name, reason in failures.items():
        logger.info("%s failed: %s", name, reason)
    if failures:
        raise TrainingError(
            f"{len(failures)} failed, as listed above; all other results are kept, and the same "
            "command continues"
        )
