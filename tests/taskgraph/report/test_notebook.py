"""Results show themselves in a notebook: the page in a frame, a table, and a static picture."""

import html
import re

import pandas as pd
import pytest

import taskgraph as tg
from tests.taskgraph.report.test_page import content_of, named, small


def losses():
    rows = [
        (target, sources, image, (7 * image + 3 * k) % 11 + k)
        for target in "ab"
        for k, sources in enumerate(["self", "ba"["ab".index(target)], "c", "scratch"])
        for image in range(30)
    ]
    return tg.Losses.from_frame(pd.DataFrame(rows, columns=["target", "sources", "image", "loss"]))


def framed(bundle):
    """The page within the frame of an output."""
    return html.unescape(re.search(r'srcdoc="([^"]*)"', bundle["text/html"])[1])


def test_a_taxonomy_is_the_picture_of_the_page():
    taxonomy = tg.solve(small(), budget=1)
    bundle = taxonomy._repr_mimebundle_()
    content = content_of(framed(bundle))
    supervised, sources = named(content, content["optima"][0])
    assert supervised == set(taxonomy.supervised)
    assert sources["c"] == "b"
    assert "<h1>" not in framed(bundle)
    assert bundle["text/plain"] == repr(taxonomy)
    assert "<b>b</b>" in bundle["text/html"].split("</iframe>")[1]
    assert "<svg" in bundle["image/svg+xml"]


def test_an_infeasible_taxonomy_shows_its_reason():
    bundle = tg.solve(small(), budget=0)._repr_mimebundle_()
    assert "no taxonomy within budget 0" in framed(bundle)
    assert "image/svg+xml" not in bundle


def test_a_frontier_has_all_of_its_optima():
    frontier = tg.frontier(small(), budgets=[1, 2], max_orders=[1, 2])
    content = content_of(framed(frontier._repr_mimebundle_()))
    found = [(o["max_order"], o["budget"], o["objective"]) for o in content["optima"]]
    assert found == [(t.max_order, t.budget, t.objective_value) for t in frontier]
    gains = frontier.to_frame()["gain"]
    assert [p["gain"] for p in content["frontier"]["points"]] == pytest.approx(list(gains))


def test_affinities_and_stability_show_themselves():
    affinities = tg.affinities(losses(), bootstrap=5)
    content = content_of(framed(affinities._repr_mimebundle_()))
    assert content["heatmap"]["sources"][-1] == "self"
    assert "optima" not in content
    stable = tg.stability(affinities, budget=1)
    content = content_of(framed(stable._repr_mimebundle_()))
    shares = dict(zip(stable.selection["task"], stable.selection["share"], strict=True))
    assert content["stability"]["shares"] == shares


def test_a_frame_runs_only_its_own_script_and_nothing_ends_it():
    rows = [("self", 'a"</iframe>', 0.5, 0.9, 0.5)]
    text = tg.solve(small(rows), budget=1)._repr_mimebundle_()["text/html"]
    assert 'sandbox="allow-scripts allow-downloads"' in text
    assert text.count("</iframe>") == 1


def test_alternatives_are_a_table():
    best = tg.alternatives(small(), budget=1, k=2)
    assert isinstance(best, tuple)
    frame = best.to_frame()
    assert list(frame["supervised"]) == [", ".join(t.supervised) for t in best]
    assert list(frame["objective"]) == [t.objective_value for t in best]
    assert best._repr_html_().count("<tr") == 1 + len(best)
