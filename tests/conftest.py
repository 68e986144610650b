"""What several tests share: the folder of published data beside the repository."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared():
    """The folder of published tables; the test is skipped where a checkout has none."""
    if not SHARED.is_dir():
        pytest.skip("the published tables (../shared) are not here; the project holds no copies")
    return SHARED
