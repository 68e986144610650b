"""Sets by name or folder, their common classes, draws without leaks, features, and bad input."""

import numpy as np
import pytest
from PIL import Image

from benchmarks.bias.features import FEATURES, features_of, find_feature, hog, ink, pixels
from benchmarks.bias.sets import draw, load_sets, with_common_classes
from benchmarks.data.data import Data
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError

RNG = np.random.default_rng(0)


def data(name, count=60, classes=("a", "b", "c"), groups=(), seed=0, inputs=None):
    """A set of random features."""
    rng = np.random.default_rng(seed)
    if inputs is None:
        inputs = rng.normal(size=(count, 4))
    labels = rng.integers(0, len(classes), len(inputs))
    labels[: len(classes)] = range(len(classes))
    return Data(name, inputs, labels, classes, {}, "", "", groups)


def folder(path, classes, count=8, shade=0):
    """Write random pictures, one subfolder a class."""
    rng = np.random.default_rng(shade)
    for name in classes:
        (path / name).mkdir(parents=True)
        for k in range(count):
            content = rng.integers(0, 200, (12, 12, 3)) + shade
            Image.fromarray(content.astype(np.uint8)).save(path / name / f"{k}.png")
    return str(path)


# --- draws ---


def test_no_item_is_trained_and_tested_and_none_is_of_a_tested_group():
    groups = tuple(f"building_{k % 10}" for k in range(100))
    sets = [data("one", 100, groups=groups), data("two", 100, groups=groups, seed=1)]
    for seed in range(3):
        rows = draw(sets, seed, 40, 20)
        tested = {groups[k] for name in rows for k in rows[name].test}
        trained = {groups[k] for name in rows for k in rows[name].train}
        assert not tested & trained, "the same buildings are tested on in both sets"
        assert len(tested) <= 3
        assert all(len(r.train) == 40 and len(r.test) == 20 for r in rows.values())


def test_a_picture_that_two_sets_share_is_on_one_side_in_both():
    shared = RNG.normal(size=(50, 4))
    sets = [data("one", inputs=shared), data("two", inputs=shared[::-1].copy())]
    rows = draw(sets, 0, 15, 10)
    tested = {tuple(s.inputs[k]) for s in sets for k in rows[s.name].test}
    trained = {tuple(s.inputs[k]) for s in sets for k in rows[s.name].train}
    assert not tested & trained


def test_every_beginning_of_the_training_rows_has_equal_shares_of_the_classes():
    one = data("one", 300)
    train = draw([one, data("two")], 0, 36, 10)["one"].train
    for count in (3, 12, 36):
        assert np.bincount(one.labels[train[:count]], minlength=3).tolist() == [count // 3] * 3


def test_draws_depend_on_the_seed_alone():
    sets = [data("one"), data("two", seed=1)]
    first, again, other = (draw(sets, seed, 20, 10) for seed in (0, 0, 1))
    assert (first["one"].train == again["one"].train).all()
    assert (first["one"].train != other["one"].train).any()


@pytest.mark.parametrize(
    ("train", "test", "groups", "words"),
    [
        (50, 20, (), "one has 40 items to draw 50 training items from; lower --sizes"),
        (5, 70, (), "one has 60 items to draw 70 test items from; lower --test"),
        (5, 5, ("x",) * 60, "the sets have one group, x, expected at least two"),
    ],
)
def test_more_samples_than_there_are_are_refused(train, test, groups, words):
    with pytest.raises(InvalidTableError, match=words):
        draw([data("one", groups=groups), data("two", groups=groups)], 0, train, test)


# --- classes ---


def test_classes_in_another_order_become_the_same():
    first, second = data("one", classes=("b", "a", "c")), data("two")
    common = with_common_classes([first, second])
    assert [each.classes for each in common] == [("a", "b", "c")] * 2
    names = np.array(first.classes)[first.labels]
    assert (np.array(common[0].classes)[common[0].labels] == names).all()


def test_classes_that_differ_are_refused_or_left_out():
    groups = tuple(map(str, range(60)))
    sets = [data("one", groups=groups), data("two", classes=("c", "b", "d"), seed=1)]
    with pytest.raises(InvalidTableError, match='"a" of one is not in every set; add --common-cl'):
        with_common_classes(sets)
    kept = with_common_classes(sets, drop=True)
    assert [each.classes for each in kept] == [("b", "c")] * 2
    assert len(kept[0].inputs) == (sets[0].labels > 0).sum() == len(kept[0].groups)


@pytest.mark.parametrize(
    ("classes", "words"),
    [(("a",), "1 class.es. in common"), (("x", "y", "z"), "0 class.es. in common")],
)
def test_fewer_than_two_common_classes_are_refused(classes, words):
    with pytest.raises(InvalidTableError, match=words):
        with_common_classes([data("one"), data("two", classes=classes)], drop=True)


def test_sets_without_classes_are_refused():
    bare = Data("bare", np.zeros((5, 4)), None, (), {}, "", "")
    with pytest.raises(InvalidTableError, match="bare has no classes, which a matrix of class"):
        with_common_classes([bare, data("two")])


# --- features ---


def test_features_of_a_gray_and_a_color_image_are_alike():
    gray = RNG.integers(0, 256, (3, 20, 20, 1)).astype(np.uint8)
    color = np.repeat(gray, 3, axis=3)
    for feature in (pixels, ink, hog):
        assert np.allclose(feature(gray), feature(color))
    assert pixels(gray).shape == (3, 768)
    assert ink(gray).shape == (3, 64)
    assert hog(gray).shape == (3, 324)


def test_ink_does_not_depend_on_place_or_size_or_brightness():
    drawing = np.zeros((1, 40, 40, 1), np.uint8)
    drawing[0, 8:24, 4:20] = RNG.integers(100, 200, (16, 16, 1))
    moved = np.roll(drawing, (5, 9), axis=(1, 2))
    dark = (drawing // 2).astype(np.uint8)
    large = np.kron(drawing, np.ones((1, 2, 2, 1), np.uint8))
    for other in (moved, large):
        assert np.allclose(ink(drawing), ink(other))
    assert np.allclose(ink(drawing), ink(dark), atol=0.02)
    assert not ink(np.zeros((1, 8, 8, 1), np.uint8)).any()


def test_encoders_of_the_bank_give_features():
    images = RNG.integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    found = find_feature("bank:normals")(images)
    assert found.shape == (2, 8 * 8 * 8)
    assert np.isfinite(found).all()
    assert not np.allclose(found[0], found[1])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gist", 'no features "gist"; expected given, pixels, ink, hog, or bank:TASK'),
        ("hog", "one has features and no images; use --features given"),
    ],
)
def test_features_that_do_not_fit_are_refused(name, words):
    with pytest.raises(InvalidTableError, match=words):
        features_of(data("one"), name)


