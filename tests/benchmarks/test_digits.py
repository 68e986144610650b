"""The shipped example: its tables and texts are what the code makes of its losses."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import pandas as pd
import pytest

import taskgraph as tg
from benchmarks.digits import run as digits
from benchmarks.digits.page import outputs, render
from benchmarks.digits.settings import Settings
from benchmarks.results import console
from benchmarks.results.record import DAMAGED, FILE, read_records
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "results" / "digits"


def test_the_shipped_transfers_are_made_from_the_shipped_losses():
    made = tg.affinities(tg.read_losses(DIGITS / "losses.parquet"), bootstrap=200).transfers
    shipped = tg.read_transfers(DIGITS / "transfers.csv")
    same = made.frame.drop(columns="closed")  # newer than the shipped table
    pd.testing.assert_frame_equal(same, shipped.frame, check_dtype=False, rtol=1e-6)


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


# --- a run that was killed ---


@pytest.fixture
def commands(monkeypatch):
    """Commands that were run, with the scripts; the text of a command ends in its number.

    A command whose number is in ``fails`` raises an error instead, as if the process was killed.
    """
    calls, fails = [], set()

    def printed(command, folder):
        if "affinity" in command or "plot" in command:
            return ""
        if len(calls) in fails:
            fails.clear()
            raise KeyboardInterrupt
        calls.append(command)
        return f"supervise: digit\ntaxonomy 1 2 0.{command.count('solve')}"

    def script(command, check):
        calls.append("script")
        (Path(command[-1]) / "losses.parquet").write_text("measured")

    monkeypatch.setattr(digits, "printed", printed)
    monkeypatch.setattr(console, "printed", printed)
    monkeypatch.setattr(digits, "subprocess", SimpleNamespace(run=script))
    return calls, fails


def without_time(folder):
    return [replace(each, seconds=None) for each in read_records(folder)]


@pytest.mark.parametrize("measure", [False, True])
def test_a_killed_run_goes_on_and_a_finished_one_measures_nothing(measure, tmp_path, commands):
    calls, fails = commands
    digits.run(Settings(measure), tmp_path / "whole")
    whole = list(calls)
    for number in range(len(whole)):
        if whole[number] == "script":
            continue
        del calls[:]
        fails.add(number)
        out = tmp_path / f"killed-{number}"
        with pytest.raises(KeyboardInterrupt):
            digits.run(Settings(measure), out)
        digits.run(Settings(measure), out)
        assert calls == whole
        digits.run(Settings(measure), out)
        assert calls == whole
        assert without_time(out) == without_time(tmp_path / "whole")
        assert render(out) == render(tmp_path / "whole")


def test_a_damaged_last_record_is_repaired_and_measured_again(tmp_path, commands):
    calls, _ = commands
    digits.run(Settings(), tmp_path)
    before, path = without_time(tmp_path), tmp_path / FILE
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.warns(UserWarning, match="cut off"):
        digits.run(Settings(), tmp_path)
    assert calls[2:] == calls[1:2], "evaluate alone"
    assert without_time(tmp_path) == before
    assert (tmp_path / DAMAGED).exists()


def test_other_losses_are_measured_anew_and_the_page_shows_the_newest(tmp_path, commands):
    digits.run(Settings(), tmp_path)
    (tmp_path / "losses.parquet").write_text("others")
    digits.run(Settings(), tmp_path)
    records = read_records(tmp_path)
    assert len(records) == 4
    assert outputs(tmp_path) == tuple(records[2:])


def test_losses_that_are_not_those_measured_are_refused(tmp_path, commands):
    digits.run(Settings(measure=True), tmp_path)
    (tmp_path / "losses.parquet").write_text("others")
    with pytest.raises(InvalidTableError, match=r"is missing, or is not the file that the records"):
        digits.run(Settings(measure=True), tmp_path)


def test_a_page_without_all_its_records_is_one_line(tmp_path, capsys):
    assert run(["bench", "digits", "--render", "--out", str(tmp_path)]) == 2
    assert "has no finished run: `taskgraph bench digits` measures" in capsys.readouterr().err


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
