"""Wide matrices: the same names and affinities from CSV, from Parquet and from an index."""

import pandas as pd
import pytest

from taskgraph import tables
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from tests.failing import fails

TASKS = ["depth", "edges", "normals"]


def matrix():
    values = [[0.9, 0.27, 0.041], [0.813, 0.8, 0.607], [0.544, 0.935, 0.7]]
    return pd.DataFrame(values, index=TASKS, columns=TASKS)


def affinity(path, out, *flags):
    assert run(["affinity", str(path), "-o", str(out), "--higher-is-better", *flags]) == 0
    return pd.read_csv(out)


def test_the_cases(shared, tmp_path, capsys):
    cases, out = shared / "cases", tmp_path / "out.csv"
    expected = affinity(cases / "good.csv", out)
    raw = pd.read_csv(cases / "good.csv", index_col=0)
    for row in expected.itertuples():  # the ranks by hand
        source = row.target if row.sources == "self" else row.sources
        rank = int((raw[row.target] <= raw.at[source, row.target]).sum())
        assert row.affinity == pytest.approx(rank / 10)
    for name in ("good.parquet", "g_named.parquet"):
        pd.testing.assert_frame_equal(affinity(cases / name, out), expected)
    found = affinity(cases / "min1.parquet", out)
    assert sorted(set(found["sources"]) | set(found["target"])) == ["a", "b", "self"]
    capsys.readouterr()
    error = fails(capsys, "affinity", cases / "li.parquet", "-o", out)
    assert "--column sources=__index_level_0__" in error
    flags = ["--column", "sources=__index_level_0__"]
    assert run(["affinity", str(cases / "li.parquet"), "-o", str(out), *flags]) == 0


@pytest.mark.parametrize(
    "written",
    [
        lambda f, p: f.to_csv(p),
        lambda f, p: f.rename_axis("source").to_csv(p),
        lambda f, p: f.reset_index().to_csv(p),
        lambda f, p: f.reset_index().to_csv(p, index=False),
        lambda f, p: f.rename(columns=" {} ".format, index="\u200b{} ".format).to_csv(p),
        lambda f, p: f.to_parquet(p),
        lambda f, p: f.rename_axis("source").to_parquet(p),
        lambda f, p: f.reset_index().to_parquet(p),
        lambda f, p: f.reset_index().to_parquet(p, index=False),
        lambda f, p: f.reset_index().set_index(pd.Index([5, 7, 6])).to_parquet(p),
        lambda f, p: f.rename(columns=" {}".format).astype(object).to_parquet(p),
    ],
)
def test_names_are_found_however_pandas_wrote_them(written, tmp_path):
    written(matrix(), tmp_path / "m")
    found = tables.read_scores(tmp_path / "m")
    pd.testing.assert_frame_equal(found, tables.melted(matrix()), check_dtype=False)
    assert found["target"].unique().tolist() == TASKS
    assert found.loc[0].tolist() == ["self", "depth", 0.9]


def test_whole_numbers_on_both_sides_are_names(tmp_path):
    frame = matrix().set_axis([1, 2, 3]).set_axis(["1", "2", "3"], axis=1)
    frame.to_parquet(tmp_path / "m.parquet")
    found = tables.read_scores(tmp_path / "m.parquet")
    assert sorted(set(found["sources"])) == ["1", "2", "3", "self"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a,b\n.9,.1\n.2,.8\n",
            r'the sources, in the first column, are all numbers, such as "\.2"',
        ),
        ("depth,.9,.27\nedges,.8,.3\n", r'targets, in the header, are all numbers, such as "\.9"'),
        ("depth,.9,.9\nedges,.8,.3\n", r'the number "\.9" is twice in the first line'),
        ("a,b\n90,10\n20,80\n", 'such as "20", and those of the targets are not: a column or an'),
        ("depth,9,27\nedges,8,3\n", 'such as "9", and those of the sources are not: a header of'),
        ("0,1\n90,10\n20,80\n", r'no number is on both sides \("20", "1"\)'),
        ("x,a,b\na,1,2\na,3,4\n", 'rows 1 and 2 are both the source "a"; keep one'),
        ("x,a,b\na,,\nb,,\n", "all cells of the matrix are empty; expected scores"),
        ("x,a,b\n", "the table has no rows; expected one row a source"),
        ("x,a,\na,1,2\n", "column 3: the header is empty, expected a name"),
        ("x,a,b\n,1,2\n", 'row 1: the sources "" hold an empty name'),
        ("x,a,self\na,1,2\n", 'column 3: the target is "self", expected the name of one task'),
        ("x,a,higher_is_better\na,1,1\n", "column 3: a wide matrix has no column"),
        ("x,a, a\na,1,2\n", 'two columns are called "a"; rename one of them'),
        ("x,a,b\na,inf,2\n", 'row 1: column "a" holds "inf", expected a number'),
        ("x,a,b\nA,1,2\n", r'"A" \(row 1\) and "a" \(column 2\) differ only in case'),
        ("x,a+b,b\na+b,1,2\nb,3,4\n", r'row 1: "a\+b" is the set of the sources "a" and "b", and'),
    ],
)
def test_matrices_that_cannot_be_meant_are_refused(text, message, tmp_path):
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(InvalidTableError, match=rf"m\.csv: .*{message}"):
        tables.read_scores(path)


