"""Transfers: pools of unseen buildings, stored representations, read-outs, and whole sweeps."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock, call

import numpy as np
import pandas as pd
import pytest
import torch

from encoders import TASKS, TaskonomyDataset
from encoders.bank.pretrained import load
from encoders.cli.run import cores
from encoders.dataset import split_buildings
from encoders.engines import LocalEngine, RayEngine
from encoders.errors import InvalidDataError, TrainingError, UnknownNameError
from encoders.networks.readout import ReadOut, TransferNetwork
from encoders.networks.source_spec import ExternalSource
from encoders.training.config import FitConfig
from encoders.training.loop import losses
from encoders.training.objective import loss_of
from encoders.transfer import measure as measuring
from encoders.transfer.alone import alone_in
from encoders.transfer.candidates import SubsetsOfBest
from encoders.transfer.closed import measure_by_ridge, penalty_of, proposals, ranked, screen
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import TransferDataConfig, divided, evenly, open_transfer_data
from encoders.transfer.families import families, lacks_some
from encoders.transfer.file_names import LOSSES, RECORDS, TRANSFERS
from encoders.transfer.gather import gather
from encoders.transfer.jobs import encode_source, first_transfers, set_transfers
from encoders.transfer.measure import measure_transfer
from encoders.transfer.readouts import READOUTS
from encoders.transfer.records import place_of
from encoders.transfer.represented import Represented
from encoders.transfer.settings import SweepConfig, TransferConfig, resolve_tasks
from encoders.transfer.store import (
    Store,
    input_kind,
    seen_by,
    views_of,
    write_representations,
    write_views,
)
from encoders.transfer.sweep import sweep
from taskgraph.cli import run as command
from taskgraph.tables import read_losses, read_transfers
from tests.encoders.untrained import write_untrained
from tests.failing import fails

TARGETS = ("class_places", "denoise", "fix_pose", "rgb2depth")
SOURCES = ("colorization", "edge2d", "fix_pose", "random", "rgb2depth")


@pytest.fixture(scope="module")
def world(world_of_14):
    return world_of_14


@pytest.fixture(scope="module")
def bank(world, tmp_path_factory):
    """Networks before any training, in the files that training leaves."""
    out = tmp_path_factory.mktemp("transfer") / "bank"
    names = sorted({*TARGETS, *SOURCES} - {"random"})
    return write_untrained(out, TaskonomyDataset(world, names, "train", progress=False))


@pytest.fixture(scope="module")
def pool(world):
    return TransferDataConfig(str(world), train=6, valid=4, test=8)


@pytest.fixture(scope="module")
def config(bank, pool):
    return TransferConfig(str(bank), pool, FitConfig(epochs=1, batch=4))


@pytest.fixture(scope="module")
def encoded(tmp_path_factory, bank, pool):
    """A store with all the sources, for all the targets."""
    store = Store(tmp_path_factory.mktemp("transfer") / "representations")
    write_views(store, views_of(pool, TARGETS))
    plain = TaskonomyDataset(pool.data, ["autoencoder"], "all", constants={}, progress=False)
    for source in SOURCES:
        encoder = load(source, bank).encoder
        write_representations(encoder, plain, "autoencoder", store, source)
        write_representations(
            encoder, open_transfer_data(pool, "denoise").train.dataset, "denoise", store, source
        )
    return store


@pytest.fixture
def stored(tmp_path, encoded):
    """The same, in the folder of a new sweep."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "representations").symlink_to(encoded.folder)
    return Store(tmp_path / "out" / "representations")


# --- the pool ---


def test_no_image_of_the_pool_is_of_a_building_that_encoders_saw(pool, world):
    split = split_buildings([f"building_{n:04d}" for n in range(14)], None)
    found = open_transfer_data(pool, "rgb2depth")
    of = {
        name: {image.split("/")[0] for image in part.images()}
        for name, part in (("train", found.train), ("valid", found.valid), ("test", found.test))
    }
    assert of["train"] | of["valid"] <= set(split["val"])
    assert not of["train"] & of["valid"]
    assert of["test"] <= set(split["test"])
    assert [len(part) for part in (found.train, found.valid, found.test)] == [6, 4, 8]


