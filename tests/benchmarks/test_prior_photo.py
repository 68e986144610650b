"""``taskgraph bench prior TASK``: a user's photograph in any form, tiles, Ctrl-C, and bad input."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from benchmarks.cli.prior import COMMANDS, SUFFIXES
from benchmarks.prior import photo, restoring
from benchmarks.prior.fit_settings import SMALL, TASKS, FitSettings, HourglassSpec
from benchmarks.prior.photo import PhotoError, encoded, read_mask, read_photo
from benchmarks.prior.restoring import Restoration, RestorationError
from benchmarks.prior.tiles import BlendedTiles, Tile, ramp, starts, tiles_of
from benchmarks.results.machine import ROOT
from taskgraph.cli import run
from tests.examples import examples

TINY = FitSettings(HourglassSpec((4, 8), (4, 8), (2, 2)), inputs=4, iterations=4)
RNG = np.random.default_rng(5)
QUICK = ["--iterations", "2"]


def save(path, mode="RGB", size=(36, 28), **how):
    """Write a random image of a mode, and return its path as text."""
    width, height = size
    if mode == "I;16":
        image = Image.fromarray(RNG.integers(0, 65536, (height, width), dtype=np.uint16))
    else:
        image = Image.fromarray(RNG.integers(0, 256, (height, width, 4), dtype=np.uint8), "RGBA")
        image = image.convert("RGB").convert("P") if mode == "P" else image.convert(mode)
    image.save(path, **how)
    return str(path)


def bench(*words):
    return run(["bench", "prior", *words])


@pytest.mark.parametrize(
    ("mode", "name", "channels", "alpha", "deep"),
    [
        ("RGB", "a.png", 3, False, False),
        ("RGB", "a.jpg", 3, False, False),
        ("RGBA", "a.png", 3, True, False),
        ("LA", "a.png", 1, True, False),
        ("L", "a.png", 1, False, False),
        ("1", "a.png", 1, False, False),
        ("P", "a.png", 3, False, False),
        ("CMYK", "a.tif", 3, False, False),
        ("I;16", "a.png", 1, False, True),
        ("I;16", "a.tif", 1, False, True),
    ],
)
def test_a_photograph_of_any_mode_is_read_and_written_again(
    tmp_path, mode, name, channels, alpha, deep
):
    path = save(tmp_path / name, mode)
    read = read_photo(path, megapixels=1)
    assert read.values.shape == (channels, 28, 36)
    assert 0 <= read.values.min() < read.values.max() <= 1
    assert (read.alpha is not None, read.deep) == (alpha, deep)
    again = tmp_path / ("again.png" if not name.endswith("tif") else "again.tif")
    assert photo.write_photo(read, read.values, str(again)) == ()
    other = read_photo(str(again), megapixels=1)
    np.testing.assert_allclose(other.values, read.values, atol=1e-6)
    assert (other.alpha is None) == (read.alpha is None)
    if alpha:
        np.testing.assert_array_equal(other.alpha, read.alpha)


def test_a_palette_with_a_transparent_color_has_alpha(tmp_path):
    path = save(tmp_path / "a.png", "P", transparency=3)
    assert read_photo(path, megapixels=1).alpha is not None


def test_a_photograph_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # rotated by a quarter
    path = save(tmp_path / "a.jpg", exif=exif)
    assert read_photo(path, megapixels=1).values.shape == (3, 36, 28)


def test_what_a_format_lacks_is_said(tmp_path):
    see_through = read_photo(save(tmp_path / "a.png", "RGBA"), megapixels=1)
    assert encoded(see_through, see_through.values, "b.jpg")[1] == (
        ".jpg has no transparency, which is dropped; write .png to keep it",
    )
    deep = read_photo(save(tmp_path / "b.png", "I;16"), megapixels=1)
    assert encoded(deep, deep.values, "b.webp")[1] == (
        ".webp has 8 bits a channel; write .png or .tif to keep 16",
    )
    pages = Image.new("L", (20, 20))
    pages.save(tmp_path / "c.tif", save_all=True, append_images=[pages])
    assert read_photo(str(tmp_path / "c.tif"), megapixels=1).notes == (
        "only the first of 2 pictures of the file is restored",
    )


def test_alpha_has_the_size_of_an_enlarged_picture(tmp_path):
    out = tmp_path / "out.png"
    path = save(tmp_path / "a.png", "RGBA")
    assert bench("superresolve", path, "--factor", "2", "-o", str(out), *QUICK) == 0
    with Image.open(out) as image:
        assert (image.mode, image.size) == ("RGBA", (72, 56))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"no image", "is no image that Pillow can read; give a PNG, JPEG, TIFF or WebP file"),
        (b"", "is no image that Pillow can read"),
        (None, "is a folder, expected an image"),
        ("cut", r"is a damaged image \(.*\); save it again"),
        ("missing", "there is no such file"),
    ],
)
def test_what_is_no_photograph_is_one_line_and_code_2(tmp_path, capsys, content, says):
    path = tmp_path / "photo.png"
    if content is None:
        path.mkdir()
    elif content == "cut":
        whole = save(tmp_path / "whole.png")
        path.write_bytes(Path(whole).read_bytes()[:900])
    elif content != "missing":
        path.write_bytes(content)
    assert bench("denoise", str(path), "-o", str(tmp_path / "out.png")) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    with pytest.raises(PhotoError, match=says):
        read_photo(str(path), megapixels=1)
    assert not (tmp_path / "out.png").exists()


def test_forty_megapixels_are_refused_before_they_are_decoded(tmp_path, capsys):
    path = tmp_path / "large.png"
    Image.new("1", (8000, 5000)).save(path)
    start = time.process_time()
    assert bench("denoise", str(path), "-o", str(tmp_path / "out.png")) == 2
    assert time.process_time() - start < 5
    assert (
        "large.png has 8000 x 5000 pixels, 40 megapixels, and at most 4 are allowed; make it "
        in (capsys.readouterr().err)
    )


@pytest.mark.parametrize(
    ("levels", "size", "says"),
    [
        (255, (36, 28), "is white everywhere; paint the pixels to fill in white and all others"),
        (0, (36, 28), "is black everywhere"),
        (
            128,
            (28, 36),
            "mask.png has 28 x 36 pixels and the photograph has 36 x 28; the mask must",
        ),
    ],
)
def test_masks_that_do_not_fit(tmp_path, capsys, levels, size, says):
    picture = save(tmp_path / "a.png")
    mask = tmp_path / "mask.png"
    Image.new("L", size, levels).save(mask)
    out = str(tmp_path / "out.png")
    assert bench("inpaint", picture, "--mask", str(mask), "-o", out) == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "I;16"])
def test_white_pixels_of_a_mask_are_missing(tmp_path, mode):
    missing = np.zeros((28, 36), dtype=bool)
    missing[3:9, 4:20] = True
    top = 65535 if mode == "I;16" else 255
    image = Image.fromarray((missing * top).astype(np.uint16 if mode == "I;16" else np.uint8))
    (image if mode == "I;16" else image.convert(mode)).save(tmp_path / "mask.png")
    np.testing.assert_array_equal(read_mask(str(tmp_path / "mask.png"), (28, 36)), ~missing)


def test_inpainting_changes_missing_pixels_only(tmp_path):
    picture = save(tmp_path / "a.png", "LA")
    missing = np.zeros((28, 36), dtype=np.uint8)
    missing[5:12, 8:30] = 255
    Image.fromarray(missing).save(tmp_path / "mask.png")
    out = tmp_path / "out.png"
    words = ["inpaint", picture, "--mask", str(tmp_path / "mask.png"), "-o", str(out)]
    assert bench(*words, *QUICK, "--preview", str(tmp_path / "now.png")) == 0
    with Image.open(picture) as before, Image.open(out) as after:
        assert before.mode == after.mode
        same = np.asarray(before)[..., 0] == np.asarray(after)[..., 0]
    assert same[missing == 0].all()
    assert not same[missing > 0].all()


@pytest.mark.parametrize("task", ["denoise", "dejpeg"])
def test_a_photograph_is_restored_and_its_file_left_alone(tmp_path, capsys, task):
    path = save(tmp_path / "a.jpg")
    before = Path(path).read_bytes()
    out = tmp_path / "out.tif"
    assert bench(task, path, "-o", str(out), *QUICK, "--arithmetic", "bfloat16") == 0
    assert capsys.readouterr().out == f"wrote {out} after 2 iterations\n"
    with Image.open(out) as image:
        assert (image.size, image.mode) == ((36, 28), "RGB")
    assert Path(path).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{a}", "-o", "{a}"], "would write over what the command reads"),
        (["{a}", "-o", "{b}", "--preview", "{b}"], "would write over what the command writes"),
        (["{a}", "-o", "{c}"], "cannot tell the format, expected a name that ends in .png, .jpg"),
        (["{a}"], "Missing option '-o' / '--out'"),
        (["{a}", "-o", "{b}", "--sigma", "0"], "0.0 is not in the range 0<x<=255"),
        (["{small}", "-o", "{b}"], "a tile has 12 x 12 pixels and the network needs at least 9"),
    ],
)
def test_wrong_use_is_one_line_and_code_2(tmp_path, capsys, words, says):
    paths = {
        "a": save(tmp_path / "a.png"),
        "b": str(tmp_path / "b.png"),
        "c": str(tmp_path / "c.gif"),
        "small": save(tmp_path / "small.png", size=(5, 7)),
    }
    assert bench("denoise", *[word.format(**paths) for word in words]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says.replace("12 x 12", "5 x 7") in error


def test_a_tile_without_a_known_pixel_is_refused():
    known = np.ones((100, 40), dtype=bool)
    known[:64] = False
    with pytest.raises(RestorationError, match="all pixels from column 0, row 0 on, for 40 x 50"):
        Restoration(np.zeros((1, 100, 40)), TINY, known=known, tile=50, overlap=8)


@pytest.mark.parametrize("signs", ["first", "later"])
def test_ctrl_c_writes_the_best_picture_so_far(tmp_path, capsys, monkeypatch, signs):
    whole_fit = restoring.fit_prior

    def interrupted(*words, **how):
        """Fit for three iterations, and then be interrupted as by Ctrl-C."""
        for iterate in whole_fit(*words, **how):
            if signs == "first" or iterate.number == 4:
                raise KeyboardInterrupt
            yield iterate

    monkeypatch.setattr(restoring, "fit_prior", interrupted)
    out = tmp_path / "out.png"
    assert bench("denoise", save(tmp_path / "a.png"), "-o", str(out)) == 130
    said = capsys.readouterr().err
    if signs == "first":
        assert "interrupted before the first iteration; nothing was written" in said
        assert not out.exists()
    else:
        assert f"interrupted; {out} has the best picture after 3 iterations" in said
        with Image.open(out) as image:
            assert image.size == (36, 28)


def processor_seconds(pid):
    """Processor time of a running process, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processor times are in /proc")
