"""Bad input: one line with the place and the remedy, and exit code 2."""

import io
import warnings
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as papq
import pytest

from encoders.errors import InvalidDataError, TrainingError, UnknownNameError
from encoders.features.inline import InlineEngine
from encoders.features.label_columns import label_column
from encoders.features.label_table import read_label_table
from encoders.features.measure import measure_features
from encoders.features.parts import draw_parts
from encoders.features.readers import open_features
from encoders.features.settings import FeatureConfig
from encoders.features.transformers import source_features
from taskgraph.cli import run
from taskgraph.errors import InvalidProblemError, InvalidTableError
from tests.encoders.features.made import features_of, labels_of


@pytest.fixture
def made():
    hidden, features = features_of(120)
    return features, labels_of(hidden)


def measure(features, labels, out, **settings):
    config = FeatureConfig(**{"max_order": 1, "targets": ("size",), **settings})
    outcome = measure_features(features, labels, out, config, InlineEngine())
    assert not outcome.failures


def duplicated(features, labels):
    labels.loc[7, "example"] = "e3"


def fewer_rows(features, labels):
    features.update({name: array[:100] for name, array in features.items()})


def one_short(features, labels):
    features["noise"] = features["noise"][:-2]


def unknown_example(features, labels):
    features["example"] = np.array([f"e{i}" if i != 5 else "other" for i in range(120)])


def repeated_feature_name(features, labels):
    features["example"] = np.array([f"e{min(i, 118)}" for i in range(120)])


def not_a_number(features, labels):
    features["mixed"][17, 2] = np.nan


def too_large(features, labels):
    features["mixed"] = features["mixed"].astype(np.float64)
    features["mixed"][17, 2] = 1e60


def constant(features, labels):
    features["noise"][:] = 0.1


def text_label(features, labels):
    labels["size"] = [
        str(value) if row != 11 else "12cm" for row, value in enumerate(labels["size"])
    ]


def one_class(features, labels):
    labels["size"] = "spam"


def one_value(features, labels):
    labels["size"] = 2.5


def no_label(features, labels):
    labels["size"] = np.nan


def infinite(features, labels):
    labels.loc[4, "size"] = np.inf


def enormous(features, labels):
    labels["size"] *= 1e200


def minute(features, labels):
    labels["size"] *= 1e-200


def names_as_labels(features, labels):
    labels["size"] = [f"mail {row}" for row in range(120)]


def unknown_part(features, labels):
    labels["split"] = ["train"] * 60 + ["test"] * 59 + ["holdout"]


def no_test_part(features, labels):
    labels["split"] = "train"


def group_in_two_parts(features, labels):
    labels["split"] = ["train"] * 60 + ["test"] * 60
    labels["group"] = [f"author {row % 50}" for row in range(120)]


def few_test_labels(features, labels):
    labels["split"] = ["train"] * 60 + ["test"] * 60
    labels.loc[65:, "size"] = np.nan


def one_label_to_train_on(features, labels):
    labels["split"] = ["train"] * 60 + ["valid"] * 20 + ["test"] * 40
    labels.loc[:59, "size"] = 1.5


def text_features(features, labels):
    features["words"] = np.array(["a"] * 120)


def three_axes(features, labels):
    features["noise"] = features["noise"][:, None]


def reserved_source(features, labels):
    features["self"] = features["noise"]


def joined_source(features, labels):
    features["a+b"] = features["noise"]


def reserved_target(features, labels):
    labels["average"] = labels.pop("size")


