"""How long one step of training takes, beside a plain PyTorch loop and a bound, in one run.

    python -m benchmarks.speed.training_steps --out results/training

The bound is the time of the step's floating point operations as float32 products of square
matrices. All methods take turns in one process, with one thread, and are timed by the processor
time of that thread, since other processes of the machine disturb it less than the clock on the
wall. The pictures and targets are random numbers: no time depends on them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.results.machine import ROOT, commit, machine
from encoders.losses import batch_mean, l1
from encoders.networks import OutputSpec, network
from encoders.networks.normalization import GroupNorm
from encoders.networks.readout import ReadOut
from encoders.training.config import FitConfig, computes_in_bfloat16
from encoders.training.loading import Batch, TensorExamples
from encoders.training.loop import Training, adamw
from encoders.training.run_state import RunState
from taskgraph.tables import write_text

SIDE = 512  # of the square matrices
TURN = 4  # timed steps of a method before the next one's turn
DEPTH = OutputSpec("pixels", 1, 1.0, "tanh")
Step = Callable[[], object]


@dataclass(frozen=True)
class Case:
    """A network for depth, and one batch of its input.

    Attributes
    ----------
    title : str
    make : function
        Returns the network with its first weights.
    inputs : tuple of int
        Shape of a batch; the first number is the images.
    """

    title: str
    make: Callable[[], nn.Module]
    inputs: tuple[int, ...]

    def batch(self) -> Batch:
        """Return a batch of random input, target and mask."""
        count = self.inputs[0]
        target = torch.rand(count, 1, 64, 64) * 2 - 1
        return torch.randn(self.inputs), target, torch.rand(count, 64, 64) < 0.9


def _read_out() -> nn.Module:
    return ReadOut("tiny", DEPTH, channels=16, generator=torch.Generator().manual_seed(0))


CASES = {
    "read-out": Case("read-out, two sources, batch 8", _read_out, (8, 16, 16, 16)),
    "encoder": Case("encoder-decoder, batch 32", lambda: network("tiny", DEPTH), (32, 3, 64, 64)),
}


class TwoStreams(nn.Module):
    """`encoders.networks.readout.Streams` as two separate modules."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.streams = nn.ModuleList(self._stream(channels) for _ in range(2))

    def _stream(self, channels: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for _ in range(2):
            conv = nn.Conv2d(channels, channels, 3, padding=1)
            layers += [conv, nn.ReLU(), nn.BatchNorm2d(channels)]
        return nn.Sequential(*layers)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, 2 C, h, w)."""
        return torch.cat([stream(maps) for stream in self.streams], dim=1)


def plain_layers(model: nn.Module) -> nn.Module:
    """The same network of PyTorch's own layers alone."""
    for module in model.modules():
        if isinstance(module, GroupNorm):
            module.__class__ = nn.GroupNorm  # type: ignore[assignment]
        if isinstance(module, ReadOut):
            module.streams = TwoStreams(module.channels)  # type: ignore[assignment]
    return model


def plain(case: Case, *, bfloat16: bool) -> Step:
    """A loop as a tutorial has it; with bfloat16 also in mixed precision and channels_last."""
    model, (pictures, target, mask) = plain_layers(case.make()).train(), case.batch()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    if bfloat16:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        pictures = pictures.contiguous(memory_format=torch.channels_last)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            prediction = model(pictures).float()
        mean = batch_mean(l1(prediction, target, mask), mask)
        optimizer.zero_grad()
        mean.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        float(mean.detach())  # waits for the result, as showing the loss does

    return step


def ours(case: Case, *, precision: str) -> Step:
    """A step of `encoders.training.fit.fit`."""
    batch = case.batch()
    config = FitConfig(batch=case.inputs[0], precision=precision, accelerator="cpu")
    fabric, model = config.fabric(), case.make().train()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    wrapped, optimizer = fabric.setup(model, adamw(model, config, fabric))
    train = TensorExamples(*batch)
    training = Training(fabric, wrapped, optimizer, l1, train, config, RunState(), None, None)
    return lambda: training.step(train.batch(range(len(train))))