def test_less_data_is_every_fourth_or_sixteenth_image(pool):
    whole = open_transfer_data(replace(pool, train=999), "rgb2depth")
    fourth = open_transfer_data(replace(pool, train=999, subsample=4), "rgb2depth")
    assert fourth.train.images() == whole.train.images()[::4]
    assert fourth.test.images() == whole.test.images()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"subsample": 3}, "subsample is 3, expected 1, 4 or 16"),
        ({"train": 0}, "train is 0 images, expected 1 or more"),
    ],
)
def test_a_pool_that_cannot_be_is_refused(settings, message):
    with pytest.raises(InvalidDataError, match=message):
        TransferDataConfig("world", **settings)


def test_one_building_cannot_be_divided():
    with pytest.raises(InvalidDataError, match=r"the val split has 1 building.*at least 10"):
        divided(["alpha"], 0)


def test_a_quarter_of_the_buildings_is_for_validation_whatever_the_seed():
    names = [f"b{n:02d}" for n in range(30)]
    seen = set()
    for seed in range(5):
        train, valid = divided(names, seed)
        assert sorted([*train, *valid]) == names
        assert len(valid) == 7
        seen.add(tuple(valid))
    assert len(seen) == 5


def test_images_are_spread_evenly():
    assert evenly(np.arange(10), 99).tolist() == list(range(10))
    assert evenly(np.arange(10), 5).tolist() == [1, 3, 5, 7, 9]
    assert np.diff(evenly(np.arange(1000), 300)).max() <= 4


# --- the store ---


@pytest.mark.parametrize("target", TARGETS)
def test_stored_representations_are_what_the_encoder_gives(stored, bank, pool, target):
    views = open_transfer_data(pool, target).test
    kind = input_kind(TASKS[target])
    examples = Represented(views, stored, ("edge2d", "rgb2depth"), kind)
    given, target_, mask = views.batch([0, 5, 2])
    found, same_target, same_mask = examples.batch([0, 5, 2])
    assert torch.equal(same_target, target_)
    assert torch.equal(same_mask, mask)
    pictures = given if given.ndim == 5 else given[:, None]
    one, other = (load(name, bank).encoder for name in ("edge2d", "rgb2depth"))
    with torch.no_grad():
        parts = [
            encoder(pictures[:, k]) for k in range(pictures.shape[1]) for encoder in (one, other)
        ]
    torch.testing.assert_close(found, torch.cat(parts, 1), rtol=2e-3, atol=2e-3)


def test_denoising_is_shown_noise(stored, pool):
    rows = open_transfer_data(pool, "denoise").test.pictures(np.arange(8))
    clean, noisy = (stored.of("rgb2depth", kind, rows) for kind in ("rgb", "denoise"))
    assert clean.shape == noisy.shape == (8, 1, 8, 16, 16)
    assert np.abs(clean.astype(float) - noisy.astype(float)).mean() > 1e-3


def test_an_encoder_of_one_channel_is_shown_the_lightness(bank, pool):
    encoder = load("colorization", bank).encoder
    plain = TaskonomyDataset(pool.data, ["autoencoder"], "all", constants={}, progress=False)
    gray = TaskonomyDataset(pool.data, ["colorization"], "all", constants={}, progress=False)
    seen = seen_by(encoder, plain.batch("autoencoder", [0, 1])[0])
    torch.testing.assert_close(seen, gray.batch("colorization", [0, 1])[0])


def test_encoders_and_networks_compute_where_fabric_says(config, pool, tmp_path, monkeypatch):
    """The device "meta" stands for a GPU that Ray lends: it takes its own tensors alone.

    So it says that nothing can be copied out of it only if network and pictures were both on it.
    """
    device = torch.device("meta")
    meta = SimpleNamespace(device=device, to_device=lambda batch: [x.to(device) for x in batch])
    monkeypatch.setattr(FitConfig, "fabric", lambda self: meta)
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
        losses(
            meta,
            load("rgb2depth", config.bank),
            loss_of(TASKS["rgb2depth"], {}),
            open_transfer_data(pool, "rgb2depth").test,
            config.fit,
        )
    write_views(Store(tmp_path / "representations"), views_of(pool, ["rgb2depth"]))
    for source in ("edge2d", "colorization"):
        with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):
            encode_source(config, tmp_path, source, "autoencoder")


