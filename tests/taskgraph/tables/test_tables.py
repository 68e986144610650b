"""Files: what is written is read again, published pickles match, and bad files say so."""

import gzip
import io
import pickle
import struct

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskgraph import tables
from taskgraph.errors import InvalidProblemError, InvalidTableError, TaskgraphError
from taskgraph.losses import Losses
from taskgraph.problem import Problem
from taskgraph.tables import read_losses, read_problem, write_losses, write_problem
from taskgraph.taxonomy import Taxonomy, Transfer
from taskgraph.transfers import Transfers
from tests.examples import examples

HEADER = "sources,target,affinity\n"


def write(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def some_transfers():
    rows = [
        {"sources": "self", "target": "a", "affinity": 0.7, "gain": 0.9, "note": "x"},
        {"sources": "b+c", "target": "a", "affinity": 0.1 + 0.2, "gain": None, "note": 'y, "z"'},
        {"sources": "scratch", "target": "a", "affinity": None, "gain": 0.5, "note": "é"},
    ]
    return Transfers(pd.DataFrame(rows))


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet", "T.CSV"])
def test_transfers_survive_being_written(tmp_path, name):
    transfers = some_transfers()
    tables.write_transfers(transfers, tmp_path / name)
    again = tables.read_transfers(tmp_path / name)
    pd.testing.assert_frame_equal(
        again.frame, transfers.frame, check_exact=True, check_dtype=False, check_categorical=False
    )
    assert [path.name for path in tmp_path.iterdir()] == [name]


@examples(times=0.6)
@given(st.lists(st.floats(0, 1e300), min_size=1, max_size=20))
def test_numbers_survive_csv_exactly(tmp_path_factory, values):
    frame = pd.DataFrame({"sources": "a", "target": [f"t{k}" for k in range(len(values))]})
    path = tmp_path_factory.mktemp("t") / "t.csv"
    tables.write_transfers(Transfers(frame.assign(affinity=values)), path)
    assert tables.read_transfers(path).frame["affinity"].tolist() == values


def test_equal_tables_are_equal_files(tmp_path):
    for name in ("a.csv.gz", "b.csv.gz"):
        tables.write_transfers(some_transfers(), tmp_path / name)
    first, second = tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"
    assert gzip.decompress(first.read_bytes()) == gzip.decompress(second.read_bytes())
    assert first.read_bytes()[4:8] == b"\0\0\0\0"  # the time stamp of the archive


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = write(tmp_path / "t.csv", "old")
    monkeypatch.setattr(pd.DataFrame, "to_csv", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tables.write_transfers(some_transfers(), path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_names_stay_text(tmp_path):
    path = write(tmp_path / "t.csv", HEADER + "007,NA,0.5\nnull,1e3,0.5\ntrue,2020-01-01,0.5\n")
    frame = tables.read_transfers(path).frame
    assert frame["sources"].tolist() == ["007", "null", "true"]
    assert frame["target"].tolist() == ["NA", "1e3", "2020-01-01"]


def test_byte_order_marks_windows_lines_and_wrong_suffixes_are_no_obstacle(tmp_path):
    content = "\ufeff" + HEADER.replace("\n", "\r\n") + "a,b,0.5\r\n"
    path = write(tmp_path / "t.txt", content)
    assert tables.read_transfers(path).frame["target"].tolist() == ["b"]
    packed = write(tmp_path / "t.csv", gzip.compress(content.encode()))
    assert tables.read_transfers(packed).frame["target"].tolist() == ["b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty, expected a table"),
        (b"\n\n", "the first line is blank, expected the names of the columns"),
        (b"a,b\x00c,d\n", "this is not a table: expected CSV text in UTF-8, or Parquet"),
        (HEADER.encode("utf-16"), "this is text in UTF-16; save it as CSV in UTF-8"),
        ("sources,t\xe4rget,affinity\n".encode("latin1"), "byte 9 is not UTF-8 text: expected CSV"),
        ((HEADER + "a,\xe4,1\n").encode("latin1"), "byte 26 is not UTF-8 text"),
        (b"x" * (1 << 21), "this is not a table: expected CSV text in UTF-8, or Parquet"),
        (b"PAR1 and no more", "this Parquet file is broken or cut off"),
        (
            gzip.compress((HEADER + "a,b,1\n" * 999).encode(), mtime=0)[:30],
            "gzipped CSV file is broken or c",
        ),
        (b"\x1f\x8bjunk", "this gzipped CSV file is broken or cut off"),
        (HEADER + "a,b\n", r"this CSV file is broken or cut off \(CSV parse error: Expected 3"),
        (HEADER + "a,b,1,2\n", "Expected 3 columns, got 4"),
        ("sources,target,affinity,target\n", 'two columns are called "target"; rename one'),
        (
            "sources|target|affinity\na|b|1\n",
            r'header is "sources\|target\|affinity", expected colu',
        ),
        ("source,target,affinity\na,b,1\n", 'needs the column "sources"; it has "source", "target'),
        ("target,sources,image,loss\n", 'column "affinity".*this looks like a table of losses'),
        (HEADER, "the table of transfers has no rows; expected one row a transfer"),
        (HEADER + "a,b,much\n", 'row 1: affinity is "much", expected a finite number'),
        (HEADER + "a,b,nan\n", 'row 1: affinity is "nan", expected a finite number'),
        (HEADER + "a,b,1\na,c,\n", "row 2: affinity is empty"),
        (HEADER + "a,b,1\na,b,1\n", "rows 1 and 2 are the same transfer"),
    ],
)
def test_bad_files_say_so_in_one_line_with_their_name(tmp_path, content, message):
    path = write(tmp_path / "table.csv", content)
    with pytest.raises(InvalidTableError, match=message) as caught:
        tables.read_transfers(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(path))


def test_cut_off_parquet_is_refused(tmp_path):
    path = tmp_path / "t.parquet"
    tables.write_transfers(some_transfers(), path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InvalidTableError, match=r"t\.parquet: this Parquet file is broken or cut"):
        tables.read_transfers(path)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(InvalidTableError, match=r"none\.csv: no such file"):
        tables.read_transfers(tmp_path / "none.csv")
    with pytest.raises(InvalidTableError, match="this is a folder, expected a file"):
        tables.read_transfers(tmp_path)
    with pytest.raises(InvalidTableError, match=r'the folder ".*none" does not exist; make it'):
        tables.write_transfers(some_transfers(), tmp_path / "none" / "t.csv")
    with pytest.raises(InvalidTableError, match=r"t\.xlsx: cannot tell the format, expected a nam"):
        tables.write_transfers(some_transfers(), tmp_path / "t.xlsx")
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(InvalidTableError, match="this is a folder, expected the name of a file"):
        tables.write_transfers(some_transfers(), tmp_path / "d.csv")


def test_a_large_file_that_is_no_table_is_not_loaded(tmp_path, monkeypatch):
    path = tmp_path / "weights.csv"
    with path.open("wb") as file:
        file.write(b"\x80binary\x00")
        file.truncate(200 << 20)  # sparse: nothing of it is on the disk
    monkeypatch.setattr("taskgraph.tables.rows.read_frame", lambda *_, **__: 1 / 0)
    with pytest.raises(InvalidTableError, match="this is not a table"):
        tables.read_transfers(path)
    text = write(tmp_path / "novel.csv", "It was a dark and stormy night.\n" * 9)
    with pytest.raises(InvalidTableError, match='needs the column "sources"; it has "It was a d'):
        tables.read_transfers(text)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("target,sources,image,loss", "losses"),
        ("sources,target,affinity,loss", "transfers"),
        ("target,sources,versus,wins", "wins"),
        ("sources,target,score", "scores"),
        ("source,a,b,c", "matrix"),
    ],
)
def test_the_header_tells_the_kind(tmp_path, header, kind):
    assert tables.table_kind(write(tmp_path / "t.csv", header + "\n")) == kind


