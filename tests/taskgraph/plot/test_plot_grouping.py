"""Pictures of groupings: what they show, and what they refuse to draw."""

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidProblemError
from taskgraph.plot import PlotError, draw_grouping, draw_grouping_frontier, rendered

NETWORKS = tg.Networks(
    ("a$b", "both", "normals"),
    ("depth", "normals"),
    np.array([[0.31234, math.nan], [0.3, 0.4], [math.nan, 0.2]]),
    np.array([1.0, 1.5, 1.0]),
)


def words(figure):
    """Return the texts of a figure."""
    axes = figure.axes[0]
    legend = axes.get_legend()
    return [t.get_text() for t in [*axes.texts, *(legend.get_texts() if legend else [])]]


def test_networks_tasks_costs_and_values_are_written():
    grouping = tg.solve_groups(NETWORKS, budget=2.5)
    texts = words(draw_grouping(grouping))
    for text in ("both", "normals", "depth", "1.5", "0.3", "0.2", "networks (2), cost"):
        assert text in texts
    assert "budget 2.5, spent 2.5: total loss 0.5 (proven optimal)" in texts
    assert "was trained on it, another network solves it" in texts
    assert "own title" in words(draw_grouping(grouping, title="own title"))


def test_arrows_are_as_many_as_tasks_of_networks():
    grouping = tg.solve_groups(NETWORKS, budget=2.5)
    arrows = [p for p in draw_grouping(grouping).axes[0].patches if "Arrow" in type(p).__name__]
    assert len(arrows) == 3
    alone = tg.solve_groups(NETWORKS, budget=9, disjoint=True)
    figure = draw_grouping(alone)
    assert "was trained on it, another network solves it" not in words(figure)
    assert r"a\$b" in words(figure)


def test_an_axes_of_ones_own_and_a_size():
    grouping = tg.solve_groups(NETWORKS, budget=2.5)
    _, axes = plt.subplots()
    assert draw_grouping(grouping, ax=axes) is axes
    assert draw_grouping(grouping, size=(6, 4)).get_size_inches().tolist() == [6, 4]
    plt.close("all")


def test_equal_pictures_are_equal_files():
    grouping = tg.solve_groups(NETWORKS, budget=2.5)
    one, other = (rendered(draw_grouping(grouping), "svg") for _ in range(2))
    assert one == other


def test_the_frontier_has_a_step_for_each_budget():
    frame = tg.grouping_frontier(NETWORKS, budgets=[1, 1.5, 2, 2.5]).to_frame()
    figure = draw_grouping_frontier(frame)
    (line,) = figure.axes[0].lines
    assert line.get_xdata().tolist() == [1.5, 2.0, 2.5]
    assert line.get_ydata() == pytest.approx([0.7, 0.51234, 0.5])
    assert figure.axes[0].get_ylabel() == "total loss"
    more = frame.assign(scored=1.0, low=0.4, high=0.6)
    labels = [t.get_text() for t in draw_grouping_frontier(more).axes[0].get_legend().get_texts()]
    assert labels == ["optimum", "95 % interval", "scored on the other table"]


def test_what_cannot_be_drawn():
    with pytest.raises(InvalidProblemError, match=r"nothing to draw: .* is infeasible: no choice"):
        draw_grouping(tg.solve_groups(NETWORKS, budget=1))
    with pytest.raises(PlotError, match='a frontier needs the column "objective"'):
        draw_grouping_frontier(pd.DataFrame({"budget": [1]}))
    with pytest.raises(PlotError, match="no budget has a solution"):
        draw_grouping_frontier(pd.DataFrame({"budget": [1], "objective": [math.nan]}))
