"""Sections of the page: a group of pairs, frozen features, and Office+Caltech-10."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.adaptation import collect
from benchmarks.adaptation.broken import broken_line, diverged_line
from benchmarks.adaptation.collect import SOURCE_ONLY, TARGET_SUPERVISED, PairSummary
from benchmarks.adaptation.decisions import decision_section
from benchmarks.adaptation.office_caltech import PairAccuracy, as_markdown
from benchmarks.adaptation.own_predictions import chosen_method
from benchmarks.adaptation.selection import ORACLE, RULES, SOURCE, WITHOUT_LABELS
from benchmarks.adaptation.settings import OWN
from benchmarks.adaptation.tried import tried_section
from benchmarks.results.frame import part
from benchmarks.results.markdown import NOTHING, interval, number, table
from benchmarks.results.measures import Estimate, t_interval
from benchmarks.results.record import Record

OFFICE = "office"
NEIGHBOR, GFK = "1-NN", "GFK"
MATRIX_METHODS = (NEIGHBOR, GFK)
"""Methods whose accuracies on all pairs are shown as heatmaps."""
NOT_CONVERGED = "not converged"
TUNED = ", and labels of another target chose rates and strengths"


def group_summaries(records: Sequence[Record], group: str, rule: str = SOURCE) -> list[PairSummary]:
    """Return the summaries of a group's newest trainings."""
    own = collect.newest(records, collect.TRAINING, group)
    return collect.summaries(collect.accuracies(own, rule))


def adapted(rows: Sequence[PairSummary]) -> list[PairSummary]:
    """Return the rows of methods, references left out, that have a share of the gap."""
    references = (SOURCE_ONLY, TARGET_SUPERVISED)
    return [each for each in rows if each.gap is not None and each.method not in references]


def group_section(records: Sequence[Record], group: str) -> str:
    """Return the tables and figures of a group of pairs."""
    rows = group_summaries(records, group)
    first = collect.newest(records, collect.TRAINING, group)[-1].settings
    text = (
        f"## {group}\n\nNetwork {first['network']}; {first['steps']} steps of {first['batch']} "
        f"images of each domain; at most {first['train']} training and {first['test']} test images"
        f"{_buildings(first)}.\n\n"
    )
    if rows:
        text += _selection_line(SOURCE) + _pair_table(rows) + _method_table(rows)
    if adapted(rows):
        text += f"![Share of the gap covered](gap_{group}.svg)\n\n"
    if rows:
        text += _rule_table(records, group)
    text += diverged_line(records, group) + broken_line(records, group)
    text += tried_section(records, group)
    if collect.newest(records, collect.EMBEDDING, group):
        text += (
            "Features by t-SNE (openTSNE), before and after adaptation; a color is a class, "
            f"circles are source and crosses target:\n\n![t-SNE](tsne_{group}.svg)\n\n"
        )
    text += decision_section(records, group)
    if group == OWN:
        text += _own_choice(records)
    return text


def _buildings(settings: Mapping[str, Any]) -> str:
    """Return of how many buildings the images of scenes are; "" for other groups."""
    if not settings.get("buildings"):
        return ""
    return f" of {settings['buildings']} buildings with {settings['views']} views each"


def group_verdict(records: Sequence[Record], group: str) -> str:
    """Return the best method of a group by the mean share of the gap, in one sentence.

    The interval is over pairs, or over seeds where one pair alone has a gap.
    """
    shares: dict[str, list[Estimate]] = {}
    rows = group_summaries(records, group)
    if not rows and diverged_line(records, group):
        return f"{group}: trainings diverged, so that no accuracy is known; try smaller --rates."
    if not rows:
        return (
            f"{group}: the target has no labels, so no accuracy is known; predictions.csv has the "
            "class of each picture."
        )
    count = len({(row.source, row.target) for row in rows})
    for row in adapted(rows):
        assert row.gap is not None
        shares.setdefault(row.method, []).append(row.gap)
    if not shares:
        return f"{group}: target-supervised is clearly above source-only on 0 of {count} pairs."
    found = {name: _over_pairs(each) for name, each in shares.items()}
    best = max(found, key=lambda name: found[name].mean)
    over = "pairs" if len(shares[best]) > 1 else "seeds"
    above = sum(each.low > 0 for each in found.values())
    rank = f", the most of {len(shares)} methods" if len(shares) > 1 else ""
    return (
        f"{group}: target-supervised is clearly above source-only on {len(shares[best])} of "
        f"{count} pair{'s' if count > 1 else ''}. There {best} covers "
        f"{number(found[best].mean, 0)} % {interval(found[best].low, found[best].high, 0)} of the "
        f"gap{rank}; the interval over {over} lies above 0 for {above} of {len(found)}. Validation "
        f"on the source chose the weights{'' if group == OWN else TUNED}."
    )


def _over_pairs(shares: Sequence[Estimate]) -> Estimate:
    """Return the mean share over pairs with its interval, or that of one pair over seeds."""
    return shares[0] if len(shares) == 1 else t_interval([each.mean for each in shares])


def _selection_line(rule: str) -> str:
    """Return the sentence above a table that names the rule of selection."""
    return f"Model selection: `{rule}`, {RULES[rule]}.\n\n"


def _percent(estimate: Estimate) -> str:
    """Return a mean and its interval with one decimal."""
    return f"{number(estimate.mean, 1)} {interval(estimate.low, estimate.high, 1)}"


