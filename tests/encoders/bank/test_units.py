"""A bank's networks are judged in the data's units, by their own preset and picture size."""

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.spatial.transform import Rotation

from encoders import TASKS, TaskonomyDataset
from encoders.bank.config import BankConfig
from encoders.bank.pretrained import Form, form_of, load
from encoders.bank.training import train_task
from encoders.errors import InvalidDataError, TrainingError
from encoders.scenes.making.make import make
from encoders.tasks.units import conversion
from encoders.training.checkpoint import read_weights, write_weights
from encoders.training.config import FitConfig
from encoders.training.objective import Converted, converted
from encoders.transfer.config_file import write_or_check_config
from encoders.transfer.data import TransferDataConfig, open_transfer_data
from encoders.transfer.measure import forget_unconverted, measure_transfer
from encoders.transfer.records import place_of
from encoders.transfer.settings import SweepConfig, TransferConfig
from encoders.transfer.store import Store, views_of, write_representations, write_views
from tests.encoders.untrained import write_untrained
from tests.failing import fails

CEILINGS = ("edge2d", "edge3d", "keypoint2d")
STANDARDIZED = ("curvature", "ego_motion", "fix_pose", "non_fixated_pose", "room_layout")
UNITLESS = ("class_places", "rgb2depth")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("units") / "world"
    make(out, buildings=5, views=16, size=64, seed=2)
    # Only buildings 1 and 3 have pictures of two points that see a point in common.
    parts = {"train": [3], "val": [0, 2], "test": [1, 4]}
    rows = ["id,train,val,test"]
    rows += [
        f"building_{n:04d}," + ",".join(str(int(n in of)) for of in parts.values())
        for n in range(5)
    ]
    (out / "splits.csv").write_text("\n".join(rows))
    return out


@pytest.fixture(scope="module")
def data(world):
    names = (*CEILINGS, *STANDARDIZED, *UNITLESS)
    return TaskonomyDataset(
        world, names, "train", size=64, splits=world / "splits.csv", progress=False
    )


@pytest.fixture(scope="module")
def bank(data, tmp_path_factory):
    """Networks that were trained, it is said, with the constants of these very data."""
    return write_untrained(tmp_path_factory.mktemp("units") / "bank", data)


@pytest.fixture(scope="module")
def other(bank, tmp_path_factory):
    """The same networks, trained, it is said, with other constants."""
    out = tmp_path_factory.mktemp("units") / "other"
    shutil.copytree(bank, out)
    for name in (*CEILINGS, *STANDARDIZED):
        tensors, record = read_weights(bank / f"{name}.safetensors")
        write_weights(out / f"{name}.safetensors", tensors, record | {"constants": changed(record)})
    return out


def changed(record):
    """A ceiling a third higher; means moved by up to a spread, spreads by up to a half."""
    constants = dict(record["constants"])
    if "ceiling" in constants:
        return constants | {"ceiling": 1.3 * constants["ceiling"]}
    mean, std = np.array(constants["mean"]), np.array(constants["std"])
    step = np.linspace(-1, 1, len(mean))
    return constants | {
        "mean": (mean + step * std).tolist(),
        "std": (std * (1 + step / 2)).tolist(),
    }


def config_of(bank, world, **sizes):
    sizes = {"train": 6, "valid": 4, "test": 99, "splits": str(world / "splits.csv")} | sizes
    pool = TransferDataConfig(str(world), **sizes)
    return TransferConfig(str(bank), pool, FitConfig(epochs=1, batch=4, precision="32-true"))


def losses_of(out, target):
    path = place_of(out, target, ("self",)).with_suffix(".parquet")
    return pd.read_parquet(path)["loss"].to_numpy()


# --- units ---


def said_by_hand(name, answers, trained, wanted):
    """The raw numbers that a network means, then as the data's labels say raw numbers."""
    shape = (1, -1, *(1,) * (answers.ndim - 2))
    if name in CEILINGS:
        raw = (answers + 1) / 2 * trained["ceiling"]
        raw = raw if name == "edge3d" else np.minimum(raw, wanted["ceiling"])
        return raw / wanted["ceiling"] * 2 - 1
    mean, std, new_mean, new_std = (
        np.reshape(constants[key], shape)
        for constants in (trained, wanted)
        for key in ("mean", "std")
    )
    return (answers * std + mean - new_mean) / new_std


def robust(errors):
    return np.where(errors > 1, 1 + np.log(np.maximum(errors, 1)), errors)


