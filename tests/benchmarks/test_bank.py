"""Shipping a bank: files copied, Table 1, pictures, and a page that comes from them alone."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmarks.bank import run as program
from benchmarks.bank.pictures import PHOTO, PHOTOS, VIEWS
from benchmarks.bank.run import LOST, TABLE, log_of, record_table, run
from benchmarks.bank.settings import SUITE, Settings
from benchmarks.bank.tried import TRIED
from benchmarks.results.log import Log
from benchmarks.results.record import read_records
from encoders.bank.config import BankConfig
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.jobs import train_bank
from encoders.bank.pretrained import load
from encoders.dataset.index import read_index
from encoders.dataset.splits import split_buildings
from encoders.scenes.making.make import make
from encoders.training.config import FitConfig
from taskgraph.cli import run as run_command

TASKS = ["class_places", "edge2d"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    place = tmp_path_factory.mktemp("ship")
    make(place / "world", buildings=4, views=8, size=64, seed=3)
    config = BankConfig(str(place / "world"), fit=FitConfig(epochs=1, batch=4))
    done = train_bank(TASKS, place / "bank", config, command="taskgraph train --data runs/world")
    assert not done.failures
    run(Settings(str(place / "bank"), str(place / "world")), place / "out")
    SUITE.write_page(place / "out")
    return place


def test_networks_are_copied_as_they_are_and_load(shipped):
    for name in ("class_places.safetensors", "edge2d.json", "manifest.json", "random.safetensors"):
        copied = shipped / "out" / name
        assert copied.read_bytes() == (shipped / "bank" / name).read_bytes()
    assert load("edges", shipped / "out").inputs == 1
    assert not list((shipped / "out").glob("*.losses.parquet"))


def test_losses_of_all_tasks_are_in_one_table(shipped):
    whole = pd.read_parquet(shipped / "out" / LOST)
    for name in TASKS:
        own = pd.read_parquet(shipped / "bank" / f"{name}.losses.parquet")
        found = whole[whole["target"] == name]
        assert len(found) == len(own)
        assert found["loss"].to_list() == pytest.approx(own["loss"].to_list())
    assert set(whole["sources"]) == {"self", "average", "random"}


def test_the_page_has_every_task_its_runs_and_what_made_it(shipped):
    page = (shipped / "out" / "README.md").read_text()
    manifest = json.loads((shipped / "out" / "manifest.json").read_text())
    table = pd.read_csv(shipped / "out" / TABLE, index_col="task")
    for record in manifest["tasks"]:
        assert f"| `{record['task']}` | " in page
        assert f"{record['valid_loss']['self']:.4f} | {record['test_loss']['self']:.4f}" in page
        assert f"| {record['task']} | " in page
        assert f"{table.loc[record['task'], 'average']:.1f} (" in page
    assert "--buildings 4 --domain day --seed 3 --size 64 --views 8" in page
    assert "taskgraph train --data runs/world" in page
    assert all(name in page for name in PHOTOS)
    assert SUITE.write_page(shipped / "out") == page
    assert "in the mean." in SUITE.finding(shipped / "out")


def page_of(shipped, folder, **columns):
    """The page, with some columns of Table 1 changed."""
    table = pd.read_csv(shipped / "out" / TABLE, index_col="task")
    for name, values in columns.items():
        table[name] = values
    manifest = json.loads((shipped / "out" / "manifest.json").read_text())
    inputs = {"bank_hash": "0123456789ab", "losses_sha256": str(columns)}
    record_table(log_of(folder, manifest), manifest, table, {"weights": 1_000_000}, inputs)
    return SUITE.write_page(folder)


def test_a_task_that_wins_too_rarely_is_told(shipped, tmp_path):
    assert list(pd.read_csv(shipped / "out" / TABLE)["task"]) == [*TASKS, "mean"]
    page = page_of(shipped, tmp_path, average=[80.0, 91.0, 85.5], readout=[90.0, 41.5, 65.75])
    words = "Below 60 %: edge2d wins on 41.5 % of the images against a read-out of random"
    assert words in page
    page = page_of(shipped, tmp_path, average=85.5, readout=90.0, random=[55.25, 70.0, 62.6])
    assert "No task is below 60 % against (1) or (2)." in page
    assert "62.6 %, least of all class_places, 55.2 %." in " ".join(page.split())
    assert "a read-out from the random encoder on 90.0 % (mean over 2 of them)." in SUITE.finding(
        tmp_path
    )


def test_the_pictures_are_small_enough_to_commit(shipped):
    for name in (VIEWS, PHOTO):
        path = shipped / "out" / name
        with Image.open(path) as picture:
            assert min(picture.size) > 200
        assert path.stat().st_size < 2e6
    assert not list((shipped / "out").glob("*.png"))


# --- a run that was killed ---


@pytest.fixture
def asked(shipped, monkeypatch):
    """The settings of the shipped bank; pictures are only counted."""
    drawn = []
    monkeypatch.setattr(program, "draw_pictures", lambda *folders: drawn.append(folders))
    return Settings(str(shipped / "bank"), str(shipped / "world")), drawn


@pytest.mark.parametrize("kept", [0, 1, 2])
def test_a_killed_run_adds_what_its_records_lack(kept, asked, shipped, tmp_path, monkeypatch):
    settings, drawn = asked
    add = Log.add

    def add_until(self, *args, **key):
        if len(self.known) == kept:
            raise KeyboardInterrupt
        return add(self, *args, **key)

    with monkeypatch.context() as patch:
        patch.setattr(Log, "add", add_until)
        with pytest.raises(KeyboardInterrupt):
            run(settings, tmp_path)
    assert len(read_records(tmp_path)) == kept
    run(settings, tmp_path)
    assert read_records(tmp_path) == read_records(shipped / "out")
    assert len(drawn) == 2
    run(settings, tmp_path)
    assert len(read_records(tmp_path)) == len(TASKS) + 1
    assert len(drawn) == 2, "a finished run draws and copies nothing"


def test_another_bank_or_sweep_is_measured_anew(asked, shipped, tmp_path):
    settings, _ = asked
    run(settings, tmp_path / "out")
    for name in TASKS:
        measured = tmp_path / "sweep" / "measured" / name
        measured.mkdir(parents=True)
        losses = pd.read_parquet(shipped / "bank" / f"{name}.losses.parquet")
        for source in ("self", "random"):
            own = losses[losses["sources"] == source]
            own.to_parquet(measured / f"{source}.parquet")
    run(replace(settings, sweep=str(tmp_path / "sweep")), tmp_path / "out")
    records = read_records(tmp_path / "out")
    assert len(records) == 2 * (len(TASKS) + 1)
    assert "a read-out from the random encoder on" in SUITE.finding(tmp_path / "out")
    shutil.copytree(shipped / "bank", tmp_path / "bank")
    path = tmp_path / "bank" / "edge2d.losses.parquet"
    losses = pd.read_parquet(path)
    losses.assign(loss=losses["loss"] + 1).to_parquet(path)
    run(replace(settings, bank=str(tmp_path / "bank")), tmp_path / "out")
    newest = read_records(tmp_path / "out")[len(records) :]
    assert len(newest) == len(TASKS) + 1
    before, after = records[0].settings, newest[0].settings
    assert after["bank_hash"] == before["bank_hash"] == bank_hash(network_hashes(shipped / "bank"))
    assert after["losses_sha256"] != before["losses_sha256"]


def test_a_run_with_other_banks_beside_it_is_a_run_of_its_own(asked, shipped, tmp_path):
    """Its tables are written although the records of the bank alone are complete."""
    settings, _ = asked
    run(settings, tmp_path / "out")
    assert not (tmp_path / "out" / TRIED).read_text().count("False")
    shutil.copytree(shipped / "out", tmp_path / "old")
    shutil.copyfile(shipped / "bank" / "random.safetensors", tmp_path / "old/edge2d.safetensors")
    more = replace(settings, old=str(tmp_path / "old"), tried=(settings.bank,))
    parts = split_buildings(read_index(Path(settings.data)).buildings)
    division = pd.DataFrame({part: dict.fromkeys(names, 1) for part, names in parts.items()})
    division.fillna(0).astype(int).rename_axis("id").to_csv(tmp_path / "own.csv")
    more = replace(more, division=str(tmp_path / "own.csv"))
    for _ in range(2):
        run(more, tmp_path / "out")
    assert len(read_records(tmp_path / "out")) == 2 * (len(TASKS) + 1)
    assert (tmp_path / "out/splits.csv").read_text() == (tmp_path / "own.csv").read_text()
    tried = pd.read_csv(tmp_path / "out" / TRIED)
    assert sorted(tried["chosen"]) == [False] * len(TASKS) + [True] * len(TASKS)
    newest = read_records(tmp_path / "out")[-1]
    assert newest.settings["old_hash"] == bank_hash(network_hashes(tmp_path / "old"))
    assert newest.settings["bank_hash"] == bank_hash(network_hashes(shipped / "bank"))
    page = SUITE.write_page(tmp_path / "out")
    assert "## Beside the earlier bank" in page
    assert f"Bank `{newest.settings['bank_hash']}`, commit" in page


def test_a_bank_without_the_record_of_its_means_is_one_line(tmp_path, capsys):
    assert run_command(["bench", "bank", "--render", "--out", str(tmp_path)]) == 2
    assert "has no finished run: `taskgraph bench bank` measures" in capsys.readouterr().err
