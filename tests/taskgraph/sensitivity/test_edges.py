"""The command `sensitivity` on small tables: what it refuses, and what it says was left out."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run


def written(path, candidates, *, images=10):
    """Write losses of each target's candidates."""
    rng = np.random.default_rng(0)
    rows = [
        (target, sources, f"i{image}", round(float(rng.random()), 3))
        for target, names in candidates.items()
        for sources in names
        for image in range(images)
    ]
    frame = pd.DataFrame(rows, columns=["target", "sources", "image", "loss"])
    frame.to_csv(path, index=False)
    return path


def sensitivity(path, *flags):
    return run(["sensitivity", str(path), "--budget", "1", "--bootstrap", "3", *flags])


@pytest.fixture
def losses(tmp_path):
    candidates = {"a": ["self", "scratch", "b", "c"], "b": ["self", "scratch", "a", "c"]}
    return written(tmp_path / "losses.csv", candidates)


@pytest.fixture
def table(losses, tmp_path):
    path = tmp_path / "table.csv"
    assert run(["affinity", str(losses), "-o", str(path)]) == 0
    return path


def test_a_target_with_one_candidate_has_all_the_weight_in_every_method(tmp_path, capsys):
    path = written(tmp_path / "one.csv", {"b": ["a"], "c": ["a", "self"]})
    assert sensitivity(path) == 0
    capsys.readouterr()
    found = tg.affinities(tg.read_losses(path), method="bradley-terry").transfers
    assert found.row_of("b", ("a",))["affinity"] == 1


def test_a_setting_without_a_solution_is_told_apart_from_one_without_a_proof(tmp_path, capsys):
    path = written(tmp_path / "only.csv", {"a": ["c", "self"], "b": ["c", "self"]})
    assert sensitivity(path) == 0
    out = capsys.readouterr().out
    assert "no solution: source c" in out
    assert "no proven optimum" not in out


def test_objectives_that_cannot_be_compared_are_named(tmp_path, capsys):
    path = written(tmp_path / "plain.csv", {"a": ["b", "c"], "b": ["a", "c", "self"]})
    assert sensitivity(path) == 0
    out = capsys.readouterr().out
    assert "the objective gain, for want of the column gain" in out
    assert "the objective quality, for want of the column quality at a" in out


def test_an_objective_without_affinities_keeps_the_other_notes(tmp_path, capsys):
    frame = pd.read_csv(written(tmp_path / "w.csv", {"a": ["b", "self", "scratch"]}))
    frame.loc[frame["sources"] == "self", "loss"] += 1  # worse than scratch
    frame.to_csv(tmp_path / "w.csv", index=False)
    assert sensitivity(tmp_path / "w.csv", "--objective", "quality") == 0
    out = capsys.readouterr().out
    assert "the objective closed, for want of the column closed" in out
    assert "the objective quality does not use affinities" in out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--drop", "b"), "--drop is for losses, and {table} holds affinities"),
        (("--method", "bradley-terry"), "--method is for losses"),
        (("--clip", "0.1"), "--clip is for losses"),
        (("--higher-is-better",), "--higher-is-better is for losses"),
    ],
)
def test_flags_of_losses_are_refused_with_a_table_of_affinities(table, flags, message, capsys):
    assert sensitivity(table, *flags) == 2
    error = capsys.readouterr().err
    assert message.format(table=table) in error
    assert error.count("\n") == 1


def test_conditions_need_a_table_and_columns_of_tables_are_renamed(table, tmp_path, capsys):
    assert run(["sensitivity", "--budget", "1", "--where", "a=b"]) == 2
    assert "--where picks rows of a TABLE; name one" in capsys.readouterr().err
    frame = pd.read_csv(table)
    assert sensitivity(table, "--csv") == 0
    expected = capsys.readouterr().out
    frame.rename(columns={"affinity": "weight"}).to_csv(tmp_path / "w.csv", index=False)
    assert sensitivity(tmp_path / "w.csv", "--column", "affinity=weight", "--csv") == 0
    assert capsys.readouterr().out == expected


def test_costs_are_checked_and_errors_name_the_file(losses, tmp_path, capsys):
    costs = tmp_path / "costs.csv"
    costs.write_text("task,label_cost\na,100\nb,200\n")
    flags = ("--label-costs", str(costs), "--bootstrap", "2")
    assert run(["sensitivity", str(losses), "--budget", "300", *flags]) == 0
    assert "the given costs are 100 to 200" in capsys.readouterr().err
    assert sensitivity(losses, "--min-images", "11") == 2
    assert f"Error: {losses}: target" in capsys.readouterr().err
