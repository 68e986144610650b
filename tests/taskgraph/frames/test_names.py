"""Names of tasks: one spelling each, a ``+`` that is part of a name, and columns of lists."""

import csv
import json
import logging

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as papq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.affinity import affinities_from_scores, affinities_from_wins_table
from taskgraph.cli import run
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from taskgraph.losses import Losses
from taskgraph.tasks import (
    join_sources,
    normalized,
    parse_sources,
    quoted,
    split_sources,
    task_name,
)
from tests.examples import examples
from tests.failing import fails

HEADER = "sources,target,affinity\n"


def transfers(*rows, **options):
    frame = pd.DataFrame(rows, columns=["sources", "target", "affinity"])
    return tg.Transfers(frame, **options)


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


# Letters, blanks, a mark above, and the three marks of the grammar of a set.
names = st.text(alphabet='ab+" ,é\u0301', min_size=1, max_size=6).map(normalized)
legal = names.filter(lambda name: name and not name.startswith('"'))


@examples(times=3)
@given(st.sets(legal, min_size=1, max_size=4))
def test_a_set_of_any_names_reads_back_as_it_was_written(members):
    text = join_sources(members)
    assert parse_sources(text) == split_sources(text) == tuple(sorted(members))
    assert parse_sources(list(members)) == tuple(sorted(members))
    for name in members:
        assert task_name(name) == task_name(quoted(name)) == name


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ('"moco+v2"', ("moco+v2",)),
        ('"moco+v2"+depth', ("depth", "moco+v2")),
        (' depth + "moco+v2" ', ("depth", "moco+v2")),
        ('"a"+"b"', ("a", "b")),
        ('"a ""b"" c"+d', ('a "b" c', "d")),
        ('5" disk+b', ('5" disk', "b")),
    ],
)
def test_quotes_keep_a_plus_in_a_name(text, members):
    assert parse_sources(text) == members


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ('"a+b', r'in "a\+b a double quote opens a name and none closes it'),
        ('"a"b+c', r'in "a"b\+c a double quote opens a name and none closes it'),
        (['"a"', "b"], 'the name "a" begins with a double quote'),
        ([], "the sources are an empty list, expected at least one name"),
        (["a", None], r"\['a', None\]\" hold an empty name"),
        (["a", "a "], r"\['a', 'a '\]\" repeat a name"),
        (["a", "self"], 'the reserved source "self" stands alone'),
        (["a", 2], r"the sources \['a', 2\] hold a int, expected names"),
    ],
)
def test_sets_that_cannot_be_read_say_so(sources, message):
    with pytest.raises(InvalidTableError, match=message):
        parse_sources(sources)


@pytest.mark.parametrize(
    "name",
    [
        "caf\u00e9",
        "cafe\u0301",
        "\u200bcaf\u00e9",
        "caf\ufeff\u00e9",
        "\u00a0café ",
        "ca\u00adfe\u0301",
        "café\u2060",
    ],
)
def test_equal_looking_names_are_one(name):
    table = transfers(("self", "café", 0.5), (name, "b", 0.3))
    assert table.tasks == ("b", "caf\u00e9")
    assert tg.solve(table, budget=1, require=[name]).supervised == ("caf\u00e9",)
    assert table.row_of("b", name)["affinity"] == 0.3


TWO_SPELLINGS = [
    ("Depth", "depth", "case"),
    ("1", "1.0", "how a number is written"),
    ("01", "1", "how a number is written"),
    ("1e0", "1", "how a number is written"),
    ("1.50", "1.5", "how a number is written"),
    ("STRASSE", "straße", "case"),
    ("room layout", "room\u00a0layout", "blanks, case or width of letters"),
    ("１", "1", "how a number is written"),
]


