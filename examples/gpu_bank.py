"""Train a whole bank, with references, and the pilot of read-outs, on a machine with one GPU.

    python examples/gpu_bank.py runs/gpu --minutes 10

The script renders the data set on the processors of the same machine, trains the encoders and
their references, and then the read-outs of `taskgraph bench pilot`, each stage until it is done or
the time is up. The same command continues where the last one stopped. OUT gets world/, bank/,
pilot/, and summary.json, with the seconds and the state of each stage.

    python examples/gpu_bank.py runs/try --preset smoke --cpu       a try in minutes, without a GPU
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

OK, BAD_INPUT, UNFINISHED = 0, 2, 3
"""Exit codes: all stages are done; the machine or a stage failed; the time was up."""

GRACE = 10.0
"""Seconds that a stage has to end by itself once the time is up, before it is killed."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of the data set and of the trainings.

    Attributes
    ----------
    encoders : int
        Buildings for the encoders: training, validation and test.
    transfers : int
        Further buildings, for the read-outs.
    views : int
        Views of each building.
    train, pilot : tuple of str
        Further flags of ``taskgraph train`` and of ``taskgraph bench pilot``.
    """

    encoders: int
    transfers: int
    views: int
    train: tuple[str, ...] = ()
    pilot: tuple[str, ...] = ()


PRESETS = {
    "full": Sizes(200, 60, 100, train=("--min-delta", "0.005", "--batch", "64")),
    "smoke": Sizes(
        3,
        3,
        4,
        train=("--tasks", "edge2d,class_places", "--epochs", "1", "--batch", "4"),
        pilot=(
            *("--targets", "edge2d", "--sets", "0", "--images", "4", "--valid-images", "4"),
            *("--test-images", "4", "--short", "1", "--epochs", "2", "--batch", "4"),
        ),
    ),
}


@dataclass
class Stage:
    """One command, and what came of it.

    Attributes
    ----------
    name : str
    command : list of str
        Arguments of ``taskgraph``.
    state : str
        "waiting", "done", "unfinished" (the time was up), or "failed".
    seconds : float
    """

    name: str
    command: list[str]
    state: str = "waiting"
    seconds: float = 0.0

    def run(self, until: float) -> None:
        """Run the command until it ends or the clock (`time.monotonic`) shows ``until``."""
        begin = time.monotonic()
        print(f"{self.name}: taskgraph {' '.join(self.command)}", flush=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "taskgraph", *self.command], start_new_session=True
        )
        try:
            code = process.wait(max(0.0, until - begin))
            self.state = "done" if code == 0 else "failed"
        except subprocess.TimeoutExpired:
            self.state = "unfinished"
            end(process)
        except KeyboardInterrupt:
            end(process)
            raise
        finally:
            self.seconds = round(time.monotonic() - begin, 1)


def end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a command, as Ctrl-C does, and kill it with its workers if it does not end."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def stages_of(out: Path, sizes: Sizes, jobs: int) -> list[Stage]:
    """Return the stages, in their order."""
    world, bank = str(out / "world"), str(out / "bank")
    buildings = sizes.encoders + sizes.transfers
    scenes = ["scenes", world, "--buildings", str(buildings), "--views", str(sizes.views)]
    train = ["train", "--data", world, "--splits", str(out / "splits.csv"), "-o", bank, "--resume"]
    pilot = ["bench", "pilot", "--bank", bank, "--data", world, "--out", str(out / "pilot")]
    pilot += ["--splits", str(out / "fresh.csv"), "--old", str(sizes.encoders)]
    pilot += ["--work", str(out / "work")]
    workers = ["--jobs", str(jobs)]
    return [
        Stage("scenes", [*scenes, "--seed", "0", "--workers", str(os.cpu_count() or 1)]),
        Stage("train", [*train, *workers, *sizes.train]),
        Stage("pilot", [*pilot, *workers, *sizes.pilot]),
    ]


def write_splits(path: Path, world: Path, encoders: int) -> None:
    """Write the splits of the first ``encoders`` buildings; the others train no encoder."""
    from encoders.dataset.index import read_index
    from encoders.dataset.splits import SPLITS, split_buildings

    names = sorted(read_index(world).buildings)[:encoders]
    parts = split_buildings(names)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", *SPLITS])
        writer.writerows([name, *(int(name in parts[part]) for part in SPLITS)] for name in names)


def device(*, cpu: bool) -> str | None:
    """Return the name of the device, or None if there is no GPU and ``cpu`` does not allow that."""
    import torch

    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return "cpu" if cpu else None


def summary(out: Path, stages: list[Stage], name: str) -> dict[str, object]:
    """Return the state of each stage, and what the bank and the pilot hold so far."""
    records = [json.loads(path.read_text()) for path in sorted((out / "bank").glob("*.json"))]
    tasks = [record for record in records if "task" in record]
    stops = [record["training"]["self"]["stopped"] for record in tasks]
    pilot = out / "pilot" / "records.jsonl"
    return {
        "device": name,
        "stages": {stage.name: [stage.state, stage.seconds] for stage in stages},
        "seconds": round(sum(stage.seconds for stage in stages), 1),
        "tasks": len(tasks),
        "stopped_by_patience": sum(stop == "patience" for stop in stops),
        "with_references": sum("average" in record["test_loss"] for record in tasks),
        "pilot_networks": pilot.read_text().count('"part": "readout"') if pilot.exists() else 0,
    }


def run(out: Path, sizes: Sizes, *, minutes: float, jobs: int, name: str) -> int:
    """Run the stages within the time, write the summary, and return the exit code."""
    until = time.monotonic() + 60 * minutes
    out.mkdir(parents=True, exist_ok=True)
    stages = stages_of(out, sizes, jobs)
    for stage in stages:
        if time.monotonic() >= until:
            break
        if stage.name == "train" and not (out / "splits.csv").exists():
            write_splits(out / "splits.csv", out / "world", sizes.encoders)
        stage.run(until)
        if stage.state != "done":
            break
    told = summary(out, stages, name)
    (out / "summary.json").write_text(json.dumps(told, indent=1) + "\n")
    print(json.dumps(told, indent=1))
    if all(stage.state == "done" for stage in stages):
        return OK
    if any(stage.state == "failed" for stage in stages):
        return BAD_INPUT
    print("the time is up; the same command continues", file=sys.stderr)
    return UNFINISHED


def main(arguments: list[str] | None = None) -> int:
    """Read the flags, check for the GPU, and run; returns the exit code."""
    parser = argparse.ArgumentParser(description="Train a bank and its pilot on one GPU.")
    parser.add_argument("out", type=Path, help="folder of everything that is made")
    parser.add_argument("--minutes", type=float, default=10.0, help="most minutes (default: 10)")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="trainings at once (default: cores)"
    )
    parser.add_argument("--preset", choices=list(PRESETS), default="full", help="sizes")
    parser.add_argument("--cpu", action="store_true", help="go on without a GPU")
    flags = parser.parse_args(arguments)
    if flags.minutes <= 0 or flags.jobs < 1:
        parser.error("--minutes must be above 0, and --jobs at least 1")
    name = device(cpu=flags.cpu)
    if name is None:
        print("no GPU is found; give --cpu to go on without one", file=sys.stderr)
        return BAD_INPUT
    return run(flags.out, PRESETS[flags.preset], minutes=flags.minutes, jobs=flags.jobs, name=name)


if __name__ == "__main__":
    sys.exit(main())
