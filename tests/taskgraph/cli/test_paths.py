"""No command overwrites its inputs; its outputs are complete, or unchanged after an error."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click
import pandas as pd
import pytest

from taskgraph.cli import COMMANDS, own_plugins, run, taskgraph
from taskgraph.cli.paths import (
    TABLES,
    InputFile,
    InputFolder,
    InputTables,
    OutputFile,
    OutputFolder,
    _PathType,
)
from taskgraph.errors import InvalidTableError
from taskgraph.tables import SUFFIXES, check_writable, write_bytes, write_text
from tests.failing import fails

TABLE = (
    "sources,target,affinity,gain,quality\nself,a,.5,.9,.5\nb,a,.3,.7,.3\n"
    "self,b,.6,.8,.5\na,b,.2,.6,.2\n"
)
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[3])}

TEXTS = {
    "objective",
    "method",
    "own",
    "external",
    "solver",
    "target",
    "host",
    "address",
    "precision",
    "domain",
    "font",
    "file_names",
    "names",
    "only",
    "task",
    "preset",
    "dense_encoder",
    "dense_source",
    "dense_target",
    "depth_on",
    "device",
    "encoder",
    "features",
    "freeze_first",
    "keep",
    "layers",
    "start",
}
"""Parameters of free text that are no paths."""

MIXED = {("bench finetune", "data"), ("bench finetune", "weights")}
"""Parameters that take a path or another word; their suite checks them, and only reads them."""


def commands():
    """Return the words of every command that has parameters."""
    for name in [*COMMANDS, *own_plugins()]:
        yield from within(name, taskgraph.get_command(click.Context(taskgraph), name))


def within(words, command):
    """A command, unless it is a group without parameters, and all commands below it."""
    if not isinstance(command, click.Group) or command.params:
        yield words, command
    for below in getattr(command, "commands", {}).values():
        yield from within(f"{words} {below.name}", below)


def test_every_path_of_every_command_says_whether_it_is_read_or_written():
    """A parameter of free text is either a path with a type of its own, or listed as none."""
    found = set()
    for words, command in commands():
        for parameter in command.params:
            if isinstance(parameter.type, _PathType):
                found.add((words, parameter.name))
            elif parameter.type.name == "text" and not getattr(parameter, "hidden", False):
                known = parameter.name in TEXTS or (words, parameter.name) in MIXED
                assert known, f"{words}: {parameter.name}"
    assert {("solve", "table"), ("solve", "plot"), ("solve", "problem_file")} <= found
    assert {("train", "data"), ("scenes", "show"), ("predict", "images")} <= found


def test_every_output_of_every_command_has_a_type_of_outputs():
    outputs = {
        "output",
        "out",
        "plot",
        "show",
        "work",
        "sheet",
        "preview",
        "transfers_file",
        "worlds",
    }
    for words, command in commands():
        for parameter in command.params:
            if isinstance(parameter.type, _PathType):
                written = isinstance(parameter.type, OutputFile | OutputFolder)
                assert written == (parameter.name in outputs), f"{words}: {parameter.name}"
                read = InputFile | InputFolder | InputTables
                assert written or isinstance(parameter.type, read)


def test_tables_are_written_in_the_formats_that_the_library_knows():
    assert TABLES == SUFFIXES


ALIASES = {
    "as it is": lambda path: path,
    "relative": lambda path: path.parent / ".." / path.parent.name / path.name,
    "symbolic link": lambda path: _linked(path, os.symlink),
    "hard link": lambda path: _linked(path, os.link),
    "linked folder": lambda path: _folder_link(path),
}


def _linked(path, link):
    place = path.parent / f"link-{path.name}"
    link(path, place)
    return place


def _folder_link(path):
    place = path.parent.parent / f"{path.parent.name}-link"
    os.symlink(path.parent, place)
    return place / path.name


OVERWRITING = {
    "affinity IN.csv -o OUT.csv": "LOSSES",
    "solve IN.svg --plot OUT.svg": "TABLE",
    "solve --plot OUT.svg IN.svg": "TABLE",
    "solve --problem IN.png --plot OUT.png": "--problem",
    "frontier IN.pdf --plot OUT.pdf": "TABLE",
    "frontier --problem IN.svg --plot OUT.svg": "--problem",
    "plot heatmap IN.svg -o OUT.svg": "TABLE",
    "plot tree IN.svg -o OUT.svg": "TABLE",
    "plot taxonomy IN.svg -o OUT.svg": "TABLE",
    "plot taxonomy --problem IN.svg -o OUT.svg": "--problem",
    "plot frontier IN.svg -o OUT.svg": "TABLE",
    "plot grid IN.svg -o OUT.svg": "TABLE",
    "report IN.html -o OUT.html": "TABLE",
    "report --problem IN.html -o OUT.html": "--problem",
    "predict IN.png -o OUT.png": "IMAGES",
    "predict --data world --splits IN.png -o OUT.png": "--splits",
}


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize("line", OVERWRITING)
def test_no_command_writes_over_its_input(tmp_path, capsys, monkeypatch, line, alias):
    folder = tmp_path / "data"
    folder.mkdir()
    monkeypatch.chdir(tmp_path)
    suffix = line.split("IN")[1].split()[0]
    kept = folder / f"kept{suffix}"
    kept.write_text(TABLE)
    other = ALIASES[alias](kept)
    words = [{"IN": kept, "OUT": other}.get(w.partition(".")[0], w) for w in line.split()]
    error = fails(capsys, *words)
    assert f"would write over what the command reads as {OVERWRITING[line]}" in error
    assert "name another place with" in error
    assert kept.read_text() == TABLE


@pytest.mark.parametrize(
    "line",
    [
        "train --data D -o D",
        "transfer --data D -o D",
        "transfer --data other --bank D -o D",
        "transfer --data other --bank D -o D/../D/.",
    ],
)
def test_no_command_fills_a_folder_that_it_reads(tmp_path, capsys, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "D").mkdir()
    (tmp_path / "D" / "kept").write_text("kept")
    assert "would write over what the command reads as --" in fails(capsys, *line.split())
    assert os.listdir("D") == ["kept"]


@pytest.mark.parametrize(
    ("line", "flag"),
    [
        ("import taskonomy D -o D/sub/old.csv", "FOLDER"),
        ("predict --data D -o D/sub/old.png", "--data"),
        ("predict x.jpg --bank D -o D/sub/old.png", "--bank"),
        ("scenes D --show D/sub/old.png", "OUT"),
    ],
)
def test_no_command_replaces_a_file_of_a_folder_that_it_reads(
    tmp_path, capsys, monkeypatch, line, flag
):
    monkeypatch.chdir(tmp_path)
    old = tmp_path / line.split()[-1]
    old.parent.mkdir(parents=True)
    old.write_text("kept")
    error = fails(capsys, *line.split())
    assert f"would replace a file of {flag} (D)" in error
    assert "or remove the file first" in error
    assert old.read_text() == "kept"


def test_an_output_that_is_a_folder_is_refused(tmp_path, capsys):
    pictures = tmp_path / "pictures.csv"
    pictures.mkdir()
    (tmp_path / "in.csv").write_text(TABLE)
    error = fails(capsys, "affinity", tmp_path / "in.csv", "-o", pictures)
    assert "this is a folder, expected the name of a file to write" in error


def test_a_new_file_in_a_folder_that_is_read_may_be_written(tmp_path, monkeypatch, capsys):
    """Nothing is lost: only the missing pickles are an error here."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "D").mkdir()
    error = fails(capsys, "import", "taskonomy", "D", "-o", "D/new.csv")
    assert "all_affinities_16k.pkl: no such file" in error


