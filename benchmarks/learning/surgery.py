"""Model surgery: keep the first ones, borrow a stretch, new first and last layers."""

from __future__ import annotations

import importlib
from typing import Any, Literal, cast

import torch
from torch import Tensor, fx, nn

from benchmarks.learning.tracing import (
    Trace,
    UntraceableError,
    is_constant,
    numbered_layers,
    trace,
)
from encoders.errors import InvalidNetworkError
from encoders.networks.layers import layer_output, layer_shapes


class StoppedNetwork(nn.Module):
    """The part of a network up to a named layer, for networks that torch.fx cannot trace.

    Attributes
    ----------
    module : torch.nn.Module
        The whole network; its later layers are not computed.
    name : str
    """

    def __init__(self, module: nn.Module, name: str) -> None:
        super().__init__()
        self.module, self.name = module, name

    def forward(self, images: Tensor) -> Tensor:
        """Return the output of the layer."""
        return cast(Tensor, layer_output(self.module, self.name, images))


def layer_name(module: nn.Module, keep: int | str) -> str:
    """Return the name of a layer that is given by its number from 1 or its name.

    Raises
    ------
    InvalidNetworkError
        If there are fewer layers, or the name is empty.
    """
    if isinstance(keep, str) and not keep.isdecimal():
        if not keep.strip():
            raise InvalidNetworkError(
                "a layer's name is empty; `list_layers` (--layers) shows the names"
            )
        return keep
    layers = numbered_layers(module)
    if not 1 <= int(keep) <= len(layers):
        raise InvalidNetworkError(
            f"layer {keep} of {type(module).__name__}, expected 1 to {len(layers)}; "
            "`list_layers` (--layers) shows the numbers"
        )
    return layers[int(keep) - 1].name


def keep_layers(module: nn.Module, keep: int | str) -> nn.Module:
    """Return the part of a network up to a layer; it shares the network's weights.

    Parameters
    ----------
    module : torch.nn.Module
        Any network of one input. Copy it first (`copy.deepcopy`) to leave it as it is.
    keep : int or str
        Number K: the first K layers of `numbered_layers`. Name: up to the end of that module
        ("layer3"), or operation as torchvision's feature extraction names it ("layer3.0.add").

    Returns
    -------
    torch.nn.Module
        Only the kept layers, with their names. Its code differs between training and evaluation as
        the network's does. For a network that torch.fx cannot trace it is a `StoppedNetwork`.

    Raises
    ------
    InvalidNetworkError
        If there is no such layer.
    """
    name = layer_name(module, keep)
    try:
        return borrow(module, None, name)
    except UntraceableError:
        if name in dict(module.named_modules()) and name:
            return StoppedNetwork(module, name)
    raise InvalidNetworkError(
        f"no layer {name!r} in {type(module).__name__}; there are "
        f"{', '.join(child for child, _ in module.named_children())} and what they contain"
    )


def borrow(module: nn.Module, after: int | str | None, until: int | str) -> nn.Module:
    """Return a stretch of a network's layers as a module; it shares the network's weights.

    Parameters
    ----------
    module : torch.nn.Module
    after : int, str or None
        The layer whose output is the stretch's input, by number or name; None is the network's
        input.
    until : int or str
        The layer whose output is the stretch's output.

    Raises
    ------
    InvalidNetworkError
        If there is no such layer, the network cannot be traced, or the stretch needs more than the
        output of ``after``; the ends of numbered layers always suffice.
    """
    first = None if after is None else layer_name(module, after)
    last = layer_name(module, until)
    training = module.training
    graphs = [_stretch(trace(module, training=mode), first, last) for mode in (True, False)]
    extraction: Any = importlib.import_module("torchvision.models.feature_extraction")
    result = cast(nn.Module, extraction.DualGraphModule(module, *graphs, "KeptLayers"))
    return result.train(training)


def _stretch(traced: Trace, first: str | None, last: str) -> fx.Graph:
    """Return the graph of the nodes that lead from one named node to another."""
    begin = None if first is None else traced.node(first)
    end = traced.node(last)
    needed, waiting = set(), [end]
    while waiting:
        node = waiting.pop()
        if node in needed or node is begin:
            continue
        needed.add(node)
        waiting.extend(node.all_input_nodes)
        if begin is not None and node.op == "placeholder" and not is_constant(node):
            raise InvalidNetworkError(
                f"the layers after {first!r} until {last!r} need more than its output; borrow "
                "from the end of a numbered layer, as `list_layers` (--layers) shows them"
            )
    graph = fx.Graph(tracer_cls=traced.graph._tracer_cls)
    copies: dict[fx.Node, fx.Node] = {}
    if begin is not None:
        copies[begin] = graph.placeholder("images")
    for node in traced.graph.nodes:
        if node in needed:
            copies[node] = graph.node_copy(node, lambda old: copies[old])
    graph.output(copies[end])
    return graph


def remove_head(module: nn.Module, images: Tensor) -> nn.Module:
    """Replace a network's last layer by nothing, in place, and return that layer.

    The last layer is the last linear layer or convolution that runs. For classifiers of
    torchvision and timm the output is then the features.

    Raises
    ------
    InvalidNetworkError
        If the network has no such layer.
    """
    names = [
        name
        for name in layer_shapes(module, images)
        if isinstance(module.get_submodule(name), nn.Linear | nn.Conv2d)
    ]
    if not names:
        raise InvalidNetworkError(f"{type(module).__name__} has no linear layer or convolution")
    head = module.get_submodule(names[-1])
    _replace(module, names[-1], nn.Identity())
    return head


def with_channels(
    module: nn.Module,
    channels: int,
    *,
    initial: Literal["average", "random"] = "average",
    seed: int = 0,
) -> nn.Module:
    """Replace the first convolution by one for another number of channels, in place.

    Parameters
    ----------
    module : torch.nn.Module
    channels : int
        Channels of the new inputs.
    initial : "average" or "random"
        With "average", the weights of each new channel are the mean of the old ones times
        old/new channels: for a gray picture that is the response to the same picture in
        all old channels. With "random", they are drawn.
    seed : int
        Draws random weights.

    Returns
    -------
    torch.nn.Module
        The same module.

    Raises
    ------
    InvalidNetworkError
        If it has no convolution.
    """
    found = [(name, m) for name, m in module.named_modules() if isinstance(m, nn.Conv2d)]
    if not found:
        raise InvalidNetworkError(f"{type(module).__name__} has no convolution to replace")
    name, old = found[0]
    if old.in_channels == channels:
        return module
    if old.groups != 1:
        raise InvalidNetworkError(f"the first convolution {name!r} has groups, expected none")
    weight = old.weight.detach()
    new_weight = weight.mean(1, keepdim=True) * weight.shape[1] / channels
    new_weight = new_weight.repeat(1, channels, 1, 1)
    if initial == "random":
        generator = torch.Generator().manual_seed(seed)
        spread = (channels * weight[0, 0].numel()) ** -0.5
        new_weight = (2 * torch.rand(new_weight.shape, generator=generator) - 1) * spread
    old.weight = nn.Parameter(new_weight.contiguous())
    old.in_channels = channels
    return module


def _replace(module: nn.Module, name: str, new: nn.Module) -> None:
    """Put another module in the place of a named one."""
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, new)
