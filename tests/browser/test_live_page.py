"""The live page in a real browser: each change shows what the library computes."""

import time

import pytest

import taskgraph as tg
from tests.browser.conftest import violations

pytestmark = pytest.mark.browser

SCRIPT = (
    "sources,target,affinity\nself,a,.5\nself,b,.6\na,b,.3\nb,a,.2\n"
    "self,<script>alert(1)</script>,.3\na+b,<script>alert(1)</script>,.2\n"
)


@pytest.fixture
def live(open_page, server):
    def opened(settings="", viewport="desktop", **more):
        watched = open_page(server + settings, viewport, **more)
        watched.page.wait_for_selector("#supervised b")
        return watched

    return opened


def supervised(page):
    return page.inner_text("#supervised b").split(", ")


def expect(page, names):
    """Wait until the page names these tasks as supervised."""
    for _ in range(100):
        if page.locator("#supervised b").count() and supervised(page) == list(names):
            return
        time.sleep(0.1)
    assert supervised(page) == list(names)


def test_it_opens_with_the_settings_of_the_command(live, table):
    watched = live()
    expect(watched.page, tg.solve(table, budget=5).supervised)
    assert watched.errors == []


def test_budget_cost_role_and_objective_solve_again(live, table):
    page = live().page
    settings = {"budget": 8.0}
    page.fill("#budget-number", "8")
    expect(page, tg.solve(table, **settings).supervised)
    page.select_option("#focus", "rgb2sfnorm")
    settings["label_cost"] = {"rgb2sfnorm": 4.0}
    page.fill("#details [data-key=label_cost]", "4")
    page.keyboard.press("Tab")
    expect(page, tg.solve(table, **settings).supervised)
    settings["exclude"] = ["denoise"]
    page.locator("#graph .node", has_text="denoise").first.click()
    page.select_option("#details [data-key=role]", "unused")
    expect(page, tg.solve(table, **settings).supervised)
    settings["objective"] = "linear"
    page.select_option("#objective", "linear")
    expect(page, tg.solve(table, **settings).supervised)
    settings["require"] = ["jigsaw"]
    page.locator("#graph .node", has_text="jigsaw").first.click()
    page.check("#details [data-key=required]")
    expect(page, tg.solve(table, **settings).supervised)
    again = live(page.url.split("/", 3)[3]).page
    expect(again, supervised(page))


def test_the_table_of_all_tasks_changes_a_cost(live, table):
    page = live().page
    page.click("#task-table summary")
    page.fill("#task-settings [data-task=edge2d][data-key=label_cost]", "7")
    page.keyboard.press("Tab")
    expect(page, tg.solve(table, budget=5, label_cost={"edge2d": 7.0}).supervised)


def test_what_changed_is_said_in_words(live, table):
    page = live().page
    expect(page, tg.solve(table, budget=5).supervised)
    page.fill("#budget-number", "6")
    expect(page, tg.solve(table, budget=6).supervised)
    words = page.inner_text("#changes")
    assert words.startswith("budget 5 → 6: ")
    new = set(tg.solve(table, budget=6).supervised) - set(tg.solve(table, budget=5).supervised)
    assert all(name in words for name in new)


def test_infeasible_is_advice_of_one_click(live, table):
    page = live().page
    page.fill("#budget-number", "0")
    page.wait_for_selector("#advice:not([hidden])")
    assert "The least budget that solves every target is 1" in page.inner_text("#headline")
    assert "--" not in page.inner_text("#headline")
    page.click("#least")
    expect(page, tg.solve(table, budget=1).supervised)
    assert not page.is_visible("#advice")


def test_a_bad_file_is_a_sentence_and_the_form_is_kept(live, tmp_path):
    page = live().page
    bad = tmp_path / "bad.csv"
    bad.write_text("sources,target,affinity\na,b,-1\n")
    page.set_input_files("#upload-file", bad)
    page.click("#upload button")
    page.wait_for_selector("#upload-error:not(:empty)")
    assert "bad.csv: row 1" in page.inner_text("#upload-error")
    assert page.evaluate("document.getElementById('upload-file').files.length") == 1
    before = page.inner_text("#headline")
    page.fill("#budget-number", "-3")
    page.wait_for_selector("#error:not(:empty)")
    assert page.input_value("#budget-number") == "-3"
    assert page.inner_text("#headline") == before


