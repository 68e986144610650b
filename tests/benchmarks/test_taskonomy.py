"""The page of results on the published tables shows what its commands print."""

import shlex
from pathlib import Path

import pytest

import taskgraph as tg
from benchmarks.taskonomy import run as suite
from benchmarks.taskonomy.page import last_printed
from taskgraph.cli import run

PAGE = Path(__file__).resolve().parents[2] / "results" / "taskonomy"
COMMANDS = list(last_printed(PAGE))


@pytest.fixture(scope="module")
def folder(shared, tmp_path_factory):
    place = tmp_path_factory.mktemp("taskonomy")
    for size, name in (("16k", "taskonomy"), ("1k", "taskonomy_1k")):
        arguments = ["--size", size, "-o", str(place / f"{name}.csv")]
        assert run(["import", "taskonomy", str(shared / "taskonomy"), *arguments]) == 0
    return place


def test_the_records_are_of_the_commands_that_the_suite_runs():
    assert tuple(COMMANDS) == suite.COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_shows_what_the_command_prints(command, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert run(shlex.split(command)[1:]) == 0
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert f"```console\n$ {command}\n{printed}\n```" in (PAGE / "README.md").read_text()


def test_the_page_tells_what_evaluate_finds(folder):
    """The sentences on random sets and best single sources hold the numbers of the table below."""
    found = tg.evaluate(
        tg.read_transfers(folder / "taskonomy.csv"),
        budget=8,
        max_order=4,
        exclude=["class_selected"],
    )
    value = found.to_frame().set_index("method")["quality"].map("{:.2f}".format)
    high = [
        value[f"random set, {which} transfers, 95th percentile"] for which in ("best", "random")
    ]
    text = " ".join((PAGE / "README.md").read_text().split())
    assert (
        f"random sets of 8 reaches at least a mean quality of {high[0]} with its best transfers, "
        f"or {high[1]} with random ones; the optimum has {value['taxonomy']}."
    ) in text
    spent = f"{found.best_single.spent:g}"
    assert f"The best single sources of all targets are {spent} tasks;" in text
    assert (
        f"their mean quality is {value['best single source']}, and that of the proven best {spent} "
        f"is {value['taxonomy at the cost of best single source']}."
    ) in text


def test_a_folder_without_the_tables_is_one_error_of_one_line(tmp_path, capsys):
    place = tmp_path / "with space"
    place.mkdir()
    flags = ["--taskonomy", str(place), "--out", str(tmp_path / "out")]
    assert run(["bench", "taskonomy", *flags]) == 2
    error = capsys.readouterr().err
    assert error.count("Error:") == error.count("\n") == 1
    assert "with space/all_affinities_16k.pkl: no such file" in error
