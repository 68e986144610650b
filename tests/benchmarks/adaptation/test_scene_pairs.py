"""Pairs of our scenes: the same buildings in both domains, from pictures to the page."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.adaptation import pair_groups
from benchmarks.adaptation.dense.views import dense_pair
from benchmarks.adaptation.settings import SUITE, Settings
from benchmarks.data.worlds import kept_rows
from benchmarks.results.record import read_records
from tests.benchmarks.lifelong.tiny import tiny_data

TWO = ("day", "drawn")
TINY = {
    "parts": ("scenes", "frozen"),
    "pairs": ("drawn:day",),
    "methods": ("source-only", "target-supervised", "dann"),
    "features": "scratch:lenet",
    "steps": 3,
    "batch": 4,
    "train": 24,
    "val": 9,
    "test": 9,
    "seeds": 1,
    "rates": (0.01, 0.03),
}


def fake_domains(work, *, buildings, views, domains):
    """Return small sets in place of rendered scenes, named as these are."""
    sets = [tiny_data(3, each=20, seed=k, name=f"scenes-{name}") for k, name in enumerate(domains)]
    return [replace(each, groups=("b",) * len(each.inputs)) for each in sets]


@pytest.mark.slow
def test_scene_pairs_run_from_pictures_to_the_page(tmp_path, monkeypatch):
    """Also with fewer test images (9) than the dimensions of skada's subspaces (20)."""
    monkeypatch.setattr(pair_groups, "scene_domains", fake_domains)
    monkeypatch.setattr(pair_groups, "DOMAINS", TWO)
    monkeypatch.setattr(pair_groups, "FEATURE_SIZE", 28)
    settings = Settings(**TINY, work=str(tmp_path / "work"))
    SUITE.run(settings, tmp_path)
    records = read_records(tmp_path)
    trained = [r for r in records if r.settings["part"] == "training"]
    assert [r.settings["method"] for r in trained] == list(TINY["methods"])
    assert {(r.settings["source"], r.settings["target"]) for r in trained} == {("drawn", "day")}
    shallow = {
        (r.settings["source"], r.settings["target"])
        for r in records
        if r.settings["part"] == "shallow"
    }
    assert shallow == {("day", "drawn"), ("drawn", "day")}
    tuned = [r for r in records if r.settings["part"] == "choice"]
    assert {(r.settings["source"], r.settings["target"]) for r in tuned} == {("day", "drawn")}
    chosen = [(r.settings["method"], r.settings["of"]) for r in tuned]
    assert chosen == [("source-only", "rate"), ("dann", "rate"), ("dann", "strength")]
    page = SUITE.write_page(tmp_path)
    words = " ".join(page.split())
    assert "Not measured yet: digits, office, dense, skada, pytorch-adapt." in words
    assert "drawn → day" in page
    assert "| image | true class | source-only | dann |" in page
    assert (tmp_path / "decisions_scenes.jpg").exists()
    assert (tmp_path / "tsne_scenes.svg").exists() or (tmp_path / "tsne_scenes.png").exists()
    count = len(records)
    SUITE.run(settings, tmp_path)
    assert len(read_records(tmp_path)) == count, "a finished run adds nothing"


@pytest.mark.slow
def test_no_building_is_trained_and_tested_on_in_any_domain(tmp_path, monkeypatch):
    monkeypatch.setattr(pair_groups, "DOMAINS", TWO)
    sets = pair_groups.scene_sets(Settings(work=str(tmp_path), buildings=4, views=2))
    assert list(sets) == list(TWO)
    by_split = [
        {split: {data.groups[row] for row in rows} for split, rows in data.splits.items()}
        for data in sets.values()
    ]
    assert by_split[0] == by_split[1]
    assert not by_split[0]["train"] & by_split[0]["test"]
    mask = np.ones(len(sets["day"].inputs), bool)
    assert kept_rows(sets["day"], mask).groups == sets["day"].groups
    assert not np.array_equal(sets["day"].inputs, sets["drawn"].inputs)
    names = ("rgb2depth", "segmentsemantic_rb")
    pair = dense_pair(tmp_path, ("drawn", "day"), names, "autoencoder", buildings=4, views=2)
    assert set(pair.synthetic.buildings) == set(pair.real.buildings) == by_split[0]["train"]
    assert set(pair.test.buildings) == by_split[0]["test"]
    assert pair.real.maps.shape[1:] == (8, 16, 16)
    depths = [each.targets["rgb2depth"][0] for each in (pair.synthetic, pair.real)]
    assert torch.equal(*depths), "the same views in both domains"
    assert not torch.equal(pair.synthetic.maps, pair.real.maps)
