"""Output on a terminal: tables of its width, a bar of progress, completion of the shell."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run, tables
from taskgraph.cli.tables import cells, table_text, wrapped_cell
from tests.taskgraph.cli.test_cli import losses, table  # noqa: F401


@pytest.fixture
def wide():
    sources = ["a", " + ".join(f"task_{i}" for i in range(9)), "深さ推定タスク + 法線"]
    return pd.DataFrame({"target": ["x", "y", "z"], "sources": sources, "gain": [0.5, 0.25, 1]})


def test_without_a_terminal_a_table_is_whole(wide):
    assert table_text(wide, None).split("\n")[2].count("task_") == 9
    assert table_text(wide, 500) == table_text(wide, None)


@pytest.mark.parametrize("width", [24, 40, 79])
def test_on_a_terminal_long_lists_of_names_go_on_below(wide, width):
    text = table_text(wide, width)
    assert max(map(cells, text.split("\n"))) <= width
    for number in range(9):
        assert f"task_{number}" in text
    assert "法線" in text


def test_many_columns_of_numbers_come_in_blocks():
    frame = pd.DataFrame([[1.5] * 30], columns=[f"column_{i}" for i in range(30)])
    text = table_text(frame, 60)
    assert max(map(len, text.split("\n"))) <= 60
    assert "column_29" in text


def test_a_name_that_is_longer_than_a_line_is_broken():
    assert wrapped_cell("abcdefghij", 4) == ["abcd", "efgh", "ij"]
    assert wrapped_cell("a + b + c", 7) == ["a + b +", "c"]
    assert "".join(wrapped_cell("a+b+深さ", 3)) == "a+b+深さ"
    assert wrapped_cell("", 5) == [""]


def test_a_taxonomy_is_as_wide_as_the_terminal(table, capsys, monkeypatch):  # noqa: F811
    monkeypatch.setattr(tables, "terminal_width", lambda: 44)
    assert run(["solve", table, "--budget", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 44
    assert "supervise: a, b" in lines


def test_the_bootstrap_reports_its_progress_by_target(losses):  # noqa: F811
    seen = []

    def watch(done, total, label=""):
        seen.append((done, total))

    read = tg.read_losses(losses)
    watched = tg.affinities(read, bootstrap=5, progress=watch)
    count = len(read.targets)
    assert seen == [(done, count) for done in range(count + 1)]
    plain = tg.affinities(read, bootstrap=5).transfers.frame
    pd.testing.assert_frame_equal(watched.transfers.frame, plain)
    seen.clear()
    tg.affinities(read, progress=watch)
    assert seen == []


def test_where_there_is_no_terminal_no_bar_is_drawn(losses, capsys, tmp_path):  # noqa: F811
    assert run(["affinity", losses, "-o", str(tmp_path / "t.csv"), "--bootstrap", "5"]) == 0
    assert "bootstrap" not in capsys.readouterr().err


def test_evaluate_and_stability_as_json(table, losses, capsys):  # noqa: F811
    assert run(["evaluate", table, "--budget", "1", "--random", "9", "--json"]) == 0
    out, err = capsys.readouterr()
    content = json.loads(out)
    frame = tg.evaluate(tg.read_transfers(table), budget=1, draws=9).to_frame()
    assert err == ""
    assert [row["method"] for row in content["methods"]] == frame["method"].tolist()
    assert content["methods"][0]["gain"] == pytest.approx(frame["gain"][0])
    assert (content["draws"] >= 9, content["seed"]) == (True, 0)
    assert content["taxonomy"] == tg.solve(tg.read_transfers(table), budget=1).to_dict()
    assert run(["evaluate", table, "--budget", "1", "--per-target", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert [row["target"] for row in content["targets"]] == ["a", "b", "c"]
    assert set(content["targets"][0]["greedy"]) == {"gain", "quality"}
    assert run(["stability", losses, "--budget", "1", "--bootstrap", "5", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["resamples"] == 5
    assert {"task", "supervised", "share"} == set(content["tasks"][0])


def test_recommend_gives_its_sources_as_solve_does(table, capsys):  # noqa: F811
    assert run(["recommend", table, "--target", "c", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["sources"] == ["a", "b"]


def test_a_bar_is_drawn_on_a_terminal(losses, tmp_path):  # noqa: F811
    if shutil.which("script") is None:
        pytest.skip("`script`, which makes a terminal, is not installed")
    size = "stty rows 24 cols 80"  # `script`'s own terminal has no size, and tqdm no bar
    affinity = f"affinity {losses} -o {tmp_path}/t.csv --bootstrap 5"
    command = f"{size}; {sys.executable} -m taskgraph {affinity}"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True)
    assert done.returncode == 0
    assert "bootstrap:" in done.stdout


def completed(words, *, shell="bash"):
    """Return what the shell is offered for the last of the words."""
    env = {
        **os.environ,
        "_TASKGRAPH_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "taskgraph"], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_the_shell_completes_commands_flags_and_files():
    assert completed(["taskgraph", "so"]) == ["plain,solve"]
    assert completed(["taskgraph", "plot", "he"]) == ["plain,heatmap"]
    assert "plain,--default-label-cost" in completed(["taskgraph", "solve", "--def"])
    assert completed(["taskgraph", "solve", "tra"]) == ["file,tra"]
    assert completed(["taskgraph", "solve", "--label-costs", "c"]) == ["file,c"]


def test_bash_itself_completes(tmp_path):
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    program = tmp_path / "taskgraph"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m taskgraph "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(_TASKGRAPH_COMPLETE=bash_source taskgraph)"; COMP_WORDS=(taskgraph fron); '
        'COMP_CWORD=1; _taskgraph_completion taskgraph; echo "${COMPREPLY[@]}"'
    )
    env = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=env, capture_output=True, text=True)
    assert done.stdout.strip() == "frontier", done.stderr
