"""Plots as seaborn's: given axes, the user's settings, sizes, fonts of every script, notebooks."""

from __future__ import annotations

import subprocess
import sys
import warnings

import matplotlib as mpl
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import pyplot
from matplotlib.font_manager import fontManager

import taskgraph as tg
from taskgraph import plot
from taskgraph.cli import run
from taskgraph.errors import UnknownTaskError
from taskgraph.plot import fonts
from taskgraph.plot.style import FAINT, MUTED
from tests.failing import fails
from tests.taskgraph.plot.test_arrivals import arrived
from tests.taskgraph.plot.test_plot import (
    SMALL,
    assert_apart,
    boxes,
    crowded,
    frontier,
    panel,
    table,
    texts,
)

LATER = crowded(5, 2, seed=3)
DRAW = {
    "heatmap": lambda **k: plot.heatmap(table(5, quality=True), **k),
    "tree": lambda **k: plot.tree(table(5), **k),
    "taxonomy": lambda **k: plot.taxonomy(SMALL, **k),
    "frontier": lambda **k: plot.frontier(frontier(), **k),
    "grid": lambda **k: plot.grid([SMALL], **k),
    "arrivals": lambda **k: plot.draw_arrivals(arrived(), **k),
}


@pytest.mark.parametrize("name", DRAW)
def test_given_axes_are_drawn_on_and_returned(name):
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 4))
    assert DRAW[name](ax=right) is right
    assert right.has_data() or right.patches or right.collections
    assert not left.has_data()
    pyplot.close(figure)


@pytest.mark.parametrize("name", ["heatmap", "frontier", "grid", "arrivals"])
def test_two_panels_take_two_axes_and_no_other_number(name):
    figure, axes = pyplot.subplots(1, 3, figsize=(12, 4))
    assert DRAW[name](ax=list(axes[:2])) == list(axes[:2])
    assert axes[0].get_title() != axes[1].get_title() or axes[0].get_ylabel()
    with pytest.raises(plot.PlotError, match="ax holds 3 axes, expected 1 or 2: the "):
        DRAW[name](ax=axes)
    pyplot.close(figure)


def test_one_axes_shows_the_panel_that_was_asked_for():
    figure, axes = pyplot.subplots()
    transfers = table(4, quality=True)
    plot.heatmap(transfers, ax=axes)
    assert axes.get_title() == "After AHP"
    axes.clear()
    plot.heatmap(transfers, before="quality", ax=axes)
    assert axes.get_title() == "Before AHP: quality"
    axes.clear()
    plot.frontier(frontier(), measure="gain", ax=axes)
    assert axes.lines[0].get_ydata() == pytest.approx([0.61, 0.71, 0.91])
    with pytest.raises(plot.PlotError, match='the measure is "loss", expected one of gain, qual'):
        plot.frontier(frontier(), measure="loss")
    with pytest.raises(plot.PlotError, match='the measure is "loss", expected one of gain, qual'):
        plot.grid([SMALL], measure="loss")
    pyplot.close(figure)


def test_the_older_names_are_the_same_functions():
    assert plot.taxonomy is plot.draw_taxonomy
    assert plot.frontier is plot.draw_frontier
    assert plot.grid is plot.gain_quality_grid


@pytest.mark.parametrize("name", DRAW)
def test_the_users_settings_are_respected_and_left_alone(name):
    with mpl.rc_context({"font.size": 13, "text.color": "#aa0000", "axes.facecolor": "#000011"}):
        before = dict(mpl.rcParams)
        figure = DRAW[name]()
        assert dict(mpl.rcParams) == before
        shown = [t for t in figure.findobj(mpl.text.Text) if t.get_text().strip()]
        assert max(text.get_fontsize() for text in shown) >= 13
        assert_apart(figure)
    plain = DRAW[name]()
    assert max(t.get_fontsize() for t in plain.findobj(mpl.text.Text) if t.get_text()) <= 9


def test_a_dark_style_has_light_lines():
    with pyplot.style.context("dark_background"):
        figure = plot.tree(table(6), clusters=3)
        colors = figure.axes[0].collections[0].get_colors()
        assert figure.get_facecolor()[:3] == (0, 0, 0)
        assert {mpl.colors.to_hex(c) for c in colors} & {"#999999"}
    assert (MUTED, FAINT) == ("#6b7280", "#e7e9ec")


@pytest.mark.parametrize("name", DRAW)
def test_a_size_is_the_size_of_the_file_and_labels_still_do_not_overlap(name, tmp_path):
    natural = DRAW[name]().get_size_inches()
    size = tuple(float(side) for side in np.round(0.6 * natural, 1))
    figure = DRAW[name](size=size)
    assert_apart(figure)
    path = plot.save(figure, tmp_path / "small.png", dpi=100)
    height, width = pyplot.imread(path).shape[:2]
    assert (width, height) == pytest.approx([100 * side for side in size], abs=1)
    with pytest.raises(plot.PlotError, match="too small for this picture; expected at least"):
        DRAW[name](size=(0.2, 0.2))


def test_excluded_tasks_are_neither_sources_nor_targets():
    transfers = table(6, quality=True)
    axes = plot.heatmap(transfers, exclude=["task 02"]).axes[0]
    shown = {text.get_text() for text in (*axes.get_yticklabels(), *axes.get_xticklabels())}
    assert shown == {f"task 0{i}" for i in (0, 1, 3, 4, 5)}
    assert panel(axes).shape == (5, 5)
    assert "task 02" not in texts(plot.tree(transfers, exclude=["task 02"]))
    with pytest.raises(UnknownTaskError, match='--exclude: the table has no task "task 2"; did y'):
        plot.tree(transfers, exclude=["task 2"])
    with pytest.raises(plot.PlotError, match="no transfer is left to draw; give fewer tasks"):
        plot.heatmap(transfers, exclude=transfers.tasks)


