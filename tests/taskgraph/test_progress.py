"""Long computations report every step in order; a bar appears with the first report."""

import sys

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.progress import no_progress_bar, progress_bar


@pytest.fixture(scope="module")
def affinities():
    rng = np.random.default_rng(0)
    rows = [
        {"target": t, "sources": s, "image": i, "loss": loss}
        for t in "abc"
        for s in ["self", *(x for x in "abc" if x != t)]
        for i, loss in enumerate(rng.random(20) + 0.1 * (s != "self"))
    ]
    return tg.affinities(tg.Losses.from_frame(pd.DataFrame(rows)), bootstrap=4)


COMPUTATIONS = {
    "stability": (4, lambda found, progress: tg.stability(found, budget=1, progress=progress)),
    "frontier": (
        6,
        lambda found, progress: tg.frontier(
            found.transfers, budgets=[1, 2, 3], max_orders=[1, 2], progress=progress
        ),
    ),
    "random_band": (
        2,
        lambda found, progress: tg.random_band(
            found.transfers, budgets=[2, 1, 2], max_order=1, draws=3, progress=progress
        ),
    ),
}


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_steps_are_reported_in_order(affinities, name):
    total, compute = COMPUTATIONS[name]
    reports = []
    compute(affinities, lambda done, all_, label="": reports.append((done, all_)))
    assert reports == [(done, total) for done in range(total + 1)]


def test_a_bar_without_a_report_shows_nothing_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with progress_bar("nothing"):
        pass
    assert "nothing" not in capsys.readouterr().err
    with progress_bar("something") as progress:
        progress(1, 2, "one left")
    shown = capsys.readouterr().err
    assert "something:  50%" in shown
    assert "1/2, one left" in shown


def test_a_bar_shows_nothing_outside_of_a_terminal(capsys):
    for bar in (progress_bar, no_progress_bar):
        with bar("something") as progress:
            progress(1, 2, "one left")
    assert capsys.readouterr() == ("", "")


def test_no_progress_bar_shows_nothing_on_a_terminal(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with no_progress_bar("something") as progress:
        progress(1, 2, "one left")
    assert capsys.readouterr().err == ""
