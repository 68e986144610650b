"""Drawings: colors, lines and words against the numbers that they show."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageChops
from scipy.spatial.transform import Rotation

from encoders.codecs.colors import color_target, lightness
from encoders.codecs.jigsaw import jigsaw, tile_orders
from encoders.codecs.pixels import store_curvature, store_normal
from encoders.codecs.poses import relative_pose, room_layout, vanishing_points
from encoders.draw import (
    Canvas,
    TaskRows,
    answer_of_label,
    answer_of_output,
    draw_answer,
    draw_input,
    draw_table,
    has_own_input,
    lines,
)
from encoders.draw import words as words_module
from encoders.draw.cameras import angle, camera_map
from encoders.draw.canvas import as_pixels
from encoders.draw.legend import with_legend
from encoders.draw.maps import FAR, NEAR, SEMANTIC_COLORS, depth_colors, principal_colors
from encoders.draw.overlays import BLUE, GREEN, RED, YELLOW
from encoders.draw.pages import HEAD
from encoders.draw.tiles import UNSEEN, montage, text_tile
from encoders.errors import InvalidDataError
from encoders.tasks import TASKS, Output, each_view
from encoders.tasks.curves import log_depth

SIDE, TILE = 32, 128
CONSTANTS = {"curvature": {"mean": [123.572, 120.1], "std": [31.922, 21.658]}}


def picture(seed=0):
    """A smooth colored picture, (SIDE, SIDE, 3) uint8."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(40, 216, (4, 4, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def planes(rgb):
    return np.moveaxis(rgb / 127.5 - 1, -1, 0).astype(np.float32)


def canvas(name, *, given=None, tile=TILE, **more):
    task = TASKS[name]
    if task.output is not None and task.output.channels is None:
        task = dataclasses.replace(task, output=dataclasses.replace(task.output, channels=5))
    if given is None:
        given = np.stack([planes(picture(k))[: task.channels] for k in range(task.inputs)])
    return Canvas(task, given, tile, **more)


def pixels(tile):
    return np.asarray(tile).astype(int)


def at(tile, x, y):
    """The color of a network's pixel in a tile that is TILE / SIDE times larger."""
    fine = TILE // SIDE
    return tuple(int(c) for c in pixels(tile)[y * fine + 1, x * fine + 1])


def same(first, second):
    return ImageChops.difference(first, second).getbbox() is None


def count(tile, color, tolerance=40):
    """Pixels of about a color."""
    return int((np.abs(pixels(tile) - color).sum(axis=-1) < tolerance).sum())


# --- one form for predictions and labels ---


def test_scores_become_probabilities_and_the_likeliest_class():
    scores = np.array([0.0, np.log(3.0)])
    np.testing.assert_allclose(answer_of_output(TASKS["point_match"], scores), [0.25, 0.75])
    of_pixels = np.zeros((17, 2, 2))
    of_pixels[4, 0, 1] = of_pixels[16, 1, 1] = 2
    found = answer_of_output(TASKS["segmentsemantic_rb"], of_pixels)
    np.testing.assert_array_equal(found, [[0, 4], [0, 16]])
    colors = answer_of_output(TASKS["colorization"], np.full((261, 2, 2), 1000.0))
    np.testing.assert_allclose(colors, 1 / 261)


def test_a_label_that_is_a_number_is_a_certain_class_and_others_stay():
    np.testing.assert_array_equal(answer_of_label(TASKS["point_match"], np.int64(1)), [0, 1])
    assert answer_of_label(TASKS["jigsaw"], np.int64(37)).argmax() == 37
    target = np.arange(9.0)
    assert answer_of_label(TASKS["room_layout"], target) is target


