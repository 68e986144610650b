"""The section of the page on the rates and strengths that were tried."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.adaptation import collect
from benchmarks.adaptation.collect import Trial, Trials, best_trial
from benchmarks.adaptation.settings import OWN
from benchmarks.results.frame import part
from benchmarks.results.markdown import NOTHING, number, table
from benchmarks.results.record import Record

DIVERGED = "diverged"


def trials(choices: Sequence[Record]) -> dict[str, Trials]:
    """Return what was tried, by method, in the order of `METHOD_NAMES`."""
    found: dict[str, dict[Trial, list[float]]] = {}
    for each in sorted(choices, key=lambda one: collect.place_of_method(one.settings["method"])):
        asked, accuracy = each.settings, each.metrics["accuracy"]
        by = found.setdefault(asked["method"], {})
        values = by.setdefault((asked["rate"], asked["strength"]), [])
        values.append(-math.inf if accuracy is None else accuracy)
    return {
        method: {trial: float(np.mean(values)) for trial, values in by.items()}
        for method, by in found.items()
    }


def shown_choices(records: Sequence[Record], group: str) -> list[Record]:
    """Return the records of choices that led to the trainings which the page shows.

    Choices with other settings, such as other rates, led to others.
    """
    own = part(records, part=collect.CHOICE, group=group)
    shown = collect.newest(records, collect.TRAINING, group) or own
    if not shown:
        return []
    asked = shown[-1].settings
    return part(own, **{name: asked.get(name) for name in collect.SHARED})


def tried_section(records: Sequence[Record], group: str) -> str:
    """Return what was tried for rates and strengths, on what pair, and what was chosen."""
    own = shown_choices(records, group)
    if not own:
        return ""
    found = trials(own)
    seeds = " and ".join(map(str, sorted({each.seed or 0 for each in own})))
    pair = f"{own[0].settings['source']} → {own[0].settings['target']}"
    return (
        f"{_how(group, pair, own[0].settings['rates'])} The numbers are accuracies after the last "
        f"step in percent, means over the seeds {seeds}; bold ones were chosen, of equal ones the "
        f"first that was tried.{_edges(found)}\n\n{_table(found)}\n\n"
    )


def _how(group: str, pair: str, rates: Sequence[float]) -> str:
    """Return the sentences that say by what rates and strengths were chosen."""
    if len(rates) == 1:
        return (
            f"All methods have the rate {rates[0]:g}. Strengths were chosen on {pair}, which is "
            "not reported, by accuracy on the labeled validation images of that pair's target."
        )
    wider = "Where the best rate was the least or the largest one, another beyond it was tried too."
    if group == OWN:
        return (
            "The rate of all methods was chosen by source-only's accuracy on the source's "
            f"validation images; every strength is 1. {wider}"
        )
    return (
        f"Rates and strengths were chosen on {pair}, which is not reported. Source-only's rate was "
        "chosen by its accuracy on the source's validation images; target-supervised and ADDA's "
        "first stage use the same rate. Rate and strength of each other method were chosen "
        f"together, by its accuracy on the labeled validation images of that pair's target. {wider}"
    )


def _edges(found: Mapping[str, Trials]) -> str:
    """Return which chosen values are the least or largest that were tried, "" if none is."""
    texts = []
    for method, tried in found.items():
        for place, name in enumerate(("rate", "strength")):
            values = {trial[place] for trial in tried}
            value = best_trial(tried)[place]
            if len(values) > 1 and value in (min(values), max(values)):
                texts.append(f"the {name} of {method} ({value:g})")
    if not texts:
        return ""
    return f" A better value may lie beyond what was tried for {', '.join(texts)}."


def _table(found: Mapping[str, Trials]) -> str:
    """Return one row a method and strength, and one column a rate."""
    rates = sorted({rate for tried in found.values() for rate, _ in tried})
    cells = [
        [method, f"{strength:g}", *(_cell(tried, (rate, strength)) for rate in rates)]
        for method, tried in found.items()
        for strength in sorted({each for _, each in tried})
    ]
    return table(["method", "strength:", *(f"rate {rate:.3g}:" for rate in rates)], cells)


def _cell(tried: Trials, trial: Trial) -> str:
    """Return the text of a trial."""
    if trial not in tried:
        return NOTHING
    if tried[trial] == -math.inf:
        return DIVERGED
    text = number(100 * tried[trial], 1)
    return f"**{text}**" if trial == best_trial(tried) else text
