"""``taskgraph scenes``: its files, contact sheets, statistics, and one line for every error."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

from encoders.cli.scenes import scenes
from encoders.scenes.appearance.domains import DOMAINS
from encoders.scenes.making.manifest import read_manifest
from taskgraph.cli import run
from tests.failing import fails

SMALL = "--buildings 1 --views 5 --size 32 --workers 1"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from encoders.scenes.making.make import make

    out = tmp_path_factory.mktemp("cli") / "world"
    make(out, buildings=1, views=5, size=32)
    return out


def test_scenes_makes_a_data_set_and_says_where_the_time_went(world, tmp_path, capsys):
    out = tmp_path / "w"
    assert run(["scenes", str(out), *SMALL.split()]) == 0
    shown, err = capsys.readouterr()
    assert shown == ""
    assert re.search(r"made 5 views in [\d.]+ s \([\d.]+ a second\)\n", err)
    shares = [float(share) for share in re.findall(r"([\d.]+)%", err)]
    assert sum(shares) == pytest.approx(100, abs=1)
    for stage in ("world", "choice of views", "picture", "labels: geometry", "files", "waiting"):
        assert stage in err
    assert read_manifest(out) == read_manifest(world)


def test_given_again_without_settings_it_goes_on_with_those_of_the_folder(world, capsys):
    assert run(["scenes", str(world)]) == 0
    assert capsys.readouterr().err.endswith("world: all 5 views exist already\n")


def test_a_changed_setting_is_refused_and_says_how_to_go_on(world, capsys):
    err = fails(capsys, "scenes", world, "--size", "64")
    assert "was made with --size 32, not 64; go on with --size 32, or name another folder" in err


def test_a_sheet_of_a_folder_and_its_statistics(world, tmp_path, capsys):
    before = sorted(world.rglob("*"))
    sheet = tmp_path / "sheet.png"
    assert run(["scenes", str(world), "--show", str(sheet), "--columns", "2", "--stats"]) == 0
    shown, err = capsys.readouterr()
    assert err == f"drew {sheet}\n"
    with Image.open(sheet) as picture:
        assert picture.width < 500 < picture.height
    assert shown.startswith("| property")
    assert re.search(r"\| field of view +\| degrees +\| mean 61\.2 +\|", shown)
    assert "| class_scene" in shown
    assert sorted(world.rglob("*")) == before, "nothing is made where no setting is given"


def test_show_alone_draws_one_view_of_a_building_made_for_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["scenes", "--views", "10", "--size", "32", "--show"]) == 0
    assert capsys.readouterr().err == "drew scenes.png\n"
    assert [path.name for path in tmp_path.iterdir()] == ["scenes.png"]
    with Image.open("scenes.png") as picture:
        assert np.array(picture).std() > 20


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "name a folder, as in `taskgraph scenes world`, or give --show alone"),
        ("--stats", "name a folder, as in `taskgraph scenes world`"),
        ("{tmp}/w --size 16", "size is 16, expected a multiple of 16 from 32 to 2048"),
        ("{tmp}/w --size 70", "size is 70, expected a multiple of 16"),
        ("{tmp}/w --size big", "'big' is not a valid integer"),
        ("{tmp}/w --views 0", "views is 0, expected at least 1"),
        ("{tmp}/w --buildings -1", "buildings is -1, expected at least 1"),
        ("{tmp}/w --seed -1", "seed is -1, expected 0 or a larger whole number"),
        ("{tmp}/w --workers 0", "0 is not in the range x>=1"),
        ("{tmp}/w --domain night", 'no domain "night"; there are day, evening, drawn, loft, phone'),
        ("{tmp}/file", "is a file, expected a folder"),
        ("{tmp}/w --stats", "manifest.json is missing"),
        ("{tmp}/w --show {tmp}/a.png", "manifest.json is missing"),
        ("--show {tmp}/a.jpg", "expected a name that ends in"),
        ("--show {tmp}/a.svg", "a.svg: cannot tell the format, expected a name that ends in .png"),
        ("--show {tmp}/no/a.png", "does not exist; make it first"),
        ("--show --domain night", 'no domain "night"'),
    ],
)
def test_bad_input_is_one_line(arguments, message, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert message in fails(capsys, "scenes", *arguments.format(tmp=tmp_path).split())
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("module", ["embreex", "skimage", "threadpoolctl"])
def test_a_missing_extra_says_how_to_install_it(module, tmp_path, monkeypatch, capsys):
    for name in list(sys.modules):
        if name.startswith(("encoders.scenes", "encoders.codecs.encodings", module)):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    err = fails(capsys, "scenes", tmp_path / "w", "--views", "1")
    assert f"needs {module}" in err
    assert "in the checkout, pip install -c constraints.txt -e '.[scenes]'" in err


def test_help_names_every_domain_and_imports_nothing_heavy():
    text = scenes.get_help(click.Context(scenes))
    assert all(name in text for name in DOMAINS)
    code = (
        "import sys; import encoders.cli.scenes; "
        "print({'torch', 'embreex', 'skimage', 'PIL', 'scipy', 'pandas'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_examples_of_the_help_run(world, tmp_path, monkeypatch, capsys):
    """Each example runs as printed, at a smaller size."""
    examples = re.findall(r"^ +taskgraph (scenes.*)$", scenes.help, re.MULTILINE)
    assert len(examples) == 3
    monkeypatch.chdir(tmp_path)
    for line in examples:
        line = re.sub(r"--buildings \d+ --views \d+ --size \d+", SMALL, line)
        if line == "scenes --show":
            line += " --size 32 --views 5"
        assert run(shlex.split(line.replace("-show --", "-show a.png --"))) == 0, line
    capsys.readouterr()
    assert read_manifest(tmp_path / "world") == read_manifest(world)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for workers in /proc")
def test_ctrl_c_ends_all_workers_and_says_how_to_go_on(tmp_path):
    code = (
        "import sys\n"
        "from encoders.cli.scenes import scenes\n"
        "from taskgraph.cli import run, taskgraph\n"
        "taskgraph.get_command = lambda ctx, name: scenes\n"
        "if __name__ == '__main__': sys.exit(run(sys.argv[1:]))\n"
    )
    script = tmp_path / "command.py"
    script.write_text(code)
    out = tmp_path / "w"
    arguments = [str(out), "--views", "200", "--buildings", "2", "--size", "32", "--workers", "2"]
    process = subprocess.Popen(
        [sys.executable, str(script), "scenes", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    end = time.monotonic() + 60
    while not list(out.glob("point_info/*/*.json")) and time.monotonic() < end:
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    found = re.fullmatch(r"Error: interrupted; (\d+) of 400 views are whole, and .*\n", err)
    assert found, err
    assert int(found[1]) == len(list(out.glob("point_info/*/*.json"))) > 0
    assert not list(Path(out).rglob(".tmp-*"))
    end = time.monotonic() + 20
    while alive := in_group(process.pid):
        assert time.monotonic() < end, f"left behind: {alive}"
        time.sleep(0.05)


def in_group(group):
    """The processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, number = path.read_text().rpartition(")")[2].split()[:3]
            if number == str(group) and state != "Z":
                found.append(path.parent.name)
    return found
