"""One transfer: train its read-out on frozen representations, and test it image by image."""

from __future__ import annotations

import functools
import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from encoders.bank.pretrained import Form, form_of, load, network_file
from encoders.engines import with_threads
from encoders.errors import InvalidDataError
from encoders.errors.storage import read_json
from encoders.networks.readout import ReadOut
from encoders.tasks import Task
from encoders.tasks.units import conversion
from encoders.training.checkpoint import read_config
from encoders.training.fit import FitConfig, fit, losses
from encoders.training.objective import (
    Average,
    Converted,
    check_classes,
    converted,
    loss_of,
    network_of,
    output_of,
    training_loss_of,
)
from encoders.transfer.data import Pool, PoolConfig, Views, open_pool
from encoders.transfer.store import REPRESENTATIONS, Store, kind_of
from taskgraph.arrays import Floats32
from taskgraph.tables import write_frame, write_text
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

REFERENCES = (SELF, SCRATCH, AVERAGE)
"""What transfers are compared with, each written as a source of its own."""


@dataclass(frozen=True)
class TransferConfig:
    """How transfers are measured.

    Attributes
    ----------
    bank : str
        The folder of trained encoders.
    pool : PoolConfig
        The images.
    fit : FitConfig
        Of every read-out alike, and of ``scratch``, which has the same images and epochs.
    preset : str
        Of the decoders and of ``scratch``. This and the pool's size are the bank's own; `of_bank`
        fills both in, and others than the bank's are refused.
    """

    bank: str
    pool: PoolConfig
    fit: FitConfig = field(default_factory=lambda: FitConfig(epochs=4, batch=8))
    preset: str = "tiny"

    def of_bank(self, names: Sequence[str]) -> TransferConfig:
        """The same with the preset and the picture size of some of the bank's networks.

        Raises
        ------
        InvalidDataError
            If they differ in it, or the bank lacks one of them.
        """
        form = form_of(self.bank, names)
        return replace(self, preset=form.preset, pool=replace(self.pool, size=form.size))

    def check(self, names: Sequence[str]) -> None:
        """Refuse another preset or picture size than those of some of the bank's networks.

        Raises
        ------
        InvalidDataError
            As for `of_bank`, or if one of them is another than here.
        """
        form, ours = form_of(self.bank, names), Form(self.preset, self.pool.size)
        if form != ours:
            raise InvalidDataError(
                f"the networks of {self.bank} are of {form}, and the transfers of {ours}; take "
                "both from the bank: TransferConfig(...).of_bank(names)"
            )


@dataclass(frozen=True, eq=False)
class Represented:
    """Examples whose pictures are replaced by their representations (`loading.Examples`).

    A batch is (B, n k features, h, w): the n pictures one after the other, each with the
    channels of its k sources.
    """

    views: Views
    store: Store
    sources: tuple[str, ...]
    kind: str

    def __len__(self) -> int:
        return len(self.views)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Representations, targets and masks."""
        _, target, mask = self.views.batch(indices)
        rows = self.views.pictures(indices)  # (B, n)
        each = [self.store.of(source, self.kind, rows) for source in self.sources]
        joined = np.concatenate(each, axis=2)  # (B, n, k features, h, w)
        flat = joined.reshape(len(rows), -1, *joined.shape[3:])
        return torch.from_numpy(flat.astype(np.float32)), target, mask


def place_of(out: Path, target: str, sources: Sequence[str]) -> Path:
    """Where a transfer's record is written; its losses lie beside it, as Parquet."""
    return out / "measured" / target / f"{join_sources(sources)}.json"


@with_threads
def measure(
    config: TransferConfig, out: Path, target: str, sources: tuple[str, ...]
) -> dict[str, Any]:
    """Measure one transfer, or one of `REFERENCES`, and write down its losses and its record.

    Measured before, it is only read.

    Returns
    -------
    dict
        ``valid_loss`` and ``test_loss`` (means over images; smaller is better), ``seconds``, …

    Raises
    ------
    TrainingError
        If the loss is no longer a number.
    """
    path = place_of(out, target, sources)
    if path.exists():
        return read_json(path)
    begin = time.perf_counter()
    pool = open_pool(config.pool, target)
    run = out / "runs" / target / join_sources(sources)
    model, parts = _prepared(config, out, pool, sources)
    progress = None
    if sources != (SELF,):
        progress = _fitted(model, parts, pool, config, run)
    measured = functools.partial(_losses, model=model, pool=pool, config=config)
    valid, test = measured(parts[1]), measured(parts[2])
    record: dict[str, Any] = {
        "readout": "trained",
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "best_epoch": progress and progress.best_epoch,
        "seconds": round(time.perf_counter() - begin, 2),
    }
    if sources == (SELF,):
        record["converted"] = isinstance(model, Converted)
    record = write_measured(out, pool, sources, valid, test, record)
    shutil.rmtree(run, ignore_errors=True)
    return record


