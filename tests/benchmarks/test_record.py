"""Records: what is appended is read again, by several writers and after a cut."""

import json
import multiprocessing
import os

import numpy as np
import pandas as pd
import pytest

from benchmarks.results.frame import flattened, latest, part, read, to_frame
from benchmarks.results.log import open_log
from benchmarks.results.record import DAMAGED, FILE, KEYS, Record, append, json_value, read_records
from taskgraph.errors import InvalidTableError


def record(number=0, **changes):
    values = {
        "suite": "sums",
        "settings": {"method": "plus", "fit": {"epochs": number}},
        "seed": 3,
        "split": "test",
        "metrics": {"loss": 0.1 + number, "best": None},
        "commit": "abc",
        "versions": {"python": "3.11", "cores": 2},
        "seconds": 1.5,
    }
    return Record(**{**values, **changes})


def test_a_record_is_read_as_it_was_written(tmp_path):
    written = [record(number) for number in range(3)]
    for one in written:
        append(tmp_path, one)
    assert read_records(tmp_path) == written
    lines = (tmp_path / FILE).read_text().splitlines()
    assert [list(json.loads(line)) for line in lines] == [list(KEYS)] * 3
    assert json.loads(lines[2])["metrics"]["loss"] == (0.1 + 2)


def test_without_a_file_there_are_no_records(tmp_path):
    assert read_records(tmp_path / "nowhere") == []


def test_numpys_values_become_those_of_json():
    value = {"a": np.float32(0.5), "b": np.array([1, 2]), "c": float("nan"), "d": (True, None)}
    assert json_value(value) == {"a": 0.5, "b": [1, 2], "c": None, "d": [True, None]}
    with pytest.raises(InvalidTableError, match="holds inf, expected a finite number or None"):
        json_value({"bound": float("inf")})
    with pytest.raises(InvalidTableError, match="of type set, expected text"):
        json_value({"names": {"a"}})


@pytest.mark.parametrize(
    ("settings", "metrics", "words"),
    [
        ({"loss": 1}, {"loss": 2}, '"loss" is a setting and a metric'),
        ({"seed": 1}, {}, '"seed" is a key of every record'),
        ({}, {"seconds": 1}, '"seconds" is a key of every record'),
    ],
)
def test_a_name_is_one_column(settings, metrics, words):
    with pytest.raises(InvalidTableError, match=words):
        record(settings=settings, metrics=metrics)


def write_many(folder, writer):
    for number in range(40):
        append(folder, record(number, settings={"writer": writer, "text": "x" * 5_000}))


def test_several_writers_lose_and_mix_no_line(tmp_path):
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=write_many, args=(tmp_path, n)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = [(each.settings["writer"], each.metrics["loss"]) for each in read_records(tmp_path)]
    assert sorted(found) == [(n, 0.1 + k) for n in range(4) for k in range(40)]


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_a_line_that_was_cut_off_is_moved_aside_and_told(tmp_path, cut):
    for number in range(3):
        append(tmp_path, record(number))
    path = tmp_path / FILE
    whole = path.read_bytes()
    path.write_bytes(whole[: -1 - cut])
    last = whole[: -1 - cut].rpartition(b"\n")[2]
    with pytest.warns(UserWarning, match="the last line is cut off and is left out"):
        assert [each.metrics["loss"] for each in read_records(tmp_path)] == [0.1, 1.1]
    assert path.read_bytes() == whole[: -1 - cut], "reading changes nothing"
    with pytest.warns(UserWarning, match="the last line was cut off; it was moved to"):
        append(tmp_path, record(7))
    assert [each.metrics["loss"] for each in read_records(tmp_path)] == [0.1, 1.1, 7.1]
    assert (tmp_path / DAMAGED).read_bytes() == last + b"\n"


