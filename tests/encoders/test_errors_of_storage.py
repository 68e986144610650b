"""Disks that are full, folders that cannot be written, files that are damaged: one line each."""

import errno
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import encoders.pipeline.stages
from encoders.bank.config import BankConfig
from encoders.bank.jobs import MANIFEST, train_bank, write_bank_manifest
from encoders.dataset import TaskonomyDataset
from encoders.dataset.manifest import origin_of
from encoders.engines import Job
from encoders.engines.job import perform
from encoders.errors import InvalidDataError, StorageError, TrainingError
from encoders.errors.storage import read_json, stored_in, trouble
from encoders.tasks import TASKS, Output
from encoders.training.checkpoint import read_config, write_weights
from encoders.training.config import FitConfig
from encoders.training.objective import check_classes
from encoders.transfer import measure as measuring
from encoders.transfer.data import TransferDataConfig
from encoders.transfer.settings import TransferConfig
from taskgraph.errors import InvalidTableError, TaskgraphError
from taskgraph.tables import write_text
from tests.encoders.dataset.test_index import write_folder
from tests.failing import fails

FULL = "the disk of {} is full; free some and run the same command again"

LINES = [
    (errno.ENOSPC, "the disk of /a is full; free some"),
    (errno.EDQUOT, "the disk of /a is full; free some"),
    (errno.EROFS, "/a/b: Read-only file system: give another folder, or the right to write in it"),
    (errno.EACCES, "/a/b: Permission denied: give another folder, or the right to write in it"),
    (errno.ENOTDIR, "/a/b: Not a directory: a part of this path is a file; give another folder"),
    (errno.EFBIG, "/a/b: File too large: the system allows no file of that size; raise the limit"),
    (errno.EMFILE, "/a/b: Too many open files: too many files are open; raise the limit"),
    (errno.EIO, "/a/b: Input/output error: the disk has a fault; give a folder on another one"),
    (errno.EBUSY, "/a/b: Device or resource busy: give another folder, or mend what the system"),
]


def raised(number, name="/a/b"):
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(("number", "line"), LINES, ids=[errno.errorcode[n] for n, _ in LINES])
def test_an_error_of_the_disk_names_the_place_and_the_remedy(number, line):
    assert trouble(raised(number)).startswith(line)
    with pytest.raises(StorageError, match="^" + line.replace("(", r"\(")), stored_in("/c"):
        raise raised(number)
    with pytest.raises(StorageError, match="/c"), stored_in("/c"):
        raise OSError(number, os.strerror(number))


def test_other_errors_stay_what_they_are():
    with pytest.raises(KeyError), stored_in("/c"):
        raise KeyError("a bug")
    label = InvalidDataError("a label")
    label.__context__ = raised(errno.EACCES)
    with pytest.raises(InvalidDataError, match=r"^a label$"), stored_in("/c"):
        raise label
    assert trouble(ValueError("x")) is None
    assert issubclass(StorageError, TaskgraphError)
    assert issubclass(StorageError, OSError)


def test_tables_that_cannot_be_written_and_words_of_other_writers_are_known(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.mkstemp", lambda **_: (_ for _ in ()).throw(raised(errno.EROFS)))
    with pytest.raises(InvalidTableError) as told:
        write_text("x", tmp_path / "a.json")
    assert "Read-only file system" in trouble(told.value, tmp_path)
    words = RuntimeError("Error while serializing: IoError(Os { code: 28, kind: StorageFull })")
    assert trouble(words, tmp_path) == FULL.format(tmp_path)


def failing(number, folder):
    raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EFBIG])
def test_a_job_that_cannot_write_stops_the_run_and_names_its_folder(number, tmp_path):
    report = perform(Job("it", failing, (number, tmp_path / "out")).packed(), os.getcwd(), 1)
    assert report.stops
    assert str(tmp_path / "out") in report.reason
    done = Job("it", failing, (number, tmp_path), done=tmp_path / "measured" / "a.json")
    assert str(tmp_path / "measured") in perform(done.packed(), os.getcwd(), 1).reason


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is broken or cut off \(Expecting value\)"),
        (b'{"half"', "is broken or cut off"),
        (b"\xff\xfe", "is broken or cut off"),
        (b"[1]", "holds no JSON object"),
    ],
)
def test_a_damaged_file_of_ours_is_named(tmp_path, content, message):
    path = tmp_path / "edge2d.json"
    path.write_bytes(content)
    message = f"{path} {message}.*; delete it and run the same command again"
    config = BankConfig("nowhere", fit=FitConfig(epochs=1))
    for read in (
        lambda: read_json(path),
        lambda: write_bank_manifest(tmp_path, config, ""),
        lambda: train_bank(["edge2d"], tmp_path, config),
    ):
        with pytest.raises(InvalidDataError, match=message):
            read()
    path.rename(tmp_path / MANIFEST)
    with pytest.raises(InvalidDataError, match=MANIFEST):
        origin_of(tmp_path)


