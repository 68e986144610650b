"""Light against closed forms and numerical integrals; pictures against required properties."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import dblquad
from skimage.color import rgb2xyz
from skimage.color.colorconv import xyz_from_rgb

from encoders.scenes.appearance import backdrop
from encoders.scenes.appearance.domains import DOMAINS, Optics, Sensor
from encoders.scenes.appearance.materials import Material
from encoders.scenes.building import OUTSIDE, Light, Room
from encoders.scenes.camera import Camera
from encoders.scenes.pictures import columns, develop, ink, render
from encoders.scenes.pictures.light import Points, illuminate
from encoders.scenes.pictures.light_sources import Lamp, LightSources, WindowLight, light_sources
from encoders.scenes.pictures.sampling import average_neighbors, jitter, phases
from encoders.scenes.raycast import Raycaster
from encoders.scenes.solids.shapes import axis_rotation, box
from tests.encoders.scenes.room import DEEP, WALL, WINDOW, assembled, furnished, standing

GRAY = Material("flat", ((0.5, 0.5, 0.5),))
UP = np.array([0.0, 0.0, 1.0])
DARK = replace(
    DOMAINS["day"].lighting,
    sun=(0.0, 0.0, 0.0),
    sky=(0.0, 0.0, 0.0),
    horizon=(0.0, 0.0, 0.0),
    ground=(0.0, 0.0, 0.0),
)
ROOM = Room("living_room", np.full(3, -50.0), np.full(3, 50.0))


def caster_of(*shapes, material=GRAY):
    rows = [(shape, material, "wall", (0.0, 0.0, 0.0)) for shape in shapes]
    return Raycaster(assembled(rows, (ROOM,)))


def floor_points(x, y, samples=256, room=0):
    """Points at z = 0 that face up, each with all of the jitter's samples; and their number."""
    point = np.column_stack([x, y, np.zeros(len(x))]).repeat(samples, axis=0).astype(np.float32)
    up = np.broadcast_to(UP.astype(np.float32), point.shape)
    return Points(
        point=point,
        normal=up,
        flat=up,
        toward=up,
        room=np.full(len(point), room, dtype=np.int32),
        gloss=np.zeros(len(point), dtype=np.float32),
        jitter=jitter(np.random.default_rng(0)),
        phase=np.tile(np.arange(256) % samples if samples == 256 else np.arange(samples), len(x)),
    )


def only(lamps=(), windows=(), bounce=0.0):
    """Light sources without a sun and with uniform indirect light."""
    return LightSources(
        lamps=tuple(lamps),
        windows=tuple(windows),
        sun=UP,
        sunny=np.zeros(1, dtype=bool),
        part_albedo=np.full((1, 3), 0.5),
        bounce=np.full((2, 2, 3), bounce),
    )


def mean_soft(raycaster, light, points, lighting=DARK):
    soft = illuminate(raycaster, light, lighting, points).soft
    return soft.reshape(-1, 256, 3).mean(1)


def lamp_at(*position, radius=0.01, clear=0.01, room=0):
    return Lamp(np.array(position, dtype=float), np.array([3.0, 2.0, 1.0]), radius, clear, room)


FAR = box([40, 40, 40], [41, 41, 41])
"""A box far from the camera, so that a building has a surface."""


def test_a_small_lamp_obeys_the_inverse_square_law():
    x = np.linspace(-3, 3, 13)
    got = mean_soft(caster_of(FAR), only([lamp_at(0.5, -0.3, 1.7)]), floor_points(x, 0 * x))
    square = (x - 0.5) ** 2 + 0.3**2 + 1.7**2
    truth = (1.7 / np.sqrt(square) / square)[:, None] * np.array([3.0, 2.0, 1.0])
    np.testing.assert_allclose(got, truth, rtol=1e-5)


def test_what_a_box_hides_from_a_small_lamp_is_dark():
    """The shadow of the box [-0.5, 0.5]^2 at z = 1, from a lamp at z = 2, is [-1, 1]^2."""
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(-2, 2, 21), np.linspace(-2, 2, 21)))
    slab = box([-0.5, -0.5, 0.999], [0.5, 0.5, 1.001])
    got = mean_soft(caster_of(slab), only([lamp_at(0, 0, 2)]), floor_points(x, y))[:, 0]
    size = np.maximum(abs(x), abs(y))
    assert (got[size < 0.95] == 0).all()
    open_air = 3 * 2 / (x**2 + y**2 + 4) ** 1.5
    np.testing.assert_allclose(got[size > 1.05], open_air[size > 1.05], rtol=1e-5)


