"""Every page of results is what its records say, and names its commit, seed and command."""

import re
import shutil

import matplotlib
import pytest

from benchmarks.cli import index
from benchmarks.cli.registry import PACKAGES, load
from benchmarks.results.machine import RESULTS, ROOT
from benchmarks.results.record import FILE, read_records
from benchmarks.results.suite import PAGE

UNMEASURED: set[str] = set()
"""Suites that have not been measured yet; each must go once it has results."""

MEASURED = [name for name in PACKAGES if name not in UNMEASURED]


def pinned():
    """Return whether matplotlib is the one that drew the committed figures."""
    wanted = f"matplotlib=={matplotlib.__version__}"
    return wanted in (ROOT / "constraints.txt").read_text()


def test_every_folder_of_results_is_a_suite_with_records():
    folders = {path.name for path in RESULTS.iterdir() if path.is_dir()}
    assert folders - {"live"} == set(MEASURED), "live holds screenshots and a load test"
    for name in MEASURED:
        assert load(name).name == name
        assert {each.suite for each in read_records(RESULTS / name)} == {name}


@pytest.mark.parametrize("name", MEASURED)
def test_the_committed_page_is_rendered_from_the_committed_records(name, tmp_path):
    """Without the page and the figures beside them; the figures are the same bytes, too."""
    figures = {path.name for path in (RESULTS / name).iterdir() if path.suffix in (".svg", ".png")}
    hidden = shutil.ignore_patterns(PAGE, *(figures if name == "payoff" else ()), "*.safetensors")
    shutil.copytree(RESULTS / name, tmp_path / name, ignore=hidden)
    page = load(name).write_page(tmp_path / name)
    assert page == (RESULTS / name / PAGE).read_text()
    assert page == (tmp_path / name / PAGE).read_text()
    for figure in figures if name == "payoff" and pinned() else ():
        assert (tmp_path / name / figure).read_bytes() == (RESULTS / name / figure).read_bytes()


@pytest.mark.parametrize("name", MEASURED)
def test_each_page_shows_only_files_that_are_there(name):
    page = (RESULTS / name / PAGE).read_text()
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        if "://" not in link:
            assert (RESULTS / name / link).exists(), link


def test_the_page_of_all_suites_is_rendered_from_the_records():
    page = (RESULTS / PAGE).read_text()
    assert page == index.render(RESULTS)
    for suite in (load(name) for name in MEASURED):
        assert f"[{suite.name}]({suite.name}/README.md) | {suite.question} | " in page
        assert (RESULTS / suite.name / FILE).exists()


def test_readme_lists_the_suites_that_are_measured_and_names_the_others():
    text = " ".join((ROOT / "README.md").read_text().split())
    for name in MEASURED:
        assert f"| [results/{name}](results/{name}/README.md) |" in text
    named = re.search(r"The suites? (.*?) (?:are|is) not measured yet", text)
    assert set(re.findall(r"`(\w+)`", named[1] if named else "")) == UNMEASURED
