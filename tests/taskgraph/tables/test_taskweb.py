"""A user's own table: 22 language tasks, many runs and seeds, scores where higher is better."""

import numpy as np
import pandas as pd
import pytest

from taskgraph import tables
from taskgraph.affinity import affinities, affinities_from_scores
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses

COLUMNS = {
    "sources": "source",
    "image": "setting+seed",
    "cluster": "seed",
    "loss": "value",
}
MAIN = {"stsb": "eval_pearson"}  # every other target has an accuracy


@pytest.fixture(scope="module")
def raw(shared):
    """Return one metric for each target, without the failed runs."""
    frame = pd.read_csv(shared / "tables" / "taskweb_nlp" / "taskweb_raw_scores.csv.gz")
    main = frame["target"].map(lambda name: MAIN.get(name, "eval_accuracy"))
    return frame[(frame["metric"] == main) & frame["value"].notna()]


@pytest.fixture(scope="module")
def losses(raw, tmp_path_factory):
    """Read from a file; without the one source that a single setting was tried with."""
    path = tmp_path_factory.mktemp("taskweb") / "scores.csv.gz"
    tables.write_frame(raw[raw["source"] != "sst2"], path)
    return tables.read_losses(path, columns=COLUMNS, higher_is_better=True)


def test_the_published_file_needs_one_metric_a_target(shared):
    path = shared / "tables" / "taskweb_nlp" / "taskweb_raw_scores.csv.gz"
    with pytest.raises(
        InvalidTableError, match=r"rows 3025 and 3026 are .* --where metric=eval_accuracy"
    ):
        tables.read_losses(path, columns=COLUMNS, higher_is_better=True)
    frame = pd.read_csv(path)
    several = tables.renamed(frame[frame["target"] == "cb"], COLUMNS)
    with pytest.raises(InvalidTableError, match=r"are the same .* tell them apart in the name"):
        Losses.from_frame(several)


def test_the_source_that_one_setting_tried_is_named(raw):
    losses = Losses.from_frame(tables.renamed(raw, COLUMNS), higher_is_better=True)
    with pytest.raises(
        InvalidTableError, match=r'"rte": 8 images are common to its 22 .* "sst2" lacks 64 of 72'
    ):
        affinities(losses)


def test_losses_are_the_negated_scores(losses, raw):
    assert len(losses.targets) == 21
    assert len(set(losses.clusters.values())) == 8
    cell = raw[(raw["target"] == "rte") & (raw["source"] == "qnli")].iloc[0]
    measured = losses.by_target["rte"]
    image = measured.images.index(f"{cell['setting']}+{cell['seed']}")
    assert measured.values[measured.sources.index("qnli"), image] == -cell["value"]


def test_affinities_with_a_bootstrap_over_seeds(losses):
    found = affinities(losses, bootstrap=50, seed=0)
    frame = found.transfers.frame
    assert len(frame) == 441
    assert "self" not in set(frame["sources"])
    assert frame.groupby("target")["affinity"].sum().to_numpy() == pytest.approx(np.ones(21))
    assert (frame["low"] < frame["high"]).all()
    inside = (frame["low"] <= frame["affinity"]) & (frame["affinity"] <= frame["high"])
    assert inside.mean() > 0.95
    assert {"gain", "quality"}.isdisjoint(frame.columns)
    dropped = found.consistency.set_index("target")["dropped"]
    assert dropped["stsb"] > 0
    assert dropped.drop("stsb").eq(0).all()
    ratio = found.consistency.set_index("target")["consistency_ratio"]
    assert set(ratio.index[ratio > 0.1]) == {"hellaswag", "qqp", "socialiqa"}


def test_affinities_agree_with_the_mean_score(losses):
    """The two measures of the same runs differ, but their rank correlation is high throughout."""
    frame = affinities(losses).transfers.frame
    for target, rows in frame.groupby("target"):
        measured = losses.by_target[target]
        mean = -np.nanmean(measured.values, axis=1)
        assert rows["sources"].tolist() == list(measured.sources)
        assert pd.Series(mean).corr(rows["affinity"].reset_index(drop=True), "spearman") > 0.6


@pytest.mark.parametrize("method", ["rank", "softmax"])
def test_pairs_become_affinities(shared, method):
    path = shared / "tables" / "taskweb_nlp" / "taskweb_pairs.csv"
    columns = {"target": "key0", "sources": "key1", "score": "mean_rel_change"}
    assert tables.table_kind(path, columns=columns) == "scores"
    frame = tables.read_scores(path, columns=columns)
    found = affinities_from_scores(frame, higher_is_better=True, method=method)
    assert (len(found.targets), len(found.sources), len(found)) == (21, 22, 441)
    pairs = pd.read_csv(path)
    for target, rows in found.frame.groupby("target"):
        best = rows.loc[rows["affinity"].idxmax(), "sources"]
        own = pairs[pairs["key0"] == target]
        assert best == own.loc[own["mean_rel_change"].idxmax(), "key1"]
        assert rows["affinity"].sum() == pytest.approx(1)