def test_a_lamp_half_hidden_by_an_edge_gives_half_its_light():
    """A half plane at z = 1 whose edge is on the line from the point to the lamp's middle."""
    wall = box([-9, -9, 0.999], [0, 9, 1.0])
    x = np.array([0.0, 0.1, -0.1, 0.03])
    got = mean_soft(caster_of(wall), only([lamp_at(0, 0, 2, radius=0.1)]), floor_points(x, 0 * x))[
        :, 0
    ]
    # The line from (x, 0, 0) over the edge meets the lamp's height at -x: a ball's surface is
    # spread evenly over its height, so the part of it beyond the plane is (1 + x / 0.1) / 2.
    open_air = 3 * 2 / (x**2 + 4) ** 1.5
    np.testing.assert_allclose(got / open_air, [0.5, 1.0, 0.0, 0.65], atol=0.03)


def test_walls_keep_the_lamps_of_other_rooms_out():
    points = floor_points(np.array([0.3]), np.array([0.2]), room=0)
    light = only([lamp_at(0, 0, 2, room=1)])
    light = replace(light, sunny=np.zeros(2, dtype=bool), bounce=np.zeros((3, 2, 3)))
    assert (illuminate(caster_of(FAR), light, DARK, points).soft == 0).all()


def test_a_shade_lets_its_lamp_shine():
    shade = box([-0.2, -0.2, 1.8], [0.2, 0.2, 2.2])
    points = floor_points(np.array([1.0]), np.array([0.0]))
    hidden = mean_soft(caster_of(shade), only([lamp_at(0, 0, 2)]), points)
    clear = mean_soft(caster_of(shade), only([lamp_at(0, 0, 2, clear=0.36)]), points)
    assert (hidden == 0).all()
    np.testing.assert_allclose(clear[0, 0], 3 * 2 / 5**1.5, rtol=1e-5)


def test_lamps_are_clear_of_the_glowing_parts_around_them():
    glowing = replace(GRAY, emission=1.0)
    rows = [
        (box([-0.3, -0.2, 1.8], [0.3, 0.2, 2.2]), glowing, "floor_lamp", (0.0, 0.0, 0.0)),
        (box([-0.9, -0.9, 0.0], [0.9, 0.9, 3.0]), GRAY, "wardrobe", (0.0, 0.0, 0.0)),
    ]
    light = Light(np.array([0.0, 0.0, 2.0]), np.ones(3), 0.05, 0)
    apart = Light(np.array([3.0, 0.0, 2.0]), np.ones(3), 0.05, 0)
    found = light_sources(assembled(rows, (ROOM,), [light, apart]), DOMAINS["day"]).lamps
    assert [lamp.clear for lamp in found] == pytest.approx([np.sqrt(0.09 + 0.04 + 0.04), 0.05])


def test_a_window_gives_the_integral_over_its_rectangle():
    """Even sky of radiance 2 through a 1.2 x 1.0 m window that begins 0.8 m above the floor."""
    window = WindowLight(
        np.array([0.0, 3.0, 1.3]),
        np.array([0.6, 0, 0]),
        np.array([0, 0, 0.5]),
        np.array([0.0, -1.0, 0.0]),
        0,
    )
    even = replace(DARK, sky=(2.0, 2.0, 2.0), horizon=(2.0, 2.0, 2.0), ground=(2.0, 2.0, 2.0))
    x, y = np.array([0.0, 0.8, -1.5]), np.array([0.0, 1.5, 1.0])
    got = mean_soft(caster_of(FAR), only(windows=[window]), floor_points(x, y), even)[:, 0]
    for value, px, py in zip(got, x, y, strict=True):

        def share(z, u, px=px, py=py):
            square = (u - px) ** 2 + (3 - py) ** 2 + z**2
            return 2 * z * (3 - py) / square**2

        assert value == pytest.approx(dblquad(share, -0.6, 0.6, 0.8, 1.8)[0], rel=0.03)


