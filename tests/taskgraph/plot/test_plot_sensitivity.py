"""Pictures of sensitivity analyses and of labels needed show the numbers of their results."""

import numpy as np
import pytest

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.plot import PlotError, draw_labels_needed, draw_sensitivity, rendered
from taskgraph.plot.sensitivity import DROPPED, MOST_SETS, regrets_of, shares_of
from taskgraph.report import sensitivity_section
from tests.taskgraph.frontiers.test_needed import random_table
from tests.taskgraph.sensitivity.test_robust import some_losses


@pytest.fixture(scope="module")
def found():
    return tg.analyze_sensitivity(some_losses(seed=4), budget=2, bootstrap=6)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def test_the_panels_hold_the_shares_and_the_regrets_in_percent(found):
    figure = draw_sensitivity(found)
    first, second = figure.axes[:2]
    shares, regrets = shares_of(found), regrets_of(found)
    assert texts(first) == [f"{value:.2f}" for value in shares.to_numpy().ravel()]
    assert texts(second) == [f"{100 * value:.1f}" for value in regrets.to_numpy().ravel()]
    own = ", ".join(found.taxonomy.supervised)
    assert f"A = {own}" in figure._supxlabel.get_text()
    assert rendered(figure, "png")[:4] == b"\x89PNG"


def test_dropped_sources_are_shown_by_the_worst(found):
    regrets = regrets_of(found)
    own = ", ".join(found.taxonomy.supervised)
    dropped = found.regrets.filter(like="source: ")
    assert regrets.loc[DROPPED, own] == pytest.approx(dropped.loc[own].max())
    assert regrets.columns[0] == own
    assert regrets.shape[1] == min(MOST_SETS, len(found.regrets))
    assert not any(name.startswith("source: ") and name != DROPPED for name in regrets.index)


def test_tasks_of_the_robust_core_are_marked(found):
    marked = {name.removesuffix(" *") for name in shares_of(found).index if name.endswith(" *")}
    assert marked == set(found.core)


def test_a_baseline_alone_is_refused(found):
    alone = tg.Sensitivity(
        found.taxonomy,
        found.cases[:1],
        found.tasks[["task", "supervised", "core"]],
        found.sets[:0],
        found.regrets[["baseline"]][:1],
        0.95,
    )
    with pytest.raises(PlotError, match="only the baseline was solved"):
        draw_sensitivity(alone)


def test_labels_needed_are_drawn_as_steps():
    needed = tg.labels_needed(random_table(2), levels=[0.3], max_orders=[1, 2])
    figure = draw_labels_needed(needed)
    (axes,) = figure.axes
    steps = needed.steps[needed.steps["max_order"] == 2]
    line = next(each for each in axes.lines if each.get_label() == "order ≤ 2")
    np.testing.assert_allclose(line.get_xdata(), steps["reached"])
    np.testing.assert_allclose(line.get_ydata(), steps["spent"])
    full = next(each for each in axes.lines if each.get_label().startswith("all 4 supervised"))
    assert set(full.get_ydata()) == {4.0}
    assert axes.get_ylabel() == "labels needed for 4 tasks"
    paid = tg.labels_needed(random_table(2), levels=[], label_cost={"a": 2.0}, max_orders=[1])
    assert draw_labels_needed(paid).axes[0].get_ylabel().startswith("cost of labels and transfers")
    nothing = tg.labels_needed(random_table(2), levels=[], budgets=[0], max_orders=[1])
    with pytest.raises(PlotError, match="no budget of the frontier has a measured mean quality"):
        draw_labels_needed(nothing)


def test_the_command_draws(tmp_path):
    losses, out = tmp_path / "losses.csv", tmp_path / "sensitivity.svg"
    some_losses(tasks="abc").to_frame().to_csv(losses, index=False)
    words = ["plot", "sensitivity", str(losses), "--budget", "1", "--bootstrap", "3"]
    assert run([*words, "-o", str(out)]) == 0
    assert out.read_text().startswith("<?xml")


def test_the_report_has_a_section(found):
    section = sensitivity_section(found)
    assert section.title == "Sensitivity"
    assert section.drawing()[0].count("<svg") == 1
    assert f"Optimum: {', '.join(found.taxonomy.supervised)}." in section.sentences
    assert len(section.frame) == len(found.sets)
