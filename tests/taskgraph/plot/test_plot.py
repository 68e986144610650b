"""Figures: labels stay apart, the numbers drawn are the table's, and files are whole and equal."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from scipy.cluster.hierarchy import leaves_list

from taskgraph import plot
from taskgraph.errors import InvalidProblemError, TaskgraphError
from taskgraph.plot import names as names_module
from taskgraph.plot.colors import text_color
from taskgraph.plot.layout import (
    arrange_taxonomy,
    crossings,
    fewest_crossings,
    group_targets,
    spread_out,
)
from taskgraph.taxonomy import Taxonomy, Transfer
from taskgraph.transfers import Transfers

PUBLISHED = Path(__file__).parents[4] / "shared" / "taskonomy" / "transfers_16k.csv"


def table(count: int = 5, *, seed: int = 0, **columns: object) -> Transfers:
    """A made-up table of all first-order transfers and ``self`` among ``count`` tasks."""
    random = np.random.default_rng(seed)
    tasks = [f"task {i:02d}" for i in range(count)]
    pairs = [(s, t) for t in tasks for s in [*tasks, "self"] if s != t]
    frame = pd.DataFrame(pairs, columns=["sources", "target"])
    frame["affinity"] = random.dirichlet(np.ones(len(pairs)))
    for name in columns:
        frame[name] = random.random(len(pairs))
    return Transfers(frame)


def taxonomy(*transfers: Transfer, supervised: tuple[str, ...], budget: float = 2) -> Taxonomy:
    return Taxonomy(
        status="optimal",
        objective_value=1.0,
        bound=1.0,
        budget=budget,
        spent=budget,
        max_order=4,
        objective_transform="sqrt",
        supervised=supervised,
        transfers=transfers,
    )


def crowded(count: int, supervised: int, *, prefix: str = "t", seed: int = 0) -> Taxonomy:
    random = np.random.default_rng(seed)
    tasks = [f"{prefix}{i}" for i in range(count)]
    known = tasks[:supervised]
    transfers = [Transfer(name, ("self",), 0.5, 1.0, 0.5) for name in known]
    for name in tasks[supervised:]:
        order = int(random.integers(1, min(4, supervised) + 1))
        sources = tuple(sorted(random.choice(known, order, replace=False).tolist()))
        transfers.append(Transfer(name, sources, 0.1, float(random.random()), 0.25))
    return taxonomy(*transfers, supervised=tuple(known), budget=supervised)


def boxes(figure):
    """Texts of a figure and where the renderer puts them, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    unseen = {label for axes in figure.axes for label in undrawn_ticks(axes)}
    return [
        (text.get_text(), text.get_window_extent(renderer))
        for text in figure.findobj(mpl.text.Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


def undrawn_ticks(axes):
    """Labels of ticks that exist but are not drawn: outside of the view, or the axes are off."""
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
            if not axes.axison or not low - 1e-9 <= tick.get_loc() <= high + 1e-9:
                yield from (tick.label1, tick.label2)


def assert_apart(figure):
    """Assert that no two texts overlap, and that none leaves the sheet."""
    width, height = figure.get_size_inches() * figure.dpi
    shown = boxes(figure)
    for (first, one), (second, other) in combinations(shown, 2):
        apart = one.x1 <= other.x0 + 0.5 or other.x1 <= one.x0 + 0.5
        apart = apart or one.y1 <= other.y0 + 0.5 or other.y1 <= one.y0 + 0.5
        assert apart, f"{first!r} overlaps {second!r}"
    for text, box in shown:
        assert box.x0 >= -1, f"{text!r} is cut on the left"
        assert box.x1 <= width + 1, f"{text!r} is cut on the right"
        assert box.y0 >= -1, f"{text!r} is cut below"
        assert box.y1 <= height + 1, f"{text!r} is cut above"


def texts(figure):
    return [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_visible()]


def panel(axes):
    """Return the values that a heat map draws, rows from the top."""
    mesh = axes.collections[0]
    return np.ma.filled(mesh.get_array().astype(float), np.nan)


SMALL = taxonomy(
    Transfer("a", ("self",), 0.5, 1.0, 0.5),
    Transfer("b", ("self",), 0.5, 1.0, 0.5),
    Transfer("c", ("a", "b"), 0.2, 0.9, 0.31),
    Transfer("d", ("a", "b"), 0.2, 0.8, 0.22),
    Transfer("e", ("z",), 0.2, 0.7, 0.13),
    supervised=("a", "b", "z"),
    budget=3,
)
UNSOLVED = Taxonomy(
    status="infeasible",
    objective_value=None,
    bound=None,
    budget=1,
    spent=0,
    max_order=2,
    objective_transform="sqrt",
    reason='target "c" has no transfer',
    least_budget=3,
)


class TestTaxonomy:
    @pytest.mark.parametrize(
        "drawn",
        [
            SMALL,
            crowded(2, 1),
            crowded(26, 2),
            crowded(26, 15),
            crowded(60, 12, prefix="a_rather_long_name_for_one_task_", seed=2),
            crowded(6, 6),
        ],
        ids=["small", "two tasks", "budget 2", "budget 15", "60 long names", "all self"],
    )
    def test_labels_never_overlap(self, drawn):
        assert_apart(plot.draw_taxonomy(drawn))

    def test_labels_never_overlap_in_the_published_table(self):
        if not PUBLISHED.exists():
            pytest.skip(f"the published table is not at {PUBLISHED}")
        table = Transfers(pd.read_csv(PUBLISHED))
        supervised = ("autoencoder", "class_places", "denoise", "keypoint3d", "rgb2sfnorm")
        figure = plot.draw_taxonomy(best_from(table, supervised, max_order=4))
        assert_apart(figure)
        assert "non_fixated_pose" in texts(figure)

    def test_targets_carry_their_win_rate(self):
        quality = plot.draw_taxonomy(SMALL)
        assert {"0.31", "0.22", "0.13"} <= set(texts(quality))
        gain = plot.draw_taxonomy(SMALL, color_by="gain")
        assert {"0.90", "0.80", "0.70"} <= set(texts(gain))

    def test_a_junction_tells_the_order_and_a_legend_the_roles(self):
        shown = texts(plot.draw_taxonomy(SMALL))
        assert {"2", "2 sources", "1 source", "supervised, source only"} <= set(shown)
        assert "by transfer (3)" in shown
        assert "supervised (3)" in shown

    def test_without_win_rates_there_is_no_color_bar(self):
        drawn = taxonomy(Transfer("a", ("self",)), Transfer("b", ("a",)), supervised=("a",))
        assert len(plot.draw_taxonomy(drawn).axes) == 1
        with pytest.raises(plot.PlotError, match=r'"gain", expected .* the taxonomy has neither'):
            plot.draw_taxonomy(drawn, color_by="gain")

    def test_a_supervised_target_may_stand_on_both_sides(self):
        drawn = taxonomy(
            Transfer("a", ("b",)), Transfer("b", ("self",)), supervised=("a", "b"), budget=2
        )
        figure = plot.draw_taxonomy(drawn)
        assert texts(figure).count("a") == 2
        assert "supervised, keeps a transfer" in texts(figure)
        assert_apart(figure)

    def test_dollars_are_drawn_and_not_read_as_mathematics(self):
        drawn = taxonomy(
            Transfer("$x$ and $y$", ("a",)), Transfer("a", ("self",)), supervised=("a",)
        )
        assert_apart(plot.draw_taxonomy(drawn))

    @pytest.mark.parametrize("draw", [plot.draw_taxonomy, lambda t: plot.gain_quality_grid([t])])
    def test_an_unsolved_one_is_refused_with_advice(self, draw):
        with pytest.raises(InvalidProblemError, match=r"is infeasible.*budget of at least 3"):
            draw(UNSOLVED)


def best_from(table: Transfers, supervised: tuple[str, ...], *, max_order: int) -> Taxonomy:
    """Give each target its transfer of the highest affinity from these sources."""
    chosen = []
    for target in table.targets:
        rows = table.frame[(table.frame["target"] == target) & table.is_edge]
        inside = rows["sources"].map(lambda text: set(text.split("+")) <= set(supervised))
        rows = rows[inside & (table.order[rows.index] <= max_order)]
        row = table.row_of(target, "self")
        if target not in supervised:
            row = rows.loc[rows["affinity"].idxmax()]
        sources = tuple(row["sources"].split("+"))
        chosen.append(Transfer(target, sources, row["affinity"], row["gain"], row["quality"]))
    return taxonomy(*chosen, supervised=supervised, budget=len(supervised))


class TestLayout:
    def test_the_same_taxonomy_gets_the_same_layout(self):
        drawn = crowded(30, 9, seed=4)
        assert arrange_taxonomy(drawn) == arrange_taxonomy(drawn)

    def test_the_order_of_transfers_carries_no_meaning(self):
        drawn = crowded(30, 9, seed=4)
        turned = taxonomy(*drawn.transfers[::-1], supervised=drawn.supervised[::-1], budget=9)
        assert {**arrange_taxonomy(turned).targets} == arrange_taxonomy(drawn).targets

    @pytest.mark.parametrize("seed", range(5))
    def test_boxes_are_a_row_apart(self, seed):
        layout = arrange_taxonomy(crowded(40, 11, seed=seed))
        for column in (layout.supervised, layout.targets):
            rows = np.sort(list(column.values()))
            assert (np.diff(rows) >= 1 - 1e-9).all()
            assert rows.min() >= 0
            assert rows.max() <= layout.height + 1e-9

    def test_targets_with_the_same_sources_stand_together(self):
        layout = arrange_taxonomy(SMALL)
        assert abs(layout.targets["c"] - layout.targets["d"]) == 1
        assert [group.targets for group in group_targets(SMALL)] == [("c", "d"), ("e",)]

    def test_crossings_are_counted_as_pairs(self):
        random = np.random.default_rng(0)
        for _ in range(20):
            joined = random.random((5, 6)) < 0.4
            lines = np.argwhere(joined)
            pairs = combinations(lines, 2)
            expected = sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for a, b in pairs)
            assert crossings(joined) == expected

    def test_what_can_be_drawn_without_crossings_is(self):
        transfers = [Transfer(f"t{i}", (f"s{(i * 3) % 7}",)) for i in range(7)]
        supervised = tuple(f"s{i}" for i in range(7))
        groups = group_targets(taxonomy(*transfers, supervised=supervised))
        left, right = fewest_crossings(supervised, groups)
        joined = np.array([[supervised[s] in groups[g].sources for g in right] for s in left])
        assert crossings(joined) == 0

    def test_spreading_out_is_least_squares(self):
        """Two that want one place share it evenly; those that are apart stay."""
        assert spread_out([2.0, 2.0, 9.0]) == [1.5, 2.5, 9.0]
        assert spread_out([]) == []


class TestHeatmap:
    def test_both_panels_hold_the_tables_numbers(self):
        transfers = table(6, quality=True)
        figure = plot.heatmap(transfers)
        rows = [text.get_text() for text in figure.axes[0].get_yticklabels()]
        columns = [text.get_text() for text in figure.axes[0].get_xticklabels()]
        before, after = panel(figure.axes[0]), panel(figure.axes[1])
        frame = transfers.frame
        for (i, source), (j, target) in [
            (a, b) for a in enumerate(rows) for b in enumerate(columns) if a[1] != b[1]
        ]:
            row = transfers.row_of(target, source)
            total = frame.loc[frame["target"] == target, "affinity"].sum()
            assert before[i, j] == pytest.approx(row["quality"])
            assert after[i, j] == pytest.approx(np.exp(-20 * row["affinity"] / total))
        assert np.isnan(np.diag(after)).all()

    def test_rows_follow_the_linkage_and_columns_the_rows(self):
        transfers = table(7)
        tasks, links = plot.task_linkage(transfers)
        figure = plot.heatmap(transfers)
        expected = [tasks[leaf] for leaf in leaves_list(links)]
        axes = figure.axes[0]
        assert [text.get_text() for text in axes.get_yticklabels()] == expected
        assert [text.get_text() for text in axes.get_xticklabels()] == expected

    def test_panels_are_what_was_measured(self):
        assert titles(plot.heatmap(table(4))) == ["After AHP"]
        with_loss = table(4, loss=True, gain=True)
        assert titles(plot.heatmap(with_loss)) == ["Before AHP: loss", "After AHP"]
        gain = plot.heatmap(with_loss, before="gain")
        assert titles(gain) == ["Before AHP: gain", "After AHP"]

    def test_self_comes_last_where_it_is_asked_for(self):
        axes = plot.heatmap(table(4), with_self=True).axes[0]
        assert axes.get_yticklabels()[-1].get_text() == "self"

    @pytest.mark.parametrize("count", [2, 5, 14])
    def test_labels_never_overlap(self, count):
        assert_apart(plot.heatmap(table(count, gain=True), with_self=True))

    def test_a_column_that_is_not_there_is_named(self):
        with pytest.raises(plot.PlotError, match=r'before is "gain".*the table has quality'):
            plot.heatmap(table(3, quality=True), before="gain")

    def test_higher_orders_alone_are_refused(self):
        frame = pd.DataFrame({"sources": ["a+b"], "target": ["c"], "affinity": [0.5]})
        with pytest.raises(plot.PlotError, match="no first-order transfer"):
            plot.heatmap(Transfers(frame))


def titles(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


class TestTree:
    def test_leaves_follow_the_linkage(self):
        transfers = table(9)
        tasks, links = plot.task_linkage(transfers)
        axes = plot.tree(transfers).axes[0]
        shown = [text.get_text() for text in axes.get_yticklabels()]
        assert shown == [tasks[leaf] for leaf in leaves_list(links)]

    def test_sources_that_transfer_alike_are_joined_first(self):
        values = {"a": (0.5, 0.1), "b": (0.1, 0.5), "c": (0.49, 0.1), "d": (0.1, 0.49)}
        rows = [(s, t, v) for s, pair in values.items() for t, v in zip("xy", pair, strict=True)]
        frame = pd.DataFrame(rows, columns=["sources", "target", "affinity"])
        tasks, links = plot.task_linkage(Transfers(frame))
        first = {frozenset(tasks[int(i)] for i in link[:2]) for link in links[:2]}
        assert first == {frozenset("ac"), frozenset("bd")}

    @pytest.mark.parametrize("clusters", [1, 2, 4, 50])
    def test_each_branch_has_a_color(self, clusters):
        axes = plot.tree(table(12), clusters=clusters).axes[0]
        colors = axes.collections[0].get_colors()
        assert len(colors) == 11
        if clusters == 1:
            assert len(np.unique(colors, axis=0)) == 1

    @pytest.mark.parametrize("count", [2, 40])
    def test_labels_never_overlap(self, count):
        assert_apart(plot.tree(table(count, seed=1)))

    def test_the_published_groups_are_branches(self):
        if not PUBLISHED.exists():
            pytest.skip(f"the published table is not at {PUBLISHED}")
        tasks, links = plot.task_linkage(Transfers(pd.read_csv(PUBLISHED)))
        order = [tasks[leaf] for leaf in leaves_list(links)]
        solid = {"rgb2sfnorm", "segment25d", "curvature", "keypoint3d", "rgb2depth", "rgb2mist"}
        solid |= {"edge3d", "reshade"}
        meaning = {"segmentsemantic_rb", "class_1000", "class_places", "class_selected"}
        for group in (solid, meaning):
            places = sorted(order.index(name) for name in group)
            assert places[-1] - places[0] == len(group) - 1

    def test_one_source_is_no_tree(self):
        frame = pd.DataFrame({"sources": ["a"], "target": ["b"], "affinity": [0.5]})
        with pytest.raises(plot.PlotError, match=r"at least two sources.*the table has 1"):
            plot.tree(Transfers(frame))
        with pytest.raises(plot.PlotError, match="clusters is 0, expected at least 1"):
            plot.tree(table(3), clusters=0)


class TestGrid:
    def two_budgets(self):
        later = taxonomy(
            Transfer("a", ("self",), 0.5, 1.0, 0.5),
            Transfer("b", ("self",), 0.5, 1.0, 0.5),
            Transfer("c", ("self",), 0.2, 1.0, 0.5),
            Transfer("d", ("a", "c"), 0.2, 0.9, 0.45),
            Transfer("e", ("z",), 0.2, 0.7, 0.13),
            supervised=("a", "b", "c", "z"),
            budget=4,
        )
        return [later, SMALL]

    def test_the_frame_holds_each_budget_and_target(self):
        frame = plot.grid_frame(self.two_budgets())
        assert frame["budget"].tolist() == [3.0] * 5 + [4.0] * 5
        cell = frame[(frame["budget"] == 3) & (frame["target"] == "c")].iloc[0]
        assert (cell["gain"], cell["quality"], cell["order"]) == (0.9, 0.31, 2)
        assert not cell["supervised"]

    def test_cells_are_the_frames_and_supervised_ones_are_framed(self):
        figure = plot.gain_quality_grid(self.two_budgets())
        gain, quality = figure.axes[:2]
        rows = [text.get_text() for text in gain.get_yticklabels()]
        assert rows == ["a", "b", "c", "d", "e"]
        assert panel(gain)[:, 0].tolist() == [1.0, 1.0, 0.9, 0.8, 0.7]
        assert panel(quality)[:, 1].tolist() == [0.5, 0.5, 0.5, 0.45, 0.13]
        framed = [p for p in quality.patches if isinstance(p, Rectangle)]
        places = {(rows[int(p.get_y())], int(p.get_x())) for p in framed}
        assert places == {("a", 0), ("b", 0), ("a", 1), ("b", 1), ("c", 1)}
        assert "0.9" in [text.get_text() for text in gain.texts]

    def test_labels_never_overlap(self):
        grid = [crowded(14, budget) for budget in (2, 4, 8, 12)]
        assert_apart(plot.gain_quality_grid(grid))

    def test_misuse_is_explained(self):
        with pytest.raises(plot.PlotError, match="at least one taxonomy"):
            plot.grid_frame([])
        with pytest.raises(plot.PlotError, match="two taxonomies have the budget 3"):
            plot.grid_frame([SMALL, SMALL])
        bare = taxonomy(Transfer("a", ("self",)), supervised=("a",))
        with pytest.raises(plot.PlotError, match="these taxonomies have neither"):
            plot.gain_quality_grid([bare])


def frontier(**columns: object) -> pd.DataFrame:
    rows = [
        {"max_order": order, "budget": budget, "objective": float(budget + order)}
        for order in (1, 4)
        for budget in (4, 2, 8)
    ]
    frame = pd.DataFrame(rows)
    frame["gain"] = 0.5 + 0.05 * frame["budget"] + 0.01 * frame["max_order"]
    frame["quality"] = 0.2 + 0.03 * frame["budget"] + 0.01 * frame["max_order"]
    return frame.assign(**columns)


class TestFrontier:
    def test_lines_are_the_frames_numbers_by_budget(self):
        figure = plot.draw_frontier(frontier())
        first, second = figure.axes[0].lines
        assert first.get_xdata().tolist() == [2, 4, 8]
        assert first.get_ydata() == pytest.approx([0.61, 0.71, 0.91])
        assert second.get_ydata() == pytest.approx([0.64, 0.74, 0.94])

    def test_the_random_band_and_the_greedy_line_have_entries(self):
        figure = plot.draw_frontier(frontier(quality_low=0.1, quality_high=0.2, greedy_quality=0.3))
        gain, quality = figure.axes
        assert len(gain.collections) == 0
        extent = quality.collections[0].get_paths()[0].get_extents()
        assert (extent.x0, extent.x1) == (2, 8)
        assert (extent.y0, extent.y1) == pytest.approx((0.1, 0.2))
        entries = [text.get_text() for text in figure.legends[0].get_texts()]
        assert entries[:2] == ["order 1", "order ≤ 4"]
        assert "greedy" in entries
        assert_apart(figure)

    def test_the_same_sets_with_their_best_transfers_have_a_band_of_their_own(self):
        columns = {"gain_low": 0.1, "gain_high": 0.2, "gain_best_low": 0.15, "gain_best_high": 0.3}
        figure = plot.draw_frontier(frontier(**columns))
        bands = figure.axes[0].collections
        heights = [band.get_paths()[0].get_extents() for band in bands]
        assert [(h.y0, h.y1) for h in heights] == [
            pytest.approx((0.1, 0.2)),
            pytest.approx((0.15, 0.3)),
        ]
        assert [bool(band.get_hatch()) for band in bands] == [False, True]
        entries = [text.get_text().split(",")[0] for text in figure.legends[0].get_texts()]
        assert entries[2:] == ["random sets", "the same sets"]
        assert_apart(figure)

    def test_the_legend_is_outside_of_the_data(self):
        figure = plot.draw_frontier(frontier(gain_low=0.1, gain_high=0.2))
        renderer = FigureCanvasAgg(figure).get_renderer()
        figure.draw(renderer)
        legend = figure.legends[0].get_window_extent(renderer)
        assert all(legend.x0 >= axes.get_window_extent().x1 for axes in figure.axes)

    def test_an_objective_alone_is_drawn(self):
        figure = plot.draw_frontier(frontier().drop(columns=["gain", "quality"]))
        assert [axes.get_ylabel() for axes in figure.axes] == ["objective"]

    def test_misuse_is_explained(self):
        with pytest.raises(plot.PlotError, match='needs the column "max_order"'):
            plot.draw_frontier(frontier().drop(columns="max_order"))
        with pytest.raises(plot.PlotError, match="max_order 1 and budget 4 are in several rows"):
            plot.draw_frontier(pd.concat([frontier(), frontier()]))
        with pytest.raises(plot.PlotError, match="needs values of gain, quality or objective"):
            plot.draw_frontier(frontier()[["max_order", "budget"]])


class TestNames:
    def test_tasks_are_called_as_in_the_table_unless_other_labels_are_given(self):
        tasks = ["rgb2sfnorm", "my_task", "self"]
        assert plot.display_names(tasks) == {name: name for name in tasks}
        label = plot.display_names(tasks, names={**plot.TASKONOMY_NAMES, "my_task": "Mine"})
        assert label == {"rgb2sfnorm": "Normals", "my_task": "Mine", "self": "Task-Specific"}

    def test_labels_are_unique(self):
        tasks = ["segmentsemantic", "segmentsemantic_rb"]
        label = plot.display_names(tasks, names=plot.TASKONOMY_NAMES)
        assert label == {name: name for name in tasks}

    def test_long_names_lose_their_middle_unless_that_makes_them_equal(self):
        long = "x" * 30 + "end_of_the_long_name"
        assert len(plot.display_names([long])[long]) == names_module.LONGEST
        pair = ["a" * 60 + "1" + "b" * 60, "a" * 60 + "2" + "b" * 60]
        assert list(plot.display_names(pair).values()) == pair


class TestSave:
    def test_svg_is_xml_and_equal_figures_give_equal_files(self, tmp_path):
        paths = [plot.save(plot.draw_taxonomy(SMALL), tmp_path / f"{i}.svg") for i in range(2)]
        assert ElementTree.parse(paths[0]).getroot().tag.endswith("svg")
        assert paths[0].read_bytes() == paths[1].read_bytes()
        assert sorted(tmp_path.iterdir()) == paths

    @pytest.mark.parametrize(
        ("suffix", "magic"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".PNG", b"\x89PNG")]
    )
    def test_the_suffix_is_the_format(self, tmp_path, suffix, magic):
        path = plot.save(plot.tree(table(3)), tmp_path / f"tree{suffix}", dpi=50)
        assert path.read_bytes().startswith(magic)

    @pytest.mark.parametrize("name", ["tree.jpg", "tree"])
    def test_another_suffix_is_refused(self, tmp_path, name):
        with pytest.raises(TaskgraphError, match=r"expected a suffix among \.svg, \.png, \.pdf"):
            plot.save(plot.tree(table(3)), tmp_path / name)
        assert list(tmp_path.iterdir()) == []

    def test_a_failure_leaves_the_old_file(self, tmp_path, monkeypatch):
        path = plot.save(plot.tree(table(3)), tmp_path / "tree.svg")
        before = path.read_bytes()
        figure = plot.tree(table(4))
        monkeypatch.setattr(figure, "draw", lambda renderer: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            plot.save(figure, path)
        assert path.read_bytes() == before
        assert list(tmp_path.iterdir()) == [path]


def test_text_is_dark_on_light_and_white_on_dark():
    assert text_color("#ffffcc") != "white"
    assert text_color("#33415c") == "white"


def test_drawing_opens_no_window():
    before = pyplot.get_fignums()
    plot.heatmap(table(2))
    plot.draw_taxonomy(SMALL)
    assert pyplot.get_fignums() == before
