"""The section of the part ``longer``: the same cells as in the part ``sizes``, trained longer."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.finetune.sizes import PROBED, SCRATCH, TUNED
from benchmarks.finetune.summary import (
    by_seed,
    cells_sentence,
    difference,
    estimate,
    percent,
    points,
    rates_sentence,
    seeds_sentence,
    values_of,
)
from benchmarks.results import markdown
from benchmarks.results.frame import part
from benchmarks.results.measures import Estimate
from benchmarks.results.record import Record

PART, SHORT = "longer", "sizes"
HEADS = (
    "target",
    "n:",
    "steps",
    "from scratch, %:",
    "fine-tuned, %:",
    "difference:",
    "linear probe, %:",
    "probe minus fine-tuned:",
)


def section(records: Sequence[Record]) -> str:
    """Return the section, from the records of the parts ``longer`` and ``sizes``."""
    longer, short = part(records, part=PART), part(records, part=SHORT)
    rows, changes = [], []
    for target in values_of(longer, "target"):
        for start in values_of(part(longer, target=target), "start"):
            own = part(longer, target=target, start=start)
            for n in sorted(values_of(own, "n")):
                cell = {"target": target, "start": start, "n": n}
                both = (part(short, **cell), part(longer, **cell))
                rows += [_row(each, both[0], cell) for each in both if by_seed(each)]
                changes += _changes(*both, f"{target} with n = {n}")
    steps = values_of(longer, "steps")[-1]
    return "\n\n".join(
        [
            "## The same, trained longer",
            f"Do the conclusions hold with more training? The same subsets, with up to {steps} "
            "steps; *steps* are the most, and the median of those that were chosen. Validation "
            "accuracy chooses the number of steps for each seed (the weights of the best of "
            f"{values_of(longer, 'evaluations')[-1]} evaluations are tested), and the rate for "
            "all. Rows with fewer steps, and the linear probes, are those of *How much data*; a "
            "probe has no steps. Differences are paired, and bold if their interval excludes 0. "
            f"{seeds_sentence(longer)}",
            markdown.table(HEADS, rows),
            _said(changes),
            f"{rates_sentence(longer)} {_edges(longer)} "
            f"{cells_sentence(longer, ('target', 'start', 'method', 'n'))}".strip(),
        ]
    )


def _row(own: Sequence[Record], short: Sequence[Record], cell: dict[str, object]) -> list[str]:
    """Return the row of one number of steps."""
    scratch, tuned = by_seed(own, method=SCRATCH), by_seed(own, method=TUNED)
    probe = by_seed(short, method=PROBED)
    steps = [str(r.settings["steps"]) for r in own if "steps" in r.settings]
    chosen = [int(r.metrics["step"]) for r in own if "step" in r.metrics]
    text = f"{steps[-1]} ({statistics.median_low(chosen)})" if chosen else steps[-1]
    return [
        str(cell["target"]),
        str(cell["n"]),
        text,
        percent(estimate(scratch)),
        percent(estimate(tuned)),
        points(difference(tuned, scratch)),
        percent(estimate(probe)),
        points(difference(probe, tuned)),
    ]


def _sign(found: Estimate | None) -> int:
    """Return 1 for an interval above 0, -1 for one below it, and 0 for others."""
    if found is None:
        return 0
    return int(found.low > 0) - int(found.high < 0)


VERDICTS = {1: "above", 0: "not apart from", -1: "below"}


def _changes(short: Sequence[Record], longer: Sequence[Record], where: str) -> list[str]:
    """Return what the longer trainings say otherwise than the short ones."""
    probe = by_seed(short, method=PROBED)
    said = []
    for name, reference in ((SCRATCH, None), ("the linear probe", probe)):
        signs = []
        for own in (short, longer):
            other = by_seed(own, method=SCRATCH) if reference is None else reference
            signs.append(_sign(difference(by_seed(own, method=TUNED), other)))
        if signs[0] != signs[1]:
            said.append(
                f"{where}, fine-tuning is {VERDICTS[signs[1]]} {_noun(name)} after long training, "
                f"and was {VERDICTS[signs[0]]} it after short"
            )
    return said


def _noun(name: str) -> str:
    return "training from scratch" if name == SCRATCH else name


def _said(changes: Sequence[str]) -> str:
    """Return the sentence on changed conclusions."""
    if not changes:
        return (
            "No conclusion changes: wherever an interval excludes 0 in one of the two rows, it "
            "does so with the same sign in the other."
        )
    return f"Conclusions that change with longer training: on {'; on '.join(changes)}."


def _edges(records: Sequence[Record]) -> str:
    """Return how often the smallest or largest rate was chosen, beyond which may be better ones."""
    chosen = [r for r in records if r.settings.get("record") == "rates"]
    edges = sum(
        r.metrics["rate"] in (min(r.settings["rates"]), max(r.settings["rates"])) for r in chosen
    )
    if not edges:
        return ""
    return (
        f"In {edges} of {len(chosen)} cells the rate is at an end of the grid, beyond which there "
        "may be a better one."
    )
