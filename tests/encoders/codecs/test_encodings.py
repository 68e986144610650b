"""Every domain comes back from its file to within half a step; other readers see the same."""

import io
import json

import numpy as np
import pytest
import skimage.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from encoders.codecs.encodings import (
    ENCODINGS,
    decode,
    encode,
    file_name,
    parse_file_name,
    read_raw,
    read_value,
)
from encoders.errors import InvalidDataError, UnknownNameError
from tests.examples import examples

SHAPE = (5, 7)
UNIT = st.floats(0, 1)
MAPS = ["edge_occlusion", "edge_texture", "keypoints2d", "keypoints3d"]
DEPTHS = ["depth_zbuffer", "depth_euclidean"]
SEGMENTS = ["segment_unsup2d", "segment_unsup25d", "segment_semantic"]


def there_and_back(domain, value):
    content = encode(domain, value)
    assert encode(domain, value) == content
    return decode(domain, content)


def seen_by_others(domain, value):
    """Pixels as scikit-image reads them, which knows nothing of our decoder."""
    return skimage.io.imread(io.BytesIO(encode(domain, value)))


@pytest.mark.parametrize("domain", DEPTHS)
@given(depth=arrays(np.float64, SHAPE, elements=st.floats(0, 127.9)))
@examples(times=0.3)
def test_depth_is_within_half_of_1_512_meter(domain, depth):
    found = there_and_back(domain, depth)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, depth, atol=0.5 / 512 + 1e-5)


def test_one_meter_is_512_and_nothing_is_65535():
    depth = np.array([[1.0, 0.0], [np.nan, np.inf]])
    assert seen_by_others("depth_zbuffer", depth).tolist() == [[512, 0], [65535, 65535]]
    found = there_and_back("depth_zbuffer", depth)
    assert found[0].tolist() == [1.0, 0.0]
    assert np.isnan(found[1]).all()


def test_depth_beyond_the_range_is_far_and_not_missing():
    assert there_and_back("depth_zbuffer", np.array([[500.0]]))[0, 0] == pytest.approx(
        128, abs=0.01
    )


@given(normal=arrays(np.float64, (*SHAPE, 3), elements=st.floats(-1, 1)))
@examples(times=0.3)
def test_normals_are_within_half_of_a_127th(normal):
    np.testing.assert_allclose(there_and_back("normal", normal), normal, atol=0.5 / 127 + 1e-6)


def test_normals_are_centered_on_127():
    axes = np.concatenate([np.eye(3), -np.eye(3), np.zeros((1, 3))])[None]
    pixels = seen_by_others("normal", axes)
    assert pixels[0, :3].tolist() == [[254, 127, 127], [127, 254, 127], [127, 127, 254]]
    assert pixels[0, 3:6].tolist() == [[0, 127, 127], [127, 0, 127], [127, 127, 0]]
    assert pixels[0, 6].tolist() == [127, 127, 127]
    np.testing.assert_array_equal(there_and_back("normal", axes), axes)


@given(curvature=arrays(np.float64, (*SHAPE, 2), elements=st.floats(-20, 20)))
@examples(times=0.3)
def test_curvatures_are_within_half_of_20_127ths(curvature):
    found = there_and_back("principal_curvature", curvature)
    np.testing.assert_allclose(found, curvature, atol=10 / 127 + 1e-5)


def test_a_plane_is_127_and_a_thin_wire_is_stored_as_one_of_5_cm():
    curvature = np.array([[[0.0, 0.0], [20.0, -20.0], [900.0, -900.0]]])
    pixels = seen_by_others("principal_curvature", curvature)
    assert pixels.tolist() == [[[127, 127, 127], [254, 0, 127], [254, 0, 127]]]


@pytest.mark.parametrize("domain", MAPS)
@given(value=arrays(np.float64, SHAPE, elements=UNIT))
@examples(times=0.2)
def test_maps_are_within_half_of_a_65535th(domain, value):
    np.testing.assert_allclose(there_and_back(domain, value), value, atol=0.5 / 65535 + 1e-7)
    np.testing.assert_allclose(seen_by_others(domain, value) / 65535, value, atol=0.5 / 65535)


