"""The page of imagenet, rendered from its records alone, and its figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import commit_text, filled, interval, number, table
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record, read_records
from taskgraph.tasks import AVERAGE, RESERVED

FIGURE = "gains"
OUTSIDE = {
    "resnet": "ResNet-18 with random weights, last layer whose output is a map",
    "lite": "EfficientNet-Lite0 trained on ImageNet, last layer whose output is a map",
    "lite_mid": "the same network on pictures of 128 pixels, layer `blocks.4`",
}

ONE_SEED = """One seed was run, so that no interval over seeds is given; *share* is over test
buildings alone."""
SEVERAL_SEEDS = """Intervals are Student's t over the n = {n} seeds; a *share* is the mean over
seeds, with the smallest and the largest of them."""

PAGE = """# Encoders from elsewhere among those of the bank

```sh
taskgraph scenes world --buildings 230
taskgraph bench imagenet --data world --splits fresh.csv --seeds {seed_flag}
```

`fresh.csv` has the splits of [payoff](../payoff/README.md): the test buildings are the 30 that were
added to those of the bank. The same by hand, for one seed:

```sh
taskgraph transfer --data world --splits fresh.csv --targets {targets} \\
    {sources} \\
    --readout ridge --max-order 1 --images {images} --valid-images {valid_images} \\
    --test-images {test_images} -o mixed
taskgraph solve mixed/transfers.csv --budget {budget} --label-cost resnet=0,lite=0,lite_mid=0
```

Sources are the bank's {bank_sources} encoders (25 tasks and `random`) and three from elsewhere:

{outside}

Each representation has 8 channels of 16 x 16 places; those from elsewhere are the leading
principal components on training images. The {count} targets were named before anything was
measured. For each, a ridge read-out from each single source is fit on {images} images, its penalty
is chosen on {valid_images}, and it is tested on {tested} images of {test_buildings} buildings; no
encoder was trained on any of these buildings. Seeds {seeds} draw which buildings are trained on,
the weights of the random ResNet and those of the reference `scratch` ({epochs} epochs); the test
images stay. An encoder of the bank costs 1; the budget is {budget}. *Share* is the fraction of
{resamples} resamples of the test buildings, in each seed, whose optimum pays for the source.
{intervals}

## Do they join the chosen sources?

{optima}

{answer}

## Gains of single sources

Win rate against `scratch`, mean over seeds (with the smallest and the largest of several), beside
the best source of the bank that is not the target's own encoder. *Place* is the mean place of
`lite` by affinity among all single sources of the target.

![Gain of each source on each target; larger is better](gains.svg)

{gains}

{weak}

Commit {commit}; torch {torch}, {seconds} s of wall time a seed, on a machine that
other work shared. Not tried: other layers and sizes, more than 8 channels, trained read-outs, sets
of several sources, other data.
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = records_of(folder)
    settings, metrics, versions = records[0].settings, records[0].metrics, records[0].versions or {}
    targets = settings["targets"].split("+")
    return PAGE.format(
        **{name: value for name, value in settings.items() if name != "targets"},
        targets=",".join(targets),
        sources=" ".join(f"--source {name}={settings[f'source_{name}']}" for name in OUTSIDE),
        bank_sources=len(bank_sources(records)),
        outside=table(
            ["source", "`--source`", "what"],
            [[f"`{n}`", f"`{n}={settings[f'source_{n}']}`", words] for n, words in OUTSIDE.items()],
        ),
        count=len(targets),
        tested=metrics["tested"],
        test_buildings=metrics["test_buildings"],
        seeds=", ".join(str(record.seed) for record in records),
        seed_flag=",".join(str(record.seed) for record in records),
        intervals=ONE_SEED if len(records) == 1 else SEVERAL_SEEDS.format(n=len(records)),
        optima=optima_table(records),
        answer=filled(answer(records)),
        gains=gains_table(records),
        weak=filled(weak_references(records)),
        commit=" and ".join(dict.fromkeys(commit_text(record.commit) for record in records)),
        torch=versions["torch"],
        seconds=f"{np.mean([record.seconds or np.nan for record in records]):.0f}",
    )


def finding(folder: Path) -> str:
    """Return one sentence: in how many seeds a network trained on ImageNet is chosen."""
    records = records_of(folder)
    words = [
        f"at a label cost of {cost:g} in {joined(records, cost, ('lite', 'lite_mid'))}"
        for cost in costs_of(records)
    ]
    return (
        f"A network trained on ImageNet is among the sources chosen at budget "
        f"{records[0].settings['budget']} {' and '.join(words)} of {len(records)} seeds."
    )


def records_of(folder: Path) -> list[Record]:
    """Return the newest run's records, one a seed.

    Raises
    ------
    InvalidTableError
        If there is none.
    """
    records = read_records(folder)
    if not records:
        raise not_finished(folder, "imagenet")
    found = {record.seed: record for record in latest(records, *records[-1].settings)}
    return [found[seed] for seed in sorted(found, key=str)]


def costs_of(records: Sequence[Record]) -> list[float]:
    """Return the label costs of the encoders from elsewhere that were solved."""
    return [row["cost"] for row in records[0].metrics["optima"]]


def optimum_of(record: Record, cost: float) -> Mapping[str, Any]:
    """Return the optimum of one seed at one label cost."""
    rows: list[dict[str, Any]] = record.metrics["optima"]
    return next(row for row in rows if row["cost"] == cost)


def joined(records: Sequence[Record], cost: float, names: Sequence[str]) -> int:
    """Return the number of seeds whose optimum pays for one of some sources."""
    return sum(bool({*names} & {*optimum_of(record, cost)["supervised"]}) for record in records)


