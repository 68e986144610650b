"""A larger cap of epochs: kept networks are those of a sweep that had it from the beginning."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.errors import TrainingError
from encoders.training.config import FitConfig
from encoders.training.schedule import plateau_factor
from encoders.transfer.caps import is_touched
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.gather import gather
from encoders.transfer.repeats import SeedPlan
from encoders.transfer.scratch import ScratchConfig, ScratchGrid
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from tests.encoders.inline import InlineEngine
from tests.encoders.untrained import write_untrained

TARGET = "rgb2depth"
SMALL, LARGE = 5, 9
SEEDS = SeedPlan(scratch=4, named={(TARGET, "random"): 3})


def with_caps(config, epochs, scratch):
    """The configuration with other caps of read-outs and of ``scratch``."""
    own = replace(config.transfer.scratch, epochs=scratch)
    fit = replace(config.transfer.fit, epochs=epochs)
    return replace(config, transfer=replace(config.transfer, fit=fit, scratch=own))


@pytest.fixture(scope="module")
def config(world_of_14, tmp_path_factory):
    bank = tmp_path_factory.mktemp("caps") / "bank"
    write_untrained(bank, TaskonomyDataset(world_of_14, [TARGET, "edge2d"], progress=False))
    pool = TransferDataConfig(str(world_of_14), train=4, valid=3, test=10)
    fit = FitConfig(
        epochs=SMALL, batch=4, precision="32-true", seed=3, patience=1, cuts=0, warmup=0.0
    )
    transfer = TransferConfig(str(bank), pool, fit, scratch=ScratchConfig(SMALL, 0.02))
    return SweepConfig(transfer, (TARGET,), ("edge2d", "random"), max_order=1)


@pytest.fixture(scope="module")
def raised(config, tmp_path_factory):
    """Records of a sweep whose caps were raised, and of one that had the larger caps at once."""
    out, whole = (tmp_path_factory.mktemp("caps") / name for name in ("out", "whole"))
    large = with_caps(config, LARGE, LARGE)
    first, again = InlineEngine(), InlineEngine()
    sweep(config, out, first, seeds=SEEDS)
    before = {path: path.read_text() for path in out.rglob("measured/*/*.json")}
    sweep(large, out, again)  # what had several seeds keeps as many
    sweep(large, whole, InlineEngine(), seeds=SEEDS)
    return out, whole, before, again.keys


def losses_of(folder):
    paths = sorted(folder.rglob("measured/*/*.parquet"))
    return {path.relative_to(folder).as_posix(): pd.read_parquet(path) for path in paths}


def test_a_sweep_with_a_raised_cap_is_one_that_had_it_from_the_beginning(raised):
    out, whole, _, _ = raised
    found, expected = losses_of(out), losses_of(whole)
    assert found.keys() == expected.keys()
    for name, frame in expected.items():
        pd.testing.assert_frame_equal(found[name], frame, check_exact=True)
    configs = [json.loads((folder / "config.json").read_text()) for folder in (out, whole)]
    assert configs[0] == configs[1]


def test_only_networks_that_the_smaller_cap_touched_are_trained_again(raised):
    _, _, before, keys = raised
    trained = [json.loads(text) for text in before.values()]
    trained = [record for record in trained if record["sources"] != "self"]
    late = [r["last_epoch"] + 1 > 0.8 * SMALL or r["stopped"] == "cap" for r in trained]
    assert any(late)
    assert not all(late)
    assert len(keys) == sum(late)
    for path, text in before.items():
        record = json.loads(text)
        if record["sources"] == "self" or not late[trained.index(record)]:
            assert path.read_text() == text


@pytest.mark.parametrize(
    ("change", "caps", "message"),
    [
        ({}, (SMALL - 1, SMALL), r"another transfer\.fit\.epochs"),
        ({}, (SMALL, SMALL - 1), r"another transfer\.scratch\.epochs"),
        ({"patience": None}, (LARGE, SMALL), r"another .*transfer\.fit\.epochs"),
    ],
)
def test_smaller_caps_and_caps_without_patience_are_refused(
    config, change, caps, message, tmp_path
):
    fit = replace(config.transfer.fit, **change)
    own = replace(config, transfer=replace(config.transfer, fit=fit))
    few = replace(own, sources=("random",))
    sweep(few, tmp_path, InlineEngine())
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.json")}
    with pytest.raises(TrainingError, match=message):
        sweep(with_caps(few, *caps), tmp_path, InlineEngine())
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*.json")}


def test_what_a_grid_chose_may_be_raised_without_the_grid(config, tmp_path):
    transfer = replace(config.transfer, scratch=None)
    grid = ScratchGrid((2, 3), (0.02,), (TARGET,))
    few = replace(config, transfer=transfer, sources=("random",), scratch_grid=grid)
    sweep(few, tmp_path, InlineEngine())
    chosen = json.loads((tmp_path / "config.json").read_text())
    more = replace(
        few,
        scratch_grid=None,
        transfer=replace(transfer, scratch=ScratchConfig(LARGE, 0.02)),
    )
    swept = sweep(more, tmp_path, InlineEngine())
    written = json.loads((tmp_path / "config.json").read_text())
    assert written["transfer"]["scratch"] == {"epochs": LARGE, "learning_rate": 0.02}
    for name in ("scratch_grid", "scratch_trials"):
        assert written[name] == chosen[name]
    gather(swept.records, tmp_path, bootstrap=0)
    assert (tmp_path / "records.csv").exists()


@pytest.mark.parametrize(
    ("changed", "touched"),
    [
        ({}, False),
        ({"stopped": "cap"}, True),
        ({"last_epoch": 28, "last_step": 29 * 125}, True),  # the last fifth of 36 begins at 28.8
        ({"last_epoch": 27, "last_step": 28 * 125}, False),
        ({"sources": "self", "stopped": "cap"}, False),
        ({"last_epoch": None}, False),
        ({"last_step": 200}, True),  # ten steps an epoch: the warm-up is a share of the cap
    ],
)
def test_a_cap_touches_what_reached_its_last_part_or_warmed_up_by_it(changed, touched):
    record = {"sources": "a", "stopped": "patience", "last_epoch": 19, "last_step": 2500}
    assert is_touched({**record, **changed}, 36, 60, warmup=0.05) is touched


def test_learning_rates_of_both_caps_are_the_same_until_the_last_part():
    rates = [
        [plateau_factor(step, epochs * 125, warmup=0.05, cuts=1) for step in range(28 * 125)]
        for epochs in (36, 60)
    ]
    assert rates[0] == rates[1]
