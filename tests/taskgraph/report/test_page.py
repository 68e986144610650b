"""The report: one file without requests, whose data are what the library computes."""

import hashlib
import json
import math
import re

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.plot import PlotError
from taskgraph.report import Section, report
from taskgraph.report.page import VENDORED, embedded_json, static
from taskgraph.tasks import join_sources

ROWS = [
    ("self", "a", 0.5, 0.9, 0.5),
    ("b", "a", 0.3, 0.7, 0.3),
    ("self", "b", 0.6, 0.8, 0.5),
    ("a", "b", 0.2, 0.6, 0.2),
    ("a", "c", 0.2, 0.5, 0.2),
    ("b", "c", 0.3, 0.6, 0.3),
    ("b+a", "c", 0.4, 0.7, 0.4),
]
COLUMNS = ["sources", "target", "affinity", "gain", "quality"]
SHA256 = {
    "d3": "912111098ea99503a6f4967361d2bbdc9dbf58cf9c678c8e27e5b02d1a07f0c1",
    "dagre": "54a503e346f93ca0bb10abe7999587e037262935687aca45eb4e4b0f64bbb578",
}
"""Of d3 7.9.2 and @dagrejs/dagre 3.1.3 as npm has them."""


def small(rows=ROWS):
    return tg.Transfers(pd.DataFrame(rows, columns=COLUMNS))


