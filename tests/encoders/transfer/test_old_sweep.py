"""A sweep that version 0.1 wrote (`sweep_of_0_1`) is read, resumed and gathered by this version.

The folder was written by commit b10049d, with the flags in `FLAGS`, from the world and the
untrained bank that the fixture `old_sweep` makes. Its representations and its checkpoints are left
out. The hashes of the bank and of the world are renewed, as they depend on the machine's libraries.
"""

import hashlib
import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from encoders import TaskonomyDataset
from encoders.bank.identity import bank_hash
from encoders.dataset import contents_of
from taskgraph.cli import run
from tests.encoders.untrained import write_untrained

OLD = Path(__file__).parent / "sweep_of_0_1"
FLAGS = (
    "--data world --bank bank -o sweep --targets rgb2depth --sources colorization,edge2d,random "
    "--max-order 2 --images 16 --valid-images 4 --test-images 12 --less 4 --batch 4 --jobs 1 "
    "--bootstrap 10 --resume --epochs"
)


@pytest.fixture(scope="module")
def old_sweep(tmp_path_factory, world_of_14):
    """A folder with a world, a bank, and the sweep that the earlier version measured on them."""
    folder = tmp_path_factory.mktemp("old")
    world, bank, sweep = folder / "world", folder / "bank", folder / "sweep"
    world.symlink_to(world_of_14)
    names = ["colorization", "edge2d", "rgb2depth"]
    write_untrained(bank, TaskonomyDataset(world, names, "train", progress=False))
    shutil.copytree(OLD, sweep)
    (sweep / "transfers.csv").unlink()
    config = json.loads((sweep / "config.json").read_text())
    config["bank"] = {
        name: hashlib.sha256((bank / f"{name}.safetensors").read_bytes()).hexdigest()
        for name in config["bank"]
    }
    config["content"] = contents_of(world, ["rgb2depth"], 64)
    (sweep / "config.json").write_text(json.dumps(config))
    return folder


def test_an_old_sweep_is_resumed_without_measuring_anything_again(old_sweep, monkeypatch, capsys):
    monkeypatch.chdir(old_sweep)
    assert run(["transfer", *FLAGS.split(), "1"]) == 0
    assert "9 measured, 0 failed" in capsys.readouterr().err
    config = json.loads((old_sweep / "sweep" / "config.json").read_text())
    assert "bank_hash" not in json.loads((OLD / "config.json").read_text())
    assert config["bank_hash"] == bank_hash(config["bank"])
    for path in sorted((OLD / "measured").rglob("*.*")):
        assert (old_sweep / "sweep" / path.relative_to(OLD)).read_bytes() == path.read_bytes()
    transfers, before = (
        pd.read_csv(folder / "transfers.csv").set_index(["sources", "target"]).sort_index()
        for folder in (old_sweep / "sweep", OLD)
    )
    pd.testing.assert_frame_equal(transfers, before, rtol=1e-6, check_like=True)
    # Its losses get the sweep's seed. There are no validation losses to gather.
    losses = pd.read_parquet(old_sweep / "sweep" / "losses.parquet")
    assert set(losses["seed"]) == {0}
    assert "average" in set(losses["sources"])
    assert not (old_sweep / "sweep" / "valid_losses.parquet").exists()


def test_an_old_sweep_of_another_configuration_is_refused(old_sweep, monkeypatch, capsys):
    monkeypatch.chdir(old_sweep)
    assert run(["transfer", *FLAGS.split(), "2"]) == 2
    assert "is of a sweep with another transfer.fit.epochs" in capsys.readouterr().err