def test_ctrl_c_ends_a_real_run_within_two_seconds(tmp_path):
    path, out, now = save(tmp_path / "a.png", size=(300, 200)), tmp_path / "out.png", "now.png"
    words = ["bench", "prior", "denoise", path, "-o", str(out), "--preview", str(tmp_path / now)]
    process = subprocess.Popen(
        [sys.executable, "-m", "taskgraph", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    while not (tmp_path / now).exists():
        time.sleep(0.1)
    before = processor_seconds(process.pid)
    process.send_signal(signal.SIGINT)
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    assert used.ru_utime + used.ru_stime - before < 2, "on a loaded machine the clock says more"
    assert process.returncode == 130
    assert "has the best picture after" in said
    with Image.open(out) as image:
        assert image.size == (300, 200)


def test_the_preview_shows_the_picture_so_far(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.cli.prior.REFRESH", 0.0)
    now, out = tmp_path / "now.jpg", tmp_path / "out.png"
    path = save(tmp_path / "a.png", "L")
    assert bench("denoise", path, "-o", str(out), "--preview", str(now), *QUICK) == 0
    with Image.open(now) as image:
        assert (image.size, image.mode) == ((36, 28), "L")


def test_progress_is_of_all_tiles():
    reports, looked = [], []
    values = RNG.random((1, 40, 90)).astype(np.float32)
    restoration = Restoration(values, TINY, tile=40, overlap=8)
    restoration.run(lambda *words: reports.append(words), lambda: looked.append(1))
    count = len(restoration.tiles)
    assert count == 3
    assert reports[0] == (1, 12, "tile 1 of 3")
    assert reports[-2:] == [(12, 12, "tile 3 of 3"), (12, 12)]
    assert len(looked) == restoration.iterations == 12
    assert restoration.picture.shape == (1, 40, 90)


def test_a_known_noise_level_stops_the_fit():
    """At once if the noise is as large as the first loss; never if there is none."""
    values = RNG.random((1, 24, 24)).astype(np.float32)
    long = FitSettings(TINY.network, 4, iterations=160)
    for sigma, count in ((1.0, 1 + restoring.NOISE_LAG), (1e-6, 160)):
        restoration = Restoration(values, long, sigma=sigma)
        restoration.run()
        assert restoration.iterations == count


def test_the_noise_on_the_input_follows_the_level_as_in_the_published_settings():
    values = np.zeros((1, 24, 24), dtype=np.float32)
    for sigma, jitter in ((25, 1 / 30), (50, 1 / 20), (5, 1 / 30)):
        found = Restoration(values, SMALL["denoise"], sigma=sigma / 255).fit_settings.jitter
        assert found == pytest.approx(jitter)


def test_a_restoration_that_has_not_begun_shows_the_photograph():
    values = RNG.random((3, 20, 20)).astype(np.float32)
    restoration = Restoration(values, TINY)
    assert not restoration.started
    np.testing.assert_array_equal(restoration.picture, values)


@examples(times=0.5)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(20, 90), st.integers(0, 9))
def test_tiles_cover_every_pixel_and_equal_tiles_blend_to_the_picture(height, width, side, overlap):
    tiles = tiles_of(height, width, side, overlap)
    picture = np.arange(height * width, dtype=np.float32).reshape(1, height, width)
    blended = BlendedTiles(np.full_like(picture, -1), overlap)
    for tile in tiles:
        assert tile.height == min(side, height)
        assert tile.width == min(side, width)
        blended.add(tile, tile.of(picture))
    np.testing.assert_allclose(blended.picture(), picture, rtol=1e-5)
    for size in (height, width):
        found = starts(size, side, overlap)
        gaps = np.diff(found)
        assert (gaps <= side - overlap).all()
        assert found[-1] == max(0, size - side)


def test_two_tiles_change_over_linearly():
    blended = BlendedTiles(np.zeros((1, 1, 10), dtype=np.float32), 4)
    blended.add(Tile(0, 0, 1, 7), np.zeros((1, 1, 7)))
    blended.add(Tile(0, 3, 1, 7), np.ones((1, 1, 7)))
    np.testing.assert_allclose(
        blended.picture()[0, 0], [0, 0, 0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1], rtol=1e-5
    )
    np.testing.assert_allclose(ramp(7, 2), [1 / 3, 2 / 3, 1, 1, 1, 2 / 3, 1 / 3], rtol=1e-6)
    assert Tile(1, 2, 3, 4).scaled(2) == Tile(2, 4, 6, 8)


def test_the_commands_are_the_tasks():
    assert tuple(COMMANDS) == TASKS
    assert photo.SUFFIXES == SUFFIXES