def test_a_record_that_lacks_only_the_end_of_its_line_is_kept(tmp_path):
    append(tmp_path, record(0))
    path = tmp_path / FILE
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    assert len(read_records(tmp_path)) == 1
    append(tmp_path, record(1))
    assert [each.metrics["loss"] for each in read_records(tmp_path)] == [0.1, 1.1]


def test_a_cut_line_longer_than_what_is_looked_at_first(tmp_path):
    append(tmp_path, record(0))
    with open(tmp_path / FILE, "ab") as file:
        file.write(b'{"suite": "' + b"y" * 200_000)
    with pytest.warns(UserWarning, match="was moved"):
        append(tmp_path, record(1))
    assert len(read_records(tmp_path)) == 2
    assert (tmp_path / DAMAGED).stat().st_size == 200_000 + len(b'{"suite": "\n')


def test_a_damaged_line_in_the_middle_names_file_and_line(tmp_path):
    for number in range(3):
        append(tmp_path, record(number))
    path = tmp_path / FILE
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], lines[1][:30], lines[2]]) + "\n")
    with pytest.raises(InvalidTableError, match=rf"{FILE}, line 2: damaged"):
        read_records(tmp_path)
    path.write_text("\n".join([lines[0], '{"suite": "a"}', lines[2]]) + "\n")
    with pytest.raises(InvalidTableError, match="line 2: expected a record with the keys suite"):
        read_records(tmp_path)


def test_a_full_disk_leaves_whole_lines(tmp_path, monkeypatch):
    append(tmp_path, record(0))
    real = os.write
    monkeypatch.setattr(os, "write", lambda handle, line: real(handle, line[:10]))
    with pytest.raises(OSError, match="No space left"):
        append(tmp_path, record(1))
    monkeypatch.undo()
    assert read_records(tmp_path) == [record(0)]


def test_a_run_goes_on_from_its_records_alone(tmp_path):
    log = open_log(tmp_path, "sums", "numpy")
    assert not log.has({"a": 1, "b": [2]}, seed=0)
    log.add({"a": 1, "b": (2,)}, {"loss": 3.0}, seed=0, seconds=0.5)
    again = open_log(tmp_path, "sums")
    assert again.find({"b": [2], "a": 1}, seed=0).metrics == {"loss": 3.0}
    assert again.find({"b": [2], "a": 2}, seed=0) is None
    assert again.has({"b": [2], "a": 1}, seed=0)
    assert not again.has({"b": [2], "a": 1}, seed=1)
    assert not again.has({"b": [2], "a": 1}, seed=0, split="test")
    one = read_records(tmp_path)[0]
    assert one.versions["numpy"] == np.__version__
    assert one.versions["cores"] == os.cpu_count()


def test_a_table_has_a_column_a_setting_and_a_metric():
    frame = to_frame([record(1), record(2, settings={"method": "minus"}, versions=None)])
    assert list(frame) == [
        "suite",
        "seed",
        "split",
        "method",
        "fit.epochs",
        "loss",
        "best",
        "commit",
        "seconds",
        "versions.python",
        "versions.cores",
    ]
    assert frame["fit.epochs"].iloc[0] == 1
    assert np.isnan(frame["fit.epochs"].iloc[1])
    assert frame["loss"].to_list() == [1.1, 2.1]


def test_read_gives_the_table_of_a_folder(tmp_path):
    append(tmp_path, record(5))
    pd.testing.assert_frame_equal(read(tmp_path), to_frame([record(5)]))


def test_an_empty_value_within_a_value_stays():
    assert flattened({"a": {"b": {}, "c": {"d": 1}}}) == {"a.b": {}, "a.c.d": 1}


def test_only_the_last_runs_records_are_shown():
    each = [record(settings={"limit": limit, "n": n}) for limit, n in ((1, 0), (2, 0), (1, 1))]
    assert [one.settings["n"] for one in latest(each, "limit")] == [0, 1]
    assert latest([], "limit") == []
    assert part(each, limit=2) == [each[1]]