def write_measured(
    out: Path,
    pool: Pool,
    sources: tuple[str, ...],
    valid: Floats32,
    test: Floats32,
    also: dict[str, Any],
) -> dict[str, Any]:
    """Write one transfer's test losses, and after them its record, which says that all is there."""
    path = place_of(out, pool.task.name, sources)
    record = {
        "target": pool.task.name,
        "sources": join_sources(sources),
        "order": 0 if sources[0] in REFERENCES else len(sources),
        "valid_loss": float(np.nanmean(valid)),
        "test_loss": float(np.nanmean(test)),
        "images": {"train": len(pool.train), "valid": len(valid), "test": len(test)},
        **also,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(_table(pool, sources, test), path.with_suffix(".parquet"))
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)
    return record


def _prepared(
    config: TransferConfig, out: Path, pool: Pool, sources: tuple[str, ...]
) -> tuple[nn.Module, list[Any]]:
    """The network, and what it is trained, selected and tested on."""
    task, views = pool.task, [pool.train, pool.valid, pool.test]
    if sources == (SELF,):
        path = network_file(config.bank, task.name)
        check_classes(task, read_config(path), path)
        config.check([task.name])
        trained = constants_of(config.bank, task.name)
        return converted(load(task.name, config.bank), task, trained, pool.constants), views
    if sources == (SCRATCH,):
        return network_of(task, config.preset, seed=config.fit.seed), views
    if sources == (AVERAGE,):
        assert task.output is not None
        return Average(task.output.shape(config.pool.size)), views
    store = Store(out / REPRESENTATIONS)
    parts = [Represented(part, store, sources, kind_of(task)) for part in views]
    return read_out(config, task, store, parts[0]), parts


def constants_of(bank: str, name: str) -> dict[str, Any]:
    """What the targets of a network of the bank were standardized with."""
    return read_config(network_file(bank, name)).get("constants") or {}


def forget_unconverted(config: TransferConfig, out: Path, target: str) -> bool:
    """Remove the record of a target's ``self`` that an earlier version measured in wrong units.

    Such a version compared a network's answers with targets in other constants than those that
    the network was trained with. The next `measure` measures it again.
    """
    path = place_of(out, target, (SELF,))
    if not path.exists() or "converted" in json.loads(path.read_text()):
        return False
    pool, trained = open_pool(config.pool, target), constants_of(config.bank, target)
    if conversion(pool.task, trained, pool.constants) is None:
        return False
    path.unlink()
    return True


def read_out(config: TransferConfig, task: Task, store: Store, train: Represented) -> ReadOut:
    """A new read-out, which knows mean and spread of the channels on its training images."""
    channels = sum(store.shape(source)[0] for source in train.sources)
    generator = torch.Generator().manual_seed(config.fit.seed)
    readout = ReadOut(
        config.preset, output_of(task), channels=channels, inputs=task.inputs, generator=generator
    )
    some = train.batch(np.unique(np.linspace(0, len(train) - 1, 256).astype(int)).tolist())[0]
    readout.standardize.observe(some.reshape(-1, channels, *some.shape[2:]))
    return readout


def _fitted(
    model: nn.Module, parts: list[Any], pool: Pool, config: TransferConfig, run: Path
) -> Any:
    return fit(
        model,
        training_loss_of(pool.task, pool.constants),
        parts[0],
        parts[1],
        run,
        config.fit.of_constant() if isinstance(model, Average) else config.fit,
        measure=loss_of(pool.task, pool.constants),
        record={"target": pool.task.name},
    )


def _losses(examples: Any, *, model: nn.Module, pool: Pool, config: TransferConfig) -> Floats32:
    measured = loss_of(pool.task, pool.constants)
    return losses(config.fit.fabric(), model, measured, examples, config.fit)


def _table(pool: Pool, sources: tuple[str, ...], each: Floats32) -> pd.DataFrame:
    """taskgraph's table of losses; images of one building are one cluster of a bootstrap."""
    images = pool.test.images()
    frame = pd.DataFrame(
        {
            "target": pool.task.name,
            "sources": join_sources(sources),
            "image": images,
            "loss": each,
            "cluster": [image.split("/")[0] for image in images],
        }
    )
    return frame.dropna(subset=["loss"])
