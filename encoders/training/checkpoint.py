"""Read and write weights as safetensors files, which also hold their configuration."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from encoders.errors import InvalidDataError
from taskgraph.tables import write_bytes
from taskgraph.tables.formats import FilePath

CONFIG = "config"
"""Key of the file's metadata that holds the configuration as JSON."""


def write_weights(path: FilePath, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Write named tensors and the configuration that made them, atomically.

    The bytes depend on the arguments alone: equal weights give equal files.
    """
    sorted_tensors = {name: tensors[name].detach().cpu().contiguous() for name in sorted(tensors)}
    data = save(sorted_tensors, metadata={CONFIG: json.dumps(dict(config), sort_keys=True)})
    write_bytes(data, path)


def halved(module: nn.Module) -> dict[str, Tensor]:
    """Return a module's tensors, floating point ones in half precision."""
    return {
        name: tensor.half() if tensor.is_floating_point() else tensor
        for name, tensor in module.state_dict().items()
    }


def read_config(path: FilePath) -> dict[str, Any]:
    """Return the configuration in a file of weights, without reading the weights.

    Raises
    ------
    InvalidDataError
        If the file is missing or cut off, or was not written by `write_weights`.
    """
    return _read(path, tensors=False)[1]


def read_weights(path: FilePath) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Return the tensors and the configuration of a file; raises what `read_config` raises."""
    return _read(path, tensors=True)


def _read(path: FilePath, *, tensors: bool) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not Path(path).is_file():
        raise InvalidDataError(f"{path}: no such file of weights")
    try:
        with safe_open(path, framework="pt") as file:
            metadata, names = file.metadata() or {}, list(file.keys())
            contents = {name: file.get_tensor(name) for name in names} if tensors else {}
    except (SafetensorError, OSError) as error:
        raise InvalidDataError(
            f"{path}: not a whole safetensors file ({error}); delete it and train again, or copy "
            "it anew"
        ) from None
    if CONFIG not in metadata:
        raise InvalidDataError(
            f'{path}: its metadata has no "{CONFIG}", so it is not one of our files of weights; '
            "write them with encoders.training.checkpoint.write_weights"
        )
    try:
        config = json.loads(metadata[CONFIG])
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise InvalidDataError(
            f'{path}: the "{CONFIG}" in its metadata is damaged; delete it and train again, or '
            "copy it anew"
        )
    return contents, config


def restore(module: nn.Module, tensors: Mapping[str, Tensor], *, where: FilePath) -> None:
    """Copy tensors into a module; the names must be exactly those of the module's tensors.

    Raises
    ------
    InvalidDataError
        If a tensor is missing, unknown to the module, or of another shape; each is named.
    """
    tensors = {_current(name): tensor for name, tensor in tensors.items()}
    wanted = module.state_dict()
    wrong = [f"lacks {name}" for name in wanted if name not in tensors]
    wrong += [f"has an unknown {name}" for name in tensors if name not in wanted]
    wrong += [
        f"has {name} of shape {tuple(tensors[name].shape)}, expected {tuple(wanted[name].shape)}"
        for name in wanted
        if name in tensors and tensors[name].shape != wanted[name].shape
    ]
    if wrong:
        more = f" and {len(wrong) - 3} more differences" if len(wrong) > 3 else ""
        raise InvalidDataError(
            f"{where}: these weights are of another network: the file {'; '.join(wrong[:3])}{more}"
        )
    with torch.no_grad():
        for name, tensor in wanted.items():
            tensor.copy_(tensors[name])


def _current(name: str) -> str:
    """Return a tensor's name in this version; files of version 0.1 spell ``standardise``."""
    return name.replace("standardise.", "standardize.")
