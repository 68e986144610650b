"""Training that stops by patience, and convolutions: resuming bit for bit, and a plain loop."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from torch import nn

from encoders.errors import TrainingError
from encoders.losses import l1
from encoders.networks import OutputSpec
from encoders.networks.readout import ReadOut
from encoders.training.checkpoint import read_config, read_weights, write_weights
from encoders.training.config import FitConfig, learning_rate
from encoders.training.fit import fit
from encoders.training.loading import TensorExamples, in_memory, shuffled
from encoders.training.run_state import BEST, IMPLIED, LAST, RunState, differing

CONFIG = FitConfig(epochs=30, batch=8, learning_rate=0.01, precision="32-true", accelerator="cpu")
PATIENT = dataclasses.replace(
    CONFIG, epochs=90, warmup=0.001, patience=2, cuts=1, evaluations=3, min_delta=0.01
)


def pictures(count, seed):
    """Noisy pictures of a smooth target: what a few convolutions learn, and then only remember."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 1, 4, 4, generator=generator)
    target = nn.functional.interpolate(coarse, size=16, mode="bilinear") * 2 - 1
    noise = torch.randn(count, 3, 16, 16, generator=generator)
    return TensorExamples(target + 0.5 * noise, target, torch.ones(count, 16, 16))


TRAIN, VALID = pictures(40, 0), pictures(16, 1)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1)
    )


class KilledError(Exception):
    pass


def trained(folder, config=PATIENT, kill_after=None, loss=l1):
    rows = []

    def after(row):
        rows.append(row)
        if len(rows) == kill_after:
            raise KilledError

    return fit(network(), loss, TRAIN, VALID, folder, config, on_evaluation=after)


def weights(folder):
    return read_weights(folder / LAST)[0]


def same(ours, theirs):
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, trained(folder)


def test_it_stops_when_the_validation_loss_has_stalled_and_says_so(undisturbed):
    folder, run = undisturbed
    assert run.stopped == "patience"
    assert run.last_epoch < PATIENT.epochs - 1
    assert run.best_epoch == run.epochs[int(np.argmin(run.losses))].epoch
    rates = {round(row.learning_rate, 9) for row in run.epochs}
    assert rates == {0.01, 0.002}  # it was cut once
    assert read_config(folder / LAST)["progress"]["stopped"] == "patience"
    summary = run.summary()
    assert summary["last_step"] == run.epochs[-1].step == summary["valid_losses"][-1][0]
    assert json.loads(json.dumps(summary)) == summary


def test_a_finished_run_is_only_read(undisturbed):
    folder, run = undisturbed
    before = (folder / LAST).read_bytes()
    again = trained(folder, kill_after=1)
    assert again == run
    assert (folder / LAST).read_bytes() == before


@pytest.mark.parametrize("evaluation", [1, 2, 5, -4, -2, -1])
def test_killed_after_any_evaluation_it_resumes_bit_for_bit(tmp_path, undisturbed, evaluation):
    """Also within an epoch, while it waits for an improvement, and after the last evaluation."""
    folder, run = undisturbed
    number = evaluation if evaluation > 0 else len(run.epochs) + 1 + evaluation
    with pytest.raises(KilledError):
        trained(tmp_path, kill_after=number)
    again = trained(tmp_path)
    assert again.summary() == run.summary()
    assert same(weights(tmp_path), weights(folder))


