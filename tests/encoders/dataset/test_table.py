"""A folder of pictures with labels.csv: modes, sizes, labels, splits, broken files, errors."""

import logging

import numpy as np
import pytest
from PIL import Image

from encoders.dataset import TaskonomyDataset, contents_of
from encoders.dataset.buildings import building_hashes
from encoders.dataset.manifest import classes_of
from encoders.dataset.table import read_table, splits_of, table_tasks
from encoders.errors import InvalidDataError, UnknownNameError

RED = np.zeros((40, 32, 3), dtype=np.uint8) + np.array([200, 60, 40], dtype=np.uint8)
GRAY = np.full((32, 32), 120, dtype=np.uint8)


def pictures():
    """Pictures of one color in every mode, with the RGB that each must be read as."""
    half = np.dstack([RED, np.zeros(RED.shape[:2], np.uint8)])
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    turned = np.vstack([RED[:20], 255 - RED[20:]])
    return {
        "rgb.png": (Image.fromarray(RED), RED[0, 0], {}),
        "wide.jpg": (Image.fromarray(np.hstack([RED, RED])), RED[0, 0], {"quality": 95}),
        "palette.png": (Image.fromarray(RED).quantize(4), RED[0, 0], {}),
        "gray.png": (Image.fromarray(GRAY), [120] * 3, {}),
        "gray16.png": (Image.fromarray(GRAY.astype(np.uint16) * 257), [120] * 3, {}),
        "bits.png": (Image.fromarray(GRAY > 0), [255] * 3, {}),
        "alpha.png": (Image.fromarray(half), [255] * 3, {}),
        "gray_alpha.png": (Image.fromarray(GRAY).convert("LA"), [120] * 3, {}),
        "cmyk.jpg": (Image.fromarray(RED).convert("CMYK"), RED[0, 0], {"quality": 95}),
        "turned.jpg": (Image.fromarray(turned), None, {"exif": exif, "quality": 95}),
    }


def folder_of(place, lines, names=()):
    place.mkdir(exist_ok=True)
    for name in names:
        picture, _, settings = pictures()[name]
        picture.save(place / name, **settings)
    (place / "labels.csv").write_text("\n".join(lines) + "\n")
    return place


def small(place, head="image,split,group,age,kind", rows=()):
    """Twelve pictures in six groups, two in each split."""
    place.mkdir(exist_ok=True)
    lines = [head]
    for number in range(12):
        Image.fromarray(np.full((8 + number, 12, 3), 20 * number, np.uint8)).save(
            place / f"{number}.png"
        )
        group, split = number // 2, ("train", "val", "test")[number // 4]
        age, kind = ("" if number == 1 else number), ("cat", "dog", "NA")[number % 3]
        lines.append(f"{number}.png,{split},g{group},{age},{kind}")
    return folder_of(place, rows or lines)


def opened(place, tasks, split="all", **more):
    return TaskonomyDataset(place, tasks, split, size=16, progress=False, **more)


@pytest.mark.parametrize("cache", [None, False])
def test_pictures_of_all_modes_and_sizes_are_read_as_what_they_show(tmp_path, cache):
    known = pictures()
    place = folder_of(tmp_path / "p", ["image", *known], known)
    data = opened(place, ["autoencoder"], cache=cache)
    assert len(data) == len(known)
    inputs = data.batch("autoencoder", range(len(data)))[0]
    for number in range(len(data)):
        name = data.image(number).partition("/")[2]
        shown = (inputs[number].permute(1, 2, 0).numpy() + 1) * 127.5
        if known[name][1] is not None:
            assert np.abs(shown - known[name][1]).max() <= 4, name
        else:  # the upper half is on the right after the turn
            assert np.abs(shown[:, 8:] - RED[0, 0]).mean() < 12
            assert np.abs(shown[:, :8] - (255 - RED[0, 0])).mean() < 12


def test_columns_are_tasks_and_empty_cells_have_no_label(tmp_path):
    place = small(tmp_path / "p")
    data = opened(place, ["age", "kind"], "train")
    _, age, mask = data.batch("age", range(4))
    known = np.array([0, 2, 3])
    assert mask.tolist() == [True, False, True, True]
    clipped = np.clip(known, *np.percentile(known, [1, 99]))
    expected = (known - clipped.mean()) / clipped.std()
    assert np.allclose(age[mask, 0].numpy(), expected, atol=1e-6)
    _, kind, mask = data.batch("kind", range(4))
    assert mask.tolist() == [True, True, False, True]
    assert kind[mask].tolist() == [0, 1, 0]
    assert data.tasks["kind"].output.channels == 2
    assert classes_of(place, data.tasks["kind"]) == ["cat", "dog"]
    assert classes_of(place, data.tasks["age"]) is None
    assert data.image(0) == "g0/0.png"
    assert [len(opened(place, ["age"], split)) for split in ("val", "test")] == [4, 4]


