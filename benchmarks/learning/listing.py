"""The list of a network's layers, with their output shapes and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor, nn

from benchmarks.learning.tracing import (
    NumberedLayer,
    numbered_layers,
)
from encoders.errors import InvalidNetworkError
from encoders.networks.layers import layer_shapes


@dataclass(frozen=True)
class ListedLayer:
    """A module of a network, as `list_layers` lists it.

    Attributes
    ----------
    name, kind : str
        Its name as in `named_modules`, and its class.
    shape : tuple of int
        Shape of its output.
    parameters : int
        Number of its parameters, those of modules inside of it included.
    number : int or None
        The number of the layer (`numbered_layers`) in which it ends, if it can be numbered.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    number: int | None


def list_layers(module: nn.Module, images: Tensor) -> tuple[ListedLayer, ...]:
    """Return the modules of a network that run once with one tensor as output, in order.

    Parameters
    ----------
    module : torch.nn.Module
        It is not changed; it runs in evaluation mode.
    images : tensor
        An input; the first entries of the listed shapes are its number of images.
    """
    try:
        numbered: Sequence[NumberedLayer] = numbered_layers(module)
    except InvalidNetworkError:
        numbered = ()
    return tuple(
        ListedLayer(
            name,
            type(layer := module.get_submodule(name)).__name__,
            shape,
            sum(parameter.numel() for parameter in layer.parameters()),
            _number_of(name, numbered),
        )
        for name, shape in layer_shapes(module, images).items()
    )


def _number_of(name: str, numbered: Sequence[NumberedLayer]) -> int | None:
    """Return the number of the last layer that calls the module or one inside of it."""
    inside = name + "."
    for layer in reversed(numbered):
        if any(called == name or called.startswith(inside) for called in layer.modules):
            return layer.number
    return None
