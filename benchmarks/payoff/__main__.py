"""The command line: ``python -m benchmarks.payoff`` and ``python -m benchmarks.payoff splits``."""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

import benchmarks.payoff
from benchmarks.machine import ROOT, commit, machine
from benchmarks.payoff.choices import choices, needed
from benchmarks.payoff.figure import figure
from benchmarks.payoff.measures import payoff_table, payoffs, summary_table, target_table
from benchmarks.payoff.page import FIGURE, render
from benchmarks.payoff.settings import Settings, check, sweep_of, transfer_of
from benchmarks.payoff.splits import write_fresh
from benchmarks.payoff.training import spent, train, with_references
from encoders.engines import Engine, engine_named
from encoders.transfer.data import open_transfer_data
from encoders.transfer.settings import SweepConfig
from encoders.transfer.sweep import checked_overlap
from taskgraph.errors import TaskgraphError
from taskgraph.plot.figures import save
from taskgraph.progress import ProgressFactory, progress_bar
from taskgraph.tables import read_transfers, write_frame, write_text

CONFIG, PAYOFF, SUMMARY, TARGETS = "config.json", "payoff.csv", "summary.csv", "targets.csv"
PAGE = "README.md"


def run(
    settings: Settings,
    out: Path,
    work: Path,
    engine: Engine,
    *,
    titled: ProgressFactory,
    command: str = "",
) -> str:
    """Choose, train, test, and write the tables, the figure and the page.

    Killed at any moment, the same call goes on; what ``work`` holds is not measured again, for
    other budgets and draws either.

    Returns
    -------
    str
        The page.
    """
    table = read_transfers(settings.table)
    transfer = transfer_of(settings)
    sweep = sweep_of(settings, table, transfer)
    chosen = choices(table, settings.problem, draws=settings.draws)
    pairs = needed(chosen)
    checked = check(settings, sweep)
    count = len(with_references(pairs))
    print(f"{len(chosen)} choices, {count} networks a seed with self and scratch", flush=True)
    by_seed = train(sweep, work, pairs, settings.seeds, engine, titled)
    found = payoffs(chosen, by_seed, resamples=settings.resamples)
    out.mkdir(parents=True, exist_ok=True)
    write_frame(payoff_table(found), out / PAYOFF)
    write_frame(summary_table(found), out / SUMMARY)
    write_frame(target_table(found, by_seed), out / TARGETS)
    whole = config(settings, sweep, checked, spent(work, pairs, settings.seeds), command)
    write_text(json.dumps(whole, indent=1, sort_keys=True) + "\n", out / CONFIG)
    return write_page(out)


def write_page(out: Path) -> str:
    """The page and the figure, from the files in ``out`` alone."""
    settings = json.loads((out / CONFIG).read_text())
    frame, summary, targets = (pd.read_csv(out / name) for name in (PAYOFF, SUMMARY, TARGETS))
    save(figure(frame, summary), out / FIGURE)
    page = render(settings, frame, summary, targets)
    write_text(page, out / PAGE)
    return page


def config(
    settings: Settings,
    sweep: SweepConfig,
    checked: dict[str, bool],
    cost: dict[str, Any],
    command: str,
) -> dict[str, Any]:
    """All that the numbers depend on."""
    pool = open_transfer_data(sweep.transfer.pool, sweep.targets[0])
    return {
        "command": command,
        "settings": asdict(settings),
        "transfer": sweep.transfer.record(),
        "table_sha256": hashlib.sha256(Path(settings.table).read_bytes()).hexdigest(),
        "targets": list(sweep.targets),
        "images": {name: len(getattr(pool, name)) for name in ("train", "valid", "test")},
        "buildings": len({image.split("/")[0] for image in pool.test.images()}),
        "checked": checked,
        "overlap": checked_overlap(sweep).record(),
        "spent": cost,
        "commit": commit(),
        **machine("torch", "numpy", "pandas", "highspy"),
    }


def names(text: str) -> tuple[str, ...]:
    """Words separated by commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def numbers(text: str) -> tuple[int, ...]:
    """Whole numbers separated by commas."""
    return tuple(int(word) for word in names(text))


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        (splits if given[:1] == ["splits"] else compare)(given)
    except TaskgraphError as error:
        raise SystemExit(f"Error: {error}") from None


def compare(arguments: Sequence[str]) -> None:
    """Train and compare."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.payoff",
        description=benchmarks.payoff.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, what in (
        ("table", "transfers.csv of a sweep"),
        ("data", "the grown data set"),
        ("bank", "trained encoders"),
        ("splits", "the file of fresh test buildings"),
    ):
        parser.add_argument(f"--{name}", required=True, help=what)
    parser.add_argument("--budget", type=float, default=Settings.budget)
    parser.add_argument("--max-order", type=int, default=Settings.max_order)
    parser.add_argument("--exclude", type=names, default=(), help="tasks that none may use")
    parser.add_argument("--random", type=int, default=Settings.draws, help="random sets")
    parser.add_argument("--seeds", type=numbers, default=Settings.seeds, help="of read-outs")
    parser.add_argument("--test-images", type=int, help="fresh ones; as the table's by default")
    parser.add_argument("--resamples", type=int, default=Settings.resamples)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "payoff")
    parser.add_argument(
        "--work",
        type=Path,
        default=ROOT / "runs" / "payoff",
        help="what is trained and kept, one folder a seed",
    )
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--address", help="of the Ray cluster")
    parser.add_argument("--jobs", type=int, help="networks trained at once")
    parser.add_argument("--gpus", type=float, help="of the Ray cluster for each network")
    parser.add_argument("--threads", type=int, help="of each network; as the table's by default")
    parser.add_argument(
        "--allow-overlap",
        action="store_true",
        help="go on where encoders were trained on fresh buildings",
    )
    asked = vars(parser.parse_args(arguments))
    out, work = asked.pop("out"), asked.pop("work")
    named = {name: asked.pop(name) for name in ("jobs", "address", "gpus")}
    engine = engine_named(asked.pop("engine"), **named, threads=asked["threads"] or 1)
    draws, test = asked.pop("random"), asked.pop("test_images")
    command = f"python -m benchmarks.payoff {shlex.join(arguments)}"
    settings = Settings(**asked, draws=draws, test=test)
    print(run(settings, out, work, engine, titled=progress_bar, command=command))


def splits(arguments: Sequence[str]) -> None:
    """Write the file of fresh test buildings."""
    parser = argparse.ArgumentParser(
        "python -m benchmarks.payoff splits", description=splits.__doc__
    )
    parser.add_argument("splits", choices=["splits"], help=argparse.SUPPRESS)
    parser.add_argument("--data", type=Path, required=True, help="the grown data set")
    parser.add_argument("--old", type=int, required=True, help="buildings that it had before")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the CSV file")
    given = parser.parse_args(arguments)
    parts = write_fresh(given.data, given.old, given.out)
    told = ", ".join(f"{len(names)} {split}" for split, names in parts.items())
    print(f"wrote {given.out}: {told}")


if __name__ == "__main__":
    main()