CASES = [
    (duplicated, 'rows 4 and 8: both have the example "e3"'),
    (fewer_rows, "the features has 100 rows, and the labels have 120"),
    (one_short, '"noise" has 118 rows, and "left" has 120'),
    (unknown_example, 'no features of example "e5", row 6 of the labels; add them'),
    (repeated_feature_name, 'rows 119 and 120 are both called "e118"'),
    (not_a_number, 'feature 3 of source "mixed" is nan in row 18, expected a finite number'),
    (too_large, 'feature 3 of source "mixed" is inf in row 18'),
    (
        constant,
        'all 4 features of source "noise" are constant .* --sources left,right,mixed,scratch',
    ),
    (text_label, 'row 12: size is "12cm", expected a number as in 119 of 120 rows; .* --kind size'),
    (one_class, r'size has one class only \("spam"\)'),
    (one_value, "size is 2.5 in every row, so that there is nothing to predict"),
    (no_label, "size has no label in any row; leave it out with --targets"),
    (infinite, 'row 5: size is "inf", expected a finite number'),
    (enormous, r"size has values of up to .*e\+200 and a variance of inf, expected .* other units"),
    (minute, "size has values of up to .*e-200 and a variance of 0, expected one between"),
    (names_as_labels, "120 different texts in 120 rows, such as .*, which look like names"),
    (unknown_part, 'row 120: split is "holdout", expected train, valid or test'),
    (no_test_part, "the column split names no test example"),
    (group_in_two_parts, 'group "author .*" is in the parts train and test'),
    (few_test_labels, "size has 5 labeled test examples, expected at least 10"),
    (one_label_to_train_on, "size has the same label in all 60 training examples"),
    (text_features, '"words" holds <U1, expected numbers'),
    (three_axes, r'"noise" has the shape \(120, 1, 4\), expected \(examples, features\)'),
    (reserved_source, 'a source is called "self", which is kept for references; rename it'),
    (joined_source, r"a source is called a\+b"),
    (reserved_target, '"average", which is kept for references'),
]


@pytest.mark.parametrize(("spoil", "message"), CASES, ids=[each.__name__ for each, _ in CASES])
def test_each_mistake_has_one_line_that_names_its_place(spoil, message, made, tmp_path):
    features, labels = made
    spoil(features, labels)
    targets = () if spoil is reserved_target else ("size",)
    with pytest.raises(InvalidDataError, match=message) as error:
        measure(features, labels, tmp_path, targets=targets)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("spoil", [not_a_number, constant])
def test_the_corrected_command_can_write_to_the_same_folder(spoil, made, tmp_path):
    features, labels = made
    correct = {name: array.copy() for name, array in features.items()}
    spoil(features, labels)
    with pytest.raises(InvalidDataError):
        measure(features, labels, tmp_path)
    assert not list(tmp_path.iterdir())
    measure(correct, labels, tmp_path)
    with pytest.raises(TrainingError, match="other features"):
        measure(features, labels, tmp_path)
    assert (tmp_path / "measured").exists()


def test_names_that_do_not_exist(made, tmp_path):
    features, labels = made
    for settings, message in (
        ({"sources": ("lfet",)}, '--sources: the features has no source "lfet"; it has left'),
        (
            {"targets": ("sise",)},
            '--targets: no column of labels is called "sise"; there are genre',
        ),
        ({"kinds": {"sise": "classes"}}, '--kind: no column of labels is called "sise"'),
        ({"scratch": "raw"}, '--scratch: the features has no source "raw"'),
        ({"columns": {"group": "author"}}, '--column group=author: there is no column "author"'),
        ({"columns": {"cluster": "size"}}, "--column cluster=size: expected example, split, group"),
    ):
        with pytest.raises(UnknownNameError, match=message):
            measure(features, labels, tmp_path / "x", **settings)
    with pytest.raises(InvalidDataError, match='the kind is "float", expected regression, classes'):
        measure(features, labels, tmp_path, kinds={"size": "float"})
    for settings, message in (
        ({"readout": "svm"}, 'readout is "svm", expected ridge, logistic, mlp'),
        ({"candidates": "all"}, 'candidates is "all", expected first, best5, published'),
    ):
        with pytest.raises(UnknownNameError, match=message):
            FeatureConfig(**settings)
    for settings, message in (
        ({"repeats": 0}, "repeats is 0, expected at least 1"),
        ({"test_share": 1.5}, "test_share is 1.5, expected a share between 0 and 1"),
        ({"test_share": 0.5, "valid_share": 0.6}, "test and validation take 1.1 of the examples"),
        ({"train_examples": -1}, "train_examples is -1, expected at least 0"),
    ):
        with pytest.raises(InvalidProblemError, match=message):
            FeatureConfig(**settings)


def test_repeats_of_given_parts_would_all_be_the_same(made):
    _, labels = made
    labels["split"] = ["train"] * 60 + ["valid"] * 20 + ["test"] * 40
    table = read_label_table(labels)
    with pytest.raises(
        InvalidDataError, match=r"--repeats 2: the column split names .* write train"
    ):
        draw_parts(table, FeatureConfig(repeats=2))
    one, two = draw_parts(table, FeatureConfig(repeats=2, train_examples=30))
    assert set(one.train) != set(two.train)


def test_one_group_for_all_leaves_no_test_part(made):
    _, labels = made
    table = read_label_table(labels.assign(group="all"))
    with pytest.raises(
        InvalidDataError,
        match=r"no example is left for the part .* 1 groups, .* rename the column group",
    ):
        draw_parts(table, FeatureConfig())