@pytest.fixture
def font(tmp_path, monkeypatch):
    """A font that has 深 and さ alone; forgotten afterwards."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for point in ((0, 900), (900, 900), (900, 0)):
        pen.lineTo(point)
    pen.closePath()
    box = pen.glyph()
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", "deep", "sa"]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord("深"): "deep", ord("さ"): "sa"})
    builder.setupGlyf(dict.fromkeys(names, box))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    builder.setupHorizontalHeader(ascent=900, descent=-100)
    builder.setupNameTable({"familyName": "Two Signs", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "two.ttf"
    builder.save(path)
    monkeypatch.setattr(fontManager, "ttflist", list(fontManager.ttflist))
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [])
    monkeypatch.setattr(fonts, "_warned", set())
    fonts._fallbacks.cache_clear()
    yield str(path)
    fonts._fallbacks.cache_clear()


def test_a_font_of_the_machine_draws_what_ours_lacks(font, monkeypatch):
    """Also where it was installed after matplotlib listed the fonts."""
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [font])
    figure = plot.taxonomy(crowded(4, 2, prefix="深さ"))
    assert "深さ0" in texts(figure)
    assert_apart(figure)
    label = next(t for t in figure.findobj(mpl.text.Text) if t.get_text() == "深さ0")
    assert label.get_fontfamily() == ["DejaVu Sans", "Two Signs"]
    wide = [box.width for text, box in boxes(figure) if text == "深さ0"]
    assert wide[0] > 2 * 8 / 72 * figure.dpi  # two signs of an em each, and a digit


def test_without_such_a_font_names_stay_apart_and_a_warning_says_so_once(font):
    drawn = crowded(4, 2, prefix="深さ")
    with pytest.warns(UserWarning, match="no font of this machine has the characters さ深, so"):
        figure = plot.taxonomy(drawn)
    assert {"\\u6df1\\u30550", "\\u6df1\\u30551"} <= set(texts(figure))
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib's own about each glyph too
        figure = plot.taxonomy(drawn)
        plot.rendered(figure, "svg")
        plot.rendered(plot.tree(table(3), names={"task 01": "深"}), "png", dpi=40)


@pytest.mark.parametrize("name", ["Глубина", "عمق", "naïve", "a\u200bb", "❤\ufe0f"])
def test_scripts_that_our_font_has_need_no_other(font, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plot.rendered(plot.tree(table(3), names={"task 01": name}), "svg")


def test_a_font_is_chosen_by_name_or_by_file(font):
    assert plot.family_of("dejavu serif") == "DejaVu Serif"
    assert plot.family_of(font) == "Two Signs"
    with pytest.raises(plot.FontError, match='no font "DejaVu Sanz" here; did you mean DejaVu Sa'):
        plot.family_of("DejaVu Sanz")
    with pytest.raises(plot.FontError, match=r"none\.ttf: this is no font that can be read"):
        plot.family_of("none.ttf")


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "transfers.csv"
    tg.write_transfers(table(5, quality=True), file)
    return str(file)


@pytest.mark.parametrize("kind", ["heatmap", "tree", "taxonomy", "frontier", "grid"])
def test_every_plot_takes_size_dpi_and_font(path, tmp_path, capsys, kind):
    out = tmp_path / "picture.png"
    extra = ["--budgets", "1,2"] if kind in ("frontier", "grid") else []
    look = ["--size", "5x4", "--dpi", "50", "--font", "DejaVu Serif"]
    assert run(["plot", kind, path, "-o", str(out), *look, *extra]) == 0
    capsys.readouterr()
    assert pyplot.imread(out).shape[:2] == (200, 250)
    for size in ("5", "0x3", "axb", "5x4x3", "1e9x2"):
        assert "such as 8x5, or column, page, poster, not" in fails(
            capsys, "plot", kind, path, "-o", out, "--size", size
        )
    error = fails(capsys, "plot", kind, path, "-o", out, *extra, "--font", "No Such Font")
    assert 'there is no font "No Such Font" here; did you mean' in error
    error = fails(capsys, "plot", kind, path, "-o", out, *extra, "--size", "0.2x0.2")
    assert "too small for this picture; expected at least" in error


@pytest.mark.parametrize("kind", ["heatmap", "tree"])
def test_the_command_excludes_tasks(path, tmp_path, capsys, kind):
    out = tmp_path / "picture.svg"
    assert run(["plot", kind, path, "-o", str(out), "--exclude", "task 00,task 01"]) == 0
    capsys.readouterr()
    error = fails(capsys, "plot", kind, path, "-o", out, "--exclude", "task")
    assert '--exclude: the table has no task "task"' in error


def test_a_figure_shows_itself_in_a_notebook():
    """IPython calls this method of a value where no magic command registered a printer."""
    for draw in DRAW.values():
        assert draw()._repr_png_().startswith(b"\x89PNG")


LAZY = """
import sys, taskgraph as tg
assert not {"matplotlib", "seaborn"} & set(sys.modules), "imported too early"
assert "plot" in dir(tg)
tg.plot.heatmap
assert "matplotlib" in sys.modules
"""


def test_plot_is_there_after_import_taskgraph_and_imported_on_first_use():
    subprocess.run([sys.executable, "-c", LAZY], check=True)
