"""Fixtures that tests of suites share with those of encoders: a world that is slow to make."""

from tests.encoders.conftest import world_of_14  # noqa: F401  (a fixture)
