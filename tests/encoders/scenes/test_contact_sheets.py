"""The contact sheet: every task is drawn, named, and drawn where it belongs."""

import dataclasses

import numpy as np
import pytest
from PIL import Image

from encoders.codecs.poses import stored_ranges
from encoders.errors import InvalidDataError
from encoders.scenes.camera import Camera
from encoders.scenes.contact_sheets.album import Album, folder_album, sample_view, spread_views
from encoders.scenes.contact_sheets.legend import with_colors
from encoders.scenes.contact_sheets.overlays import layout, other_point, same_point, vanishing
from encoders.scenes.contact_sheets.panels import (
    SEMANTIC_COLORS,
    UNSEEN,
    Subject,
    enlarged,
    wrapped,
)
from encoders.scenes.contact_sheets.sheet import (
    GAP,
    HEAD,
    MARGIN,
    ROWS,
    WORDS,
    draw_sheet,
    save_sheet,
)
from encoders.scenes.making.make import make
from encoders.scenes.making.settings import Settings

YELLOW = np.array([255, 221, 51])


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    out = tmp_path_factory.mktemp("sheet") / "world"
    make(out, buildings=2, views=14, size=32, seed=5)
    return out


@pytest.fixture(scope="module")
def view(world):
    """A view that has all the other views that its tasks want."""
    for album, key in spread_views(world, 28):
        if len(album.same_point(key)) >= 2 and album.shared(key):
            return album, key
    raise AssertionError("no such view among 28")


def test_all_26_tasks_have_a_row():
    assert len({row.name for row in ROWS}) == len(ROWS) == 26


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_every_row_draws_its_tiles(row, view):
    tiles = row.panel(Subject(*view, tile=96))
    assert [tile.size for tile in tiles] == [(96, 96)] * row.tiles
    assert all(tile.mode == "RGB" for tile in tiles)
    for tile in tiles:
        low, high = zip(*tile.getextrema(), strict=True)
        if row.name not in ("Semantic Segm.", "Curvature", "2D Keypoints"):
            assert max(high) - min(low) > 20, "an empty tile"


def test_a_sheet_has_a_column_a_view_and_is_the_same_each_time(world):
    views = spread_views(world, 3)
    sheet = draw_sheet(views)
    assert sheet.width == MARGIN + 3 * (128 + GAP)
    assert sheet.height > 28 * 128 + 3 * WORDS
    assert sheet.tobytes() == draw_sheet(spread_views(world, 3)).tobytes()
    album, key = views[1]
    picture = np.array(enlarged(album.picture(key), 128))
    first = np.array(sheet)[HEAD : HEAD + 128]
    x = MARGIN + 128 + GAP
    assert (first[:, x : x + 128] == picture).all()


def test_spread_views_come_from_all_buildings(world):
    views = spread_views(world, 4)
    assert [album.building for album, _ in views] == ["building_0000"] * 2 + ["building_0001"] * 2
    assert len({(album.building, key) for album, key in views}) == 4
    assert len(spread_views(world, 1000)) == 28


def test_a_folder_without_views_is_refused(tmp_path):
    with pytest.raises(InvalidDataError, match=r"manifest\.json is missing"):
        spread_views(tmp_path, 3)
    with pytest.raises(InvalidDataError, match="no view to draw"):
        draw_sheet([])


