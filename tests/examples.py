"""The number of examples of a property test: a factor times that of the Hypothesis profile."""

from hypothesis import settings


def examples(*, times):
    """Return settings with ``times`` as many examples as the profile draws, and at least one.

    A test whose examples are slow (it solves by exhaustion, renders or trains) names a factor
    below 1; one whose examples take microseconds a factor above 1. The profiles are registered in
    ``tests/conftest.py``.
    """
    return settings(max_examples=max(1, round(times * settings().max_examples)))