def test_a_random_projection_has_nothing_to_draw():
    with pytest.raises(InvalidDataError, match="task random has no answers to draw"):
        answer_of_output(TASKS["random"], np.zeros(3))


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if task.output])
def test_every_task_draws_what_a_network_gives_and_the_same_way_its_label(name):
    """A network whose scores say the label draws the label's tile."""
    paper = canvas(name, fov=1.0, constants=CONSTANTS.get(name, {}))
    form, rng = paper.task.output, np.random.default_rng(3)
    shape = form.shape(SIDE)
    output = rng.normal(size=shape) / 3
    predicted = draw_answer(paper, answer_of_output(paper.task, output))
    assert predicted.size == (TILE, TILE)
    assert predicted.mode == "RGB"
    assert len(np.unique(pixels(predicted).reshape(-1, 3), axis=0)) > 2
    if form.kind == "segments":
        return  # a label has numbers, where a network gives directions
    if form.kind == "class_map":
        target = rng.integers(0, form.channels, shape[1:])
        output = 9.0 * np.moveaxis(np.eye(form.channels)[target], -1, 0)
    elif paper.task.loss == "xentropy":
        target = np.int64(1)
        output = 99.0 * np.eye(form.channels)[1]
    elif paper.task.loss == "soft_xentropy":
        target = rng.dirichlet(np.ones(shape[0]), shape[1:])
        target = np.moveaxis(target, -1, 0)
        output = np.log(target) + 7
    else:
        target = output
    label = draw_answer(paper, answer_of_label(paper.task, target))
    assert same(label, draw_answer(paper, answer_of_output(paper.task, output)))


# --- maps ---


def test_pictures_are_themselves():
    rgb = picture()
    tile = draw_answer(canvas("autoencoder"), planes(rgb))
    for x, y in ((0, 0), (31, 0), (7, 19)):
        assert at(tile, x, y) == tuple(rgb[y, x])


def test_depth_is_dark_near_and_bright_far_by_ratios_of_meters():
    meters = np.geomspace(NEAR / 2, FAR * 2, SIDE)
    answer = np.tile(log_depth(512 * meters), (1, SIDE, 1))
    row = [at(draw_answer(canvas("rgb2depth"), answer), x, 3) for x in range(SIDE)]
    light = [0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in row]
    inside = (meters > NEAR) & (meters < FAR)
    assert (np.diff(np.array(light)[inside]) > 0).all()
    assert row[0] == (68, 1, 84)  # the first color of viridis
    assert row[-1] == (253, 231, 37)  # the last
    middle = draw_answer(canvas("rgb2mist"), np.full((1, SIDE, SIDE), log_depth(512 * 2.0)))
    # 2 m is midway between 0.5 and 8 m, and so is this green in viridis.
    np.testing.assert_allclose(at(middle, 0, 0), (33, 145, 140), atol=2)
    assert at(middle, 0, 0) == tuple(depth_colors(np.array([2.0]))[0])


def test_pixels_that_do_not_count_are_seen_as_such():
    mask = np.ones((SIDE, SIDE), dtype=bool)
    mask[5, 9] = False
    tile = draw_answer(canvas("rgb2sfnorm"), np.zeros((3, SIDE, SIDE)), mask)
    assert at(tile, 9, 5) == UNSEEN
    assert at(tile, 10, 5) == (127, 127, 127)


def test_normals_have_the_colors_of_the_files():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(SIDE, SIDE, 3))
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    tile = draw_answer(canvas("rgb2sfnorm"), np.moveaxis(vectors, -1, 0))
    assert at(tile, 4, 6) == tuple(store_normal(vectors)[6, 4])


def test_curvature_is_drawn_in_its_units_whatever_it_was_standardized_with():
    bend = np.zeros((SIDE, SIDE, 2))
    bend[2, 3] = 4.0, -4.0  # 1/m: half as strong as the strongest
    raw = store_curvature(bend)[..., :2].astype(float)
    for mean, std in (((123.572, 120.1), (31.922, 21.658)), ((127.0, 126.0), (2.0, 3.0))):
        answer = np.moveaxis((raw - mean) / std, -1, 0)
        paper = canvas("curvature", constants={"mean": list(mean), "std": list(std)})
        assert at(draw_answer(paper, answer), 0, 0) == (127, 127, 127)
        np.testing.assert_allclose(at(draw_answer(paper, answer), 3, 2), (190, 64, 127), atol=1)


