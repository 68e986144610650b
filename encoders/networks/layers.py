"""Read the output of a named layer inside any module, as a map."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from encoders.errors import InvalidNetworkError

MOST_EXTRA_TOKENS = 8  # class tokens and registers that may precede the tokens of places


class _Reached(BaseException):
    """Carries a layer's output out of a network, so that later layers are not computed.

    It is not an `Exception`, so that no network catches it.
    """

    def __init__(self, output: Any) -> None:
        self.output = output


def layer_output(module: nn.Module, name: str, images: Tensor) -> Any:
    """Return the output of the layer ``name`` for some images; later layers are not computed.

    The first output is returned if the layer runs several times.

    Parameters
    ----------
    module : torch.nn.Module
        It is not changed.
    name : str
        Name of the layer as in `named_modules`; "" stands for the module's output.

    Raises
    ------
    InvalidNetworkError
        If the layer does not run.
    """
    if not name:
        return module(images)

    def stop(_layer: nn.Module, _inputs: Any, output: Any) -> NoReturn:
        """Leave the module with the layer's output."""
        raise _Reached(output)

    handle = module.get_submodule(name).register_forward_hook(stop)
    try:
        module(images)
    except _Reached as reached:
        return reached.output
    finally:
        handle.remove()
    raise InvalidNetworkError(f"a picture does not pass through the layer {name!r}")


def layer_shapes(module: nn.Module, images: Tensor) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the outputs of all layers that run exactly once, by name.

    Layers are in the order in which they end. Only layers whose output is one tensor are listed.
    The module is run in evaluation mode, and its mode is restored.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    runs: dict[str, int] = {}

    def note(name: str, output: Any) -> None:
        """Count a run of a layer, and keep its output's shape."""
        runs[name] = runs.get(name, 0) + 1
        if isinstance(output, Tensor):
            shapes[name] = tuple(output.shape)

    handles = [
        layer.register_forward_hook(lambda _m, _i, output, name=name: note(name, output))
        for name, layer in module.named_modules()
        if name
    ]
    modes = {layer: layer.training for layer in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            module(images)
    finally:
        for handle in handles:
            handle.remove()
        for layer, mode in modes.items():
            layer.training = mode
    return {name: shape for name, shape in shapes.items() if runs[name] == 1}


def last_map(module: nn.Module, images: Tensor) -> str:
    """Return the name of the last layer whose output is a map or tokens, with several places.

    Raises
    ------
    InvalidNetworkError
        If there is no such layer.
    """
    names = [
        name
        for name, shape in layer_shapes(module, images).items()
        if (len(shape) == 4 and min(shape[2:]) > 1) or (len(shape) == 3 and shape[1] >= 4)
    ]
    if not names:
        raise InvalidNetworkError(
            f"no layer's output is a map for pictures of {images.shape[-1]} pixels; "
            "name a layer with `keep`, or give a larger `size`"
        )
    return names[-1]


def as_map(output: Any, layout: str) -> Tensor:
    """Convert a layer's output to (B, C, h, w); the layouts are those of `external`.

    Raises
    ------
    InvalidNetworkError
        If the output does not have that layout.
    """
    if not isinstance(output, Tensor) or output.dim() not in (2, 3, 4):
        shape = tuple(output.shape) if isinstance(output, Tensor) else type(output).__name__
        raise InvalidNetworkError(f"the layer's output ({shape}) is not a map; keep another layer")
    if output.dim() == 4:
        return output.movedim(3, 1) if layout == "NHWC" else output
    if output.dim() == 2:
        return output[:, :, None, None]
    if layout not in ("auto", "tokens"):
        raise InvalidNetworkError(
            f"an output of shape {tuple(output.shape)} is not {layout}; take layout='tokens'"
        )
    side = math.isqrt(output.shape[1])
    extra = output.shape[1] - side**2
    if extra > MOST_EXTRA_TOKENS:
        raise InvalidNetworkError(
            f"{output.shape[1]} tokens are no square number of places with a few more before it"
        )
    places = output[:, extra:].mT  # (B, C, N)
    return places.reshape(*places.shape[:2], side, side)
