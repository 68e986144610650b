"""Threads: losses depend on the configuration alone, not on jobs, engine or ambient threads."""

import contextlib
import json
import os
from dataclasses import asdict, replace

import pandas as pd
import pytest
import torch
from threadpoolctl import threadpool_info

from encoders import TaskonomyDataset
from encoders.bank.config import BankConfig
from encoders.bank.jobs import train_bank
from encoders.bank.training import train_task
from encoders.engines import LocalEngine, limited, with_threads
from encoders.engines.job import perform
from encoders.errors import TrainingError
from encoders.pipeline.presets import SMOKE
from encoders.training.checkpoint import read_config, read_weights, write_weights
from encoders.training.config import FitConfig
from encoders.training.run_state import LAST, differing
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.file_names import CONFIG
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.sweep import sweep
from tests.encoders.untrained import write_untrained
from tests.failing import fails

FIT = FitConfig(epochs=1, batch=8, accelerator="cpu", precision="32-true")


class Here:
    """An engine of one's own: each job at once in this process, which has ``threads`` threads."""

    places, shared = 1, False

    def __init__(self, threads):
        self.threads = threads

    def opened(self):
        return contextlib.nullcontext(self)

    def begin(self, key, packed):
        self.report = [(key, perform(packed, os.getcwd(), self.threads))]

    def ended(self, timeout):
        return self.report


@pytest.fixture(scope="module")
def world(world_of_14):
    return world_of_14


@pytest.fixture(scope="module")
def config(world, tmp_path_factory):
    bank = tmp_path_factory.mktemp("threads") / "bank"
    names = ["edge2d", "rgb2depth"]
    write_untrained(bank, TaskonomyDataset(world, names, "train", progress=False))
    pool = TransferDataConfig(str(world), train=16, valid=6, test=12)
    transfer = TransferConfig(str(bank), pool, FIT)
    return SweepConfig(transfer, ("rgb2depth",), ("edge2d", "random"), max_order=1)


def swept(config, out, engine):
    """Losses of every transfer, in one order."""
    done = sweep(config, out, engine)
    assert not done.failures
    paths = sorted(out.glob("measured/*/*.parquet"))
    return pd.concat([pd.read_parquet(path) for path in paths], ignore_index=True)


@pytest.mark.parametrize(
    "max_order", [pytest.param(n, marks=pytest.mark.slow) for n in (1, 2)], ids=["singles", "pairs"]
)
def test_a_sweep_has_the_same_losses_for_any_jobs_and_ambient_threads(config, tmp_path, max_order):
    config = replace(config, max_order=max_order)
    engines = {"one": LocalEngine(1), "two": LocalEngine(2, threads=3), "here": Here(3)}
    found = {name: swept(config, tmp_path / name, engine) for name, engine in engines.items()}
    # self, scratch, average, two sources, and their pair
    assert len(found["one"]) == 12 * (5 if max_order == 1 else 6)
    for name, losses in found.items():
        pd.testing.assert_frame_equal(losses, found["one"], check_exact=True, obj=name)


@pytest.mark.slow
def test_a_bank_has_the_same_weights_for_any_ambient_threads(world, tmp_path):
    config = BankConfig(str(world), fit=FIT, references=False)
    weights = []
    for threads in (1, 3):
        out = tmp_path / str(threads)
        out.mkdir()
        with limited(threads):
            train_task("edge2d", out, config)
        weights.append(read_weights(out / "edge2d.safetensors")[0])
    engine = LocalEngine(2, threads=2)
    assert not train_bank(["edge2d"], tmp_path / "engine", config, engine=engine).failures
    weights.append(read_weights(tmp_path / "engine" / "edge2d.safetensors")[0])
    for other in weights[1:]:
        assert all(torch.equal(weights[0][name], other[name]) for name in other)


@with_threads
def seen(config):
    """Threads of torch, and of the libraries of NumPy, SciPy and scikit-learn, within a call.

    A solver of quadratic programs that another test has loaded may be built for one thread.
    """
    ours = ("numpy", "scipy", "torch", "scikit_learn")
    pools = [pool for pool in threadpool_info() if any(name in pool["filepath"] for name in ours)]
    assert pools
    return {torch.get_num_threads(), *(pool["num_threads"] for pool in pools)}


