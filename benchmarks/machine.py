"""What a result was made with: the commit, the packages, the machine; no place on a disk."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
"""The checkout, whose ``results`` hold what is measured."""


def machine(*packages: str) -> dict[str, Any]:
    """Versions of Python and of these packages, the platform, and the number of cores."""
    return {
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
    }


def commit() -> str | None:
    """The commit that is checked out, or None outside of a checkout."""
    command = ["git", "rev-parse", "HEAD"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    return found.stdout.strip() or None
