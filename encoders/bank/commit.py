"""The commit of this code, which records name."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit() -> str | None:
    """Return the commit of the checkout that this code runs from; None outside of a checkout."""
    output = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True
    )
    return output.stdout.strip() or None
