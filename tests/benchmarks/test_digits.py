"""The shipped example: its tables and texts are what the code makes of its losses."""

import subprocess
import sys
from pathlib import Path

import matplotlib
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "results" / "digits"


def test_the_shipped_transfers_are_made_from_the_shipped_losses():
    made = tg.affinities(tg.read_losses(DIGITS / "losses.parquet"), bootstrap=200).transfers
    shipped = tg.read_transfers(DIGITS / "transfers.csv")
    pd.testing.assert_frame_equal(made.frame, shipped.frame, check_dtype=False, rtol=1e-6)


def test_the_results_page_shows_what_solve_prints(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run(["solve", "results/digits/transfers.csv", "--budget", "3"]) == 0
    assert capsys.readouterr().out.rstrip() in (DIGITS / "README.md").read_text()


def test_the_results_page_shows_what_evaluate_prints(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert run(["evaluate", "results/digits/transfers.csv", "--budget", "3"]) == 0
    assert capsys.readouterr().out.rstrip() in (DIGITS / "README.md").read_text()


def test_the_picture_is_fresh(tmp_path, monkeypatch):
    pinned = f"matplotlib=={matplotlib.__version__}"
    if pinned not in (ROOT / "constraints.txt").read_text():
        pytest.skip("another matplotlib than that of constraints.txt draws other bytes")
    monkeypatch.chdir(ROOT)
    drawn = tmp_path / "taxonomy.svg"
    assert (
        run(["plot", "taxonomy", "results/digits/transfers.csv", "--budget", "3", "-o", str(drawn)])
        == 0
    )
    assert drawn.read_bytes() == (DIGITS / "taxonomy.svg").read_bytes()


@pytest.mark.slow
def test_the_losses_are_what_the_example_measures(tmp_path):
    pytest.importorskip("sklearn", reason="the example needs scikit-learn")
    script = ROOT / "examples" / "digits.py"
    subprocess.run([sys.executable, "-W", "ignore", script, tmp_path], check=True)
    made = pd.read_parquet(tmp_path / "losses.parquet")
    shipped = pd.read_parquet(DIGITS / "losses.parquet")
    keys = ["target", "sources", "image"]
    both = made.merge(shipped, on=keys, suffixes=("", "_shipped"), validate="1:1")
    assert len(both) == len(shipped)
    means = both.groupby(["target", "sources"])[["loss", "loss_shipped"]].mean()
    assert means["loss"].to_numpy() == pytest.approx(means["loss_shipped"].to_numpy(), rel=0.05)
