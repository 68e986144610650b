"""The packages of benchmarks: imports go one way, and every suite has the same modules."""

import pytest

from benchmarks.cli.registry import PACKAGES
from benchmarks.results.machine import ROOT
from tests.test_frame import imports_of

FOLDER = ROOT / "benchmarks"
SUITES = sorted(name for name, package in PACKAGES.items() if package == f"benchmarks.{name}")
LEFT = {
    "results": set(),
    "data": {"results"},
    "learning": {"results", "data"},
    **{name: {"results", "data", "learning"} for name in [*SUITES, "adaptation"]},
    "speed": {"results", "data", "learning", *SUITES},
    "cli": {"results", "data", "learning", "speed", *SUITES},
}
"""What each package may import beside itself; no suite imports another."""


def test_the_tree_is_the_order():
    assert {p.parent.name for p in FOLDER.glob("*/__init__.py")} == set(LEFT)
    assert {p.name for p in FOLDER.glob("*.py")} == {"__init__.py"}


@pytest.mark.parametrize("package", LEFT)
def test_imports_go_one_way(package):
    for path in (FOLDER / package).rglob("*.py"):
        for name in imports_of(path, "benchmarks"):
            top = name.removeprefix("benchmarks").lstrip(".").split(".")[0]
            assert top in {package, "", *LEFT[package]}, f"{path.name} imports {name}"


@pytest.mark.parametrize(("name", "package"), PACKAGES.items())
def test_every_suite_has_settings_a_run_and_a_page(name, package):
    folder = ROOT / package.replace(".", "/")
    assert {"__init__", "settings", "run", "page"} <= {p.stem for p in folder.glob("*.py")}


def test_settings_of_suites_import_neither_torch_nor_methods():
    """The list of suites and their help must be quick."""
    for package in PACKAGES.values():
        path = ROOT / package.replace(".", "/") / "settings.py"
        assert imports_of(path, "benchmarks") <= {
            f"benchmarks.results.suite{end}"
            for end in ("", ".Suite", ".option", ".SMOKE", ".CPU", ".PAPER")
        } | {f"{package}.own_settings{end}" for end in ("", ".OwnSettings")}
        assert not imports_of(path, "encoders")
