"""Stability: the share of resamples that supervise a task, counted by hand."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InfeasibleError, InvalidProblemError


@pytest.fixture(scope="module")
def affinities():
    rng = np.random.default_rng(0)
    rows = [
        {"target": t, "sources": s, "image": i, "loss": loss}
        for t in "abc"
        for s in ["self", *(x for x in "abc" if x != t)]
        for i, loss in enumerate(rng.random(40) + 0.1 * (s != "self"))
    ]
    return tg.affinities(tg.Losses.from_frame(pd.DataFrame(rows)), bootstrap=30, seed=1)


def test_shares_are_those_of_solving_each_resample(affinities):
    found = tg.stability(affinities, budget=1)
    chosen = [tg.solve(table, budget=1).supervised for table in affinities.resampled()]
    share = found.to_frame().set_index("task")["share"]
    for task in "abc":
        assert share[task] == pytest.approx(np.mean([task in names for names in chosen]))
    assert found.same == pytest.approx(np.mean([n == found.taxonomy.supervised for n in chosen]))
    assert 0 < share.max() < 1  # near ties: the images decide
    assert "30 resamples" in repr(found)


def test_what_cannot_be_resampled_is_refused(affinities):
    with pytest.raises(InvalidProblemError, match='"quality" is not resampled; try sqrt'):
        tg.stability(affinities, objective="quality")
    with pytest.raises(InfeasibleError, match="no taxonomy whose stability to measure"):
        tg.stability(affinities, budget=0)
    alone = tg.Affinities(affinities.transfers, affinities.consistency)
    with pytest.raises(InvalidProblemError, match="make affinities with bootstrap=200"):
        tg.stability(alone, budget=1)