@pytest.mark.parametrize(("first", "second", "what"), TWO_SPELLINGS)
def test_two_spellings_are_refused_with_both_and_their_rows(first, second, what):
    rows = [("self", first, 0.5), ("self", "b", 0.5), (second, "b", 0.3)]
    one, other = sorted([(first, "row 1"), (second, "row 3")])
    message = rf'"{one[0]}" \({one[1]}\) and "{other[0]}" \({other[1]}\) differ only in {what}'
    with pytest.raises(InvalidTableError, match=message):
        transfers(*rows)
    assert transfers(*rows, exact_names=True).tasks == tuple(sorted({first, second, "b"}))


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Self", "self"),
        ("SELF", "self"),
        ("<self>", "self"),
        ("slef", "self"),
        ("ｓelf", "self"),
        ("Scratch", "scratch"),
        ("scracth", "scratch"),
        ("scrach", "scratch"),
    ],
)
def test_a_misspelled_reserved_name_is_asked_about(word, meant):
    with pytest.raises(
        InvalidTableError, match=f'row 2: "{word}" is no reserved name; did you mean "{meant}"'
    ):
        transfers(("self", "a", 0.5), (word, "a", 0.3))
    assert word in transfers(("self", "a", 0.5), (word, "a", 0.3), exact_names=True).sources


@pytest.mark.parametrize("word", ["shelf", "elf", "myself", "scratches", "scratch2", "self_att"])
def test_other_words_are_names(word):
    assert transfers(("self", "a", 0.5), (word, "a", 0.3)).sources == (word,)


def test_self_is_never_a_task():
    for word in ("self", " self", "sel\u200bf"):
        with pytest.raises(InvalidTableError, match='row 1: the target is "self", expected the na'):
            transfers(("a", word, 0.5), exact_names=True)


def test_a_list_that_was_written_as_text_is_refused():
    for text in ("['a', 'b']", '["a"]', "('a',)"):
        with pytest.raises(
            InvalidTableError, match=r"row 1: .* looks like a list that was written"
        ):
            transfers((text, "t", 0.5))
    assert transfers(("[CLS]", "t", 0.5)).sources == ("[CLS]",)


def test_every_kind_of_table_compares_names_across_its_columns(tmp_path, capsys):
    rows = "".join(f"t,{s},{i},{i}\n" for s in ("a", "A") for i in range(12))
    tables = {
        "losses": "target,sources,image,loss\n" + rows,
        "wins": "target,sources,versus,wins\nt,a,A,.5\nt,a,self,.4\nt,A,self,.3\n",
        "scores": "sources,target,score\na,t,.5\nA,t,.4\n",
        "matrix": "x,a,t\nA,.5,.4\nt,.3,.2\n",
    }
    for kind, text in tables.items():
        path, out = write(tmp_path / f"{kind}.csv", text), tmp_path / "out.csv"
        flags = ["--higher-is-better"] if kind in ("scores", "matrix") else []
        error = fails(capsys, "affinity", path, "-o", out, *flags)
        assert f"{kind}.csv: " in error
        assert "differ only in case" in error
        assert "--exact-names" in error
        assert run(["affinity", str(path), "-o", str(out), *flags, "--exact-names"]) == 0
        assert capsys.readouterr().out == ""
        assert {"a", "A"} & set(pd.read_csv(out)["sources"])


def test_the_case_of_numbers_and_that_of_self(shared, capsys):
    cases = shared / "cases"
    error = fails(capsys, "solve", cases / "n9.csv", "--budget", "1")
    assert '"1" (row 3) and "1.0" (row 1) differ only in how a number is written' in error
    error = fails(capsys, "solve", cases / "cs2.csv", "--budget", "1")
    assert 'row 1: "Self" is no reserved name; did you mean "self"?' in error
    assert run(["solve", str(cases / "cs2.csv"), "--budget", "1", "--exact-names"]) == 0


def test_numbers_of_one_value_are_one_task_whatever_their_column_holds():
    frame = pd.DataFrame(
        {"target": [1.0, 2.0, 2.0], "sources": ["self", "self", 1], "affinity": [0.5, 0.4, 0.3]}
    )
    assert tg.Transfers(frame).tasks == ("1", "2")
    assert tg.Transfers(frame.astype({"target": int})).tasks == ("1", "2")


