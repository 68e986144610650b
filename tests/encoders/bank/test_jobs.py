"""A bank's tasks as jobs: killed, failing and left ones, and what is measured again."""

import contextlib
import json
import os
import signal
from multiprocessing import active_children

import pytest
import torch

import encoders.bank.jobs
from encoders.bank.config import BankConfig
from encoders.bank.jobs import MANIFEST, train_bank
from encoders.bank.training import train_task
from encoders.engines import LocalEngine
from encoders.engines.job import perform
from encoders.tasks import TASKS
from encoders.training.checkpoint import read_weights
from encoders.training.config import FitConfig
from tests.encoders.engines import engine_jobs

FIT = FitConfig(epochs=3, batch=8, precision="32-true", accelerator="cpu")
CONFIG = BankConfig("nowhere", fit=FIT, references=False)


class Here:
    """An engine of one's own: each job at once, in this process."""

    places, shared = 1, False

    def opened(self):
        return contextlib.nullcontext(self)

    def begin(self, key, packed):
        self.report = [(key, perform(packed, os.getcwd(), torch.get_num_threads()))]

    def ended(self, timeout):
        return self.report


@pytest.fixture(scope="module")
def world(shared_world):
    return shared_world(buildings=3, views=16, size=64, seed=1)


@pytest.fixture
def pretend(monkeypatch):
    """Tasks that write a record at once, but for those whose names ask for worse."""
    monkeypatch.setattr(encoders.bank.jobs, "train_task", engine_jobs.pretend_training)
    monkeypatch.setattr(encoders.bank.jobs, "index_of_run", lambda data, tasks: None)
    monkeypatch.setattr(encoders.bank.jobs, "keep_index", lambda index, folder: None)
    monkeypatch.setattr(BankConfig, "task", lambda config, name: TASKS.get(name, TASKS["edge2d"]))
    monkeypatch.setattr(BankConfig, "with_tasks", lambda config, names: (list(names), config))


def told(bank):
    return [record["task"] for record in json.loads((bank / MANIFEST).read_text())["tasks"]]


@pytest.mark.slow
@pytest.mark.usefixtures("pretend")
def test_a_task_that_crashes_its_process_ends_no_other(tmp_path):
    names = ["autoencoder", "crash", "edge2d", "nan", "fix_pose"]
    done = train_bank(names, tmp_path, CONFIG)
    assert set(done.records) == {"autoencoder", "edge2d", "fix_pose"}
    assert done.failures == {
        "crash": "its process was ended from outside (killed, or out of memory), "
        "at each of 2 attempts",
        "nan": "the loss of epoch 0 is nan",
    }
    assert told(tmp_path) == ["autoencoder", "edge2d", "fix_pose"]


@pytest.mark.usefixtures("pretend")
def test_the_manifest_is_written_after_each_task(tmp_path, monkeypatch):
    written = []
    whole = encoders.bank.jobs.write_bank_manifest

    def write(out, *rest):
        whole(out, *rest)
        written.append(told(out))

    monkeypatch.setattr(encoders.bank.jobs, "write_bank_manifest", write)
    train_bank(["autoencoder", "edge2d"], tmp_path, CONFIG, engine=Here())
    assert written[0] == ["autoencoder"]
    assert written[-1] == ["autoencoder", "edge2d"]


@pytest.mark.usefixtures("pretend")
def test_a_full_disk_is_told_with_what_was_not_begun(tmp_path):
    done = train_bank(["autoencoder", "full", "edge2d", "nan"], tmp_path, CONFIG, engine=Here())
    assert set(done.records) == {"autoencoder"}
    full = f"the disk of {tmp_path} is full; free some and run the same command again"
    assert done.failures == {
        "full": full,
        "edge2d": "was not started, as the disk is full",
        "nan": "was not started, as the disk is full",
    }


@pytest.mark.usefixtures("pretend")
def test_a_manifest_that_the_disk_has_no_room_for_is_told(tmp_path, monkeypatch):
    def write(*_):
        engine_jobs.full_disk(tmp_path, named=False)

    monkeypatch.setattr(encoders.bank.jobs, "write_bank_manifest", write)
    done = train_bank(["autoencoder"], tmp_path, CONFIG, engine=Here())
    assert set(done.records) == {"autoencoder"}
    full = f"the disk of {tmp_path} is full; free some and run the same command again"
    assert done.failures == {MANIFEST: full}

    def wrong(*_):
        raise KeyError("a bug")

    monkeypatch.setattr(encoders.bank.jobs, "write_bank_manifest", wrong)
    with pytest.raises(KeyError, match="a bug"):
        train_bank(["autoencoder"], tmp_path, CONFIG, engine=Here())


@pytest.mark.slow
def test_a_worker_killed_in_its_training_leaves_the_weights_of_an_undisturbed_one(world, tmp_path):
    config = BankConfig(str(world), fit=FIT, references=False)
    disturbed, plain = tmp_path / "disturbed", tmp_path / "plain"
    victims = set()

    def kill(done, total, label):
        if done and not victims:
            victims.update(child.pid for child in active_children())
            for victim in victims:
                os.kill(victim, signal.SIGKILL)

    threads = torch.get_num_threads()
    engine = LocalEngine(1, threads=threads)
    done = train_bank(["edge2d"], disturbed, config, engine=engine, progress=kill)
    assert len(victims) == 1
    assert not done.failures
    plain.mkdir()
    record = train_task("edge2d", plain, config)
    ours, theirs = (read_weights(out / "edge2d.safetensors")[0] for out in (disturbed, plain))
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    assert done.records["edge2d"]["test_loss"] == record["test_loss"]


@pytest.mark.usefixtures("pretend")
def test_a_source_only_task_is_finished_without_a_read_out_from_the_random_encoder(tmp_path):
    config = BankConfig("nowhere", fit=FIT)
    for name, losses in (("colorization", ["self", "average"]), ("edge2d", ["self", "average"])):
        engine_jobs.pretend_training(name, tmp_path, config, losses)
    again = train_bank(["colorization", "edge2d"], tmp_path, config, engine=Here())
    assert set(again.records) == {"edge2d"}
