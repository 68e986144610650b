"""A small table, and the application as a client sees it."""

import contextlib

import pandas as pd
import pytest
from starlette.testclient import TestClient

import taskgraph as tg
from taskgraph.server import make_app

ROWS = [
    ("self", "a", 0.5, 0.9, 0.5),
    ("b", "a", 0.3, 0.7, 0.3),
    ("self", "b", 0.6, 0.8, 0.5),
    ("a", "b", 0.2, 0.6, 0.2),
    ("a", "c", 0.2, 0.5, 0.2),
    ("b", "c", 0.3, 0.6, 0.3),
    ("b+a", "c", 0.4, 0.7, 0.4),
]
COLUMNS = ["sources", "target", "affinity", "gain", "quality"]


@pytest.fixture(scope="session")
def small_table():
    return tg.Transfers(pd.DataFrame(ROWS, columns=COLUMNS))


@pytest.fixture(scope="session")
def opened(small_table):
    """A context manager that yields a client of a new application."""

    @contextlib.contextmanager
    def open_client(problem=None, **settings):
        app = make_app({"small": small_table}, problem, **settings)
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            yield client

    return open_client


@pytest.fixture(scope="module")
def client(opened):
    with opened(tg.Problem(budget=1)) as client:
        yield client
