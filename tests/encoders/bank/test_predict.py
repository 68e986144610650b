"""Predictions drawn from a bank: what is asked, of which pictures, and every error in one line."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from encoders.bank.config import trainable
from encoders.bank.predict import (
    center_square,
    gallery,
    heldout,
    open_bank,
    open_photo,
    photos,
    pictures,
)
from encoders.bank.predict.heldout import TILE
from encoders.bank.pretrained import load
from encoders.cli.predict import predict
from encoders.dataset import TaskonomyDataset
from encoders.draw import answer_of_label, draw_answer
from encoders.draw.pages import CAPTION, GAP, HEAD, MARGIN
from encoders.errors import InvalidDataError
from encoders.scenes.furniture import OBJECTS
from encoders.tasks import TASKS
from encoders.tasks.names import ALIASES, DISPLAY_ORDER
from encoders.training.checkpoint import read_weights, write_weights
from taskgraph.cli import run
from tests.encoders.untrained import write_untrained
from tests.failing import fails

TRAINED = ("class_1000", "ego_motion", "fix_pose", "jigsaw", "rgb2depth", "segmentsemantic_rb")


@pytest.fixture(scope="module")
def world(shared_world):
    return shared_world(buildings=3, views=16, size=64, seed=1)


@pytest.fixture(scope="module")
def bank(world, tmp_path_factory):
    """Write a bank of untrained networks, in the files that training would leave."""
    out = tmp_path_factory.mktemp("predict")
    return write_untrained(out, TaskonomyDataset(world, TRAINED, "train", progress=False))


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A wide JPEG whose middle square is a smooth ramp, with a red margin on both sides."""
    out = tmp_path_factory.mktemp("predict") / "room.jpg"
    pixels = np.zeros((120, 200, 3), dtype=np.uint8)
    pixels[:, :40] = pixels[:, 160:] = 255, 0, 0
    pixels[:, 40:160] = np.linspace(0, 255, 120)[None, :, None]
    Image.fromarray(pixels).save(out, quality=95)
    return out


def titles(monkeypatch):
    """Return the titles over the tiles of the pages that are drawn after this call."""
    seen = []

    def lines(rows, **more):
        seen.extend([title for title, _ in row] for row in rows)
        return drawn(rows, **more)

    drawn = pictures.lines
    monkeypatch.setattr(pictures, "lines", lines)
    return seen


# --- names and places ---


def test_every_alias_is_another_word_for_a_task_that_is_trained():
    assert set(ALIASES.values()) <= set(trainable())
    assert not set(ALIASES) & set(TASKS)
    assert sorted(DISPLAY_ORDER) == trainable()


# --- networks ---


@pytest.mark.slow
def test_predicting_needs_nothing_of_what_makes_scenes():
    code = "import sys, encoders.bank.predict; assert not {'embreex', 'trimesh'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_bank_gives_its_tasks_in_the_order_of_the_sheet_or_as_asked(bank):
    assert [one.task.name for one in open_bank(bank)] == [
        "jigsaw",
        "rgb2depth",
        "segmentsemantic_rb",
        "class_1000",
        "fix_pose",
        "ego_motion",
    ]
    asked = open_bank(bank, ["pose", "depth", "rgb2depth"])
    assert [one.task.name for one in asked] == ["fix_pose", "rgb2depth"]
    assert [one.photo_count for one in open_bank(bank)] == [1, 1, 1, 1, 2, 3]


def test_classes_have_the_names_of_the_scenes_that_were_trained_on(bank):
    by_name = {one.task.name: one for one in open_bank(bank)}
    assert by_name["class_1000"].names == tuple(OBJECTS)
    assert by_name["segmentsemantic_rb"].names[:2] == ("background", "bottle")
    assert len(by_name["segmentsemantic_rb"].names) == 17
    assert by_name["class_1000"].task.output.channels == len(OBJECTS)
    assert by_name["rgb2depth"].names == ()


@pytest.mark.parametrize("classes", [["a", "b"], None])
def test_names_in_the_record_come_first_and_none_are_invented(bank, tmp_path, classes):
    tensors, record = read_weights(bank / "class_1000.safetensors")
    record |= {"classes": classes, "data": {"views": 3}}
    write_weights(tmp_path / "class_1000.safetensors", tensors, record)
    (found,) = open_bank(tmp_path)
    assert found.names == tuple(classes or ())


def test_answers_are_those_of_the_loaded_network(bank, world):
    data = TaskonomyDataset(world, ["rgb2depth"], "test", progress=False)
    given, _, _ = data.batch("rgb2depth", [0, 5])
    (one,) = open_bank(bank, ["depth"])
    found = np.stack(one.predict(given[:, None].numpy()))
    np.testing.assert_allclose(found, load("rgb2depth", bank)(given), rtol=1e-5, atol=1e-6)


