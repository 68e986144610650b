"""Requirements of a release: dates and names in the changelog, one version, CI and hooks."""

import re
import tomllib
from pathlib import Path

from tests.test_frame import ORDER

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_newest_section_is_unreleased_and_each_other_one_has_its_version_and_date():
    sections = re.findall(r"^## (.+)$", CHANGELOG, re.M)
    assert sections[0] == "Unreleased"
    for section in sections[1:]:
        assert re.fullmatch(r"\d+\.\d+\.\d+ - 20\d\d-\d\d-\d\d", section), section


def is_module(name):
    """Return whether a dotted name is a module or package of the checkout."""
    place = ROOT / name.replace(".", "/")
    return place.is_dir() or place.with_suffix(".py").exists()


def test_the_table_of_renamed_modules_leads_to_modules_that_exist():
    rows = re.findall(r"^\| `(encoders[.\w]+)` \| `(encoders[.\w]+)` \|$", CHANGELOG, re.M)
    modules = [(old, new) for old, new in rows if new.islower()]
    assert len(modules) >= 32
    for old, new in modules:
        assert is_module(new) or is_module(new.rpartition(".")[0]), new
        assert not is_module(old) or new.startswith(f"{old}."), old


def test_the_citation_has_the_projects_version_and_the_paper():
    citation = (ROOT / "CITATION.cff").read_text()
    assert f"\nversion: {PROJECT['project']['version']}\n" in citation
    assert "doi: 10.1109/CVPR.2018.00391" in citation


def test_the_workflow_runs_the_script_of_ci_on_each_version_from_the_least():
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    versions = re.findall(r'"(3\.\d+)"', workflow)
    assert f">={versions[0]}" == PROJECT["project"]["requires-python"]
    assert len(versions) == 3
    assert "run: bash .ci/run" in workflow


def test_hooks_and_ci_run_the_same_tools():
    hooks = re.findall(r"entry: (\w+)", (ROOT / ".pre-commit-config.yaml").read_text())
    script = (ROOT / ".ci" / "run").read_text()
    assert set(hooks) == {"ruff", "mypy"}
    for tool in (*hooks, "pytest -m browser"):
        assert f".venv/bin/{tool}" in script


def test_contributing_has_the_order_of_encoders_and_a_row_for_each_package():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    assert f"\n`{ORDER['encoders']}`.\n" in page
    for package in ORDER["encoders"].split(" < "):
        assert f"\n| `{package}` | " in page, package
