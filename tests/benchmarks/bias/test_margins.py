"""Self, Mean others and Percent drop: the published tables, laws, and a user's own matrix."""

import gzip

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from benchmarks.bias.margins import cross_dataset_measure, margins, percent_drop
from benchmarks.bias.matrix_file import read_matrix
from benchmarks.bias.published import PUBLISHED, SETS
from benchmarks.bias.tables import margin_table
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError

squares = st.integers(2, 6).flatmap(lambda k: arrays(float, (k, k), elements=st.floats(0.5, 100)))


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_published_margins_follow_from_the_printed_cells(name):
    """Means within .06 and drops within 1 point, since the cells are rounded to one decimal."""
    table = PUBLISHED[name]
    found = margins(table.matrix)
    assert found.own.tolist() == table.own.tolist()
    assert np.abs(found.others - table.others).max() <= 0.06 + 1e-9
    assert np.abs(found.column_others - table.column_others).max() <= 0.06 + 1e-9
    assert np.abs(found.drop - table.drop).max() <= 1
    assert found.mean_own == pytest.approx(table.mean_own, abs=0.06)
    assert found.mean_others == pytest.approx(table.mean_others, abs=0.06)


def test_the_last_drop_is_that_of_the_means_and_the_detection_table_prints_another():
    classification, detection = (PUBLISHED[name] for name in ("classification", "detection"))
    found = margins(classification.matrix).drop_of_means
    assert found == pytest.approx(classification.drop_of_means, abs=1)
    assert margins(classification.matrix).drop.mean() < 41, "the mean of the drops is another one"
    assert round(margins(detection.matrix).drop_of_means) == 38
    assert detection.drop_of_means == 48


def test_a_matrix_that_can_be_checked_on_paper():
    found = margins([[80, 40, 20], [30, 60, 60], [10, 20, 40]])
    assert found.own.tolist() == [80, 60, 40]
    assert found.others.tolist() == [30, 45, 15]
    assert found.drop.tolist() == [62.5, 25, 62.5]
    assert found.column_others.tolist() == [20, 30, 40]
    assert (found.mean_own, found.mean_others, found.drop_of_means) == (60, 30, 50)


@given(squares, st.randoms())
def test_another_order_of_the_sets_gives_the_same_margins(matrix, random):
    order = list(range(len(matrix)))
    random.shuffle(order)
    first, second = margins(matrix), margins(matrix[np.ix_(order, order)])
    for name in ("own", "others", "drop", "column_others"):
        assert np.allclose(getattr(first, name)[order], getattr(second, name))
    assert first.drop_of_means == pytest.approx(second.drop_of_means)


@given(squares, st.floats(0.1, 10))
def test_the_drop_does_not_depend_on_the_unit(matrix, factor):
    assert np.allclose(margins(matrix).drop, margins(factor * matrix).drop)


def test_a_drop_is_undefined_where_self_is_zero_and_negative_where_others_are_better():
    assert np.isnan(percent_drop(0, 5))
    assert percent_drop(50, 60) == -20
    assert percent_drop(50, 0) == 100


def test_the_cross_dataset_measure_is_a_half_without_bias():
    assert cross_dataset_measure(70, 70) == 0.5
    assert cross_dataset_measure(100, 0) == pytest.approx(np.e / (1 + np.e))
    assert cross_dataset_measure(10, 30) < 0.5


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        ([[1, 2]], r"shape \(1, 2\), expected as many rows"),
        ([[1]], "one data set, expected at least two"),
        ([[1, 2], [-3, 4]], "row 2, column 1 of the matrix is -3, expected a score"),
        ([[1, np.nan], [3, 4]], "row 1, column 2 of the matrix is nan"),
    ],
)
def test_what_is_no_matrix_is_refused(matrix, words):
    with pytest.raises(InvalidTableError, match=words):
        margins(matrix)


def write(path, text):
    path.write_text(text)
    return path


def test_rows_of_a_file_may_stand_in_any_order(tmp_path):
    path = write(tmp_path / "m.csv", ", a, b\nb, 1, 2\na, 3, 4\n")
    names, matrix = read_matrix(path)
    assert names == ("a", "b")
    assert matrix.tolist() == [[3, 4], [1, 2]]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no CSV file of a matrix"),
        (",a,b\na,1,2\nc,3,4\n", '"b" is not the name of both a row'),
        (",a,b\na,1,2\n", '"b" is not the name of both a row'),
        (",a,b\na,1,2\na,3,4\nb,1,1\n", 'two rows are named "a"'),
        (",a,b\na,1,x\nb,3,4\n", 'the score of row "a", column "b" is \'x\', expected a number'),
        (",a,b\na,1,\nb,3,4\n", 'the score of row "a", column "b" is \'\''),
        (",a,b\na,1,-2\nb,3,4\n", "row 1, column 2 of the matrix is -2"),
        (",a\na,1\n", "the matrix has one data set"),
        ("a\n", "it has no column; expected a row"),
    ],
)
def test_a_damaged_file_gives_one_line_and_exit_code_2(text, words, tmp_path, capsys):
    path = write(tmp_path / "m.csv", text)
    assert run(["bench", "bias", "--matrix", str(path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert words in captured.err
    assert len(captured.err.strip().splitlines()) == 1


@pytest.mark.parametrize("end", ["csv.gz", "csv.zip", "csv.xz", "csv.tar", "csv.zst", "csv.bz2"])
def test_a_compressed_file_is_no_matrix_whatever_it_holds(end, tmp_path, capsys):
    path = tmp_path / f"m.{end}"
    for content in (b"hi\n", gzip.compress(b",a,b\na,1,2\nb,3,4\n")[:20]):
        path.write_bytes(content)
        assert run(["bench", "bias", "--matrix", str(path)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert str(path) in error


def test_the_command_prints_the_margins_of_a_file_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = zip(SETS, PUBLISHED["detection"].matrix, strict=True)
    lines = ["," + ",".join(SETS), *(f"{name},{','.join(map(str, row))}" for name, row in rows)]
    path = write(tmp_path / "m.csv", "\n".join(lines))
    assert run(["bench", "bias", "--matrix", str(path)]) == 0
    printed = capsys.readouterr().out
    assert printed.strip() == margin_table(SETS, PUBLISHED["detection"].matrix)
    assert "| SUN09 | 69.8 | 50.7 | 42.2 | 42.6 | 54.7 | 69.4 | 69.8 | 51.9 | 26 % |" in printed
    assert printed.splitlines()[-1].endswith("| 72.4 | 44.9 | 38 % |")
    assert [each.name for each in tmp_path.iterdir()] == ["m.csv"]
