"""Provenance of results: the commit, the versions of packages, and the machine (no paths)."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the checkout."""

RESULTS = ROOT / "results"

TASKONOMY = ROOT.parent / "shared" / "taskonomy"
"""Folder of the published Taskonomy measurements, unless a user names another one."""


def machine(*packages: str) -> dict[str, Any]:
    """Return the versions of Python and of these packages, the platform and the number of cores.

    Returns
    -------
    dict
        ``python`` and each package by its name: text. ``platform``, such as ``Linux x86_64``, and
        ``cores``, a number.
    """
    return {
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }
