"""The server admits this machine's own names, its own pages, and holders of the token."""

import pytest

from taskgraph.server.security import is_loopback, page_policy
from taskgraph.server.serving import Address, address_of, listen


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("localhost", True),
        ("::1", True),
        ("[::1]", True),
        ("127.8.8.8", True),
        ("0.0.0.0", False),
        ("192.168.1.5", False),
        ("example.org", False),
        ("", False),
    ],
)
def test_loopback_is_this_machine_only(host, expected):
    assert is_loopback(host) is expected


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_a_name_that_another_site_made_point_here_is_refused(client, host):
    answer = client.get("/", headers={"host": host})
    assert answer.status_code == 403
    assert "answers to 127.0.0.1 and localhost" in answer.json()["error"]


@pytest.mark.parametrize("host", ["localhost:8000", "[::1]:8000", "127.0.0.1"])
def test_names_of_this_machine_are_served(client, host):
    assert client.get("/api/tables", headers={"host": host}).status_code == 200


def test_requests_of_other_pages_are_refused(client):
    for origin, status in (("http://evil.example", 403), ("http://127.0.0.1:8000", 200)):
        answer = client.post("/api/solve", json={}, headers={"origin": origin})
        assert answer.status_code == status
    assert client.post("/api/solve", json={}, headers={"origin": "null"}).status_code == 403


def test_elsewhere_the_token_is_needed_and_moves_into_a_cookie(opened):
    with opened(token="s3cret", any_host=True) as client:
        refused = client.get("/", headers={"host": "10.0.0.5"})
        assert refused.status_code == 401
        assert "the address that the command printed" in refused.json()["error"]
        assert client.get("/?token=wrong").status_code == 401
        bearer = {"authorization": "Bearer s3cret"}
        assert client.post("/api/solve", json={}, headers=bearer).status_code == 200
        assert client.post("/api/solve", json={}).status_code == 401
        moved = client.get("/?token=s3cret&x=1", follow_redirects=False)
        assert (moved.status_code, moved.headers["location"]) == (303, "/?x=1")
        cookie = moved.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert client.post("/api/solve", json={}).status_code == 200


def test_an_address_with_two_slashes_stays_on_this_server(opened):
    with opened(token="s3cret", any_host=True) as client:
        moved = client.get(
            "http://127.0.0.1:8000//evil.example/?token=s3cret", follow_redirects=False
        )
        assert moved.headers["location"].startswith("/evil.example")


def test_every_answer_has_the_headers(client):
    for path in ("/", "/nowhere", "/api/tables"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"


def test_the_policy_allows_own_scripts_and_requests_only():
    policy = dict(part.split(" ", 1) for part in page_policy("N").split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'nonce-N'"
    assert policy["style-src"] == "'nonce-N'"
    assert policy["connect-src"] == "'self'"
    assert "unsafe" not in page_policy("N")


def test_an_address_beyond_this_machine_gets_a_random_token():
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        assert address_of(sock, "127.0.0.1") == Address("127.0.0.1", port)
        one, other = (address_of(sock, "0.0.0.0") for _ in range(2))
    assert len(one.token) >= 32
    assert one.token != other.token
    assert one.url == f"http://0.0.0.0:{port}/?token={one.token}"
    assert Address("::1", 80).url == "http://[::1]:80/"
