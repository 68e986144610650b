"""The contact sheet: every task is drawn, named, and drawn where it belongs."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from encoders.codecs.encodings import ENCODINGS, file_name, read_value
from encoders.codecs.point_info import stored_ranges
from encoders.codecs.poses import matrix_to_euler
from encoders.draw.contact_sheet import SHEET_ORDER, draw_contact_sheet, task_rows
from encoders.draw.labeled_views import LabeledViews, sample_view, spread_views, views_in_folder
from encoders.draw.legend import with_legend
from encoders.draw.maps import FAR, NEAR, SEMANTIC_COLORS, depth_colors
from encoders.draw.pages import CAPTION, GAP, HEAD, MARGIN, save_page
from encoders.draw.tiles import UNSEEN, as_tile, text_tile, wrap_text, write_centered
from encoders.errors import InvalidDataError
from encoders.scenes.camera import Camera
from encoders.scenes.making.make import make
from encoders.scenes.making.settings import WorldSettings
from encoders.tasks import TASKS

YELLOW = np.array([255, 221, 51])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("sheet") / "world"
    make(out, buildings=2, views=14, size=32, seed=5)
    return out


@pytest.fixture(scope="module")
def view(world):
    """A view that has all the other views that tasks look at."""
    for views, key in spread_views(world, 28):
        if views.partners("triplet", key) and views.partners("nonfixated", key):
            return views, key
    raise AssertionError("no such view among 28")


def label_tile(name, view, tile=96):
    """The tile of a task's label, as numbers."""
    (_, (label,)) = task_rows(TASKS[name], [view], tile).rows[-1]
    return np.array(label)


def test_the_sheet_has_all_26_tasks():
    assert sorted(SHEET_ORDER) == sorted(TASKS)
    assert len(SHEET_ORDER) == 26


@pytest.mark.parametrize("name", SHEET_ORDER)
def test_every_task_is_drawn_with_its_title(name, view):
    task = TASKS[name]
    drawn = task_rows(task, [view, view], 96)
    assert drawn.title == task.name
    for caption, tiles in drawn.rows:
        assert caption in ("input", "label", "")
        assert [tile.size for tile in tiles] == [(96, 96)] * 2
        assert tiles[0].tobytes() == tiles[1].tobytes()
        low, high = zip(*tiles[0].getextrema(), strict=True)
        if name not in ("segmentsemantic_rb", "curvature", "keypoint2d"):
            assert max(high) - min(low) > 20, "an empty tile"


def test_a_sheet_has_a_column_a_view_and_is_the_same_each_time(world):
    chosen = spread_views(world, 3)
    sheet = draw_contact_sheet(chosen)
    assert sheet.width == MARGIN + CAPTION + 3 * (128 + GAP)
    assert sheet.height > 34 * 130
    assert sheet.tobytes() == draw_contact_sheet(spread_views(world, 3)).tobytes()
    views, key = chosen[1]
    picture = np.array(as_tile(views.stored(key, "rgb"), 128))
    x = MARGIN + CAPTION + 128 + GAP
    assert (np.array(sheet)[HEAD : HEAD + 128, x : x + 128] == picture).all()


def test_spread_views_come_from_all_buildings(world):
    chosen = spread_views(world, 4)
    assert [v.building for v, _ in chosen] == ["building_0000"] * 2 + ["building_0001"] * 2
    assert len({(views.building, key) for views, key in chosen}) == 4
    assert len(spread_views(world, 1000)) == 28


def test_a_folder_without_views_is_refused(tmp_path):
    with pytest.raises(InvalidDataError, match=r"manifest\.json is missing"):
        spread_views(tmp_path, 3)
    with pytest.raises(InvalidDataError, match="no view to draw"):
        draw_contact_sheet([])