def bank_sources(records: Sequence[Record]) -> list[str]:
    """Return the sources of the bank, sorted."""
    single = records[0].metrics["single"]
    names = {name for sources in single.values() for name in sources}
    return sorted(names - {*OUTSIDE, *RESERVED})


def optima_table(records: Sequence[Record]) -> str:
    """Return the table of optima: one row for each label cost."""
    rows = []
    for cost in costs_of(records):
        optima = [optimum_of(record, cost) for record in records]
        counts = Counter(name for each in optima for name in each["supervised"])
        values = t_interval([each["objective"] for each in optima])
        shares = [share_text(name, [each["shares"][name] for each in optima]) for name in OUTSIDE]
        rows.append(
            [
                f"{cost:g}",
                counted(counts),
                f"{number(values.mean)} {interval(values.low, values.high)}",
                ", ".join(shares),
                number(float(np.mean([each["gain"] for each in optima]))),
            ]
        )
    heads = ["label cost:", "chosen, seeds", "objective", "share", "mean gain:"]
    return table(heads, rows)


def share_text(name: str, shares: Sequence[float]) -> str:
    """Return a source with its mean share and, over several seeds, the extremes."""
    spread = f" ({min(shares):.2f} to {max(shares):.2f})" if len(shares) > 1 else ""
    return f"{name} {np.mean(shares):.2f}{spread}"


def counted(counts: Counter[str]) -> str:
    """Return names with their counts, the largest first."""
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered)


def answer(records: Sequence[Record]) -> str:
    """Return for each label cost which of the sources from elsewhere are chosen, and for what."""
    sentences = []
    for cost in costs_of(records):
        parts = [f"{name} in {joined(records, cost, [name])}" for name in OUTSIDE]
        used: Counter[str] = Counter()
        for record in records:
            for target, sources in optimum_of(record, cost)["sources"].items():
                if sources in ("lite", "lite_mid"):
                    used[target] += 1
        sentences.append(
            f"At a label cost of {cost:g}, the optimum has {', '.join(parts)} of {len(records)} "
            f"seeds; targets that are solved from a network trained on ImageNet, with the number "
            f"of seeds: {counted(used) or 'none'}."
        )
    return " ".join(sentences)


def gains_table(records: Sequence[Record]) -> str:
    """Return the table of gains: one row a target."""
    rows = []
    for target in records[0].metrics["single"]:
        best = best_of_bank(records, target)
        places = [place_of_source(record, target, "lite") for record in records]
        cells = [_gain(records, target, name) for name in (best, *OUTSIDE)]
        rows.append(
            [
                f"`{target}`",
                f"{best} {cells[0]}",
                *cells[1:],
                f"{np.mean(places):.0f} of {len(bank_sources(records)) + len(OUTSIDE)}",
            ]
        )
    return table(["target", "best of the bank", *(f"`{n}`:" for n in OUTSIDE), "place:"], rows)


def weak_references(records: Sequence[Record]) -> str:
    """Return for which targets the best constant answer beats ``scratch``."""
    weak = [
        target
        for target in records[0].metrics["single"]
        if np.mean([r.metrics["single"][target][AVERAGE]["gain"] for r in records]) > 0.5
    ]
    if not weak:
        return "`scratch` beats the best constant answer on every target."
    return (
        f"`scratch` is worse than the best constant answer on {', '.join(weak)}: gains there are "
        "against a weak network. Affinities, and so the optima, do not depend on `scratch`."
    )


def _gain(records: Sequence[Record], target: str, name: str) -> str:
    """Return a mean gain and, over several seeds, the smallest and the largest."""
    gains = [record.metrics["single"][target][name]["gain"] for record in records]
    spread = f" ({min(gains):.2f} to {max(gains):.2f})" if len(gains) > 1 else ""
    return number(float(np.mean(gains)), 2) + spread


def best_of_bank(records: Sequence[Record], target: str) -> str:
    """Return the source of the bank with the largest mean gain, besides the target's own."""
    names = [name for name in bank_sources(records) if name in records[0].metrics["single"][target]]
    return max(
        names,
        key=lambda name: float(
            np.mean([record.metrics["single"][target][name]["gain"] for record in records])
        ),
    )


def place_of_source(record: Record, target: str, name: str) -> int:
    """Return the place of a source by affinity among the single sources of a target, from 1."""
    single = record.metrics["single"][target]
    values = {n: float(each["affinity"]) for n, each in single.items() if n not in RESERVED}
    return 1 + sum(value > values[name] for value in values.values())


@styled
def draw(folder: Path) -> None:
    """Draw the gains of all single sources, one cell a target and source, mean over seeds."""
    records = records_of(folder)
    names, targets = [*OUTSIDE, *bank_sources(records)], list(records[0].metrics["single"])
    values = np.full((len(names), len(targets)), np.nan)
    for row, column in np.ndindex(values.shape):
        found = [
            record.metrics["single"][targets[column]].get(names[row], {}).get("gain", np.nan)
            for record in records
        ]
        values[row, column] = np.mean(found)
    figure = new_figure(width=2.5 + 0.75 * len(targets), height=1.5 + 0.24 * len(names))
    axes = figure.subplots()
    shown = axes.imshow(values, cmap="RdBu", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_yticks(range(len(names)), names)
    axes.set_xticks(range(len(targets)), targets, rotation=35, ha="right")
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        if not np.isnan(value):
            color = "white" if abs(value - 0.5) > 0.3 else "black"
            axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
    figure.colorbar(shown, ax=axes, label="win rate against scratch")
    write_picture(figure, folder, FIGURE)
