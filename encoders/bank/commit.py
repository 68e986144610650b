"""The commit of this code, which records name."""

from __future__ import annotations

import subprocess
from pathlib import Path


def commit(folder: Path = Path(__file__).parent) -> str | None:
    """Return the commit of a checkout, by default this code's; None outside of a checkout."""
    output = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True
    )
    return output.stdout.strip() or None
