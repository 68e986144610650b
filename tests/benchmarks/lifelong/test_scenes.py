"""Streams of our scenes: objects class by class, and five domains one after the other."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.data import worlds
from benchmarks.data.folders import DOMAINS
from benchmarks.lifelong import sources
from benchmarks.lifelong.run import check
from benchmarks.lifelong.settings import SUITE, Settings
from benchmarks.results.record import read_records
from benchmarks.results.suite import SMOKE
from encoders.codecs.encodings import read_value
from encoders.dataset.index import read_index
from encoders.scenes.making.manifest import read_manifest
from taskgraph.errors import InvalidTableError
from tests.benchmarks.lifelong.tiny import tiny_data


def grouped(name="scenes", seed=0):
    """Return `tiny_data` with two buildings."""
    data = tiny_data(6, seed=seed, name=name)
    return replace(data, groups=tuple("ab"[k % 2] for k in range(len(data.inputs))))


def test_items_of_some_classes_keep_images_splits_and_groups():
    data = grouped()
    few = worlds.with_classes(data, np.array([1, 4]))
    assert few.classes == ("c1", "c4")
    for split, rows in data.splits.items():
        kept = [row for row in rows if data.labels[row] in (1, 4)]
        own = few.splits[split]
        assert np.array_equal(few.inputs[own], data.inputs[kept])
        assert [few.classes[k] for k in few.labels[own]] == [f"c{k}" for k in data.labels[kept]]
        assert [few.groups[k] for k in own] == [data.groups[k] for k in kept]


def test_frequent_classes_are_sorted_and_the_first_of_equal_ones():
    data = replace(tiny_data(4), labels=np.repeat([3, 1, 0, 2], [20, 8, 10, 10]))
    assert worlds.frequent_classes(data, 2).tolist() == [0, 3]
    assert worlds.frequent_classes(data, 4).tolist() == [0, 1, 2, 3]


def test_scene_objects_are_those_with_training_and_test_images(monkeypatch, tmp_path):
    data = grouped()
    test = data.splits["test"]
    gone = data.labels[test] == 5
    data = replace(data, splits={**data.splits, "test": test[~gone]})
    monkeypatch.setattr(sources, "scene_domains", lambda *_, **__: [data])
    monkeypatch.setattr(sources, "by_object", lambda given, folder: given)
    settings = Settings(sets=("scene-objects",), objects=5, worlds=str(tmp_path))
    (found,) = sources.load_sets(settings)
    assert (found.name, found.classes) == ("scene-objects", ("c0", "c1", "c2", "c3", "c4"))
    with pytest.raises(InvalidTableError, match="--objects is 6, and 5 objects have training and"):
        sources.load_sets(replace(settings, objects=6))


def test_scene_domains_are_five_steps_of_the_same_classes(monkeypatch, tmp_path):
    five = [grouped(name, seed) for seed, name in enumerate(DOMAINS)]
    monkeypatch.setattr(sources, "scene_domains", lambda *_, **__: five)
    given = {"sets": ("scene-domains",), "protocol": "sets", "epochs": 1, "orders": 1}
    given |= {
        "strategies": ("icarl", "finetuning", "linear-probe"),
        "memory": (60,),
        "per_class": 2,
    }
    given |= {"encoder": "scratch:lenet", "work": str(tmp_path / "work")}
    SUITE.run(SUITE.with_preset(SMOKE, given), tmp_path)
    records = read_records(tmp_path)
    assert {r.settings["data"] for r in records} == {"+".join(DOMAINS)}
    assert {tuple(r.settings["classes_of_steps"]) for r in records} == {(6,) * 5}
    own = [r for r in records if r.settings["method"] == "icarl"]
    assert [r.metrics["stored"] for r in own] == [12, 24, 36, 48, 60]
    assert not np.isnan(own[0].metrics["untrained"]).any(), "all classes arrive in the first step"
    page = SUITE.write_page(tmp_path)
    assert "forward transfer" in page


def test_a_world_counts_as_five_streams_of_classes():
    given = {"sets": ("scene-domains",), "increment": (2,) * 5, "memory": (9,)}
    check(Settings(**given))
    with pytest.raises(InvalidTableError, match="--increment has 5 numbers for 1 data sets"):
        check(Settings(**{**given, "sets": ("scene-objects",)}))
    with pytest.raises(InvalidTableError, match="--buildings is 2, expected at least 3"):
        check(Settings(buildings=2))


@pytest.mark.slow
def test_rendered_scenes_are_labeled_by_the_objects_of_their_label_files(tmp_path):
    settings = Settings(worlds=str(tmp_path), buildings=8, views=8, objects=2)
    found = sources.scene_objects(settings)
    place = tmp_path / "scenes"
    names = read_manifest(place)["classes"]["class_object"]
    shown = [
        names[int(np.argmax(shares))]
        for path in read_index(place).files("class_object").paths
        if (shares := read_value(place / path, "class_object")).max() > 0
    ]
    assert [found.classes[k] for k in found.labels] == [n for n in shown if n in found.classes]
    buildings = [{found.groups[k] for k in rows} for rows in found.splits.values()]
    assert not buildings[0] & buildings[1] | buildings[0] & buildings[2]
