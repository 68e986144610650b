"""The sections of the report: what was computed beside the optimum of one budget."""

from __future__ import annotations

import pandas as pd

from taskgraph.baselines.evaluation import Evaluation
from taskgraph.plot import draw_sensitivity
from taskgraph.report.section import Section
from taskgraph.selection import Stability
from taskgraph.sensitivity.result import Sensitivity
from taskgraph.tasks import join_sources
from taskgraph.taxonomy import Taxonomy

WIN_RATES = (
    "Gain and quality are win rates against training from scratch and against full supervision; "
    "larger is better, and 0.5 is as good as the reference."
)


def best_sets_section(best: tuple[Taxonomy, ...]) -> Section:
    """Return the k best supervised sets as a table, with the tasks in which each differs."""
    first = set(best[0].supervised)
    rows = [
        {
            "supervised": ", ".join(taxonomy.supervised),
            "instead of": ", ".join(sorted(first - set(taxonomy.supervised))),
            "with": ", ".join(sorted(set(taxonomy.supervised) - first)),
            "objective": taxonomy.objective_value,
        }
        for taxonomy in best
    ]
    sentence = (
        "Each set is optimal among those that are not listed above it. Near ties are common, so "
        "these sets say more about which sources matter than the first one alone."
    )
    frame = pd.DataFrame(rows).astype({"objective": float})
    return Section("best-sets", "Best sets", [sentence], frame)


def comparison_section(evaluation: Evaluation, seed: int) -> Section:
    """Return the optimum beside greedy, best single sources and random sets."""
    notes = "; ".join([*evaluation.notes, f"seed {seed}"])
    return Section(
        "comparison",
        "Comparison with other choices",
        ["In every row a supervised target is solved by its own network.", WIN_RATES],
        evaluation.to_frame().round(3),
        note=notes,
    )


def frontier_section() -> Section:
    """Return the place of the curves over budgets."""
    return Section(
        "frontier",
        "Gain and quality over budgets",
        [
            "Mean over all targets of the optimum at each budget, beside random supervised sets "
            "with random transfers (mean, and 5th to 95th percentile).",
            WIN_RATES,
        ],
        picture="frontier",
        alternative="Two line charts: mean gain and mean quality against the budget, one line for "
        "each maximum order, above a band of random taxonomies.",
    )


def targets_section() -> Section:
    """Return the place of gain and quality by target."""
    return Section(
        "targets",
        "Gain and quality by target",
        [WIN_RATES],
        picture="targets",
        alternative="Dot plot: gain and quality of each target in the chosen taxonomy.",
    )


def table_sections() -> list[Section]:
    """Return the places of the heat map and the tree."""
    return [
        Section(
            "heatmap",
            "Measured transfers, before and after AHP",
            [
                "First-order transfers, from the source in a row to the target in a column. Darker "
                "is better in both panels. Point at a cell for its numbers."
            ],
            picture="heatmap",
            alternative="Two heat maps of sources by targets: what was measured, and the affinity "
            "after AHP.",
        ),
        Section(
            "tree",
            "Tasks that transfer alike",
            [
                "Ward's linkage of what each source transfers to. The branches are the groups that "
                "color the tasks."
            ],
            picture="tree",
            alternative="Tree of the sources; sources that transfer alike are joined early.",
        ),
    ]


def stability_section(taxonomy: Taxonomy, stable: Stability | None) -> Section:
    """Return how often resamples of the images supervise the set, and each task."""
    if stable is None:
        return Section(
            "stability",
            "Stability",
            [
                "What is proven is the optimum of this table. How stable the set is when the test "
                "images are resampled was not measured: pass the losses that the table was made "
                "from with --losses."
            ],
        )
    text = (
        f"What is proven is the optimum of this table. {stable.same:.0%} of {stable.resamples} "
        "resamples of the test images supervise exactly the same set. The column share is the "
        "fraction of resamples that supervise a task."
    )
    sentences = [text]
    if stable.taxonomy.supervised != taxonomy.supervised:
        sentences.append(
            "The losses have another optimum than the table: "
            f"{', '.join(stable.taxonomy.supervised)}."
        )
    frame = stable.to_frame()
    frame = frame[frame["supervised"] | (frame["share"] > 0)].round(3)
    return Section(
        "stability",
        "Stability",
        sentences,
        frame,
        picture="stability",
        alternative="Bar chart: share of the resamples that supervise each task.",
    )


def sensitivity_section(result: Sensitivity) -> Section:
    """Return how far the optimum depends on settings and on the sample."""
    lines = [f"{line[:1].upper()}{line[1:]}." for line in result.summary()]
    return Section(
        "sensitivity",
        "Sensitivity",
        [
            "Solved again with one respect changed at a time. The regret of a set is the share of "
            "the optimum that it loses in a case.",
            *lines,
            *(f"Left out: {note}." for note in result.notes),
        ],
        result.sets.round(4) if len(result.sets) else None,
        figure=lambda: draw_sensitivity(result),
        alternative="Chart: the share of cases in which each task is supervised, and the regret of "
        "the optimum in each case.",
        note="The table is the confidence set of taxonomies." if len(result.sets) else "",
    )


def optimum_frame(taxonomy: Taxonomy) -> pd.DataFrame:
    """Return the transfers of an optimum for the page: sources in words, numbers of few digits."""
    frame = taxonomy.to_frame()
    frame["sources"] = [join_sources(transfer.sources) for transfer in taxonomy.transfers]
    return frame.drop(columns="order")
