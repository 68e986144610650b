"""How fast training is: `encoders.fit` against a plain PyTorch loop in float32, in one run.

    python -m benchmarks.training --data world --out results/training

Both train the same network on the same examples, in turns, each time in a fresh process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from benchmarks.results.machine import ROOT, commit, machine
from encoders.bank.training import Splits
from encoders.losses import batch_mean
from encoders.networks.presets import find
from encoders.training.fit import FitConfig, Loss, fit
from encoders.training.loading import Batch, Examples
from encoders.training.objective import network_of, training_loss_of
from taskgraph.tables import write_text


@dataclass(frozen=True)
class Settings:
    """What is trained; the first epoch warms up and is not counted.

    Attributes
    ----------
    data, task, preset : str
        The data set's folder; names.
    images, batch, epochs : int
        Of the train split, at most; a step; counted passes.
    workers : int
        Processes that read data, for both.
    precision : str
        Of `encoders.fit`; the plain loop has float32.
    """

    data: str
    task: str = "rgb2sfnorm"
    preset: str = "tiny"
    images: int = 2_048
    batch: int = 32
    epochs: int = 2
    workers: int = 0
    precision: str = "auto"


@dataclass(frozen=True)
class Row:
    """One process: pictures a second (median over epochs), the share of the time spent waiting
    for data, and the most memory that the process and the GPU ever held, in MiB."""

    method: str
    repeat: int
    images_per_second: float
    waiting: float
    memory: float
    gpu_memory: float | None


@dataclass(frozen=True)
class First(Dataset[Batch]):
    """The first examples of a data set, one at a time or many."""

    examples: Examples
    count: int

    def __len__(self) -> int:
        return min(self.count, len(self.examples))

    def batch(self, indices: Any) -> Batch:
        """As `Examples.batch`."""
        return self.examples.batch(indices)

    def __getitem__(self, index: int) -> Batch:
        pictures, target, mask = self.examples.batch([index])
        return pictures[0], target[0], mask[0]


Speeds = list[tuple[float, float]]
"""(pictures a second, share of the time spent waiting) for each epoch."""


def ours(model: nn.Module, loss: Loss, train: First, settings: Settings) -> Speeds:
    """`encoders.fit`: channels_last, mixed precision, whole batches fetched at once."""
    config = FitConfig(
        settings.epochs + 1, settings.batch, precision=settings.precision, workers=settings.workers
    )
    valid = First(train.examples, settings.batch)
    with tempfile.TemporaryDirectory() as folder:
        epochs = fit(model, loss, train, valid, Path(folder), config).epochs
    return [(row.images_per_second, row.waiting) for row in epochs]


def plain(model: nn.Module, loss: Loss, train: First, settings: Settings) -> Speeds:
    """What a tutorial has: a `DataLoader` of single examples, AdamW, float32."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=FitConfig.learning_rate)
    batches = DataLoader(
        train, settings.batch, shuffle=True, drop_last=True, num_workers=settings.workers
    )
    speeds = []
    for _ in range(settings.epochs + 1):
        seen, waited, begin = 0, 0.0, time.perf_counter()
        asked = begin
        for batch in batches:
            waited += time.perf_counter() - asked
            pictures, target, mask = (tensor.to(device) for tensor in batch)
            mean = batch_mean(loss(model(pictures), target, mask), mask)
            optimiser.zero_grad()
            mean.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            float(mean.detach())  # waits for the device, as showing the loss does
            seen += len(pictures)
            asked = time.perf_counter()
        spent = time.perf_counter() - begin
        speeds.append((seen / spent, waited / spent))
    return speeds


METHODS: dict[str, Callable[[nn.Module, Loss, First, Settings], Speeds]] = {
    "encoders.fit": ours,
    "plain PyTorch": plain,
}