def test_a_label_among_the_features_is_named(made, tmp_path, caplog):
    """A copy of a number, and the number of a class; a strong but honest feature is not named."""
    features, labels = made
    codes = labels["genre"].map({"x": 0, "y": 1, "z": 2}).to_numpy()
    features["noise"][:, 1] = 3 - 2 * labels["size"].to_numpy()
    features["right"][:, 2] = codes
    features["left"][:, 0] = labels["size"] + np.random.default_rng(0).normal(0, 0.05, 120)
    with caplog.at_level("INFO", logger="encoders"):
        measure(features, labels, tmp_path, targets=("size", "genre"))
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 2
    assert warnings[0].startswith('feature 2 of source "noise" is the label of "size" up to scale')
    assert warnings[0].endswith("leave it out: --sources left,right,mixed,scratch")
    assert warnings[1].startswith('feature 3 of source "right" is the label of "genre"')


def test_constant_features_and_unseen_classes_are_told(made, tmp_path, caplog):
    features, labels = made
    features["left"][:, 1] = 5
    labels["split"] = ["train"] * 60 + ["valid"] * 20 + ["test"] * 40
    labels.loc[0:59, "genre"] = np.where(np.arange(60) % 2, "x", "y")
    with caplog.at_level("INFO", logger="encoders"):
        measure(features, labels, tmp_path, targets=("genre",))
    messages = [record.getMessage() for record in caplog.records]
    assert '1 constant features of source "left" are not used' in messages
    count = int((labels["genre"][60:] == "z").sum())
    assert (
        f"genre: {count} validation and test examples of classes without a training example "
        in (" ".join(messages))
    )


def test_kinds_are_inferred_printed_and_overridden():
    stars = pd.Series([1, 2, 3, 4, 5] * 4, name="stars")
    assert label_column("stars", stars).kind == "classes"
    assert label_column("stars", stars, "regression").kind == "regression"
    assert label_column("n", pd.Series(range(21))).kind == "regression"
    assert label_column("n", pd.Series([0.5, 1, 2])).kind == "regression"
    tags = label_column("t", pd.Series(["b|a", "|", None, "a"]))
    assert tags.summary == "2 tags (a, b), 1 examples without a label"
    np.testing.assert_array_equal(tags.values, [[1, 1], [0, 0], [np.nan, np.nan], [1, 0]])
    assert label_column("c", pd.Series(["10", "9", "x"]), "classes").classes == ("10", "9", "x")
    assert label_column("c", pd.Series(["10", "9", "9"])).classes == ("9", "10")
    with pytest.raises(InvalidDataError, match="t has no tag in any row"):
        label_column("t", pd.Series(["|", "|"]))


def test_files_that_are_no_features(tmp_path):
    (tmp_path / "f.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 cut off")
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 cut off")
    np.savez(tmp_path / "empty.npz", example=np.array(["a"]))
    np.savez(tmp_path / "objects.npz", a=np.array([1, "x"], dtype=object))
    pd.DataFrame({"a": [[1.0, 2.0], [1.0]]}).to_parquet(tmp_path / "ragged.parquet")
    pd.DataFrame({"a": [[1.0, 2.0], None]}).to_parquet(tmp_path / "missing.parquet")
    pd.DataFrame({"a": ["x", "y"]}).to_parquet(tmp_path / "text.parquet")
    pd.DataFrame({"self.1": [1.0, 2.0]}).to_parquet(tmp_path / "self.parquet")
    pd.DataFrame({".1": [1.0, 2.0]}).to_parquet(tmp_path / "nameless.parquet")
    pd.DataFrame({"example": ["a", None], "b": [1, 2]}).to_parquet(tmp_path / "unnamed.parquet")
    names = np.array(["a", "b"], dtype=object)
    np.savez(tmp_path / "pickled.npz", example=names, b=np.ones((2, 1)))
    (tmp_path / "folder.npz").mkdir()
    for name, message in (
        ("f.csv", "f.csv: expected a file whose name ends in .npz or .parquet"),
        ("none.npz", "none.npz: there is no such file"),
        ("folder.npz", "folder.npz: this is a folder; give a .npz or .parquet file"),
        ("self.parquet", 'a source is called "self", which is kept for references'),
        ("nameless.parquet", "a source has no name; name it, as in SOURCE.FEATURE"),
        ("unnamed.parquet", "example is empty in row 2; name each row, or leave the column out"),
        ("pickled.npz", r"example was saved as Python objects, .*np.array\(names, dtype=str\)"),
        ("broken.npz", "broken.npz: broken, cut off, or no .npz file"),
        ("broken.parquet", "broken.parquet: broken, cut off, or no .parquet file"),
        ("empty.npz", "there is no source; expected one array for each source"),
        ("objects.npz", '"a" holds object, expected numbers'),
        ("text.parquet", 'the column "a" holds .*string, expected numbers or lists'),
    ):
        with pytest.raises(InvalidDataError, match=message):
            open_features(tmp_path / name)
    with pytest.raises(InvalidDataError, match='"a" has 1 features in row 2, and 2 in row 1'):
        list(open_features(tmp_path / "ragged.parquet").chunks("a"))
    with pytest.raises(InvalidDataError, match='"a" has 0 features in row 2, and 2 in row 1'):
        list(open_features(tmp_path / "missing.parquet").chunks("a"))