def content_of(page):
    """The data in a page, with its optima as (budget, order) -> supervised, transfers, content."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
    return json.loads(text)


def named(content, optimum):
    """An optimum of the page with the names of its tasks."""
    names = [task["name"] for task in content["tasks"]]
    sources = {}
    for number in optimum["transfers"]:
        target, members, *_ = content["rows"][number]
        members = ["self" if member < 0 else names[member] for member in members]
        sources[names[target]] = join_sources(members)
    return {names[number] for number in optimum["supervised"]}, sources


@pytest.fixture(scope="module")
def page():
    return report(small(), budget=1, draws=5, date="2026-01-02", command="taskgraph report x")


def test_every_optimum_of_the_page_is_that_of_the_library(page):
    content = content_of(page)
    seen = set()
    for optimum in content["optima"]:
        key = optimum["budget"], optimum["max_order"]
        solved = tg.solve(small(), budget=key[0], max_order=key[1])
        supervised, sources = named(content, optimum)
        assert supervised == set(solved.supervised)
        assert sources == {t.target: join_sources(t.sources) for t in solved.transfers}
        assert optimum["objective"] == solved.objective_value
        seen.add(key)
    assert seen == {(budget, order) for budget in (1.0, 2.0, 3.0) for order in (1, 2)}


def test_the_page_loads_nothing_and_its_policy_forbids_it(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert not re.search(r"<(?:script|img|iframe)[^>]*\ssrc=", page)
    assert re.findall(r"<link[^>]*>", page) == ['<link rel="icon" href="data:,">']
    assert "@import" not in page
    assert "sourceMappingURL" not in page


def test_the_policy_has_the_hash_of_the_script(page):
    import base64

    script = re.search(r"<script>(.*)</script>", page, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"sha256-{digest}" in page


def test_libraries_are_those_of_npm_with_their_licenses(page):
    for name in VENDORED:
        source = static(f"vendor/{name}.min.js")
        assert hashlib.sha256(source.encode()).hexdigest() == SHA256[name]
        assert static(f"vendor/{name}.LICENSE").splitlines()[0] in page
    assert set(VENDORED) == set(SHA256)


def test_without_scripts_the_page_has_the_tables_of_its_budget(page):
    assert "1 supervised, budget 1, transfers of order at most 5" in page
    assert "Supervise: <b>b</b>" in page
    assert "random set, best transfers, mean" in page
    assert "taskgraph report x" in page
    assert f"taskgraph {tg.__version__}, 2026-01-02" in page


def test_a_name_is_text_wherever_it_stands():
    name = "</script><script>alert(1)</script>&"
    rows = [(s.replace("b", name), t.replace("b", name), *rest) for s, t, *rest in ROWS]
    page = report(small(rows), budget=2, draws=2)
    assert "<script>alert" not in page
    assert name in [task["name"] for task in content_of(page)["tasks"]]


def test_data_that_would_end_their_element_are_escaped():
    text = embedded_json({"a": "</script>&\u2028"})
    assert text == '{"a":"\\u003c/script\\u003e\\u0026\\u2028"}'
    assert json.loads(text) == {"a": "</script>&\u2028"}


def test_an_infeasible_budget_says_why_and_shows_those_that_work():
    page = report(small(), budget=0, draws=2)
    content = content_of(page)
    status = {optimum["budget"]: optimum["status"] for optimum in content["optima"]}
    assert status == {0.0: "infeasible", 1.0: "optimal", 2.0: "optimal", 3.0: "optimal"}
    assert "no taxonomy within budget 0" in page
    assert "Best sets" not in page


def test_a_program_without_any_solution_is_a_page_too():
    rows = [("self", "a", 0.5, 0.9, 0.5), ("b", "a", 0.3, 0.7, 0.3)]
    page = report(small(rows), budget=3, target_only=["a"], exclude=["b"], draws=2)
    assert "whatever the budget" in page
    assert len(content_of(page)["optima"]) == 1


def test_sections_of_other_modules_come_last_with_table_figure_and_text():
    transfers = small()
    frame = pd.DataFrame({"task": ["a<b"], "share": [0.25]})
    sections = [
        Section("own", "Sensitivity", ["What & why."], frame, note="n = 3"),
        Section("drawn", "Drawn", figure=lambda: tg.plot.tree(transfers), alternative="a tree"),
    ]
    page = report(transfers, budget=1, draws=2, sections=sections)
    assert page.index('<section id="tree"') < page.index('<section id="own"')
    assert "What &amp; why." in page
    assert "<td>a&lt;b</td>" in page
    assert '<td class="number">0.25</td>' in page
    assert 'role="img" aria-label="a tree"><svg' in page


def test_a_figure_that_cannot_be_drawn_is_a_sentence():
    def draw():
        raise PlotError("nothing to draw")

    section = Section("x", "X", figure=draw, alternative="none")
    assert "nothing to draw" in report(small(), budget=1, draws=2, sections=[section])


def test_costs_of_5000_euros_give_few_budgets():
    costs = {"a": 4000.0, "b": 5000.0}
    content = content_of(report(small(), budget=5000, label_cost=costs, draws=2))
    budgets = sorted({optimum["budget"] for optimum in content["optima"]})
    assert 5000.0 in budgets
    assert len(budgets) <= 31
    assert {t["name"]: t["label_cost"] for t in content["tasks"]} == costs | {"c": 1.0}


def test_rows_that_the_reader_points_at_are_the_best_of_the_table():
    content = content_of(report(small(), budget=1, draws=2))
    names = [task["name"] for task in content["tasks"]]
    to_c = [row for row in content["rows"] if names[row[0]] == "c"]
    best = max(to_c, key=lambda row: row[2])
    assert [names[source] for source in best[1]] == ["a", "b"]
    assert best[2:5] == [0.4, 0.7, 0.4]


def test_heatmap_and_tree_are_those_of_the_figures():
    content = content_of(report(small(), budget=1, draws=2))
    after = tg.plot.transfer_distance(small())
    heatmap = content["heatmap"]
    for i, source in enumerate(heatmap["sources"]):
        for j, target in enumerate(heatmap["targets"]):
            value = heatmap["after"][i][j]
            known = after.loc[source, target]
            assert (value is None and math.isnan(known)) or value == pytest.approx(known, rel=1e-5)
    names, links = tg.plot.task_linkage(small())
    assert sorted(content["tree"]["leaves"]) == sorted(names)
    assert content["tree"]["brackets"][-1][1][0] == pytest.approx(links[-1, 2], rel=1e-5)


def test_the_command_in_the_page_is_the_one_that_was_typed(tmp_path):
    table, page = tmp_path / "two words.csv", tmp_path / "r.html"
    small().to_frame().to_csv(table, index=False)
    assert run(["report", str(table), "--budget", "1", "--random", "2", "-o", str(page)]) == 0
    command = f"taskgraph report '{table}' --budget 1 --random 2 -o {page}"
    assert content_of(page.read_text())["command"] == command


@pytest.mark.slow
def test_26_tasks_fit_into_one_and_a_half_megabytes():
    page = report(tg.default_transfers(), budget=5, draws=20)
    assert len(page.encode()) < 1.5e6
