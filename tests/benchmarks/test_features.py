"""The suite `features`: the loop that it is compared with, and a run of the smallest size."""

import pandas as pd
import pytest

from benchmarks.speed.features.loop import timed_loop
from benchmarks.speed.features.made import FEATURES, LABELS, write_files
from benchmarks.speed.features.page import by_method
from benchmarks.speed.features.run import LOOP, MOMENTS
from benchmarks.speed.features.settings import SUITE
from encoders.features.inline import InlineEngine
from encoders.features.measure import measure_features
from encoders.features.settings import FeatureConfig
from encoders.features.tables import write_feature_tables


def test_the_loop_and_shared_moments_choose_and_lose_the_same(tmp_path):
    write_files(tmp_path, examples=300, sources=3, width=4, targets=2)
    config = FeatureConfig(max_order=2)
    measure_features(
        tmp_path / FEATURES, tmp_path / LABELS, tmp_path / "out", config, InlineEngine()
    )
    write_feature_tables(tmp_path / "out")
    records = pd.read_csv(tmp_path / "out" / "records.csv")
    records = records[records["order"] > 0]
    rows = timed_loop(tmp_path, list(zip(records["target"], records["sources"], strict=True)))
    assert [row["order"] for row in rows] == records["order"].tolist()
    assert [row["penalty"] for row in rows] == records["penalty"].tolist()
    for row, loss in zip(rows, records["test_loss"], strict=True):
        assert row["test_loss"] == pytest.approx(loss, rel=1e-3)
        assert row["seconds"] > 0


@pytest.mark.slow
def test_a_smoke_run_measures_each_method_once(tmp_path):
    settings = SUITE.with_preset("smoke", {})
    SUITE.run(settings, tmp_path)
    lines = (tmp_path / "records.jsonl").read_text()
    SUITE.run(settings, tmp_path)
    assert (tmp_path / "records.jsonl").read_text() == lines
    records = by_method(tmp_path)
    assert records[MOMENTS].metrics["transfers"] == 2 * (3 + 3)
    assert records[LOOP].metrics["same_penalties"] == 1
    assert records[LOOP].metrics["largest_difference"] < 1e-3
    assert "times less than a loop" in SUITE.finding(tmp_path)
    assert "Shared moments" in SUITE.write_page(tmp_path)
