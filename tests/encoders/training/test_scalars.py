"""Logs for TensorBoard: an option that changes nothing, and can be switched on at any time."""

import dataclasses
import importlib.util

import pytest
import torch
from torch import nn

from encoders.errors import MissingPackageError
from encoders.training.config import FitConfig
from encoders.training.fit import fit
from encoders.training.run_state import BEST, EVENTS
from encoders.training.tensorboard import scalars

CONFIG = FitConfig(epochs=3, batch=8, precision="32-true", accelerator="cpu")
needs_tensorboard = pytest.mark.skipif(
    importlib.util.find_spec("tensorboard") is None, reason="tensorboard is not installed"
)


class Sums:
    """Three numbers and their sum."""

    def __len__(self):
        return 16

    def batch(self, indices):
        x = torch.sin(torch.tensor(list(indices))[:, None] * torch.tensor([1.0, 2.0, 3.0]))
        return x, x.sum(1, keepdim=True), torch.ones(len(x))


def absolute(prediction, target, mask):
    return (prediction - target).abs().mean(1)


def trained(folder, after=lambda _: None):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))
    return fit(model, absolute, Sums(), Sums(), folder, CONFIG, on_evaluation=after)


def logged(folder):
    """Return what TensorBoard itself reads: name -> [(epoch, value), …]."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder / EVENTS)).Reload()
    return {
        name: [(event.step, event.value) for event in found.Scalars(name)]
        for name in found.Tags()["scalars"]
    }


def rows_of(progress):
    names = [field.name for field in dataclasses.fields(progress.epochs[0])][1:]
    return {
        name: [(row.epoch, pytest.approx(getattr(row, name))) for row in progress.epochs]
        for name in names
    }


@needs_tensorboard
def test_each_epoch_is_logged_and_the_weights_are_those_of_a_run_without(tmp_path):
    with scalars(tmp_path / "a") as log:
        progress = trained(tmp_path / "a", log)
    trained(tmp_path / "b")
    assert (tmp_path / "a" / BEST).read_bytes() == (tmp_path / "b" / BEST).read_bytes()
    assert logged(tmp_path / "a") == rows_of(progress)


class KilledError(Exception):
    pass


@needs_tensorboard
@pytest.mark.parametrize("before", [False, True])
def test_switched_on_in_a_run_that_resumes_it_tells_all_epochs_once(tmp_path, before):
    def dies(row):
        if row.epoch == 1:
            raise KilledError

    def logged_until_it_dies():
        with scalars(tmp_path) as log:
            trained(tmp_path, lambda row: (log(row), dies(row)))

    with pytest.raises(KilledError):
        logged_until_it_dies() if before else trained(tmp_path, dies)
    with scalars(tmp_path) as log:
        progress = trained(tmp_path, log)
    assert [step for step, _ in logged(tmp_path)["valid_loss"]] == [0, 1, 2]
    assert logged(tmp_path) == rows_of(progress)


def test_without_the_package_the_message_says_what_to_install(tmp_path, monkeypatch):
    from lightning_fabric.loggers import tensorboard

    for name in ("_TENSORBOARD_AVAILABLE", "_TENSORBOARDX_AVAILABLE"):
        monkeypatch.setattr(tensorboard, name, False)
    with pytest.raises(MissingPackageError, match="neither is installed: pip install tensorboard"):
        scalars(tmp_path).__enter__()