def ego_by_hand(answers, target, constants):
    mean, std = np.array(constants["mean"]), np.array(constants["std"])
    direct = np.linalg.norm((answers - target).reshape(-1, 3, 2, 3), axis=3).sum(2)
    poses, wanted = ((x * std + mean).reshape(-1, 3, 6) for x in (answers, target))
    first, second, label = (
        Rotation.from_euler("xyz", x[:, k, :3]) for x, k in ((poses, 0), (poses, 2), (wanted, 1))
    )
    place = second.apply(poses[:, 0, 3:]) + poses[:, 2, 3:]
    scale = std.reshape(3, 6)[1]
    chord = 2 * np.sin(((second * first).inv() * label).magnitude() / 2)
    drift = np.linalg.norm((place - wanted[:, 1, 3:]) / scale[3:], axis=1)
    detour = drift + chord / np.sqrt((scale[:3] ** 2).mean())
    return robust(direct).sum(1) + robust(detour)


def loss_by_hand(name, answers, target, mask, constants):
    """Return the loss of each image with a label, computed by numpy alone."""
    if TASKS[name].loss in ("l1", "l2"):
        away = np.abs(answers - target) if TASKS[name].loss == "l1" else (answers - target) ** 2
        away = away.mean(axis=1)
        return np.array([each[m].mean() for each, m in zip(away, mask, strict=True) if m.any()])
    kept = mask.astype(bool)
    if TASKS[name].loss == "pose_norm":
        parts = (answers - target)[kept].reshape(-1, 2, 3)
        return np.linalg.norm(parts, axis=2).mean(axis=1)
    return ego_by_hand(answers[kept], target[kept], constants)


@pytest.mark.filterwarnings("ignore:Mean of empty slice")  # no valid pair of other points
@pytest.mark.parametrize("name", [*CEILINGS, *STANDARDIZED])
def test_self_is_judged_in_the_units_of_the_data(name, world, bank, other, tmp_path):
    config = config_of(other, world)
    measure_transfer(config, tmp_path, name, ("self",))
    pool = open_transfer_data(config.pool, name)
    given, target, mask = pool.test.batch(range(len(pool.test)))
    with torch.no_grad():
        answers = load(name, other)(given).double().numpy()
    trained = read_weights(other / f"{name}.safetensors")[1]["constants"]
    said = said_by_hand(name, answers, trained, pool.constants)
    expected = loss_by_hand(name, said, target.double().numpy(), mask.numpy(), pool.constants)
    np.testing.assert_allclose(losses_of(tmp_path, name), expected, rtol=2e-4, atol=1e-5)
    measure_transfer(config_of(bank, world), tmp_path / "same", name, ("self",))
    assert not np.allclose(losses_of(tmp_path / "same", name), expected, rtol=1e-2)
    record = json.loads(place_of(tmp_path, name, ("self",)).read_text())
    assert record["converted"] is True


@pytest.mark.parametrize("name", [*CEILINGS, *STANDARDIZED, *UNITLESS])
def test_with_equal_constants_the_network_is_taken_as_it_is(name, data, bank):
    model, constants = load(name, bank), data.constants.get(name, {})
    stored = read_weights(bank / f"{name}.safetensors")[1]["constants"]  # by way of JSON
    assert converted(model, TASKS[name], stored, constants) is model
    more = {**constants, "origin": "elsewhere", "saturated": 0.5}
    assert conversion(TASKS[name], stored, more) is None


def test_tasks_with_constants_are_those_whose_label_fits_a_scale(data):
    """The other fitted values are frequencies of classes, which weigh losses and scale nothing."""
    scaled = {n for n, c in data.constants.items() if {"ceiling", "mean"} & set(c)}
    assert scaled == {*CEILINGS, *STANDARDIZED}
    fitted = {name for name, task in TASKS.items() if task.label and task.label.fit}
    assert fitted == scaled | {
        "class_1000",
        "class_places",
        "colorization",
        "segmentsemantic_rb",
    }


def test_one_mean_for_all_numbers_is_converted_too():
    """`fit_vector` gives one mean where no view has a label."""
    none = {"mean": 0.0, "std": 1.0}
    found = conversion(TASKS["fix_pose"], none, {"mean": [2.0] * 6, "std": [4.0] * 6})
    model = Converted(torch.nn.Identity(), found)
    assert model(torch.full((2, 6), 10.0)).tolist() == [[2.0] * 6] * 2
    back = conversion(TASKS["fix_pose"], {"mean": [2.0] * 6, "std": [4.0] * 6}, none)
    assert Converted(torch.nn.Identity(), back)(torch.full((1, 6), 2.0)).tolist() == [[10.0] * 6]
    assert conversion(TASKS["fix_pose"], {}, none) is None  # nothing is said of its units