@pytest.mark.parametrize(
    ("name", "white"),
    [("edge2d", 1), ("edge3d", 0), ("keypoint2d", 0.25), ("keypoint3d", 0), ("reshade", 1)],
)
def test_gray_runs_from_minus_one_to_white(name, white):
    answer = np.full((1, SIDE, SIDE), -1.0)
    answer[0, 0, :3] = white, (white - 1) / 2, 5
    tile = draw_answer(canvas(name), answer)
    assert [at(tile, x, 0)[0] for x in range(4)] == [255, 128, 255, 0]


def test_the_colors_of_a_picture_come_back_from_its_bins():
    """A label of colorization, drawn, is the picture to within the bins; a wrong one is not."""
    rgb = picture(4)
    light = np.moveaxis(lightness(rgb), -1, 0)[None]
    paper = canvas("colorization", given=light, tile=SIDE)
    target = np.moveaxis(color_target(rgb), -1, 0)
    found = pixels(draw_answer(paper, answer_of_label(paper.task, target)))
    assert np.abs(found - rgb).mean() < 9
    flipped = pixels(draw_answer(paper, target[:, ::-1, ::-1]))
    assert np.abs(flipped - rgb).mean() > 20
    gray = pixels(draw_input(paper))
    assert np.ptp(gray, axis=-1).max() <= 1
    assert gray[..., 1].mean() == pytest.approx(rgb.mean(), abs=15)


def test_classes_of_pixels_have_the_colors_of_the_legend():
    classes = np.zeros((SIDE, SIDE), dtype=np.int64)
    classes[0, 1], classes[0, 2] = 1, 16
    tile = draw_answer(canvas("segmentsemantic_rb"), classes)
    assert [at(tile, x, 0) for x in range(3)] == [tuple(SEMANTIC_COLORS[k]) for k in (0, 1, 16)]


def test_numbers_of_segments_are_told_apart_and_repeat():
    numbers = np.tile(np.arange(SIDE), (SIDE, 1))
    tile = draw_answer(canvas("segment2d"), numbers)
    assert len({at(tile, x, 0) for x in range(SIDE)}) == SIDE
    assert at(tile, 5, 0) == at(tile, 5, 30)


def test_an_embedding_is_drawn_by_its_principal_components():
    """Turning the embedding changes no distance, and at most inverts a color channel."""
    rng = np.random.default_rng(1)
    places = 4 * rng.normal(size=(3, 8)) * np.array([[3], [2], [1]])
    segments = np.repeat(np.arange(3), [9, 9, 14])[None].repeat(SIDE, axis=0)
    embedding = np.moveaxis(places[segments], -1, 0) + 0.01 * rng.normal(size=(8, SIDE, SIDE))
    colors = principal_colors(embedding).astype(int)
    means = [colors[segments == k].mean(axis=0) for k in range(3)]
    for k in range(3):
        assert colors[segments == k][:, :2].std(axis=0).max() < 8
        assert np.abs(means[k] - means[(k + 1) % 3]).max() > 60
    turn = np.linalg.qr(rng.normal(size=(8, 8)))[0]
    turned = principal_colors(np.einsum("ij,jhw->ihw", turn, embedding)).astype(int)
    for channel in range(3):
        both = turned[..., channel], 255 - turned[..., channel]
        assert min(np.abs(colors[..., channel] - each).max() for each in both) <= 1


def test_an_embedding_that_says_nothing_is_drawn_flat():
    assert np.ptp(principal_colors(np.ones((64, 4, 4)))) == 0