def test_a_store_tells_what_it_lacks(stored, pool):
    with pytest.raises(InvalidDataError, match=r"curvature\.npy does not exist: that source"):
        stored.of("curvature", "rgb", np.array([[0]]))
    train = TaskonomyDataset(pool.data, ["autoencoder"], "train", progress=False)
    with pytest.raises(InvalidDataError, match="no representation of view"):
        stored.of("edge2d", "rgb", train.rows[:1])
    with pytest.raises(InvalidDataError, match="is of other views"):
        write_views(stored, np.arange(3))


# --- one transfer ---


@pytest.mark.parametrize("target", TARGETS)
def test_a_measured_transfer_is_the_whole_network_on_the_pictures(
    stored, config, target, monkeypatch
):
    """Oracle: encoder and read-out in one network, given pictures, without the store."""
    out, made = stored.folder.parent, []
    genuine = measuring.read_out
    monkeypatch.setattr(measuring, "read_out", lambda *a: made.append(genuine(*a)) or made[-1])
    record = measure_transfer(config, out, target, ("edge2d",))
    pool = open_transfer_data(config.pool, target)
    whole = TransferNetwork(load("edge2d", config.bank).encoder, made[0], pool.task.inputs)
    assert isinstance(made[0], ReadOut)
    each = losses(
        config.fit.fabric(), whole, loss_of(pool.task, pool.constants), pool.test, config.fit
    )
    frame = pd.read_parquet(place_of(out, target, ("edge2d",)).with_suffix(".parquet"))
    there = ~np.isnan(each)
    np.testing.assert_allclose(frame["loss"], each[there], rtol=5e-3, atol=5e-3)
    assert frame["image"].tolist() == list(np.array(pool.test.images())[there])
    assert record["test_loss"] == pytest.approx(frame["loss"].mean())
    assert record["order"] == 1


def test_self_is_the_banks_own_network(stored, config):
    out = stored.folder.parent
    record = measure_transfer(config, out, "rgb2depth", ("self",))
    pool = open_transfer_data(config.pool, "rgb2depth")
    given, target, mask = pool.test.batch(range(8))
    with torch.no_grad():
        answer = load("rgb2depth", config.bank)(given)
    each = (answer - target).abs()[:, 0]
    expected = [(e[m].mean()).item() for e, m in zip(each, mask, strict=True)]
    assert record["test_loss"] == pytest.approx(np.mean(expected), rel=1e-4)
    assert record["order"] == 0


def test_what_was_measured_is_not_measured_again(stored, config, monkeypatch):
    out = stored.folder.parent
    first = measure_transfer(config, out, "rgb2depth", ("edge2d", "random"))
    monkeypatch.setattr(measuring, "fit", lambda *a, **k: pytest.fail("trained again"))
    assert measure_transfer(config, out, "rgb2depth", ("edge2d", "random")) == first
    assert not (out / "runs" / "rgb2depth" / "edge2d+random").exists()


def test_a_loss_that_is_no_number_is_told_and_leaves_no_record(stored, config):
    out = stored.folder.parent
    broken = replace(config, fit=replace(config.fit, learning_rate=1e30, clip=1e30, epochs=3))
    with pytest.raises(TrainingError, match="loss became"):
        measure_transfer(broken, out, "rgb2depth", ("edge2d",))
    assert not place_of(out, "rgb2depth", ("edge2d",)).exists()


# --- the sweep ---


@pytest.fixture
def small(config):
    more = replace(config, pool=replace(config.pool, test=12))
    return SweepConfig(more, ("class_places", "rgb2depth"), SOURCES[:4], max_order=3)


