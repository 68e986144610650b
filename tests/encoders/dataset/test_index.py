"""Finding files: every layout, splits by building, partners. Oracle: folders written by hand."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from encoders.dataset.index import read_index
from encoders.dataset.pairs import NONE, PARTNERS, choose_partners, points_in_view
from encoders.dataset.splits import SPLITS, split_buildings
from encoders.errors import InvalidDataError, UnknownNameError

BUILDINGS = ("alpha", "beta", "delta", "gamma")
POINTS, VIEWS = 3, 3
SIDE = 8

OLDER = {
    "depth_zbuffer": ("depth", "depth_zbuffer"),
    "point_info": ("points", "fixatedpose"),
    "segment_semantic": ("segment_semantic", "segmentsemantic"),
    "class_scene": ("class_scene", "class_places"),
}

LAYOUTS = {
    "ours": "{domain}/{building}",
    "omnidata": "{domain}/taskonomy/{building}",
    "building": "{building}/{domain}",
    "archive": "{building}_{domain}/{domain}",
    "older": "{building}/{domain}",
}


def euler_matrix(a, b, c):
    """Rz(c) Ry(b) Rx(a), written out."""
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


def raw_view(building, point, view, side=SIDE):
    """Return the contents of the files of one view, by domain, read by Pillow and JSON alone."""
    rng = np.random.default_rng([BUILDINGS.index(building), point, view])
    grid = (side, side)
    valid = np.ones(grid, bool)
    valid[: side // 4] = False
    depth = rng.integers(512, 4096, grid).astype(np.uint16)
    depth[~valid] = 65535
    scene = np.full(10, 0.02, np.float32)
    scene[BUILDINGS.index(building)] = 0.82
    objects = np.eye(6, dtype=np.float32)[(point + view) % 6]
    info = {
        "camera_location": rng.uniform(-3, 3, 3).tolist(),
        "camera_rotation_final": rng.uniform(-1, 1, 3).tolist(),
        "field_of_view_rads": 1.0,
        "camera_uuid": f"camera_{point}_{view}",
        "point_uuid": str(point),
        "view_id": view,
        "nonfixated_points_in_view": [point, (point + 1) % POINTS],
        "bounding_box_ranges": {"x": [-4.0, 4.0], "y": [-5.0, 5.0], "z": [0.0, 2.5 + point]},
    }
    return {
        "rgb": rng.integers(0, 256, (*grid, 3)).astype(np.uint8),
        "depth_zbuffer": depth,
        "depth_euclidean": depth,
        "normal": rng.integers(0, 255, (*grid, 3)).astype(np.uint8),
        "principal_curvature": rng.integers(0, 255, (*grid, 3)).astype(np.uint8),
        "edge_occlusion": rng.integers(0, 65536, grid).astype(np.uint16),
        "edge_texture": rng.integers(0, 65536, grid).astype(np.uint16),
        "keypoints2d": rng.integers(0, 400, grid).astype(np.uint16),
        "keypoints3d": rng.integers(0, 65536, grid).astype(np.uint16),
        "reshading": np.repeat(rng.integers(0, 256, (*grid, 1)).astype(np.uint8), 3, axis=2),
        "segment_unsup2d": rng.integers(0, 5, grid).astype(np.uint8),
        "segment_unsup25d": rng.integers(0, 5, grid).astype(np.uint8),
        "segment_semantic": rng.integers(0, 18, grid).astype(np.uint8),
        "mask_valid": np.where(valid, 255, 0).astype(np.uint8),
        "class_object": objects,
        "class_scene": scene,
        "point_info": info,
    }


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(value, dict):
        path.with_suffix(".json").write_text(json.dumps(value))
    elif value.ndim == 1:
        np.save(path.with_suffix(".npy"), value)
    else:
        Image.fromarray(value).save(path.with_suffix(".png"))


def write_folder(root, layout="ours", buildings=BUILDINGS, side=SIDE, domains=None):
    """A data set in one of Taskonomy's layouts."""
    for building in buildings:
        for point in range(POINTS):
            for view in range(VIEWS):
                for domain, value in raw_view(building, point, view, side).items():
                    if domains is not None and domain not in domains:
                        continue
                    folder, name = (domain, domain)
                    if layout == "older":
                        folder, name = OLDER.get(domain, (domain, domain))
                    place = LAYOUTS[layout].format(domain=folder, building=building)
                    write(root / place / f"point_{point}_view_{view}_domain_{name}", value)
    return root


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Ours, all domains; not to be written to (but for its cache)."""
    return write_folder(tmp_path_factory.mktemp("hand") / "data")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_views_and_files(tmp_path, layout):
    root = write_folder(tmp_path, layout, domains=("rgb", "depth_zbuffer", "point_info"))
    index = read_index(root)
    assert index.buildings == BUILDINGS
    assert len(index) == len(BUILDINGS) * POINTS * VIEWS
    assert index.name(5) == "alpha/point_1_view_2"
    keys = list(zip(index.building, index.point, index.view, strict=True))
    assert keys == sorted(keys)
    for domain in ("rgb", "depth_zbuffer", "point_info"):
        files = index.files(domain)
        assert not files.missing.any()
        path = root / files.paths[10]
        assert path.name.startswith("point_0_view_1_domain_")
        assert "beta" in str(path.relative_to(root))
        assert path.stat().st_size == files.sizes[10]


def test_a_single_building_is_named_after_its_folder(tmp_path):
    write_folder(tmp_path / "all", domains=("rgb", "normal"))
    for domain in ("rgb", "normal"):
        shutil.copytree(tmp_path / "all" / domain / "beta", tmp_path / "Cauthron" / domain)
    index = read_index(tmp_path / "Cauthron")
    assert index.buildings == ("Cauthron",)
    assert not index.files("normal").missing.any()


def test_views_are_ordered_by_number_not_by_text(tmp_path):
    for point in (2, 10, 1):
        write(
            tmp_path / "rgb" / "b" / f"point_{point}_view_0_domain_rgb",
            np.zeros((8, 8, 3), np.uint8),
        )
    assert read_index(tmp_path).point.tolist() == [1, 2, 10]


def test_hidden_and_foreign_files_are_passed_over(tmp_path):
    write_folder(tmp_path, buildings=("alpha",), domains=("rgb",))
    (tmp_path / "rgb" / ".tmp").mkdir()
    write(tmp_path / "rgb" / ".tmp" / "point_0_view_0_domain_rgb", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "rgb" / "alpha" / "point_0_view_0_domain_rgb.png.tmp").write_bytes(b"half")
    (tmp_path / "rgb" / "alpha" / "point_0_view_7_domain_normal.png").write_bytes(b"other")
    index = read_index(tmp_path)
    assert index.buildings == ("alpha",)
    assert len(index) == POINTS * VIEWS


def test_missing_folders_say_what_was_looked_for(tmp_path):
    with pytest.raises(InvalidDataError, match="no such folder; make one with `taskgraph scenes"):
        read_index(tmp_path / "nowhere")
    with pytest.raises(InvalidDataError, match=r"holds no pictures: looked in .* rgb/<building>"):
        read_index(tmp_path)
    write_folder(tmp_path, domains=("rgb",))
    with pytest.raises(InvalidDataError, match=r"has no depth_zbuffer: .*\(or depth for depth_zbu"):
        read_index(tmp_path).files("depth_zbuffer")


def test_the_same_building_twice_is_refused(tmp_path):
    for component in ("taskonomy", "replica"):
        write(
            tmp_path / "rgb" / component / "house" / "point_0_view_0_domain_rgb",
            np.zeros((8, 8, 3), np.uint8),
        )
    with pytest.raises(InvalidDataError, match="both hold a building house"):
        read_index(tmp_path)


@pytest.mark.parametrize("layout", ["ours", "building", "archive", "omnidata"])
def test_a_missing_file_has_the_path_at_which_it_was_expected(tmp_path, layout):
    write_folder(tmp_path, layout, domains=("rgb", "normal"))
    place = LAYOUTS[layout].format(domain="normal", building="gamma")
    shutil.rmtree(tmp_path / place)
    files = read_index(tmp_path).files("normal")
    assert files.missing.sum() == POINTS * VIEWS
    assert files.paths[-1] == f"{place}/point_2_view_2_domain_normal.png"


def test_splits_are_disjoint_complete_and_stable():
    names = [f"building_{i:04d}" for i in range(40)]
    parts = split_buildings(names)
    assert [len(parts[name]) for name in SPLITS] == [28, 6, 6]
    assert sorted(sum(parts.values(), ())) == names
    assert split_buildings(names[::-1]) == parts  # the order that folders are listed in is nothing
    assert split_buildings(names, 1) != parts


@pytest.mark.parametrize("count", [3, 4, 5, 6, 7, 100])
def test_each_split_has_a_building(count):
    parts = split_buildings([str(i) for i in range(count)])
    assert all(parts.values())
    assert sum(map(len, parts.values())) == count


def test_too_few_buildings_to_split():
    with pytest.raises(InvalidDataError, match=r'2 building.*split="all"'):
        split_buildings(["a", "b"])


def test_taskonomys_csv(tmp_path):
    path = tmp_path / "train_val_test_tiny.csv"
    path.write_text("id,train,val,test\nalpha,1,0,0\nbeta,0,1,0\ngamma,0,0,1\nelsewhere,1,0,0\n")
    parts = split_buildings(BUILDINGS, path)
    assert parts == {"train": ("alpha",), "val": ("beta",), "test": ("gamma",)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,train,val,test\nalpha,1,0,1\n", "building alpha is in train and in test"),
        ("id,train,val\nalpha,1,0\n", "has no column test"),
        ("", "has no column id, train, val, test"),
    ],
)
def test_a_csv_that_is_none(tmp_path, text, message):
    path = tmp_path / "splits.csv"
    path.write_text(text)
    with pytest.raises(InvalidDataError, match=message):
        split_buildings(BUILDINGS, path)


def test_other_mistakes_in_splits(tmp_path):
    with pytest.raises(InvalidDataError, match="give the file of splits"):
        split_buildings(BUILDINGS, tmp_path / "none.csv")
    with pytest.raises(InvalidDataError, match="building beta is in train and in val"):
        split_buildings(BUILDINGS, {"train": ["beta"], "val": ["beta"]})
    with pytest.raises(UnknownNameError, match='no split is called "dev"'):
        split_buildings(BUILDINGS, {"dev": ["beta"]})


def infos_of(folder):
    index = read_index(folder)
    files = index.files("point_info")
    return index, lambda rows: [json.loads((folder / files.paths[r]).read_text()) for r in rows]


@pytest.mark.parametrize("rule", PARTNERS)
def test_partners_keep_their_rule(folder, rule):
    index, infos = infos_of(folder)
    pairs = choose_partners(rule, index, infos, 0)
    assert pairs.has_partners.all()
    info = infos(range(len(index)))
    for row in range(len(index)):
        group = [row, *pairs.rows[row]]
        assert len({info[other]["camera_uuid"] for other in group}) == len(group)
        assert len({index.building[other] for other in group}) == 1
        points = {index.point[other] for other in group}
        seen = [set(info[other]["nonfixated_points_in_view"]) for other in group]
        if rule in ("fixated", "triplet"):
            assert len(points) == 1
        elif rule == "nonfixated":
            assert len(points) == 2
            assert seen[0] & seen[1]
        else:
            assert (len(points) == 1) == pairs.same_point[row]
            assert (index.point[row] in seen[1]) == pairs.same_point[row]


def test_partners_depend_on_seed_and_view_alone(folder):
    index, infos = infos_of(folder)
    first = choose_partners("nonfixated", index, infos, 0).rows
    assert np.array_equal(first, choose_partners("nonfixated", index, infos, 0).rows)
    assert not np.array_equal(first, choose_partners("nonfixated", index, infos, 1).rows)


def test_matching_is_balanced_in_every_building(folder):
    index, infos = infos_of(folder)
    pairs = choose_partners("match", index, infos, 3)
    for number in range(len(index.buildings)):
        same = pairs.same_point[(index.building == number) & pairs.has_partners]
        assert abs(same.sum() - (~same).sum()) <= 1


def test_a_view_that_is_alone_has_no_partners(tmp_path):
    info = {"nonfixated_points_in_view": [0], "camera_uuid": "c"}
    write(tmp_path / "rgb" / "b" / "point_0_view_0_domain_rgb", np.zeros((8, 8, 3), np.uint8))
    index = read_index(tmp_path)
    for rule, count in PARTNERS.items():
        pairs = choose_partners(rule, index, lambda rows: [info], 0)
        assert pairs.rows.tolist() == [[NONE] * count]
        assert not pairs.has_partners.any()


def test_views_by_one_camera_are_no_partners(tmp_path):
    for view in range(2):
        write(
            tmp_path / "rgb" / "b" / f"point_0_view_{view}_domain_rgb",
            np.zeros((8, 8, 3), np.uint8),
        )
    info = {"nonfixated_points_in_view": [0], "camera_location": [0, 0, 1]}
    pairs = choose_partners("fixated", read_index(tmp_path), lambda rows: [info, info], 0)
    assert not pairs.has_partners.any()


def test_partner_errors(folder):
    index, _ = infos_of(folder)
    with pytest.raises(UnknownNameError, match='no rule "x"; there are fixated'):
        choose_partners("x", index, lambda rows: [], 0)
    with pytest.raises(
        InvalidDataError, match=r"point_0_view_0_domain_point_info.json: .*expected"
    ):
        choose_partners("fixated", index, lambda rows: [{}] * len(rows), 0)
    with pytest.raises(InvalidDataError, match="`nonfixated_points_in_view` is None"):
        points_in_view({})
