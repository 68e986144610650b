"""Encoders are not judged on buildings that they were trained on, under any name."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks.payoff.readouts import check, sweep_of, transfer_of
from benchmarks.payoff.settings import Settings
from benchmarks.payoff.splits import write_splits
from encoders.bank.config import BankConfig
from encoders.bank.jobs import train_bank
from encoders.bank.predict import gallery
from encoders.bank.pretrained import default_bank
from encoders.bank.splits import TaskSplits
from encoders.dataset import TaskonomyDataset, split_buildings
from encoders.dataset.buildings import building_hashes
from encoders.dataset.index import read_index
from encoders.dataset.overlap import (
    find_overlap,
    group_by_buildings,
    recorded_buildings,
    trained_on,
)
from encoders.errors import InvalidDataError
from encoders.scenes.appearance.domains import DOMAINS
from encoders.scenes.homes.world import build_building
from encoders.scenes.making.make import make
from encoders.scenes.making.room_hashes import planned_rooms, room_hash
from encoders.training.checkpoint import read_weights
from encoders.training.config import FitConfig
from encoders.transfer.config_file import checked_overlap, write_or_check_config
from encoders.transfer.data import TransferDataConfig, divided
from encoders.transfer.settings import SweepConfig, TransferConfig
from taskgraph.cli import run
from taskgraph.tables import write_transfers
from taskgraph.transfers import Transfers
from tests.encoders.untrained import write_untrained
from tests.failing import fails

FIT = FitConfig(epochs=1, batch=8, precision="32-true", accelerator="cpu")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("overlap") / "world"
    make(out, buildings=5, views=4, size=32, seed=3)
    return out


@pytest.fixture
def splits(tmp_path):
    """Return a building to train on, and those to learn, select and test transfers on."""
    path = tmp_path / "splits.csv"
    names = [f"building_{n:04d}" for n in range(5)]
    write_splits({"train": names[:1], "val": names[1:3], "test": names[3:]}, path)
    return str(path)


@pytest.fixture
def bank(world, tmp_path):
    """Untrained networks that say nothing of buildings; `say` makes them say something."""
    names = ["edge2d", "rgb2depth"]
    return write_untrained(
        tmp_path / "bank", TaskonomyDataset(world, names, size=64, progress=False)
    )


def say(bank, hashes, tasks=("edge2d", "rgb2depth")):
    for name in tasks:
        (bank / f"{name}.json").write_text(json.dumps({"task": name, "buildings": hashes}))


def told(world, *numbers):
    names = [f"building_{n:04d}" for n in numbers]
    return {name: list(hashes) for name, hashes in hashes_of(world, names).items()}


def hashes_of(world, names=None):
    index = read_index(world)
    return building_hashes(index, names or index.buildings)


# --- what a building is known by ---


@pytest.mark.parametrize("domain", ["day", "loft"])
def test_the_rooms_that_are_planned_are_those_of_the_building_that_is_built(domain):
    """`loft` alone has other things standing about; the rooms are the same."""
    rooms = build_building(3, 1, DOMAINS[domain]).rooms
    assert sorted(room_hash(room.low, room.high) for room in rooms) == list(planned_rooms(3, 1))
    assert len(set(planned_rooms(3, 1))) == len(rooms)


def test_no_two_buildings_share_a_room():
    found = [planned_rooms(seed, k) for seed in range(4) for k in range(6)]
    every = [each for rooms in found for each in rooms]
    assert len(set(every)) == len(every)


@pytest.mark.slow
def test_a_building_is_the_same_with_other_views_sizes_domains_and_numbers(world, tmp_path):
    make(tmp_path / "w", buildings=2, views=2, size=48, seed=3, domain="loft")
    ours, theirs = hashes_of(world), hashes_of(tmp_path / "w")
    assert theirs == {name: ours[name] for name in theirs}
    assert ours == {f"building_{k:04d}": planned_rooms(3, k) for k in range(5)}


def without(world, out, *keys, **more):
    """A copy whose manifest lacks some keys, or has others; none at all, if all are named."""
    shutil.copytree(world, out)
    manifest = json.loads((out / "manifest.json").read_text())
    kept = {key: value for key, value in manifest.items() if key not in keys} | more
    (out / "manifest.json").write_text(json.dumps(kept))
    return out


@pytest.mark.slow
def test_a_world_of_an_older_version_is_planned_again(world, tmp_path):
    assert hashes_of(without(world, tmp_path / "old", "rooms")) == hashes_of(world)


def test_files_are_believed_where_the_manifest_says_something_else(world, tmp_path):
    settings = json.loads((world / "manifest.json").read_text())["settings"]
    lying = without(world, tmp_path / "w", "rooms", settings=settings | {"seed": 4})
    known = hashes_of(world)
    for found in (hashes_of(lying), hashes_of(bare(world, tmp_path / "bare"))):
        for name, hashes in found.items():
            assert hashes
            assert set(hashes) < set(known[name])  # rooms that cameras stand in


def bare(world, out, *, infos=True):
    """The folders alone."""
    shutil.copytree(world, out, ignore=shutil.ignore_patterns(".*"))
    (out / "manifest.json").unlink()
    if not infos:
        shutil.rmtree(out / "point_info")
    return out


def test_without_rooms_a_building_is_known_by_its_pictures(world, tmp_path):
    first = bare(world, tmp_path / "first", infos=False)
    found = hashes_of(first)
    assert len({each for hashes in found.values() for each in hashes}) == 5 * 4
    for domain in first.glob("[!.]*"):
        (domain / "building_0002").rename(domain / "kitchen")
    again = hashes_of(first)
    assert again["kitchen"] == found["building_0002"]
    next((first / "rgb" / "building_0000").glob("*.png")).unlink()
    assert 0 < len(set(hashes_of(first)["building_0000"]) & set(found["building_0000"])) < 4


def test_blank_pictures_are_no_sign_that_buildings_are_the_same(tmp_path):
    for name in ("a", "b"):
        (tmp_path / "rgb" / name).mkdir(parents=True)
        for view in range(2):
            shade = 40 * view * (1 + (name == "b"))
            place = tmp_path / "rgb" / name / f"point_0_view_{view}_domain_rgb.png"
            Image.fromarray(np.full((64, 64, 3), shade, np.uint8)).save(place)
    found = hashes_of(tmp_path)
    assert [len(found[name]) for name in "ab"] == [1, 1]
    assert found["a"] != found["b"]


# --- what a bank says ---


def test_the_shipped_bank_says_what_it_was_trained_on():
    """Oracle: the split of the first 200 buildings, and their plans.

    The later ones are for read-outs; the shipped bank was trained with a file of splits.
    """
    bank = default_bank()
    manifest = json.loads((bank / "manifest.json").read_text())
    made = manifest["tasks"][0]["data"]["settings"]
    train = split_buildings([f"building_{n:04d}" for n in range(200)])["train"]
    (group,) = manifest["trained_on"]
    assert group["tasks"] == sorted(record["task"] for record in manifest["tasks"])
    assert sorted(group["buildings"]) == list(train)
    assert len(train) == 140
    for name in train[::20]:
        planned = planned_rooms(made["seed"], int(name[-4:]))
        assert group["buildings"][name] == list(planned)
    assert trained_on(bank, ["edge2d", "random"]).unknown == ()
    assert read_weights(bank / "edge2d.safetensors")[1]["data"]["settings"] == made


@pytest.mark.slow
def test_training_writes_down_the_buildings_of_its_train_split(world, splits, tmp_path):
    config = BankConfig(str(world), fit=FIT, references=False, splits=splits)
    out = tmp_path / "bank"
    assert not train_bank(["edge2d"], out, config).failures
    record = json.loads((out / "edge2d.json").read_text())
    assert record["buildings"] == {"building_0000": list(planned_rooms(3, 0))}
    assert record["size"] == 64
    group = {"tasks": ["edge2d"], "buildings": record["buildings"]}
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["trained_on"] == [group]
    assert "buildings" not in manifest["tasks"][0]
    # Trained by an older version: the same command adds them, without training again.
    for path in (out / "edge2d.json", out / "manifest.json"):
        content = json.loads(path.read_text())
        for key in ("buildings", "trained_on"):
            content.pop(key, None)
        path.write_text(json.dumps(content))
    assert trained_on(out, ["edge2d"]).unknown == ("edge2d",)
    assert train_bank(["edge2d"], out, config).records == {}
    assert json.loads((out / "manifest.json").read_text())["trained_on"] == [group]
    # Of other data by now: nothing is said that might be wrong.
    other = without(world, tmp_path / "other", sha256="another")
    (out / "edge2d.json").write_text(json.dumps(content_without(record)))
    (out / "manifest.json").unlink()
    again = BankConfig(str(other), fit=FIT, references=False, splits=splits)
    assert train_bank(["edge2d"], out, again).records == {}
    assert trained_on(out, ["edge2d"]).unknown == ("edge2d",)


def content_without(record):
    return {key: value for key, value in record.items() if key != "buildings"}


def test_tasks_of_other_data_have_other_buildings(world, bank):
    """A bank may be trained task by task, on more than one world."""
    one, other = told(world, 0), {"building_0000": ["beef"]}
    say(bank, one, ["edge2d"])
    say(bank, other, ["rgb2depth"])
    assert recorded_buildings(bank, "rgb2depth") == other
    assert trained_on(bank, ["edge2d", "random"]).hashes == set(planned_rooms(3, 0))
    assert trained_on(bank, ["rgb2depth"]).hashes == {"beef"}
    assert len(trained_on(bank, ["rgb2depth", "edge2d"]).hashes) == 1 + len(planned_rooms(3, 0))
    assert group_by_buildings({"b": one, "a": other, "c": one}) == [
        {"tasks": ["a"], "buildings": other},
        {"tasks": ["b", "c"], "buildings": one},
    ]


def test_the_splits_of_a_resumed_task_are_those_that_were_trained_on(world, splits):
    found = TaskSplits.open(world, "edge2d", 64, splits)
    assert list(found.trained_buildings()) == ["building_0000"]


# --- readme's old world ---


def test_five_of_six_test_buildings_of_the_readmes_old_world_were_trained_on():
    names = [f"building_{n:04d}" for n in range(40)]
    test = split_buildings(names)["test"]
    known = trained_on(default_bank(), ["edge2d"]).hashes
    assert sum(bool(known & set(planned_rooms(0, int(name[-4:])))) for name in test) == 5
    assert not any(known & set(planned_rooms(1, k)) for k in range(40))


# --- transfers ---


def sweep_config(bank, world, splits, **more):
    pool = TransferDataConfig(str(world), train=4, valid=4, test=8, splits=splits)
    return SweepConfig(
        TransferConfig(str(bank), pool, FIT), ("edge2d",), ("rgb2depth", "random"), **more
    )


def test_transfers_refuse_buildings_that_were_trained_on(
    world, bank, splits, tmp_path, capsys, monkeypatch
):
    say(bank, told(world, 0, 3))
    flags = [
        "transfer",
        "--data",
        world,
        "--bank",
        bank,
        "-o",
        tmp_path / "out",
        "--splits",
        splits,
        "--targets",
        "edge2d",
        "--sources",
        "random",
    ]
    said = fails(capsys, *flags)
    assert (
        f"{world}: encoders of {bank} were trained on 1 of 2 test buildings (building_0003), where "
        "their losses are too small; make another world, such as with `taskgraph scenes DIR "
        "--buildings 5 --views 4 --size 32 --seed 0 --domain day`, or allow it with --allow-overlap"
    ) in said
    assert not (tmp_path / "out").exists()
    # A seed that the bank was trained on is not the advice.
    say(bank, told(world, 0, 3) | {"elsewhere": list(planned_rooms(0, 7))})
    assert "--seed 1 --domain day`" in fails(capsys, *flags)
    # The one for validation is refused as well; the one that read-outs are trained on is not.
    (train,), (valid,) = divided(["building_0001", "building_0002"], 0)
    say(bank, told(world, int(valid[-4:])))
    config = sweep_config(bank, world, splits)
    with pytest.raises(InvalidDataError, match="trained on 1 of 1 validation buildings"):
        checked_overlap(config)
    say(bank, told(world, int(train[-4:])))
    assert checked_overlap(config).record() == {"train": [train], "valid": [], "test": []}


@pytest.mark.parametrize("infos", [True, False])
def test_own_data_are_known_again_in_another_folder_under_other_names(
    infos, world, bank, splits, tmp_path, capsys
):
    own = bare(world, tmp_path / "own", infos=infos)
    say(bank, told(own, 3))
    moved = tmp_path / "moved"
    shutil.copytree(own, moved)
    for domain in moved.glob("[!.]*"):  # the cache aside
        (domain / "building_0003").rename(domain / "zimmer")
    write_splits(
        {
            "train": ["building_0000"],
            "val": ["building_0001", "building_0002"],
            "test": ["building_0004", "zimmer"],
        },
        tmp_path / "mine.csv",
    )
    said = fails(
        capsys,
        "transfer",
        "--data",
        moved,
        "--bank",
        bank,
        "-o",
        tmp_path / "out",
        "--splits",
        tmp_path / "mine.csv",
        "--targets",
        "edge2d",
        "--sources",
        "random",
    )
    assert "1 of 2 test buildings (zimmer)" in said
    assert "; name other buildings, in a file for --splits or in another folder for --data" in said


def test_many_buildings_are_counted(world, bank):
    index = read_index(world)
    say(bank, told(world, 0, 1, 2, 3, 4))
    trained = trained_on(bank, ["edge2d"])
    found = find_overlap(trained, index, {"train": ["building_0000"], "test": index.buildings})
    assert found.held_out == index.buildings
    assert found.record()["train"] == ["building_0000"]


def test_an_overlap_that_is_allowed_is_written_down(world, bank, splits, tmp_path):
    say(bank, told(world, 3))
    config = sweep_config(bank, world, splits, allow_overlap=True)
    write_or_check_config(config, tmp_path / "out", checked_overlap(config))
    found = json.loads((tmp_path / "out" / "config.json").read_text())
    assert found["overlap"] == {"train": [], "valid": [], "test": ["building_0003"]}
    assert found["allow_overlap"] is True
    write_or_check_config(config, tmp_path / "out")  # the same sweep, whoever asks


@pytest.mark.slow
def test_a_bank_that_says_nothing_is_read_with_one_warning(world, bank, splits, tmp_path, capsys):
    out = tmp_path / "out"
    flags = [
        "transfer",
        "--data",
        world,
        "--bank",
        bank,
        "-o",
        out,
        "--splits",
        splits,
        "--targets",
        "edge2d",
        "--sources",
        "random",
        "--images",
        4,
        "--valid-images",
        4,
        "--test-images",
        8,
        "--epochs",
        1,
        "--batch",
        4,
        "--bootstrap",
        0,
        "--jobs",
        1,
    ]
    run([str(flag) for flag in flags])
    said = capsys.readouterr().err
    assert said.count("has no hashes of the buildings that edge2d saw in training") == 1
    assert said.count("warning") == 1
    found = json.loads((out / "config.json").read_text())
    assert found["overlap"] == {"train": [], "valid": [], "test": []}


# --- predictions ---


def test_predictions_of_views_that_were_trained_on_are_refused(
    world, bank, splits, tmp_path, capsys
):
    out = tmp_path / "page.png"
    flags = [
        "predict",
        "--data",
        world,
        "--bank",
        bank,
        "--splits",
        splits,
        "--task",
        "depth",
        "--views",
        2,
        "-o",
        out,
    ]
    say(bank, told(world, 4), ["rgb2depth"])
    assert "trained on 1 of 2 test buildings (building_0004)" in fails(capsys, *flags)
    assert not out.exists()
    assert run([str(flag) for flag in [*flags, "--allow-overlap"]]) == 0
    assert capsys.readouterr().err == f"drew {out}\n"
    say(bank, told(world, 0, 1), ["rgb2depth"])
    assert run([str(flag) for flag in flags]) == 0
    capsys.readouterr()
    (bank / "rgb2depth.json").unlink()
    assert run([str(flag) for flag in flags]) == 0
    said = capsys.readouterr().err
    assert said.count("warning") == said.count("buildings that rgb2depth saw in training") == 1


def test_the_page_says_which_views_a_network_was_trained_on(world, bank, splits, monkeypatch):
    from encoders.bank.predict import heldout

    heads, drawn = [], heldout.draw_table
    monkeypatch.setattr(
        heldout, "draw_table", lambda given, *a, **k: heads.append(given) or drawn(given, *a, **k)
    )
    say(bank, told(world, 4))
    gallery(bank, world, tasks=["depth"], views=2, splits=splits, allow_overlap=True)
    titles = [title for title, _ in heads[0]]
    assert [title.endswith(" (trained on)") for title in titles] == [False, True]
    gallery(bank, world, tasks=["depth"], views=1, split="train", splits=splits)
    say(bank, told(world, 1))
    with pytest.raises(InvalidDataError, match="1 of 2 validation buildings"):
        gallery(bank, world, tasks=["depth"], views=1, split="val", splits=splits)


# --- payoff ---


def test_payoff_refuses_fresh_buildings_that_were_trained_on(world, bank, splits, tmp_path):
    import pandas as pd

    sources = ("self", "random")
    rows = [{"target": "rgb2depth", "sources": each, "affinity": 0.5} for each in sources]
    write_transfers(Transfers(pd.DataFrame(rows)), tmp_path / "transfers.csv")
    table = Transfers(pd.DataFrame(rows))
    asked = Settings(str(tmp_path / "transfers.csv"), str(world), str(bank), splits, test=4)
    say(bank, told(world, 4))
    with pytest.raises(InvalidDataError, match=r"1 of 2 test buildings \(building_0004\)"):
        check(asked, sweep_of(asked, table, transfer_of(asked)))
    allowed = Settings(**{**vars(asked), "allow_overlap": True})
    assert check(allowed, sweep_of(allowed, table, transfer_of(allowed)))["buildings"] is False
    say(bank, told(world, 0))
    check(asked, sweep_of(asked, table, transfer_of(asked)))
