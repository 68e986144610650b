"""The command line: results on standard output, one line for every error, and exit codes."""

import importlib.resources
import json
import os
import pickle
import shlex
import shutil

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run
from tests.failing import fails

ROWS = [
    ("self", "a", 0.5, 0.9, 0.5),
    ("b", "a", 0.3, 0.7, 0.3),
    ("self", "b", 0.6, 0.8, 0.5),
    ("a", "b", 0.2, 0.6, 0.2),
    ("a", "c", 0.2, 0.5, 0.2),
    ("b", "c", 0.3, 0.6, 0.3),
    ("b+a", "c", 0.4, 0.7, 0.4),
]
COLUMNS = ["sources", "target", "affinity", "gain", "quality"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "transfers.csv"
    pd.DataFrame(ROWS, columns=COLUMNS).to_csv(path, index=False)
    return str(path)


@pytest.fixture
def losses(tmp_path):
    rows = [
        {"target": t, "sources": s, "image": i, "loss": (7 * i + 3 * k) % 11 + k}
        for t in ("a", "b")
        for k, s in enumerate(["self", "c", "scratch", "b" if t == "a" else "a"])
        for i in range(30)
    ]
    path = tmp_path / "losses.parquet"
    pd.DataFrame(rows).to_parquet(path)
    return str(path)


def test_solve_prints_a_table(table, capsys):
    assert run(["solve", table, "--budget", "2"]) == 0
    out, err = capsys.readouterr()
    assert "supervise: a, b" in out
    assert "a + b" in out
    assert "proven optimal" in out
    assert err == ""


def test_json_goes_to_standard_output_alone_and_reads_back(table, capsys, tmp_path):
    assert run(["solve", table, "--budget", "2", "--json"]) == 0
    out, err = capsys.readouterr()
    content = json.loads(out)
    assert err == ""
    assert content["status"] == "optimal"
    assert content["supervised"] == ["a", "b"]
    assert content["transfers"][2] == {
        "target": "c",
        "sources": ["a", "b"],
        "affinity": 0.4,
        "gain": 0.7,
        "quality": 0.4,
    }
    path = tmp_path / "taxonomy.json"
    path.write_text(out)
    assert tg.read_taxonomy(path) == tg.solve(tg.read_transfers(table), budget=2)


def test_csv_has_one_row_a_target(table, capsys, tmp_path):
    assert run(["solve", table, "--budget", "2", "--csv"]) == 0
    path = tmp_path / "out.csv"
    path.write_text(capsys.readouterr().out)
    frame = pd.read_csv(path)
    assert list(frame["target"]) == ["a", "b", "c"]
    assert list(frame["order"]) == [0, 0, 2]


def test_dot_names_every_edge(table, capsys):
    assert run(["solve", table, "--budget", "2", "--dot"]) == 0
    out = capsys.readouterr().out
    assert '"a" -> "c" [label=2];' in out
    assert out.startswith("digraph")


def test_flags_mean_what_the_keywords_mean(table, capsys):
    flags = [
        "--budget",
        "1.5",
        "--max-order",
        "1",
        "--objective",
        "linear",
        "--target-only",
        "c",
        "--importance",
        "a=3,b=2",
        "--label-cost",
        "a=1.5",
        "--require",
        "a",
    ]
    assert run(["solve", table, *flags, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    taxonomy = tg.solve(
        tg.read_transfers(table),
        budget=1.5,
        max_order=1,
        objective="linear",
        target_only=["c"],
        importance={"a": 3, "b": 2},
        label_cost={"a": 1.5},
        require=["a"],
    )
    assert shown == taxonomy.to_dict()
    assert shown["supervised"] == ["a"]


def test_flags_override_the_problem_file(table, tmp_path, capsys):
    problem = tmp_path / "problem.toml"
    problem.write_text(
        'budget = 1\nobjective = "linear"\n[tasks.c]\nrole = "unused"\n'
        "[tasks.a]\nlabel_cost = 2.0\nimportance = 4\n"
    )
    assert run(["solve", table, "--problem", str(problem), "--json"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert (alone["supervised"], len(alone["transfers"])) == (["b"], 2)
    arguments = ["--budget", "2", "--target-only", "c"]
    assert run(["solve", table, "--problem", str(problem), *arguments, "--json"]) == 0
    both = json.loads(capsys.readouterr().out)
    assert (both["supervised"], len(both["transfers"])) == (["a"], 3)


def test_infeasible_says_why_and_exits_with_3(table, capsys):
    error = fails(capsys, "solve", table, "--budget", "0", code=3)
    assert "no taxonomy within budget 0" in error
    assert "The least budget that solves every target is 1 (try --budget 1)" in error
    assert run(["solve", table, "--budget", "0", "--json"]) == 3
    content = json.loads(capsys.readouterr().out)
    assert (content["status"], content["least_budget"]) == ("infeasible", 1.0)


def test_without_a_table_the_librarys_own_is_solved(tmp_path, table, monkeypatch, capsys):
    """It is read from the package, or from the checkout's results, or the command says so."""
    monkeypatch.setattr(importlib.resources, "files", lambda name: tmp_path / name)
    error = fails(capsys, "solve", "--budget", "2")
    assert "no table comes with this installation; name one, as in `taskgraph solve tran" in error
    assert run(["solve", str(table), "--budget", "2"]) == 0
    expected = capsys.readouterr().out
    for folder in ("results/transfers", "taskgraph/_default"):
        (tmp_path / folder).mkdir(parents=True)
        shutil.copy(table, tmp_path / folder / "transfers.csv")
        assert run(["solve", "--budget", "2"]) == 0
        assert capsys.readouterr().out == expected
        (tmp_path / "results" / "transfers" / "transfers.csv").write_text("not read any more")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--budget", "-1"], "--budget': expected a number of at least 0, not '-1'"),
        (["--budget", "five"], "--budget': expected a number of at least 0, not 'five'"),
        (["--budget", "nan"], "expected a number of at least 0, not 'nan'"),
        (["--max-order", "0"], "--max-order"),
        (["--exclude", "aa"], '--exclude: the table has no task "aa"; did you mean a?'),
        (["--importance", "zebra=2"], '--importance: the table has no task "zebra"'),
        (["--importance", "a"], "expected task=number, such as depth=2, not 'a'"),
        (["--label-cost", "a=-1"], "expected a number of at least 0, not '-1'"),
        (["--objective", "cube"], 'the objective is "cube", expected one of sqrt, linear, log'),
        (["--solver", "abacus"], 'there is no solver "abacus" here; expected one of highs, cbc'),
        (["--source-only", "a", "--exclude", "a"], '"a" is both source-only and excluded'),
        (["--require", "a", "--target-only", "a"], '"a" is required to be supervised'),
        (["--exclude", "a,b,c"], "no target is left to solve"),
        (["--problem", "none.toml"], "none.toml: no such file"),
        (["--budgett", "3"], "--budgett"),
    ],
)
def test_bad_flags_are_one_line(table, capsys, flags, words):
    assert words in fails(capsys, "solve", table, *flags)


HEADER = "sources,target,affinity\n"
BAD_TABLES = {
    "missing column": ("target,affinity\na,1\n", 'needs the column "sources"'),
    "nan": (HEADER + "b,a,nan\n", 'row 1: affinity is "nan", expected a finite number'),
    "empty field": (HEADER + "b,a,\n", "row 1: affinity is empty"),
    "words": (HEADER + "b,a,high\n", 'row 1: affinity is "high", expected a finite number'),
    "negative": (HEADER + "b,a,.5\nc,a,-0.25\n", "row 2: affinity is -0.25, expected at least 0"),
    "own source": (HEADER + "b,a,.5\na,a,.3\n", 'row 2: "a" is a source of itself'),
    "own source in a set": (HEADER + "b+a,a,.5\n", 'row 1: "a" is a source of itself'),
    "stray own source": (
        HEADER + "self,a,.5\nself,b,.5\na,b,.2\na,a,.3\n",
        'row 4: "a" is a source of itself',
    ),
    "twice": (HEADER + "b+c,a,.5\nd,a,.1\nc+b,a,.2\n", "rows 1 and 3 are the same transfer"),
    "repeated name": (HEADER + "b+b,a,.5\n", 'the sources "b+b" repeat a name'),
    "empty name": (HEADER + "b+,a,.5\n", 'the sources "b+" hold an empty name'),
    "no rows": (HEADER, "has no rows"),
    "reserved target": (HEADER + "b,self,.5\n", 'the target is "self"'),
    "losses": ("target,sources,image,loss\na,b,1,2\n", "this looks like a table of losses"),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_bad_tables_are_one_line_that_names_the_file(tmp_path, capsys, name):
    content, words = BAD_TABLES[name]
    path = tmp_path / "bad.csv"
    path.write_text(content)
    error = fails(capsys, "solve", path, "--budget", "2")
    assert words in error
    assert "bad.csv: " in error


def test_files_that_are_no_tables(tmp_path, capsys, table):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    assert "empty.csv: the file is empty" in fails(capsys, "solve", empty)
    assert "this is a folder" in fails(capsys, "solve", tmp_path)
    whole = tmp_path / "whole.parquet"
    pd.read_csv(table).to_parquet(whole)
    cut = tmp_path / "cut.parquet"
    cut.write_bytes(whole.read_bytes()[:-40])
    assert "cut.parquet: this Parquet file is broken or cut off" in fails(capsys, "solve", cut)
    assert run(["solve", str(whole), "--budget", "2"]) == 0


def test_a_large_file_that_is_no_table_is_refused_from_its_first_bytes(tmp_path, capsys):
    large = tmp_path / "large.bin"
    with large.open("wb") as file:
        file.truncate(200 * 1024 * 1024)  # zeros that take no room on the disk
    assert "this is not a table" in fails(capsys, "solve", large)
    with large.open("wb") as file:
        file.write(b"x" * (2 << 20))
        file.truncate(200 * 1024 * 1024)
    assert "this is not a table" in fails(capsys, "solve", large)


class Hostile:
    def __reduce__(self):
        return (open, ("owned.txt", "w"))


def test_a_hostile_pickle_is_refused_and_runs_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("all_affinities", "wins_vs_pixels", "wins_vs_task"):
        (tmp_path / f"{name}_16k.pkl").write_bytes(pickle.dumps({"a__b": Hostile()}))
    error = fails(capsys, "import", "taskonomy", tmp_path, "-o", "out.csv")
    assert "nothing in it was run" in error
    assert not (tmp_path / "owned.txt").exists()
    assert not (tmp_path / "out.csv").exists()


def test_affinity_then_solve(losses, tmp_path, capsys):
    output = str(tmp_path / "made.csv")
    assert run(["affinity", losses, "-o", output, "--bootstrap", "20"]) == 0
    err = capsys.readouterr().err
    assert "consistency ratio at most" in err
    made = tg.read_transfers(output)
    assert {"low", "high", "gain", "quality", "n"} <= set(made.frame.columns)
    assert run(["solve", output, "--budget", "1"]) == 0


def test_affinity_refuses_a_bad_output_before_it_works(losses, tmp_path, capsys):
    error = fails(capsys, "affinity", losses, "-o", tmp_path / "none" / "made.csv")
    assert "does not exist; make it first" in error
    assert "cannot tell the format" in fails(
        capsys, "affinity", losses, "-o", tmp_path / "made.xls"
    )


def test_scores_say_that_they_are_no_tournament(tmp_path, capsys):
    path, output = tmp_path / "scores.csv", tmp_path / "made.csv"
    path.write_text("source,a,b\na,90,60\nb,80,95\nc,60,65\n")
    assert run(["affinity", str(path), "-o", str(output), "--higher-is-better"]) == 0
    assert "not AHP" in capsys.readouterr().err
    assert run(["solve", str(output), "--budget", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["supervised"] == ["b"]


def test_a_users_own_headers_and_rows(tmp_path, capsys):
    rows = [
        {"task": t, "from": s, "model": m, "seed": i, "accuracy": (5 * i + 3 * k) % 7}
        for t in ("a", "b")
        for k, s in enumerate("abc")
        if s != t
        for m in ("small", "large")
        for i in range(12)
    ]
    path, output = tmp_path / "runs.csv", tmp_path / "made.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    flags = [
        "--column",
        "target=task",
        "--column",
        "sources=from",
        "--column",
        "loss=accuracy",
        "--column",
        "image=model+seed",
        "--column",
        "cluster=seed",
        "--higher-is-better",
    ]
    assert run(["affinity", str(path), "-o", str(output), *flags]) == 0
    assert set(pd.read_csv(output)["n"]) == {24}
    assert run(["affinity", str(path), "-o", str(output), *flags, "--where", "model=small"]) == 0
    assert set(pd.read_csv(output)["n"]) == {12}
    capsys.readouterr()
    error = fails(capsys, "affinity", path, "-o", output, *flags, "--where", "model=huge")
    assert 'no row has model "huge"' in error
    assert "there is no column" in fails(
        capsys, "affinity", path, "-o", output, *flags, "--where", "size=1"
    )


def test_stability_counts_how_often_a_task_is_supervised(losses, capsys):
    flags = ["--budget", "1", "--bootstrap", "15", "--csv"]
    assert run(["stability", losses, *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "task,supervised,share"
    assert len(lines) == 4


def test_frontier_ranges_and_formats(table, capsys):
    assert run(["frontier", table, "--budgets", "1:3", "--max-orders", "1,2", "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + 6
    assert run(["frontier", table, "--budgets", "1,2.5", "--max-orders", "2", "--json"]) == 0
    assert [t["budget"] for t in json.loads(capsys.readouterr().out)] == [1.0, 2.5]
    assert run(["frontier", table, "--random", "20", "--csv"]) == 0
    assert "quality_high" in capsys.readouterr().out
    assert "expected a range such as 1:26" in fails(capsys, "frontier", table, "--budgets", "5:1")
    assert "expected whole numbers" in fails(capsys, "frontier", table, "--max-orders", "1.5")
    assert run(["frontier", table, "--budgets", "0,0.5"]) == 3
    assert "infeasible" in capsys.readouterr().out


def test_recommend_ranks_what_the_budget_allows(table, capsys):
    assert run(["recommend", table, "--target", "c", "--csv"]) == 0
    ranked = [line.split(",")[0] for line in capsys.readouterr().out.splitlines()[1:]]
    assert ranked == ["a+b", "b", "a"]
    assert run(["recommend", table, "--target", "c", "--budget", "1", "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("b,1,1.0,0.3")
    assert 'the table has no target "d"' in fails(capsys, "recommend", table, "--target", "d")
    assert fails(capsys, "recommend", table, "--target", "c", "--budget", "0", code=3)


def test_evaluate_and_alternatives_and_marginal(table, capsys):
    assert run(["evaluate", table, "--budget", "1", "--random", "30"]) == 0
    printed = capsys.readouterr().out
    assert "random set, best transfers, mean" in printed
    assert "random set, random transfers, 95th percentile" in printed
    assert "taxonomy at the cost of best single source" in printed
    assert run(["evaluate", table, "--budget", "1", "--per-target", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("target,taxonomy gain")
    assert "no taxonomy" in fails(capsys, "evaluate", table, "--budget", "0", code=3)
    assert run(["solve", table, "--budget", "1", "--alternatives", "3", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3
    assert run(["solve", table, "--budget", "1", "--marginal"]) == 0
    said = capsys.readouterr().err
    assert (
        "budget 1: budget 2 (step 1) is the next to improve the objective, by 0.2441; it su" in said
    )
    assert run(["solve", table, "--budget", "2", "--marginal"]) == 0
    assert "budget 2: no larger budget improves the objective" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["heatmap", "tree", "taxonomy", "frontier", "grid"])
def test_every_plot_is_drawn(table, tmp_path, capsys, kind):
    path = tmp_path / f"{kind}.svg"
    extra = ["--budgets", "1,2"] if kind in ("frontier", "grid") else []
    assert run(["plot", kind, table, "-o", str(path), *extra]) == 0
    assert path.read_text().lstrip().startswith("<?xml")
    assert "drew" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(table, tmp_path, capsys):
    nowhere = tmp_path / "none" / "taxonomy.svg"
    for command in (
        ["solve", table, "--plot"],
        ["frontier", table, "--plot"],
        ["plot", "grid", table, "-o"],
    ):
        assert "does not exist; make it first" in fails(capsys, *command, nowhere)


def test_plots_refuse_an_unknown_format(table, tmp_path, capsys):
    assert ".svg" in fails(capsys, "plot", "tree", table, "-o", tmp_path / "tree.bmp")


def test_report_is_one_page_that_fetches_nothing(table, tmp_path, capsys):
    path = tmp_path / "report.html"
    assert run(["report", table, "--budget", "1", "-o", str(path), "--random", "20"]) == 0
    text = path.read_text()
    assert "Sensitivity</h2>" in text
    assert "Left out: the table holds affinities alone" in text
    assert "default-src &#39;none&#39;; script-src &#39;sha256-" in text
    assert "<img" not in text
    assert 'src="http' not in text


def test_wins_become_affinities(tmp_path, capsys):
    path, output = tmp_path / "wins.csv", tmp_path / "made.csv"
    path.write_text("target,sources,versus,wins\na,b,self,0.25\nb,a,self,0.2\n")
    assert run(["affinity", str(path), "-o", str(output)]) == 0
    made = pd.read_csv(output).set_index(["target", "sources"])["affinity"]
    assert made["a", "b"] == pytest.approx(0.25)
    capsys.readouterr()
    assert "holds affinities already" in fails(capsys, "affinity", output, "-o", path)
    assert "only losses on images can be resampled" in fails(capsys, "stability", path)


def test_alternatives_in_every_format(table, capsys):
    flags = ["--budget", "1", "--alternatives", "2"]
    assert run(["solve", table, *flags]) == 0
    assert "behind" in capsys.readouterr().out
    assert run(["solve", table, *flags, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert "--dot draws one taxonomy" in fails(capsys, "solve", table, *flags, "--dot")
    assert fails(capsys, "solve", table, "--budget", "0", "--alternatives", "2", code=3)


def test_published_pickles_are_imported(shared, tmp_path):
    output = tmp_path / "taxonomy.csv"
    folder = str(shared / "taskonomy")
    assert run(["import", "taskonomy", folder, "-o", str(output), "--size", "1k"]) == 0
    assert len(tg.read_transfers(output).targets) == 22


def test_plots_of_a_saved_taxonomy_and_of_none(table, tmp_path, capsys):
    assert run(["solve", table, "--budget", "1", "--json"]) == 0
    saved, picture = tmp_path / "taxonomy.json", tmp_path / "taxonomy.svg"
    saved.write_text(capsys.readouterr().out)
    assert run(["plot", "taxonomy", str(saved), "-o", str(picture)]) == 0
    assert picture.exists()
    capsys.readouterr()
    none = ["--budget", "0", "-o", picture]
    assert "no taxonomy within budget 0" in fails(capsys, "plot", "taxonomy", table, *none, code=3)
    grid = ["--budgets", "0", "-o", picture]
    assert "no taxonomy within budget 0" in fails(capsys, "plot", "grid", table, *grid, code=3)


def test_other_packages_add_commands_that_are_loaded_when_called(monkeypatch, capsys):
    """Listed by name without an import, and run like our own."""
    import click

    import taskgraph.cli as cli

    class Point:
        name, module, dist, loaded = "wave", "friendly.commands", None, 0

        def load(self):
            self.loaded += 1
            return click.Command("wave", callback=lambda: click.echo("hello"))

    point = Point()
    monkeypatch.setattr(cli, "entry_points", lambda group: [point])
    assert run(["--help"]) == 0
    assert "wave" in capsys.readouterr().out
    assert point.loaded == 0
    assert run(["wave"]) == 0
    assert capsys.readouterr().out == "hello\n"


def test_unknown_commands_and_no_command(capsys):
    assert 'there is no command "sovle"; did you mean solve?' in fails(capsys, "sovle")
    assert "did you mean heatmap?" in fails(capsys, "plot", "heatmpa", "x.csv")
    assert "did you mean taskonomy?" in fails(capsys, "import", "taskonmy")
    assert 'there is no command "zzz"; expected solve, affinity, stab' in fails(capsys, "zzz")
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().out


def test_a_port_in_use_is_one_line(table, capsys):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert "try --port 0" in fails(capsys, "serve", table, "--port", port)


def test_two_formats_exclude_each_other_in_every_command(table, capsys):
    """Every pair of every command that has two of them, in both orders."""
    import itertools

    import click

    from taskgraph.cli import COMMANDS, taskgraph

    pairs = {}
    for name in COMMANDS:
        command = taskgraph.get_command(click.Context(taskgraph), name)
        flags = [p.opts[0] for p in command.params if p.opts[0] in ("--json", "--csv", "--dot")]
        for pair in itertools.permutations(flags, 2):
            extra = ["--target", "c"] if name == "recommend" else []
            error = fails(capsys, name, table, *extra, *pair)
            assert f"{pair[0]} and {pair[1]} exclude each other; give one of them" in error
            pairs[name] = pairs.get(name, 0) + 1
    assert pairs == {
        "solve": 6,
        "group": 6,
        "frontier": 2,
        "recommend": 2,
        "extend": 6,
        "remeasure": 2,
        "evaluate": 2,
        "stability": 2,
        "sensitivity": 2,
    }
    assert run(["solve", table, "--json", "--json"]) == 0


NAMES = [
    "naïve",
    "深さ",
    'a"b',
    "back\\slash",
    "ends\\",
    "two\nlines",
    "R&amp;D",
    "R&D",
    "<b>",
    "N",
]


def read_dot(text):
    """Names of a DOT text as Graphviz draws them: escapes by a backslash, and entities."""
    import html
    import re

    names = re.findall(r'^  "((?:[^"\\]|\\.)*)" \[shape', text, flags=re.MULTILINE)
    return [
        re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], html.unescape(name))
        for name in names
    ]


def test_dot_is_utf8_and_draws_every_name_as_it_is():
    """Graphviz knows no ``\\u00ef``: it would draw `naïve` as ``nau00efve``."""
    transfers = tuple(tg.Transfer(name, ("self",)) for name in NAMES)
    taxonomy = tg.Taxonomy("optimal", 1.0, 1.0, 9.0, 9.0, 1, "sqrt", tuple(NAMES), transfers)
    text = taxonomy.to_dot()
    assert '"naïve" [shape=box' in text
    assert '"深さ" [shape=box' in text
    assert "\\u" not in text
    assert read_dot(text) == sorted(NAMES)


@pytest.mark.parametrize(
    "command",
    [
        ["evaluate"],
        ["frontier", "--random", "2"],
        ["report", "-o", "r.html"],
        ["affinity", "-o", "a.csv"],
        ["stability"],
        ["plot", "frontier", "-o", "f.svg"],
        ["train", "--data", "d"],
        ["transfer", "--data", "d"],
        ["run"],
    ],
)
def test_a_negative_seed_is_one_line(table, capsys, monkeypatch, tmp_path, command):
    monkeypatch.chdir(tmp_path)
    path = [] if command[0] in ("train", "transfer") else [table]
    assert "-1 is not in the range x>=0" in fails(capsys, *command, *path, "--seed", "-1")


@pytest.mark.parametrize("budgets", ["0:1e12", "1:2:1e-9", "1:9000,1:9000"])
def test_a_range_that_would_fill_the_memory_is_refused(table, capsys, budgets):
    error = fails(capsys, "frontier", table, "--budgets", budgets)
    assert "expected at most 10000 numbers" in error
    assert "a larger step, such as 0:100000:100" in error


def test_flags_that_would_change_nothing_are_refused(table, capsys, tmp_path):
    error = fails(capsys, "solve", table, "--alternatives", "2", "--plot", tmp_path / "x.svg")
    assert "--plot draws one taxonomy; leave --alternatives out" in error
    assert "No such option" in fails(capsys, "recommend", table, "--target", "c", "--solver", "x")
    saved = tmp_path / "saved.json"
    saved.write_text(tg.solve(tg.read_transfers(table), budget=2).to_json())
    for flag in (["--budget", "3"], ["--solver", "cbc"], ["--exclude", "a"], ["--problem", table]):
        error = fails(capsys, "plot", "taxonomy", saved, "-o", tmp_path / "x.svg", *flag)
        assert f"is solved already, so that {flag[0]} would change nothing" in error
    assert 'there is no solver "abacus" here' in fails(capsys, "serve", table, "--solver", "abacus")


def test_control_characters_of_a_name_never_reach_the_terminal(table, capsys, tmp_path):
    error = fails(capsys, "solve", table, "--exclude", "x\ny\x1b[31m")
    assert '"x y\\x1b[31m"' in error
    red = tmp_path / "red.csv"
    red.write_text("sources,target,affinity\nself,\x1b[31mred,.5\n")
    assert run(["solve", str(red)]) == 0
    out = capsys.readouterr().out
    assert "\\x1b[31mred" in out
    assert "\x1b" not in out


BAD_TAXONOMIES = {
    '"budget": 2.0': ('"budget": null', "budget is None, expected a finite number"),
    '"max_order": 5': ('"max_order": "5"', "max_order is 5, expected a finite number"),
    '"optimal"': ('"happy"', 'status is "happy", expected one of optimal, feasible, infeasible'),
    '"target": "a"': ('"target": 3', "the target of a transfer is 3, expected a name in quotes"),
    '"sources": [': ('"sources": [1,', "a source of the transfer to"),
    '"supervised": [': ('"supervised": [3,', "a supervised task is 3, expected a name in quotes"),
    '"affinity": 0.5': ('"affinity": "x"', 'affinity of the transfer to "a" is x, expected a fini'),
    '"quality": 0.5': ('"quality": NaN', 'quality of the transfer to "a" is nan, expected a finit'),
}


@pytest.mark.parametrize("old", BAD_TAXONOMIES)
def test_a_taxonomy_with_a_wrong_value_names_its_place(table, capsys, tmp_path, old):
    new, words = BAD_TAXONOMIES[old]
    text = tg.solve(tg.read_transfers(table), budget=2).to_json()
    assert old in text
    saved = tmp_path / "bad.json"
    saved.write_text(text.replace(old, new))
    error = fails(capsys, "plot", "taxonomy", saved, "-o", tmp_path / "x.svg")
    assert "bad.json: " in error
    assert words in error


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ('supervised_may_transfer = "no"', 'supervised_may_transfer is "no", expected true or fal'),
        ('[tasks.a]\nrequired = "no"', '[tasks.a]: required is "no", expected true or false'),
        ('[tasks.a]\nrole = ["x"]', "[tasks.a]: role is \"['x']\", expected one of"),
        ('objective = ["x"]', "the objective is \"['x']\", expected one of sqrt"),
        (f"budget = 1{'0' * 400}", "expected a finite number of at least 0"),
        (f"budget = {'[' * 100_000}", "this is nested too deeply to be read"),
    ],
)
def test_a_problem_file_with_a_wrong_type_names_its_place(table, capsys, tmp_path, toml, words):
    problem = tmp_path / "problem.toml"
    problem.write_text(toml)
    error = fails(capsys, "solve", table, "--problem", problem)
    assert "problem.toml: " in error
    assert words in error


@pytest.mark.parametrize(
    ("toml", "place"),
    [
        ('[tasks.zz]\nrole = "source-only"', "[tasks.zz]: role"),
        ('[tasks.zz]\nrole = "unused"', "[tasks.zz]: role"),
        ("[tasks.zz]\nrequired = true", "[tasks.zz]: required"),
        ("[tasks.zz]\nlabel_cost = 2", "[tasks.zz]: label_cost"),
        ('target-only = ["zz"]', "target_only"),
    ],
)
def test_an_unknown_task_of_a_file_is_named_with_file_and_key(table, capsys, tmp_path, toml, place):
    problem = tmp_path / "problem.toml"
    problem.write_text(toml)
    error = fails(capsys, "solve", table, "--problem", problem, "--importance", "a=2")
    assert f'{problem}: {place}: the table has no task "zz"; it has a, b, c' in error
    error = fails(capsys, "solve", table, "--problem", problem, "--require", "yy")
    assert "--" not in error or "--require" in error


def test_a_file_that_leaves_no_target_is_not_taken_for_flags(table, capsys, tmp_path):
    problem = tmp_path / "problem.toml"
    problem.write_text('exclude = ["a", "b", "c"]')
    error = fails(capsys, "solve", table, "--problem", problem)
    assert "no target is left to solve; give fewer tasks the roles source-only and unused" in error


@pytest.mark.parametrize("kind", ["heatmap", "tree"])
def test_a_target_without_first_order_transfers_is_no_hindrance_to_a_plot(tmp_path, kind):
    path = tmp_path / "sparse.csv"
    path.write_text("sources,target,affinity\nb,a,.3\nc,a,.2\nself,b,.6\nb+c,d,.4\n")
    assert run(["plot", kind, str(path), "-o", str(tmp_path / "x.svg")]) == 0


@pytest.mark.skipif(os.name == "nt", reason="file names are characters there")
def test_a_file_name_that_is_no_text_is_one_line(table, capsys, tmp_path):
    odd = str(tmp_path / "\udcff.csv")
    shutil.copy(table, odd)
    error = fails(capsys, "solve", odd)
    assert "\\udcff.csv: a name holds a byte that is no character of UTF-8; rename it" in error
    assert "\\udcff.csv: no such file" in fails(capsys, "solve", "\udcff.csv")
    error = fails(capsys, "serve", table, "--host", "\udcff", "--port", "0")
    assert "cannot listen on \\udcff:0: " in error


def test_a_host_that_is_none_is_one_line(table, capsys):
    for host in ("nosuch.invalid", "a" * 300):
        error = fails(capsys, "serve", table, "--host", host, "--port", "0")
        assert f"cannot listen on {host}:0: " in error
        assert "or --host 127.0.0.1" in error


@pytest.mark.parametrize("name", ["seg, 2D", "it's", 'a "b", c', "two words"])
def test_the_advice_to_exclude_a_target_can_be_pasted(tmp_path, capsys, name):
    rows = [("self", "a", 0.5), ("self", "b", 0.6), ("a", "b", 0.4), ("b", name, 0.5)]
    path = tmp_path / "t.csv"
    pd.DataFrame(rows, columns=["sources", "target", "affinity"]).to_csv(path, index=False)
    command = ["solve", str(path), "--budget", "1", "--source-only", "a", "--label-cost", "b=2"]
    assert run(command) == 3
    advice = capsys.readouterr().err.split("leave it out with ")[1].removesuffix(".\n")
    assert run([*command, *shlex.split(advice)]) in (0, 3)
    assert f'"{name}"' not in capsys.readouterr().err