@pytest.mark.slow
def test_a_sweep_ends_with_tables_that_taskgraph_solves(small, tmp_path, capsys):
    out = tmp_path / "sweep"
    swept = sweep(small, out, LocalEngine(jobs=2))
    assert not swept.failures
    assert swept.stopped is None
    # 3 references, 4 single sources, their pairs and triples, for each target
    assert len(swept.records) == 2 * (3 + 4 + 6 + 4)
    found = gather(swept.records, out, bootstrap=20)
    table = read_transfers(out / TRANSFERS)
    assert set(table.frame["target"]) == {"class_places", "rgb2depth"}
    average = table.frame[table.frame["sources"] == "average"]
    assert set(average["target"]) == set(table.targets)
    assert average["affinity"].isna().all()
    assert "average" not in table.sources
    assert {"low", "high", "gain", "quality"} <= set(table.frame.columns)
    assert len(table.frame) == len(found.transfers.frame)
    assert len(read_losses(out / LOSSES).clusters) == 12
    assert len(pd.read_csv(out / RECORDS)) == len(swept.records)
    assert command(["solve", str(out / TRANSFERS), "--budget", "2"]) == 0
    capsys.readouterr()
    again = sweep(small, out, LocalEngine(jobs=1))
    assert again.records == swept.records


def test_sets_are_chosen_by_validation_losses_alone(small, tmp_path):
    for number, source in enumerate(SOURCES[:4]):
        path = place_of(tmp_path, "rgb2depth", (source,))
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "target": "rgb2depth",
            "sources": source,
            "order": 1,
            "valid_loss": number,
            "test_loss": -number,
        }
        path.write_text(json.dumps(record))
    seen = []

    def rule(target, ranked, max_order):
        seen.append((target, tuple(ranked), max_order))
        return [tuple(sorted(ranked[:2]))]

    small = replace(small, targets=("rgb2depth",))
    assert set_transfers(small, tmp_path, rule) == [("rgb2depth", tuple(sorted(SOURCES[:2])))]
    assert seen == [("rgb2depth", SOURCES[:4], 3)]


def test_every_target_has_its_references_and_all_sources_but_itself(small):
    found = first_transfers(replace(small, targets=("fix_pose", "rgb2depth")))
    assert ("rgb2depth", ("scratch",)) in found
    assert ("fix_pose", ("fix_pose",)) not in found
    assert ("rgb2depth", ("fix_pose",)) in found
    assert len(found) == (3 + 3) + (3 + 4)


def test_a_second_sweep_in_the_same_folder_is_refused_while_the_first_one_runs(small, tmp_path):
    with alone_in(tmp_path), pytest.raises(TrainingError, match="another sweep is writing into"):
        sweep(small, tmp_path, LocalEngine(jobs=1))
    assert not (tmp_path / "config.json").exists()
    with alone_in(tmp_path):
        pass  # the lock is free again


def test_another_configuration_is_refused(small, tmp_path):
    write_or_check_config(small, tmp_path)
    write_or_check_config(small, tmp_path)
    fit = replace(small.transfer.fit, epochs=9)
    with pytest.raises(TrainingError, match=r"another transfer\.fit\.epochs; write to another"):
        write_or_check_config(replace(small, transfer=replace(small.transfer, fit=fit)), tmp_path)


def test_a_sweep_goes_on_when_its_folders_have_moved(small, tmp_path):
    """Hashes say that the networks and the data are the same."""
    out = tmp_path / "sweep"
    write_or_check_config(small, out)
    places = {"data": tmp_path / "world", "bank": tmp_path / "bank"}
    places["data"].symlink_to(Path(small.transfer.pool.data).resolve())
    places["bank"].symlink_to(Path(small.transfer.bank).resolve())
    pool = replace(small.transfer.pool, data=str(places["data"]))
    moved = replace(small.transfer, pool=pool, bank=str(places["bank"]))
    write_or_check_config(replace(small, transfer=moved), out)
    written = json.loads((out / "config.json").read_text())["transfer"]
    assert (written["pool"]["data"], written["bank"]) == (pool.data, moved.bank)
    config = json.loads((out / "config.json").read_text())
    del config["content"]  # as in an earlier version
    (out / "config.json").write_text(json.dumps(config))
    with pytest.raises(TrainingError, match=r"another transfer\.bank, transfer\.pool\.data"):
        write_or_check_config(small, out)


