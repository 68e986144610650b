"""Fixtures that tests of suites share with those of encoders: a world that is slow to make."""

from tests.encoders.conftest import shared_world, world_of_14  # noqa: F401  (fixtures)