def test_other_files_are_replaced_through_links_with_their_permissions(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_text("new", link)
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600
    assert sorted(os.listdir(tmp_path)) == ["link.txt", "real.txt"]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, number):
    place = tmp_path / "kept.txt"
    place.write_text("old")

    def full(handle):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        InvalidTableError, match=r"kept\.txt: cannot be written: " + os.strerror(number)
    ):
        write_bytes(b"new", place)
    assert os.listdir(tmp_path) == ["kept.txt"]
    assert place.read_text() == "old"


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.EROFS, "choose a folder that can be written to"),
        (errno.EACCES, "choose another place, or change the permissions of this one"),
        (errno.ENOSPC, "free some space, or write to another disk"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_before_the_work(
    tmp_path, monkeypatch, capsys, number, advice
):
    """The table does not exist, and yet the folder is what the error names."""

    def refuse(**_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    for line in (
        "affinity none.csv -o {}/o.csv",
        "solve none.csv --plot {}/o.svg",
        "plot tree none.csv -o {}/o.pdf",
        "report none.csv -o {}/o.html",
        "import taskonomy none -o {}/o.parquet",
        "scenes --show {}/o.png",
        "predict none.png -o {}/o.png",
    ):
        error = fails(capsys, *line.format(tmp_path).split())
        assert f"{tmp_path}/o." in error
        assert f"cannot be written: {os.strerror(number)}; {advice}" in error


def test_places_where_no_file_can_be(tmp_path, capsys):
    file, fifo, loop = tmp_path / "file", tmp_path / "fifo.csv", tmp_path / "loop.csv"
    file.write_text("x")
    os.mkfifo(fifo)
    loop.symlink_to(loop)
    full = tmp_path / "full.csv"
    full.symlink_to("/dev/full")
    for place, words in {
        file / "o.csv": "is a file, expected a folder",
        tmp_path / "none" / "o.csv": "does not exist; make it first",
        fifo: "this is a pipe or a device, expected the name of a file to write",
        full: "this is a pipe or a device",
        tmp_path / ("x" * 300 + ".csv"): "File name too long; choose a shorter name",
    }.items():
        assert words in fails(capsys, "affinity", "none.csv", "-o", place)
        with pytest.raises(InvalidTableError, match=words):
            check_writable(place)
    assert os.path.exists("/dev/full")
    check_writable(tmp_path / ("x" * 250 + ".csv"))


def test_pipes_are_refused_as_tables(tmp_path, capsys):
    """They are read twice, for the header and for the rows, which a pipe cannot give."""
    fifo = tmp_path / "fifo.csv"
    os.mkfifo(fifo)
    assert "is a pipe or a device, expected a file" in fails(capsys, "solve", fifo)
    assert "expected a path, not an empty text" in fails(capsys, "solve", "")


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "t.csv").write_text(TABLE)
    rows = [
        {"target": "a", "sources": s, "image": i, "loss": (7 * i + 3 * k) % 11 + k}
        for k, s in enumerate(["self", "b", "scratch"])
        for i in range(2000)
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "l.csv", index=False)
    return tmp_path


FILLING = [
    "affinity l.csv -o o.csv",
    "affinity l.csv -o o.csv.gz",
    "affinity l.csv -o o.parquet",
    "solve t.csv --plot o.svg",
    "frontier t.csv --plot o.png",
    "plot tree t.csv -o o.pdf",
    "report t.csv -o o.html --random 5",
]

LIMITED = """
import resource, sys
import taskgraph.cli as cli

resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
codes = [cli.run(line.split()) for line in sys.argv[1:]]
print(*codes)
"""


def test_a_disk_that_fills_up_is_one_line_and_keeps_the_old_file(tables):
    """A limit on the size of files replaces the full disk: each write beyond it fails."""
    outputs = [next(w for w in line.split() if w.startswith("o.")) for line in FILLING]
    for output in outputs:
        (tables / output).write_text("old")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *FILLING],
        cwd=tables,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split()[-len(FILLING) :] == ["2"] * len(FILLING), done.stderr
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error")]
    assert errors == [
        f"Error: {output}: cannot be written: File too large; raise the limit on the size of "
        "files (`ulimit -f`), or write less"
        for output in outputs
    ]
    assert "Traceback" not in done.stderr
    assert {(tables / output).read_text() for output in outputs} == {"old"}
    assert sorted(os.listdir(tables)) == sorted(["l.csv", *outputs, "t.csv"])


