"""Our iCaRL beside avalanche-lib's: the same inputs for both, and the table of their difference."""

import math

import numpy as np
import pytest
import torch

from benchmarks.lifelong import worker_avalanche, worker_ours
from benchmarks.lifelong.beside import DEVIATIONS, beside_section, split_parts
from benchmarks.lifelong.collect import SHARED
from benchmarks.lifelong.run import check
from benchmarks.lifelong.settings import SUITE, Settings
from benchmarks.lifelong.sources import load_sets, streams
from benchmarks.lifelong.versus_avalanche import asked_of, job_of, methods_in_turn
from benchmarks.results.record import Record, read_records
from benchmarks.results.suite import SMOKE
from taskgraph.errors import TaskgraphError

SMALL = {"per_class": 6, "epochs": 1, "orders": 1, "max_steps": 2, "memory": (9,), "size": 0}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    work = tmp_path_factory.mktemp("state")
    return SUITE.with_preset(SMOKE, {**SMALL, "strategies": ("icarl",), "work": str(work)})


@pytest.fixture(scope="module")
def job(settings):
    ((stream, memory),) = streams(load_sets(settings), settings, 0)
    return job_of(stream, memory, settings, 0)


def test_our_worker_learns_what_the_suite_learns(settings, job, tmp_path):
    SUITE.run(settings, tmp_path)
    records = [r for r in read_records(tmp_path) if r.settings["method"] == "icarl"]
    np.savez(tmp_path / "job.npz", **job)
    threads = torch.get_num_threads()
    worker_ours.main(str(tmp_path / "job.npz"), str(tmp_path / "result.npz"))
    torch.set_num_threads(threads)
    result = np.load(tmp_path / "result.npz")
    assert result["accuracies"].tolist() == [r.metrics["accuracy"] for r in records]
    assert result["stored"].tolist() == [r.metrics["stored"] for r in records] == [8, 8]
    assert (result["seconds"] > 0).all()


def test_both_have_one_network_and_one_input(job, tmp_path):
    np.savez(tmp_path / "job.npz", **job)
    given = np.load(tmp_path / "job.npz")
    features, outputs = worker_avalanche.network(given)
    from benchmarks.learning.starts import find_start

    backbone = find_start("scratch:lenet").build(seed=0, channels=1)
    images = torch.from_numpy(job["train_bytes"][:5])
    prepared = torch.from_numpy(job["train_images"][:5])
    with torch.no_grad():
        assert torch.allclose(features(prepared), backbone(images), atol=1e-5)
    assert tuple(outputs.weight.shape) == (10, 768)
    assert len(job["train_labels"]) == 60


def record(method, order, accuracy, seconds, stored):
    """A record of the comparison with two steps."""
    asked = {"part": "avalanche", "data": "d", "memory": 9, "method": method}
    asked |= dict.fromkeys(SHARED, 1)
    metrics = {"accuracy": accuracy, "processor_seconds": seconds, "stored": stored}
    return Record("lifelong", asked, seed=order, split="test", metrics=metrics)


def test_the_section_has_the_paired_difference_and_the_ratio_of_times():
    """Means 70 and 80 against 60 and 60: differences 10 and 20; ratios 2 and 8."""
    records = [
        record("ours", 0, [0.8, 0.6], 1.0, [8, 9]),
        record("avalanche-lib", 0, [0.7, 0.5], 2.0, [8, 12]),
        record("ours", 1, [0.9, 0.7], 1.0, [8, 8]),
        record("avalanche-lib", 1, [0.7, 0.5], 8.0, [8, 8]),
        record("ours", 2, [0.9, 0.9], 1.0, [8, 8]),
    ]
    text = beside_section(records)
    half = 12.7062 * math.sqrt(50) / math.sqrt(2)
    assert f"| d | 9 | 75.0 | 60.0 | 15.0 | [{15 - half:.1f}, {15 + half:.1f}] |" in text
    assert "| 4.00 | 9 | 12 | 2 |" in text
    assert all(each in text for each in DEVIATIONS)
    assert beside_section(records[4:]) == beside_section([]) == ""
    assert split_parts(records) == ([], records)


def test_the_first_method_alternates(settings):
    assert [methods_in_turn(k)[0] for k in (0, 1)] == ["ours", "avalanche-lib"]
    ((stream, memory),) = streams(load_sets(settings), settings, 0)
    assert asked_of(stream, memory, settings)["classes_of_steps"] == [2] * 5


def test_a_page_of_the_comparison_alone_is_rendered(tmp_path):
    from benchmarks.results.log import open_log

    log = open_log(tmp_path, "lifelong")
    for each in (record("ours", 0, [0.8], 1.0, [8]), record("avalanche-lib", 0, [0.7], 2.0, [8])):
        log.add(each.settings, each.metrics, seed=0)
    page = SUITE.write_page(tmp_path)
    assert page.startswith("# How much is forgotten")
    assert "| d | 9 | 80.0 | 70.0 | 10.0 | – | 2.00 | 8 | 8 | 1 |" in page


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"parts": ("avalance",)}, '--part has "avalance", expected streams or avalanche'),
        ({"parts": ("avalanche",)}, "--part avalanche needs --python PATH"),
        ({"parts": ("avalanche",), "python": "p", "size": 16}, "with --augment none and --size 0"),
    ],
)
def test_a_comparison_that_is_impossible_is_named(given, message):
    with pytest.raises(TaskgraphError, match=message):
        check(Settings(**given))
