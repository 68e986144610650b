"""The built site in a real browser: mathematics is drawn, and no request leaves the machine."""

import functools
import http.server
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.browser.conftest import missing

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "build" / "site"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and prints nothing."""

    def log_message(self, *_):
        """Print nothing."""


@pytest.fixture(scope="module")
def address():
    """The address of the site, built if it is not there."""
    if not (SITE / "index.html").is_file():
        try:
            import zensical  # noqa: F401
        except ImportError:
            missing("zensical is not installed (pip install -c constraints.txt -e '.[docs]')")
        for command in (["docs/gather.py"], ["-m", "zensical", "build", "-s"]):
            subprocess.run([sys.executable, *command], cwd=ROOT, check=True, capture_output=True)
    handler = functools.partial(Quiet, directory=SITE)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


PAGES = ("index.html", "docs/start.html", "reference/taskgraph.html", "examples/budgets.html")


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_pages_load_nothing_from_elsewhere(open_page, address, viewport):
    for name in PAGES:
        watched = open_page(address + name, viewport)
        watched.page.wait_for_load_state("networkidle")
        assert watched.outside(address) == []
        assert watched.errors == []
        assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name


def test_mathematics_is_drawn(open_page, address):
    watched = open_page(address + "docs/method.html")
    page = watched.page
    page.wait_for_selector(".katex")
    assert (
        page.locator(".arithmatex").count()
        == page.locator(".arithmatex > .katex, .arithmatex > .katex-display").count()
    )
    assert page.locator(".katex-error").count() == 0
    assert watched.outside(address) == []
