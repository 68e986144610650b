"""The script that trains a bank on one GPU: its check, its time limit, resuming, its summary."""

import importlib.util
import json
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "examples" / "gpu_bank.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("gpu_bank", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["gpu_bank"] = module
    spec.loader.exec_module(module)
    return module


def test_without_a_gpu_nothing_begins(script, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(script, "device", lambda cpu: "cpu" if cpu else None)
    assert script.main([str(tmp_path / "out")]) == script.BAD_INPUT
    assert "no GPU is found; give --cpu" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    with pytest.raises(SystemExit, match="2"):
        script.main([str(tmp_path), "--minutes", "0"])
    assert "--minutes must be above 0" in capsys.readouterr().err


def test_a_stage_that_outlasts_the_time_is_ended(script):
    stage = script.Stage("slow", ["--help"])
    stage.run(time.monotonic())
    assert stage.state == "unfinished"
    other = script.Stage("wrong", ["nothing"])
    other.run(time.monotonic() + 120)
    assert other.state == "failed"
    last = script.Stage("right", ["--version"])
    last.run(time.monotonic() + 120)
    assert (last.state, last.seconds > 0) == ("done", True)


def test_stages_that_have_no_time_left_wait_and_the_summary_says_so(script, tmp_path, monkeypatch):
    begun = []

    def run(stage, until):
        begun.append(stage.name)
        stage.state, stage.seconds = ("done" if stage.name == "scenes" else "unfinished"), 1.0

    monkeypatch.setattr(script.Stage, "run", run)
    monkeypatch.setattr(script, "write_splits", lambda *_: None)
    sizes = script.PRESETS["full"]
    code = script.run(tmp_path, sizes, minutes=1, jobs=2, name="a GPU")
    assert code == script.UNFINISHED
    assert begun == ["scenes", "train"]
    told = json.loads((tmp_path / "summary.json").read_text())
    assert told["stages"] == {
        "scenes": ["done", 1.0],
        "train": ["unfinished", 1.0],
        "pilot": ["waiting", 0.0],
    }
    assert (told["device"], told["tasks"], told["pilot_networks"]) == ("a GPU", 0, 0)


def test_flags_of_the_stages_are_those_of_the_commands(script):
    """Each command reads its own flags: an unknown one would be an error."""
    from benchmarks.cli.command import command_of
    from benchmarks.pilot.settings import SUITE
    from encoders.cli.scenes import scenes
    from encoders.cli.train import train

    known = {"scenes": scenes, "train": train, "pilot": command_of(SUITE)}
    for sizes in script.PRESETS.values():
        for stage in script.stages_of(Path(), sizes, 2):
            flags = {flag for option in known[stage.name].params for flag in option.opts}
            assert {word for word in stage.command if word.startswith("-")} <= flags
    full = script.stages_of(Path("r"), script.PRESETS["full"], 16)
    assert "--no-references" not in full[1].command
    assert "--tasks" not in full[1].command


@pytest.mark.slow
def test_a_try_without_a_gpu_trains_resumes_and_ends(script, tmp_path):
    command = [str(tmp_path / "out"), "--preset", "smoke", "--cpu", "--jobs", "1"]
    assert script.main([*command, "--minutes", "20"]) == script.OK
    told = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert (told["tasks"], told["with_references"]) == (2, 2)
    assert told["pilot_networks"] > 6
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out" / "bank").glob("*.saf*")}
    records = (tmp_path / "out" / "pilot" / "records.jsonl").read_bytes()
    assert script.main(command) == script.OK
    assert (tmp_path / "out" / "pilot" / "records.jsonl").read_bytes() == records
    assert before == {path: path.stat().st_mtime_ns for path in before}
