"""Shipping a bank: files copied, Table 1, pictures, and a page that comes from them alone."""

import json
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from benchmarks.bank import LOST, PHOTO, PHOTOS, TABLE, VIEWS, ship, write_page
from encoders.bank.jobs import train_bank
from encoders.bank.pretrained import load
from encoders.bank.training import BankConfig
from encoders.scenes.making.make import make
from encoders.training.fit import FitConfig

ROOT = Path(__file__).resolve().parents[2]
TASKS = ["class_places", "edge2d"]


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    place = tmp_path_factory.mktemp("ship")
    make(place / "world", buildings=4, views=8, size=64, seed=3)
    config = BankConfig(str(place / "world"), fit=FitConfig(epochs=1, batch=4))
    done = train_bank(TASKS, place / "bank", config, command="taskgraph train --data runs/world")
    assert not done.failures
    ship(place / "bank", place / "world", place / "out")
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
        assert f"(`{record['task']}`)" in page
        assert f"{record['valid_loss']['self']:.4f} | {record['test_loss']['self']:.4f}" in page
        assert f"| {record['title']} | " in page
        assert f"{table.loc[record['task'], 'average']:.1f} (" in page
    assert "--buildings 4 --domain day --seed 3 --size 64 --views 8" in page
    assert "taskgraph train --data runs/world" in page
    assert all(name in page for name in PHOTOS)
    assert write_page(shipped / "out") == page


def test_a_task_that_wins_too_rarely_is_told(shipped, tmp_path):
    for name in (TABLE, "manifest.json"):
        (tmp_path / name).write_bytes((shipped / "out" / name).read_bytes())
    table = pd.read_csv(tmp_path / TABLE)
    table.loc[table["task"] == "edge2d", ["average", "readout"]] = [91.0, 41.5]
    table.loc[table["task"] == "class_places", ["average", "readout"]] = [80.0, 90.0]
    table.to_csv(tmp_path / TABLE, index=False)
    assert (
        "Below 60 %: edge2d wins on 41.5 % of the images against a read-out of random"
        in write_page(tmp_path)
    )
    table["readout"] = 90.0
    table["random"] = [55.25, 70.0, 62.6]
    table.to_csv(tmp_path / TABLE, index=False)
    page = write_page(tmp_path)
    assert "No task is below 60 % against (1) or (2)." in page
    assert "62.6 %, least of all Scene Class., 55.2 %." in " ".join(page.split())


def test_the_pictures_are_small_enough_to_commit(shipped):
    for name in (VIEWS, PHOTO):
        path = shipped / "out" / name
        with Image.open(path) as picture:
            assert min(picture.size) > 200
        assert path.stat().st_size < 2e6
    assert not list((shipped / "out").glob("*.png"))


def test_the_committed_page_comes_from_the_committed_tables():
    ours = ROOT / "results" / "bank"
    if not (ours / TABLE).is_file():
        pytest.skip("results/bank is not here: no bank has been shipped yet")
    page = (ours / "README.md").read_text()
    assert write_page(ours) == page