def _gap(row: PairSummary) -> str:
    """Return the share of the gap covered, or why there is none."""
    if row.gap is None:
        return NOT_CONVERGED
    return _percent(row.gap)


def _pair_table(rows: Sequence[PairSummary]) -> str:
    """Return one row a pair and method."""
    cells = [
        [
            f"{row.source} → {row.target}",
            row.method,
            _percent(row.accuracy),
            _percent(row.class_accuracy),
            _percent(row.change),
            _gap(row),
            str(row.accuracy.n),
        ]
        for row in rows
    ]
    heads = ["pair", "method", "target accuracy, %:", "mean per-class, %:"]
    heads += ["change from source-only, points:", "share of the gap, %:", "seeds:"]
    return table(heads, cells) + "\n\n"


def _method_table(rows: Sequence[PairSummary]) -> str:
    """Return one row a method: its mean share of the gap, and the pairs in which it hurts."""
    cells = []
    for name in dict.fromkeys(each.method for each in rows):
        own = [each for each in rows if each.method == name]
        shares = [each.gap.mean for each in own if each.gap is not None]
        mean = _percent(t_interval(shares)) if shares else NOT_CONVERGED
        hurt, surely, count = collect.pairs_hurt(own)
        cells.append([name, mean, f"{len(shares)}", f"{hurt} of {count}", f"{surely} of {count}"])
    heads = ["method", "mean share of the gap, % (interval over pairs):", "converged pairs:"]
    heads += ["pairs in which it hurts:", "with an interval below 0:"]
    return table(heads, cells) + "\n\n"


def _rule_table(records: Sequence[Record], group: str) -> str:
    """Return the mean target accuracy over pairs of each method by each rule of selection."""
    by_rule: dict[str, dict[str, list[float]]] = {}
    for rule in RULES:
        for row in group_summaries(records, group, rule):
            by_rule.setdefault(row.method, {}).setdefault(rule, []).append(row.accuracy.mean)
    cells = [
        [name, *(number(np.mean(by[rule]) if rule in by else np.nan, 1) for rule in RULES)]
        for name, by in by_rule.items()
    ]
    heads = ["method", *(f"{rule}{' (uses labels)' if rule == ORACLE else ''}:" for rule in RULES)]
    measured = {rule for by in by_rule.values() for rule in by}
    rules = "\n".join(
        f"- `{name}` maximizes {what}{'' if name in measured else '; it was not measured'}."
        for name, what in RULES.items()
    )
    return (
        "The same trainings with other rules of selection: mean target accuracy over pairs in "
        "percent. The target-supervised reference is always chosen by the target's validation "
        f"images.\n\n{rules}\n\n{table(heads, cells)}\n\n"
    )


def _own_choice(records: Sequence[Record]) -> str:
    """Return the method that each rule without labels chooses for the user's pair."""
    trainings = collect.own_trainings(records, seed=0)
    chosen = [chosen_method(trainings, rule) or NOTHING for rule in WITHOUT_LABELS]
    cells = [[rule, RULES[rule], name] for rule, name in zip(WITHOUT_LABELS, chosen, strict=True)]
    return (
        "The method that each rule chooses without labels of the target (seed 0). "
        "`predictions.csv` is by the rule of `--selection`, and `predictions_METHOD.csv` by all "
        f"rules.\n\n{table(['rule', 'maximizes', 'chooses'], cells)}\n\n"
    )


def frozen_section(records: Sequence[Record]) -> str:
    """Return the tables of shallow methods on frozen features of all scene pairs."""
    rows = collect.summaries(collect.shallow_accuracies(records), NEIGHBOR)
    cells = []
    for name in dict.fromkeys(each.method for each in rows):
        own = [each for each in rows if each.method == name]
        hurt, _, count = collect.pairs_hurt(own)
        accuracy = t_interval([each.accuracy.mean for each in own])
        change = t_interval([each.change.mean for each in own])
        classes = t_interval([each.class_accuracy.mean for each in own])
        percents = map(_percent, (accuracy, classes, change))
        cells.append([name, *percents, f"{hurt} of {count}"])
    heads = ["method", "target accuracy, %:", "mean per-class, %:", "change from 1-NN, points:"]
    heads += ["pairs in which it hurts:"]
    return (
        f"## Frozen features of scenes\n\nFeatures of {records[-1].settings['network']}, all pairs "
        "of the five domains, 1-NN, each domain standardized by itself; intervals over pairs. "
        "These pairs share domains and buildings, so the intervals are too narrow for new ones. No "
        "hyper-parameter is chosen: GFK takes its dimension from subspace disagreement.\n\n"
        f"{table(heads, cells)}\n\n![Accuracies of all pairs](pairs.svg)\n\n"
    )


def office_section(records: Sequence[Record]) -> str:
    """Return the table of Office+Caltech-10."""
    rows = [
        PairAccuracy(
            **{name: value for name, value in each.settings.items() if name != "part"},
            accuracy=each.metrics["accuracy"],
            seconds=each.seconds or 0.0,
            state=each.seed,
        )
        for each in part(records, part=OFFICE)
    ]
    return (
        "## Office+Caltech-10\n\nAccuracy in percent: SURF features, all images of the source "
        "labeled, 1-NN. In brackets: the dimension, that of the authors, who may have chosen it "
        "with labels of the target, or of subspace disagreement, which uses none. Model selection: "
        "none.\n\n" + as_markdown(rows) + "\n\n"
    )
