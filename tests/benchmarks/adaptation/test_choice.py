"""The choice of rates and strengths on the pair that is not reported."""

from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks.adaptation import measurement
from benchmarks.adaptation.collect import summaries
from benchmarks.adaptation.figures import _color_of
from benchmarks.adaptation.measurement import TRIED_SEEDS, chosen_rate, chosen_strength
from benchmarks.adaptation.methods.registry import METHODS
from benchmarks.adaptation.selection import ORACLE, SOURCE
from benchmarks.adaptation.settings import METHOD_NAMES, Settings
from benchmarks.results.log import open_log
from benchmarks.results.record import read_records

SETTINGS = Settings(rates=(0.003, 0.01, 0.03))


@pytest.fixture
def tried(monkeypatch):
    """Trainings in place of real ones: (method, rate, strength, seed) of each, in order.

    On the source's validation images the largest rate is best; on the target's the middle one, and
    the smaller strength. Before the last step all have 1: a later breakdown must count.
    """
    made = []

    def train_once(method, pair, group, settings, *, rate, strength, seed, images=None):
        made.append((method.name, rate, strength, seed))
        target = {0.003: 0.4, 0.01: 0.6, 0.03: 0.5}[rate] - 0.1 * strength + 0.01 * seed
        values = [{SOURCE: 1.0, ORACLE: 1.0}, {SOURCE: rate, ORACLE: target}]
        return SimpleNamespace(checkpoints=[SimpleNamespace(values=each) for each in values])

    monkeypatch.setattr(measurement, "train_once", train_once)
    monkeypatch.setattr(measurement, "pair_of", lambda *_: None)
    return made


def group(tuning):
    return SimpleNamespace(
        name="digits", start="scratch:lenet", tuning=tuning, pairs=[("a", "b")], sets={}
    )


def test_each_method_that_adapts_has_a_rate_of_its_own(tried, tmp_path):
    log, pairs = open_log(tmp_path, "adapt"), group(("x", "y"))
    for name, rate in (("source-only", 0.03), ("target-supervised", 0.03), ("adda", 0.03)):
        assert chosen_rate(METHODS[name], pairs, SETTINGS, log) == rate
    assert {each[0] for each in tried} == {"source-only"}
    assert len(tried) == 3 * len(TRIED_SEEDS)
    assert chosen_rate(METHODS["dann"], pairs, SETTINGS, log) == 0.01
    assert chosen_strength(METHODS["dann"], 0.01, pairs, SETTINGS, log) == 0.1
    assert len(tried) == (3 + 3 + 1) * len(TRIED_SEEDS), "strength 1 is known at that rate"
    records = read_records(tmp_path)
    assert [each.settings["of"] for each in records] == ["rate", "rate", "strength"]
    assert records[1].metrics["tried"]["0.01"] == pytest.approx(0.505)
    assert (records[1].settings["source"], records[1].settings["target"]) == ("x", "y")


def test_without_a_pair_that_is_not_reported_no_target_label_chooses(tried, tmp_path):
    log, own = open_log(tmp_path, "adapt"), group(None)
    assert chosen_rate(METHODS["dann"], own, SETTINGS, log) == 0.03
    assert chosen_strength(METHODS["dann"], 0.03, own, SETTINGS, log) == 1.0
    assert {each[0] for each in tried} == {"source-only"}


def test_methods_have_one_order_and_one_color_whichever_ran_first():
    names = ["mcc", "source-only", "own", "dann", "adda"]
    frame = pd.DataFrame(
        [(name, "a", "b", seed, 0.5, 0.5) for name in names for seed in (0, 1)],
        columns=["method", "source", "target", "seed", "accuracy", "class_accuracy"],
    )
    found = [each.method for each in summaries(frame)]
    assert found == ["source-only", "dann", "adda", "mcc", "own"]
    assert len({_color_of(name) for name in METHOD_NAMES[2:]}) == len(METHOD_NAMES) - 2
