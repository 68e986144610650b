"""Every snippet of the pages in docs/ runs as it stands; other tests run those of the rest.

- docs/data.md: tests/encoders/dataset/test_data_page.py
- docs/own.md: tests/encoders/test_own_page.py
- docs/features.md: tests/encoders/features/test_command.py
- docs/finetune.md: tests/benchmarks/finetune/test_own.py
- docs/groups.md: tests/taskgraph/grouping/test_group_command.py
"""

import re
import shlex
from pathlib import Path

import pytest

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.tasks import join_sources
from tests.test_readme import check_values

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("affinity", "method")
LONG = ("start", "settings", "choices", "pictures", "extending")
READ = ("figures", "live", "own_measurements", "transfers")
"""Pages whose lines need a server, published files or hours: their flags are read."""
WITHOUT = ("notebooks", "design", "api", "cli", "releasing")
ELSEWHERE = ("data", "own", "features", "finetune", "groups")
FEWER = {"--bootstrap 200": "--bootstrap 3", "--bootstrap 50": "--bootstrap 3"}


def text_of(name):
    return (ROOT / "docs" / f"{name}.md").read_text()


def blocks(name, language):
    return re.findall(rf"```{language}\n(.*?)```", text_of(name), re.S)


def lines(name):
    """Each line of shell that calls `taskgraph`, and the commands of tables of figures."""
    found = [line for block in blocks(name, "sh") for line in block.splitlines()]
    found += re.findall(r"^\|[^|]*\| `(taskgraph [^`]*)`", text_of(name), re.M)
    return [line.strip() for line in found if line.startswith("taskgraph ")]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty folder, and solvers and objectives as they were afterwards."""
    monkeypatch.chdir(tmp_path)
    solvers, objectives = dict(tg.SOLVERS), dict(tg.OBJECTIVES)
    yield tmp_path
    for now, before in ((tg.SOLVERS, solvers), (tg.OBJECTIVES, objectives)):
        for name in now.keys() - before.keys():
            del now[name]


def run_python(name):
    """Run the Python of a page, each block on its own; return how many values were compared."""
    compared = 0
    for code in blocks(name, "python"):
        names = {}
        exec(compile(code, f"{name}.md", "exec"), names)
        compared += check_values(code, names)
        for expression, value in re.findall(r"^(\S.*?)  # ('.*'|\[.*\])$", code, re.M):
            if expression.count(" = ") == 0:
                assert repr(eval(expression, names)) == value
                compared += 1
    return compared


@pytest.mark.parametrize("name", QUICK)
def test_the_python_of_a_page(name, place):
    assert run_python(name) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_the_lines_of_a_page(name, place, capsys):
    compared = run_python(name)
    if name == "extending":
        assert compared == 3
        return
    if name == "start":
        assert len(tg.read_losses("losses.csv").to_frame()["target"].unique()) == 5
    assert len(lines(name)) >= 2
    for line in lines(name):
        for many, few in FEWER.items():
            line = line.replace(many, few)
        assert run(shlex.split(line)[1:]) == 0, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.slow
def test_the_figures_of_the_paper_are_drawn_from_the_published_files(shared, place, capsys):
    (place / "published").symlink_to(shared / "taskonomy")
    assert len(lines("figures")) == 8
    for line in lines("figures"):
        assert run(shlex.split(line)[1:]) == 0, f"{line}\n{capsys.readouterr().err}"
    assert len(list(place.glob("fig*.pdf"))) == 5


def test_the_first_lines_of_the_start_page(place, capsys):
    """A newcomer makes the table, then affinities, then a taxonomy."""
    run_python("start")
    for line in lines("start")[:2]:
        assert run(shlex.split(line.replace("--bootstrap 200", "--bootstrap 2"))[1:]) == 0
    out = capsys.readouterr().out
    assert re.search(
        r"^supervise: (depth|normals|edges), (scene|objects)$|"
        r"^supervise: (scene|objects), (depth|normals|edges)$",
        out,
        re.M,
    ), out


def test_commands_that_are_only_read_have_flags_that_exist(place):
    import click

    from taskgraph.cli import taskgraph as commands

    for name in READ:
        for line in lines(name):
            command, words = commands, shlex.split(line, comments=True)[1:]
            while isinstance(command, click.Group):
                _, command, words = command.resolve_command(click.Context(command), words)
            known = {flag for option in command.params for flag in option.opts}
            used = {word.partition("=")[0] for word in words if word.startswith("--")}
            assert used <= known | {"--published"}, line


def test_every_page_is_tested():
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert pages == {*QUICK, *LONG, *READ, *WITHOUT, *ELSEWHERE}
    for name in WITHOUT:
        assert not blocks(name, "python"), name
    for name in ELSEWHERE:
        tests = [path.read_text() for path in (ROOT / "tests").rglob("test_*.py")]
        assert any(f"{name}.md" in text for text in tests), name


@pytest.mark.slow
def test_the_report_of_the_live_page(place):
    """The Python of docs/live.md."""
    (code,) = blocks("live", "python")
    names = {}
    exec(code.replace("draws=20", "draws=2"), names)
    assert 'id="shares"' in names["page"]


def test_the_example_of_an_affinity_is_of_the_shipped_table():
    page = " ".join((ROOT / "docs" / "affinity.md").read_text().split())
    target, source = re.search(r"for the target `(\w+)`, the source `([\w+]+)`", page).groups()
    solved = tg.solve(tg.default_transfers(), budget=5)
    (edge,) = [one for one in solved.transfers if one.target == target]
    assert join_sources(edge.sources) == source
    frame = tg.default_transfers().frame
    of = frame[(frame["target"] == target) & frame["affinity"].notna()].set_index("sources")
    own, full = of.loc[source], of.loc["self", "affinity"]
    for said in (
        f"# What an affinity of {own.affinity:.3g} means",
        f"with affinity {own.affinity:.3g}, gain {own.gain:.3f} and quality {own.quality:.3f}.",
        f"{len(of)} candidates were compared for `{target}`, and this transfer has a share of "
        f"{own.affinity:.3g} of their weight. The average candidate has 1/{len(of)} = "
        f"{1 / len(of):.3g}, and `self`, the fully supervised network, has {full:.3g}.",
        f"{full:.3g} / {own.affinity:.3g} = {full / own.affinity:.1f}, and `self` beats this "
        f"transfer on {100 * (1 - own.quality):.1f} % of the images, which are odds of "
        f"{(1 - own.quality) / own.quality:.1f}.",
        f"The *gain* ({own.gain:.3f}: on {100 * own.gain:.1f} % of the test images",
        f"the *quality* ({own.quality:.3f}: on {100 * own.quality:.1f} % it has",
        f"| {own.affinity:.3g} with a probability |",
    ):
        assert said in page, f"docs/affinity.md must say:\n{said}"