def test_the_mapping_counts_for_the_kind(tmp_path):
    path = write(tmp_path / "t.csv", "key0,key1,value\n")
    assert tables.table_kind(path, columns={"score": "value"}) == "scores"
    with pytest.raises(
        InvalidTableError, match='no column "val" to read as "score"; the table has'
    ):
        tables.table_kind(path, columns={"score": "val"})


def test_a_users_own_headers(tmp_path):
    content = "to,from,run,seed,acc\nt,a,x,1,0.5\nt,a,x,2,0.25\nt,b,x,1,0.75\n"
    path = write(tmp_path / "t.csv", content)
    columns = {"target": "to", "sources": "from", "image": "run+seed", "cluster": "seed"}
    losses = tables.read_losses(path, columns={**columns, "loss": "acc"}, higher_is_better=True)
    measured = losses.by_target["t"]
    assert measured.images == ("x+1", "x+2")
    assert losses.clusters == {"x+1": "1", "x+2": "2"}
    np.testing.assert_array_equal(measured.values, [[-0.5, -0.25], [-0.75, np.nan]])
    with pytest.raises(
        InvalidTableError, match=r'column "loss".*say which column to read as "loss"'
    ):
        tables.read_losses(path, columns=columns)


def test_rows_are_selected_by_the_files_own_headers(tmp_path):
    rows = "to,from,run,metric,acc\nt,a,1,f1,0.5\nt,a,1,acc,0.25\nt,b,1,f1,0.75\n"
    path = write(tmp_path / "t.csv", rows)
    columns = {"target": "to", "sources": "from", "image": "run", "loss": "acc"}
    losses = tables.read_losses(
        path, columns=columns, where={"metric": "f1"}, higher_is_better=False
    )
    assert losses.by_target["t"].values.tolist() == [[0.5], [0.75]]
    with pytest.raises(InvalidTableError, match=r't\.csv: no row has metric "f2"'):
        tables.read_losses(path, columns=columns, where={"metric": "f2"})
    with pytest.raises(InvalidTableError, match='no column "measure" to read as "a condition"'):
        tables.read_losses(path, columns=columns, where={"measure": "f1"})


