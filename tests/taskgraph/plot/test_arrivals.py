"""Pictures of arrivals: lines are the numbers, bands the middle half of several orders."""

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph import plot
from tests.taskgraph.lifelong.test_extend import small
from tests.taskgraph.plot.test_plot import assert_apart


def arrived(orders=4):
    """Made-up arrivals of four tasks in several orders."""
    rows = [
        {"order": order, "arrived": place, "task": f"t{place}", "budget": 1.0}
        | {"online": place - 0.1 * order, "offline": float(place), "random": 0.2}
        for order in range(orders)
        for place in range(1, 5)
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(ratio=frame["online"] / frame["offline"])


def lines(axes):
    return {line.get_label(): line.get_ydata() for line in axes.lines}


def test_lines_are_medians_and_bands_the_middle_half():
    figure = plot.draw_arrivals(arrived())
    objective, ratio = figure.axes
    found = lines(objective)
    assert found["optimum of the same tasks"] == pytest.approx([1, 2, 3, 4])
    assert found["extended, no label is taken back"] == pytest.approx([0.85, 1.85, 2.85, 3.85])
    ends = [band.get_paths()[0].vertices[:, 1] for band in objective.collections]
    assert [ends[0].min(), ends[0].max()] == pytest.approx([0.775, 3.925])
    edges = [line.get_ydata() for line in objective.lines if line.get_linewidth() < 1]
    assert edges[0] == pytest.approx([0.7, 1.7, 2.7, 3.7])
    assert edges[1] == pytest.approx([1, 2, 3, 4])
    assert lines(ratio)["random labels"] == pytest.approx([0.2] * 4)
    assert ratio.get_ylabel() == "competitive ratio"
    assert_apart(figure)


def test_one_order_has_the_names_of_its_tasks_and_no_band():
    table, names = small(0)
    found = tg.arrivals(table, names)
    figure = plot.draw_arrivals(found)
    objective, ratio = figure.axes
    assert [text.get_text() for text in ratio.get_xticklabels()] == names
    assert not objective.collections
    online = lines(objective)["extended, no label is taken back"]
    assert online == pytest.approx(found.to_frame()["online"])
    assert_apart(figure)
    several = plot.draw_arrivals([found, tg.arrivals(table, names[::-1])], measure="ratio")
    assert [axes.get_ylabel() for axes in several.axes] == ["competitive ratio"]


def test_arrivals_without_a_taxonomy_are_left_out():
    frame = arrived(1)
    frame.loc[0, ["online", "offline", "ratio"]] = np.nan
    figure = plot.draw_arrivals(frame)
    assert len(lines(figure.axes[0])["extended, no label is taken back"]) == 3


def test_misuse_is_explained():
    with pytest.raises(plot.PlotError, match='arrivals need the column "ratio"; they have'):
        plot.draw_arrivals(arrived().drop(columns="ratio"))
    with pytest.raises(plot.PlotError, match='the measure is "gain", expected one of objective, '):
        plot.draw_arrivals(arrived(), measure="gain")
    with pytest.raises(plot.PlotError, match="there is no order of arrivals to draw"):
        plot.draw_arrivals([])
    with pytest.raises(plot.PlotError, match="no arrival has a taxonomy; let a target arrive"):
        plot.draw_arrivals(arrived().assign(online=np.nan))
