"""A new user's path: 228 files of 12 tasks to a taxonomy; and the kinds of files that are read."""

import gzip
import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from taskgraph import tables
from taskgraph.affinity import affinities_from_wins_table
from taskgraph.cli import run
from taskgraph.errors import InvalidTableError
from taskgraph.tasks import quoted
from tests.failing import fails

SCORES = ["seg", "scene", "pos", "ner", "intent+slot"]
TASKS = [*SCORES, "depth", "normals", "edges", "flow", "pose", "asr", "NA"]
ROWS = [("t", "a", "1", 0.5), ("t", "b", "1", 0.25), ("t", "NA", "1", 0.75)]
COLUMNS = ["target", "sources", "image", "loss"]


def test_228_files_become_a_taxonomy_in_two_commands(tmp_path, capsys):
    rng = np.random.default_rng(0)
    (tmp_path / "runs").mkdir()
    for target in TASKS:
        others = [quoted(name) for name in TASKS if name != target]
        sets = ["self", *others, *(f"{a}+{b}" for a, b in pairwise(others))]
        for sources in sets[:19]:
            values = rng.uniform(0, 1, 40) + (sources == "self") * (1 if target in SCORES else -1)
            cells = [f"{value:.3f}" for value in values]
            cells[int(rng.integers(40))] = "NA"
            lines = ["image,value", *(f"i{k},{cell}" for k, cell in enumerate(cells))]
            (tmp_path / "runs" / f"{target}__{sources}.csv").write_text("\n".join(lines) + "\n")
    assert len(list((tmp_path / "runs").iterdir())) == 228
    prices = "".join(f'[tasks."{t}"]\nlabel_cost = {100 + 10 * k}\n' for k, t in enumerate(TASKS))
    (tmp_path / "prices.toml").write_text(prices)
    out = tmp_path / "transfers.csv"
    flags = [
        "--file-names",
        "{target}__{sources}",
        "--column",
        "loss=value",
        "--min-images",
        "20",
        "--higher-is-better-for",
        ",".join(SCORES),
    ]
    assert run(["affinity", str(tmp_path / "runs"), "-o", str(out), *flags]) == 0
    error = capsys.readouterr().err
    assert "loss is empty in 228 of 9120 rows" in error
    assert "--drop" in error
    found = tables.read_transfers(out)
    assert sorted(found.targets) == sorted(TASKS)
    best = found.frame.loc[found.frame.groupby("target")["affinity"].idxmax()]
    assert set(best["sources"]) == {"self"}  # better by one in the direction of each task
    problem = str(tmp_path / "prices.toml")
    assert run(["solve", str(out), "--budget", "900", "--problem", problem, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "optimal"


@pytest.mark.parametrize("kind", ["tsv", "semicolons", "jsonl", "gz", "feather", "parquet"])
def test_one_table_in_every_format(kind, tmp_path):
    frame, path = pd.DataFrame(ROWS, columns=COLUMNS), tmp_path / "t"
    if kind == "tsv":
        frame.to_csv(path, sep="\t", index=False)
    elif kind == "semicolons":
        frame.to_csv(path, sep=";", decimal=",", index=False)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    elif kind == "gz":
        path.write_bytes(gzip.compress(frame.to_csv(index=False, sep=";").encode()))
    else:
        getattr(frame, f"to_{kind}")(path)
    measured = tables.read_losses(path).by_target["t"]
    assert measured.sources == ("NA", "a", "b")
    assert measured.values.ravel().tolist() == [0.75, 0.5, 0.25]


@pytest.mark.parametrize("word", ["", "NA", "-", "null"])
def test_words_for_not_measured_are_the_same_in_long_and_wide_tables(word, tmp_path):
    (tmp_path / "l.csv").write_text(f"target,sources,image,loss\nt,null,1,1\nt,null,2,{word}\n")
    assert tables.read_losses(tmp_path / "l.csv").by_target["t"].images == ("1",)
    (tmp_path / "w.csv").write_text(f"x,NA,null\nNA,1,{word}\nnull,2,3\n")
    rows = tables.read_scores(tmp_path / "w.csv").to_numpy().tolist()
    assert rows == [["self", "NA", 1.0], ["null", "NA", 2.0], ["self", "null", 3.0]]


def test_duplicates_across_files_name_both(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("target,sources,image,loss\nt,x,1,1\nt,y,1,2\n")
    paths = tables.expanded([tmp_path])
    with pytest.raises(InvalidTableError, match=r"row 1 of \S+a\.csv and row 1 of \S+b\.csv are"):
        tables.read_losses(paths)
    losses = tables.read_losses(paths, columns={"image": "image+file"})
    assert losses.by_target["t"].images == ("1+a", "1+b")


def test_rows_left_out_do_not_shift_the_row_that_an_error_names(tmp_path):
    text = "target,sources,image,loss,seed\n\nt,x,1,NA,1\nt,x,1,1,0\nt,y,1,bad,0\n"
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InvalidTableError, match=r'row 3: loss is "bad".*row 3 is line 5\)'):
        tables.read_losses(tmp_path / "a.csv", where={"seed": "0"})


def test_win_rates_may_be_rounded():
    rows = [("t", "a", "b", 0.333), ("t", "b", "a", 0.666)]
    frame = pd.DataFrame(rows, columns=["target", "sources", "versus", "wins"])
    found = affinities_from_wins_table(frame).transfers.frame["affinity"]
    assert found.tolist() == pytest.approx([0.3335, 0.6665])
    with pytest.raises(InvalidTableError, match=r"is 0\.997, expected 1"):
        affinities_from_wins_table(frame.assign(wins=[0.333, 0.664]))


def test_solve_names_affinity_where_and_quotes(tmp_path, capsys):
    path = tmp_path / "m.csv"
    path.write_text("x,a,b\na,1,2\nb,3,4\n")
    assert f"taskgraph affinity {path} -o transfers.csv --higher" in fails(capsys, "solve", path)
    path.write_text("sources,target,affinity,seed\nself,a,1,0\nself,a,2,1\n")
    assert "--where seed=0" in fails(capsys, "solve", path)
    path.write_text('sources,target,affinity\nself,a,1\nself,"seg, 2D",2\n')
    assert "--exclude '\"seg, 2D\"'" in fails(capsys, "solve", path, "--exclude", "seg, 2D")
    assert run(["solve", str(path), "--budget", "1", "--exclude", '"seg, 2D"']) == 0
