"""Measure one transfer: train a read-out on frozen representations, and test it on each image."""

from __future__ import annotations

import dataclasses
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
from encoders.training.config import FitConfig
from encoders.training.fit import fit
from encoders.training.loading import in_memory
from encoders.training.loop import losses
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
from encoders.training.run_state import RunState
from encoders.transfer.data import TransferData, TransferDataConfig, Views, open_transfer_data
from encoders.transfer.store import REPRESENTATIONS, Store, kind_of
from taskgraph.arrays import Floats32
from taskgraph.tables import write_frame, write_text
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

REFERENCES = (SELF, SCRATCH, AVERAGE)
"""References that transfers are compared with; each is written as a source."""


@dataclass(frozen=True)
class TransferConfig:
    """Configuration of the measurement of a transfer.

    Attributes
    ----------
    bank : str
        Folder of the trained encoders.
    pool : TransferDataConfig
        The images that are used.
    fit : FitConfig
        How read-outs, and the reference ``scratch``, are trained.
    preset : str
        Size of the read-outs and of ``scratch``. It and the size of the pictures must be those of
        the bank; `of_bank` sets both.
    """

    bank: str
    pool: TransferDataConfig
    fit: FitConfig = field(default_factory=lambda: FitConfig(epochs=4, batch=8))
    preset: str = "tiny"

    def record(self) -> dict[str, Any]:
        """Return the values that ``config.json`` holds, by their keys."""
        return {**dataclasses.asdict(self), "pool": self.pool.record()}

    def of_bank(self, names: Sequence[str]) -> TransferConfig:
        """Return the configuration with the preset and picture size of some of the bank's networks.

        Raises
        ------
        InvalidDataError
            If these networks differ in preset or size, or the bank lacks one of them.
        """
        form = form_of(self.bank, names)
        return replace(self, preset=form.preset, pool=replace(self.pool, size=form.size))

    def check(self, names: Sequence[str]) -> None:
        """Raise if the preset or picture size is not that of some of the bank's networks.

        Raises
        ------
        InvalidDataError
            As for `of_bank`, or if the networks' preset or size differs from this one's.
        """
        form, own_form = form_of(self.bank, names), Form(self.preset, self.pool.size)
        if form != own_form:
            raise InvalidDataError(
                f"the networks of {self.bank} are of {form}, and the transfers of {own_form}; take "
                "both from the bank: TransferConfig(...).of_bank(names)"
            )