def test_label_pictures_have_tasks_too_and_views_without_one_are_left_out(tmp_path):
    place = tmp_path / "p"
    place.mkdir()
    lines = ["image,mask:class_map=2,far:gray,look:color"]
    for number in range(4):
        Image.fromarray(RED).save(place / f"{number}.png")
        mask = np.zeros((40, 32), np.uint8)
        mask[:20], mask[30:] = 1, 255
        Image.fromarray(mask).save(place / f"m{number}.png")
        Image.fromarray(GRAY).save(place / f"d{number}.png")
        lines.append(f"{number}.png,{'' if number == 3 else f'm{number}.png'},d{number}.png,0.png")
    data = opened(folder_of(place, lines), ["mask", "far", "look"])
    assert len(data) == 3
    _, classes, counts = data.batch("mask", [0])
    middle = np.asarray(Image.fromarray(mask[4:36]).resize((16, 16), Image.Resampling.NEAREST))
    assert np.array_equal(counts[0].numpy(), middle < 2)
    assert np.array_equal(classes[0].numpy(), np.where(middle < 2, middle, 0))
    assert np.allclose(data.batch("far", [0])[1].numpy(), 120 / 127.5 - 1, atol=1e-6)
    look = data.batch("look", [0])[1][0].numpy()
    assert np.allclose(look[:, 0, 0], RED[0, 0] / 127.5 - 1, atol=1e-6)
    assert len(opened(place, ["far"])) == 4


