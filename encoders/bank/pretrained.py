"""Load trained networks, from the bank that comes with the library or from a folder."""

from __future__ import annotations

import importlib.resources
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from encoders.errors import InvalidDataError
from encoders.networks import PRESETS, EncoderDecoder, OutputSpec, encoder, network
from encoders.tasks.names import known_name
from encoders.training.checkpoint import read_config, read_weights, restore
from taskgraph.tables.formats import FilePath
from taskgraph.tasks.aliases import standard_name

SUFFIX = ".safetensors"
"""Ending of the files that hold networks."""

PACKAGED = "_bank"
"""Folder of the package into which ``setup.py`` copies the checkout's ``results/bank``."""


@dataclass(frozen=True)
class Form:
    """The preset and the picture size that networks must share to be compared.

    Attributes
    ----------
    preset : str
        A key of `encoders.networks.PRESETS`.
    size : int
        Side of the pictures that the networks were trained on, in pixels.
    """

    preset: str
    size: int

    def __str__(self) -> str:
        return f"preset {self.preset} at {self.size} pixels"


def form_of(bank: FilePath, names: Sequence[str]) -> Form:
    """Return the preset and picture size that all named networks of a bank have.

    Raises
    ------
    InvalidDataError
        If the bank lacks a network, a file is broken, or the networks differ: representations and
        losses of two sizes of networks cannot be compared.
    """
    example_of: dict[Form, str] = {}
    for name in names:
        record = read_config(network_file(bank, name))
        preset = record["preset"]
        if preset not in PRESETS:
            raise InvalidDataError(
                f"{Path(bank) / (name + SUFFIX)} has the preset {preset}, expected one of "
                f"{', '.join(PRESETS)}; train it with `taskgraph train --preset`"
            )
        example_of.setdefault(Form(preset, int(record.get("size", PRESETS[preset].size))), name)
    if len(example_of) > 1:
        (one, first), (other, second) = list(example_of.items())[:2]
        raise InvalidDataError(
            f"{bank} mixes networks: {first} is of {one}, {second} of {other}; name tasks of one "
            "kind with --targets and --sources, or train a bank of one --preset"
        )
    if not example_of:
        raise InvalidDataError(
            f"{bank} holds no trained task; train some with `taskgraph train --data DIR -o {bank}`"
        )
    return next(iter(example_of))


def network_file(bank: FilePath, name: str) -> Path:
    """Return the path of the file of a task's network.

    Raises
    ------
    InvalidDataError
        If the bank has no such file.
    """
    path = Path(bank) / (name + SUFFIX)
    if not path.is_file():
        command = f"taskgraph train --data DIR -o {bank} --resume"
        if standard_name(name) is None:
            raise InvalidDataError(
                f"{bank} has no {name}; train it (`{command} --task FILE.py:NAME`)"
            )
        raise InvalidDataError(
            f"{bank} has no {name}; train it (`{command} --tasks {name}`), or leave it out with "
            "--targets and --sources"
        )
    return path


def random_encoder(preset: str, *, channels: int = 3, seed: int = 0) -> nn.Module:
    """Return the source ``random``: an untrained encoder of the preset."""
    return encoder(preset, channels=channels, generator=torch.Generator().manual_seed(seed))


def default_bank() -> Path:
    """Return the folder of the bank that comes with the package, or of the checkout's bank.

    Raises
    ------
    InvalidDataError
        If neither exists.
    """
    package = Path(str(importlib.resources.files("encoders")))
    for folder in (package / PACKAGED, package.parent / "results" / "bank"):
        if any(folder.glob("*" + SUFFIX)):
            return folder
    raise InvalidDataError(
        "no trained bank comes with this installation: train one with `taskgraph train --data DIR "
        '-o bank`, and name its folder, bank="bank" in Python or --bank bank on the command line'
    )


def load(name: str, bank: FilePath | None = None) -> EncoderDecoder:
    """Load the trained network of a task, frozen, on the CPU, in float32.

    >>> import encoders, torch                                       # doctest: +SKIP
    >>> normals = encoders.load("normals")                           # doctest: +SKIP
    >>> photos = torch.randint(256, (5, 3, 64, 64)) / 127.5 - 1      # doctest: +SKIP
    >>> normals.represent(photos).shape                              # doctest: +SKIP
    torch.Size([5, 8, 16, 16])
    >>> normals(photos).shape                                        # doctest: +SKIP
    torch.Size([5, 3, 64, 64])

    Parameters
    ----------
    name : str
        A task by any of its names: ``rgb2sfnorm``, ``normals``, ``depth``, …
        (`encoders.tasks.names.ALIASES`); or a task of one's own by its name. ``random`` is the
        untrained encoder; it has no decoder, so that its output is its representation.
    bank : path, optional
        A folder that `taskgraph train` wrote; by default the bank of the library (`default_bank`).

    Returns
    -------
    EncoderDecoder
        Takes (B, C, S, S) pictures in [-1, 1], with S = 64 for the preset ``tiny`` and 128 for
        ``small``; C is 3, but 1 for ``colorization``, whose input is the lightness. Tasks of
        several pictures take (B, inputs, C, S, S). ``represent`` returns (B, inputs x 8, 16, 16);
        a call returns (B, size, H, W) maps or (B, size) numbers, standardized as the task's targets
        were.

    Raises
    ------
    UnknownNameError
        If no task has that name; the message lists similar names.
    InvalidDataError
        If this installation has no bank, the bank lacks the task, or its file is broken.
    """
    folder = default_bank() if bank is None else Path(bank)
    # A task of one's own has no other name than the one in its record.
    own = folder / (name + SUFFIX)
    task = name if standard_name(name) is None and own.is_file() else known_name(name)
    path = folder / (task + SUFFIX)
    if not path.is_file():
        existing = ", ".join(sorted(file.stem for file in folder.glob("*" + SUFFIX)))
        raise InvalidDataError(
            f"{path}: the bank has no {task}; it has {existing or 'no networks at all'}"
        )
    tensors, record = read_weights(path)
    if "output" not in record:
        model = EncoderDecoder(random_encoder(record["preset"]), nn.Identity())
        restore(model.encoder, tensors, where=path)
    else:
        output, channels = OutputSpec(**record["output"]), record["channels"]
        model = network(record["preset"], output, inputs=record["inputs"], channels=channels)
        restore(model, tensors, where=path)
    return model.eval().requires_grad_(False)