def test_bounced_light_is_whole_in_the_open_and_less_in_a_corner():
    """At the foot of a wall, half of the cosine-weighted directions meet it at once."""
    light, wall = only(bounce=1.0), box([-5, 0, 0], [5, 1, 9])
    away = np.array([0.002, 0.1, 0.25, 0.4, 0.72])
    points, raycaster = floor_points(0 * away, -away), caster_of(wall)
    draws = [
        mean_soft(raycaster, light, replace(points, jitter=jitter(np.random.default_rng(seed))))[
            :, 0
        ]
        for seed in range(60)
    ]
    got = np.mean(draws, axis=0)
    rng = np.random.default_rng(0)
    aim = rng.normal(size=(200_000, 3))
    aim = aim / np.linalg.norm(aim, axis=1, keepdims=True) + UP
    aim /= np.linalg.norm(aim, axis=1, keepdims=True)
    reach = aim[:, 1] * rng.uniform(0.01, 0.71, len(aim))
    truth = 1 - 0.75 * (reach > away[:, None]).mean(1)
    assert truth[0] == pytest.approx(1 - 0.75 / 2, abs=0.01)
    np.testing.assert_allclose(got, truth, atol=0.015)
    assert np.std(draws, axis=0).max() < 0.05  # what one picture is off by
    assert got[-1] == 1


def test_sunlight_falls_where_the_sun_is_seen_through_the_window():
    domain = DOMAINS["day"]
    building = furnished(domain)
    light = light_sources(building, domain)
    assert light.sunny.tolist() == [True]
    assert np.linalg.norm(light.sun) == pytest.approx(1)
    low, high = domain.lighting.sun_height
    assert low <= np.rad2deg(np.arcsin(light.sun[2])) <= high
    x, y = (a.ravel() for a in np.meshgrid(np.linspace(0.1, 4.9, 80), np.linspace(0.1, 4, 80)))
    points = replace(floor_points(x, y, samples=1), point=None)
    rays = np.column_stack([x, y, 0 * x + 0.013]).astype(np.float32)  # just above the rug
    sharp = illuminate(
        Raycaster(building), light, domain.lighting, replace(points, point=rays)
    ).sharp[:, 0]
    sunlit = sharp > 0
    assert 0.02 < sunlit.mean() < 0.5
    np.testing.assert_allclose(sharp[sunlit], 13.0 * light.sun[2], rtol=1e-5)
    (left, sill), (right, lintel) = WINDOW
    for depth in (DEEP, DEEP + WALL):  # both faces of the wall
        cross = rays + ((depth - y) / light.sun[1])[:, None] * light.sun
        inside = (cross[:, 0] > left) & (cross[:, 0] < right)
        inside &= (cross[:, 2] > sill) & (cross[:, 2] < lintel)
        assert inside[sunlit].all()


def test_black_rooms_throw_nothing_back_and_red_floors_tint_the_ceiling():
    def bounce(wall, floor):
        rows = [
            (box([0, 0, -0.1], [4, 4, 0]), Material("flat", (floor,)), "floor", (0.0, 0.0, 0.0)),
            (box([0, 0, 2.5], [4, 4, 2.6]), Material("flat", (wall,)), "ceiling", (0.0, 0.0, 0.0)),
        ]
        lamp = Light(np.array([2.0, 2.0, 2.0]), np.ones(3), 0.05, 0)
        room = Room("bedroom", np.zeros(3), np.array([4.0, 4.0, 2.5]))
        domain = replace(DOMAINS["day"], lighting=replace(DARK, ambient=(0.0, 0.0, 0.0)))
        return light_sources(assembled(rows, (room,), [lamp]), domain).bounce[0]

    white, black = bounce((0.8,) * 3, (0.8,) * 3), bounce((0.0,) * 3, (0.0,) * 3)
    assert black.max() < 0.05 * white.min()
    np.testing.assert_allclose(white, white[0, 0])
    down, up = bounce((0.8,) * 3, (0.6, 0.1, 0.1))
    assert down[0] > 1.5 * down[1]  # the ceiling, which faces down, sees the floor
    assert down[0] / down[1] > 1.2 * up[0] / up[1]


def test_every_tile_holds_sixteen_samples_that_are_even_in_each_direction():
    places = jitter(np.random.default_rng(1))
    use = phases(64 * 64).reshape(64, 64)
    assert set(use[:16, :16].ravel()) == set(range(256))
    for row, column in ((0, 0), (8, 4), (60, 60), (20, 36)):
        tile = places[use[row : row + 4, column : column + 4].ravel()]
        for axis in (0, 1):
            at = np.sort(tile[:, axis])
            gaps = np.diff(np.append(at, at[0] + 1))
            np.testing.assert_allclose(gaps, 1 / 16, atol=1e-5)


