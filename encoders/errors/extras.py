"""What to install where a package is missing: the extra that has it, and the line that installs it.

Which extra has which package is read from ``pyproject.toml`` in a checkout, and from the metadata
of the installed distribution elsewhere.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import importlib.util
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from encoders.errors import MissingPackageError

DISTRIBUTION = "taskgraph-transfer"
"""What pip calls this project; it is imported, and called, as ``taskgraph``."""

PACKAGE_OF = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}
"""What pip calls a module whose package has another name."""

DEVELOPMENT = ("test", "dev")
"""The extras for work on this project; nobody else is asked to install them."""

OURS = ("taskgraph", "encoders", "benchmarks")
CHECKOUT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def extra_installed(extra: str) -> Iterator[None]:
    """Say how to install what is missing inside.

    ``extra`` is what the code inside needs. It is named where it has the missing package, and
    `extra_of` decides where it has not.

    Raises
    ------
    MissingPackageError
        If an import inside finds no such module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = error.name or ""
        if name.partition(".")[0] in OURS or _only_a_part(name):
            raise
        raise missing(f"this needs {name}", name, extra) from None


def missing(needs: str, module: str, wanted: str = "") -> MissingPackageError:
    """The error that says what needs a module that is not installed, and what installs it."""
    return MissingPackageError(f"{needs}, which is not installed: {remedy(module, wanted)}")


def remedy(module: str, wanted: str = "") -> str:
    """The command that installs a module: its extra, or its package where no extra has it."""
    package = package_of(module)
    extra = extra_of(package, wanted)
    if extra is None:
        return f"pip install {package}"
    extra = f"[{extra}]" if extra else ""
    if in_checkout():
        return f"in the checkout, pip install -c constraints.txt -e '.{extra}'"
    return f"pip install '{DISTRIBUTION}{extra}'"


def extra_of(package: str, wanted: str = "") -> str | None:
    """The extra that installs a package: ``wanted`` where that has it, else the smallest.

    It is "" where the package is installed without any extra, and None where no extra has it but
    those in `DEVELOPMENT`.
    """
    extras = packages_of_extras()
    having = [
        extra
        for extra, packages in extras.items()
        if package in packages and extra not in DEVELOPMENT
    ]
    if "" in having or not having:
        return "" if having else None
    return wanted if wanted in having else min(having, key=lambda extra: len(extras[extra]))


def package_of(module: str) -> str:
    """What pip calls the package of a module."""
    top = module.partition(".")[0]
    return _normal(PACKAGE_OF.get(top, top))


def in_checkout() -> bool:
    """Whether this code runs from a checkout, installed in place or not."""
    path = CHECKOUT / "pyproject.toml"
    if not path.is_file():
        return False
    name: object = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}).get("name")
    return name == DISTRIBUTION


@functools.cache
def packages_of_extras() -> dict[str, frozenset[str]]:
    """The packages that each extra installs, other extras that it takes in included.

    Those that are installed without any extra have the name "".
    """
    listed = _listed()
    return {extra: _with_own_extras(extra, listed) for extra in listed}


def _with_own_extras(extra: str, listed: Mapping[str, list[str]]) -> frozenset[str]:
    found: set[str] = set()
    for requirement in listed[extra]:
        package, inner = _parts(requirement)
        if package != DISTRIBUTION:
            found.add(package)
        for name in inner if package == DISTRIBUTION else ():
            found |= _with_own_extras(name, listed)
    return frozenset(found)


def _listed() -> dict[str, list[str]]:
    """The requirements of each extra as they are written down, and of "", none."""
    if in_checkout():
        text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
        project = tomllib.loads(text)["project"]
        return {"": project["dependencies"], **project["optional-dependencies"]}
    try:
        metadata = importlib.metadata.metadata(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return {}
    listed: dict[str, list[str]] = {"": []}
    listed |= {extra: [] for extra in metadata.get_all("Provides-Extra") or ()}
    for requirement in metadata.get_all("Requires-Dist") or ():
        marker = re.search(r"""\bextra\s*==\s*["']([^"']+)["']""", requirement)
        listed[marker[1] if marker else ""].append(requirement)
    return listed


def _parts(requirement: str) -> tuple[str, list[str]]:
    """The package of a requirement, and the extras of it that are asked for."""
    found = re.match(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?", requirement)
    assert found, requirement
    return _normal(found[1]), [name.strip() for name in (found[2] or "").split(",") if name.strip()]


def _normal(name: str) -> str:
    """A package's name as the index has it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _only_a_part(name: str) -> bool:
    """Whether the module's package is there, and only a part of it is missing."""
    if "." not in name:
        return False
    try:
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ModuleNotFoundError, ValueError):
        return False
