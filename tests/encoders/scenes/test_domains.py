"""Domains: every role resolves, colors fit their role, and fields are checked."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from skimage.color import rgb2hsv

from encoders.errors import InvalidSceneError, UnknownNameError
from encoders.scenes.appearance.domains import DOMAINS, Domain, Lighting, Optics, Sensor
from encoders.scenes.appearance.materials import ROLES, albedo
from encoders.scenes.appearance.palettes import Palette, Recipe, linear
from encoders.scenes.pictures.develop import encoded

LUMA = np.array([0.2126, 0.7152, 0.0722])


def seen_from_afar(material):
    return albedo(material, [[0.0, 0, 0]], [[0.0, 0, 1]], [1e4])[0].astype(float)


def draws(domain, role, count=40):
    rng = np.random.default_rng(0)
    return np.array([seen_from_afar(domain.palette.material(role, rng)) for _ in range(count)])


@pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_resolves_in_every_domain(domain, role):
    rng = np.random.default_rng(11)
    for _ in range(6):
        material = domain.palette.material(role, rng)
        assert 0.003 <= material.scale <= 3
        assert (material.emission > 0) <= (role in ("bulb", "lampshade", "screen"))


def test_the_same_generator_draws_the_same_materials():
    for domain in DOMAINS.values():
        one, other = (
            [domain.palette.material(role, rng) for role in ROLES]
            for rng in (np.random.default_rng(3), np.random.default_rng(3))
        )
        assert one == other


@pytest.mark.parametrize("name", ["day", "evening", "loft", "phone"])
def test_colors_fit_their_roles(name):
    domain = DOMAINS[name]
    assert (draws(domain, "enamel") @ LUMA).min() > 0.7  # near white
    leaves = draws(domain, "leaf")
    assert (leaves.argmax(1) == 1).all()  # green
    assert (draws(domain, "screen") @ LUMA).min() < 0.05  # off, some of the time
    wood = draws(domain, "wood")
    assert ((wood[:, 0] > wood[:, 1]) & (wood[:, 1] > wood[:, 2])).all()  # brown
    assert (draws(domain, "wood_dark") @ LUMA).mean() < 0.6 * (wood @ LUMA).mean()


def test_walls_are_light_by_day_saturated_in_the_evening_and_rough_in_the_loft():
    def walls(name):
        color = draws(DOMAINS[name], "wall_plaster")
        return (color @ LUMA).mean(), rgb2hsv(encoded(np.float32(color))[None])[0, :, 1].mean()

    day, evening, loft = walls("day"), walls("evening"), walls("loft")
    assert day[0] > 0.65
    assert evening[1] > 4 * day[1]
    assert day[0] > 2 * evening[0]
    assert day[0] > 1.7 * loft[0]
    for role in ("ceiling", "trim"):
        assert (draws(DOMAINS["day"], role) @ LUMA).min() > 0.75


def test_colors_vary_within_a_domain():
    for name in ("day", "evening", "loft", "phone"):
        for role in ("wall_plaster", "fabric", "book", "floor_wood"):
            assert draws(DOMAINS[name], role).std(0).max() > 0.02, (name, role)


def test_the_drawn_palette_is_limited_and_untextured():
    rng = np.random.default_rng(4)
    drawn = [DOMAINS["drawn"].palette.material(role, rng) for role in ROLES for _ in range(20)]
    assert {material.pattern for material in drawn} == {"flat"}
    assert 8 <= len({material.colors for material in drawn}) <= 18


def test_day_evening_and_drawn_share_their_geometry():
    """World and views read only these fields, so that labels agree between the domains."""
    assert {
        (d.clutter, d.camera.fov_scale, d.camera.fov_spread)
        for d in (DOMAINS["day"], DOMAINS["evening"], DOMAINS["drawn"])
    } == {(1.0, 1.0, 1.0)}


def test_domains_are_described_in_one_line():
    for name, domain in DOMAINS.items():
        assert domain.name == name
        assert 10 < len(domain.description) < 90
        assert "\n" not in domain.description
    assert next(iter(DOMAINS)) == "day"


def test_linear_undoes_the_srgb_curve():
    value = np.linspace(0, 1, 256)
    np.testing.assert_allclose(encoded(linear(value).astype(np.float32)), value, atol=1e-5)


def test_a_recipe_without_spread_gives_its_own_colors():
    recipe = Recipe("flat", ("336699",), spread=0.0)
    color = recipe.material(np.random.default_rng(0)).colors[0]
    np.testing.assert_allclose(encoded(np.float32(color)), np.array([0.2, 0.4, 0.6]), atol=1e-5)


def test_what_is_no_domain_is_refused():
    day = DOMAINS["day"]
    with pytest.raises(FrozenInstanceError):
        day.clutter = 2.0
    with pytest.raises(InvalidSceneError, match="'photographed' or 'drawn', got 'etched'"):
        replace(day, shading="etched")
    with pytest.raises(InvalidSceneError, match=r"clutter is in \[0, 4\], got -1"):
        replace(day, clutter=-1.0)
    with pytest.raises(InvalidSceneError, match=r"fov_scale is in \[0.4, 1.6\], got 3"):
        Optics(fov_scale=3.0)
    with pytest.raises(InvalidSceneError, match="light is not negative: sun is"):
        replace(day.lighting, sun=(-1.0, 0.0, 0.0))
    with pytest.raises(InvalidSceneError, match=r"sun_height is in \[1, 20\], got 40"):
        replace(day.lighting, sun_height=(40.0, 20.0))
    with pytest.raises(InvalidSceneError, match=r"vignetting is in \[0, 1\], got 2"):
        Optics(vignetting=2.0)
    with pytest.raises(InvalidSceneError, match=r"read is in \[0, 0.5\], got 0.9"):
        Sensor(read=0.9)
    with pytest.raises(InvalidSceneError, match=r"cast is in \[0.2, 2\], got 0"):
        Sensor(cast=(1.0, 0.0, 1.0))
    assert isinstance(day, Domain)
    assert isinstance(day.lighting, Lighting)


def test_a_palette_needs_every_role_and_no_other():
    recipes = dict(DOMAINS["day"].palette.recipes)
    with pytest.raises(UnknownNameError, match="no role is called 'lava'; there are: floor_wood"):
        DOMAINS["day"].palette.material("lava", np.random.default_rng(0))
    with pytest.raises(InvalidSceneError, match="the palette has no recipe for: leaf"):
        Palette({**recipes, "leaf": ()})
    with pytest.raises(UnknownNameError, match="unknown roles: lava"):
        Palette({**recipes, "lava": recipes["leaf"]})
