"""The timing of single steps: operations by hand, the same network on both sides, and its page."""

import pytest
import torch

from benchmarks.results.record import read_records
from benchmarks.speed.training import run as training
from benchmarks.speed.training import step_times
from benchmarks.speed.training.settings import STEPS, SUITE, Settings
from benchmarks.speed.training.steps import CASES, SIDE, bound, methods, operations, plain_layers
from benchmarks.speed.training.steps_page import TITLES
from encoders.networks.normalization import GroupNorm


def convolution(inputs, outputs, kernel, places):
    return 2 * inputs * outputs * kernel**2 * places


def test_the_operations_of_a_read_out_are_those_of_its_convolutions():
    """Two streams of 16 channels; 32, 64, 64 at 16x16; doubled to 32; four pixels a place."""
    image = (
        4 * convolution(16, 16, 3, 16**2)
        + convolution(32, 64, 3, 16**2)
        + convolution(64, 64, 3, 16**2)
        + convolution(64, 32, 4, 16**2)  # transposed: each input place makes 4x4 outputs
        + convolution(32, 4, 3, 32**2)
    )
    assert operations(CASES["read-out"]) == 3 * 8 * image
    assert 8 * image == pytest.approx(0.42e9, rel=0.01)


def test_the_bound_multiplies_as_many_numbers(monkeypatch):
    done = []
    multiply = torch.mm
    monkeypatch.setattr(
        torch, "mm", lambda a, b: done.append(2 * len(a) * SIDE * b.shape[1]) or multiply(a, b)
    )
    bound(CASES["read-out"])()
    assert sum(done) == pytest.approx(operations(CASES["read-out"]), rel=1e-3)


def test_the_plain_network_has_no_layers_of_ours_and_as_many_weights():
    for case in CASES.values():
        ours, plain = case.make(), plain_layers(case.make())
        assert not any(isinstance(module, GroupNorm) for module in plain.modules())
        assert sum(w.numel() for w in ours.parameters()) == sum(
            w.numel() for w in plain.parameters()
        )


def test_every_method_is_timed_and_threads_stay_as_they_were():
    before = torch.get_num_threads()
    measured = step_times.measure(CASES["read-out"], rounds=2, warmup=1)
    assert list(measured) == list(methods())
    assert measured["bound"]["over_bound"] == [1, 1, 1]
    for row in measured.values():
        assert row["gflop"] == pytest.approx(1.25, rel=0.01)
        assert row["images_per_second"] == pytest.approx(8000 / row["cpu_ms"])
    assert torch.get_num_threads() == before


@pytest.fixture
def numbers(monkeypatch):
    """Times that are invented, one set a case, and the cases that were asked for."""
    asked = []

    def fake(case, *, rounds):
        asked.append((case.title, rounds))
        return {
            name: {
                "gflop": 1.25,
                "cpu_ms": 10.0 * place,
                "wall_ms": 11.0 * place,
                "images_per_second": 800.0 / place,
                "over_bound": [place - 0.5, float(place), place + 0.25],
            }
            for place, name in enumerate(methods(), 1)
        }

    monkeypatch.setattr(step_times, "measure", fake)
    return asked


def test_the_page_has_a_line_a_method_and_a_run_goes_on(numbers, tmp_path):
    training.run(Settings(part=STEPS, rounds=3), tmp_path)
    assert numbers == [(case.title, 3) for case in CASES.values()]
    training.run(Settings(part=STEPS, rounds=3), tmp_path)
    assert len(numbers) == 2
    page = SUITE.write_page(tmp_path)
    assert "The throughput of whole epochs is not yet measured." in page
    assert "taskgraph bench training --part steps --rounds 3" in page
    for title in TITLES.values():
        assert f"### {title}\n\n1.25 GFLOP a step." in page
    assert page.count("| bound | 10.0 | 800 | 1.00 (0.50–1.25) |") == len(TITLES)
    assert page.count("| plain float32 | 20.0 | 400 | 2.00 (1.50–2.25) |") == len(TITLES)
    records = read_records(tmp_path)
    ours = next(
        each.metrics["cpu_ms"]
        for name in ("fit auto", "fit 32-true")
        for each in records
        if each.settings["method"] == name
    )
    assert SUITE.finding(tmp_path) == (
        f"A step of `encoders.fit` is {20 / ours:.2f} times as fast (read-out) and {20 / ours:.2f} "
        "times as fast (encoder) as one of a plain float32 loop."
    )


def test_the_page_names_the_cases_that_are_timed():
    assert {name: case.title for name, case in CASES.items()} == TITLES
