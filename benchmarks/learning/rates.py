"""Learning rates by group of parameters, as real rates of the optimizer's groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd
import torch
from torch import nn

from benchmarks.learning.classifier import Backbone, Classifier
from benchmarks.learning.freezing import is_frozen
from benchmarks.learning.tracing import numbered_layers
from encoders.errors import InvalidNetworkError, TrainingError

HEAD = "head"
ULMFIT_DECAY = 1 / 2.6
"""Ratio of a layer's rate to that of the next one (Howard & Ruder 2018, section 3.2)."""


@dataclass(frozen=True)
class RateGroup:
    """Parameters that share a learning rate.

    Attributes
    ----------
    name : str
    modules : tuple of torch.nn.Module
        Modules whose parameters these are.
    parameters : tuple of torch.nn.Parameter
        Parameters that are not frozen.
    rate : float
        Largest learning rate; the schedule multiplies it.
    weight_decay : float or None
        None: that of the training's configuration.
    begin : float
        Share of the training, in [0, 1), after which the group is trained; until then it is frozen.
    """

    name: str
    modules: tuple[nn.Module, ...]
    parameters: tuple[nn.Parameter, ...]
    rate: float
    weight_decay: float | None = None
    begin: float = 0.0


def module_group(
    name: str, *modules: nn.Module, rate: float, weight_decay: float | None = None
) -> RateGroup:
    """Return the group of all parameters of some modules that are not frozen."""
    values = {id(p): p for module in modules for p in module.parameters() if p.requires_grad}
    return RateGroup(name, modules, tuple(values.values()), rate, weight_decay)


def uniform(module: nn.Module, rate: float) -> list[RateGroup]:
    """Return one group with all parameters of a module, at one rate."""
    return [module_group("all", module, rate=rate)]


def head_faster(model: Classifier, rate: float, *, ratio: float = 10.0) -> list[RateGroup]:
    """Return the backbone at a rate, and the head at ``ratio`` times this rate.

    The default is the rule of DAN (Long et al. 2015, section 4.1) and of its successors.
    """
    groups = [
        module_group("backbone", model.backbone, rate=rate),
        module_group(HEAD, model.head, rate=rate * ratio),
    ]
    return [group for group in groups if group.parameters]


def layerwise(model: Classifier, rate: float, *, decay: float = ULMFIT_DECAY) -> list[RateGroup]:
    """Return one group a layer, the head at ``rate``, each layer below at ``decay`` times the next.

    The rate of layer l of L (`numbered_layers`) is ``rate * decay ** (L + 1 - l)``. Frozen layers
    have no group but count.

    Parameters
    ----------
    model : Classifier
    rate : float
        Rate of the head.
    decay : float
        In (0, 1]. ULMFiT takes 1/2.6 (the default); BEiT and MAE .65 to .8.

    Raises
    ------
    TrainingError
        If ``decay`` is not in (0, 1].
    InvalidNetworkError
        If torch.fx cannot trace the backbone.
    """
    if not 0 < decay <= 1:
        raise TrainingError(f"the decay of the rates is {decay}, expected more than 0 and up to 1")
    layers = _layer_groups(model.backbone)
    count = len(layers)
    groups = [
        replace(group, rate=rate * decay ** (count - index)) for index, group in enumerate(layers)
    ]
    groups.append(module_group(HEAD, model.head, rate=rate))
    return [group for group in groups if group.parameters]


def _layer_groups(backbone: Backbone) -> list[RateGroup]:
    """Return one group a numbered layer, the lowest first; loose parameters join the lowest."""
    layers, named = numbered_layers(backbone.layers), dict(backbone.layers.named_parameters())
    owned = {name for layer in layers for name in layer.parameters}
    groups = []
    for layer in layers:
        names = list(layer.parameters)
        if layer.number == 1:
            names = [name for name in named if name not in owned] + names
        values = tuple(named[name] for name in names if named[name].requires_grad)
        modules = tuple(backbone.layers.get_submodule(name) for name in layer.modules)
        groups.append(RateGroup(f"{layer.number} {layer.name}", modules, values, 0.0))
    return groups


def gradual_unfreezing(groups: Sequence[RateGroup], *, until: float = 0.5) -> list[RateGroup]:
    """Return the groups so that the last is trained from the beginning, and one more at a time.

    With G groups, the group at place g from the end begins at ``g * until / (G - 1)`` of
    the training: the first one at ``until``. Each keeps its rate. A group that has not begun is
    frozen: its parameters and its batch normalization do not change.
    Source: Howard & Ruder 2018, section 3.3, with an epoch for each group.

    Raises
    ------
    TrainingError
        If ``until`` is not in [0, 1).
    """
    if not 0 <= until < 1:
        raise TrainingError(f"all groups are to be trained from {until} on, expected [0, 1)")
    last = max(1, len(groups) - 1)
    return [
        replace(group, begin=until * (len(groups) - 1 - index) / last)
        for index, group in enumerate(groups)
    ]


def effective_rates(optimizer: torch.optim.Optimizer) -> pd.DataFrame:
    """Return the rates that an optimizer's groups hold at this moment, a row a group.

    The columns are ``group``, ``tensors``, ``parameters``, ``rate``, ``weight_decay``, and
    ``trained``: whether its parameters have gradients now. The key ``lr_scale``, which timm writes
    and no optimizer of PyTorch reads, is ignored as the optimizer does.
    """
    return pd.DataFrame(
        [
            {
                "group": group.get("name", str(index)),
                "tensors": len(group["params"]),
                "parameters": sum(value.numel() for value in group["params"]),
                "rate": float(group["lr"]),
                "weight_decay": float(group.get("weight_decay", 0.0)),
                "trained": any(value.requires_grad for value in group["params"]),
            }
            for index, group in enumerate(optimizer.param_groups)
        ]
    )


def checked_groups(groups: Sequence[RateGroup]) -> list[RateGroup]:
    """Return the groups that have parameters.

    Raises
    ------
    InvalidNetworkError
        If there is none, a parameter is in two groups, or a group that begins later contains
        frozen modules, which its beginning would unfreeze.
    """
    seen: dict[int, str] = {}
    for group in groups:
        for value in group.parameters:
            if (other := seen.setdefault(id(value), group.name)) != group.name:
                raise InvalidNetworkError(
                    f"a parameter is in the groups {other!r} and {group.name!r}, expected one"
                )
        if group.begin > 0 and any(is_frozen(m) for one in group.modules for m in one.modules()):
            raise InvalidNetworkError(
                f"the group {group.name!r} is to be trained later, but has frozen layers; "
                "make groups of the layers that are not frozen"
            )
    trained = [group for group in groups if group.parameters]
    if not trained:
        raise InvalidNetworkError("all parameters are frozen; leave at least the head to train")
    return trained