def test_paused_after_each_epoch_it_ends_as_if_it_had_not_been(tmp_path, undisturbed):
    """A paused run has the best weights so far, and says that it has not stopped."""
    folder, run = undisturbed
    whole = [row.valid_loss for row in run.epochs]
    for epoch in range(1, 100):
        model = network()
        paused = fit(model, l1, TRAIN, VALID, tmp_path, PATIENT, pause_after=epoch)
        assert len(paused.epochs) == min(3 * epoch, len(run.epochs))
        assert paused.best_loss == min(whole[: 3 * epoch])
        assert same(model.state_dict(), read_weights(tmp_path / BEST)[0])
        if paused.stopped:
            break
    assert paused.stopped == "patience"
    assert epoch == -(-len(run.epochs) // 3)
    assert paused.summary() == run.summary()
    assert same(weights(tmp_path), weights(folder))


def test_a_pause_at_the_cap_is_its_end(tmp_path):
    config = dataclasses.replace(CONFIG, epochs=2)
    assert fit(network(), l1, TRAIN, VALID, tmp_path, config, pause_after=1).stopped is None
    assert fit(network(), l1, TRAIN, VALID, tmp_path, config, pause_after=2).stopped == "cap"


def test_killed_between_two_evaluations_it_resumes_bit_for_bit(tmp_path, undisturbed):
    folder, run = undisturbed
    calls = iter(range(10_000))

    def dies(prediction, target, mask):
        if next(calls) == 33:
            raise KilledError
        return l1(prediction, target, mask)

    with pytest.raises(KilledError):
        trained(tmp_path, loss=dies)
    assert trained(tmp_path).summary() == run.summary()
    assert same(weights(tmp_path), weights(folder))


def test_at_its_cap_it_stops_for_that_reason_and_ends_with_a_small_rate(tmp_path):
    run = trained(tmp_path, dataclasses.replace(PATIENT, epochs=5, patience=100))
    assert run.stopped == "cap"
    assert run.last_epoch == 4
    assert len(run.epochs) == 15
    assert 0 < run.epochs[-1].learning_rate < 0.5 * PATIENT.learning_rate


def test_without_patience_all_epochs_are_trained_and_the_rate_falls_as_a_cosine(tmp_path):
    run = trained(tmp_path, dataclasses.replace(CONFIG, epochs=3))
    assert run.stopped == "cap"
    assert len(run.epochs) == 3
    wanted = [learning_rate(5 * epoch, 15, CONFIG) for epoch in range(3)]
    assert [row.learning_rate for row in run.epochs] == wanted


def test_an_epoch_in_parts_shows_each_example_once(tmp_path):
    asked = []

    class Asked(TensorExamples):
        def batch(self, indices):
            asked.extend(int(index) for index in indices)
            return super().batch(indices)

    train = Asked(TRAIN.pictures, TRAIN.target, TRAIN.mask)
    config = dataclasses.replace(CONFIG, epochs=2, evaluations=3)
    run = fit(network(), l1, train, VALID, tmp_path, config)
    assert asked == shuffled(40, 0, 0, 0, 1) + shuffled(40, 0, 1, 0, 1)
    assert [(row.epoch, row.step) for row in run.epochs] == [
        (0, 1),
        (0, 3),
        (0, 5),
        (1, 6),
        (1, 8),
        (1, 10),
    ]
    many = fit(
        network(), l1, TRAIN, VALID, tmp_path / "many", dataclasses.replace(config, evaluations=99)
    )
    assert len(many.epochs) == 10  # at most one a step


@pytest.mark.parametrize("steps", [1, 6])
def test_steps_of_a_read_out_are_those_of_a_plain_loop(tmp_path, steps):
    """Fused AdamW and channels_last against PyTorch's plain optimizer and layout, in float64."""
    generator = torch.Generator().manual_seed(3)
    count = 8 * steps
    examples = TensorExamples(
        torch.randn(count, 16, 16, 16, generator=generator),
        torch.rand(count, 1, 64, 64, generator=generator) * 2 - 1,
        torch.rand(count, 64, 64, generator=generator) < 0.8,
    )
    config = dataclasses.replace(CONFIG, epochs=1, learning_rate=1e-3, precision="64-true")

    def readout():
        output = OutputSpec("pixels", 1, 1.0, "tanh")
        return ReadOut("tiny", output, channels=16, generator=torch.Generator().manual_seed(0))

    plain, start = readout().double().train(), readout().double()
    optimizer = torch.optim.AdamW(
        [
            {"params": [w for w in plain.parameters() if w.ndim > 1], "weight_decay": 0.02},
            {"params": [w for w in plain.parameters() if w.ndim <= 1], "weight_decay": 0.0},
        ],
        foreach=False,
        fused=False,
    )
    order = shuffled(count, 0, 0, 0, 1)
    for step in range(steps):
        pictures_, target, mask = examples.batch(order[8 * step : 8 * step + 8])
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, steps, config)
        optimizer.zero_grad()
        l1(plain(pictures_.double()).float(), target, mask).mean().backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 1.0)
        optimizer.step()
    ours = readout()
    fit(ours, l1, examples, VALID_OF_READOUT, tmp_path, config)
    for (name, one), other, first in zip(
        ours.named_parameters(), plain.parameters(), start.parameters(), strict=True
    ):
        moved = (other - first).norm()
        assert moved > 0, name
        # Adam divides by the gradient's own size: where that is rounding, so is the step.
        assert (one - other).norm() < 1e-3 * moved + 1e-9, name