def test_where_nothing_can_be_written_is_known_before(tmp_path):
    tables.check_writable(tmp_path / "new.html")
    with pytest.raises(InvalidTableError, match=r'the folder ".*none" does not exist'):
        tables.check_writable(tmp_path / "none" / "new.html")
    with pytest.raises(
        InvalidTableError, match=r"new\.html: cannot tell the format, expected a na"
    ):
        tables.check_writable(tmp_path / "new.html", suffixes=tables.SUFFIXES)


def test_renaming_keeps_other_columns_and_our_header_wins():
    frame = pd.DataFrame({"a+b": [1], "c": [2], "score": [3], "kept": [4]})
    found = tables.renamed(frame, {"target": "a+b", "score": "c"})
    assert found.to_dict("list") == {"kept": [4], "target": [1], "score": [2]}
    assert tables.renamed(frame, None) is frame


def test_joined_columns_are_joined_row_by_row():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(0, 4, (50, 3)).astype(str), columns=list("xyz"))
    found = tables.renamed(frame, {"image": "x+y+z"})["image"].tolist()
    assert found == [f"{x}+{y}+{z}" for x, y, z in frame.to_numpy()]


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_losses_are_read_from_csv_and_parquet(tmp_path, name):
    frame = pd.DataFrame(
        {"target": "t", "sources": ["a", "b"], "image": ["001", "001"], "loss": [0.1, 1e-300]}
    )
    tables.write_frame(frame, tmp_path / name)
    measured = tables.read_losses(tmp_path / name).by_target["t"]
    assert measured.images == ("001",)
    assert measured.values.tolist() == [[0.1], [1e-300]]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("nan", 'row 2: loss is "nan", expected a finite number'),
        ("low", 'row 2: loss is "low", expected a finite number'),
    ],
)
def test_bad_losses_are_refused_with_the_files_name(tmp_path, cell, message):
    path = write(tmp_path / "t.csv", f"target,sources,image,loss\nt,a,1,0\nt,b,1,{cell}\n")
    with pytest.raises(InvalidTableError, match=rf"t\.csv: {message}"):
        tables.read_losses(path)


def test_wins_and_scores_are_read(tmp_path):
    wins = write(tmp_path / "w.csv", "target,sources,versus,wins\nt,a,b,0.5\n")
    assert tables.read_wins(wins)["wins"].astype(float).tolist() == [0.5]
    scores = write(tmp_path / "s.csv", "sources,target,score\na,t,3\n")
    assert tables.read_scores(scores)["score"].astype(float).tolist() == [3.0]
    with pytest.raises(InvalidTableError, match=r"s\.csv: a table of wins needs .*table of scores"):
        tables.read_wins(scores)


def test_a_wide_matrix_has_self_on_its_diagonal_and_gaps(tmp_path):
    path = write(tmp_path / "m.csv", "source,a,b\na,0.9,0.1\nb,,0.8\nc,0.3,nan\n")
    rows = tables.read_scores(path).to_numpy().tolist()
    assert rows == [["self", "a", 0.9], ["c", "a", 0.3], ["a", "b", 0.1], ["self", "b", 0.8]]


