"""Describe encoders outside the bank as sources of transfers, by values that can be sent."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from encoders.errors import InvalidDataError, InvalidNetworkError
from encoders.networks.external import External, LayerLayout, external
from encoders.networks.lite0 import LITE0_STATISTICS, lite0, lite0_file, lite0_network
from encoders.networks.zoo import IMAGENET, read_state, seeded_model
from encoders.tasks.definition import function_hash
from encoders.tasks.user_files import (
    absolute_reference,
    is_file_reference,
    load_object,
    one_line,
    user_place,
)
from taskgraph.tasks.aliases import RESERVED, standard_name

EXAMPLE = "resnet=torchvision:resnet18, lite=lite0 or mine=my_nets.py:build,keep=layer3"
EXPECTED = "a torch.nn.Module, or a function without arguments that returns one"
LITE0, LITE0_MODEL = "lite0", "timm:tf_efficientnet_lite0"
LITE0_TENSOR = "conv_stem.weight"
"""A tensor of timm's EfficientNet-Lite0; the package with its weights has another name for it."""

_NAME = re.compile(r"\w[\w.-]*")
_WHOLE = ("size", "channels", "seed")


@dataclass(frozen=True)
class ExternalSource:
    """An encoder that is not of a bank, as a source of transfers.

    Attributes
    ----------
    name : str
        The name of the source in tables.
    model : str or function
        ``torchvision:MODEL``; ``timm:MODEL``; ``lite0``, the EfficientNet-Lite0 that an installed
        package has trained on ImageNet; ``FILE.py:NAME``, a module or a function without arguments
        that returns one; or such a function itself, of a module that other processes can import.
    weights : str
        For a model of torchvision or timm, as in `external`; by default "random".
    keep, layout : str, optional
        As in `external`.
    size : int, optional
        Side in pixels to which pictures are resized for the network; by default they are not.
    channels : int
        Number of channels of the representation, the layer's principal components on the training
        images. The default is that of a bank's encoders. 0: all channels of the layer, as they are;
        a layer of fewer channels is left as it is, too.
    normalize : str
        "imagenet" for a module that was trained so; models by name have their own.
    seed : int
        Draws weights that are not trained.
    """

    name: str
    model: str | Callable[[], nn.Module]
    weights: str = ""
    keep: str | None = None
    size: int | None = None
    channels: int = 8
    layout: LayerLayout = "auto"
    normalize: str = ""
    seed: int = 0

    def __post_init__(self) -> None:
        problem = ""
        if not _NAME.fullmatch(self.name) or self.name in RESERVED:
            problem = "its name has other signs than letters, digits, dots, dashes and underscores"
            problem = "its name is reserved" if self.name in RESERVED else problem
        elif known := standard_name(self.name):
            problem = f"its name means the task {known}; take another one"
        elif self.layout not in ("auto", "NCHW", "NHWC", "tokens"):
            problem = f'layout is "{self.layout}", expected auto, NCHW, NHWC or tokens'
        elif self.normalize not in ("", "imagenet"):
            problem = f'normalize is "{self.normalize}", expected imagenet, or leave it out'
        elif self.channels < 0 or (self.size is not None and self.size < 1):
            problem = "channels must be at least 0, and size at least 1"
        elif self.weights and not self._by_name:
            problem = (
                "weights are for models of torchvision and timm; load your own in its function"
            )
        if problem:
            raise InvalidDataError(f'the external source "{self.name}": {problem}')

    @property
    def _by_name(self) -> bool:
        """Return whether the model is one of torchvision or timm."""
        return isinstance(self.model, str) and self.model.startswith(("torchvision:", "timm:"))

    @property
    def _file(self) -> str | None:
        """Return the Python file that the model is of; None for any other model."""
        named = isinstance(self.model, str) and is_file_reference(self.model)
        return str(self.model).rpartition(":")[0] if named else None

    @property
    def untrained(self) -> bool:
        """Return whether the weights are drawn at random because none are named."""
        return self._by_name and not self.weights

    def build(self, *, probe: int = 64) -> External:
        """Make the frozen encoder, with all channels of its layer.

        Raises
        ------
        InvalidDataError, InvalidNetworkError, MissingPackageError, UnknownNameError
            If there is no such model, file or layer, or the weights do not fit.
        """
        module, statistics = self._module()
        if self.normalize == "imagenet":
            statistics = IMAGENET
        keep = self.keep
        try:
            return external(
                module,
                keep=keep,
                normalize=statistics,
                size=self.size,
                layout=self.layout,
                probe=probe,
                find_map=keep is None,
            )
        except InvalidNetworkError as error:
            raise InvalidNetworkError(f'the external source "{self.name}": {error}') from None
        except Exception as error:  # of the network's own code
            place = user_place(error, self._file)
            place = f"{place}: " if self._file and ", line" in place else ""
            raise InvalidNetworkError(
                f'the external source "{self.name}" cannot take pictures of 3 channels and '
                f"{self.size or probe} pixels ({place}{one_line(error)[:200]}); give the side that "
                "it takes, as size=224, or a network that takes such pictures"
            ) from error

    def record(self) -> dict[str, Any]:
        """Return the description with hashes of weights and code, as JSON values."""
        record = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        if not isinstance(self.model, str):
            record["model"] = getattr(self.model, "__qualname__", type(self.model).__qualname__)
            record["code"] = function_hash(self.model)
        elif is_file_reference(self.model):
            path = Path(self.model.rpartition(":")[0]).expanduser()
            record["code"] = _hash(path)
        elif self.model == LITE0:
            record["weights"] = _hash(lite0_file())
        if self.weights and Path(self.weights).is_file():
            record["weights"] = _hash(Path(self.weights))
        return record

    def _module(self) -> tuple[nn.Module, Any]:
        """Return the network, and the means and deviations of its normalization."""
        if self.model == LITE0:
            return lite0()
        file = Path(self.weights)
        if (
            self.model == LITE0_MODEL
            and file.is_file()
            and LITE0_TENSOR not in read_state(file)  # it is the file of the package
        ):
            return lite0_network(file), LITE0_STATISTICS
        if self._by_name:
            return seeded_model(str(self.model), self.weights or "random", self.seed)
        made = self.model
        if isinstance(made, str):
            if not is_file_reference(made):
                raise InvalidDataError(
                    f'the external source "{self.name}" is {made}, expected torchvision:MODEL, '
                    f"timm:MODEL, {LITE0} or FILE.py:NAME"
                )
            made = load_object(made, object, EXPECTED)
        if callable(made) and not isinstance(made, nn.Module):
            made = self._called(made)
        if not isinstance(made, nn.Module):
            raise InvalidDataError(
                f'the external source "{self.name}": {self.model} gives a {type(made).__name__}, '
                f"expected {EXPECTED}"
            )
        return made, None

    def _called(self, function: Callable[[], Any]) -> Any:
        """Call a function of the user's, with the seed that weights are drawn with."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.seed)
            try:
                return function()
            except Exception as error:
                called = error.__traceback__ is not None and error.__traceback__.tb_next is not None
                place = user_place(error, self._file) if called else str(self.model)
                remedy = "mend this line" if called else f"expected {EXPECTED}"
                raise InvalidDataError(
                    f'the external source "{self.name}": {place}: {one_line(error)}; {remedy}'
                ) from error


def parse_source(text: str) -> ExternalSource:
    """Return the source that a text describes: ``NAME=MODEL``, then ``,KEY=VALUE`` as often.

    Keys are the attributes of `ExternalSource`; ``channels=all`` keeps all channels.

    Raises
    ------
    InvalidDataError
        If the text has another form, or a key or value is unknown.
    """
    name, equals, rest = text.partition("=")
    model, *pairs = rest.split(",")
    if not equals or not name.strip() or not model.strip():
        raise InvalidDataError(f'expected NAME=MODEL, such as {EXAMPLE}, not "{text}"')
    settings: dict[str, Any] = {}
    known = [f.name for f in dataclasses.fields(ExternalSource)][2:]
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if key.strip() not in known or not equals or not value.strip():
            raise InvalidDataError(
                f'"{text}": expected KEY=VALUE with one of the keys {", ".join(known)}, '
                f'not "{pair}"'
            )
        settings[key.strip()] = _value(text, key.strip(), value.strip())
    model = model.strip()
    model = absolute_reference(model) if is_file_reference(model) else model
    if settings.get("weights") and Path(settings["weights"]).expanduser().is_file():
        settings["weights"] = str(Path(settings["weights"]).expanduser().resolve())
    return ExternalSource(name.strip(), model, **settings)


def _value(text: str, key: str, value: str) -> str | int:
    """Return the value of a key, as a number where it is one."""
    if key not in _WHOLE:
        return value
    if key == "channels" and value == "all":
        return 0
    if not value.isdecimal():
        raise InvalidDataError(f'"{text}": {key} is "{value}", expected a whole number')
    return int(value)


@functools.lru_cache(maxsize=32)
def _hash(path: Path) -> str:
    """Return the SHA-256 of a file."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InvalidDataError(
            f"{path} cannot be read ({error.strerror}); name another file"
        ) from None