def test_a_pasted_table_is_solved_and_its_link_opens_again(live):
    watched = live()
    page = watched.page
    page.fill("#pasted", SCRIPT)
    page.click("#upload button")
    expect(page, ["<script>alert(1)</script>", "a", "b"])
    page.fill("#budget-number", "2")
    expect(page, ["a", "b"])
    again = live(page.url.split("/", 3)[3]).page
    expect(again, ["a", "b"])
    assert page.locator("script").count() == 2
    assert watched.errors == []


def test_downloads_of_the_live_page_are_read_by_the_library(live, table, tmp_path):
    page = live().page
    page.select_option("#focus", "edge2d")
    page.fill("#details [data-key=label_cost]", "2.5")
    page.keyboard.press("Tab")
    solved = tg.solve(table, budget=5, label_cost={"edge2d": 2.5})
    expect(page, solved.supervised)
    with page.expect_download() as download:
        page.get_by_role("button", name="problem TOML").click()
    download.value.save_as(tmp_path / "problem.toml")
    problem = tg.read_problem(tmp_path / "problem.toml")
    assert problem == tg.Problem(budget=5, label_cost={"edge2d": 2.5})
    with page.expect_download() as download:
        page.get_by_role("button", name="JSON").click()
    download.value.save_as(tmp_path / "taxonomy.json")
    assert tg.read_taxonomy(tmp_path / "taxonomy.json").to_dict() == solved.to_dict()


def test_the_keyboard_alone_changes_the_budget(live, table):
    page = live().page
    page.focus("#budget-number")
    page.keyboard.press("ArrowUp")
    expect(page, tg.solve(table, budget=6).supervised)


def test_a_long_proof_shows_its_progress_and_a_stop_button(live, table, monkeypatch):
    def solve(transfers, problem, *, solver, clock):
        while problem.budget == 7 and not clock.over:
            clock.callback(1.5, 9.0, 3)
            time.sleep(0.02)
        return tg.solve(transfers, problem, solver=solver)

    monkeypatch.setattr("taskgraph.server.answers.solve", solve)
    page = live().page
    page.fill("#budget-number", "7")
    page.wait_for_selector("#working:not([hidden])")
    page.locator("#proof", has_text="best so far 1.5, at most 9").wait_for()
    page.click("#stop")
    expect(page, tg.solve(table, budget=7).supervised)
    assert not page.is_visible("#working")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_axe_finds_nothing_on_the_live_page(live, axe, viewport, scheme):
    watched = live("", viewport, color_scheme=scheme, reduced_motion="reduce")
    page = watched.page
    page.locator("#graph .node").first.click()
    page.click("#task-table summary")
    page.click("#optimum-table summary")
    assert violations(watched, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#budget-number", "0")
    page.wait_for_selector("#advice:not([hidden])")
    assert violations(watched, axe) == []


def test_the_comparison_shows_what_the_library_computes(live, table, server):
    watched = live()
    page = watched.page
    page.click("#compare-now")
    page.wait_for_selector("#compare-answer:not([hidden])", timeout=120_000)
    sets = tg.alternatives(table, budget=5, k=5)
    shown = page.locator("#best-sets tbody tr td:first-child").all_inner_texts()
    assert shown == [", ".join(each.supervised) for each in sets]
    assert page.locator("#compare [data-picture=frontier] svg").count() == 1
    assert page.is_visible("#no-losses")
    assert not page.is_visible("#stability-part")
    page.fill("#budget-number", "6")
    expect(page, tg.solve(table, budget=6).supervised)
    assert "compare again" in page.inner_text("#compare-state")
    assert watched.outside(server) == []
    assert watched.errors == []


@pytest.mark.parametrize("viewport", ["desktop", "phone"])
def test_axe_finds_nothing_in_the_comparison(live, axe, viewport, monkeypatch):
    small = {"BUDGETS": 3, "DRAWS": 5, "SETS": 3}
    for name, value in small.items():
        monkeypatch.setattr(f"taskgraph.server.comparison.{name}", value)
    watched = live("", viewport, reduced_motion="reduce")
    page = watched.page
    page.click("#compare-now")
    page.wait_for_selector("#compare-answer:not([hidden])", timeout=120_000)
    assert violations(watched, axe) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_all_requests_go_to_the_server_of_the_page(live, server):
    watched = live()
    page = watched.page
    page.fill("#budget-number", "9")
    page.select_option("#color", "gain")
    page.wait_for_timeout(500)
    assert watched.outside(server) == []
    assert watched.errors == []
