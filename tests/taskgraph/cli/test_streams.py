"""Standard output that is full, closed, a pipe that ends, or not UTF-8: one line, no traceback."""

import gc
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from taskgraph import cli

TABLE = (
    "sources,target,affinity,gain,quality\nself,a,.5,.9,.5\n深さ,a,.3,.7,.3\n"
    "self,深さ,.6,.8,.5\na,深さ,.2,.6,.2\na,naïve,.2,.5,.2\n"
)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("streams")
    (folder / "t.csv").write_text(TABLE, encoding="utf-8")
    rows = [
        f"{target},{source},{i},{(7 * i + 3 * k) % 11 + k}"
        for target in "ab"
        for k, source in enumerate(["self", "c", "scratch", "ba"["ab".index(target)]])
        for i in range(30)
    ]
    (folder / "l.csv").write_text("\n".join(["target,sources,image,loss", *rows]) + "\n")
    return folder


SERVER = """
import importlib, json, os, sys
import highspy, matplotlib.figure, pandas, pulp, scipy.optimize, taskgraph.report
import taskgraph.cli as cli

for module in cli.COMMANDS.values():
    importlib.import_module(module)
for case in map(json.loads, sys.stdin):
    child = os.fork()
    if not child:
        for number, place in ((1, case["out"]), (2, case["err"])):
            if place:
                os.dup2(os.open(place, os.O_WRONLY), number)
            else:
                read, write = os.pipe()
                os.close(read)
                os.dup2(write, number)
        if case["encoding"]:
            sys.stdout.reconfigure(encoding=case["encoding"])
            sys.stderr.reconfigure(encoding=case["encoding"])
        cli.main(case["line"].split())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs each line as a process of its own, without importing the libraries again for each."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@dataclass
class Done:
    """The output of a process, and its exit code."""

    returncode: int
    stdout: bytes
    stderr: bytes


@pytest.fixture(scope="module")
def server(folder):
    """The process that forks one for each line."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        cwd=folder,
        env=ENVIRONMENT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def forked(server, tmp_path):
    """A function that runs a line of the command; ``out`` "" is a pipe without a reader."""

    def run_line(line, *, out=None, err=None, encoding=None):
        kept = [tmp_path / "out", tmp_path / "err"]
        for path in kept:
            path.write_bytes(b"")
        places = [
            str(path) if place is None else place
            for path, place in zip(kept, (out, err), strict=True)
        ]
        case = {"line": line, "out": places[0], "err": places[1], "encoding": encoding}
        server.stdin.write(json.dumps(case) + "\n")
        server.stdin.flush()
        return Done(int(server.stdout.readline()), *(path.read_bytes() for path in kept))

    return run_line


def called(folder, line, redirect="", **variables):
    """Run the command line in a shell, with a redirection."""
    command = f'"{sys.executable}" -m taskgraph {line} {redirect}'
    return subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        capture_output=True,
        env=ENVIRONMENT | variables,
        timeout=120,
    )


PRINTING = [
    "plot --help",
    "solve t.csv",
    "solve t.csv --json",
    "solve t.csv --alternatives 2 --csv",
    "frontier t.csv --budgets 1,2",
    "evaluate t.csv --random 5",
    "recommend t.csv --target a",
    "stability l.csv --budget 1 --bootstrap 3",
]


@pytest.mark.parametrize("line", PRINTING)
def test_a_full_disk_under_standard_output_is_one_line(forked, line):
    """The error is the last line, also after warnings."""
    done = forked(line, out="/dev/full")
    assert done.returncode == 2
    assert done.stderr[done.stderr.index(b"Error:") :] == (
        b"Error: standard output: cannot be written: No space left on device; free some space, "
        b"or write to another disk\n"
    )


@pytest.mark.parametrize("line", ["--help", "solve t.csv", "solve t.csv --csv"])
def test_a_reader_that_has_ended_is_silence(forked, line):
    """141 is what a shell reports of a program that the signal of a broken pipe has ended."""
    done = forked(line, out="")
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_head_of_a_table_is_printed_without_a_word(folder):
    done = called(folder, "solve t.csv", "| head -1")
    assert done.stdout.startswith(b"2 supervised")
    assert done.stderr == b""


