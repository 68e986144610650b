"""The choice of rates and strengths on the pair that is not reported."""

import math
from types import SimpleNamespace

import pandas as pd
import pytest

from benchmarks.adaptation import tuning
from benchmarks.adaptation.collect import summaries
from benchmarks.adaptation.figures import _color_of
from benchmarks.adaptation.methods.registry import METHODS
from benchmarks.adaptation.selection import ORACLE, SOURCE
from benchmarks.adaptation.settings import METHOD_NAMES, Settings
from benchmarks.adaptation.tried import tried_section
from benchmarks.adaptation.tuning import TRIED_SEEDS, chosen_trial
from benchmarks.results.log import open_log
from benchmarks.results.record import read_records
from encoders.errors import TrainingError

SETTINGS = Settings(rates=(0.003, 0.01, 0.03))


BEST = {("dann", 0.1): 0.01, ("dann", 1.0): 0.09}
"""The best rate of each strength; that of the strength 1 lies beyond what was asked for."""
DIVERGES = 0.2
"""Trainings with this rate or a larger one break down."""


@pytest.fixture
def tried(monkeypatch):
    """Trainings in place of real ones: (method, rate, strength, seed) of each, in order.

    On the source's validation images the middle rate is best; on the target's that of `BEST`, with
    the strength 1 above .1. Before the last step all have 1: a later breakdown must count.
    """
    made = []

    def train_once(method, pair, group, settings, *, rate, strength, seed, images=None):
        made.append((method.name, rate, strength, seed))
        if rate >= DIVERGES:
            raise TrainingError("the loss became infinite")
        away = abs(math.log(rate / BEST.get((method.name, strength), 0.01)))
        target = 0.5 + 0.3 * strength - 0.1 * away + 0.01 * seed
        source = 0.9 - 0.1 * abs(math.log(rate / 0.01))
        values = [{SOURCE: 1.0, ORACLE: 1.0}, {SOURCE: source, ORACLE: target}]
        return SimpleNamespace(checkpoints=[SimpleNamespace(values=each) for each in values])

    monkeypatch.setattr(tuning, "train_once", train_once)
    monkeypatch.setattr(tuning, "pair_of", lambda *_: None)
    return made


def group(tuning):
    return SimpleNamespace(
        name="digits", start="scratch:lenet", tuning=tuning, pairs=[("a", "b")], sets={}
    )


def test_methods_that_do_not_tune_their_rate_have_that_of_source_only(tried, tmp_path):
    log, pairs = open_log(tmp_path, "adapt"), group(("x", "y"))
    for name in ("source-only", "target-supervised"):
        assert chosen_trial(METHODS[name], pairs, SETTINGS, log) == (0.01, 1.0)
    assert {each[0] for each in tried} == {"source-only"}
    assert len(tried) == 3 * len(TRIED_SEEDS)
    assert chosen_trial(METHODS["adda"], pairs, SETTINGS, log) == (0.01, 3.0)
    assert {each[:2] for each in tried[6:]} == {("adda", 0.01)}


def test_rate_and_strength_are_chosen_together_and_beyond_an_edge(tried, tmp_path):
    log, pairs = open_log(tmp_path, "adapt"), group(("x", "y"))
    # Rates at the strength .1 alone, or the strength at the best of those, would end elsewhere.
    assert chosen_trial(METHODS["dann"], pairs, SETTINGS, log) == (0.09, 1.0)
    rates = {each[1] for each in tried}
    assert rates == {0.003, 0.01, 0.03, 0.09, 0.27}, "one beyond the best shows that it is no edge"
    assert len(tried) == len(set(tried)) == 5 * 2 * len(TRIED_SEEDS) - 2, "one seed of .27 suffices"


def test_a_trial_that_diverges_is_recorded_and_not_chosen(tried, tmp_path):
    log, pairs = open_log(tmp_path, "adapt"), group(("x", "y"))
    some = Settings(rates=(0.01, 1e30))
    assert chosen_trial(METHODS["source-only"], pairs, some, log) == (0.01, 1.0)
    found = {each.settings["rate"]: each.metrics["accuracy"] for each in read_records(tmp_path)}
    assert found[1e30] is None
    assert found[0.01] == pytest.approx(0.9)
    with pytest.raises(TrainingError, match="source-only diverged at the rates 1, 2"):
        chosen_trial(METHODS["source-only"], pairs, Settings(rates=(1.0, 2.0)), log)


def test_an_interrupted_search_continues_with_what_it_lacks(tried, tmp_path):
    pairs = group(("x", "y"))
    expected = chosen_trial(METHODS["dann"], pairs, SETTINGS, open_log(tmp_path, "adapt"))
    whole = len(tried)
    path = tmp_path / "records.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:7]))
    tried.clear()
    again = chosen_trial(METHODS["dann"], pairs, SETTINGS, open_log(tmp_path, "adapt"))
    assert again == expected
    assert len(tried) == whole - 7


def test_the_page_shows_every_trial_and_marks_what_was_chosen(tried, tmp_path):
    log, pairs = open_log(tmp_path, "adapt"), group(("x", "y"))
    for name in ("dann", "adda", "source-only"):
        chosen_trial(METHODS[name], pairs, SETTINGS, log)
    text = tried_section(read_records(tmp_path), "digits")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")]
    assert rows[0][1:] == [
        "strength",
        *(f"rate {r}" for r in (0.003, 0.01, 0.03, 0.09)),
        "rate 0.27 |",
    ]
    assert [row[:2] for row in rows[1:]] == [
        ["| source-only", "1"],
        ["| dann", "0.1"],
        ["| dann", "1"],
        *(["| adda", strength] for strength in ("0.3", "1", "3")),
    ]
    assert rows[3][2:] == ["46.5", "58.5", "69.5", "**80.5**", "diverged |"]
    assert text.count("**") == 2 * 3
    assert "x → y, which is not reported" in text
    assert "beyond what was tried for the strength of dann (1), the strength of adda (3)." in text


def test_without_a_pair_that_is_not_reported_no_target_label_chooses(tried, tmp_path):
    log, own = open_log(tmp_path, "adapt"), group(None)
    assert chosen_trial(METHODS["dann"], own, SETTINGS, log) == (0.01, 1.0)
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
