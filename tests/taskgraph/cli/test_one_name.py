"""Tables, pictures and pages show the same name of a task, which every command accepts."""

import json
import re

import matplotlib as mpl
import pytest

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.plot import TASKONOMY_NAMES
from tests.taskgraph.cli.test_cli import COLUMNS

TASKS = ("rgb2sfnorm", "rgb2depth", "vanishing_point_well_defined")
TITLES = ("Normals", "Z-Depth", "Vanishing Pts.", "Task-Specific")
ROWS = [
    ("self", "rgb2sfnorm", 0.5, 0.9, 0.5),
    ("rgb2depth", "rgb2sfnorm", 0.3, 0.7, 0.3),
    ("self", "rgb2depth", 0.6, 0.8, 0.5),
    ("rgb2sfnorm", "rgb2depth", 0.2, 0.6, 0.2),
    ("rgb2sfnorm", "vanishing_point_well_defined", 0.3, 0.6, 0.3),
    ("rgb2depth", "vanishing_point_well_defined", 0.2, 0.5, 0.2),
    ("self", "vanishing_point_well_defined", 0.7, 0.8, 0.5),
]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "transfers.csv"
    lines = [",".join(map(str, row)) for row in (COLUMNS, *ROWS)]
    path.write_text("\n".join(lines) + "\n")
    return path


def words_of(figure):
    return {text.get_text() for text in figure.findobj(mpl.text.Text)}


PRINTED = {
    "solve --budget 1": TASKS,
    "solve --budget 1 --alternatives 2": TASKS[:2],
    "solve --budget 1 --json": TASKS,
    "recommend --target rgb2sfnorm": ("rgb2depth",),
    "evaluate --budget 1 --random 3 --per-target": TASKS,
}


@pytest.mark.parametrize("line", PRINTED)
def test_commands_print_the_names_of_the_table(table, capsys, line):
    command, *flags = line.split()
    assert run([command, str(table), *flags]) == 0
    out = capsys.readouterr().out
    assert set(PRINTED[line]) <= set(re.findall(r"\w+", out))
    assert not any(title in out for title in TITLES)


def test_pictures_show_the_names_of_the_table(table):
    transfers = tg.read_transfers(table)
    taxonomy = tg.solve(transfers, budget=1)
    figures = {
        "heatmap": tg.plot.heatmap(transfers, with_self=True),
        "taxonomy": tg.plot.taxonomy(taxonomy),
        "grid": tg.plot.grid([taxonomy]),
    }
    for name, figure in figures.items():
        assert set(TASKS) <= words_of(figure), name
        assert not set(TITLES) & words_of(figure), name
    assert set(TASKS[:2]) <= words_of(tg.plot.tree(transfers))
    assert "Normals" in words_of(tg.plot.heatmap(transfers, names=TASKONOMY_NAMES))


def test_pages_show_the_names_of_the_table(table, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert run(["report", str(table), "--budget", "1", "--random", "3", "-o", str(page)]) == 0
    text = page.read_text()
    assert all(name in text for name in TASKS)
    assert not any(title in text for title in TITLES)


def test_every_name_that_is_printed_can_be_typed_into_a_command(table, capsys):
    assert run(["solve", str(table), "--budget", "1", "--json"]) == 0
    printed = [transfer["target"] for transfer in json.loads(capsys.readouterr().out)["transfers"]]
    assert sorted(printed) == sorted(TASKS)
    for name in printed:
        assert run(["solve", str(table), "--budget", "2", "--json", "--exclude", name]) == 0
        rest = json.loads(capsys.readouterr().out)["transfers"]
        assert {transfer["target"] for transfer in rest} == {*TASKS} - {name}
