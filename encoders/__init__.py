"""PyTorch encoders and read-outs, and the sweep that measures transfers between tasks.

The names below are listed in the order of use in ``docs/api.md``: make or open a data set, choose
or write tasks, train a bank of encoders, and measure transfers from it.

>>> import encoders
>>> from pathlib import Path
>>> made = encoders.make_scenes("world", buildings=3, views=8, size=64, seed=0)
>>> data = encoders.TaskonomyDataset("world", ["edge2d"], "train", progress=False)
>>> pictures, edges, mask = data.batch("edge2d", range(4))
>>> pictures.shape, edges.shape
(torch.Size([4, 3, 64, 64]), torch.Size([4, 1, 64, 64]))

>>> settings = encoders.FitConfig(epochs=1, batch=4, precision="32-true")
>>> config = encoders.BankConfig("world", fit=settings, references=False)
>>> result = encoders.train_bank(["edge2d"], Path("bank"), config)
>>> result.failures
{}
>>> encoders.load("edge2d", "bank").represent(pictures).shape
torch.Size([4, 8, 16, 16])

Jobs run in worker processes, so that a script which trains must guard its entry by
``if __name__ == "__main__":``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from encoders.errors.extras import extra_installed

if TYPE_CHECKING:
    from encoders.bank.config import BankConfig
    from encoders.bank.jobs import train_bank
    from encoders.bank.pretrained import load
    from encoders.codecs.encodings import label_folder
    from encoders.dataset import TaskonomyDataset, split_buildings
    from encoders.engines import Job, LocalEngine, RayEngine
    from encoders.engines import run_jobs as run_jobs
    from encoders.features.measure import measure_features
    from encoders.features.settings import FeatureConfig
    from encoders.features.tables import write_feature_tables
    from encoders.features.transformers import source_features
    from encoders.networks import (
        PRESETS,
        EncoderDecoder,
        OutputSpec,
        decoder,
        encoder,
        external,
        fit_projection,
        network,
    )
    from encoders.networks.readout import ReadOut
    from encoders.networks.source_spec import ExternalSource
    from encoders.scenes.making.make import make as make_scenes
    from encoders.tasks import (
        TASKS,
        Label,
        OneView,
        Output,
        Task,
        each_view,
        from_folder,
        load_task,
    )
    from encoders.training.config import FitConfig
    from encoders.training.fit import fit
    from encoders.transfer.candidates import CANDIDATES
    from encoders.transfer.data import TransferDataConfig
    from encoders.transfer.gather import gather
    from encoders.transfer.pruning import Halving
    from encoders.transfer.repeats import SeedPlan
    from encoders.transfer.scratch import ScratchConfig, ScratchGrid
    from encoders.transfer.settings import SweepConfig, TransferConfig, resolve_tasks
    from encoders.transfer.sweep import sweep

__all__ = [
    "CANDIDATES",
    "PRESETS",
    "TASKS",
    "BankConfig",
    "EncoderDecoder",
    "ExternalSource",
    "FeatureConfig",
    "FitConfig",
    "Halving",
    "Job",
    "Label",
    "LocalEngine",
    "OneView",
    "Output",
    "OutputSpec",
    "RayEngine",
    "ReadOut",
    "ScratchConfig",
    "ScratchGrid",
    "SeedPlan",
    "SweepConfig",
    "Task",
    "TaskonomyDataset",
    "TransferConfig",
    "TransferDataConfig",
    "decoder",
    "each_view",
    "encoder",
    "external",
    "fit",
    "fit_projection",
    "from_folder",
    "gather",
    "label_folder",
    "load",
    "load_task",
    "make_scenes",
    "measure_features",
    "network",
    "resolve_tasks",
    "run_jobs",
    "source_features",
    "split_buildings",
    "sweep",
    "train_bank",
    "write_feature_tables",
]

_PLACE_OF = {
    "make_scenes": "scenes.making.make:make",
    "TaskonomyDataset": "dataset",
    "split_buildings": "dataset",
    "TASKS": "tasks",
    "Task": "tasks",
    "Output": "tasks",
    "Label": "tasks",
    "from_folder": "tasks",
    "each_view": "tasks",
    "OneView": "tasks",
    "label_folder": "codecs.encodings",
    "load_task": "tasks",
    "PRESETS": "networks",
    "encoder": "networks",
    "external": "networks",
    "fit_projection": "networks",
    "ExternalSource": "networks.source_spec",
    "OutputSpec": "networks",
    "decoder": "networks",
    "network": "networks",
    "EncoderDecoder": "networks",
    "FitConfig": "training.config",
    "fit": "training.fit",
    "BankConfig": "bank.config",
    "train_bank": "bank.jobs",
    "load": "bank.pretrained",
    "TransferDataConfig": "transfer.data",
    "TransferConfig": "transfer.settings",
    "ScratchConfig": "transfer.scratch",
    "ScratchGrid": "transfer.scratch",
    "SweepConfig": "transfer.settings",
    "Halving": "transfer.pruning",
    "SeedPlan": "transfer.repeats",
    "CANDIDATES": "transfer.candidates",
    "ReadOut": "networks.readout",
    "resolve_tasks": "transfer.settings",
    "sweep": "transfer.sweep",
    "gather": "transfer.gather",
    "FeatureConfig": "features.settings",
    "source_features": "features.transformers",
    "measure_features": "features.measure",
    "write_feature_tables": "features.tables",
    "LocalEngine": "engines",
    "RayEngine": "engines",
    "Job": "engines",
    "run_jobs": "engines:run_jobs",
}
"""By name, in the order of use: its module, and its name there if that is another one."""

_EXTRA_OF = {
    "make_scenes": "scenes",
    "FeatureConfig": "features",
    "source_features": "features",
    "measure_features": "features",
    "write_feature_tables": "features",
}
"""The extra that installs what a name needs, if it is not ``train``."""


def __getattr__(name: str) -> Any:
    """Import a public name at its first use, so that ``--help`` does not import torch.

    Raises
    ------
    MissingPackageError
        If a package that the name needs is not installed; the message says how to install it.
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
