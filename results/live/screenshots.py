"""Screenshots of both pages with the table that comes with the library, in Debian's chromium.

python results/live/screenshots.py [report live compare]

The comparison is of the digits of results/digits, whose losses give a stability.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from starlette.applications import Starlette

import taskgraph as tg
from taskgraph.report import report
from taskgraph.server import make_app
from taskgraph.server.serving import listen, uvicorn_server

FOLDER = Path(__file__).parent
Scenes = Callable[[Page, str, str], None]
SIZES = {"1280x800": (1280, 800), "390x844": (390, 844)}


def wait(page: Page) -> None:
    """Wait until the pictures have come to rest."""
    page.wait_for_selector("#supervised b")
    page.wait_for_timeout(900)


def report_scenes(page: Page, name: str, address: str) -> None:
    """Write pictures of the report: as it opens, and one section further down."""
    page.goto(address)
    wait(page)
    page.screenshot(path=FOLDER / f"report_{name}.png")
    page.locator("#heatmap").scroll_into_view_if_needed()
    page.evaluate("document.getElementById('heatmap').scrollIntoView()")
    page.screenshot(path=FOLDER / f"report_heatmap_{name}.png")


def live_scenes(page: Page, name: str, address: str) -> None:
    """Write pictures of the live page: a chosen task after a change, and an infeasible budget."""
    page.goto(f"{address}#budget=8&color=quality&task=curvature")
    wait(page)
    page.fill("#budget-number", "9")
    page.wait_for_timeout(1500)
    page.screenshot(path=FOLDER / f"live_{name}.png")
    page.fill("#budget-number", "0")
    page.wait_for_selector("#advice:not([hidden])")
    page.wait_for_timeout(600)
    page.screenshot(path=FOLDER / f"live_infeasible_{name}.png")


def compare_scenes(page: Page, name: str, address: str) -> None:
    """Write a picture of the live page's comparison."""
    page.goto(address)
    wait(page)
    page.click("#compare-now")
    page.wait_for_selector("#compare-answer:not([hidden])", timeout=300_000)
    page.evaluate("document.getElementById('compare').scrollIntoView()")
    page.wait_for_timeout(600)
    page.locator("#compare").screenshot(path=FOLDER / f"live_compare_{name}.png")


@contextlib.contextmanager
def serving(app: Starlette) -> Iterator[str]:
    """Run an application in a thread; yields its address."""
    with listen("127.0.0.1", 0) as sock:
        server = uvicorn_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/"
        server.should_exit = True
        thread.join()


@contextlib.contextmanager
def addresses(parts: list[str]) -> Iterator[dict[str, tuple[Scenes, str]]]:
    """Yield the scenes of each part and the address of its page."""
    table = tg.default_transfers()
    path = FOLDER / "report.html"
    with contextlib.ExitStack() as stack:
        found: dict[str, tuple[Scenes, str]] = {}
        if "report" in parts:
            command = "taskgraph report -o report.html"
            path.write_text(report(table, budget=5, draws=200, command=command))
            stack.callback(path.unlink)
            found["report"] = report_scenes, path.absolute().as_uri()
        if "live" in parts:
            app = make_app({"the table that comes with taskgraph": table}, tg.Problem(budget=5))
            found["live"] = live_scenes, stack.enter_context(serving(app))
        if "compare" in parts:
            digits = FOLDER.parent / "digits"
            transfers = tg.read_transfers(digits / "transfers.csv")
            losses = tg.read_losses(digits / "losses.parquet")
            app = make_app({"digits": transfers}, tg.Problem(budget=3), losses=losses)
            found["compare"] = compare_scenes, stack.enter_context(serving(app))
        yield found


def main() -> None:
    """Write the screenshots of the parts that the command line names; of all by default."""
    parts = sys.argv[1:] or ["report", "live", "compare"]
    with addresses(parts) as scenes, sync_playwright() as playwright:
        program = "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                view = {"width": width, "height": height}
                for part, (draw, address) in scenes.items():
                    if scheme == "dark" and part != "report":
                        continue
                    page = browser.new_page(viewport=view, color_scheme=scheme)
                    page.set_default_timeout(120_000)
                    draw(page, name if scheme == "light" else f"{name}_dark", address)
                    page.close()
        browser.close()


if __name__ == "__main__":
    main()
