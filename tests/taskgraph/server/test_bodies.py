"""Bodies are read only up to the limit, and only as long as the client sends them."""

import asyncio

import pytest
from starlette.requests import Request

from taskgraph.server import Limits
from taskgraph.server.bodies import read_body
from taskgraph.server.refusals import ClientGoneError, RefusedRequestError

MEGABYTE = 1 << 20


def request(messages, headers=()):
    """Return a request whose body comes in these messages, and the messages not yet taken."""
    left = list(messages)

    async def receive():
        if not left:
            await asyncio.sleep(60)
        return left.pop(0)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": list(headers)}
    return Request(scope, receive), left


def part(size, more=True):
    return {"type": "http.request", "body": b"x" * size, "more_body": more}


def test_100_megabytes_are_stopped_while_they_are_read():
    asked, left = request([part(MEGABYTE)] * 100)
    with pytest.raises(RefusedRequestError, match="larger than 3,145,728 bytes") as caught:
        asyncio.run(read_body(asked, 3 * MEGABYTE, seconds=5))
    assert caught.value.status == 413
    assert len(left) == 96


def test_a_length_beyond_the_limit_is_refused_before_anything_is_read():
    for length in (b"5000000", b"9" * 400):
        asked, left = request([part(1, more=False)], [(b"content-length", length)])
        with pytest.raises(RefusedRequestError, match="larger than"):
            asyncio.run(read_body(asked, MEGABYTE, seconds=5))
        assert len(left) == 1


def test_a_body_at_the_limit_is_read():
    asked, _ = request([part(MEGABYTE - 5), part(5, more=False)])
    assert len(asyncio.run(read_body(asked, MEGABYTE, seconds=5))) == MEGABYTE


def test_a_slow_client_is_told_so():
    asked, _ = request([part(5)])
    with pytest.raises(RefusedRequestError, match=r"within 0.1 seconds; send it again") as caught:
        asyncio.run(read_body(asked, MEGABYTE, seconds=0.1))
    assert caught.value.status == 408


def test_a_client_that_leaves_in_between_gets_no_answer():
    asked, _ = request([part(5), {"type": "http.disconnect"}])
    with pytest.raises(ClientGoneError):
        asyncio.run(read_body(asked, MEGABYTE, seconds=5))


def test_the_application_stops_reading_too(opened):
    with opened(limits=Limits(body=1000, upload=2000)) as client:
        for path, size in (("/api/solve", 1001), ("/api/tables", 2001)):
            answer = client.post(
                path, content=b"x" * size, headers={"content-type": "application/json"}
            )
            assert answer.status_code == 413
            assert "which this server accepts at most" in answer.json()["error"]