@dataclass(frozen=True, eq=False)
class Represented:
    """Examples whose inputs are representations instead of pictures (`loading.Examples`).

    The inputs of a batch are (B, n k features, h, w): the channels of the n pictures one after the
    other, and for each picture those of the k sources.

    Attributes
    ----------
    views : Views
        The examples with pictures.
    store : Store
        The folder of the representations.
    sources : tuple of str
        The sources whose representations are joined by channel.
    kind : str
        Kind of the input that representations are computed from (`store.kind_of`).
    """

    views: Views
    store: Store
    sources: tuple[str, ...]
    kind: str

    def __len__(self) -> int:
        return len(self.views)

    def batch(self, indices: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return representations, targets and masks of some examples."""
        _, target, mask = self.views.batch(indices)
        rows = self.views.pictures(indices)  # (B, n)
        by_source = [self.store.of(source, self.kind, rows) for source in self.sources]
        joined = np.concatenate(by_source, axis=2)  # (B, n, k features, h, w)
        flat = joined.reshape(len(rows), -1, *joined.shape[3:])
        return torch.from_numpy(flat.astype(np.float32)), target, mask


def place_of(out: Path, target: str, sources: Sequence[str]) -> Path:
    """Return the path of a transfer's record; a Parquet file beside it has the test losses."""
    return out / "measured" / target / f"{join_sources(sources)}.json"


@with_threads
def measure(
    config: TransferConfig, out: Path, target: str, sources: tuple[str, ...]
) -> dict[str, Any]:
    """Measure one transfer, or one of `REFERENCES`, and write its losses and its record.

    If the record exists, it is read, and nothing is measured.

    Parameters
    ----------
    out : path
        Folder of the sweep, which holds the representations and gets the results.
    target : str
        Name of a task.
    sources : tuple of str
        Names of the sources, sorted; or one of `REFERENCES` alone.

    Returns
    -------
    dict
        The record. It has ``valid_loss`` and ``test_loss`` (means over images; smaller is better),
        ``seconds``, and for trained networks `encoders.training.run_state.RunState.summary`.

    Raises
    ------
    TrainingError
        If the training loss is no longer finite.
    """
    path = place_of(out, target, sources)
    if path.exists():
        return read_json(path)
    begin = time.perf_counter()
    pool = open_transfer_data(config.pool, target)
    folder = out / "runs" / target / join_sources(sources)
    model, parts = _prepared(config, out, pool, sources)
    run = None
    if sources != (SELF,):
        run = _fitted(model, parts, pool, config, folder)
    losses_on = functools.partial(_losses, model=model, pool=pool, config=config)
    valid, test = losses_on(parts[1]), losses_on(parts[2])
    record: dict[str, Any] = {
        "readout": "trained",
        "parameters": sum(p.numel() for p in model.parameters() if p.requires_grad),
        "best_epoch": None,
        "seconds": round(time.perf_counter() - begin, 2),
        **(run.summary() if run else {}),
    }
    if sources == (SELF,):
        record["converted"] = isinstance(model, Converted)
    record = write_measured(out, pool, sources, valid, test, record)
    shutil.rmtree(folder, ignore_errors=True)
    return record


def write_measured(
    out: Path,
    pool: TransferData,
    sources: tuple[str, ...],
    valid: Floats32,
    test: Floats32,
    details: dict[str, Any],
) -> dict[str, Any]:
    """Write one transfer's test losses, and then its record, which marks it as complete.

    Parameters
    ----------
    valid, test : (N,) arrays
        Loss of each validation image and of each test image; NaN for images without a target.
    details : dict
        Further entries of the record.
    """
    path = place_of(out, pool.task.name, sources)
    record = {
        "target": pool.task.name,
        "sources": join_sources(sources),
        "order": 0 if sources[0] in REFERENCES else len(sources),
        "valid_loss": float(np.nanmean(valid)),
        "test_loss": float(np.nanmean(test)),
        "images": {"train": len(pool.train), "valid": len(valid), "test": len(test)},
        **details,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_frame(_table(pool, sources, test), path.with_suffix(".parquet"))
    write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", path)
    return record


def _prepared(
    config: TransferConfig, out: Path, pool: TransferData, sources: tuple[str, ...]
) -> tuple[nn.Module, list[Any]]:
    """Return the network to measure, and its examples for training, validation and test."""
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
    """Return the constants that standardized the targets of a network of the bank."""
    return read_config(network_file(bank, name)).get("constants") or {}


def forget_unconverted(config: TransferConfig, out: Path, target: str) -> bool:
    """Remove a target's record of ``self`` if an earlier version measured it in wrong units.

    That version compared a network's predictions with targets that were standardized with other
    constants than those of its training. The next `measure` measures ``self`` again. Returns
    whether a record was removed.
    """
    path = place_of(out, target, (SELF,))
    if not path.exists() or "converted" in json.loads(path.read_text()):
        return False
    pool, trained = open_transfer_data(config.pool, target), constants_of(config.bank, target)
    if conversion(pool.task, trained, pool.constants) is None:
        return False
    path.unlink()
    return True


def read_out(config: TransferConfig, task: Task, store: Store, train: Represented) -> ReadOut:
    """Return a new read-out, which standardizes its input channels.

    Their means and deviations are computed from up to 256 training images.
    """
    channels = sum(store.shape(source)[0] for source in train.sources)
    generator = torch.Generator().manual_seed(config.fit.seed)
    readout = ReadOut(
        config.preset, output_of(task), channels=channels, inputs=task.inputs, generator=generator
    )
    chosen = np.unique(np.linspace(0, len(train) - 1, 256).astype(int)).tolist()
    inputs = train.batch(chosen)[0]
    readout.standardize.observe(inputs.reshape(-1, channels, *inputs.shape[2:]))
    return readout


def _fitted(
    model: nn.Module, parts: list[Any], pool: TransferData, config: TransferConfig, folder: Path
) -> RunState:
    return fit(
        model,
        training_loss_of(pool.task, pool.constants),
        in_memory(parts[0]),
        in_memory(parts[1]),
        folder,
        config.fit.of_constant() if isinstance(model, Average) else config.fit,
        measure=loss_of(pool.task, pool.constants),
        record={"target": pool.task.name},
    )


def _losses(
    examples: Any, *, model: nn.Module, pool: TransferData, config: TransferConfig
) -> Floats32:
    loss = loss_of(pool.task, pool.constants)
    return losses(config.fit.fabric(), model, loss, examples, config.fit)


def _table(pool: TransferData, sources: tuple[str, ...], test: Floats32) -> pd.DataFrame:
    """Return the test losses as taskgraph's table; each building is one bootstrap cluster."""
    images = pool.test.images()
    frame = pd.DataFrame(
        {
            "target": pool.task.name,
            "sources": join_sources(sources),
            "image": images,
            "loss": test,
            "cluster": [image.split("/")[0] for image in images],
        }
    )
    return frame.dropna(subset=["loss"])