def test_config_json_keeps_the_keys_of_version_0_1(small, tmp_path):
    pool = replace(small.transfer.pool, subsample=4)
    small = replace(small, transfer=replace(small.transfer, pool=pool))
    write_or_check_config(small, tmp_path)
    written = json.loads((tmp_path / "config.json").read_text())["transfer"]["pool"]
    old = Path(__file__).parent / "sweep_of_0_1" / "config.json"
    assert written.keys() == json.loads(old.read_text())["transfer"]["pool"].keys()
    assert written["less"] == 4
    assert TransferDataConfig.from_record(written) == pool


def test_a_kind_of_read_outs_decides_the_stages_of_a_sweep():
    stages, calls = Mock(), []
    for name in ("trained", "ridge"):
        READOUTS[name].measure(stages, "rule")
        calls.append(stages.mock_calls[:])
        stages.reset_mock()
    assert calls == [
        [call.train_references(single_sources=True), call.train_sets("rule")],
        [call.train_references(single_sources=False), call.solve_by_ridge("rule")],
    ]


def test_an_unknown_kind_of_read_outs_is_refused(config, tmp_path, capsys):
    message = 'readout is "lasso", expected trained or ridge'
    with pytest.raises(UnknownNameError, match=message):
        SweepConfig(config, ("rgb2depth",), SOURCES, readout="lasso")
    message = "'lasso' is not one of 'trained', 'ridge'"
    assert message in fails(capsys, "transfer", "--data", tmp_path, "--readout", "lasso")


def test_names_are_those_of_the_bank_or_those_asked_for(bank):
    targets, sources = resolve_tasks(str(bank))
    assert set(targets) == {"class_places", "denoise", "edge2d", "fix_pose", "rgb2depth"}
    assert "random" in sources
    assert resolve_tasks(str(bank), ("depth",), ("edges", "random")) == (
        ("rgb2depth",),
        ("edge2d", "random"),
    )
    with pytest.raises(InvalidDataError, match="jigsaw can only be a source, not a target"):
        resolve_tasks(str(bank), ("jigsaw",))
    with pytest.raises(UnknownNameError, match='no task "dpeth"; did you mean'):
        resolve_tasks(str(bank), ("dpeth",))


def test_a_network_of_an_own_task_is_a_source_without_its_task(tmp_path):
    for name in ("edge2d", "random", "level"):
        (tmp_path / f"{name}.safetensors").touch()
    assert resolve_tasks(str(tmp_path)) == (("edge2d",), ("edge2d", "random", "level"))
    assert resolve_tasks(str(tmp_path), (), ("level", "edges"))[1] == ("level", "edge2d")
    with pytest.raises(UnknownNameError, match='no task "level"'):
        resolve_tasks(str(tmp_path), ("level",))


def test_an_external_source_has_a_name_of_its_own(config):
    message = 'external source "level" has the name of another source or target'
    level = ExternalSource("level", "torchvision:resnet18")
    for sources in (("level", level), (level, level)):
        with pytest.raises(InvalidDataError, match=message):
            SweepConfig(config, ("rgb2depth",), sources)
    assert SweepConfig(config, ("rgb2depth",), ("edge2d", level)).sources == ("edge2d", "level")


# --- the command ---


def test_the_command_refuses_what_it_cannot_do(world, bank, tmp_path, capsys):
    base = ["transfer", "--data", world, "--bank", bank, "-o", tmp_path / "out"]
    assert "can only be a source, not a target" in fails(capsys, *base, "--targets", "colorization")
    assert "has no curvature; train it" in fails(capsys, *base, "--sources", "curvature")
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / "note").write_text("mine")
    assert "is not empty; give --resume" in fails(capsys, *base)


@pytest.mark.slow
def test_the_command_measures_and_says_where(world, bank, tmp_path, capsys):
    out = tmp_path / "out"
    arguments = [
        "transfer",
        "--data",
        world,
        "--bank",
        bank,
        "-o",
        out,
        "--targets",
        "depth",
        "--sources",
        "edges,random",
        "--images",
        6,
        "--valid-images",
        4,
        "--test-images",
        12,
        "--epochs",
        1,
        "--batch",
        4,
        "--bootstrap",
        5,
        "--jobs",
        2,
    ]
    assert command([str(a) for a in arguments]) == 0
    told = capsys.readouterr().err
    assert "6 measured, 0 failed" in told
    assert Path(out / TRANSFERS).exists()
    assert command([str(a) for a in [*arguments, "--resume"]]) == 0


