"""The benchmark of training: both loops train the same network, and its sums are right."""

import copy
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks import training
from benchmarks.training import METHODS, First, Row, Settings, render, run, summary
from encoders.scenes.making.make import make

SETTINGS = Settings("world", images=24, batch=8, epochs=2, precision="32-true")


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
    speeds = METHODS[method](model, squared, First(examples, 24), SETTINGS)
    assert len(speeds) == 3
    assert all(speed > 0 and 0 < waiting < 1 for speed, waiting in speeds)
    assert not torch.equal(model.weight, before["weight"])
    assert {row for rows in examples.asked for row in rows} == set(range(24))
    most = max(len(rows) for rows in examples.asked)
    assert most == (1 if method == "plain PyTorch" else 8)


def rows(speeds, **options):
    return [
        Row(method, repeat, speed, 0.25, 1000.0, options.get("gpu"))
        for method, each in zip(METHODS, speeds, strict=True)
        for repeat, speed in enumerate(each)
    ]


def test_the_ratio_is_taken_within_each_repeat():
    """200/100, 300/100 and 100/200: median 2, though the medians are 200 and 100."""
    found = summary(rows([(200.0, 300.0, 100.0), (100.0, 100.0, 200.0)]))
    assert found["ratio"] == {"median": 2.0, "least": 0.5, "largest": 3.0, "repeats": 3}
    assert found["encoders.fit"]["images_per_second"] == 200
    assert (found["plain PyTorch"]["least"], found["plain PyTorch"]["largest"]) == (100, 200)
    lines = render(found).splitlines()
    assert lines[2] == "| encoders.training.fit | 200 (100–300) | 25.0% | 1000 | – |"
    assert lines[-1] == "`encoders.training.fit` is 2.00 times as fast (0.50–3.00 in 3 repeats)."
    assert "| 1000 | 7 |" in render(summary(rows([(1.0,), (1.0,)], gpu=7.0)))


def test_a_run_alternates_and_writes_all_it_measured(tmp_path, monkeypatch):
    calls = []

    def measured(method, repeat, settings):
        calls.append(method)
        return Row(method, repeat, 10.0 * len(calls), 0.1, 5.0, None)

    monkeypatch.setattr(training, "measured", measured)
    found = run(replace(SETTINGS, data=str(tmp_path / "world")), tmp_path / "out", 2)
    first, second = METHODS
    assert calls == [first, second, second, first]
    assert found["ratio"]["least"] == pytest.approx(10 / 20)
    assert found["ratio"]["largest"] == pytest.approx(40 / 30)
    whole = json.loads((tmp_path / "out" / "throughput.json").read_text())
    assert whole["summary"] == found
    assert whole["config"]["versions"]["torch"] == torch.__version__
    assert {**whole["config"], **asdict(SETTINGS), "data": "world"} == whole["config"]
    assert len(whole["rows"]) == 4
    page = (tmp_path / "out" / "README.md").read_text()
    assert "--data world" in page
    assert render(found) in page
    assert str(tmp_path) not in page


@pytest.mark.slow
def test_a_cell_is_measured_in_a_process_of_its_own(tmp_path):
    make(tmp_path / "world", buildings=3, views=16, size=64, seed=1)
    settings = Settings(str(tmp_path / "world"), images=16, batch=8, epochs=1)
    for method in METHODS:
        row = training.measured(method, 3, settings)
        assert (row.method, row.repeat) == (method, 3)
        assert row.images_per_second > 0
        assert 100 < row.memory < 4000