def lists(*rows):
    return pa.table({"a": list(rows)})


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (lists([[1.0], [2.0]]), r'the column "a" holds list<.*list<.*double>>, expected numbers'),
        (lists({"x": 1.0}), r'the column "a" holds struct<x: double>, expected numbers'),
        (lists([], [1.0]), '"a" has no features in row 1, expected a list of numbers in each row'),
        (lists(None, [1.0]), '"a" has no features in row 1'),
        (
            lists([1.0]).append_column("a.x", [[1.0]]),
            'source "a" has a column of lists and .* "a.x',
        ),
        (
            pa.Table.from_arrays([pa.array([1.0])] * 2, names=["a", "a"]),
            'two columns are called "a"; rename one of them, or write .* as SOURCE.1, SOURCE.2',
        ),
        (lists(1.0).slice(1), "there are no rows; expected one row an example"),
        (
            lists(1.0).append_column("example", [[["e"]]]),
            "example holds list in row 1, expected a text or a number; name each row",
        ),
    ],
)
def test_a_parquet_file_of_another_layout_is_told(table, message, tmp_path):
    papq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(InvalidDataError, match=message):
        open_features(tmp_path / "f.parquet")


def test_an_archive_with_other_files_is_told(tmp_path):
    content = io.BytesIO()
    np.save(content, np.ones((3, 2)))
    for names, message in (
        (
            ["a.npy", "README.txt"],
            r'"README\.txt" is no array; write .* numpy\.savez\(FILE, SOURCE=',
        ),
        (["a.npy", "a.npy"], r'"a\.npy" is in it twice; write the file again'),
    ):
        with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the repeated name
            for name in names:
                archive.writestr(name, content.getvalue())
        with pytest.raises(InvalidDataError, match=message):
            open_features(tmp_path / "f.npz")


def test_names_of_examples_may_be_bytes_and_numbers():
    for names in (np.array(["7", "8"]), np.array([b"7", b"8"]), np.array([7, 8]), [7.0, 8.0]):
        assert open_features({"a": np.ones(2), "example": names}).examples == ["7", "8"]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"x": 1}, "row 1: y holds a dict, expected a number, a text or a list of tags; write it"),
        ([[1]], "row 1: y holds a list in a list, expected a number"),
        (pd.Timestamp("2020-01-01"), "row 1: y holds a Timestamp, expected a number"),
        (b"a", "row 1: y holds a bytes, expected a number"),
        ("1,234", '12 .*, such as "1,234" in row 1, which .*; write numbers as 1234.5; else leave'),
        ("first", "; if they name the examples, say --column example=y; else leave it out"),
    ],
)
def test_labels_of_another_type_are_told_with_their_row(value, message):
    column = pd.Series([value, *(f"{number}%" for number in range(11))], dtype=object)
    with pytest.raises(InvalidDataError, match=message):
        label_column("y", column)


def test_words_for_no_label_are_those_of_pictures():
    numbers = label_column("y", pd.Series(["1.5", "NA", "nan", "2"]))
    assert numbers.kind == "regression"
    assert numbers.labeled.tolist() == [True, False, False, True]
    words = label_column("y", pd.Series(["x", "null", " - ", "NaN", "none", ""]))
    assert words.classes == ("none", "x")
    assert words.labeled.tolist() == [True, False, False, False, True, False]