def test_smoothing_averages_a_tile_and_keeps_to_a_surface():
    hits = caster_of(box([-9, 2, -9], [0, 3, 9]), box([0, 2, -9], [9, 3, 9])).view(
        Camera.looking_at([0, 0, 0], [0, 2, 0], 1.2), 32
    )
    light = np.random.default_rng(2).random((16, 3)).astype(np.float32)[phases(32 * 32) % 16]
    light[hits.part == 1] += 100
    got = average_neighbors(light, hits).reshape(32, 32, 3)
    mean = light[hits.part == 0].reshape(32, -1, 3)[:4, :4].mean((0, 1))
    inner = got[2:-2, 2:14]
    np.testing.assert_allclose(inner, np.broadcast_to(mean, inner.shape), atol=1e-5)
    assert got[:, :16].max() < 1.0  # nothing leaks across the edge
    assert got[:, 16:].min() > 100


def test_texture_moves_with_the_piece():
    striped = Material("stripes", ((0.1, 0.1, 0.1), (0.9, 0.5, 0.2)), scale=0.1)
    shape = box([-0.5, -0.5, 0], [0.5, 0.5, 1])
    turn = axis_rotation(2, 0.7)
    still = assembled([(shape, striped, "cabinet", (0.0, 0.0, 0.0))], (ROOM,))
    offset = np.array([3.0, -2.0, 0.5])
    moved = shape.rotated(turn).moved(offset)
    turned = replace(
        still,
        vertices=moved.vertices,
        normals=moved.normals,
        part_origin=offset[None],
        part_rotation=turn[None],
    )
    colors = []
    for building, spin, at in ((still, np.eye(3), np.zeros(3)), (turned, turn, offset)):
        eye, target = spin @ [0.9, -2.0, 1.5] + at, spin @ [0.0, 0.0, 0.5] + at
        hits = Raycaster(building).view(Camera.looking_at(eye, target, 0.3), 40)
        assert hits.valid.all()
        colors.append(render.surface_albedo(building, hits, np.zeros(1600)))
    assert colors[0].std() > 0.1
    assert (np.abs(colors[0] - colors[1]).max(1) > 0.02).mean() < 0.01


def test_srgb_is_that_of_scikit_image():
    rng = np.random.default_rng(5)
    light = rng.random((20, 30, 3)) ** 3
    encoded = develop.linear_to_srgb(light.astype(np.float32)).astype(float)
    np.testing.assert_allclose(rgb2xyz(encoded), light @ xyz_from_rgb.T, atol=1e-5)
    assert develop.linear_to_srgb(np.float32([-1.0, 2.0])) == pytest.approx([0, 1])


def test_noise_has_the_variance_of_the_sensor():
    rng = np.random.default_rng(6)
    sensor = Sensor(shot=0.06, read=0.02, cast=(1.1, 1.0, 0.8))
    flat = np.full((300, 300, 3), 0.4, dtype=np.float32)
    noisy = develop.add_noise(flat, sensor, rng).astype(float)
    expected = 0.4 * np.array([1.1, 1.0, 0.8])
    # Standard errors: of the mean below 2e-4, of the variance sqrt(2 / 90000) of it.
    np.testing.assert_allclose(noisy.mean((0, 1)), expected, atol=8e-4)
    np.testing.assert_allclose(
        noisy.var((0, 1)), 0.06**2 * expected + 0.02**2, rtol=4 * np.sqrt(2 / 90_000)
    )
    assert np.array_equal(develop.add_noise(flat, Sensor(), rng), flat)


def test_the_lens_blurs_by_its_sigma_and_darkens_the_corners():
    point = np.zeros((101, 101, 3), dtype=np.float32)
    point[50, 50] = 1
    spread = develop.apply_lens(point, Optics(blur=0.02))[..., 0].astype(float)
    assert spread.sum() == pytest.approx(1, abs=1e-4)
    away = np.arange(101) - 50
    assert np.sqrt((spread.sum(0) * away**2).sum()) == pytest.approx(0.02 * 101, rel=0.01)
    white = develop.apply_lens(np.ones((401, 401, 3), np.float32), Optics(vignetting=0.4))
    assert white[200, 200, 0] == pytest.approx(1, abs=1e-4)
    assert white[0, 0, 0] == pytest.approx(0.6, abs=0.004)


