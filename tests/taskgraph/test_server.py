"""The local page: what it shows is what the library solves, and bad settings are sentences."""

import json
import socket
import struct
import threading
import time
from urllib.error import HTTPError
from urllib.request import urlopen

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import SolverError
from taskgraph.server import make_server

ROWS = [("self", "a", 0.5), ("b", "a", 0.3), ("self", "b", 0.6), ("a", "b", 0.2)]


@pytest.fixture
def address():
    table = tg.Transfers(pd.DataFrame(ROWS, columns=["sources", "target", "affinity"]))
    with make_server(table, tg.Problem(budget=1), port=0) as server:
        threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.01), daemon=True
        ).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def get(url):
    with urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_json_follows_the_settings_of_the_request(address):
    assert json.loads(get(f"{address}/taxonomy.json"))["supervised"] == ["b"]
    both = json.loads(get(f"{address}/taxonomy.json?budget=2&objective=linear"))
    assert both["supervised"] == ["a", "b"]
    assert both["objective"] == pytest.approx(1.1)


def test_the_page_shows_the_form_and_the_optimum(address):
    page = get(f"{address}/?budget=2")
    assert 'name="budget" type="number" min="0" step="any" value="2"' in page
    assert "<svg" in page
    assert "Supervise: <b>a, b</b>" in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("budget=five", "budget is &quot;five&quot;, expected a number of at least 0"),
        ("max_order=0", "max_order is 0, expected a whole number of at least 1"),
        ("max_order=" + "9" * 5000, "expected a whole number of at least 1"),
        ("budget=nan", "budget is nan, expected a finite number of at least 0"),
        ("exclude=%3Cscript%3E", "&lt;script&gt;"),
        ("objective=cube", "expected one of sqrt, linear"),
    ],
)
def test_bad_settings_get_400_and_an_escaped_sentence(address, query, words):
    with pytest.raises(HTTPError) as caught:
        get(f"{address}/?{query}")
    assert caught.value.code == 400
    assert words in caught.value.read().decode()


def raw(address, request):
    """The answer to a request that no browser would send."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(request)
        return line.makefile("rb").read()


def test_an_address_that_is_none_gets_400(address):
    answer = raw(address, b"GET http://[x HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert b"is not the address of a page" in answer


def test_a_browser_that_leaves_before_the_answer_prints_no_traceback(address, capfd):
    host, port = address.removeprefix("http://").split(":")
    for _ in range(3):
        line = socket.create_connection((host, int(port)), timeout=10)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        line.close()  # at once, with a reset
    assert "Supervise" in get(address)
    time.sleep(0.5)
    assert "Traceback" not in capfd.readouterr().err


def test_the_solver_that_was_named_solves(monkeypatch):
    table = tg.Transfers(pd.DataFrame(ROWS, columns=["sources", "target", "affinity"]))
    asked = []

    def solve(*arguments, solver):
        asked.append(solver)
        return tg.solve(*arguments, solver=solver)

    monkeypatch.setattr("taskgraph.server.solve", solve)
    with make_server(table, tg.Problem(budget=1), port=0, solver="cbc") as server:
        threading.Thread(
            target=lambda: server.serve_forever(poll_interval=0.01), daemon=True
        ).start()
        address = f"http://127.0.0.1:{server.server_address[1]}"
        assert json.loads(get(f"{address}/taxonomy.json"))["supervised"] == ["b"]
        assert "Supervise: <b>b</b>" in get(address)
        server.shutdown()
    assert asked == ["cbc", "cbc"]


def test_an_unknown_solver_is_refused_before_a_page_is_served():
    table = tg.Transfers(pd.DataFrame(ROWS, columns=["sources", "target", "affinity"]))
    with pytest.raises(SolverError, match='there is no solver "abacus" here; expected one of'):
        make_server(table, tg.Problem(budget=1), port=0, solver="abacus")


def test_an_infeasible_budget_says_why(address):
    assert "no taxonomy within budget 0" in get(f"{address}/?budget=0")
