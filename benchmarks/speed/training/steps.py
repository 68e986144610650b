"""The steps of training that are timed: a plain PyTorch loop, `encoders.fit`, and a bound.

The bound is the time of the step's floating point operations as float32 products of square
matrices. The pictures and targets are random numbers: no time depends on them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from encoders.losses import batch_mean, l1
from encoders.networks import OutputSpec, network
from encoders.networks.normalization import GroupNorm
from encoders.networks.readout import ReadOut
from encoders.training.config import FitConfig, computes_in_bfloat16
from encoders.training.loading import Batch, TensorExamples
from encoders.training.loop import Training, adamw
from encoders.training.run_state import RunState

BOUND = "bound"
SIDE = 512
"""Rows and columns of the square matrices."""

DEPTH = OutputSpec("pixels", 1, 1.0, "tanh")
Step = Callable[[], object]
"""One call takes one step of training."""


@dataclass(frozen=True)
class TimedNetwork:
    """A network for depth whose steps are timed, and the shape of a batch.

    Attributes
    ----------
    title : str
        The heading of its table on the page.
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


READ_OUT, ENCODER = "read-out", "encoder"

CASES = {
    READ_OUT: TimedNetwork("Read-out, two sources, batch 8", _read_out, (8, 16, 16, 16)),
    ENCODER: TimedNetwork(
        "Encoder-decoder, batch 32", lambda: network("tiny", DEPTH), (32, 3, 64, 64)
    ),
}


class TwoStreams(nn.Module):
    """Compute what `encoders.networks.readout.Streams` does, by two separate modules."""

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
        """Return (B, 2 C, h, w) maps of both streams, from (B, C, h, w) maps."""
        return torch.cat([stream(maps) for stream in self.streams], dim=1)


def plain_layers(model: nn.Module) -> nn.Module:
    """Replace our own layers of a network by PyTorch's, in place, and return the network."""
    for module in model.modules():
        if isinstance(module, GroupNorm):
            module.__class__ = nn.GroupNorm  # type: ignore[assignment]
        if isinstance(module, ReadOut):
            module.streams = TwoStreams(module.channels)  # type: ignore[assignment]
    return model


def plain(case: TimedNetwork, *, bfloat16: bool) -> Step:
    """Return the step of a tutorial's loop.

    With ``bfloat16`` it also uses mixed precision and the layout channels_last.
    """
    model, (pictures, target, mask) = plain_layers(case.make()).train(), case.batch()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    if bfloat16:
        model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        pictures = pictures.contiguous(memory_format=torch.channels_last)
    return partial(_plain_step, model, optimizer, (pictures, target, mask), bfloat16)


def _plain_step(
    model: nn.Module, optimizer: torch.optim.Optimizer, batch: Batch, bfloat16: bool
) -> None:
    """Take one step of a tutorial's loop."""
    pictures, target, mask = batch
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        prediction = model(pictures).float()
    mean = batch_mean(l1(prediction, target, mask), mask)
    optimizer.zero_grad()
    mean.backward()  # type: ignore[no-untyped-call]
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    float(mean.detach())  # waits for the result, as printing the loss does


def ours(case: TimedNetwork, *, precision: str) -> Step:
    """Return the step of `encoders.fit`."""
    batch = case.batch()
    config = FitConfig(batch=case.inputs[0], precision=precision, accelerator="cpu")
    fabric, model = config.fabric(), case.make().train()
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    wrapped, optimizer = fabric.setup(model, adamw(model, config, fabric))
    train = TensorExamples(*batch)
    training = Training(fabric, wrapped, optimizer, l1, train, config, RunState(), None, None)
    return lambda: training.step(train.batch(range(len(train))))


def operations(case: TimedNetwork) -> float:
    """Return the floating point operations of a step: three times those of the forward pass."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        case.make()(case.batch()[0])
    return 3.0 * float(counter.get_total_flops())


def bound(case: TimedNetwork) -> Step:
    """Return a function that does as many operations as a step, by float32 matrix products."""
    left, right = torch.randn(SIDE, SIDE), torch.randn(SIDE, SIDE)
    products, rest = divmod(operations(case) / (2 * SIDE**3), 1)
    return partial(_products, left, right, int(products), round(rest * SIDE))


def _products(left: Tensor, right: Tensor, count: int, rows: int) -> None:
    """Multiply two matrices ``count`` times, and then only the first rows of the left one."""
    for _ in range(count):
        torch.mm(left, right)
    torch.mm(left[:rows], right)


def methods() -> dict[str, Callable[[TimedNetwork], Step]]:
    """Return the methods by name, the bound first and ours last.

    Those in bfloat16 are left out where the processor does not compute in it.
    """
    makers: dict[str, Callable[[TimedNetwork], Step]] = {
        BOUND: bound,
        "plain float32": partial(plain, bfloat16=False),
        "plain bfloat16": partial(plain, bfloat16=True),
        "fit 32-true": partial(ours, precision="32-true"),
        "fit auto": partial(ours, precision="auto"),
    }
    if not computes_in_bfloat16():
        del makers["plain bfloat16"], makers["fit auto"]
    return makers
