"""The command as docs/features.md says it, without torch, and in little memory."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "features.md").read_text()

BLOCKED = """
import sys
class Missing:
    def find_spec(self, name, *_):
        if name.partition(".")[0] in {modules}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Missing())
"""
NOT_IN_THE_EXTRA = {
    "torch",
    "torchvision",
    "lightning_fabric",
    "safetensors",
    "skimage",
    "embreex",
    "ray",
    "timm",
}


def blocks(language):
    """The fenced blocks of the page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def environment(folder, modules):
    """Variables under which every Python process, workers included, lacks some modules."""
    (folder / "sitecustomize.py").write_text(BLOCKED.format(modules=modules))
    path = os.pathsep.join([str(folder), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}


def python(words, folder, env, **settings):
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, text=True, capture_output=True, **settings
    )


@pytest.mark.slow
def test_the_page_as_it_stands_in_a_python_without_torch(tmp_path):
    """Its files, its two commands and its script; each in at most 20 lines."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    env = environment(hidden, NOT_IN_THE_EXTRA)
    files, script = blocks("python")
    (commands,) = blocks("sh")
    assert max(len(text.strip().splitlines()) for text in (files, script, commands)) <= 20
    for name, text in (("files.py", files), ("script.py", script)):
        (tmp_path / name).write_text(text)
    assert python(["files.py"], tmp_path, env).returncode == 0
    for line in commands.strip().splitlines():
        program, *words = line.split()
        assert program == "taskgraph"
        done = python(["-m", "taskgraph", *words], tmp_path, env)
        assert done.returncode == 0, done.stderr
    assert "2 supervised, budget 2" in done.stdout
    losses = pd.read_parquet(tmp_path / "wine" / "losses.parquet")
    assert losses.groupby("target", observed=True)["sources"].nunique().to_dict() == {
        "alcohol": 8,
        "proline": 8,
        "target": 8,
    }
    done = python(["script.py"], tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert "2 targets" in done.stdout


def test_the_page_names_every_kind_and_flag():
    from encoders.cli.features import transfer_features
    from encoders.features.label_columns import KINDS
    from encoders.features.settings import READOUTS

    for name in (*KINDS, *READOUTS):
        assert f"`{name}`" in PAGE, name
    flags = {flag for option in transfer_features.params for flag in option.opts}
    for flag in re.findall(r"--[a-z][a-z-]+", PAGE):
        assert flag in flags | {"--budget", "--features"}, flag


def test_without_scikit_learn_the_command_says_what_to_install(tmp_path):
    env = environment(tmp_path, {"sklearn"})
    np.savez(tmp_path / "f.npz", a=np.zeros((3, 2)))
    (tmp_path / "l.csv").write_text("y\n1\n2\n3\n")
    words = ["-m", "taskgraph", "transfer", "--features", "f.npz", "--labels", "l.csv"]
    done = python(words, tmp_path, env)
    assert done.returncode == 2
    assert done.stderr == (
        "Error: this needs sklearn, which is not installed: in the checkout, pip install "
        "-c constraints.txt -e '.[features]'\n"
    )


def test_the_help_of_features_is_found_with_or_without_a_file(capsys):
    from taskgraph.cli import run

    for words in (["--features", "--help"], ["--features", "f.npz", "-h"], ["--features=f", "-h"]):
        assert run(["transfer", *words]) == 0
        assert "Measure transfers from frozen features of any data" in capsys.readouterr().out
    assert run(["transfer", "--help"]) == 0
    assert "taskgraph transfer --features --help" in " ".join(capsys.readouterr().out.split())


LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
sys.argv[0] = "taskgraph"
runpy.run_module("taskgraph", run_name="__main__")
"""


@pytest.mark.slow
def test_features_of_one_gigabyte_need_less_than_four(tmp_path):
    """125,000 examples of 2,000 features, with the address space of each process limited."""
    rows, width = 125_000, 500
    random = np.random.default_rng(0)
    base = random.normal(size=(rows, width)).astype(np.float32)
    sources = {name: base * (number + 1) for number, name in enumerate("abc")}
    sources["d"] = base[::-1].copy()
    np.savez(tmp_path / "f.npz", **sources)
    assert (tmp_path / "f.npz").stat().st_size >= 1e9
    labels = {f"y{number}": base[:, number] + random.normal(size=rows) for number in range(3)}
    pd.DataFrame(labels).to_csv(tmp_path / "l.csv", index=False)
    del base, sources
    words = ["transfer", "--features=f.npz", "--labels=l.csv", "--max-order=2", "--jobs=1"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = python(["-c", LIMITED, *words], tmp_path, env)
    assert done.returncode == 0, done.stderr
    assert "wrote transfers/losses.parquet" in done.stderr