# --- closed form ---


@pytest.mark.parametrize(
    ("flags", "engine", "workers"),
    [
        ([], LocalEngine(cores()), cores()),
        (["--jobs", "3"], LocalEngine(3), 3),
        (["--engine", "ray"], RayEngine(), cores()),
        (["--engine", "ray", "--jobs", "30", "--gpus", ".5"], RayEngine(jobs=30, gpus=0.5), 30),
        (["--engine", "ray", "--gpus", "0", "--threads", "2"], RayEngine(cpus=2, gpus=0), cores()),
    ],
)
def test_run_leaves_the_number_of_jobs_to_the_cluster(
    flags, engine, workers, tmp_path, monkeypatch, capsys
):
    """The cores of the machine that starts the run make the scenes alone."""
    made = {}

    def pipeline(_plan, _out, engine, *, workers, **_):
        made.update(engine=engine, workers=workers)
        raise TrainingError("that is all")

    monkeypatch.setattr("encoders.pipeline.stages.Pipeline", pipeline)
    assert fails(capsys, "run", tmp_path / "out", *flags) == "Error: that is all\n"
    assert made == {"engine": engine, "workers": workers}


def test_transfer_hands_its_flags_to_the_engine(world, bank, tmp_path, monkeypatch, capsys):
    made = []

    def sweep(_config, _out, engine, **_):
        made.append(engine)
        raise TrainingError("that is all")

    monkeypatch.setattr("encoders.transfer.sweep.sweep", sweep)
    asked = ["transfer", "--data", world, "--bank", bank, "-o", tmp_path / "out"]
    assert fails(capsys, *asked, "--engine", "ray", "--gpus", ".25") == "Error: that is all\n"
    assert fails(capsys, *asked, "--engine", "ray") == "Error: that is all\n"
    assert made == [RayEngine(gpus=0.25), RayEngine()]
    assert fails(capsys, *asked, "--gpus", ".5") == (
        'Error: the engine "local" sets no GPUs aside, but 0.5 are given; --gpus is for the engine '
        "ray\n"
    )
    assert "2.0 is not in the range 0<=x<=1" in fails(capsys, *asked, "--gpus", "2")


def test_targets_share_moments_only_with_those_that_see_the_same():
    found = families(("rgb2depth", "denoise", "class_places", "edge2d", "fix_pose", "room_layout"))
    assert [(f.name, f.targets, f.kind, f.form) for f in found] == [
        ("local", ("rgb2depth", "edge2d"), "rgb", "local"),
        ("local-denoise", ("denoise",), "denoise", "local"),
        ("pooled", ("class_places", "room_layout"), "rgb", "pooled"),
        ("fix_pose", ("fix_pose",), "rgb", "related"),
    ]
    alone = families(("class_places", "class_1000", "point_match"), ("class_1000",))
    assert [(f.name, f.form) for f in alone] == [
        ("pooled", "pooled"),
        ("class_1000", "pooled"),
        ("point_match", "compared"),
    ]


def test_targets_that_some_pictures_lack_are_found(pool):
    """At most a fifth of views have no main object; all have a scene."""
    whole = replace(pool, train=999, valid=999, test=999)
    assert lacks_some(open_transfer_data(whole, "non_fixated_pose"))
    assert not lacks_some(open_transfer_data(whole, "class_places"))
    assert not lacks_some(open_transfer_data(whole, "rgb2depth"))


