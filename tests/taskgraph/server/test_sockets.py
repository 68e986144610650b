"""The server on real sockets: slow clients, large bodies, closed tabs, and Ctrl-C."""

import contextlib
import gc
import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import taskgraph as tg
from taskgraph.server import Limits, make_app
from taskgraph.server.serving import listen, uvicorn_server


@contextlib.contextmanager
def serving(app):
    """Run an application in a thread; yields its port."""
    with listen("127.0.0.1", 0) as sock:
        running = uvicorn_server(app)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        try:
            yield sock.getsockname()[1]
        finally:
            running.should_exit = True
            thread.join(5)


def head(path, length, accept="*/*"):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"Accept: {accept}", f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def status_of(answer):
    return int(answer.split(b" ", 2)[1])


def ask(port, document):
    body = json.dumps(document).encode()
    with connected(port) as client:
        client.sendall(head("/api/solve", len(body)) + body)
        return status_of(client.recv(65536))


def within(seconds, condition):
    """Return whether a condition becomes true within ``seconds`` seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_a_slow_client_is_refused_and_keeps_nobody_waiting(small_table):
    with serving(make_app({"small": small_table}, limits=Limits(reading=1.5))) as port:
        with connected(port) as slow:
            slow.sendall(head("/api/solve", 100) + b'{"problem": ')
            assert ask(port, {"problem": {"budget": 1}}) == 200
            answer = slow.recv(65536)
            while b"}" not in answer:
                answer += slow.recv(65536)
        assert status_of(answer) == 408
        assert b"within 1.5 seconds" in answer


def test_of_100_megabytes_only_the_beginning_is_taken(small_table):
    part, sent = b"x" * (1 << 16), 0
    chunk = f"{len(part):x}\r\n".encode() + part + b"\r\n"
    start = head("/api/solve", 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with serving(make_app({"small": small_table})) as port:
        with connected(port) as client:
            client.sendall(head("/api/solve", 100 * 1024 * 1024))
            assert status_of(client.recv(65536)) == 413
        with connected(port) as client:
            client.sendall(start)
            client.settimeout(5)
            with contextlib.suppress(OSError):
                while sent < 100 * 1024 * 1024:
                    client.sendall(chunk)
                    sent += len(part)
        assert sent < 16 * 1024 * 1024, "the limit is 1 MiB; the rest is what sockets buffer"
        assert ask(port, {"problem": {"budget": 1}}) == 200


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_tab_that_closes_in_the_middle_of_a_proof_stops_the_solve(
    small_table, monkeypatch, accept
):
    clocks = []

    def solve(transfers, problem, *, solver, clock):
        clocks.append(clock)
        while not clock.over:
            time.sleep(0.01)
        return tg.solve(transfers, problem, solver=solver)

    monkeypatch.setattr("taskgraph.server.answers.solve", solve)
    with serving(make_app({"small": small_table}, limits=Limits(solving=60))) as port:
        client = connected(port)
        client.sendall(head("/api/solve", 2, accept) + b"{}")
        assert within(10, lambda: clocks)
        if "ndjson" in accept:
            assert b"started" in client.recv(65536) + client.recv(65536)
        assert not clocks[0].stop.is_set()
        client.close()
        assert within(5, clocks[0].stop.is_set)


ENDLESS = """
import sys, time
import taskgraph.server.answers as answers
from taskgraph.cli import run
from taskgraph.taxonomy import Taxonomy
def endless(transfers, problem, *, solver, clock):
    print("solving", file=sys.stderr, flush=True)
    while not clock.over:
        time.sleep(0.01)
    return Taxonomy("unknown", None, None, 5, 0, 5, "sqrt")
answers.solve = endless
sys.exit(run(["serve", "--port", "0"]))
"""


@pytest.mark.slow
def test_ctrl_c_ends_the_server_within_two_seconds_in_the_middle_of_a_proof():
    command = [sys.executable, "-c", ENDLESS]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        port = int(server.stderr.readline().split("/")[2].split(":")[1])
        with connected(port) as client, connected(port):
            client.sendall(head("/api/solve", 2) + b"{}")
            assert server.stderr.readline() == "solving\n"
            start = time.monotonic()
            server.send_signal(signal.SIGINT)
            printed = server.stderr.readline()  # what follows is the end of the interpreter
            elapsed = time.monotonic() - start
            printed, answer = printed + server.stderr.read(), client.recv(65536)
            code = server.wait(60)
    assert code == 0
    assert printed == "stopped\n"
    assert status_of(answer) == 200, "the open request gets the best taxonomy so far"
    assert elapsed < 2, f"{elapsed:.2f} s"


def test_an_error_that_nobody_waits_for_is_not_printed(small_table, monkeypatch, caplog):
    started, going = threading.Event(), threading.Event()

    def read(*_, **__):
        started.set()
        going.wait(10)
        raise tg.TaskgraphError("a table that cannot be read")

    monkeypatch.setattr("taskgraph.server.app.transfers_from_upload", read)
    with serving(make_app({"small": small_table})) as port:
        client = connected(port)
        client.sendall(head("/api/tables", 3) + b"a,b")
        assert started.wait(10)
        client.close()
        time.sleep(0.3)
        going.set()
        assert ask(port, {"problem": {"budget": 1}}) == 200
        gc.collect()
        time.sleep(0.1)
    assert "never retrieved" not in caplog.text
