"""The public names of `encoders`: each imports, is documented, and is listed in docs/api.md."""

import ast
import doctest
import importlib
import inspect
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

import encoders

ROOT = Path(encoders.__file__).resolve().parents[1]
SECTIONS = re.compile(r"^\| `(\w+)` \| (.+) \|$", re.MULTILINE)


def test_the_page_of_the_api_lists_every_name_in_the_order_of_use():
    listed = SECTIONS.findall((ROOT / "docs" / "api.md").read_text())
    assert [name for name, _ in listed] == list(encoders._PLACE_OF)
    assert set(encoders.__all__) == set(encoders._PLACE_OF)
    assert all(len(text) > 10 for _, text in listed)


@pytest.mark.parametrize("name", encoders.__all__)
def test_every_name_imports_and_is_documented(name):
    value = getattr(encoders, name)
    if isinstance(value, dict):
        assert documented_constant(name)
        return
    assert value.__doc__
    assert value.__doc__ != inspect.getdoc(dict)
    assert not value.__doc__.startswith(f"{name}(")  # what a dataclass without a docstring has


def documented_constant(name):
    """Return whether a string follows the assignment of a constant in its own module."""
    module = importlib.import_module(f"encoders.{encoders._PLACE_OF[name]}")
    folder = Path(module.__file__)
    paths = folder.parent.glob("*.py") if folder.name == "__init__.py" else [folder]
    for path in paths:
        body = ast.parse(path.read_text()).body
        for statement, after in itertools.pairwise(body):
            target = getattr(statement, "target", None) or next(
                iter(getattr(statement, "targets", ())), None
            )
            if isinstance(target, ast.Name) and target.id == name:
                return isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
    return False


def test_no_name_is_hidden_by_a_module():
    modules = {path.stem for path in (ROOT / "encoders").iterdir()}
    assert not modules & set(encoders.__all__)


def test_importing_the_package_imports_no_torch():
    code = "import sys, encoders; dir(encoders); assert not {'torch', 'numpy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'encoders' has no attribute 'lode'"):
        _ = encoders.lode


def test_the_example_of_the_package_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (example,) = doctest.DocTestFinder(recurse=False).find(encoders, "encoders")
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    result = runner.run(example)
    assert result.attempted >= 8
    assert result.failed == 0
