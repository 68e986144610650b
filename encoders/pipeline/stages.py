"""From nothing to a solved taxonomy: scenes, encoders, transfers, the program, a report."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from encoders.bank.jobs import train_bank
from encoders.bank.training import epochs
from encoders.engines import Engine, Standing
from encoders.errors import TrainingError
from encoders.errors.storage import read_json, stored_in
from encoders.pipeline.sizes import Plan
from encoders.scenes.making.make import make
from encoders.transfer.gather import LOSSES, TRANSFERS, gather
from encoders.transfer.sweep import Titled, sweep
from taskgraph.problem import Problem
from taskgraph.report import report
from taskgraph.solver import solve
from taskgraph.tables import read_transfers, write_taxonomy, write_text
from taskgraph.taxonomy import Taxonomy

WORLD, BANK, TRANSFER = "world", "bank", "transfers"
TAXONOMY, REPORT, TIMES = "taxonomy.json", "report.html", "times.json"

Say = Callable[[str], None]


@dataclass
class Pipeline:
    """One folder, in which a plan is carried out stage by stage.

    Each stage resumes what an earlier run left, and is passed over where its output stands for
    the same configuration; a folder of another configuration is refused.

    Attributes
    ----------
    plan : Plan
    out : Path
        Gets ``world/``, ``bank/``, ``transfers/``, ``taxonomy.json``, ``report.html`` and
        ``times.json``, the seconds that each stage took, over all runs.
    engine : Engine
    workers : int
        Processes that make scenes.
    titled : function
        Gives the ``watch`` of a stage.
    say : function
        Told, in a line, what each stage did.
    """

    plan: Plan
    out: Path
    engine: Engine
    workers: int
    titled: Titled
    say: Say
    command: str = ""
    times: dict[str, float] = field(default_factory=dict)

    def run(self) -> Taxonomy:
        """Carry out every stage.

        Raises
        ------
        TrainingError
            If a task or a transfer failed, after all others are done.
        StorageError
            If ``out`` cannot be written; what is finished stays.
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
        asked = vars(self.plan.scenes)
        made = make(self.out / WORLD, workers=self.workers, **asked)
        self.say(f"scenes: {made.views} views made, {made.kept} were there")

    def train(self) -> None:
        """Train the bank."""
        names, config = self.plan.bank(self.out / WORLD)
        whole = epochs(names, config)
        with self.titled("train (epochs)") as watch:
            done = train_bank(
                names,
                self.out / BANK,
                config,
                command=self.command,
                engine=self.engine,
                watch=lambda now: watch(Standing(min(now.epochs, whole), whole)),
            )
        self._unless(done.failures)
        self.say(f"train: {len(done.records)} tasks trained, {len(names) - len(done.records)} were")

    def transfer(self) -> None:
        """Measure the transfers, and write them as tables."""
        config = self.plan.sweep(self.out / WORLD, self.out / BANK)
        folder = self.out / TRANSFER
        before = len(list((folder / "measured").glob("*/*.json")))
        swept = sweep(config, folder, self.engine, titled=self.titled, say=self.say)
        self._unless(swept.failures)
        if len(swept.records) > before or not (folder / TRANSFERS).exists():
            gather(swept.records, folder, seed=self.plan.transfer.seed)
        self.say(
            f"transfer: {len(swept.records) - before} measured, {before} were; see "
            f"{folder / LOSSES} and {folder / TRANSFERS}"
        )

    def solve(self) -> Taxonomy:
        """Solve the program at the plan's budget."""
        found = solve(read_transfers(self.out / TRANSFER / TRANSFERS), self._problem())
        write_taxonomy(found, self.out / TAXONOMY)
        return found

    def report(self) -> None:
        """Write the page."""
        transfers = read_transfers(self.out / TRANSFER / TRANSFERS)
        title = f"Task taxonomy, preset {self.plan.name}: {self.plan.purpose}"
        write_text(report(transfers, self._problem(), title=title), self.out / REPORT)
        self.say(f"report: {self.out / REPORT}")

    def _problem(self) -> Problem:
        return Problem(budget=self.plan.budget, max_order=self.plan.max_order)

    def _unless(self, failures: dict[str, str]) -> None:
        for name, reason in failures.items():
            self.say(f"{name} failed: {reason}")
        if failures:
            raise TrainingError(
                f"{len(failures)} failed, see above; all else is kept, and the same command goes on"
            )

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - begin
            self.times[stage] = round(self.times.get(stage, 0.0) + spent, 1)
            write_text(json.dumps(self.times, indent=1) + "\n", self.out / TIMES)
