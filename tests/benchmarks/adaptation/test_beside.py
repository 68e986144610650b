"""Our DANN and ADDA beside those of libraries: the same inputs, and the table of differences."""

import os
import sys

import numpy as np
import pytest
import torch

from benchmarks.adaptation import (
    beside,
    versus_libraries,
    worker_ours,
    worker_pytorch_adapt,
    worker_skada,
)
from benchmarks.adaptation.collect import CONTENDERS
from benchmarks.adaptation.domain_pair import DomainImages, DomainPair
from benchmarks.adaptation.feature_network import make_model
from benchmarks.adaptation.pair_groups import LENET, PairGroup
from benchmarks.adaptation.settings import SUITE
from benchmarks.results.log import open_log
from benchmarks.results.record import Record, read_records
from taskgraph.cli import run

TINY = {
    "pairs": (),
    "steps": 3,
    "batch": 4,
    "train": 12,
    "val": 6,
    "test": 8,
    "seeds": 1,
    "rates": (0.01,),
}


def digits(count, seed):
    """Random pictures of 28 x 28."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 255, (count, 1, 28, 28), np.uint8)
    return DomainImages(torch.from_numpy(pixels), np.arange(count) % 10)


def digit_pair():
    """A pair of random pictures."""
    classes = tuple("0123456789")
    return DomainPair("a", "b", classes, *(digits(20 + k, k) for k in range(5)))


@pytest.fixture
def given(monkeypatch, tmp_path):
    """Return the job of a library."""
    monkeypatch.setattr(versus_libraries, "pair_of", lambda *_: digit_pair())
    settings = SUITE.with_preset(None, TINY)
    group = PairGroup("digits", {}, (("a", "b"),), None, LENET)

    def job(library):
        """Return a job with its method."""
        log = open_log(tmp_path, "adapt")
        found = versus_libraries.job_of(library, ("a", "b"), group, settings, log, seed=2)
        return {**found, "method": library}

    return job


def test_the_networks_of_both_workers_are_ours(given):
    """The same scores for the same images, which skada and pytorch-adapt get prepared."""
    job = given("skada")
    model = make_model(digit_pair(), LENET, 2).eval()
    pixels = digit_pair().target_test.images
    prepared = torch.from_numpy(job["test_images"])
    theirs = worker_skada.DigitNetwork(job).eval()
    extractor, classifier, _ = worker_pytorch_adapt.networks(
        {**job, **{f"head.{k:02}": v for k, v in enumerate(_discriminator(job))}}
    )
    with torch.no_grad():
        assert torch.allclose(model(pixels), theirs(prepared), atol=1e-5)
        assert torch.allclose(model(pixels), classifier(extractor(prepared)), atol=1e-5)


def _discriminator(job):
    """Values of a discriminator of 500 units."""
    head = versus_libraries.domain_head(768, width=500, layers=2)
    return [value.detach().numpy() for value in head.parameters()]


def test_our_worker_begins_with_the_weights_of_the_job(given):
    job = given("skada")
    adaptation = worker_ours.adaptation_of(job)
    values = versus_libraries.network_values(adaptation.model)
    for k, value in enumerate(values):
        assert np.array_equal(value.detach().numpy(), job[f"network.{k:02}"])
    assert adaptation.config.keep_best is False
    assert (adaptation.pair.target_train.labels == -1).all(), "no label of the target is passed"


def test_methods_take_turns():
    assert [versus_libraries.contenders_in_turn("skada", k)[0] for k in range(3)] == list(
        CONTENDERS["skada"]
    )


def record(library, method, seed, accuracy, seconds):
    """A record of a comparison."""
    asked = {"part": library, "group": "digits", "network": LENET, "steps": 9, "batch": 4}
    asked |= {"source": "a", "target": "b", "method": method}
    metrics = {"accuracy": accuracy, "processor_seconds": seconds, "rate": 0.1}
    metrics |= {"library": "ours" if method == "ours" else f"{library} 1"}
    return Record("adapt", asked, seed, "test", metrics, None, None, seconds)


def test_the_difference_is_paired_and_the_ratio_geometric():
    """Differences 10 and 12 points: 11 ± 12.7 × 1; seconds 2 and 8 times: 4 times."""
    records = [
        record("skada", "ours", 0, 0.60, 1.0),
        record("skada", "skada", 0, 0.50, 2.0),
        record("skada", "ours", 1, 0.72, 1.0),
        record("skada", "skada", 1, 0.60, 8.0),
    ]
    text = beside.beside_section(records, "skada")
    assert "| a → b | skada | 66.0 | 55.0 | 11.0 | [-1.7, 23.7] | 4.00 | 2 |" in text
    assert "DANN beside skada's (skada 1)" in text
    assert "no evaluation chooses" in text
    assert "Ours is at least as good as skada (the interval lies above -2 points) on 1 of 1" in text
    worse = [record("skada", "ours", k, 0.4, 1.0) for k in (0, 1)]
    worse += [record("skada", "skada", k, 0.5, 1.0) for k in (0, 1)]
    assert "on 0 of 1 pair" in beside.beside_section(worse, "skada")
    assert "broke down" not in beside.beside_section(worse, "skada")
    worse += [record("skada", "ours", 2, 0.1, 1.0), record("skada", "skada", 2, 0.5, 1.0)]
    words = " ".join(beside.beside_section(worse, "skada").split())
    assert "an accuracy below 15 %: ours 1 of 3, skada 0 of 3, skada-head 0 of 0." in words
    assert beside.beside_section(records[:1], "skada") == ""


def test_a_comparison_without_its_python_is_one_line(tmp_path, capsys):
    python = "--python", sys.executable
    cases = [
        (("--parts", "skada"), "--parts skada needs --python PATH"),
        (("--parts", "pytorch-adapt"), "pytorch-adapt/bin/pip install pytorch-adapt==0.0.83"),
        (("--parts", "skada", "--python", "python3"), "--python is python3, which is no program"),
        (("--parts", "skada", "--python", __file__), "which is no program; expected the path of"),
        (("--parts", "skada,pytorch-adapt", *python), "whose environments differ"),
        (("--parts", "skada", *python, "--pairs", "drawn:day"), '--pairs has "drawn:day"'),
    ]
    for flags, message in cases:
        assert run(["bench", "adapt", *flags, "--out", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1, error
        assert message in error


ENVIRONMENTS = {"skada": "SKADA_PYTHON", "pytorch-adapt": "PYTORCH_ADAPT_PYTHON"}
"""Variables with the Python of an environment of each library."""


@pytest.mark.slow
@pytest.mark.parametrize("library", CONTENDERS)
def test_both_train_in_processes_of_their_own(library, tmp_path):
    python = os.environ.get(ENVIRONMENTS[library])
    if not python:
        pytest.skip(f"{ENVIRONMENTS[library]} names no Python that has {library}")
    flags = ["--steps", "3", "--train", "40", "--val", "20", "--test", "30", "--seeds", "1"]
    flags += ["--batch", "4", "--rates", "0.01", "--out", str(tmp_path)]
    assert run(["bench", "adapt", "--parts", library, "--python", python, *flags]) == 0
    records = read_records(tmp_path)
    assert [each.settings["method"] for each in records] == list(CONTENDERS[library])
    assert all(0 <= each.metrics["accuracy"] <= 1 for each in records)
    assert all(each.metrics["processor_seconds"] > 0 for each in records)
    assert "its seconds / ours" in (tmp_path / "README.md").read_text()
