"""Every example of docs/own.md runs unchanged, with the files that the page shows."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "own.md").read_text()
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", PAGE, re.MULTILINE))


def blocks(section, language):
    return re.findall(rf"```{language}\n(.+?)```", SECTIONS[section], re.DOTALL)


def commands(section):
    return [shlex.split(line) for block in blocks(section, "sh") for line in block.splitlines()]


def call(folder, *arguments):
    """Run Python in a folder as a user does, with this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def test_each_example_is_at_most_20_lines():
    for section in ("A task of your own", "An encoder of your own", "Pictures of your own"):
        lines = [
            line
            for language in ("python", "sh")
            for block in blocks(section, language)
            for line in block.splitlines()
            if line
        ]
        assert 3 <= len(lines) <= 20, section


@pytest.mark.slow
def test_the_examples_run_one_after_the_other(tmp_path):
    """A task and an encoder of one's own are in tables beside those of a bank; photos are too."""
    (tmp_path / "my_tasks.py").write_text(blocks("A task of your own", "python")[0])
    (tmp_path / "my_nets.py").write_text(blocks("An encoder of your own", "python")[0])
    for section in ("A task of your own", "An encoder of your own"):
        for command in commands(section):
            call(tmp_path, "-m", *command)
    table = pd.read_csv(tmp_path / "transfers" / "transfers.csv")
    assert set(table["target"]) == {"level"}
    assert {"edge2d", "random", "self"} <= set(table["sources"])
    mixed = pd.read_csv(tmp_path / "mixed" / "transfers.csv")
    assert set(mixed["target"]) == {"edge2d"}
    assert {"mine", "resnet", "random", "level"} <= set(mixed["sources"])
    assert (tmp_path / "level.png").stat().st_size > 1000

    (tmp_path / "photos").mkdir()
    call(tmp_path, "-c", blocks("Pictures of your own", "python")[0])
    (tmp_path / "photos" / "7.png").write_text("broken")
    shown = [call(tmp_path, "-m", *command) for command in commands("Pictures of your own")]
    assert "1 of 60 files of rgb are left out as broken" in shown[-1]
    photos = pd.read_csv(tmp_path / "photo_transfers" / "transfers.csv")
    assert set(photos["target"]) == {"brightness", "kind"}
