"""Errors about missing packages, which name the extra that installs them.

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
"""Name of this project's distribution; packages and command are called ``taskgraph``."""

PACKAGE_OF = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn"}
"""Names of distributions that differ from the names of their modules."""

DEVELOPMENT = ("test", "dev")
"""The extras for work on this project; nobody else is asked to install them."""

OURS = ("taskgraph", "encoders", "benchmarks")
CHECKOUT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def extra_installed(extra: str) -> Iterator[None]:
    """Raise a missing module within the block as an error that says how to install it.

    Parameters
    ----------
    extra : str
        The extra that the block needs. The message names it if it has the missing package, and
        otherwise the extra that `extra_of` finds.

    Raises
    ------
    MissingPackageError
        If an import within the block finds no such module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        name = error.name or ""
        if name.partition(".")[0] in OURS or _package_exists(name):
            raise
        raise missing(f"this needs {name}", name, extra) from None


def missing(needs: str, module: str, wanted: str = "") -> MissingPackageError:
    """Return the error for a missing module: what needs it, and the command that installs it."""
    return MissingPackageError(f"{needs}, which is not installed: {remedy(module, wanted)}")


def remedy(module: str, wanted: str = "") -> str:
    """Return the command that installs a module, in a checkout through its extra.

    Elsewhere it names all packages of the extra: no package index has this project's distribution.
    """
    package = package_of(module)
    extra = extra_of(package, wanted)
    if extra is not None and in_checkout():
        brackets = f"[{extra}]" if extra else ""
        return f"in the checkout, pip install -c constraints.txt -e '.{brackets}'"
    packages = packages_of_extras()[extra] if extra else {package}
    return f"pip install {' '.join(sorted(packages))}"


def extra_of(package: str, wanted: str = "") -> str | None:
    """Return the extra that installs a package: ``wanted`` if it does, else the smallest one.

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
    """Return the name of the distribution that has a module."""
    top = module.partition(".")[0]
    return _normal(PACKAGE_OF.get(top, top))


def in_checkout() -> bool:
    """Return whether this code runs from a checkout of the repository."""
    path = CHECKOUT / "pyproject.toml"
    if not path.is_file():
        return False
    name: object = tomllib.loads(path.read_text(encoding="utf-8")).get("project", {}).get("name")
    return name == DISTRIBUTION


@functools.cache
def packages_of_extras() -> dict[str, frozenset[str]]:
    """Return the packages that each extra installs, with those of extras it refers to.

    The key "" has the packages that are installed without any extra.
    """
    listed = _listed()
    return {extra: _with_own_extras(extra, listed) for extra in listed}


def _with_own_extras(extra: str, listed: Mapping[str, list[str]]) -> frozenset[str]:
    """Return the packages of an extra, and of this project's extras among its requirements."""
    packages: set[str] = set()
    for requirement in listed[extra]:
        package, inner = _parts(requirement)
        if package != DISTRIBUTION:
            packages.add(package)
        for name in inner if package == DISTRIBUTION else ():
            packages |= _with_own_extras(name, listed)
    return frozenset(packages)


def _listed() -> dict[str, list[str]]:
    """Return the requirements of each extra as declared; under "", those without any extra."""
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
    """Return the package of a requirement, and the extras of that package that it names."""
    match = re.match(r"\s*([\w.-]+)\s*(?:\[([^\]]*)\])?", requirement)
    assert match, requirement
    return _normal(match[1]), [name.strip() for name in (match[2] or "").split(",") if name.strip()]


def _normal(name: str) -> str:
    """Return a package's name, normalized as package indexes do."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _package_exists(name: str) -> bool:
    """Return whether a submodule is missing although its top-level package is installed."""
    if "." not in name:
        return False
    try:
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ModuleNotFoundError, ValueError):
        return False
