"""The choice of one configuration of ``scratch``: by hand, and in a small sweep."""

import json
import math
from dataclasses import replace

import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.errors import TrainingError, UnknownNameError
from encoders.training.config import FitConfig
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.scratch import ScratchConfig, ScratchGrid
from encoders.transfer.scratch_trials import TRIALS, best_scratch
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from tests.encoders.inline import InlineEngine
from tests.encoders.untrained import write_untrained
from tests.failing import fails

TARGET = "rgb2depth"


def trials(**losses):
    """Entries of trials from ``e1r2=[loss at target a, at target b]``."""
    return [
        {
            "target": target,
            "epochs": int(name[1]),
            "learning_rate": int(name[3]) / 1000,
            "valid_loss": loss,
        }
        for name, pair in losses.items()
        for target, loss in zip("ab", pair, strict=True)
    ]


@pytest.mark.parametrize(
    ("losses", "chosen"),
    [
        # Ratios to the best: e1r1 1 and 3; e2r1 2 and 1, whose product 2 is the smallest.
        ({"e1r1": [1.0, 300.0], "e2r1": [2.0, 100.0], "e2r2": [3.0, 100.0]}, (2, 0.001)),
        # The mean loss would choose e1r1, which is four times worse at the target of small ones.
        ({"e1r1": [4.0, 900.0], "e1r2": [1.0, 1000.0]}, (1, 0.002)),
        # Equal ones: fewer epochs, then the smaller learning rate.
        ({"e2r1": [1.0, 2.0], "e1r2": [1.0, 2.0], "e1r1": [2.0, 1.0]}, (1, 0.001)),
        # One that diverged cannot be chosen.
        ({"e1r1": [0.1, None], "e2r1": [5.0, 5.0]}, (2, 0.001)),
    ],
)
def test_the_smallest_product_of_ratios_is_chosen(losses, chosen):
    assert best_scratch(trials(**losses)) == ScratchConfig(*chosen)


def test_losses_without_a_ratio_and_grids_that_all_diverged_are_refused():
    with pytest.raises(
        TrainingError, match="scratch of b has a mean validation loss of 0, expected"
    ):
        best_scratch(trials(e1r1=[1.0, 0.0], e1r2=[1.0, 1.0]))
    with pytest.raises(TrainingError, match="each of 2 configurations of scratch diverged at some"):
        best_scratch(trials(e1r1=[1.0, None], e1r2=[None, 1.0]))
    with pytest.raises(TrainingError, match="the grid of scratch has one configuration"):
        ScratchGrid((3, 3))


@pytest.fixture(scope="module")
def config(world_of_14, tmp_path_factory):
    bank = tmp_path_factory.mktemp("scratch") / "bank"
    write_untrained(bank, TaskonomyDataset(world_of_14, [TARGET], progress=False))
    pool = TransferDataConfig(str(world_of_14), train=4, valid=3, test=10)
    fit = FitConfig(epochs=1, batch=4, precision="32-true", seed=3)
    grid = ScratchGrid((1, 2), (1e-3, 1e12), (TARGET,))
    transfer = TransferConfig(str(bank), pool, fit)
    return SweepConfig(transfer, (TARGET,), ("random",), max_order=1, scratch_grid=grid)


def test_a_sweep_chooses_by_validation_losses_records_what_was_tried_and_resumes(config, tmp_path):
    engine = InlineEngine(most=3)
    with pytest.raises(KeyboardInterrupt):
        sweep(config, tmp_path, engine)
    again = InlineEngine()
    swept = sweep(config, tmp_path, again)
    assert len([key for key in again.keys if "learning rate" in key]) == 1
    written = json.loads((tmp_path / "config.json").read_text())
    tried = pd.DataFrame(written[TRIALS]["tried"])
    assert list(zip(tried["epochs"], tried["learning_rate"], strict=True)) == [
        (1, 1e-3),
        (1, 1e12),
        (2, 1e-3),
        (2, 1e12),
    ]
    assert set(tried["target"]) == {TARGET}
    assert not [name for name in tried if "test" in name]
    known = tried[tried["valid_loss"].notna()]
    least = known.loc[known["valid_loss"].idxmin()]
    assert written[TRIALS]["chosen"] == {
        "epochs": least["epochs"],
        "learning_rate": least["learning_rate"],
    }
    assert written["transfer"]["scratch"] == written[TRIALS]["chosen"]
    for target in config.targets:
        record = swept.records[target, "scratch"]
        assert record["last_epoch"] <= least["epochs"] - 1
    assert math.isclose(swept.records[TARGET, "scratch"]["valid_loss"], least["valid_loss"])
    third = InlineEngine()
    sweep(config, tmp_path, third)
    assert third.keys == []
    for path in (tmp_path / TRIALS).rglob("*.json"):
        assert "test_loss" not in path.read_text()
    other = replace(config, scratch_grid=ScratchGrid((1, 2, 3), (1e-3,), (TARGET,)))
    with pytest.raises(TrainingError, match="of a sweep with another scratch_grid"):
        sweep(other, tmp_path, InlineEngine())


def test_a_grid_is_tried_on_targets_of_the_sweep_alone(config):
    with pytest.raises(UnknownNameError, match='tried on "reshade", which is no target of the'):
        replace(config, scratch_grid=ScratchGrid((1, 2), (), ("reshade",)))


def test_the_flags_of_transfer_and_run_are_the_same(config, tmp_path, monkeypatch, capsys):
    asked = []

    def pipeline(plan, *_, **__):
        asked.append((plan.pruning, plan.seeds, plan.scratch, plan.scratch_grid))
        raise TrainingError("that is all")

    def swept(plan, *_, seeds, **__):
        asked.append((plan.pruning, seeds, plan.transfer.scratch, plan.scratch_grid))
        raise TrainingError("that is all")

    monkeypatch.setattr("encoders.pipeline.stages.Pipeline", pipeline)
    monkeypatch.setattr("encoders.transfer.sweep.sweep", swept)
    transfer = config.transfer
    commands = (
        ["run", tmp_path / "a"],
        ["transfer", "--data", transfer.pool.data, "--bank", transfer.bank, "-o", tmp_path / "b"],
    )
    grid = ["--scratch-epochs", "2,4", "--scratch-learning-rate", ".001,.003"]
    for flags in (
        ["--seeds", "scratch=5", "--seeds", "all=2", "--scratch-epochs", "7"],
        ["--pruning", "halving", "--rungs", ".2,.4", "--keep-least", "3", *grid],
        [*grid, "--scratch-targets", "rgb2depth"],
        [],
    ):
        for words in commands:
            assert fails(capsys, *words, *flags) == "Error: that is all\n"
        one, other = asked[-2:]
        assert one == other
    assert asked[0][2] == ScratchConfig(7, None)
    assert asked[4][3] == ScratchGrid((2, 4), (0.001, 0.003), ("rgb2depth",))
    for words in commands:
        said = fails(capsys, *words, "--scratch-targets", "rgb2depth")
        assert "give several to --scratch-epochs or --scratch-learning-rate" in said
        assert "--rungs is a setting of --pruning" in fails(capsys, *words, "--rungs", ".5")