def test_exact_names_hold_for_what_is_made_of_a_table():
    frame = pd.DataFrame(
        [("t", s, f"i{k}", k % 5 + (s == "A")) for s in ("a", "A", "self") for k in range(12)],
        columns=["target", "sources", "image", "loss"],
    )
    found = tg.affinities(Losses.from_frame(frame, exact_names=True), bootstrap=3)
    assert [each.sources for each in found.resampled()] == [("A", "a")] * 3
    wins = pd.DataFrame([("t", "a", "A", 0.5)], columns=["target", "sources", "versus", "wins"])
    assert affinities_from_wins_table(wins, exact_names=True).transfers.sources == ("A", "a")
    scores = pd.DataFrame({"sources": ["a", "A"], "target": "t", "score": [1, 2]})
    assert affinities_from_scores(scores, higher_is_better=True, exact_names=True).sources == (
        "A",
        "a",
    )


PLUS = """sources,target,affinity
self,depth,.3
"\""moco+v2""\",depth,.4
"\""moco+v2""+normals",depth,.1
self,normals,.2
"\""moco+v2""\",normals,.4
self,intent+slot,.3
depth,intent+slot,.5
"""


@pytest.fixture
def plus(tmp_path):
    return write(tmp_path / "plus.csv", PLUS)