def test_a_camera_that_adapts_fully_sees_no_difference_in_brightness():
    rng = np.random.default_rng(7)
    light = rng.random((500, 3)).astype(np.float32)
    adapts = replace(DOMAINS["day"].lighting, adaptation=1.0)
    fixed = replace(adapts, adaptation=0.0)

    def factor(scale, lighting, error=0.0):
        return develop.exposure(scale * light, 3 * scale * light, lighting, error)

    assert factor(10, adapts) * 10 == pytest.approx(factor(1, adapts), rel=1e-2)
    assert factor(10, fixed) == pytest.approx(factor(1, fixed))
    assert factor(1, fixed) == pytest.approx(fixed.exposure / develop.REFERENCE)
    assert factor(1, adapts, 1.0) == pytest.approx(2 * factor(1, adapts))


def test_tones_rise_and_stay_below_white():
    light = np.linspace(0, 50, 2000, dtype=np.float32)
    toned = develop.tone_map(light)
    assert (np.diff(toned) >= 0).all()
    assert toned[0] == 0
    assert 0.95 < toned[-1] <= 1
    assert develop.tone_map(np.float32([0.18]))[0] == pytest.approx(0.267, abs=1e-3)


def test_blending_keeps_grays_and_the_sum_of_the_channels():
    light = np.random.default_rng(12).random((50, 3)).astype(np.float32)
    mixed = develop.mix_channels(light)
    np.testing.assert_allclose(mixed.sum(1), light.sum(1), rtol=1e-5)
    away, kept = light - light.mean(1, keepdims=True), mixed - mixed.mean(1, keepdims=True)
    np.testing.assert_allclose(kept, 0.79 * away, atol=1e-6)
    gray = np.full((1, 3), 0.3, dtype=np.float32)
    np.testing.assert_allclose(develop.mix_channels(gray), gray, rtol=1e-6)