def test_a_network_that_says_more_than_the_ceiling_says_the_ceiling():
    """Labels of edges and keypoints are clipped there; those of occlusion edges are not."""
    low, high = {"ceiling": 0.1}, {"ceiling": 0.3}
    for name, most in (("edge2d", 1.0), ("keypoint2d", 1.0), ("edge3d", 5.0)):
        model = Converted(torch.nn.Identity(), conversion(TASKS[name], high, low))
        assert model(torch.tensor([[-1.0, 1.0]]))[0].tolist() == pytest.approx([-1.0, most])


def test_an_old_record_of_self_in_other_units_is_measured_again(world, bank, other, tmp_path):
    for folder, stale in ((bank, False), (other, True)):
        config, out = config_of(folder, world), tmp_path / folder.name
        measure_transfer(config, out, "curvature", ("self",))
        assert not forget_unconverted(config, out, "curvature")
        path = place_of(out, "curvature", ("self",))
        record = json.loads(path.read_text())
        del record["converted"]
        path.write_text(json.dumps(record))
        assert forget_unconverted(config, out, "curvature") is stale
        assert path.exists() is not stale


# --- preset and size ---


@pytest.fixture(scope="module")
def base(world, tmp_path_factory):
    """A bank of the preset `base`, at 128 pixels, of pictures of 64."""
    names = ("class_places", "edge2d", "rgb2depth", "room_layout")
    data = TaskonomyDataset(
        world, names, "train", size=128, splits=world / "splits.csv", progress=False
    )
    return write_untrained(tmp_path_factory.mktemp("units") / "base", data, "base")


def test_the_bank_says_what_it_is(bank, base, tmp_path):
    assert form_of(bank, ["edge2d", "random"]) == Form("tiny", 64)
    assert form_of(base, ["edge2d", "random"]) == Form("base", 128)
    tensors, record = read_weights(bank / "edge2d.safetensors")
    write_weights(tmp_path / "edge2d.safetensors", tensors, record | {"size": 96})
    assert form_of(tmp_path, ["edge2d"]) == Form("tiny", 96)
    write_weights(tmp_path / "edge2d.safetensors", tensors, record | {"preset": "huge"})
    with pytest.raises(
        InvalidDataError, match="the preset huge, expected one of tiny, small, base"
    ):
        form_of(tmp_path, ["edge2d"])
    with pytest.raises(InvalidDataError, match="has no rgb2mist; train it"):
        form_of(bank, ["rgb2mist"])
    with pytest.raises(InvalidDataError, match="holds no trained task; train some"):
        form_of(tmp_path, [])


def test_a_config_takes_both_from_the_bank_and_others_are_refused(bank, base, world, tmp_path):
    config = config_of(base, world)
    whole = config.of_bank(["edge2d"])
    assert (whole.preset, whole.pool.size) == ("base", 128)
    assert replace(whole, preset="tiny", pool=replace(whole.pool, size=64)) == config
    assert config_of(bank, world).of_bank(["edge2d"]) == config_of(bank, world)
    message = "are of preset base at 128 pixels, and the transfers of preset tiny at 64 pixels"
    with pytest.raises(InvalidDataError, match=message):
        measure_transfer(config, tmp_path, "edge2d", ("self",))
    with pytest.raises(InvalidDataError, match=message):
        write_or_check_config(SweepConfig(config, ("edge2d",), ("rgb2depth",)), tmp_path / "sweep")
    assert not (tmp_path / "sweep").exists()