def test_names_with_a_plus_go_through_every_output_and_back(plus, tmp_path, capsys):
    table = tg.read_transfers(plus)
    assert table.tasks == ("depth", "intent+slot", "moco+v2", "normals")
    assert table.order.tolist() == [1, 1, 2, 1, 1, 1, 1]
    for name in ("t.csv", "t.parquet"):
        tg.write_transfers(table, tmp_path / name)
        pd.testing.assert_frame_equal(tg.read_transfers(tmp_path / name).frame, table.frame)
    flags = ["--budget", "3", "--label-cost", 'intent+slot=9,"moco+v2"=1']
    assert run(["solve", str(plus), *flags, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["supervised"] == ["depth", "moco+v2"]
    found = {row["target"]: row["sources"] for row in content["transfers"]}
    assert found == {"depth": ["self"], "intent+slot": ["depth"], "normals": ["moco+v2"]}
    assert run(["solve", str(plus), *flags, "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row["target"]: list(parse_sources(row["sources"])) for row in rows} == found
    assert run(["solve", str(plus), *flags, "--dot"]) == 0
    assert '"moco+v2" -> "normals" [label=1];' in capsys.readouterr().out
    assert run(["solve", str(plus), *flags]) == 0
    assert '"moco+v2"' in capsys.readouterr().out


def test_the_matrix_of_a_picture_has_names_without_quotes(plus):
    from taskgraph.plot import first_order

    matrix = first_order(tg.read_transfers(plus))
    assert matrix.at["moco+v2", "depth"] == 0.4
    assert list(matrix.columns) == ["depth", "intent+slot", "normals"]


def test_flags_and_problem_files_name_one_task(plus, tmp_path, capsys):
    def supervised(*flags):
        assert run(["solve", str(plus), "--budget", "3", "--json", *flags]) == 0
        return json.loads(capsys.readouterr().out)["supervised"]

    assert "moco+v2" not in supervised("--exclude", "moco+v2")
    assert "moco+v2" not in supervised("--exclude", '"moco+v2", intent+slot')
    for text in (
        'source-only = "intent+slot"\n',
        'source_only = ["intent+slot"]\n',
        '[tasks."intent+slot"]\nrole = "source-only"\n',
    ):
        path = write(tmp_path / "p.toml", text)
        problem = tg.read_problem(path)
        assert problem.source_only == ("intent+slot",)
        assert supervised("--problem", str(path)) == ["moco+v2"]
    assert tg.Problem(source_only="intent+slot").source_only == ("intent+slot",)
    with pytest.raises(InvalidProblemError, match="exclude is 3, expected the name of a task or a"):
        tg.read_problem(write(tmp_path / "p.toml", "exclude = 3\n"))
    with pytest.raises(InvalidProblemError, match="label_cost names a task twice"):
        tg.Problem(label_cost={"a": 1, "a ": 2})
    with pytest.raises(InvalidProblemError, match="a task is named 3, expected text"):
        tg.Problem(exclude=[3])
    with pytest.raises(InvalidProblemError, match='the name "a begins with a double quote'):
        tg.Problem(exclude=['"a'])
    assert "begins with a double quote" in fails(capsys, "solve", plus, "--exclude", '"a')


UNQUOTED = HEADER + "self,depth,.5\nmoco+v2,depth,.4\nself,normals,.3\n"


def test_a_plus_that_may_be_part_of_a_name_is_noted(tmp_path, capsys):
    path = write(tmp_path / "t.csv", UNQUOTED)
    assert run(["solve", str(path), "--budget", "2"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert 'row 2: "moco+v2" is read as the set of the sources "moco" and "v2"' in line
    assert '"moco" is no other task of this table' in line
    assert 'in double quotes, "moco+v2" (in a CSV file """moco+v2"""), or in a list column' in line
    assert run(["solve", str(path), "--budget", "2", "--exact-names"]) == 0
    assert capsys.readouterr().err == ""


def test_a_plus_of_a_name_that_a_flag_or_file_knows_is_refused(tmp_path, capsys):
    path = write(tmp_path / "t.csv", UNQUOTED)
    problem = write(tmp_path / "p.toml", '[tasks."moco+v2"]\nrole = "source-only"\n')
    for flags in (["--exclude", "moco+v2"], ["--problem", str(problem)]):
        error = fails(capsys, "solve", path, *flags)
        assert '"moco+v2" is no task of the table, which holds it as the set of the sou' in error
    with pytest.raises(UnknownTaskError, match="holds it as the set of the sources moco and v2"):
        tg.solve(tg.read_transfers(path), label_cost={"moco+v2": 2})


def test_a_plus_of_a_name_that_is_a_task_of_the_table_is_refused(tmp_path, capsys):
    path = write(tmp_path / "t.csv", UNQUOTED + "self,moco+v2,.5\n")
    error = fails(capsys, "solve", path, "--budget", "2")
    assert 'row 2: "moco+v2" is the set of the sources "moco" and "v2", and "moco+v2" is' in error
    mended = path.read_text().replace("moco+v2,depth", '"""moco+v2""",depth')
    assert tg.read_transfers(write(path, mended)).tasks == ("depth", "moco+v2", "normals")


def test_a_set_whose_parts_are_tasks_stays_a_set_and_says_so(caplog):
    rows = [("a+b", "t", 0.5), ("self", "a+b", 0.5), ("self", "a", 0.5), ("self", "b", 0.5)]
    with caplog.at_level(logging.WARNING, logger="taskgraph"):
        table = transfers(*rows)
    assert table.row_of("t", ["a", "b"])["affinity"] == 0.5
    assert 'row 1: "a+b" is read as the set of the sources "a" and "b", not as the' in caplog.text


def test_sources_that_are_measured_in_several_sets_are_no_fault(caplog):
    """A table of higher orders need have no single sources and no source that is a target."""
    with caplog.at_level(logging.WARNING, logger="taskgraph"):
        transfers(("a+b", "t", 0.5), ("b+c", "t", 0.4), ("a+c", "t", 0.3))
        tg.default_transfers()
    assert not caplog.records


def test_published_tables_are_read_without_a_notice(shared, caplog):
    with caplog.at_level(logging.WARNING, logger="taskgraph"):
        for path in sorted((shared / "taskonomy").glob("transfers*.csv")):
            tg.read_transfers(path)
    assert not caplog.records


LISTS = {
    "list": pa.list_(pa.string()),
    "large list": pa.large_list(pa.string()),
    "list of large text": pa.list_(pa.large_string()),
    "list of dictionary": pa.list_(pa.dictionary(pa.int32(), pa.string())),
}


@pytest.mark.parametrize("kind", LISTS)
def test_a_list_of_names_in_parquet_is_a_set(kind, tmp_path):
    members = [["self"], ["c+d", "b"], ["b"]]
    column = pa.array(members, pa.list_(pa.string())).cast(LISTS[kind])
    table = {
        "target": pa.array(["a"] * 3),
        "sources": column,
        "affinity": pa.array([0.3, 0.2, 0.1]),
    }
    papq.write_table(pa.table(table), tmp_path / "t.parquet")
    found = tg.read_transfers(tmp_path / "t.parquet")
    assert found.frame["sources"].tolist() == ["self", 'b+"c+d"', "b"]


def test_the_case_of_lists(shared, capsys):
    assert run(["solve", str(shared / "cases" / "min2.parquet"), "--budget", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["supervised"] == ["a"]


@pytest.mark.parametrize("make", [list, tuple, set, frozenset, np.array])
def test_lists_in_a_data_frame_are_sets_in_every_kind_of_table(make):
    column = pd.Series([make(["b", "a"]), make(["self"])], dtype=object)
    base = {"target": ["t", "t"], "sources": column}
    assert tg.Transfers(pd.DataFrame({**base, "affinity": [0.1, 0.2]})).sources == ("a", "b")
    frame = pd.DataFrame({**base, "image": ["i", "i"], "loss": [0.1, 0.2]})
    assert Losses.from_frame(frame).by_target["t"].sources == ("a+b", "self")
    frame = pd.DataFrame({**base, "versus": column[::-1].tolist(), "wins": [0.4, 0.6]})
    assert affinities_from_wins_table(frame).transfers.sources == ("a", "b")
    frame = pd.DataFrame({**base, "score": [0.1, 0.2]})
    assert affinities_from_scores(frame, higher_is_better=True).sources == ("a", "b")


NESTED = {
    "a struct": {"x": "a"},
    "bytes": b"a",
    "a list of numbers": [1, 2],
    "a list of list": [["a"]],
    r"a list of pairs \(a map\)": [("a", 1)],
}


@pytest.mark.parametrize("kind", NESTED)
@pytest.mark.parametrize("header", ["sources", "target", "image", "cluster", "versus"])
def test_other_nested_columns_are_refused_in_one_line(kind, header):
    frame = pd.DataFrame(
        {
            "target": "t",
            "sources": "a",
            "versus": "b",
            "image": ["1", "2"],
            "cluster": "c",
            "loss": 0.5,
            "wins": 0.5,
        }
    )
    frame[header] = pd.Series(["x", NESTED[kind]], dtype=object)
    read = affinities_from_wins_table if header == "versus" else Losses.from_frame
    with pytest.raises(InvalidTableError, match=f"row 2: {header} holds {kind}, expected a name"):
        read(frame)


def test_a_list_is_no_target_and_no_number():
    frame = pd.DataFrame({"target": [["t"]], "sources": "a", "affinity": 0.5})
    with pytest.raises(InvalidTableError, match="row 1: target holds a list of names, expected a"):
        tg.Transfers(frame)
    frame = pd.DataFrame({"target": "t", "sources": ["a"], "affinity": [[0.5]]})
    with pytest.raises(InvalidTableError, match=r'affinity is "\[0.5\]", expected a finite number'):
        tg.Transfers(frame)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ([], "row 2: the sources are an empty list"),
        (["a", None], "row 2: .* hold an empty name"),
        (["a", "a"], "row 2: .* repeat a name"),
        (None, r'row 2: sources is empty, expected a name, names joined by "\+", or a list of nam'),
    ],
)
def test_lists_that_are_no_sets_name_their_row(field, message):
    sources = pd.Series([["b"], field], dtype=object)
    frame = pd.DataFrame({"target": "t", "sources": sources, "affinity": 0.5})
    with pytest.raises(InvalidTableError, match=message):
        tg.Transfers(frame)


def test_losses_of_a_frame_are_those_of_from_frame():
    frame = pd.DataFrame(
        {"target": "t", "sources": ["a", "self"], "image": "i", "loss": [1, 2], "cluster": "c"}
    )
    found, expected = tg.Losses(frame), tg.Losses.from_frame(frame)
    assert found.to_frame().equals(expected.to_frame())
    assert found.clusters == {"i": "c"}
    with pytest.raises(InvalidTableError, match='a table of losses needs the column "image"'):
        tg.Losses(frame.drop(columns="image"))


@pytest.mark.parametrize("value", ["losses.csv", None, [1], 3])
def test_what_is_no_table_says_how_to_read_one(value):
    kind = type(value).__name__
    with pytest.raises(
        InvalidTableError,
        match=rf"losses is a {kind}, expected a pandas .*`tg.read_losses\(path\)`",
    ):
        tg.Losses(value)
    with pytest.raises(InvalidTableError, match=r"transfers is a .*`tg.read_transfers\(path\)`"):
        tg.Transfers(value)
    with pytest.raises(InvalidTableError, match=r"score is a .*`tg.read_scores\(path\)`"):
        affinities_from_scores(value, higher_is_better=True)
