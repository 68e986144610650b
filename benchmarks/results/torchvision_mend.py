"""Mend torchvision's import in another library's environment, where this project is missing.

A worker that runs there reads this file by its path, since it can import nothing of this project::

    mend = runpy.run_path(str(Path(__file__).parents[1] / "results" / "torchvision_mend.py"))
    _declared = mend["mend_torchvision"]()
"""

from __future__ import annotations

import sys
from typing import Any

import torch

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