def test_a_table_that_is_no_matrix_either_says_how_it_was_read(tmp_path):
    path = write(tmp_path / "m.csv", "sources,target,affinty\na,b,0.5\n")
    with pytest.raises(InvalidTableError, match='row 1: column "target" holds "b", expected a num'):
        tables.read_scores(path)
    narrow = write(tmp_path / "n.csv", "sources\na\n")
    with pytest.raises(InvalidTableError, match="has 1 column, expected one of sources and one a"):
        tables.read_scores(narrow)


def test_published_matrix_of_inter_task_affinities(shared):
    frame = tables.read_scores(shared / "tables" / "tag_affinities" / "tag_taskonomy5.csv")
    raw = pd.read_csv(shared / "tables" / "tag_affinities" / "tag_taskonomy5.csv", index_col=0)
    assert len(frame) == 25
    for row in frame.to_dict("records"):
        source = row["target"] if row["sources"] == "self" else row["sources"]
        assert row["score"] == raw.at[source, row["target"]]


def test_a_problem_is_read_and_its_errors_name_the_file(tmp_path):
    path = write(tmp_path / "p.toml", 'budget = 3\n[tasks.a]\nrole = "source-only"\n')
    problem = tables.read_problem(path)
    assert (problem.budget, problem.source_only) == (3.0, ("a",))
    for content, message in (
        ("budget = 3\nmax_order = = 2\n", r"p\.toml: this is not TOML: .*line 2"),
        ("budgets = 3\n", r'p\.toml: the problem file has the unknown key "budgets"'),
    ):
        with pytest.raises(InvalidProblemError, match=message):
            tables.read_problem(write(path, content))
    with pytest.raises(InvalidTableError, match=r"p\.toml: byte 2 is not UTF-8 text"):
        tables.read_problem(write(path, b"a \xff"))
    with pytest.raises(InvalidTableError, match="this is a binary file, expected UTF-8 text"):
        tables.read_problem(write(path, b"PAR1..."))
    with pytest.raises(InvalidTableError, match=r"none\.toml: no such file"):
        tables.read_problem(tmp_path / "none.toml")


def test_a_taxonomy_survives_json(tmp_path):
    taxonomy = Taxonomy(
        status="optimal",
        objective_value=1.5,
        bound=1.5,
        budget=2.0,
        spent=1.0,
        max_order=4,
        objective_transform="sqrt",
        supervised=("a",),
        transfers=(Transfer("a", ("self",), 0.5), Transfer("b", ("a",), 0.1 + 0.2, gain=0.9)),
    )
    path = tmp_path / "t.json"
    tables.write_taxonomy(taxonomy, path)
    assert tables.read_taxonomy(path) == taxonomy
    for content, message in (
        ('{"status":\n 3,', r"t\.json: this is not JSON: .*line 2"),
        ('{"status": 3}', r"t\.json: this is JSON, and not a taxonomy \(KeyError: 'transfers'\)"),
        ("[]", "this is JSON, and not a taxonomy"),
    ):
        with pytest.raises(InvalidTableError, match=message):
            tables.read_taxonomy(write(path, content))


@pytest.mark.parametrize(("size", "suffix"), [("early", ""), ("1k", "_1k"), ("16k", "_16k")])
def test_published_pickles_equal_their_csv(shared, size, suffix):
    folder = shared / "taskonomy"
    found = tables.read_taskonomy(folder, size=size)
    csv = pd.read_csv(folder / f"transfers{suffix}.csv", dtype=str)
    for name in ("affinity", "gain", "quality"):  # not every pandas reads the nearest float
        csv[name] = [float(text) if isinstance(text, str) else np.nan for text in csv[name]]
    csv["sources"] = csv["sources"].replace("pixels", "scratch")
    csv["sources"] = ["+".join(sorted(text.split("+"))) for text in csv["sources"]]
    keys = ["target", "sources"]
    pd.testing.assert_frame_equal(
        found.frame.sort_values(keys, ignore_index=True),
        csv.sort_values(keys, ignore_index=True),
        check_exact=True,
        check_dtype=False,
    )
    assert "pixels" not in set(found.frame["sources"])


class Hostile:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def load(tmp_path, content):
    return tables.load_numbers(write(tmp_path / "p.pkl", content))


