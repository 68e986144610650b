"""The task bank on a small world: trained, measured, resumed, loaded; failures told."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import torch

from encoders.bank import table1
from encoders.bank.config import BankConfig, trainable
from encoders.bank.jobs import MANIFEST, report_epochs, train_bank
from encoders.bank.pretrained import load
from encoders.bank.splits import TaskSplits
from encoders.bank.training import train_task
from encoders.errors import InvalidDataError, TrainingError
from encoders.training.checkpoint import read_weights
from encoders.training.config import FitConfig
from taskgraph.cli import run

FIT = FitConfig(epochs=2, batch=8, precision="32-true", accelerator="cpu")
FLAGS = ["--epochs", "2", "--batch", "8", "--precision", "32-true"]


@pytest.fixture(scope="module")
def world(shared_world):
    return shared_world(buildings=3, views=16, size=64, seed=1)


@pytest.fixture(scope="module")
def bank(world, tmp_path_factory):
    out = tmp_path_factory.mktemp("bank") / "bank"
    done = train_bank(["edge2d", "fix_pose"], out, BankConfig(str(world), fit=FIT))
    assert not done.failures
    return out


def test_records_losses_and_weights_are_written(bank):
    manifest = json.loads((bank / MANIFEST).read_text())
    assert [record["task"] for record in manifest["tasks"]] == ["edge2d", "fix_pose"]
    record = manifest["tasks"][0]
    table = pd.read_parquet(bank / "edge2d.losses.parquet")
    assert sorted(table["sources"].unique()) == ["average", "random", "self"]
    means = table.groupby("sources")["loss"].mean()
    for source, loss in record["test_loss"].items():
        assert loss == pytest.approx(means[source], rel=1e-5)
    assert record["images"] == {"train": 16, "val": 16, "test": 16}
    assert len(record["data"]["sha256"]) == 64
    wide = table.pivot_table(index="image", columns="sources", values="loss")
    assert record["win_rate"]["random"] == pytest.approx((wide["self"] < wide["random"]).mean())


def test_a_network_that_is_loaded_is_the_one_whose_losses_were_measured(bank, world):
    """Measured again, by the loader, the task's loss and the loaded weights alone."""
    from encoders import TaskonomyDataset
    from encoders.losses import l1

    model = load("edge2d", bank)
    data = TaskonomyDataset(world, ["edge2d"], "test", progress=False)
    pictures, target, mask = data.batch("edge2d", range(len(data)))
    with torch.no_grad():
        found = l1(model(pictures), target, mask).numpy()
    table = pd.read_parquet(bank / "edge2d.losses.parquet")
    wanted = table[table["sources"] == "self"].set_index("image")["loss"]
    images = [data.image(number) for number in range(len(data))]
    np.testing.assert_allclose(found, wanted[images], rtol=1e-4, atol=1e-6)
    assert model.represent(pictures[:2]).shape == (2, 8, 16, 16)
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_weights_are_in_half_precision(bank):
    tensors, record = read_weights(bank / "edge2d.safetensors")
    assert {tensor.dtype for tensor in tensors.values()} == {torch.float16}
    assert record["parameters"] == sum(tensor.numel() for tensor in tensors.values())


def record_of(out):
    return json.loads((out / "edge2d.json").read_text())


@pytest.fixture(scope="module")
def bare(world, tmp_path_factory):
    """The same task, trained without what it is measured against."""
    out = tmp_path_factory.mktemp("bank") / "bare"
    train_task("edge2d", out, BankConfig(str(world), fit=FIT, references=False))
    return out