def test_a_task_of_ones_own_is_drawn_by_its_kind():
    label = each_view(lambda view: view.rgb[..., 0])
    base = TASKS["rgb2depth"]
    for channels in (1, 2, 3, 5):
        own = dataclasses.replace(base, name="own", label=label, output=Output("map", channels))
        paper = Canvas(own, planes(picture())[None], TILE)
        answer = np.random.default_rng(0).uniform(-1, 1, (channels, SIDE, SIDE))
        assert len(np.unique(pixels(draw_answer(paper, answer)))) > 20
    own = dataclasses.replace(base, name="own", label=label, output=Output("vector", 2))
    paper = Canvas(own, planes(picture())[None], TILE, {"mean": [1.0, 2.0], "std": [1.0, 2.0]})
    again = dataclasses.replace(paper, constants={})
    assert same(draw_answer(paper, np.array([1.0, 2.0])), draw_answer(again, np.array([2.0, 6.0])))


# --- words ---


def said(monkeypatch, paper, answer):
    """Return the classes and shares that a tile of classes names."""
    heard = []
    monkeypatch.setattr(words_module, "bars", lambda shares, tile: heard.extend(shares))
    draw_answer(paper, answer)
    return [(name, round(share, 4)) for name, share in heard]


def test_the_three_likeliest_classes_are_named(monkeypatch):
    names = ["desk", "dining_table", "sink", "vase", "oven"]
    paper = canvas("class_1000", names=names)
    found = said(monkeypatch, paper, np.array([0.1, 0.5, 0.05, 0.3, 0.05]))
    assert found == [("dining table", 0.5), ("vase", 0.3), ("desk", 0.1)]


def test_a_label_names_its_only_class_and_classes_without_names_are_numbered(monkeypatch):
    paper = canvas("class_places")
    assert said(monkeypatch, paper, np.array([0, 0, 0, 1.0, 0])) == [("class 3", 1.0)]


def test_matching_says_whether_the_point_is_the_same(monkeypatch):
    paper = canvas("point_match")
    found = said(monkeypatch, paper, np.array([0.07, 0.93]))
    assert found == [("same point", 0.93), ("another point", 0.07)]
    assert said(monkeypatch, paper, np.array([0.8, 0.2]))[0] == ("another point", 0.8)


def test_a_bar_is_as_long_as_its_probability():
    tile = pixels(words_module.bars([("a", 0.5), ("b", 0.25)], 120))
    for row, share in ((4, 0.5), (44, 0.25)):
        assert (tile[row] == words_module.BAR).all(axis=-1).sum() == 120 * share
    assert (tile[84] == 255).all()


def test_long_names_stay_in_their_tile():
    tile = pixels(words_module.bars([("a very long name of a class", 1.0)], 96))
    ink = (tile.sum(axis=-1) < 200).any(axis=0)
    assert not ink[:2].any()
    assert not ink[-2:].any()


# --- the jigsaw ---


@pytest.mark.parametrize("order", [0, 41])
def test_the_right_order_puts_the_pieces_where_they_were(order):
    rgb = picture(9)[:30, :30]
    chosen = tile_orders()[order : order + 1]
    pieces, _ = jigsaw(rgb, np.random.default_rng(0), size=10, crop=1.0, orders=chosen)
    given = np.moveaxis(pieces, -1, 1)
    paper = canvas("jigsaw", given=given, tile=30 * 4)
    found = pixels(draw_answer(paper, answer_of_label(paper.task, np.int64(order))))
    wanted = np.asarray(Image.fromarray(rgb).resize((120, 120), Image.Resampling.NEAREST))
    inner = np.ones(120, dtype=bool)
    inner[36::40] = inner[37::40] = inner[38::40] = inner[39::40] = False
    error = np.abs(found - wanted)[inner][:, inner].mean()
    assert error < 8
    wrong = pixels(draw_answer(paper, answer_of_label(paper.task, np.int64(order + 1))))
    assert np.abs(wrong - wanted)[inner][:, inner].mean() > 4 * error


# --- cameras and rooms ---


