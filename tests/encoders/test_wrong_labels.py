"""Wrong files of one's own data: one line that names the file, the value and what was expected."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from encoders.bank.config import BankConfig
from encoders.bank.jobs import train_bank
from encoders.codecs.encodings import read_raw
from encoders.dataset import TaskonomyDataset
from encoders.dataset.index import read_index
from encoders.errors import InvalidDataError
from encoders.training.config import FitConfig
from tests.encoders.dataset.test_index import write_folder

FLAT, COLORS = np.full((8, 8), 5, np.uint8), np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
DEEP, THIRD = np.full((8, 8), 900, np.uint16), np.full(3, 1 / 3, np.float32)


def first(root, domain):
    return sorted((root / domain / "alpha").iterdir())[0]


def saved(pixels, **how):
    return lambda path: Image.fromarray(pixels).save(path, **how)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def numbers(values):
    return lambda path: np.save(path, values)


def said(**changes):
    def change(path):
        info = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({k: v for k, v in info.items() if v != "none"}))

    return change


WRONG = {
    "a class above the last": (
        "segment_semantic",
        "segmentsemantic_rb",
        saved(FLAT + 34),
        r": 64 of 64 pixels have the value 39, expected 0 \(uncertain\) to 17, the classes of seg",
    ),
    "a color a class": (
        "segment_semantic",
        "segmentsemantic_rb",
        saved(COLORS),
        "holds colors, expected one number a pixel: a gray or palette picture",
    ),
    "a color a segment": ("segment_unsup2d", "segment2d", saved(COLORS), "holds colors, expected"),
    "a cut label": ("segment_semantic", "segmentsemantic_rb", cut, r"is broken or cut off \("),
    "an empty label": (
        "segment_semantic",
        "segmentsemantic_rb",
        lambda p: p.write_bytes(b""),
        r"is broken or cut off \(no picture that can be read\); delete it",
    ),
    "JPEG in a PNG's name": (
        "segment_semantic",
        "segmentsemantic_rb",
        saved(FLAT, format="JPEG"),
        "holds a JPEG picture, whose compression changes the numbers of a label; expected a PNG",
    ),
    "a shallow depth": (
        "depth_zbuffer",
        "rgb2depth",
        saved(FLAT),
        "holds 8-bit pixels, expected 16-bit ones",
    ),
    "a depth of fractions": (
        "depth_zbuffer",
        "rgb2depth",
        saved(np.zeros((8, 8), np.float32), format="TIFF"),
        "holds floating-point pixels, expected 16-bit whole numbers",
    ),
    "too deep a depth": (
        "depth_zbuffer",
        "rgb2depth",
        saved(np.full((8, 8), 70_000, np.int32), format="TIFF"),
        "holds pixels from 70000 to 70000, expected 0 to 65535",
    ),
    "an oblong depth": (
        "depth_zbuffer",
        "rgb2depth",
        saved(DEEP[:4]),
        r"is \(8, 4\) pixels, expected a square picture",
    ),
    "a gray normal": (
        "normal",
        "rgb2sfnorm",
        saved(FLAT),
        "holds a gray picture, expected red, green and blue",
    ),
    "a gray curvature": ("principal_curvature", "curvature", saved(FLAT), "holds a gray picture"),
    "a deep picture": ("rgb", "autoencoder", saved(DEEP), "holds 16-bit pixels, expected 8-bit"),
    "an oblong picture": (
        "rgb",
        "autoencoder",
        saved(COLORS[:, :4]),
        r"is \(4, 8\) pixels, expected a square picture",
    ),
    "a class that is NaN": (
        "class_scene",
        "class_places",
        numbers(np.r_[THIRD, np.nan]),
        ": class 4 of 4 has the value nan, expected finite numbers",
    ),
    "an endless class": (
        "class_object",
        "class_1000",
        numbers(np.r_[np.inf, THIRD]),
        ": class 1 of 4 has the value inf, expected finite numbers",
    ),
    "no possible class": (
        "class_object",
        "class_1000",
        numbers(np.full(3, -np.inf)),
        ": class 1 of 3 has the value -inf, expected finite numbers",
    ),
    "names of classes": (
        "class_scene",
        "class_places",
        numbers(np.array(["a", "b"])),
        r"holds an array of <U1 with shape \(2,\), expected a number for each class",
    ),
    "no classes": (
        "class_scene",
        "class_places",
        numbers(THIRD[:0]),
        r"holds an array of float32 with shape \(0,\), expected a number",
    ),
    "objects": (
        "class_scene",
        "class_places",
        lambda p: np.save(p, np.array([{}], object)),
        "is broken or cut off",
    ),
    "a camera without a turn": (
        "point_info",
        "fix_pose",
        said(camera_rotation_final="none"),
        ".*: `camera_rotation_final` is missing",
    ),
    "a camera that is NaN": (
        "point_info",
        "fix_pose",
        said(camera_location=[np.nan, 0, 0]),
        r".*: `camera_location` is \[nan, 0, 0\], expected 3 finite numbers",
    ),
    "no points": (
        "point_info",
        "point_match",
        said(nonfixated_points_in_view="none"),
        ": `nonfixated_points_in_view` is None, expected a list",
    ),
    "no room": (
        "point_info",
        "room_layout",
        said(bounding_box_ranges="none"),
        ": `bounding_box_ranges` is None, expected an object with the keys x, y and z",
    ),
    "a list": ("point_info", "fix_pose", lambda p: p.write_text("[1]"), "holds no JSON object"),
    "half of an object": ("point_info", "fix_pose", cut, "is broken or cut off"),
}


def all_of(root, task, cache):
    return TaskonomyDataset(root, [task], "all", cache=cache).batch(task, range(36))


@pytest.mark.parametrize("case", WRONG)
@pytest.mark.parametrize("cache", [None, False], ids=["cache", "files"])
def test_a_wrong_file_is_named_with_what_was_expected(tmp_path, case, cache):
    domain, task, change, message = WRONG[case]
    write_folder(tmp_path, domains=None)
    path = first(tmp_path, domain)
    change(path)
    with pytest.raises(InvalidDataError, match=re.escape(str(path)) + "[ :]*" + message) as error:
        all_of(tmp_path, task, cache)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("cache", [None, False], ids=["cache", "files"])
def test_other_numbers_of_classes_name_both_files(tmp_path, cache):
    write_folder(tmp_path, domains=("rgb", "class_scene"))
    path = first(tmp_path, "class_scene")
    np.save(path, np.full(63, 1 / 63, np.float32))
    with pytest.raises(
        InvalidDataError, match=rf"(?=.*\(63,\))(?=.*{re.escape(path.name)}).*shape \(\d+,\)"
    ):
        TaskonomyDataset(tmp_path, ["class_places"], "all", cache=cache).batch(
            "class_places", range(36)
        )


def test_harmless_forms_are_read(tmp_path):
    """Palettes, gray as three equal channels, scores that are minus infinity, other sizes."""
    write_folder(tmp_path)
    Image.fromarray(FLAT).convert("RGB").save(first(tmp_path, "segment_unsup2d"))
    palette = Image.new("P", (8, 8))
    palette.putpalette([shade for shade in range(256) for _ in range(3)])
    palette.putdata(FLAT.reshape(-1).tolist())
    palette.save(first(tmp_path, "segment_semantic"))
    scores = np.load(first(tmp_path, "class_object"))
    scores[:] = -1.0
    scores[1] = -np.inf
    np.save(first(tmp_path, "class_object"), scores)
    Image.fromarray(DEEP[:4, :4]).save(first(tmp_path, "depth_zbuffer"))
    tasks = ["segment2d", "segmentsemantic_rb", "class_1000", "rgb2depth"]
    data = TaskonomyDataset(tmp_path, tasks, "all", size=8)
    targets = {task: data.batch(task, [0])[1] for task in tasks}
    assert (targets["segment2d"] == 5).all()
    assert (targets["segmentsemantic_rb"] == 4).all()
    assert targets["class_1000"][0, 1] == 0
    assert targets["class_1000"].sum() == pytest.approx(1)
    assert targets["rgb2depth"] == pytest.approx(np.log(901) / np.log(65536))


@pytest.mark.parametrize("suffix", ["jpg", "jpeg", "JPG"])
def test_pictures_may_be_jpeg(tmp_path, suffix):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    for path in (tmp_path / "rgb").rglob("*.png"):
        Image.fromarray(np.asarray(Image.open(path))).save(
            path.with_suffix("." + suffix), format="JPEG", quality=100
        )
        path.unlink()
    data = TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    assert len(data) == 36
    path = next(iter(sorted((tmp_path / "rgb" / "alpha").iterdir())))
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    expected = torch.from_numpy(pixels.transpose(2, 0, 1).astype(np.float32) / 127.5 - 1)
    assert torch.allclose(data.batch("rgb2depth", [0])[0][0], expected)


def test_a_photograph_is_turned_as_its_camera_was_held(tmp_path):
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[:8] = 255  # bright above
    exif = Image.Exif()
    exif[0x0112] = 3  # held upside down
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif)
    raw = read_raw(tmp_path / "a.jpg", "rgb")
    assert raw[12].mean() > 250
    assert raw[3].mean() < 5


def test_labels_may_not_be_jpeg_and_a_view_has_one_picture(tmp_path):
    write_folder(tmp_path, domains=("rgb", "depth_zbuffer"))
    label = first(tmp_path, "depth_zbuffer").with_suffix(".jpg")
    Image.fromarray(FLAT).save(label)
    with pytest.raises(InvalidDataError, match=rf"{label} is a JPEG picture.*store depth_zbuffer"):
        TaskonomyDataset(tmp_path, ["rgb2depth"], "all")
    label.unlink()
    Image.fromarray(COLORS).save(first(tmp_path, "rgb").with_suffix(".jpeg"))
    with pytest.raises(InvalidDataError, match=r"0_domain_rgb\.png are pictures of one view; move"):
        TaskonomyDataset(tmp_path, ["rgb2depth"], "all")


def test_pictures_of_other_names_are_told_how_to_be_named(tmp_path):
    (tmp_path / "rgb").mkdir()
    Image.fromarray(COLORS).save(tmp_path / "rgb" / "IMG_0001.jpg")
    message = r"\(there is rgb/IMG_0001\.jpg: rename such pictures to rgb/<building>/point_0_view_0"
    with pytest.raises(InvalidDataError, match=message):
        read_index(tmp_path)


@pytest.mark.slow
def test_training_tells_the_wrong_label_in_one_line(tmp_path):
    root = write_folder(tmp_path / "data", side=64)
    for path in (root / "segment_semantic").rglob("*.png"):
        Image.fromarray(np.full((64, 64), 39, np.uint8)).save(path)
    config = BankConfig(str(root), fit=FitConfig(epochs=1, batch=4), references=False)
    reason = train_bank(["segmentsemantic_rb"], tmp_path / "bank", config).failures[
        "segmentsemantic_rb"
    ]
    assert re.match(rf"{root}/segment_semantic/\S+: 4096 of 4096 pixels have the value 39,", reason)
    assert "\n" not in reason
