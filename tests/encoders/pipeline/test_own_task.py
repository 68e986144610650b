"""``taskgraph run --task``: a task of one's own in every stage, and every refusal."""

import json

import pandas as pd
import pytest

from encoders.pipeline import presets
from encoders.pipeline.presets import PipelineConfig
from encoders.pipeline.stages import BANK, REPORT, TAXONOMY, TRANSFER
from encoders.scenes.making.settings import WorldSettings
from encoders.training.config import FitConfig
from encoders.transfer.file_names import LOSSES, TRANSFERS
from taskgraph.cli import run

TASK = """
import numpy as np
from encoders import Output, Task, each_view

def level(view):
    return np.where(view.valid, view["normal"][..., 2], np.nan)

LEVEL = Task("level", Output("map", 1), "l1", each_view(level, ["normal"]))
"""

TINY = PipelineConfig(
    "smoke",
    "a test",
    WorldSettings(buildings=14, views=6, size=64, seed=0, domain="day"),
    preset="tiny",
    train=FitConfig(epochs=1, batch=16),
    transfer=FitConfig(epochs=1, batch=8),
    images=(8, 4, 10),
    budget=1,
    tasks=("edge2d",),
    max_order=1,
    references=False,
)


@pytest.mark.slow
def test_a_task_of_a_file_goes_through_all_stages(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(presets.PIPELINE_PRESETS, "smoke", TINY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_tasks.py").write_text(TASK)
    words = ["run", "out", "--task", "my_tasks.py:LEVEL", "--jobs", "1"]
    assert run(words) == 0, capsys.readouterr().err
    capsys.readouterr()

    out = tmp_path / "out"
    table = pd.read_csv(out / TRANSFER / TRANSFERS)
    measured = set(table[["sources", "target"]].itertuples(index=False, name=None))
    assert measured >= {("level", "edge2d"), ("edge2d", "level"), ("self", "level")}
    losses = pd.read_parquet(out / TRANSFER / LOSSES)
    assert losses.groupby(["target", "sources"])["image"].nunique().eq(10).all()
    taxonomy = json.loads((out / TAXONOMY).read_text())
    solved = {*taxonomy["supervised"], *(each["target"] for each in taxonomy["transfers"])}
    assert solved == {"edge2d", "level"}
    assert "level" in (out / REPORT).read_text()
    networks = {path.stem for path in (out / BANK).glob("*.safetensors")}
    assert {"edge2d", "level"} <= networks

    assert run(words) == 0
    again = capsys.readouterr().err
    assert "train: 0 tasks trained, 2 existed already" in again
    assert "transfer: 0 measured" in again

    (tmp_path / "my_tasks.py").write_text(TASK.replace("[..., 2]", "[..., 1]"))
    assert run(words) == 2
    assert "Error: " in (error := capsys.readouterr().err)
    assert "level" in error
    assert pd.read_csv(out / TRANSFER / TRANSFERS).equals(table), "nothing is lost"


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("my_tasks.py:LEVLE", "my_tasks.py has no LEVLE; it has LEVEL; expected an encoders.Task"),
        ("no.py:LEVEL", "no.py: there is no such file; give FILE.py:NAME"),
        ("my_tasks.py", 'no installed package has a task "my_tasks.py"'),
    ],
)
def test_a_wrong_reference_is_told_before_scenes_are_made(
    reference, message, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_tasks.py").write_text(TASK)
    assert run(["run", "out", "--task", reference]) == 2
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
