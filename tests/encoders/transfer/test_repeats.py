"""Further seeds of a sweep, its validation losses, and the configuration of ``scratch``."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.errors import TrainingError
from encoders.training.config import FitConfig
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.file_names import LOSSES, RECORDS, VALID_LOSSES
from encoders.transfer.gather import gather, is_gathered
from encoders.transfer.records import place_of, validation_of
from encoders.transfer.repeats import SeedPlan
from encoders.transfer.scratch import ScratchConfig
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from taskgraph.cli import run
from taskgraph.tables import read_transfers
from tests.encoders.inline import InlineEngine
from tests.encoders.untrained import write_untrained
from tests.failing import fails

TARGET = "rgb2depth"


@pytest.fixture(scope="module")
def config(world_of_14, tmp_path_factory):
    """Two sources of one target, read out in one epoch."""
    bank = tmp_path_factory.mktemp("repeats") / "bank"
    write_untrained(bank, TaskonomyDataset(world_of_14, [TARGET, "edge2d"], progress=False))
    pool = TransferDataConfig(str(world_of_14), train=4, valid=3, test=10)
    fit = FitConfig(epochs=1, batch=4, precision="32-true", seed=3)
    scratch = ScratchConfig(epochs=2, learning_rate=0.005)
    transfer = TransferConfig(str(bank), pool, fit, scratch=scratch)
    return SweepConfig(transfer, (TARGET,), ("edge2d", "random"), max_order=1)


@pytest.fixture(scope="module")
def swept(config, tmp_path_factory):
    """A finished sweep of one seed, extended by further ones, the calls of both, and its folder."""
    out = tmp_path_factory.mktemp("repeats") / "sweep"
    first, second = InlineEngine(), InlineEngine()
    before = sweep(config, out, first)
    stamps = {path: path.stat().st_mtime_ns for path in (out / "measured").rglob("*.*")}
    plan = SeedPlan(scratch=3, named={(TARGET, "edge2d"): 2, (TARGET, "self"): 9})
    after = sweep(config, out, second, seeds=plan)
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    assert after.records == before.records
    return after, (first.keys, second.keys), out


def test_a_finished_sweep_gets_further_seeds_and_measures_nothing_again(swept):
    outcome, (first, second), _ = swept
    measured = [key for key in first if not key.startswith("encode")]
    assert len(measured) == 3 + 2
    assert second == [
        "edge2d -> rgb2depth (seed 4)",
        "scratch -> rgb2depth (seed 4)",
        "scratch -> rgb2depth (seed 5)",
    ]
    assert outcome.repeated == 3
    assert not outcome.failures


def test_a_further_seed_is_what_a_sweep_of_that_seed_measures(config, swept, tmp_path):
    """The oracle is a second sweep whose configuration has that seed."""
    out = tmp_path / "alone"
    out.mkdir()
    (out / "representations").symlink_to(swept[2] / "representations")
    alone = replace(config, transfer=config.transfer.with_seed(4), sources=("edge2d",))
    records = sweep(alone, out, InlineEngine()).records
    for name in ("edge2d", "scratch"):
        again = swept[2] / "seeds" / "4"
        for place in (lambda *a: place_of(*a).with_suffix(".parquet"), validation_of):
            one, other = (pd.read_parquet(place(each, TARGET, (name,))) for each in (out, again))
            pd.testing.assert_frame_equal(one, other, check_exact=True)
        record = json.loads(place_of(again, TARGET, (name,)).read_text())
        assert {**record, "seconds": 0} == {**records[TARGET, name], "seconds": 0}
        assert record["seed"] == 4
        own = pd.read_parquet(place_of(swept[2], TARGET, (name,)).with_suffix(".parquet"))
        assert not np.array_equal(own["loss"], one["loss"])


def test_the_tables_hold_every_seed(swept):
    outcome, _, out = swept
    found = gather(outcome.records, out, bootstrap=2)
    losses, valid = (pd.read_parquet(out / name) for name in (LOSSES, VALID_LOSSES))
    seeds = {"average": [3], "edge2d": [3, 4], "random": [3], "scratch": [3, 4, 5], "self": [3]}
    for frame, images in ((losses, 10), (valid, 3)):
        assert frame.groupby("sources")["seed"].unique().map(sorted).to_dict() == seeds
        assert len(frame) == images * sum(map(len, seeds.values()))
    records = pd.read_csv(out / RECORDS)
    assert records.groupby("sources")["seed"].apply(sorted).to_dict() == seeds
    table = found.transfers.frame.set_index("sources")
    assert table["seeds"].to_dict() == {name: len(each) for name, each in seeds.items()}
    wide = losses.pivot_table(index="image", columns=["sources", "seed"], values="loss")
    gains = [(wide["random"][3] < wide["scratch"][seed]).mean() for seed in (3, 4, 5)]
    assert table["gain"]["random"] == pytest.approx(np.mean(gains))
    assert read_transfers(out / "transfers.csv").frame["seeds"].sum() == 8


def test_tables_are_whole_only_with_every_measurement_of_the_folder(config, swept, tmp_path):
    """They are not whole after a further seed, a killed call, or a changed record."""
    out = tmp_path / "copy"
    shutil.copytree(swept[2], out)
    assert not is_gathered(tmp_path)
    gather(swept[0].records, out, bootstrap=2)
    assert is_gathered(out)
    extended = sweep(config, out, InlineEngine(), seeds=SeedPlan(scratch=4))
    assert not is_gathered(out)
    gather(extended.records, out, bootstrap=2)
    assert is_gathered(out)
    (out / "transfers.csv").unlink()
    assert not is_gathered(out)
    gather(extended.records, out, bootstrap=2)
    path = place_of(out, TARGET, ("edge2d",))
    path.write_text(json.dumps(json.loads(path.read_text()) | {"test_loss": 0.5}))
    assert not is_gathered(out)


def test_scratch_has_its_own_configuration_and_records_when_it_stopped(config, swept):
    outcome, _, out = swept
    scratch, readout = (outcome.records[TARGET, name] for name in ("scratch", "edge2d"))
    assert (scratch["last_epoch"], scratch["last_step"], scratch["stopped"]) == (1, 2, "cap")
    assert (readout["last_epoch"], readout["last_step"], readout["stopped"]) == (0, 1, "cap")
    written = json.loads((out / "config.json").read_text())["transfer"]
    assert written["scratch"] == {"epochs": 2, "learning_rate": 0.005}
    assert config.transfer.fit_of(("scratch",)).learning_rate == 0.005
    assert config.transfer.fit_of(("edge2d",)) == config.transfer.fit
    assert config.transfer.fit_of(("average",)) == config.transfer.fit.of_constant()
    other = replace(config.transfer, scratch=ScratchConfig(epochs=3, learning_rate=0.005))
    with pytest.raises(TrainingError, match=r"with another transfer\.scratch\.epochs; write to"):
        write_or_check_config(replace(config, transfer=other), out)


def test_self_says_when_its_training_in_the_bank_stopped(config, tmp_path):
    from encoders.bank.pretrained import network_file
    from encoders.training.checkpoint import read_weights, write_weights
    from encoders.transfer.measure import measure_transfer

    (tmp_path / "bank").mkdir()
    path = network_file(config.transfer.bank, TARGET)
    tensors, about = read_weights(path)
    training = {"best_epoch": 7, "best_step": 90, "last_epoch": 9, "last_step": 120}
    training |= {"stopped": "patience", "valid_losses": [[90, 0.1]]}
    write_weights(tmp_path / "bank" / path.name, tensors, {**about, "training": {"self": training}})
    trained = replace(config.transfer, bank=str(tmp_path / "bank"))
    record = measure_transfer(trained, tmp_path / "sweep", TARGET, ("self",))
    training.pop("valid_losses")
    assert {key: record[key] for key in training} == training
    assert "valid_losses" not in record


def test_a_transfer_that_the_sweep_lacks_is_told_and_left_out(config, swept, caplog):
    caplog.set_level("INFO", logger="encoders")
    engine = InlineEngine()
    plan = SeedPlan(scratch=3, named={(TARGET, "edge2d+reshade"): 3})
    sweep(config, swept[2], engine, seeds=plan)
    assert engine.keys == []
    assert "edge2d+reshade -> rgb2depth is not measured by this sweep" in caplog.text


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: SeedPlan(scratch=0), "scratch: 0 seeds, expected at least 1"),
        (lambda: SeedPlan(named={("t", "a"): 0}), "a -> t: 0 seeds, expected at least 1"),
        (lambda: ScratchConfig(epochs=0), "scratch has 0 epochs, expected at least 1"),
        (lambda: ScratchConfig(learning_rate=0.0), "rate of scratch is 0.0, expected one above 0"),
    ],
)
def test_settings_out_of_range_are_refused(made, message):
    with pytest.raises(TrainingError, match=message):
        made()


# --- the command ---


def arguments(config, out, *flags):
    """Flags of the command that resume the sweep of `config` in a folder."""
    pool, fit = config.transfer.pool, config.transfer.fit
    given = [
        *("--data", pool.data, "--bank", config.transfer.bank, "-o", out, "--targets", TARGET),
        *("--sources", ",".join(config.sources), "--max-order", 1, "--images", 4),
        *("--valid-images", 3, "--test-images", 10, "--epochs", 1, "--batch", 4),
        *("--seed", fit.seed, "--scratch-epochs", 2, "--scratch-learning-rate", 0.005),
        *("--bootstrap", 2, "--resume", *flags),
    ]
    return ["transfer", *map(str, given)]


def test_the_command_reads_which_transfers_get_further_seeds(
    config, swept, tmp_path, monkeypatch, capsys
):
    """The sweep's configuration is that of the flags, except for the precision."""
    plans, whole = [], sweep

    def noted(config_, out, _engine, *, seeds, **more):
        plans.append(seeds)
        fit = replace(config_.transfer.fit, precision="32-true")
        plain = replace(config_, transfer=replace(config_.transfer, fit=fit))
        return whole(plain, out, InlineEngine(), seeds=seeds, **more)

    monkeypatch.setattr("encoders.transfer.sweep.sweep", noted)
    pd.DataFrame({"target": [TARGET], "sources": ["edge2d"]}).to_csv(
        tmp_path / "a.csv", index=False
    )
    flags = ["--seeds", "scratch=3", "--seeds", f"{tmp_path / 'a.csv'}=2"]
    assert run(arguments(config, swept[2], *flags)) == 0
    assert plans == [SeedPlan(3, 1, {(TARGET, "edge2d"): 2})]
    said = capsys.readouterr().err
    assert "5 measured, 3 more with further seeds, 0 failed" in said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("scratch=0", "expected scratch=N, all=N or FILE=N with N of at least 1, not 'scratch=0'"),
        ("scratch", "expected scratch=N, all=N or FILE=N with N of at least 1, not 'scratch'"),
        ("nowhere.csv=3", "nowhere.csv"),
    ],
)
def test_seeds_that_cannot_be_read_are_refused(given, message, config, tmp_path, capsys):
    base = arguments(config, tmp_path / "new")[1:]
    assert message in fails(capsys, "transfer", *base, "--seeds", given)
