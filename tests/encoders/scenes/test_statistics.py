"""The table of statistics of a data set whose figures can be computed by hand."""

import numpy as np
import pytest

from encoders.codecs.encodings import ENCODINGS, encode, file_name
from encoders.errors import InvalidDataError
from encoders.scenes.making.manifest import class_names, write_manifest
from encoders.scenes.making.settings import WorldSettings
from encoders.scenes.making.statistics import class_shares, statistics, statistics_markdown

SETTINGS = WorldSettings(buildings=2, views=3, size=32)

# building, point, view, camera, pitch, fov, distance, obliqueness, points in view, scene, object
VIEWS = [
    ("building_0000", 0, 0, "a", -10, 60, 2.0, 10, [0, 1], "kitchen", "oven"),
    ("building_0000", 0, 1, "b", 10, 70, 4.0, 20, [0], "kitchen", None),
    ("building_0000", 1, 0, "a", 30, 80, 6.0, 60, [0, 1], "kitchen", "chair"),
    ("building_0001", 0, 0, "a", 0, 50, 8.0, 30, [0], "bedroom", "bed"),
]


@pytest.fixture
def out(tmp_path):
    """Four views: two points and two cameras in one building, one of each in another."""
    names = class_names()
    for building, point, view, camera, pitch, fov, distance, oblique, seen, scene, thing in VIEWS:
        depth = np.full((32, 32), 2 * distance)
        depth[:16] = np.nan
        values = {
            **{domain: np.zeros((32, 32)) for domain in ENCODINGS},
            **dict.fromkeys(("rgb", "normal"), np.zeros((32, 32, 3), int)),
            **{d: np.zeros((32, 32), int) for d in ENCODINGS if d.startswith("segment")},
            "principal_curvature": np.zeros((32, 32, 2)),
            "depth_euclidean": depth,
            "class_scene": np.eye(len(names["class_scene"]))[names["class_scene"].index(scene)],
            "class_object": np.array([name == thing for name in names["class_object"]], float),
            "point_info": {
                "point_uuid": str(point),
                "camera_uuid": camera,
                "camera_pitch": np.radians(pitch),
                "camera_roll": 0.0,
                "field_of_view_rads": np.radians(fov),
                "camera_distance": distance,
                "obliqueness_angle": np.radians(oblique),
                "nonfixated_points_in_view": seen,
            },
        }
        for domain, value in values.items():
            folder = tmp_path / domain / building
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file_name(point, view, domain)).write_bytes(encode(domain, value))
    write_manifest(tmp_path, SETTINGS, complete=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "mean", "median", "n"),
    [
        ("camera pitch", 7.5, 5, 4),
        ("camera roll", 0, 0, 4),
        ("field of view", 65, 65, 4),
        ("distance to the point in the middle", 5, 5, 4),
        ("distance over all pixels of a picture, mean", 10, 10, 4),
        ("obliqueness of the point in the middle", 30, 25, 4),
        ("points in view", 1.5, 1.5, 4),
        ("cameras per point", 4 / 3, 1, 3),
        ("points per camera", 4 / 3, 1, 3),
    ],
)
def test_figures(name, mean, median, n, out):
    row = statistics(out).set_index("property").loc[name]
    assert (row["mean"], row["median"], row["n"]) == pytest.approx((mean, median, n))


def test_spread(out):
    """The standard deviation of a sample of 2, 4, 6, 8 meters, and interpolated percentiles."""
    row = statistics(out).set_index("property").loc["distance to the point in the middle"]
    assert row["sd"] == pytest.approx((20 / 3) ** 0.5)
    assert (row["p5"], row["p95"]) == pytest.approx((2.3, 7.7))


def test_the_paper_s_own_figures_stand_beside(out):
    table = statistics(out).set_index("property")["taskonomy"]
    assert table["camera pitch"] == "mean 0.24"
    assert table["field of view"] == "mean 61.2"
    assert table["distance to the point in the middle"] == "mean 5.3"
    assert table["obliqueness of the point in the middle"] == "mean 52.9"
    assert table["points in view"] == "median 55"
    assert table["cameras per point"] == "median 5"
    assert table["points per camera"] == "mean 20.8"


def test_shares_of_classes(out):
    table = class_shares(out).set_index(["task", "name"])
    assert table.loc[("class_scene", "kitchen"), "views"] == 3
    assert table.loc[("class_scene", "kitchen"), "share"] == 0.75
    for name in ("oven", "chair", "bed", "none"):
        assert table.loc[("class_object", name), "share"] == 0.25
    assert table.groupby("task")["share"].sum().tolist() == [1, 1]
    names = class_names()
    assert table.loc["class_scene"].index.tolist() == [*names["class_scene"], "none"]


def test_markdown_is_a_table(out):
    lines = statistics_markdown(statistics(out)).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[0].split("|")][1:4] == ["property", "unit", "taskonomy"]
    assert set(lines[1]) <= set("|-: ")
    cells = [cell.strip() for cell in lines[2].split("|")[1:-1]]
    assert cells == [
        "camera pitch",
        "degrees",
        "mean 0.24",
        "7.50",
        "5.00",
        "17.08",
        "-8.50",
        "27.00",
        "4",
    ]


def test_a_data_set_without_views_is_refused(tmp_path):
    write_manifest(tmp_path, SETTINGS, complete=False)
    with pytest.raises(InvalidDataError, match="holds no view yet; make it with `taskgraph scenes"):
        statistics(tmp_path)