VALID_OF_READOUT = TensorExamples(
    torch.zeros(8, 16, 16, 16), torch.zeros(8, 1, 64, 64), torch.ones(8, 64, 64)
)


def test_a_run_of_an_earlier_version_is_read_as_one_without_patience(tmp_path):
    config = dataclasses.replace(CONFIG, epochs=2)
    with pytest.raises(KilledError):
        trained(tmp_path, config, kill_after=1)
    tensors, about = read_weights(tmp_path / LAST)
    for name in IMPLIED:
        del about["fit"][name]
    for name in ("best_step", "stopped"):
        del about["progress"][name]
    for row in about["progress"]["epochs"]:
        del row["step"]
    write_weights(tmp_path / LAST, tensors, about)
    assert differing(about["fit"], dataclasses.asdict(PATIENT)) == [
        "cuts",
        "epochs",
        "evaluations",
        "min_delta",
        "patience",
        "warmup",
    ]
    with pytest.raises(TrainingError, match=r"of another run \(its .*fit\.patience.* differs\)"):
        trained(tmp_path, PATIENT)
    run = trained(tmp_path, config)
    assert len(run.epochs) == 2
    assert run.epochs[0].step == -1
    trained(tmp_path / "new", config)
    assert same(weights(tmp_path), weights(tmp_path / "new"))


def test_settings_that_a_sweep_of_an_earlier_version_lacks_are_those_of_then():
    before, now = {"transfer": {"fit": {}}}, {"transfer": {"fit": dict(IMPLIED)}}
    assert differing(before, now) == []
    now["transfer"]["fit"]["patience"] = 3
    assert differing(before, now) == ["transfer.fit.patience"]


def test_a_new_run_has_no_best_epoch():
    assert RunState().summary()["best_epoch"] == RunState().last_epoch == -1


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [("patience", 0, 1), ("cuts", -1, 0), ("evaluations", 0, 1), ("min_delta", -0.1, 0)],
)
def test_settings_out_of_range_are_refused(name, value, least):
    with pytest.raises(TrainingError, match=f"{name} is {value}, expected at least {least}"):
        FitConfig(**{name: value})


def test_examples_in_memory_are_those_that_were_read():
    held = in_memory(TRAIN)
    for one, other in zip(held.batch([3, 1]), TRAIN.batch([3, 1]), strict=True):
        assert torch.equal(one, other)
    half = TensorExamples(TRAIN.pictures.half(), TRAIN.target, TRAIN.mask)
    assert in_memory(half).pictures.dtype == torch.float16  # nothing is lost
    assert torch.equal(in_memory(half).batch([0])[0], half.batch([0])[0])
    assert held.pictures.dtype == torch.float32
    assert in_memory(TRAIN, max_bytes=1000) is TRAIN