@pytest.mark.parametrize("name", ["edge2d", "class_places", "room_layout"])
def test_a_base_bank_is_measured_with_its_own_networks_at_its_own_size(name, base, world, tmp_path):
    config = config_of(base, world, test=4).of_bank([name])
    measure_transfer(config, tmp_path, name, ("self",))
    data = TaskonomyDataset(
        world, [name], "test", size=128, splits=world / "splits.csv", progress=False
    )
    frame = pd.read_parquet(place_of(tmp_path, name, ("self",)).with_suffix(".parquet"))
    numbers = [n for n in range(len(data)) if data.image(n) in set(frame["image"])]
    given, target, mask = (part for part in data.batch(name, numbers))
    assert given.shape[-1] == 128
    with torch.no_grad():
        answers = load(name, base)(given).numpy()
    if name == "class_places":
        logs = answers - np.log(np.exp(answers).sum(axis=1, keepdims=True))
        expected = -(target.numpy() * logs).sum(axis=1)
    else:
        expected = loss_by_hand(name, answers, target.numpy(), mask.numpy(), {})
        if name == "room_layout":
            expected = ((answers - target.numpy()) ** 2).mean(axis=1)
    np.testing.assert_allclose(frame["loss"], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.slow
def test_read_outs_and_scratch_of_a_base_bank_are_of_its_preset(base, bank, world, tmp_path):
    config = config_of(base, world, train=4, valid=2, test=2).of_bank(["edge2d", "rgb2depth"])
    store = Store(tmp_path / "representations")
    write_views(store, views_of(config.pool, ("rgb2depth",)))
    plain = TaskonomyDataset(world, ["autoencoder"], "all", size=128, constants={}, progress=False)
    write_representations(load("edge2d", base).encoder, plain, "autoencoder", store, "edge2d")
    record = measure_transfer(config, tmp_path, "rgb2depth", ("edge2d",))
    assert np.isfinite(record["test_loss"])
    scratch = measure_transfer(config, tmp_path, "rgb2depth", ("scratch",))
    assert scratch["parameters"] == sum(p.numel() for p in load("rgb2depth", base).parameters())
    assert scratch["parameters"] != sum(p.numel() for p in load("rgb2depth", bank).parameters())


def test_a_mixture_is_refused_in_a_line(bank, base, world, tmp_path, capsys):
    mixed = tmp_path / "mixed"
    shutil.copytree(bank, mixed)
    shutil.copy(base / "rgb2depth.safetensors", mixed)
    flags = ["transfer", "--data", world, "--bank", mixed, "-o", tmp_path / "out"]
    said = fails(capsys, *flags, "--targets", "edge2d", "--sources", "rgb2depth")
    assert (
        "mixes networks: edge2d is of preset tiny at 64 pixels, rgb2depth of preset base at 128"
        in said
    )
    assert not (tmp_path / "out").exists()


def test_an_old_sweep_goes_on_and_one_of_the_wrong_preset_does_not(bank, base, world, tmp_path):
    """Its configuration lacks what came later: whether an overlap is allowed, and which it was."""
    sweep = SweepConfig(config_of(bank, world), ("edge2d",), ("rgb2depth", "random"))
    write_or_check_config(sweep, tmp_path)
    path = tmp_path / "config.json"
    old = json.loads(path.read_text())
    del old["allow_overlap"]
    path.write_text(json.dumps(old))
    write_or_check_config(sweep, tmp_path)
    assert json.loads(path.read_text()) == old | {"allow_overlap": False}
    wrong = replace(sweep, transfer=config_of(base, world).of_bank(["edge2d"]))
    with pytest.raises(
        TrainingError, match=r"another .*transfer\.pool\.size, transfer\.preset; write to another"
    ):
        write_or_check_config(wrong, tmp_path)
    assert asdict(sweep)["allow_overlap"] is False


@pytest.mark.slow
def test_a_base_bank_trained_for_an_epoch_is_swept_by_the_command(world, tmp_path):
    """`self` has the very losses that training measured on the same images."""
    from taskgraph.cli import run

    bank, out = tmp_path / "bank", tmp_path / "out"
    fit = FitConfig(epochs=1, batch=32, precision="32-true", accelerator="cpu")
    for name in ("class_places", "edge2d"):
        splits = str(world / "splits.csv")
        config = BankConfig(str(world), "base", fit, references=False, splits=splits)
        record = train_task(name, bank, config)
        assert record["size"] == 128
    flags = [
        "transfer",
        "--data",
        world,
        "--splits",
        world / "splits.csv",
        "--bank",
        bank,
        "-o",
        out,
        "--images",
        4,
        "--valid-images",
        2,
        "--epochs",
        1,
        "--bootstrap",
        0,
        "--max-order",
        1,
        "--jobs",
        1,
    ]
    assert run([str(flag) for flag in flags]) == 0
    config = json.loads((out / "config.json").read_text())
    assert (config["transfer"]["preset"], config["transfer"]["pool"]["size"]) == ("base", 128)
    for name in ("class_places", "edge2d"):
        wanted = pd.read_parquet(bank / f"{name}.losses.parquet").set_index("image")["loss"]
        frame = pd.read_parquet(place_of(out, name, ("self",)).with_suffix(".parquet"))
        np.testing.assert_allclose(frame["loss"], wanted[frame["image"]], rtol=1e-3, atol=1e-5)
