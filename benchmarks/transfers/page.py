"""The page of results, made of their tables alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.markdown import commit_text, interval, names, number, share, table, wrapped
from benchmarks.transfers.closed_form import closed_form
from benchmarks.transfers.facts import CHOICES
from benchmarks.transfers.predictors_page import predictors, ridge
from benchmarks.transfers.structure_page import consistency, published, structure
from benchmarks.transfers.tables import Tables, read_tables
from benchmarks.transfers.trust import trust
from taskgraph.tasks import split_sources

HEADER = """# {edges} transfers to {targets} targets

```sh
{command}
```

{provenance}

Larger is better throughout, but for losses. *Gain* is the win rate against a network trained from
scratch on the same transfer data, *quality* that against the target's own fully supervised
network, both over test images and then averaged over all {targets} targets; 0.5 is a tie. A target
that is supervised itself counts with its own network."""


def render(folder: Path) -> str:
    """Return the whole page, from the folder's tables and records.

    Raises
    ------
    InvalidTableError
        If the folder has none.
    """
    tables = read_tables(folder)
    sections = [
        _header(tables),
        pictures(tables),
        significance(tables),
        trust(tables),
        cross_fitted(tables),
        consistency(tables),
        structure(tables),
        published(tables),
        predictors(tables),
        ridge(tables),
        closed_form(tables),
        _files(folder, tables),
    ]
    return wrapped("\n\n".join(sections)) + "\n"


def found(folder: Path) -> str:
    """Return the gain of the optimum beside random sets, at one budget that is listed."""
    tables = read_tables(folder)
    frame = tables["significance"].set_index("budget")
    shown = [b for b in tables.facts["settings"]["shown"] if b in frame.index]
    budget = 5 if 5 in shown else shown[0]
    row = frame.loc[budget]
    text = (
        f"{sum(tables.facts['transfers'].values()):,} transfers to {tables.facts['targets']} "
        f"targets; at budget {budget:g} the optimum's mean gain is {row['gain']:.3f}, that of "
        f"random sets with their best transfers {row['gain_random_best']:.3f} and with random "
        f"ones {row['gain_random']:.3f}"
    )
    if "trust" in tables:
        same = tables["trust"].set_index("budget")["same"]
        if budget in same.index:
            text += f"; {same[budget]:.0%} of resamples choose the same set"
    return text + "."


def _header(tables: Tables) -> str:
    facts = tables.facts
    settings = facts["settings"]
    command = "taskgraph bench transfers --sweep SWEEP --bank BANK"
    if "closed_form" in facts:
        command += " --closed CLOSED"
    again = "taskgraph bench transfers --choices-only"
    for name, usual in (("draws", 1_000), ("resamples", 1_000), ("permutations", 999), ("seed", 0)):
        if settings[name] != usual:
            command += f" --{name} {settings[name]}"
            again += f" --{name} {settings[name]}" if name != "permutations" else ""
    lines = [_measured(facts), _swept(facts), _trained(facts), _ran(facts)]
    return HEADER.format(
        edges=f"{sum(facts['transfers'].values()):,}",
        targets=facts["targets"],
        command=f"{command}\n{again}" if CHOICES in facts else command,
        provenance="\n".join(f"- {line}" for line in lines if line),
    )


def _measured(facts: dict[str, Any]) -> str:
    counts = sorted(facts["transfers"].items(), key=lambda item: int(item[0]))
    orders = ", ".join(f"{count:,} of order {order}" for order, count in counts)
    text = f"Transfers from {facts['sources']} sources to {facts['targets']} targets: {orders}"
    if "test_images" in facts:
        least, most = facts["test_images"][0], facts["test_images"][-1]
        text += f"; tested on {least if least == most else f'{least} to {most}'} images a target"
    if facts.get("test_buildings"):
        text += f" of {facts['test_buildings']} buildings"
    return text + "."


def _swept(facts: dict[str, Any]) -> str:
    if "sweep" not in facts:
        return ""
    sweep = facts["sweep"]
    pool, fit = sweep["pool"], sweep["fit"]
    return (
        f"Read-outs: {sweep['readout']}, on {pool['train']} images at most (to select on: "
        f"{pool['valid']}, of other buildings), {fit['epochs']} epochs, batch {fit['batch']}, seed "
        f"{fit['seed']}. Sets of several sources: rule `{sweep['candidates']}`, which sees the "
        f"validation losses of single sources and no test loss"
        + (f", and {sweep['screen']} of each order by the ridge screen" if sweep["screen"] else "")
        + "."
    )


def _trained(facts: dict[str, Any]) -> str:
    bank = facts.get("bank")
    if not bank:
        return ""
    images, ends = bank["images"] or {}, sorted({*bank["epochs"][:1], *bank["epochs"][-1:]})
    return (
        f"Encoders: preset `{bank['preset']}`, {bank['trained']} trained in {bank['hours']:.1f} "
        f"hours of one process, on {images.get('train', 'an unknown number of')} images, "
        f"{' to '.join(map(str, ends))} epochs (commit {commit_text(bank['commit'])})."
    )


def _ran(facts: dict[str, Any]) -> str:
    versions = facts["versions"]
    listed = ", ".join(f"{name} {versions[name]}" for name in ("numpy", "scipy", "highspy"))
    commit = f"commit {commit_text(facts['commit'])}, "
    chosen = facts.get(CHOICES)
    again = (
        " Taxonomies and what they are compared with are of the second command: commit "
        f"{commit_text(chosen['commit'])}, highspy {chosen['versions']['highspy']}."
        if chosen
        else ""
    )
    return (
        f"This page: {commit}Python {versions['python']}, {listed}, {versions['cores']} cores "
        f"({versions['platform']}), seed {facts['settings']['seed']}.{again} One training of every "
        "network: no interval below holds what other seeds of training would add."
    )


def pictures(tables: Tables) -> str:
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
        "four branches in colour",
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


def significance(tables: Tables) -> str:
    """Return the section on other choices: greedy, best single sources, random sets."""
    frame, facts = tables["significance"], tables.facts
    solved = frame[frame["status"] != "infeasible"]
    text = (
        "## Against other choices\n\nIn every choice a supervised target is solved by its own "
        "network. *Greedy* adds the source that helps most, one by one. *Best single* supervises "
        "the best single source of every target, whatever that costs; *ours at that cost* is the "
        f"proven optimum within it. *Random sets*: at each budget, {facts['settings']['draws']} "
        "sets of sources in a random order, each taken if it still fits, that solve every target; "
        "the same sets with *random transfers*, drawn evenly from those that they allow, and with "
        "their *best transfers*. *As good* is the share of them that reach ours, ours counted "
        "among them. In round brackets: labels spent, where they are not the budget; ours is the "
        "optimum at the cost of random sets too."
    )
    if "gain_own_low" in frame:
        text += (
            f" In square brackets after ours: 95 % percentile interval over "
            f"{facts['settings']['resamples']} resamples of the test {tables.unit}, with "
            "the taxonomy fixed; after random sets: 5th to 95th percentile."
        )
    else:
        text += " In square brackets: 5th to 95th percentile. "
        text += tables.absent("intervals", "Intervals of our own are left out")
    parts = [text]
    for measure in ("gain", "quality"):
        parts += [_beaten(solved, measure), _at_single(solved, measure), _budgets(frame, measure)]
    return "\n\n".join(part for part in parts if part)


def _beaten(solved: pd.DataFrame, measure: str) -> str:
    if solved[measure].isna().all():
        return f"Mean {measure}: it was not measured."
    told = []
    for name, what in (("", "random transfers"), ("_best", "their best transfers")):
        above = int((solved[measure] > solved[f"{measure}{name}_high"]).sum())
        below = int((solved[measure] < solved[f"{measure}{name}_low"]).sum())
        ahead = solved[measure] - solved[f"{measure}_random{name}"]
        told.append(
            f"with {what} at {above} of {len(solved)} budgets and below the 5th at {below} (median "
            f"distance from their mean {ahead.median():+.3f})"
        )
    return f"Mean {measure}: above the 95th percentile of random sets {'; '.join(told)}."


def _at_single(solved: pd.DataFrame, measure: str) -> str:
    """Return what best single is worth beside the optimum at less and at equal cost."""
    known = solved[solved[f"{measure}_single"].notna() & solved[measure].notna()]
    if known.empty:
        return ""
    first = known.iloc[0]
    spent, single = first["single_spent"], float(first[f"{measure}_single"])
    reached = known[known[measure] >= single]
    least = (
        f"Ours first reaches that at budget {reached['budget'].min():g}"
        if len(reached)
        else "Ours reaches that at no budget here"
    )
    return (
        f"Best single spends {spent:g} and has a mean {measure} of {single:.3f}; ours at that "
        f"cost has {first[f'{measure}_at_single']:.3f}. {least}."
    )


def _budgets(frame: pd.DataFrame, measure: str) -> str:
    heads = [
        "budget:",
        f"{measure}:",
        "greedy:",
        "best single:",
        "ours at that cost:",
        "random sets, best transfers:",
        "as good:",
        "random sets, random transfers:",
        "as good:",
    ]
    rows = []
    for _, row in frame.iterrows():
        if row["status"] == "infeasible":
            rows.append([f"{row['budget']:g}", "no taxonomy", *[""] * (len(heads) - 2)])
            continue
        own = _paid(row, measure, row["spent"])
        if f"{measure}_own_low" in row:
            own += " " + interval(row[f"{measure}_own_low"], row[f"{measure}_own_high"])
        drawn = [
            cell
            for name in ("_best", "")
            for cell in (
                f"{_paid(row, f'{measure}_random{name}', row['random_spent'])} "
                f"{interval(row[f'{measure}{name}_low'], row[f'{measure}{name}_high'])}",
                share(row[f"{measure}{name}_as_good"]),
            )
        ]
        rows.append(
            [
                f"{row['budget']:g}" + ("" if row["status"] == "optimal" else " (not proven)"),
                own,
                _paid(row, f"{measure}_greedy", row["greedy_spent"]),
                _paid(row, f"{measure}_single", row["single_spent"]),
                number(row[f"{measure}_at_single"]),
                *drawn,
            ]
        )
    return table(heads, rows)


def _paid(row: pd.Series[Any], column: str, spent: float) -> str:
    """Return a value, with its cost in brackets where that is not the budget."""
    other = pd.notna(spent) and abs(spent - row["budget"]) > 1e-9
    return number(row[column]) + (f" ({spent:.4g})" if other else "")


def cross_fitted(tables: Tables) -> str:
    """Return the section on taxonomies chosen on half of the buildings, measured on the rest."""
    head = f"## Chosen on some {tables.unit}, measured on others\n\n"
    if "cross_fitted" not in tables:
        return head + tables.absent("cross-fitted")
    frame = tables["cross_fitted"]
    falls = {m: float((frame[f"{m}_chosen"] - frame[m]).mean()) for m in ("gain", "quality")}
    text = (
        "A taxonomy is chosen by win rates on test images, and may look too good on them. Here "
        f"affinities and the taxonomy are made from half of the test {tables.unit}, and gain and "
        "quality measured on the other half; both ways, averaged. On average over the budgets "
        f"below, the gain is {falls['gain']:+.3f} and the quality {falls['quality']:+.3f} higher "
        "where the taxonomy was chosen."
    )
    rows = [
        [
            f"{row['budget']:g}",
            *(
                number(row[f"{m}{end}"])
                for m in ("gain", "quality")
                for end in ("", "_chosen", "_greedy")
            ),
        ]
        for _, row in frame.iterrows()
    ]
    heads = [
        "budget:",
        "gain, others:",
        "gain, where chosen:",
        "gain of greedy, others:",
        "quality, others:",
        "quality, where chosen:",
        "quality of greedy, others:",
    ]
    return head + text + "\n\n" + table(heads, rows)


WHAT = {
    "transfers.csv": "every measured transfer: affinity with its interval, gain, quality",
    "records.csv": "one line a run: losses, parameters, seconds",
    "losses.parquet": "the loss of every transfer on every test image",
    "significance.csv": "all budgets: ours, greedy, best single, random sets, costs, intervals",
    "cross_fitted.csv": "chosen on half of the buildings, measured on the others",
    "consistency.csv": "how far each target's tournament contradicts itself",
    "frontier.csv": "every budget and maximum order",
    "structure.csv": "clusters beside the paper's groups",
    "neighbours.csv": "every source's group, clusters and nearest",
    "published.csv": "rank correlation with the published measurements, means",
    "published_targets.csv": "the same, target by target",
    "predictors.csv": "how well rankings predict the trained one, by order",
    "predictors_targets.csv": "the same, target by target",
    "scores.csv": "H-score, LogME and DDS of every single source and target",
    "stability.csv": "how often each task is supervised when buildings are drawn again",
    "trust.csv": "how often the same set is, and wins over the best constant answer",
    "versus_average.csv": "how often scratch beats the best constant answer",
    "average.csv": "the best constant answer measured alone, and checks of that",
    "closed_form.csv": "what read-outs in closed form would have chosen",
    "records.jsonl": "settings, versions, times, and why a part is missing",
}


def _files(folder: Path, tables: Tables) -> str:
    there: Iterable[str] = (name for name in WHAT if (folder / name).exists())
    found = "## Files\n\n" + table(["file", "what"], [[f"`{n}`", WHAT[n]] for n in there])
    if "losses_bytes" in tables.facts:
        size = tables.facts["losses_bytes"] / 1e6
        found += f"\n\nThe losses of every image take {size:.1f} MB and are not here."
    return found