def test_tables_of_other_programs_are_read(made, tmp_path):
    """Semicolons with decimal commas, a byte order mark, CRLF, and the index that pandas stores."""
    labels = made[1][["example", "size"]]
    labels.to_csv(
        tmp_path / "excel.csv", sep=";", decimal=",", index=False, encoding="utf-8-sig",
        lineterminator="\r\n",
    )  # fmt: skip
    labels.set_index(pd.Index([0] * len(labels))).to_parquet(tmp_path / "index.parquet")
    for name in ("excel.csv", "index.parquet"):
        table = read_label_table(tmp_path / name)
        (size,) = table.targets
        np.testing.assert_allclose(size.values[:, 0], labels["size"])
        assert table.examples == tuple(labels["example"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            ",example,size\n0,a,1.5\n",
            "column 1 has no name, .* index that pandas wrote, .*index=Fa",
        ),
        ('"a\nb",size\nx,1.5\n', "the first line ends within double quotes, expected the names"),
        (None, "there is no such file; give a table of labels: CSV, Parquet"),
    ],
)
def test_a_wrong_table_of_labels_is_told(content, message, tmp_path):
    if content is not None:
        (tmp_path / "l.csv").write_text(content)
    with pytest.raises((InvalidDataError, InvalidTableError), match=message) as error:
        read_label_table(tmp_path / "l.csv")
    assert str(error.value).startswith(str(tmp_path / "l.csv"))


def test_damaged_bytes_are_told_wherever_they_are(made, tmp_path):
    """The archive's list, a header, or compressed features are damaged; no traceback is printed."""
    np.savez_compressed(tmp_path / "f.npz", **made[0])
    whole = (tmp_path / "f.npz").read_bytes()
    random, messages = np.random.default_rng(0), []
    for _ in range(40):
        damaged = bytearray(whole)
        place = int(random.integers(len(whole) - 20))
        damaged[place : place + 20] = random.bytes(20)
        (tmp_path / "f.npz").write_bytes(damaged)
        try:
            reader = open_features(tmp_path / "f.npz")
            for name in reader.widths:
                list(reader.chunks(name))
        except InvalidDataError as error:
            messages.append(str(error))
    assert len(messages) > 20
    assert all("\n" not in message and "write it again" in message for message in messages)


def test_too_many_features_are_refused(made, tmp_path, monkeypatch):
    monkeypatch.setattr("encoders.features.moments.MOST_FEATURES", 10)
    with pytest.raises(
        InvalidDataError,
        match=r'have 36 features together, expected at most 10; reduce "scratch" .* TruncatedSVD',
    ):
        measure(*made, tmp_path)


def test_sources_that_are_no_sources():
    inputs = ["a", "bb"]
    for source, message in (
        (3, '"s" is a int, expected a scikit-learn transformer, a function'),
        (lambda texts: [1], r'"s" returned the shape \(1,\) for 2 inputs'),
        (lambda texts: texts, '"s" returned list, expected numbers'),
    ):
        with pytest.raises(InvalidDataError, match=message):
            source_features({"s": source}, inputs)


def test_transformers_are_fitted_on_training_inputs_only_and_once():
    from sklearn.feature_extraction.text import CountVectorizer

    texts = ["a a b", "b", "c c c"]
    kept = np.array([True, True, False])
    pattern = r"\w"
    fitted = CountVectorizer(token_pattern=pattern).fit(["c"])
    features = source_features(
        {
            "new": CountVectorizer(token_pattern=pattern),
            "fitted": fitted,
            "length": lambda many: [len(text) for text in many],
        },
        texts,
        fit_on=kept,
    )
    np.testing.assert_array_equal(features["new"], [[2, 1], [0, 1], [0, 0]])
    np.testing.assert_array_equal(features["fitted"], [[0], [0], [3]])
    np.testing.assert_array_equal(features["length"], [[5], [1], [5]])


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "Missing option '--labels'"),
        (["--labels", "none.csv"], "none.csv"),
        (["--labels", "l.csv", "--kind", "size"], "expected name=text"),
        (["--labels", "l.csv", "--targets", "sise"], "no column of labels"),
        (["--labels", "l.csv", "--data", "world"], "No such option"),
        (["--labels", "l.csv", "-o", "full"], "give --resume"),
    ],
)
def test_the_command_says_each_in_one_line(flags, message, made, tmp_path, monkeypatch, capsys):
    features, labels = made
    monkeypatch.chdir(tmp_path)
    np.savez("f.npz", **features)
    labels.to_csv("l.csv", index=False)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert run(["transfer", "--features", "f.npz", *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.startswith("Error: ")
    assert error.count("\n") == 1