def looking(angles):
    """A camera that looks along +y with z up, then turned; rotation camera-to-world."""
    upright = np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]])
    return Rotation.from_euler("xyz", angles).as_matrix() @ upright


def test_the_edges_of_a_room_are_drawn_where_its_corners_project_to():
    """The far wall of a box that is looked at along its middle is a square of known size."""
    rotation = looking([0, 0, 0])
    answer = room_layout(rotation, [0, 0, 0], [-2, -1, -2], [2, 4, 2])
    gray = np.zeros((1, 3, SIDE, SIDE), dtype=np.float32)
    half = np.radians(45)
    paper = canvas("room_layout", given=gray, fov=2 * half)
    yellow = np.abs(pixels(draw_answer(paper, answer)) - YELLOW).sum(axis=-1) < 60
    # The far wall is at 4 m and reaches 2 m to each side: half of the half picture.
    row = np.flatnonzero(yellow[TILE // 2])
    np.testing.assert_allclose([row.min(), row.max()], [TILE / 4, 3 * TILE / 4], atol=2)
    column = np.flatnonzero(yellow[:, TILE // 2])
    np.testing.assert_allclose([column.min(), column.max()], [TILE / 4, 3 * TILE / 4], atol=2)
    assert yellow[:12, :12].any()  # an edge of the room runs out of the corner of the picture


def test_constants_are_undone_before_a_box_is_drawn():
    answer = room_layout(looking([0, 0, 0.3]), [0, 0, 0], [-2, -1, -2], [2, 4, 2])
    mean, std = np.linspace(-1, 1, 9), np.linspace(1, 3, 9)
    plain = draw_answer(canvas("room_layout"), answer)
    paper = canvas("room_layout", constants={"mean": mean.tolist(), "std": std.tolist()})
    assert np.abs(pixels(draw_answer(paper, (answer - mean) / std)) - pixels(plain)).max() <= 2
    assert not same(draw_answer(paper, answer), plain)


def test_strokes_run_along_the_axes_that_the_camera_sees():
    """Looking straight along +y: across is green, up is blue, and red shrinks to the middle."""
    paper = canvas("vanishing_point_well_defined", given=np.zeros((1, 3, SIDE, SIDE)))
    tile = draw_answer(paper, vanishing_points(looking([0, 0, 0])))
    middle = TILE // 2
    row, column = pixels(tile)[middle], pixels(tile)[:, middle]
    assert (np.abs(row - GREEN).sum(axis=-1) < 60).sum() > 20
    assert (np.abs(column - BLUE).sum(axis=-1) < 60).sum() > 20
    # Strokes are as long as their axes say, so predictions of any length are drawn alike.
    shrunk = draw_answer(paper, 0.2 * vanishing_points(looking([0, 0, 0])))
    assert same(shrunk, tile)


def test_a_plan_shows_a_camera_where_it_is_and_how_it_is_turned():
    """The first camera stands 2 m to the right of the second and 3 m ahead of it, turned left."""
    second = looking([0, 0, 0])  # looks along +y, its right is +x
    pose = relative_pose(looking([0, 0, np.pi / 2]), [2, 3, 0], second, [0, 0, 0])
    tile = camera_map([pose], 200)
    red = np.argwhere(np.abs(pixels(tile)[:150] - RED).sum(axis=-1) < 40)  # not the words below
    across, down = red[:, 1] / 20 - 5, red[:, 0] / 20 - 5  # 5 m to the border
    assert across.max() == pytest.approx(2, abs=0.4)  # the wedge opens to the left of its place
    assert across.min() < 1
    assert down.mean() == pytest.approx(-3, abs=0.5)
    assert count(tile, BLUE) > 30
    assert angle(Rotation.from_rotvec([0, 0.7, 0]).as_matrix()) == pytest.approx(0.7)


def test_a_camera_that_is_far_away_stays_on_the_plan():
    assert count(camera_map([np.array([0, 0, 0, 40.0, 0, 0])], 200), RED) > 30


def test_three_cameras_have_three_colors_on_the_plan_and_around_their_pictures():
    paper = canvas("ego_motion")
    answer = np.zeros(18)
    answer[9], answer[15] = 2.0, -2.0  # of the poses (1, 3) and (2, 3)
    for tile in (draw_answer(paper, answer), draw_input(paper)):
        assert all(count(tile, color) > 20 for color in (RED, GREEN, BLUE))
    red = np.argwhere(np.abs(pixels(draw_answer(paper, answer)) - RED).sum(axis=-1) < 40)
    assert red[:, 1].max() > 0.6 * TILE


# --- inputs and pages ---


def test_inputs_that_are_not_the_picture_itself_are_known():
    found = {name for name, task in TASKS.items() if task.output and has_own_input(task)}
    assert found == {
        "colorization",
        "denoise",
        "ego_motion",
        "fix_pose",
        "impainting_whole",
        "jigsaw",
        "non_fixated_pose",
        "point_match",
    }


def test_a_montage_shows_every_picture_once():
    colors = [(200, 10 * k, 30) for k in range(9)]
    tile = montage([np.full((8, 8, 3), c, dtype=np.uint8) for c in colors], 120)
    for k, color in enumerate(colors):
        assert tuple(pixels(tile)[k // 3 * 40 + 20, k % 3 * 40 + 20]) == color


def test_an_answer_that_nobody_knows_is_told():
    paper = canvas("fix_pose")
    told = draw_answer(paper, np.ones(6), np.False_)
    assert same(told, text_tile("no other view", TILE))
    assert not same(told, draw_answer(paper, np.ones(6), True))
    paper = canvas("edge2d")
    nowhere = np.zeros((SIDE, SIDE), dtype=bool)
    assert same(draw_answer(paper, np.zeros((1, SIDE, SIDE)), nowhere), text_tile("no label", TILE))


def test_lightness_is_gray():
    light = lightness(np.full((4, 4, 3), 90, dtype=np.uint8))
    np.testing.assert_allclose(as_pixels(np.moveaxis(light, -1, 0)), 90, atol=1)


def blank(color, side=20):
    return Image.new("RGB", (side, side), color)


def test_lines_break_and_keep_their_order():
    tiles = [(str(k), blank((10 * k, 0, 0))) for k in range(5)]
    page = pixels(lines([tiles, tiles[:1]], across=3))
    step = 26
    assert page.shape[0] == 3 * (HEAD + step)
    for k in range(5):
        y, x = HEAD + 10 + k // 3 * (HEAD + step), 16 + k % 3 * step
        assert tuple(page[y, x]) == (10 * k, 0, 0)
    with pytest.raises(InvalidDataError, match="nothing to draw"):
        lines([])


def test_a_table_holds_each_tile_once_however_many_blocks_it_has():
    heads = [("a", blank("white", 40)), ("b", blank("white", 40))]
    colors = [(7, 9 * k, 200) for k in range(20)]
    groups = [
        TaskRows(
            f"t{k}",
            [
                ("prediction", [blank(colors[4 * k + j], 40) for j in (0, 1)]),
                ("label", [blank(colors[4 * k + j], 40) for j in (2, 3)]),
            ],
        )
        for k in range(5)
    ]
    for blocks in (1, 2, 3):
        page = draw_table(heads, groups, blocks=blocks)
        assert [count(page, color, 1) for color in colors] == [1600] * 20
    assert draw_table(heads, groups, blocks=2).width > 2 * draw_table(heads, groups).width
    assert draw_table(heads, groups, blocks=2).height < draw_table(heads, groups).height


def test_a_legend_has_a_color_for_each_name():
    page = with_legend(blank("white", 300), classes=["background", "bottle"])
    assert page.height > 300
    assert all(count(page, SEMANTIC_COLORS[k], 1) > 200 for k in (0, 1))
