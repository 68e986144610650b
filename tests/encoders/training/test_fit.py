"""Training: the schedule, resuming bit for bit, the best epoch, and plain AdamW as the oracle."""

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import nn

from encoders.errors import TrainingError
from encoders.training.checkpoint import read_config, read_weights
from encoders.training.config import FitConfig, learning_rate
from encoders.training.fit import fit
from encoders.training.loop import losses
from encoders.training.run_state import BEST, LAST, LOG

CONFIG = FitConfig(epochs=4, batch=8, learning_rate=0.01, precision="32-true", accelerator="cpu")


class Lines:
    """Noisy lines: what a linear layer can learn; every fifth example has an empty mask."""

    def __init__(self, count, seed):
        rng = np.random.default_rng(seed)
        self.x = torch.tensor(rng.standard_normal((count, 6)), dtype=torch.float32)
        self.y = self.x @ torch.arange(6.0)[:, None] / 6 + 0.5
        self.mask = (torch.arange(count) % 5 > 0).float()

    def __len__(self):
        return len(self.x)

    def batch(self, indices):
        rows = list(indices)
        return self.x[rows], self.y[rows], self.mask[rows]


def squared(prediction, target, mask):
    each = ((prediction - target) ** 2).mean(1)
    return torch.where(mask > 0, each, torch.nan)


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Dropout(0.2), nn.Linear(16, 1))


TRAIN, VALID = Lines(64, 0), Lines(24, 1)


def weights(folder, config=CONFIG, **options):
    fit(network(), squared, TRAIN, VALID, folder, config, **options)
    return (folder / BEST).read_bytes(), (folder / LAST).read_bytes()


class KilledError(Exception):
    pass


@pytest.mark.parametrize("epoch", [0, 1, 2])
def test_a_killed_run_resumes_to_the_same_weights(tmp_path, epoch):
    def kill(row):
        if row.epoch == epoch:
            raise KilledError

    with pytest.raises(KilledError):
        weights(tmp_path / "a", on_evaluation=kill)
    best, _ = weights(tmp_path / "a")
    assert best == weights(tmp_path / "b")[0]
    ours, theirs = (read_weights(tmp_path / name / LAST)[0] for name in "ab")
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_run_killed_within_an_epoch_repeats_that_epoch(tmp_path):
    calls = iter(range(100))

    def dies(prediction, target, mask):
        if next(calls) == 14:
            raise KilledError
        return squared(prediction, target, mask)

    with pytest.raises(KilledError):
        fit(network(), dies, TRAIN, VALID, tmp_path / "a", CONFIG)
    assert weights(tmp_path / "a")[0] == weights(tmp_path / "b")[0]


def test_two_seeds_differ(tmp_path):
    other = dataclasses.replace(CONFIG, seed=1)
    ours, theirs = tmp_path / "a", tmp_path / "b"
    weights(ours), weights(theirs, other)
    ours, theirs = (read_weights(folder / BEST)[0] for folder in (ours, theirs))
    assert not all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_one_step_is_a_plain_step_of_adamw(tmp_path):
    """Against torch's own loop on the same batch: one epoch of one full batch, no dropout."""
    config = dataclasses.replace(CONFIG, epochs=1, batch=64, weight_decay=0.1, clip=1e9)
    ours, plain = (nn.Linear(6, 1) for _ in range(2))
    plain.load_state_dict(ours.state_dict())
    optimizer = torch.optim.AdamW(
        [
            {"params": [plain.weight], "weight_decay": 0.1},
            {"params": [plain.bias], "weight_decay": 0.0},
        ],
        lr=0.01,
    )
    kept = TRAIN.mask > 0
    ((plain(TRAIN.x) - TRAIN.y) ** 2)[kept].mean().backward()
    optimizer.step()
    fit(ours, squared, TRAIN, VALID, tmp_path, config)
    torch.testing.assert_close(ours.weight, plain.weight, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(ours.bias, plain.bias, rtol=1e-5, atol=1e-6)


def test_it_learns_and_keeps_the_epoch_with_the_smallest_validation_loss(tmp_path):
    rows, model = [], network()
    config = dataclasses.replace(CONFIG, epochs=12, learning_rate=0.05)
    progress = fit(model, squared, TRAIN, VALID, tmp_path, config, on_evaluation=rows.append)
    valid = [row.valid_loss for row in rows]
    assert progress.best_epoch == int(np.argmin(valid)) == read_config(tmp_path / BEST)["epoch"]
    assert progress.best_loss == min(valid) < 0.5 * valid[0]
    each = losses(config.fabric(), model, squared, VALID, config)
    assert np.isnan(each[VALID.mask.numpy() == 0]).all()
    assert np.nanmean(each) == pytest.approx(min(valid))
    assert (tmp_path / LOG).read_text().count("\n") == 13


def test_training_alone_sees_augmented_pictures(tmp_path):
    """Doubling what is trained on is training on the double; validation sees what is there."""
    twice = copy.copy(TRAIN)
    twice.x = 2 * TRAIN.x
    weights(tmp_path / "a", augment=lambda pictures, target: (2 * pictures, target))
    fit(network(), squared, twice, VALID, tmp_path / "b", CONFIG)
    ours, theirs = (read_weights(tmp_path / name / LAST) for name in "ab")
    assert all(torch.equal(ours[0][name], theirs[0][name]) for name in ours[0])
    assert [row["valid_loss"] for row in ours[1]["progress"]["epochs"]] == [
        row["valid_loss"] for row in theirs[1]["progress"]["epochs"]
    ]


def test_examples_may_be_drawn_anew_for_each_epoch(tmp_path):
    asked = []

    class Anew(Lines):
        def of_epoch(self, epoch):
            asked.append(epoch)
            return Lines(64, 0)

    fit(network(), squared, Anew(64, 7), VALID, tmp_path / "a", CONFIG)
    assert asked == [0, 1, 2, 3]
    assert weights(tmp_path / "b")[0] == (tmp_path / "a" / BEST).read_bytes()


def test_bfloat16_trains_too(tmp_path):
    config = dataclasses.replace(CONFIG, precision="bf16-mixed")
    assert fit(network(), squared, TRAIN, VALID, tmp_path, config).best_loss < 1


def test_the_schedule_rises_linearly_and_falls_as_a_cosine():
    config = FitConfig(learning_rate=2.0, warmup=0.1)
    rates = [learning_rate(step, 100, config) for step in range(100)]
    np.testing.assert_allclose(rates[:10], 2.0 * np.arange(1, 11) / 10)
    np.testing.assert_allclose(rates[10:], [1 + math.cos(math.pi * t / 90) for t in range(90)])


def test_a_loss_that_is_no_number_ends_the_run_with_advice(tmp_path):
    config = dataclasses.replace(CONFIG, learning_rate=1e30, clip=1e30)
    with pytest.raises(
        TrainingError, match=r"the loss became \S+ in epoch \d, step \d+; a smaller"
    ):
        fit(nn.Linear(6, 1), squared, TRAIN, VALID, tmp_path, config)


def test_a_folder_of_another_configuration_is_refused(tmp_path):
    weights(tmp_path)
    with pytest.raises(TrainingError, match=r"of another run \(its fit\.seed differs\)"):
        weights(tmp_path, dataclasses.replace(CONFIG, seed=3))
    with pytest.raises(TrainingError, match=r"its task differs"):
        weights(tmp_path, record={"task": "x"})
