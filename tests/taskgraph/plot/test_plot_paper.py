"""Figures for print: the size of the page and of the text as the written files have them."""

from __future__ import annotations

import re
import zlib
from functools import cache
from math import nan
from xml.etree import ElementTree

import numpy as np
import pytest

import taskgraph as tg
from taskgraph import plot
from taskgraph.cli import run
from taskgraph.plot.paper import PAPER_SIZES
from tests.failing import fails
from tests.taskgraph.plot.test_arrivals import arrived
from tests.taskgraph.plot.test_plot import assert_apart, frontier

SHIPPED = tg.default_transfers()
TAXONOMY = tg.solve(SHIPPED, budget=5)
GRID = [tg.solve(SHIPPED, budget=budget, max_order=4) for budget in (2, 5, 8, 15)]
NETWORKS = tg.Networks(
    ("depth + normals", "edges", "normals + edges", "layout"),
    ("depth", "normals", "edges", "layout"),
    np.array(
        [[0.3, 0.2, nan, nan], [nan, nan, 0.4, nan], [nan, 0.25, 0.35, nan], [nan, nan, nan, 0.1]]
    ),
    np.array([1.5, 1.0, 1.5, 1.0]),
)


@cache
def sensitivity():
    """A sensitivity analysis of the table that comes with the library."""
    return tg.analyze_sensitivity(SHIPPED, budget=5, max_order=2)


@cache
def needed():
    """The labels needed for two levels of the mean quality."""
    return tg.labels_needed(SHIPPED, levels=[0.3, 0.4], budgets=[2, 5, 12], max_orders=[1, 2])


def grouping_frontier():
    """The table of a frontier of groupings, with everything that its picture can show."""
    frame = tg.grouping_frontier(NETWORKS, budgets=[2.5, 3, 3.5, 4]).to_frame()
    return frame.assign(scored=1.3, low=0.9, high=1.2)


DRAW = {
    "heatmap": lambda size: plot.heatmap(SHIPPED, size=size),
    "tree": lambda size: plot.tree(SHIPPED, size=size),
    "taxonomy": lambda size: plot.taxonomy(TAXONOMY, size=size),
    "frontier": lambda size: plot.frontier(frontier(), size=size),
    "grid": lambda size: plot.grid(GRID, size=size),
    "arrivals": lambda size: plot.draw_arrivals(arrived(), size=size),
    "labels": lambda size: plot.draw_labels_needed(needed(), size=size),
    "sensitivity": lambda size: plot.draw_sensitivity(sensitivity(), size=size),
    "grouping": lambda size: plot.draw_grouping(tg.solve_groups(NETWORKS, budget=4), size=size),
    "grouping_frontier": lambda size: plot.draw_grouping_frontier(grouping_frontier(), size=size),
}
WORD = {
    "heatmap": "source",
    "tree": "distance",
    "arrivals": "arrived",
    "labels": "needed",
    "sensitivity": "regret",
} | dict.fromkeys(("taxonomy", "frontier", "grid", "grouping", "grouping_frontier"), "budget")
"""A word that each picture holds as text."""

QUICK = [("heatmap", "column"), ("taxonomy", "column")]
REST = [(name, size) for size in PAPER_SIZES for name in DRAW if (name, size) not in QUICK]
CASES = [*QUICK, *(pytest.param(*case, marks=pytest.mark.slow) for case in REST)]


def svg_of(path):
    """Width and height of an SVG file in inches, and its texts with their sizes in points."""
    root = ElementTree.parse(path).getroot()
    inches = [float(root.get(side).removesuffix("pt")) / 72 for side in ("width", "height")]
    scale = 72 * inches[0] / float(root.get("viewBox").split()[2])  # points a unit of the drawing
    found = [
        (scale * float(re.search(r"\b([\d.]+)px", text.get("style"))[1]), text.text)
        for text in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    return inches, found


def pdf_of(path):
    """Width and height of a PDF file in inches, the sizes of its text, and its fonts' types."""
    data = path.read_bytes()
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+) ([\d.]+)", data)
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.S)
    opened = b"".join(one for one in map(_inflated, streams))
    sizes = [float(size) for size in re.findall(rb"/F\d+ ([\d.]+) Tf", opened)]
    kinds = set(re.findall(rb"/Subtype /(Type0|Type3|TrueType|CIDFontType2)\b", data))
    return [float(side) / 72 for side in box.groups()], sizes, kinds


def _inflated(stream):
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


@pytest.mark.parametrize(("name", "size"), CASES)
def test_text_in_the_files_is_as_large_as_the_paper_size_says(name, size, tmp_path):
    figure = DRAW[name](size)
    assert_apart(figure)
    paper = PAPER_SIZES[size]
    inches, texts = svg_of(plot.save(figure, tmp_path / "figure.svg"))
    page, sizes, kinds = pdf_of(plot.save(figure, tmp_path / "figure.pdf"))
    for width, height in (inches, page):
        assert width == pytest.approx(paper.width, abs=0.01)
        assert height <= paper.height + 0.01
    assert min(points for points, _ in texts) >= paper.least - 0.01
    assert min(sizes) >= paper.least - 0.01
    assert max(sizes) <= 1.2 * paper.points
    assert kinds == {b"Type0", b"CIDFontType2"}, "text that is not text of a TrueType font"
    assert WORD[name] in " ".join(text for _, text in texts)


