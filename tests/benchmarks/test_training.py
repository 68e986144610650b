"""The benchmark of training: both loops train the same network, and its sums are right."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.results.record import Record, read_records
from benchmarks.speed.training import run as training
from benchmarks.speed.training.measure import measured
from benchmarks.speed.training.methods import METHODS, FirstExamples
from benchmarks.speed.training.page import METHODS as SHOWN
from benchmarks.speed.training.page import comparison, summary
from benchmarks.speed.training.settings import EPOCHS, SUITE, Settings
from encoders.scenes.making.make import make

SETTINGS = Settings(EPOCHS, "world", images=24, batch=8, epochs=2, precision="32-true")


class Halves:
    """Pictures and their half; counts how examples are asked for."""

    def __init__(self):
        self.x = torch.tensor(
            np.random.default_rng(0).standard_normal((40, 1, 4, 4)), dtype=torch.float32
        )
        self.asked = []

    def __len__(self):
        return len(self.x)

    def batch(self, indices):
        rows = list(indices)
        self.asked.append(rows)
        return self.x[rows], self.x[rows] / 2, torch.ones(len(rows), 4, 4)


def squared(prediction, target, mask):
    return ((prediction - target) ** 2).mean((1, 2, 3))


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_on_the_examples_it_is_given(method):
    examples, model = Halves(), nn.Conv2d(1, 1, 1)
    before = copy.deepcopy(model.state_dict())
    speeds = METHODS[method](model, squared, FirstExamples(examples, 24), SETTINGS)
    assert len(speeds) == 3
    assert all(speed > 0 and 0 < waiting < 1 for speed, waiting in speeds)
    assert not torch.equal(model.weight, before["weight"])
    assert {row for rows in examples.asked for row in rows} == set(range(24))
    most = max(len(rows) for rows in examples.asked)
    assert most == (1 if method == "plain PyTorch" else 8)


def records_of(speeds, **options):
    return [
        Record(
            "training",
            training.settings_of(SETTINGS, method, repeat),
            0,
            None,
            {
                "images_per_second": speed,
                "waiting": 0.25,
                "memory": 1000.0,
                "gpu_memory": options.get("gpu"),
            },
        )
        for method, each in zip(METHODS, speeds, strict=True)
        for repeat, speed in enumerate(each)
    ]


def test_the_page_knows_the_methods():
    assert tuple(METHODS) == SHOWN


def test_the_ratio_is_taken_within_each_repeat():
    """200/100, 300/100 and 100/200: median 2, though the medians are 200 and 100."""
    found = summary(records_of([(200.0, 300.0, 100.0), (100.0, 100.0, 200.0)]))
    assert found["ratio"] == {"median": 2.0, "least": 0.5, "largest": 3.0, "repeats": 3}
    assert found["encoders.fit"]["images_per_second"] == 200
    assert (found["plain PyTorch"]["least"], found["plain PyTorch"]["largest"]) == (100, 200)
    lines = comparison(found).splitlines()
    assert lines[2] == "| encoders.fit | 200 (100–300) | 25.0% | 1000 | – |"
    assert lines[-1] == (
        "`encoders.fit` trains 2.00 times as many images per second as the plain PyTorch loop "
        "(0.50–3.00 in 3 repeats)."
    )
    assert "| 1000 | 7 |" in comparison(summary(records_of([(1.0,), (1.0,)], gpu=7.0)))


def test_a_run_alternates_and_goes_on_where_it_was_cut_off(tmp_path, monkeypatch):
    calls = []

    def fake(method, settings):
        if len(calls) == 3 and not (tmp_path / "cut").exists():
            (tmp_path / "cut").touch()
            raise KeyboardInterrupt
        calls.append(method)
        return {
            "images_per_second": 10.0 * len(calls),
            "waiting": 0.1,
            "memory": 5.0,
            "gpu_memory": None,
            "gpu": None,
        }

    monkeypatch.setattr(training, "measured", fake)
    settings = replace(SETTINGS, data=str(tmp_path / "world"), repeats=2)
    with pytest.raises(KeyboardInterrupt):
        training.run(settings, tmp_path / "out")
    training.run(settings, tmp_path / "out")
    first, second = METHODS
    assert calls == [first, second, second, first]
    records = read_records(tmp_path / "out")
    assert len(records) == 4
    found = summary(records)
    assert found["ratio"]["least"] == pytest.approx(10 / 20)
    assert found["ratio"]["largest"] == pytest.approx(40 / 30)
    assert records[0].versions["torch"] == torch.__version__
    page = SUITE.write_page(tmp_path / "out")
    assert "--data world" in page
    assert comparison(found) in page
    assert str(tmp_path) not in page + (tmp_path / "out" / "records.jsonl").read_text()


@pytest.mark.slow
def test_a_cell_is_measured_in_a_process_of_its_own(tmp_path):
    make(tmp_path / "world", buildings=3, views=16, size=64, seed=1)
    settings = Settings(data=str(tmp_path / "world"), images=16, batch=8, epochs=1)
    for method in METHODS:
        found = measured(method, settings)
        assert found["images_per_second"] > 0
        assert 100 < found["memory"] < 4000