def ridge_by_hand(stored, pool, target, sources, penalty):
    """Scikit-learn's ridge on features cut out in plain loops; (N, S, S) answers on test images."""
    from sklearn.linear_model import Ridge

    whole = open_transfer_data(pool, target)
    both = [
        np.concatenate(
            [stored.of(s, "rgb", v.pictures(range(len(v))))[:, 0] for s in sources], 1
        ).astype(np.float64)
        for v in (whole.train, whole.test)
    ]
    mean, scale = both[0].mean((0, 2, 3), keepdims=True), both[0].std((0, 2, 3), keepdims=True)
    rows = []
    for each in both:
        padded = np.pad(np.clip((each - mean) / scale, -5, 5), ((0, 0), (0, 0), (1, 1), (1, 1)))
        rows.append(
            np.array(
                [
                    padded[n, :, y : y + 3, x : x + 3].ravel()
                    for n in range(len(each))
                    for y in range(16)
                    for x in range(16)
                ]
            )
        )
    _, target_, mask = whole.train.batch(np.arange(len(whole.train)))
    values = np.where(mask.numpy(), target_[:, 0].numpy(), np.nan)
    cut = np.array(
        [
            v[4 * y : 4 * y + 4, 4 * x : 4 * x + 4].ravel()
            for v in values
            for y in range(16)
            for x in range(16)
        ]
    )
    cut = np.where(np.isnan(cut), np.nanmean(cut, 0), cut)
    variance = rows[0].var(0)
    model = Ridge(alpha=penalty * len(rows[0])).fit(rows[0] / np.sqrt(variance), cut)
    answers = model.predict(rows[1] / np.sqrt(variance))
    tiles = answers.reshape(-1, 16, 16, 4, 4).transpose(0, 1, 3, 2, 4)
    return tiles.reshape(-1, 64, 64)


@pytest.fixture
def closed(config):
    return SweepConfig(
        config, ("rgb2depth", "class_places"), SOURCES[:4], max_order=2, readout="ridge"
    )


def test_a_ridge_read_out_of_a_map_is_scikit_learns(closed, stored):
    out = stored.folder.parent
    measure_by_ridge(closed, out, SubsetsOfBest(2))
    result = screen(closed, out)
    pool = open_transfer_data(closed.transfer.pool, "rgb2depth")
    for sources in [("edge2d",), ("edge2d", "random")]:
        penalty = penalty_of(result, "rgb2depth", sources)
        answers = ridge_by_hand(stored, closed.transfer.pool, "rgb2depth", sources, penalty)
        _, target, mask = pool.test.batch(range(len(pool.test)))
        away = np.abs(np.clip(answers, -1, 1) - target[:, 0].numpy())
        expected = [a[m].mean() for a, m in zip(away, mask.numpy(), strict=True)]
        path = place_of(out, "rgb2depth", sources)
        if not path.exists():  # not among the two best
            assert len(sources) == 2
            continue
        found = pd.read_parquet(path.with_suffix(".parquet"))["loss"]
        np.testing.assert_allclose(found, expected, rtol=1e-3)
        assert json.loads(path.read_text())["readout"] == "ridge"


def test_a_screen_that_is_there_is_only_read(closed, stored, monkeypatch):
    out = stored.folder.parent
    first = screen(closed, out)
    monkeypatch.setattr("encoders.transfer.closed.moments", lambda *_: pytest.fail("again"))
    again = screen(closed, out)
    np.testing.assert_array_equal(first.error_valid[2], again.error_valid[2])
    proposed = proposals(first, closed.targets, 2, 3)
    assert len(proposed["rgb2depth"]) == 3
    assert [error for _, error in proposed["rgb2depth"]] == sorted(
        error for _, error in proposed["rgb2depth"]
    )
    errors = first.error_valid[1][:, first.targets.index("rgb2depth")].tolist()
    others = {name: e for name, e in zip(first.sources, errors, strict=True) if name != "rgb2depth"}
    assert ranked(first, "rgb2depth") == sorted(others, key=others.get)


@pytest.mark.slow
def test_a_sweep_by_ridge_ends_with_the_same_tables(small, tmp_path):
    closed = replace(small, max_order=2, readout="ridge")
    swept = sweep(closed, tmp_path / "sweep", LocalEngine(jobs=2))
    assert not swept.failures
    # 3 references, 4 single sources, the 6 pairs of the four best
    assert len(swept.records) == 2 * (3 + 4 + 6)
    found = gather(swept.records, tmp_path / "sweep", bootstrap=5)
    assert set(found.transfers.frame["target"]) == {"rgb2depth", "class_places"}
