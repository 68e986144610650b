"""Costs on the command line: defaults, files of costs, and a warning where units do not match."""

from __future__ import annotations

import json

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from tests.failing import fails
from tests.taskgraph.cli.test_cli import COLUMNS, ROWS


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "transfers.csv"
    pd.DataFrame(ROWS, columns=COLUMNS).to_csv(path, index=False)
    return str(path)


def solved(capsys, *arguments):
    assert run([*arguments, "--json"]) == 0
    out, err = capsys.readouterr()
    return json.loads(out), err


def test_the_default_is_the_cost_of_every_other_task(table, capsys, tmp_path):
    flags = ["--budget", "500", "--label-cost", "a=100"]
    content, err = solved(capsys, "solve", table, *flags, "--default-label-cost", "450")
    assert (content["supervised"], content["spent"], err) == (["b"], 450.0, "")
    problem = tmp_path / "problem.toml"
    problem.write_text("budget = 500\ndefault_label_cost = 450\n[tasks.a]\nlabel_cost = 100\n")
    assert solved(capsys, "solve", table, "--problem", str(problem))[0] == content
    keywords = {"budget": 500, "label_cost": {"a": 100}, "default_label_cost": 450}
    assert tg.solve(tg.read_transfers(table), **keywords).to_dict() == content
    tg.write_problem(tg.Problem(**keywords), problem)
    assert tg.read_problem(problem) == tg.Problem(**keywords)
    cheap = ["--problem", str(problem), "--default-label-cost", "1"]
    assert solved(capsys, "solve", table, *cheap)[0]["supervised"] == ["a", "b"]
    problem.write_text('default_label_cost = "dear"')
    error = fails(capsys, "solve", table, "--problem", problem)
    assert "problem.toml: default_label_cost is dear, expected a finite number" in error
    with pytest.raises(InvalidProblemError, match="default_label_cost is -1"):
        tg.Problem(default_label_cost=-1)


EVERY = (["solve"], ["frontier"], ["evaluate", "--random", "2"], ["recommend", "--target", "c"])


@pytest.mark.parametrize("command", EVERY, ids=lambda c: c[0])
@pytest.mark.parametrize("cost", ["480", "0.05"])
def test_costs_of_another_unit_than_the_rest_are_told_in_every_command(
    table, capsys, command, cost
):
    flags = [*command[:1], table, *command[1:], "--label-cost", f"a={cost},b=0"]
    assert run(flags) in (0, 3)
    err = capsys.readouterr().err
    assert (
        f"Warning: the given costs are {cost}, and the label cost of one other task is 1: c;" in err
    )
    assert "; set it with --default-label-cost C (" in err
    for mend in (["--default-label-cost", "1"], ["--label-cost", "c=2"], ["--target-only", "c"]):
        assert run([*flags, *mend]) in (0, 3)
        assert "Warning" not in capsys.readouterr().err


def test_a_few_names_are_listed_and_the_rest_counted(capsys):
    assert run(["solve", "--budget", "9", "--transfer-cost", "denoise=300,edge2d=500"]) in (0, 3)
    err = capsys.readouterr().err
    assert "the given costs are 300 to 500, and the label cost of 26 other tasks is 1" in err
    assert "autoencoder, class_1000" in err
    assert "and 18 more" in err


HEADERS = ["task,label_cost", "task,cost", "Task,Price (EUR)", "name,unit,label-cost", "TASK,COSTS"]


@pytest.mark.parametrize("header", HEADERS)
def test_costs_come_from_a_table(table, capsys, tmp_path, header):
    path = tmp_path / "costs.csv"
    between = ",each," if header.count(",") == 2 else ","
    path.write_text(f"{header}\na{between}100\nb{between}450.5\nc{between}1e3\n")
    content, err = solved(capsys, "solve", table, "--budget", "451", "--label-costs", str(path))
    assert (content["supervised"], content["spent"], err) == (["b"], 450.5, "")
    assert tg.read_label_costs(path) == {"a": 100, "b": 450.5, "c": 1000}
    both = ["--label-costs", str(path), "--label-cost", "b=100"]
    assert solved(capsys, "solve", table, "--budget", "451", *both)[0]["supervised"] == ["a", "b"]
    pd.read_csv(path).to_parquet(tmp_path / "costs.parquet")
    assert tg.read_label_costs(tmp_path / "costs.parquet")["b"] == 450.5


