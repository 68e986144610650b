"""Fixtures that several test modules of encoders share: a world that is slow to make."""

import fcntl
import os

import pytest


@pytest.fixture(scope="session")
def world_of_14(tmp_path_factory):
    """A world of 14 buildings with 6 views each at 64 pixels; tests read it and leave it unchanged.

    The processes of pytest-xdist share it: the first one makes it, the others wait.
    """
    from encoders.scenes.making.make import make

    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "world_of_14"
    place.mkdir(exist_ok=True)
    with open(place / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (place / "made").exists():
            make(place / "world", buildings=14, views=6, size=64, seed=2)
            (place / "made").touch()
    return place / "world"
