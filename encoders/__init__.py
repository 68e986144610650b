"""PyTorch encoders, read-outs and the sweep that measures transfers between tasks.

>>> import encoders                                                    # doctest: +SKIP
>>> data = encoders.TaskonomyDataset("world", ["rgb2sfnorm"], "train")  # doctest: +SKIP
>>> pictures, normals, mask = data.batch("rgb2sfnorm", range(32))      # doctest: +SKIP

>>> encoders.load("normals").represent(pictures).shape                 # doctest: +SKIP
torch.Size([32, 8, 16, 16])

Scenes are made by ``taskgraph scenes``, or by `make_scenes`; `load` gives the trained networks.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from encoders.errors.extras import extra_installed

if TYPE_CHECKING:
    from encoders.bank.pretrained import load
    from encoders.dataset import TaskonomyDataset
    from encoders.scenes.making.make import make as make_scenes
    from encoders.tasks import TASKS, Label, Output, Task, each_view, from_folder

__all__ = [
    "TASKS",
    "Label",
    "Output",
    "Task",
    "TaskonomyDataset",
    "each_view",
    "from_folder",
    "load",
    "make_scenes",
]

_PLACE_OF = {
    "TASKS": "tasks",
    "Label": "tasks",
    "Output": "tasks",
    "Task": "tasks",
    "TaskonomyDataset": "dataset",
    "each_view": "tasks",
    "from_folder": "tasks",
    "load": "bank.pretrained",
    "make_scenes": "scenes.making.make:make",
}

_EXTRA_OF = {"make_scenes": "scenes"}
"""Extras that install what a name needs; `train` where none is named."""


def __getattr__(name: str) -> Any:
    """Import on first use, so that ``--help`` stays quick and torch is not needed for scenes.

    Raises `encoders.errors.MissingPackageError`, which says what to install, where it must.
    """
    if name not in _PLACE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _PLACE_OF[name].partition(":")
    with extra_installed(_EXTRA_OF.get(name, "train")):
        value = getattr(importlib.import_module(f"{__name__}.{module}"), attribute or name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
