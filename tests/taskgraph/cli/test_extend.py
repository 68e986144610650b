"""``taskgraph extend``, ``remeasure`` and ``plot arrivals``: output, exit codes, and bad input."""

import json
import shutil

import pandas as pd
import pytest

import taskgraph as tg
from benchmarks.speed.solver.instances import latent
from taskgraph.cli import run
from tests.taskgraph.lifelong.test_extend import by_hand
from tests.taskgraph.lifelong.test_joining import losses_frame, split


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Losses of a, b and c, those of the newcomer d, and the optimum of the former."""
    place = tmp_path_factory.mktemp("made")
    old, new = split(losses_frame())
    old.to_csv(place / "old.csv", index=False)
    new.to_csv(place / "new.csv", index=False)
    table = tg.affinities(tg.read_losses(place / "old.csv")).transfers
    tg.write_transfers(table, place / "affinities.csv")
    tg.write_taxonomy(tg.solve(table, budget=1), place / "taxonomy.json")
    return place


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """A copy of these files, as the working directory."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def solved(capsys, losses, budget, out, *flags):
    """Write the optimum of a table of losses as JSON."""
    assert run(["affinity", losses, "-o", "affinities.csv"]) == 0
    capsys.readouterr()
    assert run(["solve", "affinities.csv", "--budget", budget, "--json", *flags]) == 0
    with open(out, "w") as file:
        file.write(capsys.readouterr().out)


def extend(*words, budget="1", taxonomy="taxonomy.json"):
    return run(["extend", *words, "--taxonomy", taxonomy, "--budget", budget])


def expected(folder, **fields):
    """The extension in Python of the tables in the folder."""
    tables = [tg.read_losses(folder / name) for name in ("old.csv", "new.csv")]
    joined = tg.extend_losses(*tables)
    return tg.extend(joined.transfers, tg.read_taxonomy(folder / "taxonomy.json"), **fields)


def test_the_words_and_the_table(folder, capsys):
    assert extend("old.csv", "new.csv") == 0
    shown = capsys.readouterr()
    assert shown.out.rstrip() == str(expected(folder, budget=1)).rstrip()
    assert shown.out.startswith("1 new task: d; spent 1 of budget 1 from now on, after 1 before")
    assert "Note: 3 earlier targets got new candidates, and all affinities there were" in shown.err
    assert "direction of the values: lower is better" in shown.err


def test_json_is_a_taxonomy_that_can_be_extended_again(folder, capsys):
    assert extend("old.csv", "new.csv", "--json") == 0
    text = capsys.readouterr().out
    assert json.loads(text) == json.loads(expected(folder, budget=1).to_json())
    (folder / "extended.json").write_text(text)
    pd.concat([pd.read_csv("old.csv"), pd.read_csv("new.csv")]).to_csv("both.csv", index=False)
    later = losses_frame("abcde", seed=1)
    later = later[(later["target"] == "e") | (later["sources"] == "e")]
    later.to_csv("later.csv", index=False)
    assert extend("both.csv", "later.csv", "--json", taxonomy="extended.json", budget="0") == 0
    content = json.loads(capsys.readouterr().out)
    assert content["spent"] == content["budget"] == 2
    assert [each["task"] for each in content["extension"]["newcomers"]] == ["e"]


def test_csv_dot_picture_and_table(folder, capsys):
    assert extend("old.csv", "new.csv", "--csv", "-o", "all.csv", "--plot", "tree.svg") == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0].endswith("before,change")
    assert shown.out == expected(folder, budget=1).to_frame().to_csv(index=False)
    assert "drew tree.svg" in shown.err
    table = tg.read_transfers(folder / "all.csv")
    assert table.targets == tuple("abcd")
    assert extend("old.csv", "new.csv", "--dot") == 0
    assert capsys.readouterr().out.startswith("digraph taxonomy {")
    assert extend("old.csv", "new.csv", "-o", "wide.csv", "--bootstrap", "9") == 0
    assert "low" in tg.read_transfers(folder / "wide.csv").frame


def test_pay_again_is_solve_on_all_losses(folder, capsys):
    assert extend("old.csv", "new.csv", "--pay-again", "--json", budget="2") == 0
    content = json.loads(capsys.readouterr().out)
    content.pop("extension")
    losses_frame().to_csv("whole.csv", index=False)
    solved(capsys, "whole.csv", "2", "whole.json")
    assert content == json.loads((folder / "whole.json").read_text())


def test_settings_of_the_file_hold_unless_flags_change_them(folder, capsys):
    flags = ("--objective", "linear", "--max-order", "1", "--importance", "b=3")
    solved(capsys, "old.csv", "1", "taxonomy.json", *flags)
    assert extend("old.csv", "new.csv", "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["objective_transform"], content["max_order"]) == ("linear", 1)
    assert content["importance"] == {"b": 3.0}
    assert extend("old.csv", "new.csv", "--json", "--objective", "sqrt", "--importance", "b=2") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["objective_transform"], content["importance"]) == ("sqrt", {"b": 2.0})
    (folder / "problem.toml").write_text("max_order = 2\n[tasks.a]\nimportance = 5.0\n")
    assert extend("old.csv", "new.csv", "--json", "--problem", "problem.toml") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["max_order"], content["importance"]) == (2, {"a": 5.0})
    assert content["extension"]["budget"] == 1


