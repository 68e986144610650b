"""Parts for workers that run in another library's environment, where this project is missing.

A worker reads this file by its path, since it can import nothing of this project::

    PARTS = runpy.run_path(str(Path(__file__).parents[1] / "learning" / "worker_parts.py"))

So this file imports PyTorch alone.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

FEATURES, HIDDEN = 768, 100
"""Size of LeNet's features (48 maps of 4 x 4 places), and of its predictor's hidden layers."""

OPERATORS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def mend_torchvision() -> Any:
    """Declare torchvision's operators where its build is for another PyTorch; none is called.

    `encoders.networks.zoo.import_torchvision` does the same where this project is installed.

    Returns
    -------
    torch.library.Library or None
        The declarations, which hold as long as this value is kept; None if they are not needed.
    """
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library: Any = torch.library
        declared = library.Library("torchvision", "DEF")
        for operator in OPERATORS:
            declared.define(operator)
        return declared
    return None


def lenet_features(channels: int) -> nn.Sequential:
    """Return LeNet's layers (B, channels, 28, 28) to (B, 768); see `benchmarks.learning.lenet`."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(channels, 32, 5),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(32, 48, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
        )
    )


def lenet_predictor(classes: int, inputs: int = FEATURES) -> nn.Sequential:
    """Return the layers of DANN's label predictor: 100, 100 and ``classes`` outputs."""
    return nn.Sequential(
        nn.Linear(inputs, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, classes),
    )


def copy_values(parameters: Iterable[torch.Tensor], job: Mapping[str, Any], prefix: str) -> None:
    """Give parameters the weights of a job whose names begin with a prefix, in order of names."""
    names = sorted(name for name in job if name.startswith(prefix))
    with torch.no_grad():
        for parameter, name in zip(parameters, names, strict=True):
            parameter.copy_(torch.from_numpy(job[name]))