def test_training_twice_gives_the_same_weights_and_finished_tasks_are_kept(bank, bare, world):
    ours, theirs = (read_weights(out / "edge2d.safetensors")[0] for out in (bare, bank))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert record_of(bare)["test_loss"] == {
        "self": pytest.approx(record_of(bank)["test_loss"]["self"], rel=1e-6)
    }
    before = (bank / "edge2d.safetensors").stat().st_mtime_ns
    assert train_bank(["edge2d"], bank, BankConfig(str(world), fit=FIT)).records == {}
    assert (bank / "edge2d.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize("ignored", [(), ("runs",), ("runs", "*losses.parquet")])
def test_references_are_added_later_for_their_own_price(bank, bare, world, tmp_path, ignored):
    """The finished networks are read, and the bank ends as if it were trained in one run.

    So does a copy of the networks, records and losses alone, without the states of the runs, and
    one without the losses, which the network is measured for again.
    """
    out, told, whole = tmp_path / "bank", [], BankConfig(str(world), fit=FIT)
    shutil.copytree(bare, out, ignore=shutil.ignore_patterns(*ignored))
    train_task("edge2d", out, whole, on_epoch=lambda source, row: told.append((source, row.epoch)))
    assert told == [("average", 0), ("average", 1), ("random", 0), ("random", 1)]
    ours, theirs = record_of(out), record_of(bank)
    assert ours.pop("seconds") > record_of(bare)["seconds"]
    del theirs["seconds"], ours["sha256"], theirs["sha256"]  # the hash covers the seconds too
    assert ours == theirs
    tables = [pd.read_parquet(place / "edge2d.losses.parquet") for place in (out, bank)]
    pd.testing.assert_frame_equal(*tables)
    (ours, inside), (theirs, _) = (read_weights(o / "edge2d.safetensors") for o in (out, bank))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert set(inside["win_rate"]) == {"self", "average", "random"}


PATIENT = ["--epochs", "4", "--patience", "1", "--cuts", "0", "--min-delta", "0.9"]
"""Flags with which every training stops by patience after two epochs."""


@pytest.mark.slow
def test_a_bank_without_references_gains_them_by_the_same_command(world, tmp_path):
    """The command with --resume and without --no-references trains the references alone.

    The bank is as an earlier version left it: with no losses on validation images.
    """
    out = tmp_path / "bank"
    command = ["train", "--data", str(world), "-o", str(out), "--tasks", "edge2d", *PATIENT]
    command += ["--batch", "8", "--precision", "32-true"]
    assert run([*command, "--no-references"]) == 0
    first, weights = record_of(out), read_weights(out / "edge2d.safetensors")[0]
    assert first["training"]["self"]["stopped"] == "patience"
    assert first["training"]["self"]["last_epoch"] == 1
    valid = out / "edge2d.valid_losses.parquet"
    valid.unlink()
    log = out / "runs" / "edge2d.self" / "log.csv"
    before = log.read_bytes(), log.stat().st_mtime_ns
    assert run([*command, "--resume"]) == 0
    assert (log.read_bytes(), log.stat().st_mtime_ns) == before
    record, again = record_of(out), read_weights(out / "edge2d.safetensors")[0]
    assert all(torch.equal(weights[name], again[name]) for name in weights)
    assert set(record["win_rate"]) == {"self", "average", "random"}
    assert record["test_loss"]["self"] == first["test_loss"]["self"]
    assert {one["stopped"] for one in record["training"].values()} == {"patience"}
    wide = pd.read_parquet(valid).pivot_table(index="image", columns="sources", values="loss")
    for source, rate in record["valid_win_rate"].items():
        wins = (wide["self"] < wide[source]).mean() + (wide["self"] == wide[source]).mean() / 2
        assert rate == pytest.approx(wins)


def test_losses_on_validation_images_are_those_that_chose_the_epoch(bank):
    """Their mean is the recorded one up to the rounding of the weights to half precision."""
    record = record_of(bank)
    frame = pd.read_parquet(bank / "edge2d.valid_losses.parquet")
    means = frame.groupby("sources")["loss"].mean()
    for source, loss in record["valid_loss"].items():
        assert means[source] == pytest.approx(loss, rel=0.02)
    test = pd.read_parquet(bank / "edge2d.losses.parquet")
    assert not set(frame["image"]) & set(test["image"])
    rates = table1.make_table1(bank, split="val", draws=10)
    assert rates.loc["edge2d", "average"] == pytest.approx(
        100 * record["valid_win_rate"]["average"]
    )
    assert list(table1.make_table1(bank, draws=10).index) == ["edge2d", "fix_pose", "mean"]


def test_what_is_measured_depends_on_the_task_and_on_what_is_asked_for():
    whole, bare = BankConfig("world"), BankConfig("world", references=False)
    assert whole.sources_of("edge2d") == ("self", "average", "random")
    assert whole.sources_of("jigsaw") == ("self", "average")  # no target of transfers
    assert bare.sources_of("edge2d") == ("self",)
    constant, untrained = (BankConfig("world", references=(r,)) for r in ("average", "random"))
    assert [constant.sources_of(t) for t in ("edge2d", "jigsaw")] == [("self", "average")] * 2
    assert [untrained.sources_of(t) for t in ("edge2d", "jigsaw")] == [
        ("self", "random"),
        ("self",),
    ]


@pytest.mark.slow
def test_a_task_trains_for_its_own_epochs_on_pictures_that_may_be_changed(world, tmp_path):
    names = ["class_places", "edge2d"]
    config = BankConfig(str(world), fit=FIT, references=False, epochs_of={"class_places": 1})
    assert config.epochs(names) == 3
    done = train_bank(names, tmp_path, config)
    found = {name: (one["fit"]["epochs"], one["augment"]) for name, one in done.records.items()}
    assert found == {"class_places": (1, ["mirror", "light"]), "edge2d": (2, [])}
    assert train_bank(names, tmp_path, config).records == {}
    with pytest.raises(TrainingError, match=r"class_places\.json was trained with other settings"):
        train_bank(names, tmp_path, BankConfig(str(world), fit=FIT, references=False))


def test_splits_are_opened_from_one_listing(world, monkeypatch):
    """They are those that are opened one by one, with the constants of the train split."""
    from encoders.dataset import TaskonomyDataset, taskonomy

    listed = []
    read = taskonomy.open_index
    monkeypatch.setattr(
        taskonomy, "open_index", lambda root, listing: listed.append(root) or read(root, listing)
    )
    splits = TaskSplits.open(world, "curvature", 64)
    assert len(listed) == 1
    assert splits.constants["mean"]
    for split, found in (("train", splits.train), ("val", splits.valid), ("test", splits.test)):
        alone = TaskonomyDataset(world, ["curvature"], split, size=64, progress=False)
        assert [found.image(n) for n in range(len(found))] == [
            alone.image(n) for n in range(len(alone))
        ]
        assert found.constants == alone.constants
        for ours, theirs in zip(
            found.batch("curvature", [0, 5]), alone.batch("curvature", [0, 5]), strict=True
        ):
            assert torch.equal(ours, theirs)


def test_another_configuration_in_the_same_folder_is_refused(bank, world):
    config = BankConfig(str(world), fit=dataclasses.replace(FIT, seed=4))
    with pytest.raises(TrainingError, match=r"edge2d\.json was trained with other settings"):
        train_bank(["edge2d"], bank, config)


def test_the_same_splits_in_another_file_are_no_other_setting(bank, world, tmp_path):
    """The hash of the data holds the division into splits; the path of their file may differ."""
    shutil.copytree(bank, tmp_path / "bank")
    path = tmp_path / "bank" / "edge2d.json"
    record = json.loads(path.read_text()) | {"splits": "elsewhere/splits.csv"}
    path.write_text(json.dumps(record))
    config = BankConfig(str(world), fit=FIT)
    assert train_bank(["edge2d"], tmp_path / "bank", config).records == {}
    del record["data"]["content"]  # as in an earlier version
    path.write_text(json.dumps(record))
    with pytest.raises(TrainingError, match=r"other settings \(its splits differs"):
        train_bank(["edge2d"], tmp_path / "bank", config)


@pytest.mark.slow
def test_a_task_that_fails_is_told_and_ends_no_other(world, tmp_path, capsys):
    shutil.copytree(world, tmp_path / "w")
    labels = tmp_path / "w" / "reshading" / "building_0000"
    labels.rename(tmp_path / "hidden")
    arguments = [
        "train",
        "--data",
        str(tmp_path / "w"),
        "-o",
        str(tmp_path / "b"),
        "--tasks",
        "reshade,point_match",
        "--no-references",
        *FLAGS,
    ]
    assert run(arguments) == 2
    told = capsys.readouterr().err
    assert "reshade failed: " in told
    assert "reshading" in told
    assert "point_match: test loss" in told
    assert "1 trained, 1 failed" in told
    reports = []
    report_epochs(tmp_path / "b", 4, lambda *report: reports.append(report))
    ((epochs, total, label),) = reports
    assert (epochs, total) == (2, 4)
    assert re.fullmatch(r"point_match\.self loss \d\.\d{4}, \d+ images/s", label)
    (tmp_path / "hidden").rename(labels)
    assert run([*arguments, "--resume"]) == 0


CHILD = """
import sys
from pathlib import Path
from encoders.bank.config import BankConfig
from encoders.training.config import FitConfig
from encoders.bank.jobs import train_bank
if __name__ == "__main__":
    fit = FitConfig(epochs=10_000, batch=8, precision="32-true", accelerator="cpu")
    train_bank(["edge2d"], Path(sys.argv[2]), BankConfig(sys.argv[1], fit=fit))
"""


def test_workers_end_when_the_one_who_started_them_is_killed(world, tmp_path):
    (tmp_path / "child.py").write_text(CHILD)
    out = tmp_path / "bank"
    parent = subprocess.Popen([sys.executable, tmp_path / "child.py", world, out])
    log = out / "runs" / "edge2d.self" / "log.csv"
    try:
        until(log.exists)
    finally:
        parent.kill()
        parent.wait()
    time.sleep(1.0)
    before = log.read_text()
    time.sleep(3.0)  # an epoch of 16 pictures takes about a tenth of that
    assert log.read_text() == before


def until(condition, seconds=180.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_a_folder_in_use_is_not_trained_into_by_chance(bank, world, capsys):
    assert run(["train", "--data", str(world), "-o", str(bank)]) == 2
    assert "is not empty; give --resume to continue" in capsys.readouterr().err


def test_a_bank_without_the_task_says_what_it_has(bank):
    with pytest.raises(InvalidDataError, match="has no rgb2depth; it has edge2d, fix_pose, random"):
        load("rgb2depth", bank)


def test_all_tasks_but_the_random_projection_are_trained():
    assert len(trainable()) == 25
    assert "random" not in trainable()
    assert trainable(("segmentsemantic",)) == ["segmentsemantic_rb"]
