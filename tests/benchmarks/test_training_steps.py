"""The timing of a step: its operations by hand, equal mathematics on both sides, and its page."""

import json

import pytest
import torch

from benchmarks.speed.training_steps import (
    CASES,
    SIDE,
    bound,
    measure,
    methods,
    operations,
    plain_layers,
    render,
)
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


def test_every_method_trains():
    for name, step in methods(CASES["read-out"]).items():
        for _ in range(2):
            step()
        assert name


def test_the_page_says_what_was_measured():
    found = measure(CASES["read-out"], rounds=2, warmup=1)
    assert found["methods"]["bound"]["over_bound"] == [1, 1, 1]
    machine = {"cores": 1, "platform": "Linux x86_64"}
    whole = {"commit": "abc", "machine": machine, "cases": {"read-out": found}}
    page = render(json.loads(json.dumps(whole)))
    assert "1.25 GFLOP a step; 2 rounds" in page
    for name, row in found["methods"].items():
        assert f"| {name} | {row['cpu_ms']:.1f} |" in page
