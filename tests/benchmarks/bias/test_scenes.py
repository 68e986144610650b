"""Our scenes as data sets: the same buildings in every domain, labeled by objects."""

import numpy as np
import pytest

from benchmarks.bias import scenes
from benchmarks.bias.groups import groups
from benchmarks.bias.settings import Settings
from encoders.codecs.encodings import read_value
from encoders.dataset.index import read_index
from encoders.scenes.making.manifest import read_manifest


@pytest.mark.slow
def test_domains_have_the_same_buildings_and_the_objects_of_the_label_files(tmp_path, monkeypatch):
    monkeypatch.setattr(scenes, "DOMAINS", ("day", "drawn"))
    monkeypatch.setattr(scenes, "OBJECTS", 4)
    found = scenes.load_scenes(Settings(work=str(tmp_path), buildings=3, views=6))
    assert [data.name for data in found] == ["scenes", "scenes-drawn"]
    assert found[0].classes == found[1].classes
    assert len(found[0].classes) == 4
    buildings = read_index(tmp_path / "scenes").buildings
    for data in found:
        assert set(data.groups) <= set(buildings)
        place = tmp_path / data.name
        names = read_manifest(place)["classes"]["class_object"]
        shown = [
            names[int(np.argmax(shares))]
            for path in read_index(place).files("class_object").paths
            if (shares := read_value(place / path, "class_object")).max() > 0
        ]
        kept = [name for name in shown if name in data.classes]
        assert [data.classes[k] for k in data.labels] == kept
        assert len(data.inputs) == len(kept) == len(data.groups)


def test_a_users_sets_are_one_group_with_features_that_fit():
    (group,) = groups(Settings(sets=("digits", "mnist-5k")))
    assert group.name == "digits+mnist-5k"
    assert group.features == ("pixels", "hog")
    (own,) = groups(Settings(sets=("digits", "mnist-5k"), features=("ink",)))
    assert own.features == ("ink",)