@pytest.mark.slow
def test_labels_of_the_table_are_texts_of_the_svg(tmp_path):
    _, texts = svg_of(plot.save(DRAW["heatmap"]("page"), tmp_path / "figure.svg"))
    shown = {text for _, text in texts}
    assert set(SHIPPED.sources) - {"self", "scratch"} <= shown
    _, texts = svg_of(plot.save(DRAW["heatmap"]("column"), tmp_path / "figure.svg"))
    assert {"rgb2sfnorm", "vanishin…fined"} <= {text for _, text in texts}


@pytest.mark.slow
def test_panels_stand_below_each_other_in_a_column_and_beside_each_other_on_a_page():
    for name in ("heatmap", "frontier"):
        for size, beside in (("column", False), ("page", True)):
            first, second = (axes.get_position() for axes in DRAW[name](size).axes[:2])
            assert (first.x1 < second.x0) == beside, (name, size)
            assert (first.y0 > second.y1) != beside, (name, size)


@pytest.mark.slow
def test_what_does_not_fit_is_refused_with_a_size_that_does():
    from tests.taskgraph.plot.test_plot import table

    with pytest.raises(plot.PlotError, match=r"does not fit a column of 3.25x8.875 in") as error:
        plot.heatmap(table(60, quality=True), size="column")
    width, height = re.search(r"--size ([\d.]+)x([\d.]+)", str(error.value)).groups()
    assert float(width) > PAPER_SIZES["column"].width or float(height) > 8.875
    plot.heatmap(table(60, quality=True), size=(float(width), float(height)))
    with pytest.raises(plot.PlotError, match='size is "leaflet", expected one of column, page, po'):
        plot.tree(SHIPPED, size="leaflet")


def test_a_size_in_inches_and_no_size_are_as_before(tmp_path):
    for size in (None, (8.0, 6.0)):
        path = plot.save(plot.tree(SHIPPED, size=size), tmp_path / "tree.svg")
        assert "<text" not in path.read_text()


def test_the_command_writes_a_column(tmp_path, capsys):
    out = tmp_path / "tree.pdf"
    assert run(["plot", "tree", "-o", str(out), "--size", "Column"]) == 0
    inches, sizes, _ = pdf_of(out)
    assert inches[0] == pytest.approx(3.25, abs=0.01)
    assert min(sizes) >= 6
    capsys.readouterr()
    message = fails(capsys, "plot", "tree", "-o", str(out), "--size", "A4")
    assert "such as 8x5, or column, page, poster, not 'A4'" in message


def test_the_kinds_of_pictures_here_are_those_of_the_package():
    drawn = {name.removeprefix("draw_") for name in plot.__all__ if name.startswith("draw_")}
    drawn |= {"heatmap", "tree", "grid"}
    assert {name.replace("labels", "labels_needed") for name in DRAW} == drawn


def test_a_picture_beside_results_has_a_size_too(tmp_path, capsys):
    out = tmp_path / "taxonomy.pdf"
    assert run(["solve", "--budget", "3", "--plot", str(out), "--size", "column"]) == 0
    assert pdf_of(out)[0][0] == pytest.approx(3.25, abs=0.01)
    capsys.readouterr()
    message = fails(capsys, "solve", "--budget", "3", "--size", "column")
    assert "--size is the size of the picture of --plot; add --plot FILE" in message


def test_a_picture_that_is_refused_does_not_cost_the_result(tmp_path, capsys):
    out = tmp_path / "taxonomy.svg"
    assert run(["solve", "--budget", "3", "--plot", str(out), "--size", "1x1", "--json"]) == 2
    printed, errors = capsys.readouterr()
    assert '"status": "optimal"' in printed
    assert "the size is 1x1 inches, which is too small for this picture" in errors
    assert not out.exists()


@pytest.mark.slow
def test_every_command_with_a_plot_takes_a_size(tmp_path, capsys):
    networks = tmp_path / "networks.csv"
    networks.write_text(
        "network,task,loss,cost\na,a,0.3,1\nb,b,0.2,1\na+b,a,0.25,1.5\na+b,b,0.3,1.5\n"
    )
    commands = [
        ["frontier", "--budgets", "2,4", "--max-orders", "1"],
        ["frontier", "--budgets", "2,4", "--max-orders", "1", "--quality", "0.2"],
        ["sensitivity", "--budget", "2", "--max-order", "1"],
        ["group", str(networks), "--budget", "2"],
        ["group", str(networks), "--budgets", "1.5,2,2.5"],
    ]
    for words in commands:
        out = tmp_path / "figure.pdf"
        assert run([*words, "--plot", str(out), "--size", "page"]) == 0, capsys.readouterr().err
        assert pdf_of(out)[0][0] == pytest.approx(6.875, abs=0.01), words
        out.unlink()
