"""Shipping a bank: files copied, Table 1, pictures, and a page that comes from them alone."""

import json

import pandas as pd
import pytest
from PIL import Image

from benchmarks.bank.pictures import PHOTO, PHOTOS, VIEWS
from benchmarks.bank.run import LOST, TABLE, records_of, run
from benchmarks.bank.settings import SUITE, Settings
from benchmarks.results.record import append
from encoders.bank.config import BankConfig
from encoders.bank.jobs import train_bank
from encoders.bank.pretrained import load
from encoders.scenes.making.make import make
from encoders.training.config import FitConfig

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
    for record in records_of(manifest, table, 1_000_000):
        append(folder, record)
    return SUITE.write_page(folder)


def test_a_task_that_wins_too_rarely_is_told(shipped, tmp_path):
    assert list(pd.read_csv(shipped / "out" / TABLE)["task"]) == [*TASKS, "mean"]
    page = page_of(shipped, tmp_path, average=[80.0, 91.0, 85.5], readout=[90.0, 41.5, 65.75])
    words = "Below 60 %: edge2d wins on 41.5 % of the images against a read-out of random"
    assert words in page
    page = page_of(shipped, tmp_path, average=85.5, readout=90.0, random=[55.25, 70.0, 62.6])
    assert "No task is below 60 % against (1) or (2)." in page
    assert "62.6 %, least of all class_places, 55.2 %." in " ".join(page.split())
    assert "a read-out from the random encoder on 90.0 %." in SUITE.finding(tmp_path)


def test_the_pictures_are_small_enough_to_commit(shipped):
    for name in (VIEWS, PHOTO):
        path = shipped / "out" / name
        with Image.open(path) as picture:
            assert min(picture.size) > 200
        assert path.stat().st_size < 2e6
    assert not list((shipped / "out").glob("*.png"))
