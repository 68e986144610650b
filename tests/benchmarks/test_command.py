"""``taskgraph bench``: it lists, explains, runs and renders the suites, and imports little."""

import contextlib
import shlex
import shutil
import subprocess
import sys
import types
from dataclasses import MISSING, dataclass, replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cli import bench, everything
from benchmarks.cli.command import command_of
from benchmarks.cli.registry import PACKAGES, load, suites
from benchmarks.results.console import CommandError, printed
from benchmarks.results.frame import UnfinishedError
from benchmarks.results.machine import ROOT
from benchmarks.results.record import append, read_records
from benchmarks.results.suite import Suite, option
from encoders.errors import TrainingError
from encoders.transfer.alone import alone_in, lock_elsewhere
from taskgraph.cli import run
from taskgraph.errors import TaskgraphError
from tests.benchmarks.test_record import record

LIGHT = """
import sys
from taskgraph.cli import run
for words in ("--help", "bench", "bench payoff --help", "bench bank --help", "bench data --help"):
    assert run(words.split()) == 0, words
    heavy = {"torch", "torchvision", "sklearn", "matplotlib"} & set(sys.modules)
    assert not heavy, (words, heavy)
"""


def test_help_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_without_a_name_the_suites_are_listed_with_what_they_ask(capsys):
    assert run(["bench"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    for suite in suites():
        assert f" {suite.name} {suite.question} " in text
        assert len(suite.question) < 70, "it fits in one line"


@pytest.mark.parametrize("name", PACKAGES)
def test_help_explains_the_question_the_methods_the_time_and_the_files(name, capsys):
    assert run(["bench", name, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    suite = load(name)
    for words in (suite.question, *suite.methods, f"Time: {suite.time}", f"Writes: {suite.writes}"):
        assert " ".join(words.split()) in text
    for one in suite.fields:
        assert one.metadata["help"].endswith("."), one.name
    assert {"--render", "--out", "--preset"} <= set(text.split())


@pytest.mark.parametrize("name", PACKAGES)
def test_presets_name_settings_that_exist(name):
    suite = load(name)
    fields = {one.name for one in suite.fields}
    assert set(suite.presets) == {"smoke", "cpu", "paper"}
    for values in suite.presets.values():
        assert set(values) <= fields


def asked(suite, arguments):
    """The settings that a command line asks for."""
    suite, found = replace(suite), []
    object.__setattr__(suite, "run", lambda settings, out: found.append(settings))
    object.__setattr__(suite, "write_page", lambda out: "")
    object.__setattr__(suite, "finding", lambda out: "")
    command = command_of(suite)
    with command.make_context("x", arguments) as context:
        command.invoke(context)
    return found[0]


@dataclass(frozen=True)
class Settings:
    """Every type of field."""

    table: str = option(kind="file", help="A file.")
    budget: float = option(5.0, help="Labels.")
    draws: int = option(10, flag="--random", help="Sets.")
    seeds: tuple[int, ...] = option((1, 2), help="Seeds.")
    names: tuple[str, ...] = option((), help="Names.")
    engine: str = option("local", choices=("local", "ray"), help="Engine.")
    quick: bool = option(False, help="Quick.")
    careful: bool = option(True, help="Careful.")
    limit: int | None = option(None, help="Limit.")


SUITE = Suite(
    "sums",
    "Why?",
    ("plus",),
    "a second",
    "a record",
    Settings,
    "nowhere",
    {"smoke": {"draws": 2, "seeds": (3,)}},
)


def test_flags_become_settings_and_presets_are_overridden(tmp_path):
    out = ["--out", str(tmp_path)]
    assert asked(SUITE, ["--table", "t.csv", *out]) == Settings("t.csv")
    flags = ["--table", "t.csv", "--preset", "smoke", "--random", "7", "--names", "a,b", "--quick"]
    assert asked(SUITE, [*flags, "--no-careful", "--limit", "3", "--engine", "ray", *out]) == (
        Settings(
            "t.csv",
            draws=7,
            seeds=(3,),
            names=("a", "b"),
            engine="ray",
            quick=True,
            careful=False,
            limit=3,
        )
    )


@dataclass(frozen=True)
class OwnSettings:
    """A flag of runs on the user's own data."""

    folder: str | None = option(None, help="A folder.")


@pytest.mark.parametrize("flags", [["--table", "t.csv"], ["--folder", "f"]], ids=["suite", "own"])
def test_a_second_run_in_the_same_folder_is_refused_while_the_first_one_runs(tmp_path, flags):
    suite, ran = replace(SUITE, own=OwnSettings), []
    object.__setattr__(suite, "run", lambda settings, out: ran.append("suite"))
    object.__setattr__(suite, "run_own", lambda own, out, *, render=False: ran.append("own"))
    object.__setattr__(suite, "write_page", lambda out: "")
    object.__setattr__(suite, "finding", lambda out: "")
    out = tmp_path / "out"
    command, arguments = command_of(suite), [*flags, "--out", str(out)]
    with alone_in(out, lock=lock_elsewhere(tmp_path / "other" / ".." / "out")):
        refused = CliRunner().invoke(command, arguments).exception
        assert isinstance(refused, TrainingError)
        assert "another run of `taskgraph bench sums` is writing into" in str(refused)
        assert not ran
        assert CliRunner().invoke(command, [*arguments, "--render"]).exit_code == 0
    ran.clear()
    assert CliRunner().invoke(command, arguments).exit_code == 0
    assert len(ran) == 1
    assert not out.exists()  # the lock lies elsewhere


SETTINGS = st.builds(
    Settings,
    table=st.just("t.csv"),
    budget=st.floats(0, 9),
    draws=st.integers(0, 99),
    seeds=st.lists(st.integers(0, 9), min_size=1).map(tuple),
    names=st.lists(st.sampled_from(["a", "b c", "d"]), min_size=1).map(tuple),
    engine=st.sampled_from(["local", "ray"]),
    quick=st.booleans(),
    limit=st.none() | st.integers(0, 9),
)


@given(SETTINGS)
def test_the_command_of_settings_asks_for_these_settings(tmp_path_factory, settings):
    words = shlex.split(SUITE.command(settings))
    assert words[:3] == ["taskgraph", "bench", "sums"]
    assert asked(SUITE, [*words[3:], "--out", str(tmp_path_factory.getbasetemp())]) == settings


def test_what_is_lacking_or_wrong_is_one_line(tmp_path, capsys):
    out = ["--out", str(tmp_path)]
    for arguments, words in (
        (["payoff", "--table", "t.csv"], "missing --data, --bank, --splits; give it, or --render"),
        (["solver", "--turns", "two"], "'two' is not a valid integer"),
        (["engines", "--preset", "huge"], "'huge' is not one of 'smoke', 'cpu', 'paper'"),
        (["payoff", "--seeds", "1,x"], '"1,x": expected whole numbers with commas between them'),
        (["solvr"], 'there is no command "solvr"; did you mean solver?'),
        (["transfers"], "name the folder of a sweep with --sweep"),
    ):
        assert run(["bench", *arguments, *(out if len(arguments) > 1 else [])]) == 2
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1
    assert run(["bench", "all", "--suites", "nothing"]) == 2
    assert 'there is no suite "nothing"; expected transfers, payoff' in capsys.readouterr().err


def test_a_suite_runs_goes_on_and_renders_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "intervals"
    flags = ["bench", "intervals", "--preset", "smoke", "--cells", "1", "--out", str(out)]
    assert run(flags) == 0
    assert "is within 92 to 98 % in 0 of 1 cells" in capsys.readouterr().out
    records, page = read_records(out), (out / "README.md").read_text()
    (out / "README.md").unlink()
    assert run(flags) == 0
    assert read_records(out) == records, "what is recorded is not measured again"
    (out / "README.md").unlink()
    assert run(["bench", "intervals", "--render", "--out", str(out)]) == 0
    assert (out / "README.md").read_text() == page


def test_a_group_of_suites_is_a_mapping_that_cannot_be_changed():
    commands = bench.commands
    assert list(commands) == [*PACKAGES, "data", "all"]
    assert len(commands) == len(PACKAGES) + 2
    with pytest.raises(KeyError):
        commands["nothing"]
    with pytest.raises(TypeError, match="suites are listed in"):
        commands["mine"] = click.Command("mine")
    with pytest.raises(TypeError, match="suites are listed in"):
        del commands["solver"]


def test_one_suite_that_fails_does_not_stop_the_others(tmp_path, monkeypatch, capsys):
    asked_for = []

    def fake_run(suite, settings, out):
        asked_for.append(suite.name)
        if suite.name == "bank":
            raise CommandError("the bank\nis closed")
        append(out, record())

    monkeypatch.setattr(everything, "printed", lambda command, folder: asked_for.append(command))
    monkeypatch.setattr(everything, "grow", lambda out: 24)
    monkeypatch.setattr(Suite, "run", fake_run)
    monkeypatch.setattr(Suite, "write_page", lambda suite, out: "")
    assert run(["bench", "all", "--out", str(tmp_path)]) == 2
    shown = capsys.readouterr()
    assert f"{len(PACKAGES) - 1} of {len(PACKAGES)} suites ran" in shown.out
    assert "bank: failed: the bank is closed" in shown.err
    assert asked_for == ["taskgraph run made --preset smoke", *PACKAGES]
    assert run(["bench", "all", "--suites", "digits", "--out", str(tmp_path)]) == 0
    assert asked_for[-1] == "digits", "it needs nothing that is shared"


def test_what_the_suites_share_has_all_that_they_require(tmp_path):
    for suite in suites():
        inputs = everything.inputs_of(suite, tmp_path)
        required = {one.name for one in suite.fields if one.default is MISSING}
        assert required <= set(inputs)


def test_a_command_that_fails_is_told_with_its_words(tmp_path):
    assert printed("taskgraph --version", tmp_path).startswith("taskgraph, version")
    with pytest.raises(CommandError, match=r"`taskgraph solve none\.csv` ended with 2: none"):
        printed("taskgraph solve none.csv", tmp_path)
    with pytest.raises(CommandError, match="is no command of taskgraph"):
        printed("ls", tmp_path)


@pytest.mark.parametrize(
    ("flags", "folder"),
    [
        (["--preset", "smoke"], "runs"),
        ([], "results"),
        (["--preset", "smoke", "--render"], "results"),
    ],
)
def test_a_smoke_run_does_not_write_over_the_published_results(
    tmp_path, monkeypatch, capsys, flags, folder
):
    monkeypatch.chdir(tmp_path)
    places = []
    monkeypatch.setattr(Suite, "run", lambda self, settings, out: places.append(out))
    monkeypatch.setattr(Suite, "write_page", lambda self, out: places.append(out))
    monkeypatch.setattr(Suite, "finding", lambda self, out: "")
    assert run(["bench", "intervals", *flags]) == 0
    assert set(places) == {Path(folder, "intervals")}
    capsys.readouterr()


def test_the_example_of_transfers_names_a_sweep(capsys):
    assert run(["bench", "transfers", "--help"]) == 0
    assert "taskgraph bench transfers --sweep transfers --preset smoke\n" in capsys.readouterr().out


MEASURED = [name for name in PACKAGES if (ROOT / "results" / name / "records.jsonl").exists()]


@pytest.mark.parametrize("name", MEASURED)
def test_a_folder_of_a_stopped_run_is_rendered_or_told_in_one_line(name, tmp_path, capsys):
    """The first records alone, without the files that a finished run leaves beside them."""
    lines = (ROOT / "results" / name / "records.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "records.jsonl").write_text("".join(lines[:2]))
    code = run(["bench", name, "--render", "--out", str(tmp_path)])
    told = capsys.readouterr().err
    assert code == 0 or (code == 2 and told.startswith("Error: ") and told.count("\n") == 1)
    with contextlib.suppress(TaskgraphError):
        assert load(name).finding(tmp_path)


def test_all_pages_are_rendered_but_those_of_stopped_runs(tmp_path, capsys):
    """A folder of one record of the suite transfers, and the finished one of intervals."""
    measured = ROOT / "results"
    shutil.copytree(measured / "intervals", tmp_path / "intervals")
    (tmp_path / "intervals" / "README.md").unlink()
    (tmp_path / "transfers").mkdir()
    with (measured / "transfers" / "records.jsonl").open() as lines:
        (tmp_path / "transfers" / "records.jsonl").write_text(next(lines))
    assert run(["bench", "all", "--render", "--out", str(tmp_path)]) == 0
    told = capsys.readouterr().err
    assert "transfers has no page yet: " in told
    assert "rendered intervals\n" in told
    assert (tmp_path / "intervals" / "README.md").exists()
    page = (tmp_path / "README.md").read_text()
    assert "| not finished: the records lack some that the page needs |" in page


def test_a_run_of_one_part_keeps_its_records_where_the_page_needs_more(tmp_path, monkeypatch):
    """The suite measures a record, and its page looks for another one."""
    suite = replace(load("solver"), package="tests.benchmarks.unfinished")
    module = types.ModuleType("tests.benchmarks.unfinished.run")
    module.run = lambda settings, out: append(out, record())
    page = types.ModuleType("tests.benchmarks.unfinished.page")
    page.render = lambda folder: {}["another part"]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(sys.modules, page.__name__, page)
    with pytest.raises(UnfinishedError, match="has no finished run: `taskgraph bench solver`"):
        suite.write_page(tmp_path)
    done = CliRunner().invoke(command_of(suite), ["--out", str(tmp_path)])
    assert (done.exit_code, done.exception) == (0, None)
    assert "the records are kept, and have no page yet" in done.stderr
    assert len(read_records(tmp_path)) == 1