def test_one_view_is_made_in_memory_and_drawn_in_lines(tmp_path):
    album, key = sample_view(Settings(size=32, views=12))
    sheet = draw_sheet([(album, key)])
    assert len(album.infos) == 12
    assert 1200 < sheet.width < 2000
    save_sheet(sheet, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as found:
        assert found.size == sheet.size
        assert found.tobytes() == sheet.tobytes()
    with pytest.raises(InvalidDataError, match="cannot be written"):
        save_sheet(sheet, tmp_path / "no" / "a.png")


def test_a_view_made_in_memory_is_the_view_of_the_folder(world):
    memory, _ = sample_view(Settings(buildings=2, views=14, size=32, seed=5))
    stored = folder_album(world, "building_0000")
    assert memory.infos == stored.infos
    for key in list(stored.infos)[::5]:
        np.testing.assert_array_equal(memory.picture(key), stored.picture(key))


def test_colors_of_segmentation_are_those_of_the_legend(view):
    subject = Subject(*view, tile=64)
    tile = np.array(next(c for c in ROWS if c.name == "Semantic Segm.").panel(subject)[0])
    found = {tuple(color) for color in tile.reshape(-1, 3)}
    numbers = np.unique(subject.values["segment_semantic"])
    assert found == {tuple(SEMANTIC_COLORS[k]) for k in numbers}
    assert len({tuple(color) for color in SEMANTIC_COLORS}) == 18


def test_what_sees_no_surface_is_drawn_in_its_own_color(view):
    album, key = view
    values = dict(album.values(key))
    depth = values["depth_zbuffer"].copy()
    depth[:4, :4] = np.nan
    changed = dataclasses.replace(album, values=lambda _: {**values, "depth_zbuffer": depth})
    panel = next(c for c in ROWS if c.name == "Z-Depth").panel
    tile = np.array(panel(Subject(changed, key, 32))[0])
    assert (tile[:4, :4] == UNSEEN).all()
    assert (tile[4:, 4:] != UNSEEN).any()


BOX = {"low": [-2.0, -3.0, 0.0], "high": [2.0, 3.0, 2.4]}


def plain_album(camera, points=(), views=1):
    """Views by one camera of an empty gray room of 4 x 6 x 2.4 m, with points to mark."""
    from encoders.codecs.poses import matrix_to_euler

    info = {
        "camera_location": camera.position.tolist(),
        "camera_rotation_final": matrix_to_euler(camera.rotation).tolist(),
        "field_of_view_rads": camera.fov,
        "bounding_box_ranges": stored_ranges(**BOX),
        "nonfixated_points_in_view": list(range(len(points))),
    }
    infos = {
        (point, view): {**info, "point_location": place, "camera_uuid": f"{point} {view}"}
        for point, place in enumerate(points or [[0.0, 3.0, 1.0]])
        for view in range(views)
    }
    gray = np.full((64, 64, 3), 128, dtype=np.uint8)
    return Album("empty", infos, lambda _: gray, lambda _: {"rgb": gray}, {})


AHEAD = Camera.looking_at([0.3, -2.0, 1.4], [0.3, 3.0, 1.4], np.radians(70))


def places_of(tile, color, reach=60):
    near = np.abs(np.array(tile, dtype=int) - color).sum(-1) < reach
    down, across = np.nonzero(near)
    return (across + 0.5) / tile.width, (down + 0.5) / tile.height


def test_the_layout_is_drawn_along_the_edges_of_the_room():
    """Every yellow pixel lies on the projection of an edge of the box, and every edge is drawn."""
    tile = layout(Subject(plain_album(AHEAD), (0, 0), 256))[0]
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
    tile = vanishing(Subject(plain_album(AHEAD), (0, 0), 255))[0]
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


def test_points_are_marked_where_they_appear():
    points = [[0.0, 3.0, 1.0], [1.2, 2.5, 2.0], [-0.9, 1.0, 0.4]]
    album = plain_album(AHEAD, points, views=3)
    middle = same_point(3)(Subject(album, (0, 0), 256))
    assert len(middle) == 3
    for tile in middle:
        assert np.median(places_of(tile, YELLOW), axis=1) == pytest.approx([0.5, 0.5], abs=0.01)
    other, point = album.shared((0, 0))
    assert (other, point) == ((1, 0), 2)
    expected = AHEAD.project([points[2]])[0]
    for tile in other_point(Subject(album, (0, 0), 256)):
        found = places_of(tile, YELLOW)
        center = [(found[0].min() + found[0].max()) / 2, (found[1].min() + found[1].max()) / 2]
        assert center == pytest.approx(expected, abs=0.01)


def test_a_view_without_partners_says_so():
    subject = Subject(plain_album(AHEAD), (0, 0), 64)
    assert len(same_point(3)(subject)) == 3
    assert np.array(same_point(2)(subject)[1]).mean() > 200  # words on white
    assert np.array(other_point(subject)[1]).mean() > 200


def test_words_are_wrapped_to_the_width():
    class Font:
        def getlength(self, text):
            return len(text)

    assert wrapped("a bb ccc dddddddd e", Font(), 4) == ["a bb", "ccc", "dddddddd", "e"]


@pytest.mark.parametrize("notes", [(), ("first", "second")])
def test_a_legend_stands_below_the_page_in_as_few_lines_as_fit(notes):
    names = [f"class_{k}" for k in range(18)]
    colors = np.array([(250, 10 * k, 90) for k in range(20)], dtype=np.uint8)  # words are gray
    for width, wanted in ((160, 18), (900, 2)):
        page = Image.new("RGB", (width, 50), (1, 2, 3))
        whole = np.array(with_colors(page, names, colors, notes=notes))
        assert (whole[:50] == (1, 2, 3)).all()
        boxes = [np.argwhere((whole == color).all(-1)) for color in colors]
        assert [len(box) for box in boxes] == [25 * 15] * 18 + [0, 0]
        corners = [tuple(box.min(0)) for box in boxes[:18]]
        assert corners == sorted(set(corners))
        assert len({y for y, _ in corners}) == wanted
        words = 18 * len(notes) + 4 if notes else 0
        assert corners[0] == (50 + 6 + words, 6)
        assert len(whole) == 50 + 4 + words + 22 * wanted