def test_a_map_above_1_is_stored_as_1():
    assert seen_by_others("edge_texture", np.array([[1.5, 0.5]])).tolist() == [[65535, 32768]]


@given(value=arrays(np.float64, SHAPE, elements=UNIT))
@examples(times=0.2)
def test_reshading_is_gray_and_within_half_of_a_255th(value):
    np.testing.assert_allclose(there_and_back("reshading", value), value, atol=0.5 / 255 + 1e-6)
    pixels = seen_by_others("reshading", value)
    assert pixels.shape == (*SHAPE, 3)
    assert (pixels == pixels[..., :1]).all()


@pytest.mark.parametrize("domain", SEGMENTS)
@given(numbers=arrays(np.int32, SHAPE, elements=st.integers(0, 255)))
@examples(times=0.2)
def test_segments_are_exact(domain, numbers):
    np.testing.assert_array_equal(there_and_back(domain, numbers), numbers)
    np.testing.assert_array_equal(seen_by_others(domain, numbers), numbers)


@given(rgb=arrays(np.uint8, (*SHAPE, 3)))
@examples(times=0.2)
def test_pictures_are_exact(rgb):
    np.testing.assert_array_equal(there_and_back("rgb", rgb), rgb)
    np.testing.assert_array_equal(seen_by_others("rgb", rgb), rgb)


@given(valid=arrays(np.bool_, SHAPE))
@examples(times=0.2)
def test_masks_are_exact(valid):
    np.testing.assert_array_equal(there_and_back("mask_valid", valid), valid)
    np.testing.assert_array_equal(seen_by_others("mask_valid", valid), 255 * valid)


@pytest.mark.parametrize("domain", ["class_object", "class_scene"])
@given(weights=arrays(np.float64, 9, elements=st.floats(0.01, 1)))
@examples(times=0.2)
def test_classes_are_float32(domain, weights):
    chances = (weights / weights.sum()).astype(np.float32)
    np.testing.assert_array_equal(there_and_back(domain, chances), chances)
    content = np.load(io.BytesIO(encode(domain, chances)))
    assert content.dtype == np.float32


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(info=st.dictionaries(st.text(max_size=5), st.lists(NUMBERS, max_size=4), max_size=4))
def test_point_info_is_exact_and_sorted(info):
    assert there_and_back("point_info", info) == info
    content = encode("point_info", info)
    assert content.endswith(b"}\n")
    assert list(json.loads(content)) == sorted(info)


@pytest.mark.parametrize(
    ("domain", "value", "message"),
    [
        ("depth_zbuffer", [[-1.0]], "cannot be stored as depth_zbuffer: it holds negative dist"),
        ("depth_zbuffer", np.zeros((2, 2, 3)), r"its shape is \(2, 2, 3\), expected \(H, W\)"),
        ("normal", np.full((2, 2, 3), 1.1), "vectors that are longer than 1"),
        ("normal", np.zeros((2, 2)), r"its shape is \(2, 2\), expected \(H, W, 3\)"),
        ("principal_curvature", np.zeros((2, 2, 3)), r"expected \(H, W, 2\)"),
        ("keypoints2d", [[-0.1]], "negative numbers"),
        ("keypoints2d", [[np.nan]], "not finite"),
        ("segment_unsup2d", [[256]], "whole numbers from 0 to 255"),
        ("segment_unsup2d", [[1.0]], "whole numbers from 0 to 255"),
        ("class_scene", [0.3, 0.3], "probabilities that sum to 1"),
        ("class_scene", [[1.0]], "probabilities that sum to 1"),
        ("point_info", {"a": np.nan}, "not JSON compliant"),
    ],
)
def test_what_cannot_be_stored_is_refused(domain, value, message):
    with pytest.raises(InvalidDataError, match=message):
        encode(domain, value)


def test_an_unknown_domain_is_refused_with_those_that_there_are():
    with pytest.raises(UnknownNameError, match='no domain "depth"; there are rgb, depth_zbuffer'):
        encode("depth", np.zeros((2, 2)))