def test_features_that_are_not_finite_are_refused():
    inputs = RNG.normal(size=(10, 4))
    inputs[3, 1] = np.nan
    with pytest.raises(InvalidTableError, match=r"a feature \(given\) of item 3 is not a finite"):
        features_of(data("one", inputs=inputs), "given")
    images = data("one", inputs=np.zeros((4, 8, 8, 3), np.uint8))
    with pytest.raises(InvalidTableError, match="choose their features with --features"):
        features_of(images, "given")
    assert set(FEATURES) == {"given", "pixels", "ink", "hog"}


# --- folders, on the command line ---


def test_folders_are_sets_by_their_names(tmp_path):
    paths = [folder(tmp_path / name, "ab", shade=k) for k, name in enumerate(("left", "right"))]
    assert [each.name for each in load_sets(paths)] == ["left", "right"]
    with pytest.raises(InvalidTableError, match='two data sets are named "left"'):
        load_sets([paths[0], folder(tmp_path / "more" / "left", "ab")])


def test_bad_input_gives_one_line_and_exit_code_2(tmp_path, capsys):
    good = folder(tmp_path / "good", "ab")
    other = folder(tmp_path / "other", "ac", shade=1)
    one = folder(tmp_path / "one", "a", shade=2)
    (tmp_path / "empty").mkdir()
    small = ["--sizes", "4", "--test", "4", "--seeds", "1"]
    cases = [
        (["--data", good], "got 1 data set(s), expected at least two"),
        (["--data", f"{good},{tmp_path}/empty"], "has no picture in a subfolder, expected one sub"),
        (["--data", f"{good},{other}", *small], 'the classes differ: "b" of good is not in every'),
        (["--data", f"{good},{one}", "--common-classes", *small], "1 class(es) in common, expec"),
        (["--data", f"{good},{other}", "--parts", ""], "--parts is empty, expected some of cross"),
        (["--data", f"{good},nowhere"], 'there is no data set "nowhere"'),
        (["--data", f"{good},{tmp_path}/nowhere"], "nowhere, which does not exist; expected a"),
        (["--data", f"{good},{__file__}"], "test_sets.py, which is a file; expected a folder"),
        (["--data", f"{good},{good}", *small], 'two data sets are named "good"'),
        (
            ["--data", f"{good},{other}", "--parts", "names"],
            'there is no part "names"; expected c',
        ),
        (["--sizes", "9,4"], "--sizes is 9,4, expected growing numbers from 2 on"),
        (["--seeds", "0"], "--seeds is 0, expected at least 1"),
        (["--test", "1"], "--test is 1, expected at least 2"),
        (
            ["--data", f"{good},{other}", "--parts", "name", "--sizes", "14", "--test", "4"],
            "good has 12 items to draw 14 training items from; lower --sizes",
        ),
        (
            ["--data", f"{good},{other}", "--parts", "name", "--features", "x", *small],
            'there are no features "x"',
        ),
    ]
    for arguments, words in cases:
        out = tmp_path / "out"
        assert run(["bench", "bias", *arguments, "--out", str(out)]) == 2, arguments
        told = capsys.readouterr().err
        assert words in told
        assert len(told.strip().splitlines()) == 1, told
        assert not out.exists(), "nothing is written before the input is checked"