def test_damaged_metadata_of_weights_is_named(tmp_path):
    path = tmp_path / "a.safetensors"
    write_weights(path, {"a": torch.zeros(3)}, {"task": "edge2d"})
    content = path.read_bytes()
    path.write_bytes(content.replace(b'{\\"task', b'[\\"task'))
    with pytest.raises(InvalidDataError, match=r'a\.safetensors: the "config" in its metadata is'):
        read_config(path)
    path.write_bytes(content[:40])
    with pytest.raises(InvalidDataError, match="not a whole safetensors file"):
        read_config(path)


def test_python_raises_what_the_command_line_says(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    data = write_folder(tmp_path / "data", domains=("rgb",))
    out = tmp_path / "file" / "out"
    line = f"{out}: Not a directory: a part of this path is a file; give another folder"
    with pytest.raises(StorageError) as told:
        train_bank(["edge2d"], out, BankConfig("nowhere"))
    assert str(told.value) == line
    for command in (
        ["run", out],
        ["train", "--data", data, "--tasks", "edge2d", "-o", out],
        ["transfer", "--data", "nowhere", "--targets", "edge2d", "--sources", "edge2d", "-o", out],
    ):
        told = f'"{tmp_path / "file"}" is a file, expected a folder; name another place'
        assert fails(capsys, *command) == f"Error: {out}: {told}\n"


def test_train_tells_data_and_splits_that_cannot_be_used_once(tmp_path, capsys):
    """The error is printed once, and not for each of 25 tasks."""
    out = tmp_path / "bank"
    data = write_folder(tmp_path / "data", domains=("rgb",))
    splits = tmp_path / "splits.csv"
    splits.write_text("id,train,val,test\nx,1,0,0\ny,0,1,0\nz,0,0,1\n")
    command = ["train", "-o", out, "--data"]
    assert "nowhere: no such folder; make one" in fails(capsys, *command, "nowhere")
    assert f"{splits}: a file, not a folder; make one" in fails(capsys, *command, splits)
    told = fails(capsys, *command, data, "--splits", splits)
    assert f"{splits}: none of the data set's buildings is in the split train; they are alp" in told
    splits.write_bytes(bytes(range(128, 256)))
    assert "is no CSV text; give" in fails(capsys, *command, data, "--splits", splits)
    assert not out.exists()


def test_a_full_disk_in_any_stage_of_run_is_one_line_and_what_is_there_stays(
    tmp_path, monkeypatch, capsys
):
    def full(out, **_):
        (Path(out).parent / "kept").write_text("")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(encoders.pipeline.stages, "make", full)
    assert fails(capsys, "run", tmp_path / "x") == f"Error: {FULL.format(tmp_path / 'x')}\n"
    assert (tmp_path / "x" / "kept").exists()


def test_a_disk_without_room_for_the_cache_is_told_and_leaves_nothing(tmp_path, monkeypatch):
    """Room is set aside first: to fill a sparse file on a full disk would end the process."""
    write_folder(tmp_path, domains=("rgb",))
    sizes = []

    def full(file, start, size):
        sizes.append(size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", full)
        with pytest.raises(StorageError, match=FULL.format(tmp_path / ".cache-8")):
            TaskonomyDataset(tmp_path, ["autoencoder"], "all")
    assert sizes[0] >= 36 * 8 * 8 * 3
    assert not list((tmp_path / ".cache-8").glob("*.npy"))
    assert not list((tmp_path / ".cache-8").glob(".*.part"))
    assert len(TaskonomyDataset(tmp_path, ["autoencoder"], "all")) == 36


def test_a_network_of_other_classes_is_refused_with_both_numbers(tmp_path):
    task = replace(TASKS["class_places"], output=Output("classes", 63))
    path = tmp_path / "class_places.safetensors"
    check_classes(task, {"output": {"size": 63}}, path)
    check_classes(task, {}, path)  # the random encoder has no output
    message = (
        rf"{path}: this network of class_places knows 10 classes, and the labels of the data set "
        r"have 63; train one on this data \(`taskgraph train --data DIR --tasks class_places -o"
    )
    with pytest.raises(InvalidDataError, match=message):
        check_classes(task, {"output": {"size": 10}}, path)
    write_weights(path, {"a": torch.zeros(1)}, {"output": {"size": 10}})
    pool = SimpleNamespace(task=task, train=None, valid=None, test=None)
    config = TransferConfig(str(tmp_path), TransferDataConfig("nowhere"))
    with pytest.raises(InvalidDataError, match=message):
        measuring._prepared(config, tmp_path, pool, ("self",))


@pytest.mark.slow
def test_a_bank_of_other_data_is_refused_and_so_is_a_sweep(tmp_path):
    """A label that is rewritten after training: with as many bytes, and the old time."""
    root = write_folder(tmp_path / "data", domains=("rgb", "edge_texture"), side=64)
    config = BankConfig(str(root), fit=FitConfig(epochs=1, batch=4), references=False)
    out = tmp_path / "bank"
    assert not train_bank(["edge2d"], out, config).failures
    assert not train_bank(["edge2d"], out, config).records  # it stands
    first, second = sorted((root / "edge_texture" / "alpha").iterdir())[:2]
    first.write_bytes(second.read_bytes())
    message = r"edge2d\.json is of other data: files of .*/data that edge2d is trained on have been"
    with pytest.raises(TrainingError, match=message):
        train_bank(["edge2d"], out, config)
