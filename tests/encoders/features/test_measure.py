"""Parts and groups, what may influence a choice, resuming, and forms of files."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from encoders.errors import TrainingError
from encoders.features.cache import FeatureCache
from encoders.features.inline import InlineEngine
from encoders.features.jobs import FEATURE_READOUTS
from encoders.features.label_table import read_label_table
from encoders.features.measure import measure_features
from encoders.features.parts import draw_parts
from encoders.features.perceptron import FeaturePerceptron
from encoders.features.settings import FeatureConfig
from encoders.features.tables import measured_sets, valid_losses, write_feature_tables
from taskgraph.affinity import affinities
from taskgraph.losses import Losses
from tests.encoders.features.made import features_of, labels_of

CONFIG = FeatureConfig(max_order=2, targets=("size", "genre"))


def run(out, features, labels, config=CONFIG):
    """Measure, and return the table of losses, sorted."""
    outcome = measure_features(features, labels, out, config, InlineEngine())
    assert not outcome.failures
    write_feature_tables(out)
    frame = pd.read_parquet(out / "losses.parquet")
    for name in ("target", "sources", "image"):
        frame[name] = frame[name].astype(str)
    return frame.sort_values(["target", "sources", "image"], ignore_index=True)


@given(
    sizes=st.lists(st.integers(1, 8), min_size=6, max_size=30),
    seed=st.integers(0, 99),
    repeats=st.integers(1, 3),
)
def test_parts_keep_groups_whole_share_nothing_and_test_examples_stay(sizes, seed, repeats):
    group = np.repeat([f"g{number}" for number in range(len(sizes))], sizes)
    table = read_label_table(pd.DataFrame({"group": group, "y": np.arange(len(group)) / 2}))
    config = FeatureConfig(seed=seed, repeats=repeats)
    drawn = draw_parts(table, config)
    for parts in drawn:
        rows = np.concatenate([parts.train, parts.valid, parts.test])
        assert sorted(rows.tolist()) == list(range(len(group)))
        of = [set(group[each]) for each in (parts.train, parts.valid, parts.test)]
        assert len(of[0]) + len(of[1]) + len(of[2]) == len(sizes)
        np.testing.assert_array_equal(parts.test, drawn[0].test)


def test_shares_are_about_kept_and_repeats_and_seeds_differ():
    table = read_label_table(pd.DataFrame({"y": np.arange(1000) / 2}))
    one, two = draw_parts(table, FeatureConfig(repeats=2))
    assert (len(one.test), len(one.valid), len(one.train)) == (200, 150, 650)
    assert set(one.valid) != set(two.valid)
    other = draw_parts(table, FeatureConfig(seed=1))[0]
    assert set(one.test) != set(other.test)


def test_train_examples_are_nested():
    table = read_label_table(pd.DataFrame({"y": np.arange(1000) / 2}))
    few, many = (draw_parts(table, FeatureConfig(train_examples=n))[0] for n in (20, 100))
    assert len(few.train) == 20
    assert set(few.train) < set(many.train)
    np.testing.assert_array_equal(few.valid, many.valid)


def test_the_column_split_decides_and_validation_is_drawn_where_it_is_silent():
    split = ["training"] * 80 + ["Test"] * 20
    table = read_label_table(pd.DataFrame({"split": split, "y": np.arange(100) / 2}))
    parts = draw_parts(table, FeatureConfig())[0]
    assert parts.test.tolist() == list(range(80, 100))
    assert len(parts.valid) == 15
    split[:30] = ["dev"] * 30
    table = read_label_table(pd.DataFrame({"split": split, "y": np.arange(100) / 2}))
    assert draw_parts(table, FeatureConfig())[0].valid.tolist() == list(range(30))


def test_test_labels_influence_no_choice(tmp_path):
    """Other test labels: the same candidates, penalties and validation losses."""
    hidden, features = features_of()
    labels = labels_of(hidden)
    test = draw_parts(read_label_table(labels), CONFIG)[0].test
    other = labels.copy()
    other.loc[test, "size"] = np.random.default_rng(5).normal(size=len(test))
    run(tmp_path / "one", features, labels)
    run(tmp_path / "two", features, other)
    for one, two in zip(
        measured_sets(tmp_path / "one", "size", 0),
        measured_sets(tmp_path / "two", "size", 0),
        strict=True,
    ):
        assert one.names == two.names
        np.testing.assert_array_equal(one.valid, two.valid)
        penalties = [[r["penalty"] for r in each.records] for each in (one, two)]
        assert penalties[0] == penalties[1]
        place = 1 if "average" not in one.names else 2
        assert not np.array_equal(one.test[place], two.test[place])


def test_groups_are_clusters_and_repeats_are_images_of_one_cluster(tmp_path):
    hidden, features = features_of()
    labels = labels_of(hidden).assign(group=np.repeat(np.arange(60), 4))
    config = dataclasses.replace(CONFIG, repeats=2, max_order=1)
    frame = run(tmp_path, features, labels, config)
    group = dict(zip(labels["example"], labels["group"].astype(str), strict=True))
    name, repeat = zip(*(text.split("@") for text in frame["image"]), strict=True)
    assert set(repeat) == {"0", "1"}
    assert frame["cluster"].tolist() == [group[each] for each in name]
    losses = valid_losses(tmp_path, "size", 2)
    each = [
        dict(zip(sets.names, sets.valid, strict=True))
        for r in range(2)
        for sets in measured_sets(tmp_path, "size", r)
    ]
    assert losses["left"] == pytest.approx(np.mean([found["left"] for found in each]))
    assert set(losses) == {"left", "right", "mixed", "noise"}


def test_a_source_with_the_targets_name_is_self_there_and_a_source_elsewhere(tmp_path):
    hidden, features = features_of()
    features["size"] = features.pop("left")
    frame = run(tmp_path, features, labels_of(hidden))
    of = {
        target: {name for text in set(rows["sources"]) for name in text.split("+")}
        for target, rows in frame.groupby("target")
    }
    assert of["size"] == {"average", "scratch", "self", "mixed", "noise", "right"}
    assert "size" in of["genre"]
    assert "self" not in of["genre"]


def test_a_killed_measurement_goes_on_where_it_ended(tmp_path):
    hidden, features = features_of()
    labels = labels_of(hidden)
    config = dataclasses.replace(CONFIG, readout="logistic")
    whole = run(tmp_path / "whole", features, labels, config)
    run(tmp_path / "again", features, labels, config)
    gone = sorted((tmp_path / "again" / "measured").glob("genre/0/*.npz"))[::3]
    assert len(gone) >= 2
    for path in gone:
        path.unlink()
    engine = InlineEngine()
    measure_features(features, labels, tmp_path / "again", config, engine)
    assert engine.calls == len(gone)
    write_feature_tables(tmp_path / "again")
    again = pd.read_parquet(tmp_path / "again" / "losses.parquet")
    assert len(again) == len(whole)
    assert again["loss"].sum() == pytest.approx(whole["loss"].sum(), rel=0)


def test_a_folder_of_another_measurement_is_refused(tmp_path):
    hidden, features = features_of()
    labels = labels_of(hidden)
    config = dataclasses.replace(CONFIG, max_order=1)
    run(tmp_path, features, labels, config)
    run(tmp_path, features, labels, dataclasses.replace(config, threads=2))
    with pytest.raises(TrainingError, match=r"other seed; write to another folder"):
        run(tmp_path, features, labels, dataclasses.replace(config, seed=1))
    features["left"][3, 0] += 1
    with pytest.raises(TrainingError, match=r"other features; write"):
        run(tmp_path, features, labels, config)
    labels.loc[0, "size"] = 9
    with pytest.raises(TrainingError, match=r"other features, labels; write"):
        run(tmp_path, features, labels, config)


def test_npz_parquet_and_arrays_give_the_same_losses_whatever_the_order(tmp_path):
    """Rows are matched by name; further rows of features are left out."""
    hidden, features = features_of()
    labels = labels_of(hidden)
    names = labels["example"].to_numpy()
    expected = run(tmp_path / "a", {**features, "example": names}, labels)
    order = np.random.default_rng(0).permutation(len(names))
    shuffled = {name: array[order] for name, array in features.items()}
    by_columns = {name: np.asfortranarray(array) for name, array in shuffled.items()}
    np.savez(tmp_path / "f.npz", example=names[order].astype(str), **shuffled)
    np.savez(tmp_path / "columns.npz", example=names[order].astype(str), **by_columns)
    np.savez_compressed(tmp_path / "c.npz", example=names[order].astype(str), **shuffled)
    lists = {name: list(array) for name, array in shuffled.items() if name != "left"}
    columns = {f"left.{i}": shuffled["left"][:, i] for i in range(3)}
    frame = pd.DataFrame({"example": names[order], **lists, **columns})
    extra = frame.iloc[:1].assign(example="without labels")
    pd.concat([extra, frame]).to_parquet(tmp_path / "f.parquet", index=False)
    labels.to_csv(tmp_path / "l.csv", index=False)
    for number, path in enumerate(["f.npz", "c.npz", "columns.npz", "f.parquet"]):
        found = run(tmp_path / str(number), tmp_path / path, tmp_path / "l.csv")
        pd.testing.assert_frame_equal(
            found, expected, check_dtype=False, check_exact=False, rtol=1e-4, atol=1e-6
        )


def test_the_perceptron_solves_what_no_line_can_and_is_repeatable(tmp_path, monkeypatch):
    """The label is the sign of a product: ridge is as bad as a constant."""
    short = FeaturePerceptron(penalties=(1e-3,), epochs=120)
    monkeypatch.setitem(FEATURE_READOUTS, "mlp", short)
    x = np.random.default_rng(0).normal(size=(400, 2)).astype(np.float32)
    product = x[:, 0] * x[:, 1]
    labels = pd.DataFrame({"sign": (product > 0).astype(int), "product": product})
    labels["tag"] = np.where(product > 0, "t", "|")
    config = FeatureConfig(max_order=1, readout="mlp")
    found = run(tmp_path / "mlp", {"xy": x}, labels, config)
    mean = found.groupby(["target", "sources"])["loss"].mean()
    assert mean["sign", "xy"] < 0.5 < 0.6 < mean["sign", "average"]
    assert mean["tag", "xy"] < 0.5
    assert mean["product", "xy"] < 0.5
    one = dataclasses.replace(config, targets=("product",))
    again = run(tmp_path / "again", {"xy": x}, labels, one)
    np.testing.assert_array_equal(again["loss"], found["loss"][found["target"] == "product"])
    ridge = run(tmp_path / "ridge", {"xy": x}, labels, dataclasses.replace(one, readout="ridge"))
    assert ridge.groupby("sources")["loss"].mean()["xy"] > 0.8


def test_the_written_affinities_are_those_of_the_written_losses(tmp_path):
    """The losses have groups, repeats and missing labels."""
    hidden, features = features_of()
    labels = labels_of(hidden).assign(group=np.repeat(np.arange(60), 4))
    config = FeatureConfig(max_order=2, targets=("size", "sparse"), repeats=2)
    frame = run(tmp_path, features, labels, config)
    expected = affinities(Losses.from_frame(frame), bootstrap=1).transfers.frame
    written = pd.read_csv(tmp_path / "transfers.csv")
    for name in ("affinity", "low", "high", "gain"):
        np.testing.assert_allclose(written[name], expected[name], err_msg=name)


def test_the_cache_keeps_what_was_asked_for_last():
    cache, read = FeatureCache(most=100), []

    def array(key):
        """Return 40 bytes, and note that they were read."""
        return cache.get(key, lambda: read.append(key) or np.zeros(10, np.float32))

    for key in ("a", "b", "a", "c", "a", "b"):
        array(key)
    assert read == ["a", "b", "c", "b"]
    assert cache.get("large", lambda: np.zeros(100, np.float32)).nbytes == 400
    array("a")
    assert read[-1] == "a"
