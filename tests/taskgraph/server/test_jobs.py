"""Solves beside the event loop: a queue of limited length, progress, and how each is stopped."""

import asyncio
import json
import threading
import time

import pytest

import taskgraph as tg
from taskgraph.server import Limits, answers, make_app
from taskgraph.server.answers import LINES
from taskgraph.server.jobs import Jobs, SolveJob
from taskgraph.server.refusals import RefusedRequestError


def test_as_many_wait_as_the_limit_says_and_the_next_one_is_refused():
    async def crowd():
        jobs, gate = Jobs(Limits(solvers=1, waiting=256)), threading.Event()
        tasks = [asyncio.create_task(jobs.run(gate.wait, SolveJob())) for _ in range(257)]
        await asyncio.sleep(0.05)
        assert jobs.waiting == 256
        with pytest.raises(RefusedRequestError, match="256 requests wait for a solver") as caught:
            await jobs.run(gate.wait, SolveJob())
        gate.set()
        assert all(await asyncio.gather(*tasks))
        assert jobs.waiting == 0
        jobs.close()
        return caught.value

    refused = asyncio.run(crowd())
    assert (refused.status, refused.retry_after) == (503, 2)


def test_a_job_that_is_cancelled_is_stopped_and_keeps_its_place_until_it_has_ended():
    async def leave():
        jobs, job, ended = Jobs(Limits(solvers=1)), SolveJob(), threading.Event()

        def work():
            job.stop.wait(5)
            time.sleep(0.1)
            ended.set()

        task = asyncio.create_task(jobs.run(work, job))
        await asyncio.sleep(0.05)
        task.cancel()
        await jobs.run(lambda: None, SolveJob())
        assert ended.is_set()
        jobs.close()
        return job.stop.is_set()

    assert asyncio.run(leave())


def test_a_waiting_job_that_is_cancelled_leaves_the_queue():
    async def leave():
        jobs, gate = Jobs(Limits(solvers=1)), threading.Event()
        first = asyncio.create_task(jobs.run(gate.wait, SolveJob()))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(jobs.run(gate.wait, SolveJob()))
        await asyncio.sleep(0.02)
        second.cancel()
        await asyncio.sleep(0.02)
        assert jobs.waiting == 0
        gate.set()
        assert await first
        jobs.close()

    asyncio.run(leave())


@pytest.fixture
def long_proof(monkeypatch):
    """`solve` that proves nothing until its clock is stopped; the list of its clocks."""
    clocks = []

    def solve(transfers, problem, *, solver, clock):
        clocks.append(clock)
        while not clock.over:
            if clock.callback:
                clock.callback(1.0, 2.5, 7)
            time.sleep(0.01)
        return tg.solve(transfers, problem, solver=solver)

    monkeypatch.setattr("taskgraph.server.answers.solve", solve)
    return clocks


def test_a_long_proof_reports_its_progress_and_can_be_stopped(opened, long_proof, monkeypatch):
    """The proof is stopped once a report has been sent, so that no clock decides what is sent."""
    write = answers._line

    def stop_after_a_report(**content):
        if "value" in content:
            for clock in long_proof:
                clock.stop.set()
        return write(**content)

    monkeypatch.setattr(answers, "_line", stop_after_a_report)
    with opened() as client:
        with client.stream("POST", "/api/solve", json={}, headers={"accept": LINES}) as answer:
            assert answer.headers["content-type"] == LINES
            lines = [json.loads(line) for line in answer.iter_lines()]
        stopped = client.post("/api/stop", json={"run": lines[0]["run"]}).status_code
    assert [lines[0]["event"], lines[-1]["event"]] == ["started", "done"]
    reports = [line for line in lines if "value" in line]
    assert reports[0] == {"event": "progress", "seconds": reports[0]["seconds"], "value": 1.0,
                          "bound": 2.5, "nodes": 7}  # fmt: skip
    assert lines[-1]["taxonomy"]["status"] == "optimal"
    assert stopped == 404


def test_the_stop_button_stops_the_run_of_its_name(small_table, long_proof):
    """Two requests at once, so the application runs in one event loop here."""

    async def press():
        app = make_app({"small": small_table})
        sent = []

        async def send(message):
            sent.append(message)

        solving = asyncio.create_task(app(*call("/api/solve", {}, send, accept=LINES)))
        while not any(message.get("body") for message in sent):
            await asyncio.sleep(0.01)
        run = json.loads(next(m["body"] for m in sent if m.get("body")))["run"]
        answers = []

        async def keep(message):
            answers.append(message)

        await app(*call("/api/stop", {"run": run}, keep))
        await solving
        return answers, [m["body"] for m in sent if m.get("body")]

    answers, lines = asyncio.run(press())
    assert answers[0]["status"] == 200
    assert json.loads(lines[-1])["event"] == "done"


def call(path, document, send, accept="*/*", leaves=()):
    """Scope, receive and send of a request; the client goes once ``leaves`` holds something."""
    body, first = json.dumps(document).encode(), []

    async def receive():
        if not first:
            first.append(True)
            return {"type": "http.request", "body": body, "more_body": False}
        while not leaves:
            await asyncio.sleep(0.01)
        return {"type": "http.disconnect"}

    headers = [
        (b"host", b"127.0.0.1"),
        (b"content-type", b"application/json"),
        (b"accept", accept.encode()),
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": headers,
        "server": ("127.0.0.1", 80),
    }
    return scope, receive, send


@pytest.mark.parametrize("accept", ["application/json", LINES])
def test_a_closed_tab_stops_the_solve(small_table, long_proof, accept):
    async def close():
        app = make_app({"small": small_table})

        async def send(message):
            pass

        await app(*call("/api/solve", {}, send, accept=accept, leaves=long_proof))

    asyncio.run(asyncio.wait_for(close(), 60))
    assert [clock.stop.is_set() for clock in long_proof] == [True]


def test_an_error_after_the_first_line_is_a_line(opened, monkeypatch):
    def solve(*_, **__):
        time.sleep(0.5)
        raise tg.TaskgraphError("the solver broke")

    monkeypatch.setattr("taskgraph.server.answers.solve", solve)
    with opened() as client:
        answer = client.post("/api/solve", json={}, headers={"accept": LINES})
    assert json.loads(answer.text.splitlines()[-1]) == {
        "event": "error", "status": 422, "error": "the solver broke"
    }  # fmt: skip


def test_stop_needs_the_name_of_a_run(client):
    for document, status in (({}, 422), ({"run": 3}, 422), ({"run": "x"}, 404)):
        answer = client.post("/api/stop", json=document)
        assert answer.status_code == status
        assert "run" in answer.json()["error"]


def test_a_full_queue_is_503_with_the_seconds_to_wait(opened, monkeypatch):
    with opened(limits=Limits(waiting=0)) as client:
        answer = client.post("/api/solve", json={})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "wait for a solver already" in answer.json()["error"]
