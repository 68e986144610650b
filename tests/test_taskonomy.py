"""The page of results on the published tables shows what its commands print."""

import json
import shlex
from pathlib import Path

import pytest

from taskgraph.cli import run

PAGE = Path(__file__).resolve().parents[1] / "results" / "taskonomy"
COMMANDS = json.loads((PAGE / "commands.json").read_text())


@pytest.fixture(scope="module")
def folder(shared, tmp_path_factory):
    place = tmp_path_factory.mktemp("taskonomy")
    for size, name in (("16k", "taskonomy"), ("1k", "taskonomy_1k")):
        arguments = ["--size", size, "-o", str(place / f"{name}.csv")]
        assert run(["import", "taskonomy", str(shared / "taskonomy"), *arguments]) == 0
    return place


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_shows_what_the_command_prints(command, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert run(shlex.split(command)[1:]) == 0
    printed = "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())
    assert f"```console\n$ {command}\n{printed}\n```" in (PAGE / "README.md").read_text()