# --- photographs ---


def test_a_photo_is_cut_to_its_middle_and_averaged(photo):
    pixels = center_square(open_photo(photo), 12).astype(int)
    assert pixels.shape == (12, 12, 3)
    assert np.ptp(pixels, axis=-1).max() < 12  # gray: the red margins are gone
    np.testing.assert_allclose(
        pixels[6, :, 0], np.linspace(0, 255, 120).reshape(12, 10).mean(1), atol=8
    )


def test_pictures_of_every_kind_are_read(tmp_path):
    rgb = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    gray = rgb[..., 0]
    Image.fromarray(rgb).save(tmp_path / "a.png")
    np.testing.assert_array_equal(open_photo(tmp_path / "a.png"), rgb)
    Image.fromarray(gray).save(tmp_path / "b.png")
    np.testing.assert_array_equal(open_photo(tmp_path / "b.png"), np.stack([gray] * 3, axis=-1))
    Image.fromarray(gray.astype(np.uint16) * 257).save(tmp_path / "c.png")
    np.testing.assert_array_equal(open_photo(tmp_path / "c.png"), np.stack([gray] * 3, axis=-1))
    Image.fromarray(np.dstack([rgb, np.zeros_like(gray)])).save(tmp_path / "d.png")
    assert np.asarray(open_photo(tmp_path / "d.png")).min() == 255
    sideways = Image.new("RGB", (4, 8))
    exif = sideways.getexif()
    exif[0x0112] = 6
    sideways.save(tmp_path / "e.jpg", exif=exif)
    assert open_photo(tmp_path / "e.jpg").size == (8, 4)


def test_inputs_are_prepared_as_for_training(bank, world):
    """A view of the data set, given as a photo, is the view's own input."""
    data = TaskonomyDataset(world, ["rgb2depth"], "test", progress=False)
    (one,) = open_bank(bank, ["depth"])
    path = data.index.root / data.index.files("rgb").paths[data.rows[2]]
    given = one.prepare_input([center_square(open_photo(path), one.size)])
    np.testing.assert_array_equal(given[0], data.batch("rgb2depth", [2])[0][0])