def test_broken_files_are_an_error_or_are_left_out_and_counted(tmp_path, caplog):
    place = small(tmp_path / "p")
    whole = (place / "3.png").read_bytes()
    (place / "3.png").write_bytes(whole[: len(whole) // 2])
    (place / "5.png").write_text("no picture")
    with pytest.raises(InvalidDataError, match=r"3\.png .*leave it out with --skip"):
        opened(place, ["age"])
    for _ in range(2):  # the second time from the memory
        caplog.clear()
        with caplog.at_level(logging.WARNING, "encoders"):
            data = opened(place, ["age"], skip_broken=True)
        assert [data.image(n) for n in range(len(data))] == [
            f"g{n // 2}/{n}.png" for n in range(12) if n not in (3, 5)
        ]
        assert "2 of 12 files of rgb are left out as broken" in caplog.text
        assert "5.png is not a picture" in caplog.text
    assert data.batch("age", range(10))[0].shape == (10, 3, 16, 16)


def test_files_that_a_table_names_are_there_or_are_left_out_and_counted(tmp_path, caplog):
    """A missing picture is never left out silently, and neither is a folder in its place."""
    place = small(tmp_path / "p")
    (place / "0.png").unlink()
    (place / "7.png").unlink()
    (place / "7.png").mkdir()
    message = r"labels\.csv, row 1: there is no file 0\.png \(2 such rows\); .* --skip-broken"
    with pytest.raises(InvalidDataError, match=message):
        opened(place, ["age"])
    with caplog.at_level(logging.WARNING, "encoders"):
        data = opened(place, ["age"], skip_broken=True)
    assert len(data) == 10
    assert "2 of 12 files of rgb are left out as broken: row 1: there is no file" in caplog.text
    hashes = building_hashes(data.index, data.index.buildings)
    assert all(len(found) == 2 for name, found in hashes.items() if name not in ("g0", "g3"))


def test_splits_come_from_the_table_or_the_groups(tmp_path):
    place = small(tmp_path / "p")
    assert splits_of(place, None) == {
        "train": ["g0", "g1"], "val": ["g2", "g3"], "test": ["g4", "g5"]
    }  # fmt: skip
    assert splits_of(place, 7) == 7
    lines = (place / "labels.csv").read_text().replace("split,", "").splitlines()
    lines = [lines[0], *(line.replace(f",{s},", ",") for line in lines[1:] for s in SPLIT(line))]
    folder_of(place, lines)
    drawn = [len(opened(place, ["age"], split)) for split in ("train", "val", "test")]
    assert sum(drawn) == 12
    assert min(drawn) >= 2


def SPLIT(line):
    return [name for name in ("train", "val", "test") if f",{name}," in line]


def test_a_changed_cell_is_another_content(tmp_path):
    place = small(tmp_path / "p")
    before = contents_of(place, table_tasks(place), 16)
    text = (place / "labels.csv").read_text()
    (place / "labels.csv").write_text(text.replace(",cat", ",dog", 1) + "\n")
    assert contents_of(place, table_tasks(place), 16) != before
    assert read_table(tmp_path) is None


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["name,age", "0.png,1"], "has the columns name, age and 1 rows, expected a column image"),
        (["image,age"], "has the columns image, age and 0 rows"),
        (["image,age", "0.png"], "line 2: the row has another number of cells than the head"),
        (["image,age", ",1"], "row 1: the column image is empty"),
        (["image,age", "0.png,1", "0.png,2"], r"row 2: 0\.png is in an earlier row already"),
        (["image,split", "0.png,dev"], 'row 1: the split is "dev", expected train, val, test'),
        (["image,age:big", "0.png,1"], 'column age:big: no kind "big"; there are number, class'),
        (
            ["image,age:number", "0.png,old"],
            'column age:number: "old" is no number; leave the cell',
        ),
        (["image,kind", "0.png,cat"], r"column kind: 1 class\(es\), expected 2 or more"),
        (["image,mask:class_map", "0.png,m.png"], "expected mask:class_map=N with the number"),
        (["image,age", "0.png,5", "1.png,5.0"], '"5" in each row with a label: there is nothing'),
        (["image,age", "0.png,5", "1.png,-1e300"], '"-1e300" is too large; give the numbers in'),
        (
            ["image,age", "0.png,5", "1.png,6", "2.png,7cm"],
            '"7cm" is no number, as 2 of 3 cells are; mend it, .* or name the column age:class',
        ),
        (
            ["image,age", *(f"{number}.png,word {number}" for number in range(10))],
            '10 different words in 10 rows, such as "word 0", which look like names .* age:class',
        ),
        (["image,age", "\0.png,5"], r"labels\.csv holds bytes that are zero, as no CSV text in"),
        (["image,kind", "0.png,", "1.png,-"], "column kind: no row has a label; leave the column"),
        (
            ["image,kind,kind:class", "0.png,1,2", "1.png,2,1"],
            "the columns kind and kind:class are both of the task kind; rename one",
        ),
        (
            ["image,split,group,age", "0.png,train,a,1", "1.png,,a,2"],
            "row 2: group a is in no split, and in row 1 in train; put a group into one split",
        ),
        (
            ["image|age", "0.png|1"],
            r'labels\.csv: the header is "image\|age", expected columns sep',
        ),
        (
            ["image,depth", "0.png,1", "1.png,2"],
            '"depth" has the name of the built-in task rgb2depth',
        ),
    ],
)
def test_a_wrong_table_is_told_with_its_place(tmp_path, rows, message):
    with pytest.raises(InvalidDataError, match=message):
        table_tasks(folder_of(tmp_path / "p", rows))


@pytest.mark.parametrize(("mark", "ending"), [(";", "\r\n"), ("\t", "\n")])
def test_tables_of_other_programs_are_read(tmp_path, mark, ending):
    """Semicolons or tabs with decimal commas, a byte order mark, and line ends of Windows."""
    rows = ["image|group|age|kind", "0.png|a|1,5|x", "1.png|b|-2,5|y", "2.png|c||x"]
    text = "\ufeff" + ending.join(row.replace("|", mark) for row in rows)
    (tmp_path / "labels.csv").write_bytes(text.encode())
    table = read_table(tmp_path)
    assert [row["age"] for row in table.rows] == ["1.5", "-2.5", ""]
    assert table.groups == ("a", "b", "c")
    assert {name: column.kind for name, column in table.columns.items()} == {
        "age": "number", "kind": "class"
    }  # fmt: skip


def test_what_a_folder_of_pictures_lacks_is_told(tmp_path):
    place = small(tmp_path / "p")
    with pytest.raises(
        InvalidDataError, match=r"labels\.csv has no normal, as it has pictures and"
    ):
        opened(place, ["normals"])
    with pytest.raises(UnknownNameError, match='no task "agee"'):
        opened(place, ["agee"])
    lines = (place / "labels.csv").read_text().replace("1.png,train", "1.png,test").splitlines()
    with pytest.raises(
        InvalidDataError, match=r"row 2: group g0 is in test, and in row 1 in train; put a group"
    ):
        opened(folder_of(place, lines), ["age"], "train")
