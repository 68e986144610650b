"""Streams: which classes and images arrive when, and what cannot be one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.lifelong.settings import TRAININGS, Settings
from benchmarks.lifelong.sources import load_sets, one_each, stream_hash
from benchmarks.lifelong.strategies import STRATEGIES
from benchmarks.lifelong.streams import class_incremental, class_order, stream_of_sets
from encoders.errors import InvalidDataError
from taskgraph.errors import InvalidTableError
from tests.benchmarks.lifelong.tiny import tiny_data


def test_every_image_arrives_once_with_a_label_in_the_order_of_arrival():
    data, order = tiny_data(), [3, 1, 0, 5, 2, 4]
    stream = class_incremental(data, order, 2)
    assert stream.classes == ("c3", "c1", "c0", "c5", "c2", "c4")
    assert [step.classes for step in stream.steps] == [(0, 1), (2, 3), (4, 5)]
    assert [stream.seen(step) for step in range(3)] == [2, 4, 6]
    for split in ("train", "val", "test"):
        images, labels = stream.until(2, split)
        wanted = data.inputs[data.splits[split]], data.labels[data.splits[split]]
        assert len(images) == len(wanted[0])
        assert np.bincount(np.array(order)[labels]).tolist() == np.bincount(wanted[1]).tolist()
    images, labels = stream.steps[1].parts["test"]
    own = data.inputs[[row for row in data.splits["test"] if data.labels[row] in (0, 5)]]
    assert torch.equal(images.permute(0, 2, 3, 1), torch.from_numpy(own))
    assert set(labels) == {2, 3}


def test_b50_begins_with_half_of_the_classes():
    stream = class_incremental(tiny_data(), range(6), 1, base=3)
    assert [len(step.classes) for step in stream.steps] == [3, 1, 1, 1]


def test_classes_that_cannot_be_divided_are_an_error():
    with pytest.raises(InvalidDataError, match=r"tiny has 6 classes, .* 4 in the first .*--base"):
        class_incremental(tiny_data(), range(6), 4)


def test_few_images_of_each_class():
    stream = class_incremental(tiny_data(), range(6), 2, per_class=3)
    assert np.bincount(stream.until(2, "train")[1]).tolist() == [3] * 6
    assert np.bincount(stream.until(2, "test")[1]).tolist() == [3] * 6


def test_orders_are_permutations_that_the_seed_decides():
    orders = [class_order(10, seed).tolist() for seed in range(4)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert class_order(10, 2).tolist() == orders[2]


def test_domains_share_classes_by_name():
    first, second = tiny_data(4, name="day"), tiny_data(5, seed=1, name="night")
    second = replace(second, classes=("c2", "c0", "new", "c1", "c3"))
    stream = stream_of_sets(iter([("day", first), ("night", second)]))
    assert stream.classes == ("c0", "c1", "c2", "c3", "new")
    assert [stream.seen(k) for k in range(2)] == [4, 5]
    images, labels = stream.steps[1].parts["train"]
    bright = images[:, 0].float().mean(2).argmax(1).numpy()  # the row of tiny_data's label
    assert [stream.classes[k] for k in labels] == [second.classes[row] for row in bright]


def test_sets_that_are_no_stream_are_errors():
    with pytest.raises(InvalidDataError, match=r"needs at least one data set.*--data"):
        stream_of_sets([])
    with pytest.raises(InvalidDataError, match=r"of big have the shape \(9, 9, 1\), expected"):
        stream_of_sets([("a", tiny_data()), ("big", tiny_data(size=9))])
    unlabeled = replace(tiny_data(), labels=None)
    with pytest.raises(InvalidDataError, match="b has no labeled images"):
        stream_of_sets([("b", unlabeled)])
    untested = replace(tiny_data(), splits={**tiny_data().splits, "test": np.zeros(0, int)})
    with pytest.raises(InvalidDataError, match="tiny has no test images"):
        class_incremental(untested, range(6), 2)


def test_a_hash_covers_images_and_order():
    data = tiny_data()
    first = stream_hash(class_incremental(data, range(6), 2))
    assert stream_hash(class_incremental(data, range(6), 2)) == first
    assert stream_hash(class_incremental(data, [1, 0, 2, 3, 4, 5], 2)) != first
    data.inputs[data.splits["train"][0]] += 1
    assert stream_hash(class_incremental(data, range(6), 2)) != first


def test_names_and_numbers_of_data_sets_are_checked(tmp_path):
    assert one_each((2,), 3, "--memory") == (2, 2, 2)
    with pytest.raises(InvalidTableError, match="--memory has 2 numbers for 3 data sets"):
        one_each((1, 2), 3, "--memory")
    with pytest.raises(InvalidTableError, match="--data is empty"):
        load_sets(Settings(sets=()))
    with pytest.raises(InvalidTableError, match='--data has "digits" twice'):
        load_sets(Settings(sets=("digits", "digits")))
    with pytest.raises(InvalidTableError, match=r"there is no folder .*missing"):
        load_sets(Settings(sets=(str(tmp_path / "missing"),)))


def test_the_settings_name_every_strategy():
    assert tuple(STRATEGIES) == TRAININGS