def test_one_view_is_rendered_in_memory_and_drawn_in_lines(tmp_path):
    views, key = sample_view(WorldSettings(size=32, views=12))
    sheet = draw_contact_sheet([(views, key)])
    assert len(views.infos) == 12
    assert 1200 < sheet.width < 2000
    save_page(sheet, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as saved:
        assert saved.size == sheet.size
        assert saved.tobytes() == sheet.tobytes()
    with pytest.raises(InvalidDataError, match="cannot be written"):
        save_page(sheet, tmp_path / "no" / "a.png")


def test_a_view_rendered_in_memory_is_the_view_of_the_folder(world):
    memory, _ = sample_view(WorldSettings(buildings=2, views=14, size=32, seed=5))
    stored = views_in_folder(world, "building_0000")
    assert memory.infos == stored.infos
    for key in list(stored.infos)[::5]:
        for domain in ENCODINGS:
            np.testing.assert_array_equal(memory.stored(key, domain), stored.stored(key, domain))


def test_depths_have_one_scale_in_all_views(world):
    """The color of a pixel is that of its depth in the file, whatever else is in the picture."""
    for views, key in spread_views(world, 3):
        path = world / "depth_zbuffer" / views.building / file_name(*key, "depth_zbuffer")
        meters = read_value(path, "depth_zbuffer")
        tile = label_tile("rgb2depth", (views, key), tile=32).astype(int)
        seen = np.isfinite(meters)
        assert np.abs(tile[seen] - depth_colors(meters[seen])).max() <= 1
        assert (tile[~seen] == UNSEEN).all()


def test_segmentation_has_the_colors_of_the_legend(view):
    tile = label_tile("segmentsemantic_rb", view, tile=64)
    views, key = view
    numbers = np.unique(views.stored(key, "segment_semantic"))
    expected = {tuple(SEMANTIC_COLORS[k - 1]) if k else UNSEEN for k in numbers}
    assert {tuple(color) for color in tile.reshape(-1, 3)} == expected
    assert len({tuple(color) for color in SEMANTIC_COLORS}) == 17


def test_classes_are_named_and_a_view_without_a_class_says_so(view):
    views, key = view
    scenes = np.zeros_like(views.stored(key, "class_scene"))

    def changed(key, domain):
        return scenes if domain == "class_scene" else views.stored(key, domain)

    other = dataclasses.replace(views, stored=changed)
    scenes[2] = 1
    named = label_tile("class_places", (other, key))
    scenes[2], scenes[4] = 0, 1
    assert (named != label_tile("class_places", (other, key))).any()
    scenes[4] = 0
    assert (label_tile("class_places", (other, key)) == np.array(text_tile("no label", 96))).all()


def test_pixels_that_see_no_surface_have_their_own_color(view):
    views, key = view

    def changed(key, domain):
        stored = views.stored(key, domain)
        if domain == "mask_valid":
            stored = stored.copy()
            stored[:4, :4] = 0
        return stored

    other = dataclasses.replace(views, stored=changed)
    for name in ("rgb2depth", "rgb2sfnorm", "curvature", "reshade"):
        tile = label_tile(name, (other, key), tile=32)
        assert (tile[:4, :4] == UNSEEN).all()
        assert (tile[4:, 4:] != UNSEEN).any()


BOX = {"low": [-2.0, -3.0, 0.0], "high": [2.0, 3.0, 2.4]}


def empty_room(camera, points=((0.0, 3.0, 1.0),), views=1):
    """Views by one camera of an empty gray room of 4 x 6 x 2.4 m, centered on some points."""
    info = {
        "camera_location": camera.position.tolist(),
        "camera_rotation_final": matrix_to_euler(camera.rotation).tolist(),
        "field_of_view_rads": camera.fov,
        "bounding_box_ranges": stored_ranges(**BOX),
        "nonfixated_points_in_view": list(range(len(points))),
    }
    infos = {
        (point, view): {**info, "point_location": place, "camera_uuid": f"{point} {view}"}
        for point, place in enumerate(points)
        for view in range(views)
    }
    gray = np.full((64, 64, 3), 128, dtype=np.uint8)
    valid = np.full((64, 64), 255, dtype=np.uint8)
    return LabeledViews("empty", infos, lambda _, d: valid if d == "mask_valid" else gray, {})


AHEAD = Camera.looking_at([0.3, -2.0, 1.4], [0.3, 3.0, 1.4], np.radians(70))


def places_of(tile, color, reach=60):
    near = np.abs(np.array(tile, dtype=int) - color).sum(-1) < reach
    down, across = np.nonzero(near)
    return (across + 0.5) / tile.shape[1], (down + 0.5) / tile.shape[0]


def test_the_layout_is_drawn_along_the_edges_of_the_room():
    """Every yellow pixel lies on the projection of an edge of the box, and every edge is drawn."""
    tile = label_tile("room_layout", (empty_room(AHEAD), (0, 0)), 256)
    found = np.stack(places_of(tile, YELLOW), 1)
    share = np.linspace(0, 1, 400)[:, None]
    low, high = np.array(BOX["low"]), np.array(BOX["high"])
    edges = []
    for axis in range(3):
        for corner in np.ndindex(2, 2):
            start = np.where(np.insert(corner, axis, 0), high, low)
            end = np.where(np.arange(3) == axis, high, start)
            edges.append(AHEAD.project(start + share * (end - start)))
    drawn = np.concatenate(edges)
    drawn = drawn[np.isfinite(drawn).all(1)]
    drawn = drawn[((drawn > 0) & (drawn < 1)).all(1)]
    found = found[((found > 0.02) & (found < 0.98)).all(1)]
    gap = np.sqrt(((found[:, None] - drawn) ** 2).sum(-1))
    assert gap.min(1).max() < 0.02
    assert gap.min(0).max() < 0.04  # with what was left out along the border
    assert len(found) > 500


def test_strokes_run_to_the_vanishing_points():
    """Straight ahead, red strokes point to the middle, green ones lie level, blue ones upright."""
    tile = label_tile("vanishing_point_well_defined", (empty_room(AHEAD), (0, 0)), 255)
    for color, level in (((40, 170, 70), True), ((60, 110, 235), False)):
        across, down = places_of(tile, np.array(color))
        for x in (0.19, 0.81):
            near = (np.abs(across - x) < 0.12) & (np.abs(down - 0.19) < 0.12)
            spread = np.ptp(across[near]), np.ptp(down[near])
            assert (spread[0] > 4 * spread[1]) == level
            assert (spread[1] > 4 * spread[0]) != level
    across, down = places_of(tile, np.array([226, 60, 60]))
    near = (np.abs(across - 0.19) < 0.1) & (np.abs(down - 0.19) < 0.1)
    slope = np.polyfit(across[near], down[near], 1)[0]
    assert slope == pytest.approx(1, abs=0.15)  # from the upper left, down to the middle


def test_partners_look_at_the_same_point_or_share_one():
    points = [[0.0, 3.0, 1.0], [1.2, 2.5, 2.0], [-0.9, 1.0, 0.4]]
    views = empty_room(AHEAD, points, views=3)
    assert views.partners("", (0, 0)) == []
    assert views.partners("fixated", (0, 1)) == views.partners("match", (0, 1)) == [(0, 0)]
    assert views.partners("triplet", (0, 1)) == [(0, 0), (0, 2)]
    assert views.partners("nonfixated", (0, 0)) == [(1, 0)]


def test_a_view_without_partners_says_so():
    views = empty_room(AHEAD)
    assert views.partners("nonfixated", (0, 0)) is None
    for name in ("point_match", "fix_pose", "non_fixated_pose", "ego_motion"):
        rows = task_rows(TASKS[name], [(views, (0, 0))], 96).rows
        assert [caption for caption, _ in rows] == ["input", "label"]
        for _, (tile,) in rows:
            assert tile.tobytes() == text_tile("no other view", 96).tobytes()


def test_text_is_wrapped_to_the_width():
    class Font:
        def getlength(self, text):
            return len(text)

    assert wrap_text("a bb ccc dddddddd e", Font(), 4) == ["a bb", "ccc", "dddddddd", "e"]


def test_a_word_that_is_wider_than_its_box_is_written_smaller():
    """No ink touches the sides of the box, at the width at which the full size would."""
    for width in (75, 100, 300):
        picture = Image.new("RGB", (width, 40), "white")
        write_centered(picture, "segmentsemantic_rb", (0, 0), width, 40, margin=2)
        dark = np.asarray(picture.convert("L")) < 128
        assert dark.any()
        assert not dark[:, [0, -1]].any()


@pytest.mark.parametrize("notes", [(), ("first", "second")])
def test_the_legend_lists_the_classes_in_as_few_lines_as_fit(notes):
    names = [f"class_{k}" for k in range(17)]
    for width, lines in ((160, 18), (900, 2)):
        page = Image.new("RGB", (width, 50), (1, 2, 3))
        drawn = np.array(with_legend(page, classes=names, notes=notes))
        assert (drawn[:50] == (1, 2, 3)).all()
        colors = [*SEMANTIC_COLORS, UNSEEN]
        below = drawn[50 + len(notes) * 24 :]
        boxes = [np.argwhere((below == color).all(-1)) for color in colors]
        corners = [tuple(box.min(0)) for box in boxes]
        assert corners == sorted(set(corners))
        assert len({y for y, _ in corners}) == lines
        assert corners[0] == (6, 6)
        assert all(25 * 15 <= len(box) < 26 * 16 for box in boxes)
        assert len(below) == 6 + 22 * lines
        if notes:
            assert (drawn[50 : -len(below)] < 100).all(-1).any()  # text


@pytest.mark.parametrize("width", [90, 500])
def test_the_legend_has_the_scale_of_depths(width):
    page = np.array(with_legend(Image.new("RGB", (width, 10), "white"), depth=True))
    row = page[10 + 6 + 9].astype(int)
    dark, middle, bright = depth_colors(np.array([NEAR, np.sqrt(NEAR * FAR), FAR])).astype(int)
    bar = np.flatnonzero((row != 255).any(-1) & (np.ptp(row, axis=-1) > 20))
    assert len(bar) == 240
    assert (row[bar[0]] == dark).all()
    assert (row[bar[-1]] == bright).all()
    assert np.abs(row[bar[120]] - middle).max() <= 3