def test_the_same_photo_is_always_cut_and_shuffled_alike(bank, photo):
    (one,) = open_bank(bank, ["jigsaw"])
    first, again = (one.prepare_input([center_square(open_photo(photo), 64)]) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (9, 3, 32, 32)


def test_one_photo_has_every_task_that_looks_at_one(bank, photo, monkeypatch):
    seen = titles(monkeypatch)
    photos(bank, [photo])
    assert seen == [
        [
            "room.jpg",
            "jigsaw (input)",
            "jigsaw",
            "rgb2depth",
            "segmentsemantic_rb",
            "class_1000",
        ],
    ]


def test_several_photos_have_a_line_each_and_one_together(bank, photo, monkeypatch):
    seen = titles(monkeypatch)
    photos(bank, [photo, photo], ["depth", "pose"])
    assert seen == [
        ["room.jpg", "rgb2depth"],
        ["room.jpg", "rgb2depth"],
        ["fix_pose (input)", "fix_pose"],
    ]
    del seen[:]
    photos(bank, [photo] * 3)
    assert seen[-1] == ["ego_motion (input)", "ego_motion"]
    assert len(seen) == 4


def test_the_tile_is_the_networks_answer(bank, photo):
    page = np.asarray(photos(bank, [photo], ["depth"]))
    (one,) = open_bank(bank, ["depth"])
    given = one.prepare_input([center_square(open_photo(photo), 64)])
    tile = np.asarray(draw_answer(one.canvas(given, 192), one.predict(given[None])[0]))
    x = GAP + 192 + GAP
    np.testing.assert_array_equal(page[HEAD : HEAD + 192, x : x + 192], tile)


# --- the gallery ---


def test_a_gallery_shows_evenly_spaced_test_views_with_their_labels(bank, world):
    page = np.asarray(gallery(bank, world, tasks=["depth"], views=2))
    data = TaskonomyDataset(world, ["rgb2depth"], "test", progress=False)
    (one,) = open_bank(bank, ["depth"])
    assert len(data) == 16
    given, target, mask = data.batch("rgb2depth", [4, 12])  # of 16, the middles of both halves
    answers = one.predict(given[:, None].numpy())
    left, step = MARGIN + CAPTION, TILE + GAP
    for k in range(2):
        canvas = one.canvas(given[k : k + 1].numpy(), TILE)
        label = draw_answer(canvas, answer_of_label(one.task, target[k]), mask[k])
        x, y = left + k * step, HEAD
        for tile in (canvas.picture(), draw_answer(canvas, answers[k]), label):
            found = page[y : y + TILE, x : x + TILE].astype(int)
            assert np.abs(found - np.asarray(tile)).max() <= 1
            y += TILE + (GAP if y == HEAD else 2)


def test_a_gallery_of_all_tasks_has_rows_for_inputs_predictions_and_labels(
    bank, world, monkeypatch
):
    seen = []
    monkeypatch.setattr(
        heldout,
        "draw_table",
        lambda heads, groups, **_: seen.extend(groups) or Image.new("RGB", (9, 9)),
    )
    gallery(bank, world, views=3)
    assert [group.title for group in seen] == [
        "jigsaw",
        "rgb2depth",
        "segmentsemantic_rb",
        "class_1000",
        "fix_pose",
        "ego_motion",
    ]
    assert [caption for caption, _ in seen[0].rows] == ["input", "prediction", "label"]
    assert [caption for caption, _ in seen[1].rows] == ["prediction", "label"]
    assert all(len(tiles) == 3 for group in seen for _, tiles in group.rows)


def test_a_gallery_leaves_the_data_set_as_it_is(bank, world, tmp_path):
    copy = tmp_path / "world"
    shutil.copytree(world, copy, ignore=shutil.ignore_patterns(".cache*"))
    before = sorted(os.listdir(copy))
    gallery(bank, copy, tasks=["pose"], views=1)
    assert sorted(os.listdir(copy)) == before


# --- the command ---


def test_the_command_draws_a_photo_and_says_where(bank, photo, tmp_path, capsys):
    out = tmp_path / "room.png"
    assert (
        run(["predict", str(photo), "--task", "depth,object", "--bank", str(bank), "-o", str(out)])
        == 0
    )
    assert capsys.readouterr().err == f"drew {out}\n"
    with Image.open(out) as page:
        legend = 48  # the scale of depths
        assert page.size == (GAP + 3 * (192 + GAP), HEAD + 192 + GAP + legend)


def test_the_command_draws_a_gallery(bank, world, tmp_path, capsys):
    out = tmp_path / "gallery.png"
    assert (
        run(
            [
                "predict",
                "--data",
                str(world),
                "--task",
                "depth",
                "--views",
                "1",
                "--bank",
                str(bank),
                "-o",
                str(out),
            ]
        )
        == 0
    )
    assert "drew " in capsys.readouterr().err
    assert out.exists()


def test_the_help_says_what_happens_to_a_photo():
    text = " ".join((predict.help or "").split())
    assert "cropped to the square in its middle and resized" in text
    assert "taskgraph predict room.jpg --task depth" in text


def test_every_error_is_one_line(bank, world, photo, tmp_path, capsys):
    out = tmp_path / "o.png"

    def told(*arguments, where=bank):
        return fails(capsys, "predict", *arguments, "--bank", where, "-o", out)

    words = tmp_path / "words.txt"
    words.write_text("not a picture")
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(Path(photo).read_bytes()[:900])
    assert "words.txt is not a picture that Pillow can read" in told(words)
    assert "none.jpg: there is no such file; name a photo, such as room.jpg" in told(
        tmp_path / "none.jpg"
    )
    assert "cut.jpg cannot be read as a picture: image file is truncated" in told(cut)
    assert "the bank has no rgb2sfnorm; it has class_1000, " in told(photo, "--task", "normals")
    assert 'no task "dpth"; did you mean depth' in told(photo, "--task", "dpth")
    assert "holds no trained task; train some" in told(photo, where=tmp_path)
    assert "task fix_pose takes 2 pictures, and 1 was given; name 2 files" in told(
        photo, "--task", "pose"
    )
    assert "task ego_motion takes 3 pictures, and 2 were given" in told(
        photo, photo, "--task", "egomotion"
    )
    assert "name some pictures, as in `taskgraph predict room.jpg" in told()
    assert "not both" in told(photo, "--data", world)
    assert "o.svg: cannot tell the format, expected a name that ends in .png" in fails(
        capsys, "predict", photo, "-o", tmp_path / "o.svg"
    )
    assert not out.exists()


def test_a_bank_that_suits_no_number_of_pictures_says_so(bank, photo, tmp_path):
    shutil.copy(bank / "fix_pose.safetensors", tmp_path)
    with pytest.raises(InvalidDataError, match=r"has no task that takes 1 picture\(s\)"):
        photos(tmp_path, [photo])
    with pytest.raises(InvalidDataError, match="there is no picture to look at"):
        photos(bank, [])


def test_a_missing_photo_is_told_before_torch_is_imported(tmp_path):
    code = (
        "import sys; sys.modules['torch'] = None; from taskgraph.cli import run; "
        f"sys.exit(run(['predict', sys.argv[1], '-o', {str(tmp_path / 'x.png')!r}]))"
    )
    for name, problem in (("none.jpg", "there is no such file"), (".", "is a folder")):
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2
        assert f"{problem}; name a photo, such as room.jpg" in done.stderr
        assert done.stderr.count("\n") == 1