def test_without_a_terminal_the_library_itself_says_the_same(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidTableError, match="is a file, expected a folder; name a place in"):
        write_text("x", tmp_path / "file" / "o.txt")


def test_the_same_name_in_another_folder_is_another_file(tmp_path, capsys):
    (tmp_path / "sub").mkdir()
    (tmp_path / "t.svg").write_text(TABLE)
    place = tmp_path / "sub" / "t.svg"
    assert run(["plot", "tree", str(tmp_path / "t.svg"), "-o", str(place)]) == 0
    assert (tmp_path / "t.svg").read_text() == TABLE
    assert place.read_text().startswith("<?xml")


def test_a_folder_that_cannot_be_filled_is_told_before_the_work(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("x")
    for line in ("train --data d -o file", "transfer --data d -o file/sub", "run file/sub/deep"):
        assert "is a file, expected a folder; name another place" in fails(capsys, *line.split())

    def refuse(**_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    for line in ("train --data d -o out", "transfer --data d -o out/sub", "run out"):
        error = fails(capsys, *line.split())
        assert "cannot be written: Read-only file system; choose a folder that can be wr" in error
    assert os.listdir() == ["file"]


def test_no_file_of_a_pattern_is_written_over(tmp_path, capsys):
    rows = "".join(f"t,{{0}},{i},{i % 7}\n" for i in range(20))
    for name in "ab":
        text = "target,sources,image,loss\n" + rows.format(name)
        (tmp_path / f"{name}.csv").write_text(text)
    before = (tmp_path / "b.csv").read_bytes()
    for inputs in ([tmp_path / "*.csv"], [tmp_path / "a.csv", tmp_path / "[b].csv"]):
        command = ["affinity", *map(str, inputs), "-o", str(tmp_path / "b.csv")]
        assert run(command) == 2
        assert "--output would write over what the command reads" in capsys.readouterr().err
    assert (tmp_path / "b.csv").read_bytes() == before
    assert run(["affinity", str(tmp_path / "*.csv"), "-o", str(tmp_path / "c.csv")]) == 0