def test_a_supervised_target_that_keeps_a_transfer_keeps_it(folder, capsys):
    """The file does not say so; it is seen from the target that is supervised and not by self."""
    early = [("self", "a", 0.2), ("b", "a", 0.7), ("self", "b", 0.9), ("a", "b", 0.1)]
    late = [("s", "a", 0.1), ("a", "s", 0.3), ("self", "s", 0.7)]
    for name, rows in (("early.csv", early), ("late.csv", late)):
        tg.write_transfers(by_hand(rows), name)
    may = ("--supervised-may-transfer", "--require", "a")
    assert run(["solve", "early.csv", "--budget", "2", "--json", *may]) == 0
    (folder / "may.json").write_text(capsys.readouterr().out)
    assert extend("early.csv", "late.csv", "--json", taxonomy="may.json", budget="0") == 0
    shown = capsys.readouterr()
    assert 'Note: "a" is supervised in the earlier taxonomy and keeps a transfer' in shown.err
    ways = {each["target"]: each["sources"] for each in json.loads(shown.out)["transfers"]}
    assert ways == {"a": ["b"], "b": ["self"], "s": ["a"]}


def test_prices_that_do_not_fit_are_said(folder, capsys):
    assert extend("old.csv", "new.csv", "--default-label-cost", "3", budget="3") == 0
    text = capsys.readouterr().err
    assert "Warning: the labels and transfers of the earlier taxonomy were 1, and are 3 at" in text