def test_halving_takes_the_mean_of_each_block():
    image = np.random.default_rng(8).random((8, 8, 3)).astype(np.float32)
    blocks = [
        [image[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean((0, 1)) for j in range(4)]
        for i in range(4)
    ]
    np.testing.assert_allclose(develop.downsample(image), blocks, rtol=1e-5)


@pytest.mark.parametrize("name", DOMAINS)
def test_the_same_generator_gives_the_same_bytes(name):
    domain = DOMAINS[name]
    one, other = (
        render.image(Raycaster(furnished(domain)), standing(), 32, domain, np.random.default_rng(9))
        for _ in range(2)
    )
    assert one.shape == (32, 32, 3)
    assert one.dtype == np.uint8
    assert one.tobytes() == other.tobytes()


@pytest.fixture(scope="module")
def pictures():
    return {
        name: render.image(
            Raycaster(furnished(domain)), standing(), 64, domain, np.random.default_rng(1)
        ).astype(float)
        / 255
        for name, domain in DOMAINS.items()
    }


def test_domains_look_different(pictures):
    """By mean color, contrast or fine noise, each by more than 4% of the whole range."""

    def look(picture):
        fine = np.abs(picture[1:] - picture[:-1]).mean()
        return np.array([*picture.mean((0, 1)), picture.std(), 2 * fine])

    looks = {name: look(picture) for name, picture in pictures.items()}
    for first in looks:
        for second in looks:
            if first < second:
                assert np.abs(looks[first] - looks[second]).max() > 0.04, (first, second)


def test_pictures_are_well_exposed(pictures):
    for name, picture in pictures.items():
        gray = picture.mean(-1)
        assert 0.2 < gray.mean() < 0.8, name
        assert (gray > 0.99).mean() < 0.2, name
        assert (gray < 0.01).mean() < 0.2, name
        assert np.percentile(gray, 95) - np.percentile(gray, 5) > 0.25, name


def test_windows_are_bright_by_day_and_dark_in_the_evening(pictures):
    """The window's middle, left of its bar, in the picture of the standing camera."""
    (left, sill), (_, lintel) = WINDOW
    across, down = 64 * standing().project([[left + 0.5, DEEP + WALL, (sill + lintel) / 2]])[0]
    pane = (slice(int(down) - 2, int(down) + 2), slice(int(across) - 2, int(across) + 2))
    assert pictures["day"][pane].min() > 0.85
    assert pictures["evening"][pane].mean() < 0.3
    assert pictures["evening"][pane].mean() < pictures["evening"].mean()


def test_the_drawn_look_has_few_colors_and_ink():
    domain = DOMAINS["drawn"]
    picture = render.image(
        Raycaster(furnished(domain)), standing(), 128, domain, np.random.default_rng(0)
    )
    colors, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    assert np.sort(counts)[::-1][:40].sum() > 0.85 * counts.sum()
    inked = np.round(255 * develop.linear_to_srgb(ink.INK)).astype(int)
    dark = np.abs(colors.astype(int) - inked).max(1) <= 1
    assert 0.005 < counts[dark].sum() / counts.sum() < 0.2


def test_outlines_follow_edges_and_spare_planes():
    near, far = box([-0.5, 2, -0.5], [0.5, 3, 0.5]), box([-9, 5, -9], [9, 6, 9])
    camera = Camera.looking_at([0, 0, 0], [0, 2, 0], 1.2)
    hits = caster_of(near, far).view(camera, 80)
    lines = ink.outlines(hits, 80)
    front = (hits.part == 0).reshape(80, 80)
    inner = front[1:-1, 1:-1] & front[:-2, 1:-1] & front[2:, 1:-1] & front[1:-1, :-2]
    inner &= front[1:-1, 2:]
    rim = front.copy()
    rim[1:-1, 1:-1] &= ~inner
    assert np.array_equal(lines, rim)
    assert ink.outlines(hits, 80, width=3).sum() > 2 * lines.sum()
    slanted = caster_of(box([-50, -50, -2], [50, 50, -1])).view(
        Camera.looking_at([0, 0, 0], [0, 5, -1.2], 0.8), 80
    )
    assert slanted.valid.reshape(80, 80)[40:].all()
    assert not ink.outlines(slanted, 80)[40:].any()


def test_a_corner_of_a_room_shows_in_the_drawn_look():
    albedo = np.full((3, 3), 0.5, dtype=np.float32)
    shade = ink.flat_colors(albedo, np.eye(3, dtype=np.float32))[:, 0]
    assert shade[0] < shade[1] < shade[2] == 0.5


def test_a_mirror_shows_what_stands_before_it():
    """A mirror on the wall y = 3; behind the camera everything is red, the rest is dark."""

    def patch(mirror):
        glass = replace(GRAY, mirror=mirror, gloss=1.0)
        red = Material("flat", ((0.8, 0.02, 0.02),), emission=3.0)
        dark = Material("flat", ((0.02, 0.02, 0.02),))
        rows = [
            (box([-1, 2.9, 0], [1, 3, 2]), glass, "mirror", (0.0, 0.0, 0.0)),
            (box([-9, 3, -9], [9, 4, 9]), dark, "wall", (0.0, 0.0, 0.0)),
            (box([-9, -4, -9], [9, -3, 9]), red, "wall", (0.0, 0.0, 0.0)),
        ]
        domain = replace(DOMAINS["day"], lighting=replace(DARK, adaptation=0.0))
        camera = Camera.looking_at([0, 0, 1], [0, 3, 1], 0.9)
        raycaster = Raycaster(assembled(rows, (ROOM,)))
        return render.image(raycaster, camera, 16, domain, np.random.default_rng(0))[8, 8]

    shown, plain = patch(0.9).astype(int), patch(0.0).astype(int)
    assert shown[0] > 150
    assert shown[0] > 2 * shown[1]
    assert abs(plain[0] - plain[1]) < 8


def test_metal_glints_where_the_lamp_is_mirrored():
    points = floor_points(np.linspace(-2, 2, 41), np.zeros(41), samples=1)
    eye = np.array([1.0, 0.0, 2.0]) - points.point
    toward = (eye / np.linalg.norm(eye, axis=1, keepdims=True)).astype(np.float32)
    points = replace(points, toward=toward, gloss=np.full(41, 0.8, dtype=np.float32))
    glint = illuminate(caster_of(FAR), only([lamp_at(-1, 0, 2)]), DARK, points).glint[:, 0]
    assert abs(points.point[glint.argmax(), 0]) < 0.11  # half way between lamp and eye
    assert glint.max() > 20 * glint[[0, -1]].max()


def test_outside_lies_bright_by_day_and_dotted_with_lit_windows_at_night():
    around = np.linspace(-np.pi, np.pi, 400)
    rise = np.linspace(-0.2, 0.5, 60)
    a, r = (x.ravel() for x in np.meshgrid(around, rise))
    rays = np.column_stack([np.cos(r) * np.cos(a), np.cos(r) * np.sin(a), np.sin(r)])
    rays = rays.astype(np.float32)
    day = backdrop.surroundings(rays, DOMAINS["day"].lighting)
    night = backdrop.surroundings(rays, DOMAINS["evening"].lighting)
    assert day.min() > 0.3
    lit_up = night[:, 0] > 0.3
    assert 0.002 < lit_up.mean() < 0.08
    assert np.median(night) < 0.05
    assert (night[~lit_up][:, 2] >= night[~lit_up][:, 0]).mean() > 0.5  # blue
    np.testing.assert_allclose(
        backdrop.sky(np.float32([[0, 0, 1], [0, 1, 0], [0, 0, -1]]), DOMAINS["day"].lighting),
        [getattr(DOMAINS["day"].lighting, name) for name in ("sky", "horizon", "ground")],
        rtol=1e-6,
    )


def test_a_camera_that_looks_at_nothing_still_gives_a_picture():
    camera = Camera.looking_at([0, 0, 0], [0, -1, 0.2], 1.0)
    for domain in DOMAINS.values():
        picture = render.image(caster_of(FAR), camera, 16, domain, np.random.default_rng(0))
        assert picture.shape == (16, 16, 3)


def test_what_is_outside_is_lit_by_the_sky():
    points = floor_points(np.zeros(1), np.zeros(1), room=OUTSIDE)
    light = light_sources(furnished(DOMAINS["day"]), DOMAINS["day"])
    high = replace(points, point=points.point + np.float32([0, 0, 20]))
    falling = illuminate(Raycaster(furnished(DOMAINS["day"])), light, DOMAINS["day"].lighting, high)
    np.testing.assert_allclose(
        falling.soft[0], np.pi * np.array(DOMAINS["day"].lighting.sky), rtol=1e-5
    )
    np.testing.assert_allclose(falling.sharp[0, 0], 13.0 * light.sun[2], rtol=1e-5)


def test_columns_are_arrays_of_vectors_in_another_layout():
    """Against numpy's own operations on rows of three, for both layouts of the arguments."""
    rng = np.random.default_rng(13)
    first, second = rng.random((2, 50, 3)).astype(np.float32)
    factor, rows = rng.random(50).astype(np.float32), rng.integers(0, 50, 20)
    for layout in (np.ascontiguousarray, np.asfortranarray):
        a, b = layout(first), layout(second)
        np.testing.assert_allclose(columns.dot(a, b), (first * second).sum(1), rtol=1e-6)
        np.testing.assert_allclose(columns.dot(a, b[0]), first @ second[0], rtol=1e-6)
        np.testing.assert_allclose(columns.length(a), np.linalg.norm(first, axis=1), rtol=1e-6)
        np.testing.assert_array_equal(columns.take_rows(a, rows), first[rows])
        np.testing.assert_array_equal(columns.scale_rows(a, factor), first * factor[:, None])
        np.testing.assert_array_equal(columns.scale_rows(a[0], factor), first[0] * factor[:, None])
        total = columns.to_single(a.astype(float))
        columns.add(total, b, factor)
        np.testing.assert_allclose(total, first + second * factor[:, None], rtol=1e-6)
        chosen = np.unique(rows)
        spread = columns.put_rows(columns.take_rows(a, chosen), chosen, 50)
        np.testing.assert_array_equal(spread[chosen], first[chosen])
        assert not np.delete(spread, chosen, axis=0).any()
        by_column = columns.to_single(a)
        for result in (
            by_column,
            spread,
            columns.take_rows(a, rows),
            columns.scale_rows(a[0], factor),
        ):
            assert result.T.flags.c_contiguous
        assert columns.scale_rows(by_column, factor).T.flags.c_contiguous
    np.testing.assert_array_equal(columns.take_rows(factor, rows), factor[rows])
    assert columns.put_rows(first, np.arange(50), 50) is first
