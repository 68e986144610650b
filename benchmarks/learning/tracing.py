"""Trace networks with torch.fx: layers in order, and the points through which everything passes."""

from __future__ import annotations

import difflib
import importlib
import operator
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import fx, nn

from encoders.errors import InvalidNetworkError
from encoders.networks.zoo import import_torchvision

SIZES = ("shape", "ndim", "device", "dtype")
SIZE_METHODS = ("size", "dim", "numel")
ARITHMETIC = (
    operator.getitem,
    operator.add,
    operator.sub,
    operator.mul,
    operator.floordiv,
    operator.mod,
)
CONTAINERS = (nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict)


class UntraceableError(InvalidNetworkError):
    """A network that torch.fx cannot trace."""


@dataclass(frozen=True)
class Trace:
    """The operations of a network in one mode, in the order in which they run.

    Attributes
    ----------
    graph : torch.fx.Graph
    names : mapping from nodes of the graph to str
        Qualified names as torchvision's feature extraction makes them: that of a module that is
        called, such as ``layer1.0.conv1``, or of an operation, such as ``layer1.0.add``.
    """

    graph: fx.Graph
    names: dict[fx.Node, str]

    def node(self, name: str) -> fx.Node:
        """Return the last node of that name, or of the module of that name.

        Raises
        ------
        InvalidNetworkError
            If nothing has that name.
        """
        inside = name + "."
        nodes: list[fx.Node] = list(self.graph.nodes)
        for node in reversed(nodes):
            own = self.names.get(node, "")
            if own == name or (own.startswith(inside) and node.op != "output"):
                return node
        raise InvalidNetworkError(
            f"no layer {name!r}; there are {', '.join(self.top_names())} and what they "
            f"contain{did_you_mean(name, self.names.values())}"
        )

    def top_names(self) -> list[str]:
        """Return the first parts of all names of modules that are called, in order."""
        called = [self.names[node] for node in self.graph.nodes if node.op == "call_module"]
        return list(dict.fromkeys(name.split(".")[0] for name in called))


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return a question that asks for the layers most like a misspelled one; "" if none is.

    Parameters
    ----------
    names : iterable of str
        Names with dots, such as ``layer1.0.conv1``; their beginnings, such as ``layer1``, count.
    """
    known = {
        ".".join(parts[:end]): None
        for parts in (each.split(".") for each in names)
        for end in range(1, len(parts) + 1)
    }
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.8)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def trace(module: nn.Module, *, training: bool = False) -> Trace:
    """Trace a network in one mode; its mode is restored.

    Layers of PyTorch, and modules derived from them, are traced as one operation each.

    Raises
    ------
    UntraceableError
        If torch.fx cannot trace it, because what it does depends on values of its input.
    """
    import_torchvision()
    extraction: Any = importlib.import_module("torchvision.models.feature_extraction")
    arguments = extraction._set_default_tracer_kwargs({"leaf_modules": _leaf_types(module)})
    tracer = extraction.NodePathTracer(**arguments)
    modes = {each: each.training for each in module.modules()}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            graph = tracer.trace(module.train(training))
    except Exception as error:  # whatever the network's own code raises for a stand-in of a tensor
        reason = " ".join(str(error).split())[:150]
        raise UntraceableError(
            f"torch.fx cannot trace {type(module).__name__} ({reason}); name a layer of it instead "
            "of a number"
        ) from None
    finally:
        for each, mode in modes.items():
            each.training = mode
    return Trace(graph, dict(tracer.node_to_qualname))


def _leaf_types(module: nn.Module) -> list[type[nn.Module]]:
    """Return the types of modules that are derived from a layer of PyTorch."""
    types = {type(each) for each in module.modules()}
    return [
        each
        for each in types
        if any(
            base.__module__.startswith("torch.nn") and base not in CONTAINERS
            for base in each.__mro__
        )
        and not issubclass(each, nn.Sequential | nn.ModuleList | nn.ModuleDict | fx.GraphModule)
    ]


def cut_points(traced: Trace) -> list[fx.Node]:
    """Return the nodes whose output is all that the later ones need of the earlier ones.

    In a network without branches that is every node. In a residual network it is the end of every
    block, in an Inception network that of every concatenation, in a transformer each sum of the
    residual stream. Weights and sizes of tensors may still be needed.
    """
    nodes = [node for node in traced.graph.nodes if node.op != "output"]
    place = {node: index for index, node in enumerate(nodes)}
    ignored = _constants_and_sizes(nodes)
    last_use = {
        node: max((place.get(user, len(nodes)) for user in node.users), default=-1)
        for node in nodes
        if node not in ignored
    }
    cuts, needed_until = [], -1
    for index, node in enumerate(nodes):
        if node in ignored or last_use[node] < 0:
            continue
        if needed_until <= index and node.op != "placeholder":
            cuts.append(node)
        needed_until = max(needed_until, last_use[node])
    return cuts


def _constants_and_sizes(nodes: list[fx.Node]) -> set[fx.Node]:
    """Return the nodes that depend on no input, and those that are sizes of tensors."""
    constant: set[fx.Node] = set()
    sizes: set[fx.Node] = set()
    for node in nodes:
        inputs = node.all_input_nodes
        if is_constant(node) or (node.op != "placeholder" and constant.issuperset(inputs)):
            constant.add(node)
        elif (
            (node.target is getattr and node.args[1] in SIZES)
            or (node.op == "call_method" and node.target in SIZE_METHODS)
            or (node.target in ARITHMETIC and inputs and (constant | sizes).issuperset(inputs))
        ):
            sizes.add(node)
    return constant | sizes


def is_constant(node: fx.Node) -> bool:
    """Return whether a node is a weight, or an argument that has a default value."""
    return node.op == "get_attr" or (node.op == "placeholder" and bool(node.args))


@dataclass(frozen=True)
class NumberedLayer:
    """A layer of the numbering from 1: a stretch with weights between two cut points.

    Attributes
    ----------
    number : int
    name : str
        Name of the stretch's last node; keeping it keeps layers 1 to ``number``.
    modules : tuple of str
        Names of the modules that the stretch calls.
    parameters : tuple of str
        Names of the network's parameters in the stretch.
    """

    number: int
    name: str
    modules: tuple[str, ...]
    parameters: tuple[str, ...]


def numbered_layers(module: nn.Module) -> tuple[NumberedLayer, ...]:
    """Return the layers of a network in the order in which they run, numbered from 1.

    A layer begins with a convolution, a linear layer or another module that has matrices, after a
    point through which everything passes (`cut_points`), and ends before the next such layer.
    So it includes the normalization, activation and pooling that follow. A residual block counts as
    one layer, as do the parallel branches of an Inception block.

    Raises
    ------
    InvalidNetworkError
        If torch.fx cannot trace the network, or it has no layer with weights.
    """
    traced = trace(module)
    ends = set(cut_points(traced))
    stretches: list[list[fx.Node]] = [[]]
    for node in traced.graph.nodes:
        if node.op == "output":
            break
        stretches[-1].append(node)
        if node in ends:
            stretches.append([])
    layers: list[list[fx.Node]] = [[]]
    started = False
    for stretch in stretches:
        if any(_has_matrix(module, node) for node in stretch):
            if started:
                layers.append([])
            started = True
        layers[-1].extend(stretch)
    if not started:
        raise InvalidNetworkError(f"{type(module).__name__} has no layer with weights")
    return tuple(
        _numbered(number, module, traced, nodes, ends) for number, nodes in enumerate(layers, 1)
    )


def _numbered(
    number: int, module: nn.Module, traced: Trace, nodes: list[fx.Node], ends: set[fx.Node]
) -> NumberedLayer:
    """Return the layer that consists of some nodes."""
    end = next((node for node in reversed(nodes) if node in ends), nodes[-1])
    called = tuple(dict.fromkeys(str(n.target) for n in nodes if n.op == "call_module"))
    inside = [f"{name}.{inner}" for name in called for inner, _ in _parameters(module, name)]
    own = {name for name, _ in module.named_parameters()}
    inside += [str(n.target) for n in nodes if n.op == "get_attr" and n.target in own]
    return NumberedLayer(number, traced.names[end], called, tuple(dict.fromkeys(inside)))


def _parameters(module: nn.Module, name: str) -> list[tuple[str, nn.Parameter]]:
    """Return the named parameters of a submodule."""
    return list(module.get_submodule(name).named_parameters())


def _has_matrix(module: nn.Module, node: fx.Node) -> bool:
    """Return whether a node calls a module that has a parameter of two dimensions or more."""
    return node.op == "call_module" and any(
        value.ndim > 1 for _, value in _parameters(module, str(node.target))
    )
