"""The sections of the page on figures and on files."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.markdown import names, table
from benchmarks.transfers.tables import TransferTables
from taskgraph.tasks import split_sources


def pictures(tables: TransferTables) -> str:
    """Return the section of figures, each with a text that describes it."""
    facts = tables.facts
    files = facts["figures"]
    if not files:
        return "## Pictures\n\n" + tables.absent("figures")
    lines = ["## Pictures"]
    frame = tables["significance"]
    texts = {
        "heatmap": f"Heat maps of first-order transfers from {facts['sources']} sources (rows) to "
        f"{facts['targets']} targets (columns), before and after AHP",
        "tree": f"Tree of {facts['sources']} sources, those that transfer out alike side by side, "
        "four branches in color",
        "frontier": "Mean gain and quality over supervision budgets "
        f"{frame['budget'].min():g} to {frame['budget'].max():g}, one line a maximum order, with "
        "the bands of random sets and greedy",
    }
    for _, row in frame.iterrows():
        if row["status"] != "infeasible":
            count = len(split_sources(str(row["supervised"])))
            texts[f"taxonomy_{row['budget']:g}"] = (
                f"Taxonomy of budget {row['budget']:g}: {count} supervised tasks "
                f"({names(row['supervised'])}) and the transfers from them"
            )
    order = [
        "heatmap",
        "tree",
        *sorted(files.keys() - {"heatmap", "tree", "frontier"}, key=_last),
        "frontier",
    ]
    lines += [f"![{texts[stem]}]({files[stem]})" for stem in order if stem in files]
    return "\n\n".join(lines)


def _last(stem: str) -> float:
    return float(stem.rpartition("_")[2])


WHAT = {
    "transfers.csv": "every measured transfer: affinity with its interval, gain, quality",
    "records.csv": "one line a run: losses, parameters, seconds",
    "losses.parquet": "the loss of every transfer on every test image",
    "valid_losses.parquet": "the same on the validation images, which chose the epochs",
    "significance.csv": "all budgets: ours, greedy, best single, random sets, costs, intervals",
    "win_rates.csv": "win rates of the proven set against other choices, image by image",
    "labels.csv": "the least budget for a mean quality",
    "cross_fitted.csv": "chosen on half of the buildings, measured on the others",
    "consistency.csv": "how far each target's tournament contradicts itself",
    "frontier.csv": "every budget and maximum order",
    "structure.csv": "clusters beside the paper's groups",
    "neighbors.csv": "every source's group, clusters and nearest",
    "agreement.csv": "agreement of ours with the published tables, and of those with each other",
    "published.csv": "rank correlation with the published measurements, means",
    "published_targets.csv": "the same, target by target",
    "predictors.csv": "how well rankings predict the trained one, by order",
    "predictors_targets.csv": "the same, target by target",
    "scores.csv": "H-score, LogME and DDS of every single source and target",
    "stability.csv": "how often each task is supervised when buildings or seeds are drawn again",
    "trust.csv": "how often the same set is, and wins over the best constant answer",
    "sensitivity.csv": "what each optimum depends on",
    "before.csv": "how often the same set is, in the table before this one",
    "versus_average.csv": "how often scratch beats the best constant answer",
    "average.csv": "the best constant answer measured alone, and checks of that",
    "closed_form.csv": "what read-outs in closed form would have chosen",
    "records.jsonl": "settings, versions, times, and why a part is missing",
}


def files(folder: Path, tables: TransferTables) -> str:
    """Return the section that says what each file of the folder holds."""
    rows = [[f"`{name}`", what] for name, what in WHAT.items() if (folder / name).exists()]
    section = "## Files\n\n" + table(["file", "what"], rows)
    if "losses_bytes" in tables.facts:
        size = tables.facts["losses_bytes"] / 1e6
        section += f"\n\nThe losses of every image take {size:.1f} MB and are not here."
    return section
