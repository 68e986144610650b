"""Fixtures that several test modules of encoders share: worlds, which are slow to make."""

import fcntl
import os

import pytest


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory):
    """Return a function that makes a world once; tests read it and leave it unchanged.

    It takes the keywords of `make`. The processes of pytest-xdist share the worlds: the first one
    that asks for a world makes it, the others wait.
    """
    from encoders.scenes.making.make import make

    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(**keywords):
        place = base / "-".join(["shared", *(f"{key}{keywords[key]}" for key in sorted(keywords))])
        place.mkdir(exist_ok=True)
        with open(place / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (place / "made").exists():
                make(place / "world", **keywords)
                (place / "made").touch()
        return place / "world"

    return made


@pytest.fixture(scope="session")
def world_of_14(shared_world):
    """A world of 14 buildings with 6 views each at 64 pixels."""
    return shared_world(buildings=14, views=6, size=64, seed=2)