def measure(method: str, repeat: int, settings: Settings) -> Row:
    """Train in this process, which should be a fresh one: its memory's peak is reported."""
    splits = Splits.open(settings.data, settings.task, find(settings.preset).size)
    loss = training_loss_of(splits.task, splits.constants)
    train = First(splits.train.examples(settings.task), settings.images)
    speeds = METHODS[method](network_of(splits.task, settings.preset), loss, train, settings)[1:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    gpu = torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_available() else None
    memory = peak / (2**20 if sys.platform == "darwin" else 2**10)  # Linux counts in KiB
    speed, waiting = (statistics.median(column) for column in zip(*speeds, strict=True))
    return Row(method, repeat, speed, waiting, memory, gpu)


def measured(method: str, repeat: int, settings: Settings) -> Row:
    """`measure` in a process of its own."""
    asked = json.dumps([method, repeat, asdict(settings)])
    command = [sys.executable, "-m", "benchmarks.training", "--measure", asked]
    told = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return Row(**json.loads(told.splitlines()[-1]))


def summary(rows: list[Row]) -> dict[str, Any]:
    """Medians of each method, and ours over plain within each repeat: median, least, largest."""
    found: dict[str, Any] = {}
    for method in METHODS:
        own = [row for row in rows if row.method == method]
        found[method] = {
            name: statistics.median(getattr(row, name) for row in own)
            for name in ("images_per_second", "waiting", "memory")
        }
        speeds = [row.images_per_second for row in own]
        gpu = max((row.gpu_memory for row in own if row.gpu_memory is not None), default=None)
        found[method] |= {"least": min(speeds), "largest": max(speeds), "gpu_memory": gpu}
    speed = {(row.method, row.repeat): row.images_per_second for row in rows}
    first, second = METHODS
    ratios = [speed[first, n] / speed[second, n] for n in sorted({row.repeat for row in rows})]
    found["ratio"] = {
        "median": statistics.median(ratios),
        "least": min(ratios),
        "largest": max(ratios),
        "repeats": len(ratios),
    }
    return found


def render(found: dict[str, Any]) -> str:
    """`summary` as a table of Markdown, and the ratio in a sentence."""
    lines = [
        "| | images/s (median; range) | waiting for data | peak memory, MiB | of the GPU |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for method in METHODS:
        row = found[method]
        gpu = "–" if row["gpu_memory"] is None else f"{row['gpu_memory']:.0f}"
        speed = f"{row['images_per_second']:.0f} ({row['least']:.0f}–{row['largest']:.0f})"
        lines.append(f"| {method} | {speed} | {row['waiting']:.1%} | {row['memory']:.0f} | {gpu} |")
    ratio, ends = found["ratio"], "{least:.2f}–{largest:.2f} in {repeats} repeats"
    faster = f"{ratio['median']:.2f} times as fast ({ends.format(**ratio)})"
    return "\n".join([*lines, "", f"`encoders.fit` is {faster}."]) + "\n"


def page(whole: dict[str, Any]) -> str:
    """README.md, from what ``throughput.json`` holds."""
    how, versions = whole["config"], whole["config"]["versions"]
    return PAGE.format(
        **{name: how[name] for name in Settings.__dataclass_fields__},
        commit=how["commit"] or "not recorded",
        seed=how.get("seed", "not recorded"),
        device=how["gpu"] or f"{how['cores']} cores, {how['platform']}",
        torch=versions["torch"],
        table=render(whole["summary"]),
        repeats=whole["summary"]["ratio"]["repeats"],
    )


PAGE = """# Throughput of training

```sh
python -m benchmarks.training --data {data} --repeats {repeats} --epochs {epochs}
```

`encoders.fit` beside a loop as a tutorial has it (`DataLoader` of single examples, AdamW, float32),
in turns, each in a fresh process: {preset} for {task}, {images:,} images, batches of {batch},
epochs counted after one that warms up: {epochs}. Precision `{precision}`; torch {torch}, {device};
commit {commit}; seed {seed}.

{table}"""


def config(settings: Settings) -> dict[str, Any]:
    """All that a timing depends on."""
    return {
        **asdict(settings),
        "data": Path(settings.data).name,  # of nobody's machine
        "commit": commit(),
        **machine("torch", "lightning-fabric", "numpy"),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def run(settings: Settings, out: Path, repeats: int) -> dict[str, Any]:
    """Measure both in turns; write ``throughput.json`` (settings, rows, summary) and the page."""
    rows: list[Row] = []
    for repeat in range(repeats):
        for method in list(METHODS)[:: 1 if repeat % 2 == 0 else -1]:
            rows.append(measured(method, repeat, settings))
            print(asdict(rows[-1]), flush=True)
    found = summary(rows)
    whole = {"config": config(settings), "rows": [asdict(row) for row in rows], "summary": found}
    out.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(whole, indent=1) + "\n", out / "throughput.json")
    write_text(page(whole), out / "README.md")
    return found


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "training")
    parser.add_argument("--data", default="world")
    parser.add_argument("--repeats", type=int, default=5)
    for name in ("task", "preset", "images", "batch", "epochs", "workers", "precision"):
        default = getattr(Settings, name)
        parser.add_argument(f"--{name}", type=type(default), default=default)
    parser.add_argument("--measure", help=argparse.SUPPRESS)  # what a process of its own is told
    given = vars(parser.parse_args())
    out, repeats, one = (given.pop(name) for name in ("out", "repeats", "measure"))
    if one:
        method, repeat, settings = json.loads(one)
        print(json.dumps(asdict(measure(method, repeat, Settings(**settings)))))
    else:
        given["data"] = str(Path(given["data"]).resolve())
        print(render(run(Settings(**given), out, repeats)))


if __name__ == "__main__":
    main()
