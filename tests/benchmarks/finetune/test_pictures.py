"""A user's pictures are found, checked with one line an error, split by class, and read."""

import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks.finetune.pictures import PictureFiles, find_pictures, open_picture
from encoders.errors import InvalidDataError
from tests.benchmarks.finetune.pictures import write_pictures


@pytest.fixture
def folder(tmp_path):
    return write_pictures(tmp_path / "mine")


def test_a_folder_has_classes_and_a_stratified_split(folder):
    found = find_pictures(folder)
    assert found.classes == ("blue", "red")
    rows = np.sort(np.concatenate([*found.splits.values()]))
    assert (rows == np.arange(20)).all(), "each picture is in one split"
    for split, count in (("test", 2), ("val", 1), ("train", 7)):
        assert np.bincount(found.labels[found.splits[split]]).tolist() == [count, count]


def test_the_split_depends_on_the_content_alone(folder):
    before = find_pictures(folder)
    tested = {before.hashes[row] for row in before.splits["test"]}
    for number, path in enumerate(sorted((folder / "red").iterdir(), reverse=True)):
        path.rename(folder / "red" / f"renamed{number}.png")
    after = find_pictures(folder)
    assert {after.hashes[row] for row in after.splits["test"]} == tested
    assert len(before.hash) == 16
    (folder / "red" / "renamed0.png").unlink()
    assert find_pictures(folder).hash != before.hash


def test_copies_of_a_picture_share_its_split(folder):
    for path in list((folder / "red").iterdir()):
        shutil.copy(path, path.with_name("copy-" + path.name))
    found = find_pictures(folder)
    splits = {row: split for split, rows in found.splits.items() for row in rows}
    of_hash = {}
    for row, digest in enumerate(found.hashes):
        assert of_hash.setdefault(digest, splits[row]) == splits[row]


def test_given_splits_are_kept(tmp_path):
    place = tmp_path / "mine"
    for split, count in (("train", 6), ("test", 3)):
        write_pictures(place / split, count)
    for path in (place / "test").rglob("*.png"):  # not the same files as those of training
        Image.open(path).rotate(90, expand=True).save(path)
    found = find_pictures(place)
    assert {found.paths[row].parents[1].name for row in found.splits["test"]} == {"test"}
    assert len(found.splits["test"]) == 6
    (place / "test").rename(place / "val")
    assert len(find_pictures(place).splits["test"]) == 6, "of two splits the second is tested on"


def test_a_csv_names_pictures_labels_and_splits(folder):
    lines = [f"{path.relative_to(folder)},{path.parent.name}" for path in folder.rglob("*.png")]
    table = folder / "labels.csv"
    table.write_text("\n".join(["picture,label", *lines]) + "\n")
    listed, found = find_pictures(table), find_pictures(folder)
    assert listed.hash == found.hash


def test_pictures_of_any_mode_are_read(tmp_path):
    color = np.full((4, 6, 3), (10, 20, 30), np.uint8)
    for name, picture in {
        "rgb": Image.fromarray(color),
        "rgba": Image.fromarray(np.dstack([color, np.full((4, 6), 255, np.uint8)])),
        "palette": Image.fromarray(color).convert("P", palette=Image.Palette.ADAPTIVE),
    }.items():
        picture.save(tmp_path / f"{name}.png")
        assert (open_picture(tmp_path / f"{name}.png") == color).all(), name
    Image.fromarray(np.dstack([color, np.zeros((4, 6), np.uint8)])).save(tmp_path / "clear.png")
    assert (open_picture(tmp_path / "clear.png") == 255).all(), "transparent places are white"
    deep = np.full((4, 6), 200 * 257 + 7, np.uint16)
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert (open_picture(tmp_path / "deep.png") == 200).all(), "16 bits are scaled, not cut off"
    assert open_picture(tmp_path / "rgb.png", gray=True).shape == (4, 6, 1)
    turned = Image.Exif()
    turned[0x0112] = 6
    Image.fromarray(color).save(tmp_path / "turned.jpg", exif=turned)
    assert open_picture(tmp_path / "turned.jpg").shape == (6, 4, 3)
    files = PictureFiles((tmp_path / "rgb.png", tmp_path / "turned.jpg"))
    assert [each.shape for each in files] == [(4, 6, 3), (6, 4, 3)]


def refused(place, words):
    """Check that a place is refused with one line that has these words."""
    with pytest.raises(InvalidDataError) as error:
        find_pictures(place)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_what_is_no_set_of_labeled_pictures_is_refused(folder, tmp_path):
    refused(tmp_path / "none", "none does not exist; expected one subfolder of pictures a class")
    flat = tmp_path / "flat"
    flat.mkdir()
    refused(flat, "has no subfolder; expected one subfolder")
    shutil.copy(folder / "red" / "0.png", flat)
    refused(flat, "has no subfolder but 1 pictures of unknown class; expected")
    (folder / "empty").mkdir()
    refused(folder, "empty has no picture (.png, .jpg")
    (folder / "empty").rmdir()
    (folder / "dot").mkdir()
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "dot" / "0.png")
    refused(folder, "the class 'dot' has one picture (0.png), expected at least two")
    shutil.rmtree(folder / "dot")
    (folder / "red" / "3.png").write_bytes(b"no picture")
    refused(folder, "3.png cannot be read as a picture; replace it or remove it")
    (folder / "red" / "3.png").unlink()
    shutil.copy(folder / "red" / "4.png", folder / "blue" / "same.png")
    refused(folder, "are equal files with two labels; remove one")
    shutil.rmtree(folder / "blue")
    refused(folder, "has the one class 'red', expected pictures of at least two")


def test_a_picture_that_is_cut_off_is_named(folder):
    path = folder / "red" / "4.png"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InvalidDataError, match=r"4\.png cannot be read as a picture: "):
        [*find_pictures(folder).files("train"), *find_pictures(folder).files("test")]


def test_splits_that_share_a_file_or_lack_a_class_are_refused(tmp_path):
    place = tmp_path / "mine"
    write_pictures(place / "train", 4)
    write_pictures(place / "test", 2, classes=("blue", "green"))
    refused(place, "the class 'green' has no training picture; add some")
    shutil.rmtree(place / "test" / "green")
    (place / "test" / "red").mkdir()
    shutil.copy(place / "train" / "red" / "1.png", place / "test" / "red" / "9.png")
    shutil.rmtree(place / "test" / "blue")
    refused(place, "are equal files; remove one")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file,label\n", "has no column 'picture' but file, label; expected picture and label"),
        ("picture,label\n", "lists no pictures"),
        ("picture,label\nnone.png,red\n", "line 2: there is no picture"),
        ("picture,label\nred/0.png,\n", "line 2: the label is missing"),
        (
            "picture,label,split\nred/0.png,red,trian\n",
            "line 2: the split is 'trian', expected train, val, test",
        ),
    ],
)
def test_a_wrong_csv_is_refused_with_its_line(folder, text, words):
    (folder / "labels.csv").write_text(text)
    refused(folder / "labels.csv", words)
