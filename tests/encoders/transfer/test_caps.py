"""A larger cap of epochs of scratch: the sweep is one that had it from the beginning."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.errors import TrainingError
from encoders.training.config import FitConfig
from encoders.training.schedule import plateau_factor
from encoders.transfer.caps import may_change
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import gather
from encoders.transfer.records import CAPPED
from encoders.transfer.repeats import SeedPlan
from encoders.transfer.scratch import ScratchConfig, ScratchGrid
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from tests.encoders.inline import InlineEngine
from tests.encoders.untrained import write_untrained

TARGET = "rgb2depth"
SMALL, LARGE = 5, 9
SEEDS = SeedPlan(scratch=6, named={(TARGET, "random"): 2})


def with_cap(config, epochs):
    """The configuration with another cap of ``scratch``."""
    scratch = replace(config.transfer.scratch, epochs=epochs)
    return replace(config, transfer=replace(config.transfer, scratch=scratch))


@pytest.fixture(scope="module")
def config(world_of_14, tmp_path_factory):
    bank = tmp_path_factory.mktemp("caps") / "bank"
    write_untrained(bank, TaskonomyDataset(world_of_14, [TARGET, "edge2d"], progress=False))
    pool = TransferDataConfig(str(world_of_14), train=4, valid=3, test=10)
    fit = FitConfig(epochs=2, batch=4, precision="32-true", seed=3, patience=1, cuts=0, warmup=0.0)
    transfer = TransferConfig(str(bank), pool, fit, scratch=ScratchConfig(SMALL, 0.004))
    return SweepConfig(transfer, (TARGET,), ("edge2d", "random"), max_order=2)


def losses_of(folder):
    paths = sorted(folder.rglob("measured/*/*.parquet"))
    return {path.relative_to(folder).as_posix(): pd.read_parquet(path) for path in paths}


def records_of(folder):
    return {path: path.read_text() for path in folder.rglob("measured/*/*.json")}


@pytest.fixture(scope="module")
def raised(config, tmp_path_factory):
    """A sweep whose cap was raised, killed once on the way, and one that had the larger at once.

    Each has 6 seeds of scratch, which the calls with the larger cap do not ask for.
    """
    out, whole = (tmp_path_factory.mktemp("caps") / name for name in ("out", "whole"))
    large = with_cap(config, LARGE)
    swept = sweep(config, out, InlineEngine(), seeds=SEEDS)
    gather(swept.records, out, bootstrap=0)
    before = records_of(out)
    killed, again = InlineEngine(most=1), InlineEngine()
    with pytest.raises(KeyboardInterrupt):
        sweep(large, out, killed)
    assert not (out / "transfers.csv").exists()
    sweep(large, out, again)
    sweep(large, whole, InlineEngine(), seeds=SEEDS)
    return out, whole, before, killed.keys + again.keys


def test_a_sweep_with_a_raised_cap_is_one_that_had_it_from_the_beginning(raised):
    out, whole, _, _ = raised
    found, expected = losses_of(out), losses_of(whole)
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, check_exact=True)
    configs = [json.loads((folder / "config.json").read_text()) for folder in (out, whole)]
    assert configs[0] == configs[1]


def test_only_networks_that_a_larger_cap_may_change_are_trained_again(raised):
    _, _, before, keys = raised
    count = 0
    for path, text in before.items():
        record = json.loads(text)
        late = record["sources"] == "scratch" and (
            record["stopped"] == "cap" or record["last_epoch"] + 1 > 0.8 * SMALL
        )
        count += late
        aside = path.with_name(path.name + CAPPED)
        assert aside.exists() == late
        assert (aside if late else path).read_text() == text
    assert 0 < count < 6  # both kinds are there, so that the test can fail
    assert len(keys) == count


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: with_cap(c, SMALL - 1), r"another transfer\.scratch\.epochs"),
        (
            lambda c: replace(
                with_cap(c, LARGE),
                transfer=replace(
                    with_cap(c, LARGE).transfer, fit=replace(c.transfer.fit, epochs=3)
                ),
            ),
            r"another transfer\.fit\.epochs",
        ),
    ],
)
def test_a_smaller_cap_and_more_epochs_of_read_outs_are_refused(config, change, message, tmp_path):
    few = replace(config, sources=("random",), max_order=1)
    sweep(few, tmp_path, InlineEngine())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json*")}
    with pytest.raises(TrainingError, match=message):
        sweep(change(few), tmp_path, InlineEngine())
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.json*")}


def test_without_patience_a_larger_cap_is_another_training(config, tmp_path):
    fit = replace(config.transfer.fit, patience=None)
    transfer = replace(config.transfer, fit=fit)
    few = replace(config, sources=("random",), max_order=1, transfer=transfer)
    sweep(few, tmp_path, InlineEngine())
    with pytest.raises(TrainingError, match=r"another transfer\.scratch\.epochs"):
        sweep(with_cap(few, LARGE), tmp_path, InlineEngine())


def test_what_a_grid_chose_may_be_raised_without_the_grid(config, tmp_path):
    transfer = replace(config.transfer, scratch=None)
    grid = ScratchGrid((2, 3), (0.02,), (TARGET,))
    few = replace(config, transfer=transfer, sources=("random",), max_order=1, scratch_grid=grid)
    sweep(few, tmp_path, InlineEngine())
    chosen = json.loads((tmp_path / "config.json").read_text())
    scratch = ScratchConfig(LARGE, 0.02)
    more = replace(few, scratch_grid=None, transfer=replace(transfer, scratch=scratch))
    sweep(more, tmp_path, InlineEngine())
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["transfer"]["scratch"] == {"epochs": LARGE, "learning_rate": 0.02}
    for name in ("scratch_grid", "scratch_trials"):
        assert written[name] == chosen[name]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, False),
        ({"stopped": "cap"}, True),
        ({"last_epoch": 28, "last_step": 29 * 125}, True),  # the last fifth of 36 begins at 28.8
        ({"last_epoch": 27, "last_step": 28 * 125}, False),
        ({"last_step": 200}, True),  # ten steps an epoch: the warm-up is a share of the cap
    ],
)
def test_a_larger_cap_changes_what_came_near_it_or_warmed_up_by_it(changed, expected):
    record = {"stopped": "patience", "last_epoch": 19, "last_step": 2500}
    assert may_change({**record, **changed}, 36, 60, warmup=0.05) is expected


def test_learning_rates_of_both_caps_are_the_same_until_the_last_part():
    rates = [
        [plateau_factor(step, epochs * 125, warmup=0.05, cuts=1) for step in range(28 * 125)]
        for epochs in (36, 60)
    ]
    assert rates[0] == rates[1]
