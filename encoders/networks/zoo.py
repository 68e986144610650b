"""Load models by name from torchvision and timm, which are optional packages."""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import pickle
import sys
import warnings
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import torch
from torch import Tensor, nn

from encoders.errors import InvalidNetworkError, UnknownNameError
from encoders.errors.extras import missing
from encoders.networks.downloads import download_errors, offline_if_unreachable

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
"""Means and standard deviations of ImageNet's channels in [0, 1], as torchvision publishes them."""

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def _declared() -> Any:
    """Declare torchvision's two operators without an implementation; the cache keeps them alive."""
    library = cast(Any, torch.library.Library)("torchvision", "DEF")
    for operator in OPERATORS:
        library.define(operator)
    return library


def import_torchvision() -> ModuleType:
    """Import torchvision, even if its compiled operators do not load.

    Each of its wheels is built for one build of PyTorch. With another build (for example a CUDA
    wheel with PyTorch for CPUs) the import fails, because the operators ``torchvision::nms`` and
    ``torchvision::qnms`` do not exist. No classification model uses them, so declaring them is
    enough for the import; only the operators of detection stay unusable.

    Raises
    ------
    MissingPackageError
        If torchvision is not installed.
    """
    if importlib.util.find_spec("torchvision") is None:
        raise missing("this needs torchvision", "torchvision")
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error) or "does not exist" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    _declared()
    return importlib.import_module("torchvision")


def import_timm() -> ModuleType:
    """Import timm, which needs torchvision.

    Raises
    ------
    MissingPackageError
        If timm is not installed.
    """
    if importlib.util.find_spec("timm") is None:
        raise missing("this needs timm", "timm")
    import_torchvision()
    return importlib.import_module("timm")


def named_model(
    name: str, weights: str | Path | None
) -> tuple[nn.Module, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Load a model by name; returns it, and the means and deviations of its normalization.

    Parameters
    ----------
    name, weights
        ``model`` and ``weights`` of `external`.

    Raises
    ------
    InvalidNetworkError, MissingPackageError, UnknownNameError
        As `external` does.
    """
    if weights is None:
        raise InvalidNetworkError(
            f"say which weights {name!r} shall have: a file, a name from its package's registry "
            "such as weights='DEFAULT' (downloaded), or weights='random'"
        )
    package, _, model = name.rpartition(":")
    if package not in ("", "torchvision", "timm"):
        raise UnknownNameError(f"no models of {package!r}; choose torchvision or timm")
    in_timm = importlib.util.find_spec("timm") is not None
    if package != "timm":
        models = import_torchvision().models
        if model in models.list_models(module=models):
            return _torchvision(models, model, str(weights)), IMAGENET
        if package or not in_timm:
            raise UnknownNameError(
                f"torchvision has no classification model {model!r}; "
                + _meant(model, models.list_models(module=models))
                + "torchvision.models.list_models(module=torchvision.models) lists what it has"
                + ("" if package else "; timm, which may have it, is not installed")
            )
    return _timm(import_timm(), model, str(weights))


def seeded_model(
    name: str, weights: str | Path | None, seed: int
) -> tuple[nn.Module, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Return what `named_model` returns; random weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.manual_seed(seed)
        return named_model(name, weights)


def _meant(name: str, names: Iterable[str]) -> str:
    """Return a question that asks for the names most like a misspelled one; "" if there is none."""
    near = difflib.get_close_matches(name, list(names), n=3, cutoff=0.75)
    return f"did you mean {' or '.join(near)}? " if near else ""


def _torchvision(models: Any, model: str, weights: str) -> nn.Module:
    """Make a torchvision model with weights from its registry, from a file, or random ones."""
    listed = [entry.name for entry in models.get_model_weights(model)]
    if weights in ("DEFAULT", *listed):
        with download_errors(model, weights):
            return cast(nn.Module, models.get_model(model, weights=weights))
    return load_weights(models.get_model(model, weights=None), weights, listed)


def _timm(timm: Any, model: str, weights: str) -> tuple[nn.Module, Any]:
    """Make a timm model with weights from its registry, from a file, or random ones."""
    if not timm.is_model(model.split(".")[0]):
        raise UnknownNameError(
            f"timm has no model {model!r}; {_meant(model, timm.list_models())}timm.list_models() "
            "lists its names"
        )
    if weights == "DEFAULT":
        with download_errors(model, weights), offline_if_unreachable():
            network = timm.create_model(model, pretrained=True)
    else:
        network = load_weights(timm.create_model(model), weights, ["DEFAULT"])
    config = network.pretrained_cfg
    return network, (tuple(config.get("mean", IMAGENET[0])), tuple(config.get("std", IMAGENET[1])))


def load_weights(model: nn.Module, weights: str, listed: list[str]) -> nn.Module:
    """Load the ``state_dict`` of a file into a model; "random" leaves it unchanged.

    Raises
    ------
    InvalidNetworkError
        If there is no such file, or a name or shape in it differs.
    """
    if weights == "random":
        return model
    if not Path(weights).is_file():
        raise InvalidNetworkError(
            f"weights {weights!r} are neither a file nor in the registry, which has: "
            + ", ".join(listed)
        )
    try:
        model.load_state_dict(read_state(Path(weights)))
    except RuntimeError as error:
        differences = " ".join(str(error).split())[:300]
        raise InvalidNetworkError(
            f"{weights} does not fit the model: {differences}; give weights of this model, or name "
            "the model that they are of"
        ) from None
    return model


def read_state(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a ``.safetensors`` or PyTorch file, without executing its code.

    Raises
    ------
    MissingPackageError
        If the file needs safetensors and it is not installed.
    InvalidNetworkError
        If the file is broken, or does not hold a ``state_dict``.
    """
    if path.suffix == ".safetensors" and importlib.util.find_spec("safetensors") is None:
        raise missing(f"{path} needs safetensors", "safetensors")
    try:
        if path.suffix == ".safetensors":
            return dict(importlib.import_module("safetensors.torch").load_file(path))
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # both readers raise several types of errors
        if isinstance(error, pickle.UnpicklingError) and "GLOBAL" in str(error):
            raise InvalidNetworkError(
                f"{path} holds more than tensors, and might run code when it is read; write the "
                "weights alone with `torch.save(model.state_dict(), FILE)`, or as .safetensors"
            ) from None
        reason = " ".join(str(error).split())[:120]
        raise InvalidNetworkError(
            f"{path} is not a complete file of weights ({type(error).__name__}: {reason}); give a "
            "state_dict that torch.save wrote, or a .safetensors file"
        ) from None
    state = state.get("state_dict", state) if isinstance(state, Mapping) else None
    if not state or not all(isinstance(value, Tensor) for value in state.values()):
        raise InvalidNetworkError(
            f"{path} holds no state_dict, expected tensors by name: write it with "
            "torch.save(model.state_dict(), FILE)"
        )
    return dict(state)