def test_without_a_solution_the_exit_code_is_3(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [("self", "a", 0.6), ("b", "a", 0.4), ("self", "b", 0.6), ("a", "b", 0.4)]
    tg.write_transfers(by_hand(rows), "old.csv")
    tg.write_transfers(by_hand([("self", "c", 1.0)]), "new.csv")
    assert run(["solve", "old.csv", "--budget", "1", "--json"]) == 0
    (tmp_path / "taxonomy.json").write_text(capsys.readouterr().out)
    assert extend("old.csv", "new.csv", budget="0") == 3
    assert 'Error: no taxonomy within budget 0: target "c" has no transfer' in (
        capsys.readouterr().err
    )
    assert extend("old.csv", "new.csv", "--json", budget="0") == 3
    assert json.loads(capsys.readouterr().out)["status"] == "infeasible"
    assert extend("old.csv", "new.csv") == 0
    assert "c is supervised" in capsys.readouterr().out


def test_a_time_limit_prints_the_gap_or_exits_with_3(tmp_path, monkeypatch, capsys):
    """The exit code is 0 with the best extension so far, and 3 without any, as in `solve`.

    The proof takes several times the limit on the fastest machine that ran it.
    """
    monkeypatch.chdir(tmp_path)
    table = latent(100, 50, 0)
    old = {*table.targets[:4]}
    tasks = table.frame["sources"].str.split("+").map(set)
    known = table.frame["target"].isin(old) & tasks.map(lambda s: s <= old | {"self"})
    tg.write_transfers(tg.Transfers(table.frame[known]), "old.csv")
    tg.write_transfers(tg.Transfers(table.frame[~known]), "new.csv")
    flags = ["--budget", "4", "--objective", "linear", "--json"]
    assert run(["solve", "old.csv", *flags]) == 0
    (tmp_path / "taxonomy.json").write_text(capsys.readouterr().out)
    code = extend("old.csv", "new.csv", "--time-limit", "0.2", budget="20")
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert "gap" in shown.out
    assert "as the time limit came before its proof" in shown.out
    code = extend("old.csv", "new.csv", "--time-limit", "0", "--json", budget="20")
    content = json.loads(capsys.readouterr().out)
    assert content["status"] in ("feasible", "unknown")
    assert code == (0 if content["status"] == "feasible" else 3)
    assert content["extension"]["restart"]["status"] != "optimal"
    assert extend("old.csv", "new.csv", "--time-limit", "-1") == 2
    assert "expected a number of at least 0, not '-1'" in capsys.readouterr().err


def fails(capsys, *words, **settings):
    """Return the one line that a command prints as it ends with exit code 2."""
    assert extend(*words, **settings) == 2
    shown = capsys.readouterr()
    assert not shown.out
    lines = [line for line in shown.err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, shown.err
    return lines[0]


def test_bad_input_is_one_line(folder, capsys):
    new = pd.read_csv("new.csv")
    old = pd.read_csv("old.csv")
    assert "the new losses name no task that the earlier ones lack" in fails(
        capsys, "old.csv", "old.csv"
    )
    new[new["image"] != "i07"].to_csv("fewer.csv", index=False)
    assert "the new losses lack 1 image (i07)" in fails(capsys, "old.csv", "fewer.csv")
    pd.concat([new, old.assign(loss=old["loss"] + 1)]).to_csv("other.csv", index=False)
    assert "repeat an earlier row with another value" in fails(capsys, "old.csv", "other.csv")
    assert "new.csv holds losses" in fails(capsys, "affinities.csv", "new.csv")
    text = (folder / "taxonomy.json").read_text()
    (folder / "renamed.json").write_text(text.replace('"a"', '"x"'))
    found = fails(capsys, "old.csv", "new.csv", taxonomy="renamed.json")
    assert found.startswith("Error: renamed.json: the earlier taxonomy ")
    assert "the earlier table has no such" in found
    (folder / "early.json").write_text(text.replace('"optimal"', '"feasible"'))
    found = fails(capsys, "old.csv", "new.csv", taxonomy="early.json")
    assert 'early.json: the earlier taxonomy has the status "feasible", expected "optimal"' in found
    content = json.loads(text)
    content["objective"] = float("nan")
    (folder / "nan.json").write_text(json.dumps(content))
    found = fails(capsys, "old.csv", "new.csv", taxonomy="nan.json")
    assert "nan.json: objective is nan, expected a finite number" in found
    content = json.loads(text)
    content["transfers"][0]["affinity"] /= 2
    (folder / "half.json").write_text(json.dumps(content))
    found = fails(capsys, "old.csv", "new.csv", taxonomy="half.json")
    assert "give the table from which the taxonomy was solved, and the same --method" in found
    new.assign(loss=new["loss"].where(new.index > 0, float("inf"))).to_csv("inf.csv", index=False)
    assert "inf" in fails(capsys, "old.csv", "inf.csv")
    supervised = json.loads(text)["supervised"][0]
    assert "its label is paid, yet it is excluded; choose anew with --pay-again" in fails(
        capsys, "old.csv", "new.csv", "--exclude", supervised
    )
    assert "expected a number of at least 0, not '-1'" in fails(
        capsys, "old.csv", "new.csv", budget="-1"
    )


def test_an_empty_loss_is_not_measured_and_nan_is_refused(folder, capsys):
    """Every table of losses follows this rule; without a loss the images of the target differ."""
    new = pd.read_csv("new.csv")
    here = (new["target"] == "a") & (new["image"] == "i03")
    new.assign(loss=new["loss"].mask(here)).to_csv("gap.csv", index=False)
    assert '"a" has other images in the two tables: the new losses lack 1 image (i03)' in fails(
        capsys, "old.csv", "gap.csv"
    )
    new.assign(loss=new["loss"].mask(here)).to_csv("diverged.csv", index=False, na_rep="nan")
    found = fails(capsys, "old.csv", "diverged.csv")
    assert "diverged.csv" in found
    assert "nan" in found


def test_budget_and_taxonomy_are_required(folder, capsys):
    assert run(["extend", "old.csv", "new.csv", "--taxonomy", "taxonomy.json"]) == 2
    assert "Missing option '--budget'" in capsys.readouterr().err
    assert run(["extend", "old.csv", "new.csv", "--budget", "1"]) == 2
    assert "Missing option '--taxonomy'" in capsys.readouterr().err


def test_affinities_of_many_files_are_refused(folder, capsys):
    (folder / "parts").mkdir()
    for name in ("x", "y"):
        by_hand().frame.to_csv(folder / "parts" / f"{name}.csv", index=False)
    by_hand([("self", "d", 1.0)]).frame.to_csv("d.csv", index=False)
    found = fails(capsys, "parts", "d.csv")
    assert "2 files of affinities; write them to one table" in found


def test_remeasure_prints_doubts_of_a_table_and_of_losses(folder, capsys):
    assert run(["affinity", "old.csv", "-o", "wide.csv", "--bootstrap", "1"]) == 0
    capsys.readouterr()
    assert run(["remeasure", "wide.csv", "--budget", "1"]) == 0
    result = tg.remeasure(tg.read_transfers("wide.csv"), budget=1)
    shown = capsys.readouterr().out
    assert shown.startswith(result.headline())
    assert len(shown.splitlines()) == 3 + len(result.doubts) > 4
    assert run(["remeasure", "old.csv", "--budget", "1", "--csv"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(result.doubts)
    assert run(["remeasure", "wide.csv", "--budget", "1", "--changed", "a", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert len(content["doubts"]) < len(result.doubts)
    assert run(["remeasure", "affinities.csv", "--budget", "1"]) == 2
    assert "no intervals (columns low and high)" in capsys.readouterr().err
    assert run(["remeasure", "wide.csv", "--budget", "1", "--changed", "x"]) == 2
    assert '--changed: the table has no task "x"' in capsys.readouterr().err
    assert run(["remeasure", "wide.csv", "--budget", "0"]) == 3
    assert "there is no taxonomy to trust or not" in capsys.readouterr().err


def test_arrivals_are_drawn(folder, capsys):
    words = ["plot", "arrivals", "affinities.csv", "-o", "arrivals.svg"]
    assert run([*words, "--orders", "2", "--seed", "3", "--every", "2"]) == 0
    assert "drew arrivals.svg" in capsys.readouterr().err
    assert run([*words, "--order", "a,x"]) == 2
    assert '--order: the table has no task "x"' in capsys.readouterr().err
    assert run([*words, "--every", "0"]) == 2