def operations(case: Case) -> float:
    """Floating point operations of a step: three times those of the forward pass."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        case.make()(case.batch()[0])
    return 3.0 * float(counter.get_total_flops())


def bound(case: Case) -> Step:
    """As many operations in products of square matrices, in float32."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    whole, rest = divmod(operations(case) / (2 * SIDE**3), 1)
    rows = left[: round(rest * SIDE)]

    def step() -> None:
        for _ in range(int(whole)):
            torch.mm(left, right)
        torch.mm(rows, right)

    return step


def methods(case: Case) -> dict[str, Step]:
    """The methods by name, the bound first and ours last."""
    found = {"bound": bound(case), "plain float32": plain(case, bfloat16=False)}
    if computes_in_bfloat16():
        found["plain bfloat16"] = plain(case, bfloat16=True)
    found["fit 32-true"] = ours(case, precision="32-true")
    if computes_in_bfloat16():
        found["fit auto"] = ours(case, precision="auto")
    return found


def measure(case: Case, *, rounds: int, warmup: int = 3) -> dict[str, Any]:
    """Milliseconds a step of each method, in turns; and over the bound of the same round.

    Returns
    -------
    dict
        For each method the medians ``cpu_ms``, ``wall_ms``, ``images_per_second`` (by processor
        time) and ``over_bound`` with its quartiles.
    """
    steps = methods(case)
    for step in list(steps.values()) * warmup:
        step()
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            step()  # brings its numbers back into the caches
            wall, cpu = time.perf_counter(), time.thread_time()
            for _ in range(TURN):
                step()
            spent = time.thread_time() - cpu, time.perf_counter() - wall
            times[name].append((1e3 * spent[0] / TURN, 1e3 * spent[1] / TURN))
    found: dict[str, Any] = {}
    for name, pairs in times.items():
        over = [one[0] / other[0] for one, other in zip(pairs, times["bound"], strict=True)]
        cpu = statistics.median(pair[0] for pair in pairs)
        found[name] = {
            "cpu_ms": cpu,
            "wall_ms": statistics.median(pair[1] for pair in pairs),
            "images_per_second": 1e3 * case.inputs[0] / cpu,
            "over_bound": statistics.quantiles(over, n=4),
        }
    return {"gflop": operations(case) / 1e9, "rounds": rounds, "methods": found}


def render(measured: dict[str, Any]) -> str:
    """The page, from what ``steps.json`` holds."""
    parts = [PAGE.format(**measured["machine"], commit=measured["commit"] or "not recorded")]
    for name, case in measured["cases"].items():
        parts.append(
            f"\n## {CASES[name].title}\n\n{case['gflop']:.2f} GFLOP a step; {case['rounds']} "
            "rounds.\n\n| method | ms a step | images/s | over the bound (quartiles) |\n"
            "| --- | ---: | ---: | ---: |"
        )
        for method, row in case["methods"].items():
            low, middle, high = row["over_bound"]
            parts.append(
                f"| {method} | {row['cpu_ms']:.1f} | {row['images_per_second']:.0f} "
                f"| {middle:.2f} ({low:.2f}–{high:.2f}) |"
            )
    return "\n".join(parts) + "\n"


PAGE = """# Milliseconds of a step of training

```sh
python -m benchmarks.speed.training_steps
```

One thread, preset `tiny`, depth; medians of the processor time of the thread, all methods in turns
of a few steps in one process. The bound is the step's operations as float32 products of square
matrices. "plain" is a loop as a tutorial has it, of PyTorch's own layers; with bfloat16 also in
mixed precision and channels_last. "fit" is `encoders.training.fit.fit`; `auto` is bfloat16 here.

{cores} cores, {platform}; commit {commit}."""


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "training")
    parser.add_argument("--rounds", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    measured = {
        "commit": commit(),
        "machine": machine("torch", "lightning-fabric"),
        "cases": {name: measure(case, rounds=given.rounds) for name, case in CASES.items()},
    }
    given.out.mkdir(parents=True, exist_ok=True)
    write_text(json.dumps(measured, indent=1) + "\n", given.out / "steps.json")
    write_text(render(measured), given.out / "steps.md")
    print(render(measured))


if __name__ == "__main__":
    main()
