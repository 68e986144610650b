"""Floor plans: rooms that fill an outline, doors that reach every room, windows outwards."""

from collections import Counter

import networkx as nx
import numpy as np
import pytest
from scipy import ndimage

from encoders.scenes.homes.plan import draw_plan
from encoders.scenes.homes.rooms import ROOM_TYPES, SCENES

COUNT = 40
PLANS = [draw_plan(np.random.default_rng([11, index])) for index in range(COUNT)]


def doors(plan):
    return [opening for opening in plan.openings if opening.kind in ("doorway", "passage")]


@pytest.mark.parametrize("plan", PLANS[::4])
def test_rooms_and_the_walls_between_them_fill_the_outline_exactly_once(plan):
    """Oracle: a raster of 5 cm. Rooms grown by half a wall tile the outline without a hole."""
    low = np.min([space.low for space in plan.spaces], axis=0)[:2] - 1
    high = np.max([space.high for space in plan.spaces], axis=0)[:2] + 1
    x, y = (np.arange(low[k] + 0.0251, high[k], 0.05) for k in (0, 1))
    count = np.zeros((len(x), len(y)), dtype=int)
    clear = np.zeros_like(count)
    for space in plan.spaces:
        for grown, into in ((plan.inner / 2, count), (0.0, clear)):
            inside = [
                (axis > space.low[k] - grown) & (axis < space.high[k] + grown)
                for k, axis in enumerate((x, y))
            ]
            into += inside[0][:, None] & inside[1][None]
    assert clear.max() == 1, "two rooms overlap"
    assert count.max() == 1, "two rooms are nearer to each other than a wall is thick"
    assert ndimage.label(count == 0)[1] == 1, "a hole inside the building"
    assert ndimage.label(count > 0)[1] == 1, "two buildings"
    area = sum(np.prod((space.high - space.low)[:2] + plan.inner) for space in plan.spaces)
    assert (count > 0).sum() * 0.05**2 == pytest.approx(area, rel=0.02)
    walls = area - sum(np.prod((space.high - space.low)[:2]) for space in plan.spaces)
    assert ((count > 0) & (clear == 0)).sum() * 0.05**2 == pytest.approx(walls, rel=0.12)


def test_every_room_can_be_reached_from_every_other():
    for plan in PLANS:
        graph = nx.Graph(door.rooms for door in doors(plan))
        assert sorted(graph) == list(range(len(plan.spaces)))
        assert nx.is_connected(graph)


def test_an_opening_joins_the_faces_of_its_two_rooms():
    for plan in PLANS:
        for opening in plan.openings:
            axis, along = opening.axis, 1 - opening.axis
            low, high = opening.rooms
            if low >= 0:
                assert opening.low[axis] == pytest.approx(plan.spaces[low].high[axis])
            if high >= 0:
                assert opening.high[axis] == pytest.approx(plan.spaces[high].low[axis])
            for number in (low, high):
                if number >= 0:
                    space = plan.spaces[number]
                    assert opening.low[along] > space.low[along] + 0.1
                    assert opening.high[along] < space.high[along] - 0.1
                    assert opening.high[2] < space.high[2] - 0.08
            thick = plan.inner if min(low, high) >= 0 else plan.outer
            assert opening.high[axis] - opening.low[axis] == pytest.approx(thick)


def test_openings_in_one_wall_do_not_meet():
    for plan in PLANS:
        for i, one in enumerate(plan.openings):
            for other in plan.openings[i + 1 :]:
                assert ((one.low > other.high) | (other.low > one.high)).any()


def test_doors_have_the_size_of_doors():
    widths = Counter()
    for plan in PLANS:
        for door in doors(plan):
            width = door.high[1 - door.axis] - door.low[1 - door.axis]
            widths[door.kind] += 1
            assert door.low[2] == 0.0
            assert 1.95 < door.high[2] < 2.4
            assert (0.7 < width < 1.0) if door.kind == "doorway" else (1.25 < width < 2.7)
    assert widths["doorway"] > 3 * COUNT
    assert widths["passage"] > COUNT / 4
    assert all(sum(o.kind == "entrance" for o in plan.openings) == 1 for plan in PLANS)


def test_behind_a_window_there_is_nothing_of_the_building():
    for plan in PLANS:
        for window in (o for o in plan.openings if o.kind == "window"):
            side = 1 if window.rooms[1] < 0 else -1
            outside = (window.low, window.high)[side < 0][window.axis]
            for space in plan.spaces:
                far = (space.low, space.high)[side > 0][window.axis]
                assert side * (far - outside) < 1e-6


def test_rooms_to_live_in_mostly_have_a_window():
    lit = [
        any(o.kind == "window" and number in o.rooms for o in plan.openings)
        for plan in PLANS
        for number, space in enumerate(plan.spaces)
        if ROOM_TYPES[space.kind].privacy < 1.4 and space.kind != "corridor"
    ]
    assert np.mean(lit) > 0.85


def test_windows_of_a_bathroom_are_small_and_high_those_of_a_living_room_wide():
    size = {"bathroom": [], "living_room": []}
    for plan in PLANS:
        for window in (o for o in plan.openings if o.kind == "window"):
            kind = plan.spaces[max(window.rooms)].kind
            if kind in size:
                width = window.high[1 - window.axis] - window.low[1 - window.axis]
                size[kind].append((width, window.low[2]))
    bath, living = (np.array(size[kind]) for kind in ("bathroom", "living_room"))
    assert bath[:, 0].max() <= 0.8
    assert bath[:, 1].min() >= 1.3
    assert np.median(living[:, 0]) > 1.4
    assert living[:, 1].max() < 0.9


def test_buildings_have_5_to_9_rooms_of_at_least_4_types():
    for plan in PLANS:
        assert 5 <= len(plan.spaces) <= 9
        assert len({space.kind for space in plan.spaces}) >= 4


def test_every_room_type_is_in_a_third_of_the_buildings_at_least():
    counts = Counter(kind for plan in PLANS for kind in {space.kind for space in plan.spaces})
    assert set(counts) == set(SCENES)
    assert min(counts.values()) >= COUNT / 3.3


def test_rooms_have_the_size_of_their_type():
    """In all but a few rooms both sides are within half a meter of the ranges."""
    good = []
    for plan in PLANS:
        for space in plan.spaces:
            room = ROOM_TYPES[space.kind]
            short, long = sorted((space.high - space.low)[:2])
            assert short > 1.2
            assert room.height[0] <= space.high[2] <= room.height[1]
            good.append(
                room.short[0] - 0.5 < short < room.short[1] + 0.5
                and room.long[0] - 0.5 < long < room.long[1] + 0.5
            )
    assert np.mean(good) > 0.8


def test_some_outlines_are_rectangles_and_some_are_not():
    filled = []
    for plan in PLANS:
        low = np.min([space.low for space in plan.spaces], axis=0)[:2] - plan.inner / 2
        high = np.max([space.high for space in plan.spaces], axis=0)[:2] + plan.inner / 2
        area = sum(np.prod((space.high - space.low)[:2] + plan.inner) for space in plan.spaces)
        filled.append(area / np.prod(high - low))
    assert sum(share > 0.999 for share in filled) >= 3
    assert sum(share < 0.97 for share in filled) >= 3


def test_same_seed_same_plan():
    for index in (0, 1):
        again = draw_plan(np.random.default_rng([11, index]))
        for one, other in zip(again.spaces, PLANS[index].spaces, strict=True):
            assert one.kind == other.kind
            np.testing.assert_array_equal(one.low, other.low)
            np.testing.assert_array_equal(one.high, other.high)
