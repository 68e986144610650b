"""The report in a real browser: it shows what the library computes, to every reader."""

import json
from itertools import pairwise

import pytest

import taskgraph as tg
from taskgraph.report import report
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def address(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(report(table, budget=5, draws=20, command="taskgraph report -o report.html"))
    return path.as_uri()


def shown(page):
    """The supervised tasks that the page names, and the objective in its headline."""
    names = page.inner_text("#supervised b").split(", ")
    return names, float(page.inner_text("#headline").split("objective ")[1].split(" ")[0])


def move(page, name, steps):
    page.focus(f"#{name}")
    for _ in range(abs(steps)):
        page.keyboard.press("ArrowRight" if steps > 0 else "ArrowLeft")


@pytest.mark.parametrize(("budget", "order"), [(5, 5), (6, 5), (8, 2), (2, 1)])
def test_each_place_of_the_sliders_shows_the_optimum_of_the_library(
    open_page, address, table, budget, order
):
    page = open_page(address).page
    move(page, "budget", budget - 5)
    move(page, "order", order - 5)
    solved = tg.solve(table, budget=budget, max_order=order)
    names, objective = shown(page)
    assert names == list(solved.supervised)
    assert objective == pytest.approx(solved.objective_value, abs=5e-5)
    boxes = page.locator("#graph .node:not(.idle)").count()
    assert boxes == len({t.target for t in solved.transfers} | set(solved.supervised))
    dots = page.locator("#graph .junction").count()
    assert dots == sum(t.order > 1 for t in solved.transfers)


def test_a_move_is_told_in_words_and_the_link_keeps_it(open_page, address, table):
    watched = open_page(address)
    page = watched.page
    move(page, "budget", 1)
    before, after = (set(tg.solve(table, budget=b).supervised) for b in (5, 6))
    words = page.inner_text("#changes")
    assert words.startswith("budget 5 → 6: ")
    for name in after - before:
        assert name in words.split("no longer")[0]
    again = open_page(page.url).page
    assert shown(again) == shown(page)


def test_pointing_at_a_target_lists_its_next_best_transfers_with_intervals(
    open_page, address, table
):
    page = open_page(address).page
    page.locator("#graph .node", has_text="curvature").first.hover()
    assert page.inner_text("#details-title") == "curvature"
    frame = table.frame[(table.frame["target"] == "curvature") & table.is_edge]
    best = frame.sort_values("affinity", ascending=False).iloc[0]
    items = page.locator(".ranking li").all_inner_texts()
    item = next(text for text in items if "own network" not in text)
    assert " + ".join(best["sources"].split("+")) in item
    assert f"[{best['low']:#.3g}, {best['high']:#.3g}]" in item


def test_the_keyboard_alone_reaches_and_chooses_a_task(open_page, address):
    page = open_page(address).page
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.node') !== null"):
            break
    name = page.evaluate("document.activeElement.querySelector('text').textContent")
    page.keyboard.press("Enter")
    assert page.inner_text("#details-title") == name
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    assert page.input_value("#focus") == name


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_axe_finds_nothing_and_nothing_is_wider_than_the_screen(
    open_page, address, axe, viewport, scheme
):
    watched = open_page(address, viewport, color_scheme=scheme, reduced_motion="reduce")
    page = watched.page
    for details in page.locator("details").all():
        details.evaluate("each => { each.open = true; }")
    page.locator("#graph .node").first.click()
    assert violations(watched, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert watched.errors == []


def test_nothing_is_requested_but_the_file(open_page, address):
    watched = open_page(address)
    move(watched.page, "budget", 2)
    watched.page.select_option("#color", "quality")
    assert watched.outside(address) == []
    assert watched.errors == []


def test_downloads_are_files_that_the_library_reads(open_page, address, table, tmp_path):
    page = open_page(address).page
    solved = tg.solve(table, budget=5)
    files = {}
    for title in ("JSON", "CSV", "SVG", "PNG", "problem TOML"):
        with page.expect_download() as download:
            page.get_by_role("button", name=title, exact=True).click()
        files[title] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[title])
    read = tg.read_taxonomy(files["JSON"])
    assert read.supervised == solved.supervised
    assert [t.sources for t in read.transfers] == [t.sources for t in solved.transfers]
    assert files["CSV"].read_text().splitlines()[0].startswith("target,sources,order,affinity")
    assert len(files["CSV"].read_text().splitlines()) == 1 + len(solved.transfers)
    problem = tg.read_problem(files["problem TOML"])
    assert tg.solve(table, problem).supervised == solved.supervised
    assert files["PNG"].read_bytes().startswith(b"\x89PNG")
    assert "<svg" in files["SVG"].read_text()
    assert "curvature" in files["SVG"].read_text()


def test_it_prints_with_its_tables(open_page, address):
    page = open_page(address).page
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.emulate_media(media="print")
    assert not page.is_visible("#controls")
    assert page.is_visible("#graph svg")


def test_60_tasks_and_budgets_of_5000_euros_are_readable(open_page, tmp_path):
    import numpy as np
    import pandas as pd

    rng = np.random.default_rng(0)
    names = [f"task number {n}" for n in range(60)]
    rows = [("self", name, 0.5) for name in names]
    rows += [
        (source, name, float(rng.uniform(0.01, 0.3)))
        for name in names
        for source in rng.choice(names, 12, replace=False)
        if source != name
    ]
    transfers = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    costs = {name: float(rng.integers(5, 50) * 100) for name in names}
    path = tmp_path / "large.html"
    path.write_text(report(transfers, budget=15000, max_order=1, label_cost=costs, draws=5))
    page = open_page(path.as_uri()).page
    assert page.locator("#graph .node").count() == 60
    boxes = [node.bounding_box() for node in page.locator("#graph .node").all()]
    assert all(box["height"] >= 18 for box in boxes)
    apart = sorted((round(box["x"]), box["y"]) for box in boxes)
    for (x, y), (other, below) in pairwise(apart):
        assert x != other or below - y >= 18
    assert page.inner_text("#budget-value").isdecimal()


def test_data_in_the_page_are_json(open_page, address):
    page = open_page(address).page
    content = json.loads(page.text_content("#data"))
    assert content["format"] == 1


def test_a_notebook_shows_the_picture_in_a_frame(open_page, table, tmp_path):
    solved = tg.solve(table, budget=4)
    path = tmp_path / "output.html"
    path.write_text(f"<meta charset=utf-8>{solved._repr_mimebundle_()['text/html']}")
    watched = open_page(path.as_uri())
    frame = watched.page.frame_locator("iframe")
    assert frame.locator("#supervised b").inner_text() == ", ".join(solved.supervised)
    assert frame.locator("#graph .node.supervised").count() == 4
    assert frame.locator("h1").count() == 0
    assert watched.outside(path.as_uri()) == []
    assert watched.errors == []


def test_affinities_in_a_notebook_have_heat_map_and_tree(open_page, table, tmp_path):
    from taskgraph.problem import Problem
    from taskgraph.report.notebook import _page, table_content, table_sections

    path = tmp_path / "output.html"
    content = table_content(table, Problem())
    path.write_text(_page("Affinities", content, table_sections(), None))
    watched = open_page(path.as_uri())
    assert watched.page.locator("#heatmap rect").count() > 1000
    assert watched.page.locator("#tree path").count() > 20
    assert watched.page.locator("#taxonomy").count() == 0
    assert watched.errors == []
