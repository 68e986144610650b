"""Choose taxonomies by each rule on some images, and record what they are worth on others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import taskgraph as tg
from benchmarks.objectives.rules import (
    PUBLISHED_RULES,
    RULES,
    ObjectiveImages,
    ObjectiveRule,
    chosen,
    halved,
    worth,
)
from benchmarks.objectives.settings import SUITE, Settings
from benchmarks.results.hashes import file_hash
from benchmarks.results.log import Log, open_log
from benchmarks.results.machine import RESULTS, TASKONOMY
from taskgraph.errors import InvalidTableError
from taskgraph.losses import Losses

OURS = "ours"
LOSSES = RESULTS / "transfers" / "losses.parquet"
DIGITS = 6
SAME, OTHER = "16k, chosen on 16k", "16k, chosen on 1k"
UNUSED = ("class_selected",)
"""Tasks of the published tables that the paper does not use."""


def run(settings: Settings, out: Path) -> None:
    """Measure the rules and halves that the records lack."""
    log = open_log(out, SUITE.name, "numpy", "scipy", "pandas", "highspy")
    _run_ours(settings, log)
    folder = Path(settings.taskonomy or TASKONOMY)
    if folder.is_dir():
        _run_published(settings, log, folder)
    else:
        print(f"the published tables are left out: {folder.name} is not here (--taskonomy)")


def budgets_of(settings: Settings) -> list[float]:
    """Return the budgets from 1 to the largest."""
    return [float(number) for number in range(1, settings.largest + 1)]


def settings_of(settings: Settings, table: str, rule: ObjectiveRule, half: int) -> dict[str, Any]:
    """Return the settings of one record; ``half`` numbers the pairs of choosing and judging."""
    ours = table == OURS
    return {
        "table": table,
        "rule": rule.name,
        "half": half,
        "largest": settings.largest,
        "max_order": settings.max_order if ours else 4,
        "losses_sha256": file_hash(losses_path(settings)) if ours else None,
        "validation_sha256": (
            file_hash(Path(settings.validation)) if ours and settings.validation else None
        ),
    }


def losses_path(settings: Settings) -> Path:
    """Return the file of the losses that judge.

    Raises
    ------
    InvalidTableError
        If it is missing.
    """
    path = Path(settings.losses) if settings.losses else LOSSES
    if not path.is_file():
        raise InvalidTableError(
            f"{path.name} is not here; name the losses of a finished sweep with --losses"
        )
    return path


def pairs(settings: Settings) -> Iterator[tuple[int, Losses, Losses]]:
    """Yield the number of a pair, the losses that choose, and those that judge.

    Raises
    ------
    InvalidTableError
        If the losses have no clusters to halve.
    """
    losses = tg.read_losses(losses_path(settings))
    if settings.validation:
        yield 0, tg.read_losses(settings.validation), losses
        return
    if len(set(losses.clusters.values())) < 4:
        raise InvalidTableError(
            "the losses have fewer than 4 clusters (the column cluster), expected buildings to "
            "halve; give the losses of validation buildings with --validation"
        )
    for number in range(settings.halvings):
        first, second = halved(losses, number, settings.seed)
        yield 2 * number, first, second
        yield 2 * number + 1, second, first


def _run_ours(settings: Settings, log: Log) -> None:
    """Measure every rule on every pair of halves of our losses."""
    turned: dict[int, tuple[ObjectiveImages, ObjectiveImages]] = {}
    for half, choosing, judging in pairs(settings):
        asked = {rule: settings_of(settings, OURS, rule, half) for rule in RULES}
        left = [r for r in RULES if not log.has(asked[r], seed=settings.seed, split="test")]
        if not left:
            continue
        first, second = turned.get(half) or (
            ObjectiveImages.of(choosing),
            ObjectiveImages.of(judging),
        )
        turned = {half + 1: (second, first)} if half % 2 == 0 else {}  # the same two halves
        for rule in left:
            start = time.perf_counter()
            metrics = measured(first, second, rule, settings)
            seconds = round(time.perf_counter() - start, 3)
            log.add(asked[rule], metrics, seed=settings.seed, split="test", seconds=seconds)
        print(f"half {half}: {len(left)} rules", flush=True)


def measured(
    first: ObjectiveImages, second: ObjectiveImages, rule: ObjectiveRule, settings: Settings
) -> dict[str, Any]:
    """Return, as lists over the budgets, what is chosen on the first and its worth on the second.

    ``supervised`` are names joined by ``+``; a measure is None where no taxonomy fits the budget.
    """
    metrics: dict[str, list[Any]] = {}
    for budget in budgets_of(settings):
        taxonomy = chosen(first, rule, budget, settings.max_order)
        found: dict[str, Any] = {"supervised": "+".join(taxonomy.supervised)}
        if taxonomy.solved:
            found |= {name: round(value, DIGITS) for name, value in worth(second, taxonomy).items()}
        for name in ("supervised", "gain", "quality", "closed", "loss_ratio"):
            metrics.setdefault(name, []).append(found.get(name))
    return metrics


def _run_published(settings: Settings, log: Log, folder: Path) -> None:
    """Measure the rules that need no losses on the published tables."""
    large, small = (tg.read_taskonomy(folder, size=size) for size in ("16k", "1k"))
    for name, table in ((SAME, large), (OTHER, small)):
        for rule in PUBLISHED_RULES:
            asked = settings_of(settings, name, rule, 0)
            if log.has(asked, seed=settings.seed, split="test"):
                continue
            start = time.perf_counter()
            metrics = published(table, large, rule, settings)
            seconds = round(time.perf_counter() - start, 3)
            log.add(asked, metrics, seed=settings.seed, split="test", seconds=seconds)
        print(f"{name}: {len(PUBLISHED_RULES)} rules", flush=True)


def published(
    table: tg.Transfers, judge: tg.Transfers, rule: ObjectiveRule, settings: Settings
) -> dict[str, Any]:
    """Return what is chosen on one published table, and its worth on another, over the budgets.

    The set is chosen on the first table; its transfers are chosen on the second by the same rule.
    """
    metrics: dict[str, list[Any]] = {"supervised": [], "gain": [], "quality": []}
    for budget in budgets_of(settings):
        fields: Any = {"max_order": 4, "objective": rule.objective, "exclude": UNUSED}
        taxonomy = tg.solve(table, budget=budget, **fields)
        names = taxonomy.supervised
        again = tg.solve(judge, budget=len(names), require=names, **fields)
        frame = again.to_frame() if again.solved else None
        metrics["supervised"].append("+".join(names))
        for measure in ("gain", "quality"):
            value = None if frame is None else round(float(frame[measure].mean()), DIGITS)
            metrics[measure].append(value)
    return metrics