def test_standard_output_that_is_closed_is_one_line(folder):
    done = called(folder, "solve t.csv", ">&-")
    assert done.returncode == 2
    assert done.stderr.decode().startswith("Error: standard output: cannot be written: Bad file")
    assert called(folder, "plot tree t.csv -o tree.svg", ">&-").returncode == 0


@pytest.mark.parametrize("err", ["closed", "/dev/full"])
def test_messages_that_nobody_can_read_change_nothing(folder, forked, err):
    def silenced(line):
        return called(folder, line, "2>&-") if err == "closed" else forked(line, err=err)

    expected = forked("solve t.csv --marginal")
    assert b"no larger budget improves the objective" in expected.stderr
    done = silenced("solve t.csv --marginal")
    assert (done.returncode, done.stdout) == (0, expected.stdout)
    assert silenced("solve t.csv --budget 0").returncode == 3


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_table_is_printed_in_every_encoding(forked, encoding):
    """Characters that the encoding lacks are printed as Python's escapes, also in errors."""
    done = forked("solve t.csv", encoding=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    expected = "supervise: a, 深さ".encode(encoding, "backslashreplace")
    assert expected in done.stdout
    wrong = forked("solve t.csv --exclude 深", encoding=encoding)
    assert wrong.returncode == 2
    assert "did you mean 深さ?".encode(encoding, "backslashreplace") in wrong.stderr


def test_the_plain_locale_prints_escapes(folder):
    done = called(folder, "solve t.csv", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert done.returncode == 0
    assert b"\\u6df1\\u3055" in done.stdout


@pytest.mark.parametrize(("form", "encoding"), [("--csv", "ascii"), ("--dot", "latin-1")])
def test_data_is_the_same_bytes_in_every_encoding(forked, form, encoding):
    """A name with escapes would be read as another name."""
    expected = forked(f"solve t.csv {form}", encoding="utf-8").stdout
    done = forked(f"solve t.csv {form}", encoding=encoding)
    assert (done.returncode, done.stdout) == (0, expected)
    assert "深さ".encode() in expected


INTERRUPTED = """
import os, signal, sys, click
import taskgraph.cli as cli

class Point:
    name, module, dist = "wait", "friendly.commands", None
    def load(self):
        return click.Command("wait", callback=lambda: os.kill(os.getpid(), signal.SIGINT))

cli.entry_points = lambda group: [Point()]
cli.main(["wait"])
"""


def test_ctrl_c_is_one_line_and_130():
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True)
    assert done.returncode == 130
    assert done.stderr == b"Error: interrupted; files that were already written are whole\n"


OUT_OF = """
import click
import taskgraph.cli as cli

class Point:
    name, module, dist = "take", "friendly.commands", None
    def load(self):
        def take():
            raise {error}
        return click.Command("take", callback=take)

cli.entry_points = lambda group: [Point()]
cli.main(["take"])
"""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            'OSError(28, "x", "big.bin")',
            "big.bin: No space left on device; free some space, or write to another disk",
        ),
        (
            'PermissionError(13, "x", "a.txt")',
            "a.txt: Permission denied; choose another place, or change the permissions of this one",
        ),
        ('OSError("strange")', "strange"),
        (
            "MemoryError",
            "there is not enough memory for this; take a smaller table or fewer numbers",
        ),
    ],
)
def test_what_the_system_refuses_a_command_is_one_line(error, line):
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF.format(error=error)], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (2, f"Error: {line}\n")


def test_the_interpreter_ends_without_a_search_for_garbage(monkeypatch):
    """With pandas loaded, that search takes half a second of processor time."""
    monkeypatch.setattr(cli, "guard_streams", lambda: None)
    monkeypatch.setattr(cli.warnings, "formatwarning", cli.warnings.formatwarning)
    monkeypatch.setattr(cli, "run", lambda arguments: 3)
    gc.unfreeze()
    try:
        with pytest.raises(SystemExit) as stopped:
            cli.main([])
        assert stopped.value.code == 3
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()