@pytest.mark.parametrize("protocol", range(6))
def test_numbers_of_every_protocol_are_read(tmp_path, protocol):
    entry = {"a__b": np.float64(0.1), "c__b": np.float32(0.5), "d__b": 0.25, "e__b": 1}
    found = load(tmp_path, pickle.dumps(entry, protocol=protocol))
    assert found == {"a__b": 0.1, "c__b": 0.5, "d__b": 0.25, "e__b": 1.0}
    assert {type(value) for value in found.values()} == {float}


def test_pickles_of_python_2_are_read(tmp_path):
    """Text is bytes there: a key, the type code and the eight bytes of the number."""
    number = struct.pack(">d", 0.1)
    content = (
        b"\x80\x02}U\x04a__bcnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02f8K\x00K\x01\x87R"
        b"(K\x03U\x01>NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU\x08" + number + b"\x86Rs."
    )
    assert load(tmp_path, content) == {"a__b": 0.1}


def test_a_hostile_pickle_runs_nothing(tmp_path):
    mark = tmp_path / "mark"
    for attack in (
        Hostile(eval, f"open({str(mark)!r}, 'w')"),
        Hostile(open, str(mark), "w"),
        Hostile(np.save, str(mark), 1),
        Hostile(np.memmap, str(mark), "f8", "w+", 0, (1,)),
        Hostile(getattr, "text", "upper"),
    ):
        for protocol in range(6):
            content = pickle.dumps({"a__b": attack}, protocol=protocol)
            with pytest.raises(InvalidTableError, match=r"asks for .* nothing in it was run"):
                load(tmp_path, content)
    assert not mark.exists()
    assert not mark.with_suffix(".npy").exists()


def opcodes(text):
    return b"\x80\x04" + text + b"."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"a__b": np.array(["x"], dtype=object)}), "asks for .*_reconstruct"),
        (pickle.dumps(np.dtype("O")), 'numbers of the type "O8?", expected floats'),
        (pickle.dumps(np.dtype("M8[s]")), 'numbers of the type "M8", expected floats'),
        (pickle.dumps(np.dtype([("a", "f8")])), 'numbers of the type "V8", expected floats'),
        (pickle.dumps({"a": np.int64(3)}), 'numbers of the type "i8", expected floats'),
        (pickle.dumps({"a": np.str_("x")}), 'numbers of the type "U1", expected floats'),
        (
            opcodes(b"cnumpy._core.multiarray\nscalar\n]U\x08aaaaaaaa\x86R"),
            "without a dtype of our",
        ),
        (opcodes(b"cnumpy\ndtype\nU\x02f8\x85R(K\x03U\x01|tb"), "a dtype that is no float"),
        (opcodes(b"cnumpy\ndtype\nU\x02f8\x85RN}U\x05orderU\x01=s\x86b"), "a dtype that is no flo"),
        (opcodes(b"cnumpy\ndtype\n}U\x01aK\x01sb"), "tries to change a function"),
        (opcodes(b"cnumpy\ndtype\nN}U\x09_functionNs\x86b"), "tries to change a function"),
        (opcodes(b"c_codecs\nencode\nU\x01aU\x03hex\x86R"), 'the encoding "hex", expected latin1'),
        (opcodes(b"cnumpy\ndtype.type\n"), 'asks for "numpy.dtype.type"'),
        (opcodes(b"cos\nsystem\n"), 'asks for "os.system"'),
        (opcodes(b"\x82\x01"), "not a readable pickle"),
        (opcodes(b"Pname\n"), "not a readable pickle"),
        (opcodes(b"\x8e" + struct.pack("<Q", 1 << 60)), "not a readable pickle"),
        (b"(" * 10 + b".", "not a readable pickle"),
        (b"", "not a readable pickle"),
        (b"hello", "not a readable pickle"),
        (pickle.dumps([1.0]), "holds a list, expected a dictionary of names to numbers"),
        (pickle.dumps({"a__b": "x"}), "the entry 'a__b' holds a str, expected a number under a na"),
        (pickle.dumps({3: 1.0}), "the entry 3 holds a float, expected a number under a name"),
        (pickle.dumps({"a": True}), "the entry 'a' holds a bool, expected a number under a name"),
    ],
)
def test_pickles_of_anything_but_numbers_are_refused(tmp_path, content, message):
    with pytest.raises(InvalidTableError, match=message):
        load(tmp_path, content)


