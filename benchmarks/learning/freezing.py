"""Freezing: parameters without gradients, and batch normalization that stays in evaluation mode."""

from __future__ import annotations

import types

import torch
from torch import nn

from benchmarks.learning.classifier import Backbone
from benchmarks.learning.tracing import did_you_mean, numbered_layers
from encoders.errors import InvalidNetworkError


def freeze(module: nn.Module) -> None:
    """Freeze a module in place: its parameters and its buffers never change until `unfreeze`.

    Its parameters need no gradients. It is in evaluation mode, and calls of ``train`` on it or on a
    module that contains it leave it there, so that statistics of batch normalization stay and
    nothing is dropped out. A copy of it is frozen too.
    """
    module.requires_grad_(False)
    for each in module.modules():
        each.__dict__["train"] = types.MethodType(_stay_in_evaluation, each)
    module.eval()


def unfreeze(module: nn.Module, *, training: bool = True) -> None:
    """Undo `freeze`; the module is in training mode afterwards unless ``training`` is false."""
    module.requires_grad_(True)
    for each in module.modules():
        each.__dict__.pop("train", None)
    module.train(training)


def is_frozen(module: nn.Module) -> bool:
    """Return whether a module was frozen itself, or within a module that was."""
    return "train" in module.__dict__


def _stay_in_evaluation(module: nn.Module, mode: bool = True) -> nn.Module:
    """Stay in evaluation mode, also when training mode is set."""
    return type(module).train(module, False)


def freeze_first(backbone: Backbone, layer: int | str) -> tuple[str, ...]:
    """Freeze the layers of a backbone up to one of them, in place.

    Parameters
    ----------
    backbone : Backbone
    layer : int or str
        The number of the last frozen layer (`numbered_layers`; 0 freezes nothing), or the name of
        the last frozen module.

    Returns
    -------
    tuple of str
        Names of the modules of ``backbone.layers`` that are frozen, in the order in which they run.

    Raises
    ------
    InvalidNetworkError
        If there is no such layer.
    """
    layers = numbered_layers(backbone.layers)
    called = [name for each in layers for name in each.modules]
    if isinstance(layer, int) or layer.isdecimal():
        if not 0 <= int(layer) <= len(layers):
            raise InvalidNetworkError(
                f"cannot freeze the first {layer} layers of {len(layers)}; `list_layers` "
                "(--layers) shows the numbers"
            )
        frozen = [name for each in layers[: int(layer)] for name in each.modules]
    else:
        inside = [n for n in called if n == layer or n.startswith(f"{layer}.")]
        if not inside:
            raise InvalidNetworkError(
                f"no layer {layer!r} to freeze; there are "
                f"{', '.join(dict.fromkeys(name.split('.')[0] for name in called))}"
                + did_you_mean(layer, called)
            )
        frozen = called[: called.index(inside[-1]) + 1]
    for name in frozen:
        freeze(backbone.layers.get_submodule(name))
    _freeze_loose(backbone.layers, called, set(frozen))
    return tuple(frozen)


def _freeze_loose(layers: nn.Module, called: list[str], frozen: set[str]) -> None:
    """Freeze parameters outside of called modules whose module has a frozen module inside.

    These are for example a transformer's class token and position embedding.
    """
    inside_called = {
        id(value) for name in called for value in layers.get_submodule(name).parameters()
    }
    for name, module in layers.named_modules():
        prefix = f"{name}." if name else ""
        if any(one.startswith(prefix) for one in frozen):
            for value in module.parameters(recurse=False):
                if id(value) not in inside_called:
                    value.requires_grad_(False)


def count_trainable(module: nn.Module) -> int:
    """Return the number of parameters that are not frozen."""
    return sum(value.numel() for value in module.parameters() if value.requires_grad)


def same_tensors(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    """Return the names of the tensors of two ``state_dict`` that have equal bits."""
    return [name for name in one if name in other and torch.equal(one[name], other[name])]
