"""Win rates of the solved taxonomy against other choices on the fresh images, image by image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.payoff.choices import (
    GREEDY,
    RANDOM,
    RANDOM_SET,
    SINGLE,
    SOLVED,
    SOLVED_AT_SINGLE,
    RuleChoice,
)
from benchmarks.payoff.measures import one_seed_each
from benchmarks.results.head_to_head import (
    TwoWayDraws,
    choice_win_rate,
    draw_two_way,
    percentile_ends,
)
from benchmarks.results.markdown import filled, interval, number, table
from encoders.dataset.overlap import UNTRAINED
from taskgraph.losses import Losses
from taskgraph.tasks import AVERAGE, SCRATCH, SELF, join_sources

CONSTANT, UNTRAINED_ENCODER = "the constant (average)", "an untrained encoder (random)"
COMPARED_RULES = (
    (SOLVED, RANDOM),
    (SOLVED, RANDOM_SET),
    (SOLVED_AT_SINGLE, SINGLE),
    (SOLVED, GREEDY),
)
"""Rules whose choices meet: the first is the proven one."""

COMPARED_SOURCES = (
    (CONSTANT, AVERAGE),
    (UNTRAINED_ENCODER, UNTRAINED),
    ("scratch", SCRATCH),
    ("self", SELF),
)
"""What the solved taxonomy meets at every target, and its name among the sources."""


def fresh_wins(
    chosen: Sequence[RuleChoice], by_seed: Mapping[int, Losses], *, resamples: int, seed: int = 0
) -> pd.DataFrame:
    """Return the share of fresh images on which the proven choice has the lower loss.

    Returns
    -------
    DataFrame
        A row a comparison: ``rule, against, draws``; ``wins``, the mean over targets, pairs of
        seeds and draws, 0.5 is level; its 95 % percentile interval over buildings and seeds ``low,
        high``, and that over buildings alone ``image_low, image_high``; ``beaten``, the share of
        draws against which ``wins`` is above 0.5. What was not measured at every target is left
        out.
    """
    losses = joined_seeds(by_seed)
    both = draw_two_way(losses, resamples=resamples, seed=seed, min_images=1)
    images = draw_two_way(losses, resamples=resamples, seed=seed, min_images=1, factor="images")
    by_rule: dict[str, list[dict[str, str]]] = {}
    for one in chosen:
        names = {target: join_sources(sources) for target, sources in one.transfers.items()}
        by_rule.setdefault(one.rule, []).append(names)
    pairs = [
        (rule, against, by_rule[rule][0], by_rule[against])
        for rule, against in COMPARED_RULES
        if rule in by_rule and against in by_rule
    ]
    ours = by_rule[SOLVED][0]
    pairs += [
        (SOLVED, against, ours, [dict.fromkeys(ours, source)])
        for against, source in COMPARED_SOURCES
        if all(both.has(target, source) for target in ours)
    ]
    return pd.DataFrame([_row(both, images, *pair) for pair in pairs])


def _row(
    both: TwoWayDraws,
    images: TwoWayDraws,
    rule: str,
    against: str,
    ours: Mapping[str, str],
    theirs: Sequence[Mapping[str, str]],
) -> dict[str, object]:
    """Return the row of one comparison."""
    values = [choice_win_rate(both, ours, one) for one in theirs]
    wins = np.mean(values, axis=0)
    low, high = percentile_ends(wins)
    alone = np.mean([choice_win_rate(images, ours, one) for one in theirs], axis=0)
    image_low, image_high = percentile_ends(alone)
    return {
        "rule": rule,
        "against": against,
        "draws": len(values),
        "wins": float(wins[0]),
        "low": low,
        "high": high,
        "image_low": image_low,
        "image_high": image_high,
        "beaten": float(np.mean([each[0] > 0.5 for each in values])),
    }


def joined_seeds(by_seed: Mapping[int, Losses]) -> Losses:
    """Return the losses of all seeds as one table; ``self`` and ``average`` are kept once."""
    parts = []
    for place, (seed, losses) in enumerate(one_seed_each(by_seed).items()):
        frame = losses.to_frame().assign(seed=seed)
        parts.append(frame if place == 0 else frame[~frame["sources"].isin([SELF, AVERAGE])])
    return Losses.from_frame(pd.concat(parts, ignore_index=True), exact_names=True)


def wins_section(frame: pd.DataFrame | None, *, seeds: int) -> list[str]:
    """Return the section of the page as lines; none where this was not measured."""
    if frame is None:
        return []
    held = "buildings and seeds" if seeds > 1 else "buildings (there is one seed)"
    text = (
        "Image by image: the share of the fresh images on which the first choice's network for a "
        "target has the lower loss, mean over targets, pairs of seeds and draws. A tie counts "
        f"half, and 0.5 is level. In brackets: 95 % intervals over {held}. Better than: the share "
        "of the draws of a random rule against which it wins more than half."
    )
    rows = [
        [
            f"{row['rule']} against {row['against']}",
            f"{number(row['wins'])} {interval(row['low'], row['high'])}",
            f"{row['beaten']:.0%} of {row['draws']:g}" if row["draws"] > 1 else "",
        ]
        for _, row in frame.iterrows()
    ]
    return [filled(text), "", table(["compared", "wins:", "better than:"], rows), ""]