@examples(times=3)
@given(st.data())
def test_a_damaged_pickle_is_an_error_of_ours_or_still_numbers(tmp_path_factory, data):
    content = bytearray(pickle.dumps({"a__b": np.float64(0.1), "c__b": np.float64(2)}, protocol=3))
    for _ in range(data.draw(st.integers(1, 3))):
        # The opcodes that name huge sizes are left to the test of the largest one above.
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 127))
    path = tmp_path_factory.mktemp("p") / "p.pkl"
    try:
        found = tables.load_numbers(write(path, bytes(content)))
    except TaskgraphError:
        return
    assert all(type(value) is float for value in found.values())


def test_a_folder_of_pickles_names_the_file_at_fault(tmp_path):
    with pytest.raises(InvalidTableError, match=r"all_affinities_16k\.pkl: no such file"):
        tables.read_taskonomy(tmp_path)
    for stem in ("all_affinities", "wins_vs_pixels", "wins_vs_task"):
        write(tmp_path / f"{stem}.pkl", pickle.dumps({"b__a__t": 0.5, "pixels__t": 0.5}))
    found = tables.read_taskonomy(tmp_path, size="early").frame
    assert found["sources"].tolist() == ["scratch", "a+b"]
    write(tmp_path / "wins_vs_task.pkl", pickle.dumps({"t": 0.5}))
    with pytest.raises(InvalidTableError, match=r'wins_vs_task\.pkl: the key "t" is no transfer'):
        tables.read_taskonomy(tmp_path, size="early")


def test_an_unknown_size_is_refused(tmp_path):
    with pytest.raises(InvalidTableError, match='size is "2k", expected one of 16k, 1k, early'):
        tables.read_taskonomy(tmp_path, size="2k")


def test_a_pickle_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "p.pkl"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    with pytest.raises(
        InvalidTableError, match="this has 67108865 bytes, expected at most 67108864"
    ):
        tables.load_numbers(path)


def test_an_index_in_parquet_is_a_column(tmp_path):
    frame = pd.DataFrame(
        {"target": ["t"], "affinity": [1.0]}, index=pd.Index(["a"], name="sources")
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    path = write(tmp_path / "t.parquet", buffer.getvalue())
    assert tables.read_transfers(path).frame["sources"].tolist() == ["a"]


@pytest.mark.parametrize(
    "problem",
    [
        Problem(),
        Problem(
            budget=2.5,
            max_order=3,
            objective="log",
            source_only=("a",),
            target_only=("b", "c"),
            exclude=("d",),
            require=("a", "e"),
            importance={"b": 2.0, "f g": 0.5},
            label_cost={"a": 0.0},
            transfer_cost={"b": 0.25},
            supervised_may_transfer=True,
        ),
    ],
)
def test_a_written_problem_reads_back_the_same(problem, tmp_path):
    path = tmp_path / "problem.toml"
    write_problem(problem, path)
    assert read_problem(path) == problem


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".csv.gz"])
def test_written_losses_read_back_the_same(suffix, tmp_path):
    rows = [
        {"target": t, "sources": s, "image": f"i{k}", "loss": k / 3, "cluster": f"c{k % 2}"}
        for t in "ab"
        for s in ("self", "c+d")
        for k in range(3 if s == "self" else 4)
    ]
    losses = Losses.from_frame(pd.DataFrame(rows))
    write_losses(losses, tmp_path / f"losses{suffix}")
    again = read_losses(tmp_path / f"losses{suffix}")
    assert again.targets == losses.targets
    assert again.clusters == losses.clusters
    for target in losses.targets:
        first, second = losses.by_target[target], again.by_target[target]
        assert (first.sources, first.images) == (second.sources, second.images)
        np.testing.assert_array_equal(first.values, second.values)


def test_losses_take_less_space_than_in_plain_parquet(tmp_path):
    values = np.random.default_rng(0).gamma(2.0, size=20_000).astype(np.float32)
    frame = pd.DataFrame({"target": "a", "loss": values, "n": range(20_000)})
    frame.loc[0, "loss"] = np.nan
    frame.to_parquet(tmp_path / "plain.parquet", index=False)
    tables.write_frame(frame, tmp_path / "ours.parquet")
    sizes = [(tmp_path / name).stat().st_size for name in ("ours.parquet", "plain.parquet")]
    assert sizes[0] < 0.8 * sizes[1]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "ours.parquet"), frame)
