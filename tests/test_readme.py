"""README's snippets run as they stand: Python, TOML and shell, on the table and bank that ship."""

import ast
import re
import shlex
import shutil
from pathlib import Path

import click
import pytest

import taskgraph as tg
from encoders.scenes.making.make import make
from taskgraph.cli import run
from taskgraph.cli import taskgraph as commands

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()

FEWER = {"bootstrap=200": "bootstrap=3", "--bootstrap 200": "--bootstrap 3"}
"""Resamples that are not drawn in tests of seconds."""

HOURS = (
    "taskgraph scenes world --buildings",
    "taskgraph train",
    "taskgraph transfer ",
    "taskgraph run",
)
ELSEWHERE = ("taskgraph import taskonomy", "taskgraph solve taskonomy.csv")
"""Lines that are read and not run: those that take long, and those of files that are not ours."""


def blocks(language):
    """Return README's code blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def lines():
    """Return README's lines of shell that call `taskgraph` alone."""
    found = [line for block in blocks("sh") for line in block.splitlines()]
    return [line.partition("#")[0].strip() for line in found if line.startswith("taskgraph ")]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Make a smaller world than README's, and put a photo beside it."""
    out = tmp_path_factory.mktemp("readme") / "world"
    make(out, buildings=5, views=12, size=64, seed=1)
    return out


@pytest.fixture(scope="module")
def some_losses():
    """The shipped losses of the first 40 images."""
    losses = tg.read_losses(ROOT / "results" / "transfers" / "losses.parquet").to_frame()
    return losses[losses["image"].isin(losses["image"].unique()[:40])]


@pytest.fixture
def place(world, some_losses, tmp_path, monkeypatch):
    """A folder with all that README's lines read: a reader's own losses, world and photo."""
    some_losses.to_parquet(tmp_path / "losses.parquet")
    (tmp_path / "results").symlink_to(ROOT / "results")
    (tmp_path / "world").symlink_to(world)
    (tmp_path / "transfers").mkdir()
    for name in ("transfers.csv", "transfers/transfers.csv"):
        shutil.copy(ROOT / "results" / "transfers" / "transfers.csv", tmp_path / name)
    shutil.copy(ROOT / "results" / "bank" / "photos.jpg", tmp_path / "room.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shorter(text):
    """The same with fewer resamples."""
    for many, few in FEWER.items():
        text = text.replace(many, few)
    return text


def check_values(code, names):
    """Compare a line's value with the value in its comment, if that is one of Python."""
    said = 0
    for line, words in re.findall(r"^(\S.*?)  # ([\d(].*?)(?::.*)?$", code, re.M):
        try:
            value = ast.literal_eval(words)
        except (SyntaxError, ValueError):
            continue
        if " = " not in line:
            assert eval(line, names) == value, line
            said += 1
    return said


def test_the_library_in_python(place):
    code = blocks("python")[0]
    names = {}
    exec(compile(shorter(code), "README.md", "exec"), names)
    assert len(names["transfers"].frame) == len(tg.default_transfers().frame)
    assert check_values(code, names) == 2


@pytest.mark.slow
def test_the_library_in_python_word_for_word(place):
    exec(compile(blocks("python")[0], "README.md", "exec"), {})


def test_data_and_bank_in_python(place):
    names = {}
    found = blocks("python")
    for code in found[1:]:
        exec(compile(code, "README.md", "exec"), names)
    assert len(found) == 3
    assert tuple(names["pictures"].shape) == (32, 3, 64, 64)
    assert tuple(names["data"][0]["rgb2sfnorm"]["target"].shape) == (3, 64, 64)
    assert tuple(names["normals"].represent(names["pictures"]).shape) == (32, 8, 16, 16)


def test_problem_files_are_of_the_shipped_table(place, capsys):
    (content,) = blocks("toml")
    (place / "problem.toml").write_text(content)
    assert run(["solve", "--problem", "problem.toml", "--json"]) == 0
    problem = tg.read_problem(place / "problem.toml")
    taxonomy = tg.solve(tg.default_transfers(), problem)
    assert taxonomy.solved
    assert "jigsaw" not in set(taxonomy.to_frame()["target"])
    assert problem.label_cost == {"normals": 3.0}
    own = tg.solve(
        tg.default_transfers(), problem, label_cost={"rgb2sfnorm": 3}, importance={"rgb2sfnorm": 2}
    )
    assert own.to_frame().equals(taxonomy.to_frame())
    assert taxonomy.spent <= problem.budget


@pytest.mark.parametrize("line", [x for x in lines() if not x.startswith((*HOURS, *ELSEWHERE))])
def test_a_line_of_shell(place, capsys, line):
    assert run(shlex.split(shorter(line))[1:]) == 0, capsys.readouterr().err


@pytest.mark.parametrize("line", [x for x in lines() if x.startswith((*HOURS, *ELSEWHERE))])
def test_a_line_that_takes_long_has_flags_that_exist(place, line):
    """It is read as `taskgraph` reads it, and not run."""
    (place / "bank").mkdir()
    (place / "taskonomy" / "results").mkdir(parents=True)
    (place / "taskonomy.csv").touch()
    command, words = commands, shlex.split(line)[1:]
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(click.Context(command), words)
    command.make_context(name, words, help_option_names=["-h", "--help"])


def test_every_line_is_run_or_read():
    assert len(lines()) >= 9
    for start in (*HOURS, *ELSEWHERE):
        assert any(line.startswith(start) for line in lines()), start