def test_numbers_for_names_are_taken_where_they_are_asked_for(tmp_path, capsys):
    path = tmp_path / "m.csv"
    path.write_text("model,2019,2020\nresnet,90,80\nvit,91,70\n")
    assert "--exact-names" in fails(capsys, "affinity", path, "-o", tmp_path / "out.csv")
    found = affinity(path, tmp_path / "out.csv", "--exact-names")
    assert found["target"].unique().tolist() == [2019, 2020]


def test_a_matrix_of_values_without_an_index_is_refused_in_parquet(tmp_path):
    matrix().reset_index(drop=True).to_parquet(tmp_path / "m.parquet")
    with pytest.raises(InvalidTableError, match="the sources, in the first column, are all num"):
        tables.read_scores(tmp_path / "m.parquet")


def test_several_levels_of_names_are_refused(tmp_path):
    levels = pd.MultiIndex.from_tuples([("x", "a"), ("x", "b"), ("y", "a")])
    for side, axis in (("rows", 0), ("columns", 1)):
        frame = matrix().set_axis(levels, axis=axis)
        frame.to_parquet(tmp_path / "m.parquet")
        for read in (
            lambda: tables.read_scores(tmp_path / "m.parquet"),
            lambda frame=frame: tables.melted(frame),
        ):
            with pytest.raises(InvalidTableError, match=f"names of the {side} have 2 levels, exp"):
                read()


def test_models_by_data_sets_are_read_and_noted(tmp_path, capsys):
    path = tmp_path / "m.csv"
    path.write_text("model,cifar,mnist\nresnet,90,80\nvit,91,70\n")
    found = affinity(path, tmp_path / "out.csv")
    assert set(found["sources"]) == {"resnet", "vit"}
    err = capsys.readouterr().err
    assert 'no source is also a target (sources such as "resnet", targets such as "cifar")' in err


def test_a_quoted_name_with_a_plus_has_its_own_network(tmp_path):
    path = tmp_path / "m.csv"
    path.write_text('x,a+b,b\n"""a+b""",.9,.1\nb,.2,.3\n')
    rows = tables.read_scores(path).to_numpy().tolist()
    assert rows == [
        ["self", "a+b", 0.9],
        ["b", "a+b", 0.2],
        ['"a+b"', "b", 0.1],
        ["self", "b", 0.3],
    ]


def test_headers_of_long_tables_are_stripped_too(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(" sources , target,affinity\u200b\nself,a,.5\n")
    assert tables.read_transfers(path).targets == ("a",)
    path.write_text("from , to,acc \na,t,1\n")
    found = tables.read_scores(path, columns={"sources": " from", "target": "to", "score": "acc"})
    assert found["sources"].tolist() == ["a"]


def test_a_missing_column_of_transfers_has_advice_that_works(tmp_path, capsys):
    frame = pd.DataFrame({"target": ["t"], "affinity": [0.5]}, index=["a"])
    path = tmp_path / "t.parquet"
    frame.to_parquet(path)
    error = fails(capsys, "solve", path)
    assert 'Rename the column that holds it (its index, with `frame.reset_index(names="sou' in error
    frame.reset_index(names="sources").to_parquet(path)
    assert tables.read_transfers(path).sources == ("a",)
    frame.to_parquet(path)
    found = tables.read_transfers(path, columns={"sources": "__index_level_0__"})
    assert found.sources == ("a",)
    assert "__index_level_0__" not in found.frame.columns
