"""Materials: patterns repeat, stay in range, and fade to their mean color from afar."""

import numpy as np
import pytest

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.appearance.materials import ROLES, Material, albedo, albedos
from encoders.scenes.appearance.noise import fade, faded_noise, hashed, pulse, value_noise
from encoders.scenes.appearance.patterns import PATTERNS

UP = np.array([0.0, 0.0, 1.0])
FRONT = np.array([0.0, -1.0, 0.0])


def swatch(pattern, scale=1.0, seed=5, low=0.15, high=0.7):
    count = PATTERNS[pattern].colors
    levels = np.linspace(low, high, count) if count > 1 else [0.5]
    colors = tuple((float(x), float(0.8 * x), float(0.6 * x)) for x in levels)
    return Material(pattern, colors, scale=scale, seed=seed)


def on_floor(rng, count, reach):
    points = np.zeros((count, 3))
    points[:, :2] = rng.uniform(-reach, reach, (count, 2))
    return points, np.broadcast_to(UP, points.shape)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_albedo_is_a_share_of_light(pattern):
    points = np.random.default_rng(1).uniform(-4, 4, (4000, 3))
    normals = np.random.default_rng(2).normal(size=(4000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    color = albedo(swatch(pattern, scale=0.2, low=0.0, high=1.0), points, normals)
    assert color.shape == (4000, 3)
    assert color.min() >= 0
    assert color.max() <= 1


@pytest.mark.parametrize("pattern", PATTERNS)
def test_from_afar_a_pattern_is_the_mean_of_itself_seen_close(pattern):
    """Monte Carlo over thousands of periods against the limit of a large footprint."""
    points, normals = on_floor(np.random.default_rng(3), 60_000, 300.0)
    material = swatch(pattern, scale=0.5)
    near = albedo(material, points, normals)
    far = albedo(material, points, normals, np.full(len(points), 1e4))
    np.testing.assert_allclose(far - far[0], 0, atol=2e-3)
    np.testing.assert_allclose(near.mean(0), far.mean(0), atol=0.012)


@pytest.mark.parametrize("pattern", ["wood", "planks", "tile", "brick", "plaid", "dots", "pile"])
def test_contrast_falls_as_the_footprint_grows(pattern):
    points, normals = on_floor(np.random.default_rng(4), 20_000, 20.0)
    material = swatch(pattern, scale=0.3)
    spread = [
        albedo(material, points, normals, np.full(len(points), width))[:, 0].std()
        for width in (0.0, 0.1, 0.3, 3.0)
    ]
    assert spread[0] > 0.02
    assert np.all(np.diff(spread) < 1e-4)
    assert spread[-1] < 0.25 * spread[0]


@pytest.mark.parametrize(
    ("pattern", "period"),
    [
        ("stripes", (1, 0)),
        ("motif", (1, 0)),
        ("motif", (0, 2)),
        ("checker", (2, 0)),
        ("checker", (0, 2)),
        ("plaid", (1, 1)),
        ("dots", (0, 1)),
        ("weave", (1, 0)),
        ("tile", (1, 1)),
        ("subway", (2, 0)),
        ("subway", (0, 2)),
        ("brick", (3, 2)),
        ("rug", (1, 1)),
        ("planks", (0, 1)),
        ("panels", (1, 0)),
    ],
)
def test_a_pattern_repeats_after_its_period(pattern, period):
    """Up to what is drawn afresh for each tile, plank or thread: tones, grain and wear.

    The joints, bands and fields themselves agree: the correlation between a point and its
    neighbor one period on is far above that of half a period where that is another field.
    """
    scale = 0.25
    points, normals = on_floor(np.random.default_rng(6), 20_000, 3.0)
    material = swatch(pattern, scale=scale)
    moved = points + scale * np.array([*period, 0.0])
    here, there = (albedo(material, x, normals)[:, 0].astype(float) for x in (points, moved))
    # Planks are staggered at random: only the gaps along them (3.5% of the floor) repeat.
    if pattern == "planks":
        gap = np.mod(points[:, 1] / scale, 1.0) < 0.03
        assert here[gap].mean() < 0.6 * here[~gap].mean()
        assert there[gap].mean() < 0.6 * there[~gap].mean()
        return
    assert np.corrcoef(here, there)[0, 1] > 0.75


def test_plain_geometry_patterns_repeat_exactly():
    points, normals = on_floor(np.random.default_rng(7), 2000, 3.0)
    for pattern, period in (("stripes", (1, 0)), ("stripes", (0, 0.37)), ("motif", (1, 2))):
        material = swatch(pattern, scale=0.25)
        here = albedo(material, points, normals)
        there = albedo(material, points + 0.25 * np.array([*period, 0.0]), normals)
        off = np.abs(here - there).max(1) > 1e-2
        assert off.mean() < 0.005  # rounding may move a point across an edge


def test_upright_faces_carry_stripes_that_stand_up():
    x = np.column_stack([np.full(50, 0.1), np.zeros(50), np.linspace(0, 3, 50)])
    color = albedo(swatch("stripes", scale=0.3), x, np.broadcast_to(FRONT, x.shape))
    np.testing.assert_allclose(color, np.broadcast_to(color[0], color.shape), atol=1e-6)


def test_many_materials_at_once_are_each_as_alone():
    rng = np.random.default_rng(8)
    materials = [swatch(p, scale=0.1 + 0.05 * i, seed=i) for i, p in enumerate(PATTERNS)]
    materials += [swatch(p, scale=0.3, seed=90 + i) for i, p in enumerate(PATTERNS)]
    index = rng.integers(0, len(materials), 3000)
    points, normals = rng.uniform(-3, 3, (3000, 3)), np.eye(3)[rng.integers(0, 3, 3000)]
    width = rng.uniform(0, 0.1, 3000)
    together = albedos(materials, index, points, normals, width)
    for number, material in enumerate(materials):
        rows = index == number
        alone = albedo(material, points[rows], normals[rows], width[rows])
        np.testing.assert_allclose(together[rows], alone, atol=1e-6, err_msg=material.pattern)


def test_a_seed_changes_what_is_random_and_nothing_else():
    points, normals = on_floor(np.random.default_rng(9), 500, 2.0)
    one, same, other = (albedo(swatch("wood", seed=s), points, normals) for s in (1, 1, 2))
    assert np.array_equal(one, same)
    assert np.abs(one - other).max() > 0.05
    flat = [albedo(swatch("flat", seed=s), points, normals) for s in (1, 2)]
    assert np.array_equal(*flat)


def test_hash_is_even_and_without_pattern():
    x, y = (a.ravel().astype(np.float32) for a in np.mgrid[-100:100, -100:100])
    value = hashed(x, y, np.array([3], dtype=np.uint32))
    counts = np.histogram(value, bins=20, range=(0, 1))[0]
    # Chi-square with 19 degrees of freedom: 43.8 is exceeded once in a thousand.
    assert ((counts - 2000.0) ** 2 / 2000).sum() < 43.8
    grid = value.reshape(200, 200)
    for shifted in (np.roll(grid, 1, 0), np.roll(grid, 1, 1), grid.T):
        assert abs(np.corrcoef(grid.ravel(), shifted.ravel())[0, 1]) < 0.02


def test_hash_is_murmur3s_finaliser():
    """Against plain Python integers, negative cells included."""

    def finalised(x, y, seed):
        h = ((x * 0x8DA6B343) % 2**32 ^ (y * 0xD8163841) % 2**32) + seed * 0xCB1AB31F
        h %= 2**32
        h = (h ^ h >> 16) * 0x85EBCA6B % 2**32
        h = (h ^ h >> 13) * 0xC2B2AE35 % 2**32
        return ((h ^ h >> 16) >> 8) / 2**24

    cells = [(0, 0, 0), (1, 2, 3), (-5, 7, 11), (1000, -1, 4_000_000_000)]
    for x, y, seed in cells:
        got = hashed(np.float32([x]), np.float32([y]), np.array([seed], dtype=np.uint32))
        assert got[0] == pytest.approx(finalised(x, y, seed), abs=1e-7)


def test_value_noise_passes_through_its_lattice_and_is_smooth():
    seed = np.array([4], dtype=np.uint32)
    x = np.arange(-50, 50, dtype=np.float32)
    at = hashed(x, np.floor(x / 3), seed)
    np.testing.assert_allclose(value_noise(x, np.floor(x / 3), seed), at, atol=1e-6)
    fine = np.linspace(0, 10, 10_001, dtype=np.float32)
    steps = np.abs(np.diff(value_noise(fine, 0 * fine + np.float32(0.3), seed)))
    # The steepest slope of 3 t^2 - 2 t^3 is 1.5 a unit.
    assert steps.max() < 1.5 * 1.1e-3


@pytest.mark.parametrize("most", [0.8, 3.0, 0.0])
@pytest.mark.parametrize("seeds", [1, 400])
def test_noise_that_fades_away_is_the_same_whether_computed_or_left_out(most, seeds):
    rng = np.random.default_rng(11)
    x, y = rng.uniform(-20, 20, (2, 400)).astype(np.float32)
    width = (rng.uniform(0, most, 400) + (most == 0)).astype(np.float32)  # all below, some, none
    seed = rng.integers(0, 2**32, seeds, dtype=np.uint32)
    got = faded_noise(x, y, width, seed)
    np.testing.assert_array_equal(got, fade(value_noise(x, y, seed), width))
    assert (got == 0.5).all() == (most == 0)


def test_pulse_is_the_mean_of_a_square_wave():
    """Against a sum over a fine grid in the interval."""
    rng = np.random.default_rng(10)
    x, width = rng.uniform(-20, 20, 200), rng.uniform(0.01, 5, 200)
    inside = x[:, None] + width[:, None] * (np.arange(4000) / 4000 - 0.5)
    truth = (np.mod(inside, 1.0) < 0.3).mean(1)
    got = pulse(x.astype(np.float32), 0.3, width.astype(np.float32))
    np.testing.assert_allclose(got, truth, atol=2e-3)
    np.testing.assert_allclose(pulse(np.float32(x), 0.3, np.full(200, 1e6)), 0.3, atol=1e-6)


def test_what_is_no_material_is_refused():
    gray = ((0.5, 0.5, 0.5),)
    with pytest.raises(UnknownNameError, match="no pattern is called 'velvet'; there are: plain"):
        Material("velvet", gray)
    with pytest.raises(InvalidSceneError, match="pattern 'wood' takes 2 colors, got 1"):
        Material("wood", gray)
    with pytest.raises(InvalidSceneError, match=r"colors are in \[0, 1\], got"):
        Material("plain", ((1.5, 0.5, 0.5),))
    with pytest.raises(InvalidSceneError, match="scale is above 0 meters, got 0"):
        Material("plain", gray, scale=0.0)
    with pytest.raises(InvalidSceneError, match=r"gloss and mirror are in \[0, 1\] .* got 2"):
        Material("plain", gray, gloss=2.0)


def test_roles_are_listed_once():
    assert len(set(ROLES)) == len(ROLES) == 42