BAD = {
    "euro": (
        'a,5\nb,"1.234,50 €"',
        'row 2: the label cost of "b" is "1.234,50 €", expected a plain'
        " number such as 1234.50; leave out currency signs",
    ),
    "dollar": ("a,$5", 'is "$5", expected a plain number such as 5;'),
    "comma": ('a,"12,5"', 'is "12,5", expected a plain number such as 12.5;'),
    "thousands": ('a,"1,200"', 'is "1,200", expected a plain number such as 1200 or 1.200;'),
    "words": ("a,dear", 'is "dear", expected a number of at least 0'),
    "empty": ("a,", 'row 1: the label cost of "a" is empty, expected a number'),
    "negative": ("a,-5", 'is "-5", expected a finite number of at least 0'),
    "infinite": ("a,inf", 'is "inf", expected a finite number'),
    "twice": ("a,5\na,6", 'rows 1 and 2 both give a cost of "a"; leave one out'),
    "no name": (",5", "row 1: the name of the task is empty"),
    "unknown": ("a,5\nbb,6", 'row 2: the table has no task "bb"; did you mean b?'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_table_of_costs_names_the_file_and_the_row(table, capsys, tmp_path, name):
    content, words = BAD[name]
    path = tmp_path / "costs.csv"
    path.write_text(f"task,label_cost\n{content}\n")
    error = fails(capsys, "solve", table, "--label-costs", path)
    assert "costs.csv: " in error
    assert words in error


def test_headers_that_are_none_or_may_be_several_are_told(tmp_path):
    path = tmp_path / "costs.csv"
    path.write_text("task,hours\na,1\n")
    with pytest.raises(InvalidTableError, match='it has "task", "hours": rename one to "label_cos'):
        tg.read_label_costs(path)
    path.write_text("task,cost,price\na,1,2\n")
    with pytest.raises(InvalidTableError, match='"cost", "price" may all be meant: rename one'):
        tg.read_label_costs(path)
    path.write_text("task,label_cost\n")
    with pytest.raises(InvalidTableError, match="has no rows"):
        tg.read_label_costs(path)
    path.write_text("task,label_cost\nx,1\n")
    with pytest.raises(UnknownTaskError, match="row 1"):
        tg.read_label_costs(path, tasks=["a"])


def test_budgets_follow_the_costs(table, capsys, tmp_path):
    flags = ["--label-cost", "a=400,b=900.5,c=5000"]
    assert run(["frontier", table, *flags, "--max-orders", "2", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    budgets = [float(line.split(",")[1]) for line in lines]
    assert (budgets[0], budgets[-1]) == (400.0, 6300.5)
    assert len(budgets) <= 9
    assert all(",optimal," in line for line in lines)
    assert run(["frontier", table, "--max-orders", "2", "--csv"]) == 0
    units = [float(line.split(",")[1]) for line in capsys.readouterr().out.splitlines()[1:]]
    assert units == [1.0, 2.0, 3.0]
    for kind in ("grid", "frontier"):
        path = tmp_path / f"{kind}.svg"
        assert run(["plot", kind, table, *flags, "-o", str(path)]) == 0
    page = tmp_path / "report.html"
    assert run(["report", table, *flags, "--budget", "900", "-o", str(page), "--random", "2"]) == 0


def test_the_marginal_note_steps_to_the_next_cost(table, capsys):
    flags = ["--label-cost", "a=400,b=900.5,c=5000", "--budget", "500", "--marginal"]
    assert run(["solve", table, *flags]) == 0
    err = capsys.readouterr().err
    assert "budget 900.5 (step 400.5) is the next to improve the objective, by 0.2685" in err
    assert "; it supervises b, instead of a" in err


def test_a_file_of_costs_may_call_tasks_by_their_aliases(tmp_path, capsys):
    costs = tmp_path / "costs.csv"
    costs.write_text("task,label_cost\nnormals,300\nedges,20\n")
    flags = ["--label-costs", str(costs), "--default-label-cost", "450", "--budget", "900"]
    typed = ["--label-cost", "rgb2sfnorm=300", "--label-cost", "edge2d=20", *flags[2:]]
    assert solved(capsys, "solve", *flags) == solved(capsys, "solve", *typed)
    both = tmp_path / "both.csv"
    both.write_text("task,label_cost\nnormals,300\nrgb2sfnorm,20\n")
    message = fails(capsys, "solve", "--label-costs", str(both), "--budget", "900")
    assert 'rows 1 and 2 both give a cost of "rgb2sfnorm"; leave one out' in message
