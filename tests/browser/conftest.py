"""Debian's chromium, driven by playwright, and axe-core from npm; CI needs them, others skip."""

import os
import shutil
import threading
import time
from pathlib import Path

import pytest

import taskgraph as tg

AXE = os.environ.get("AXE_CORE", "")
"""The file axe.min.js of npm's axe-core; `.ci/run` sets it."""

VIEWPORTS = {"desktop": (1280, 800), "phone": (390, 844)}


def missing(what):
    """Skip a test; in CI, where nothing may be missing, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; .ci/run installs it")
    pytest.skip(what)


@pytest.fixture(scope="session")
def browser():
    """Chromium without a window."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed (pip install -c constraints.txt -e '.[dev]')")
    program = shutil.which("chromium")
    if program is None:
        missing("there is no chromium (apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe():
    """The source of axe-core."""
    if not Path(AXE).is_file():
        missing("AXE_CORE names no file (npm install axe-core; its axe.min.js)")
    return Path(AXE).read_text()


class Watched:
    """A page, with everything that it requested and every error that it printed."""

    def __init__(self, page):
        self.page, self.requests, self.errors = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._said)

    def _said(self, message):
        if message.type == "error" and "status of 4" not in message.text:
            self.errors.append(message.text)

    def outside(self, own):
        """Return requests to anything but the page's own address."""
        inner = ("data:", "blob:", own)
        return [url for url in self.requests if not url.startswith(inner)]


@pytest.fixture
def open_page(browser):
    """A function that opens an address and returns it watched; all are closed in the end."""
    contexts = []

    def opened(url, viewport="desktop", **settings):
        width, height = VIEWPORTS[viewport]
        context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, **settings
        )
        contexts.append(context)
        watched = Watched(context.new_page())
        watched.page.set_default_timeout(60_000)
        watched.page.goto(url)
        return watched

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def table():
    return tg.default_transfers()


@pytest.fixture(scope="session")
def server(table):
    """The address of a running server with the table that comes with the library."""
    from taskgraph.server import make_app
    from taskgraph.server.serving import listen, uvicorn_server

    with listen("127.0.0.1", 0) as sock:
        running = uvicorn_server(make_app({"shipped": table}, tg.Problem(budget=5)))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [sock]}, daemon=True)
        thread.start()
        while not running.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/"
        running.should_exit = True
        thread.join(5)


def violations(watched, axe):
    """Return the violations that axe-core finds, one line each; also of its best practices."""
    # With the page's policy, scripts cannot be added; the debugger's evaluation can.
    session = watched.page.context.new_cdp_session(watched.page)
    session.send("Runtime.evaluate", {"expression": axe})
    found = session.send(
        "Runtime.evaluate",
        {
            "expression": "axe.run(document, {resultTypes: ['violations']}).then(r => "
            "JSON.stringify(r.violations.map(v => v.id + ': ' + "
            "v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    import json

    return json.loads(found["result"]["value"])
