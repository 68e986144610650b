"""The transfers that a file names: what every command writes, and what is refused."""

import json

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from taskgraph.tables import read_transfer_names, write_taxonomy
from taskgraph.tables.writing import write_text
from taskgraph.transfers import Transfers
from tests.taskgraph.frontiers.test_budget import random_rows


@pytest.fixture
def table(tmp_path):
    """A random table of transfers as a file, with intervals of a half on both sides."""
    frame = pd.DataFrame(random_rows(3)).assign(
        low=lambda rows: 0.5 * rows["affinity"], high=lambda rows: 1.5 * rows["affinity"]
    )
    frame["sources"] = frame["sources"].map("+".join)
    frame.to_csv(tmp_path / "transfers.csv", index=False)
    return tmp_path / "transfers.csv"


def test_the_transfers_of_a_frontier_are_those_of_its_optima(table, tmp_path, capsys):
    """Oracle: the taxonomies of single solves, one a budget and order."""
    out = tmp_path / "optima.csv"
    command = ["frontier", str(table), "--budgets", "1:4", "--max-orders", "2,3", "--json"]
    assert run([*command, "--transfers", str(out)]) == 0
    printed = capsys.readouterr()
    assert f"wrote {out}:" in printed.err
    transfers = Transfers(pd.read_csv(table))
    expected = {}
    for budget in (1, 2, 3, 4):
        for order in (2, 3):
            for one in tg.solve(transfers, budget=budget, max_order=order).transfers:
                if one.sources != ("self",):
                    expected.setdefault((one.target, "+".join(one.sources)), []).append(budget)
    assert set(read_transfer_names(out)) == set(expected)
    frame = pd.read_csv(out).set_index(["target", "sources"])
    for name, budgets in expected.items():
        row = frame.loc[name]
        assert row[["optima", "least_budget", "most_budget"]].tolist() == [
            len(budgets),
            min(budgets),
            max(budgets),
        ]
    write_text(printed.out, tmp_path / "frontier.json")
    named = set(read_transfer_names(tmp_path / "frontier.json"))
    assert {each for each in named if each[1] != "self"} == set(expected)


def test_remeasure_solve_and_alternatives_are_read(table, tmp_path, capsys):
    transfers = Transfers(pd.read_csv(table))
    doubts = tg.remeasure(transfers, budget=2).doubts
    assert doubts
    for suffix in ("json", "csv"):
        assert run(["remeasure", str(table), "--budget", "2", f"--{suffix}"]) == 0
        write_text(capsys.readouterr().out, tmp_path / f"doubts.{suffix}")
        named = read_transfer_names(tmp_path / f"doubts.{suffix}")
        assert {(one.target, "+".join(one.sources)) for one in doubts} <= set(named)
    taxonomy = tg.solve(transfers, budget=2)
    write_taxonomy(taxonomy, tmp_path / "taxonomy.json")
    used = [(one.target, "+".join(one.sources)) for one in taxonomy.transfers]
    assert list(read_transfer_names(tmp_path / "taxonomy.json")) == used
    assert run(["solve", str(table), "--budget", "2", "--alternatives", "2", "--json"]) == 0
    write_text(capsys.readouterr().out, tmp_path / "alternatives.json")
    assert set(used) < set(read_transfer_names(tmp_path / "alternatives.json"))


def test_sources_are_sets_and_names_keep_their_plus(tmp_path):
    rows = [{"target": "t", "sources": s} for s in ("b+a", "a+b", '"moco+v2"+a')]
    pd.DataFrame(rows).to_csv(tmp_path / "list.csv", index=False)
    expected = (("t", "a+b"), ("t", 'a+"moco+v2"'))
    assert set(read_transfer_names(tmp_path / "list.csv")) == set(expected)
    content = [{"target": "t", "sources": ["a", "moco+v2"]}]
    write_text(json.dumps(content), tmp_path / "list.json")
    assert read_transfer_names(tmp_path / "list.json") == (expected[1],)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.csv",
            "sources,budget\na,1\n",
            "a.csv: the columns are sources, budget; expected a table",
        ),
        ("a.json", "{}", "a.json: it names no transfer; expected a table with the columns"),
        ("a.json", "{", "a.json: this is not JSON: .*; expected a table"),
        ("a.csv", "target,sources\n", "a.csv"),
    ],
)
def test_a_file_without_transfers_is_refused(name, text, message, tmp_path):
    write_text(text, tmp_path / name)
    with pytest.raises(InvalidTableError, match=message):
        read_transfer_names(tmp_path / name)