def test_a_call_has_the_threads_of_its_configuration_and_leaves_others_as_they_were(config):
    with limited(2):
        before = seen.__wrapped__(None)
        for wanted in (1, 3):
            fit = replace(FIT, threads=wanted)
            assert seen(fit) == {wanted}
            assert seen(config=replace(config.transfer, fit=fit)) == {wanted}
            assert seen(replace(config, transfer=replace(config.transfer, fit=fit))) == {wanted}
        assert seen.__wrapped__(None) == before == {2}


def test_threads_are_part_of_plans_and_at_least_one():
    plan = SMOKE.with_threads(3)
    assert (plan.train.threads, plan.transfer.threads, SMOKE.train.threads) == (3, 3, 1)
    with pytest.raises(TrainingError, match="threads is 0, expected at least 1"):
        FitConfig(threads=0)


def test_the_number_of_threads_is_recorded_and_compared(config, tmp_path):
    write_or_check_config(config, tmp_path)
    assert json.loads((tmp_path / CONFIG).read_text())["transfer"]["fit"]["threads"] == 1
    more = replace(config.transfer, fit=replace(FIT, threads=2))
    with pytest.raises(TrainingError, match=r"another transfer\.fit\.threads; write to another"):
        write_or_check_config(replace(config, transfer=more), tmp_path)


def test_a_sweep_of_an_earlier_version_goes_on_and_gains_what_it_lacked(config, tmp_path):
    write_or_check_config(config, tmp_path)
    path = tmp_path / CONFIG
    whole = json.loads(path.read_text())
    old = json.loads(path.read_text())
    del old["transfer"]["fit"]["threads"], old["content"]
    path.write_text(json.dumps(old))
    write_or_check_config(config, tmp_path)
    assert json.loads(path.read_text()) == whole
    del old["transfer"]["fit"]["seed"]  # which every version has written
    path.write_text(json.dumps(old))
    with pytest.raises(TrainingError, match=r"another transfer\.fit\.seed;"):
        write_or_check_config(config, tmp_path)


@pytest.mark.slow
def test_a_bank_and_a_run_of_an_earlier_version_are_read(world, tmp_path):
    """Their records lack ``threads``; a finished task is kept, and an interrupted run resumes."""
    config = BankConfig(str(world), fit=FIT, references=False)
    record = train_bank(["edge2d"], tmp_path, config).records["edge2d"]
    assert record["fit"]["threads"] == 1
    path = tmp_path / "edge2d.json"
    old = json.loads(path.read_text())
    del old["fit"]["threads"], old["data"]["content"]
    path.write_text(json.dumps(old))
    assert not train_bank(["edge2d"], tmp_path, config).records  # it stands
    last = tmp_path / "runs" / "edge2d.self" / LAST
    tensors, origin = read_weights(last)
    del origin["fit"]["threads"], origin["data"]["content"]
    write_weights(last, tensors, origin)
    path.unlink()
    assert not train_bank(["edge2d"], tmp_path, config).failures
    assert "threads" not in read_config(last)["fit"]  # all epochs were there: none was trained
    other = replace(config, fit=replace(FIT, threads=2))
    with pytest.raises(TrainingError, match=r"edge2d\.json was trained with other settings"):
        train_bank(["edge2d"], tmp_path, other)


def test_only_what_later_versions_added_may_be_absent():
    wanted = {"fit": asdict(FIT), "data": {"views": 3, "content": "a"}}
    old = json.loads(json.dumps(wanted))
    del old["fit"]["threads"], old["data"]["content"]
    assert differing(old, wanted) == []
    assert differing(old | {"fit": old["fit"] | {"threads": 2}}, wanted) == ["fit.threads"]
    assert differing(wanted, old) == ["data.content", "fit.threads"]
    del old["data"]["views"]
    assert differing(old, wanted) == ["data.views"]


def test_commands_refuse_less_than_one_thread(capsys):
    for command in (["run", "x"], ["train", "--data", "x"], ["transfer", "--data", "x"]):
        told = fails(capsys, *command, "--threads", "0")
        assert "Invalid value for '--threads': 0 is not in the range x>=1" in told
