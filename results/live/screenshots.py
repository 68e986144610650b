"""Screenshots of both pages with the table that comes with the library, in Debian's chromium.

python results/live/screenshots.py
"""

from __future__ import annotations

import threading
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

import taskgraph as tg
from taskgraph.report import report
from taskgraph.server import make_app
from taskgraph.server.serving import listen, uvicorn_server

FOLDER = Path(__file__).parent
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


def main() -> None:
    """Write all screenshots."""
    table = tg.default_transfers()
    path = FOLDER / "report.html"
    path.write_text(report(table, budget=5, draws=200, command="taskgraph report -o report.html"))
    with listen("127.0.0.1", 0) as sock, sync_playwright() as playwright:
        app = make_app({"the table that comes with taskgraph": table}, tg.Problem(budget=5))
        server = uvicorn_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        while not server.started:
            time.sleep(0.05)
        address = f"http://127.0.0.1:{sock.getsockname()[1]}/"
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        for name, (width, height) in SIZES.items():
            for scheme in ("light", "dark"):
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme
                )
                label = name if scheme == "light" else f"{name}_dark"
                report_scenes(page, label, path.absolute().as_uri())
                if scheme == "light":
                    live_scenes(page, label, address)
                page.close()
        browser.close()
        server.should_exit = True
        thread.join()
    path.unlink()


if __name__ == "__main__":
    main()