VALUES = {
    "rgb": np.full((8, 8, 3), 7, np.uint8),
    "depth_zbuffer": np.ones((8, 8)),
    "class_scene": np.eye(3)[0],
    "point_info": {"view_id": 3, "point_location": [1.5, 2.0, 3.25]},
}


@pytest.mark.parametrize("domain", VALUES)
def test_a_file_that_is_cut_off_is_refused_by_name(domain, tmp_path):
    content = encode(domain, VALUES[domain])
    path = tmp_path / file_name(0, 0, domain)
    end = 12 if path.suffix == ".png" else 2  # a picture ends with 12 bytes that say nothing
    for length in {0, 1, 9, 20, len(content) // 2, len(content) - end}:
        path.write_bytes(content[:length])
        with pytest.raises(InvalidDataError) as error:
            read_value(path, domain)
        assert str(path) in str(error.value)
        assert "broken or cut off" in str(error.value)
        assert "delete it and run `taskgraph scenes OUT` again" in str(error.value)


@pytest.mark.parametrize("domain", ["rgb", "depth_zbuffer"])
def test_a_picture_with_one_wrong_bit_is_refused(domain):
    content = encode(domain, VALUES[domain])
    for place in range(len(content) - 12):
        wrong = content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]
        with pytest.raises(InvalidDataError, match="broken or cut off"):
            decode(domain, wrong)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InvalidDataError, match=r"rgb\.png is missing; run `taskgraph scenes OUT`"):
        read_value(tmp_path / "rgb.png", "rgb")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InvalidDataError, match="cannot be read: Is a directory"):
        read_value(tmp_path, "rgb")


def test_eight_bits_are_not_taken_for_depth(tmp_path):
    path = tmp_path / "depth.png"
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(path)
    with pytest.raises(InvalidDataError, match="holds 8-bit pixels, expected 16-bit ones"):
        read_value(path, "depth_zbuffer")
    with pytest.raises(InvalidDataError, match="holds 16-bit pixels, expected 8-bit ones"):
        decode("mask_valid", encode("depth_zbuffer", np.ones((4, 4))))


def test_json_that_is_no_object_is_refused(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    with pytest.raises(InvalidDataError, match="holds no JSON object"):
        read_value(tmp_path / "a.json", "point_info")


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "LA"])
def test_real_files_in_other_kinds_of_png_are_read(mode, tmp_path):
    """The same black and white picture, however its PNG packs it."""
    black_and_white = np.kron([[0, 1], [1, 0]], np.full((4, 4), 255)).astype(np.uint8)
    picture = Image.fromarray(black_and_white)
    picture = picture.quantize(2) if mode == "P" else picture.convert(mode)
    picture.save(tmp_path / "a.png")
    assert read_value(tmp_path / "a.png", "rgb")[..., 0].tolist() == black_and_white.tolist()
    if mode != "P":  # there, the numbers are those of the palette
        assert (
            read_value(tmp_path / "a.png", "mask_valid").tolist() == (black_and_white > 0).tolist()
        )


def test_raw_numbers_are_writable(tmp_path):
    """A loader turns them into tensors, which warns of arrays that cannot be written to."""
    for domain in ("rgb", "depth_zbuffer"):
        path = tmp_path / domain
        path.write_bytes(encode(domain, VALUES[domain]))
        assert read_raw(path, domain).flags.writeable


def test_file_names():
    assert file_name(3, 0, "depth_zbuffer") == "point_3_view_0_domain_depth_zbuffer.png"
    for domain in ENCODINGS:
        assert parse_file_name(file_name(12, 7, domain)) == (12, 7)
    assert parse_file_name("point_1_view_2_domain_fixatedpose.json") == (1, 2)
    for other in ("manifest.json", ".tmp-1-point_1_view_2_domain_rgb.png", "point_1_view_2.png"):
        assert parse_file_name(other) is None


def test_encodings_import_neither_torch_nor_the_ray_caster():
    import subprocess
    import sys

    code = (
        "import sys; import encoders.codecs.encodings; "
        "print({'torch', 'embreex', 'trimesh'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
