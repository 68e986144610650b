"""Measure the robot's tasks once a seed, solve at each budget, and record both."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.control.robot import RobotEpisode, robot_episodes
from benchmarks.control.settings import RECORDED, SUITE, Settings
from benchmarks.control.sources import FREE, control_sources
from benchmarks.control.targets import (
    TARGETS,
    example_steps,
    label_frame,
    picture_pairs,
    windows_of,
)
from benchmarks.results.feature_transfers import measured_transfers, rows_of, summary
from benchmarks.results.log import open_log
from encoders.features.settings import FeatureConfig
from taskgraph import Transfers, solve
from taskgraph.arrays import Floats
from taskgraph.tasks import RESERVED, SELF, split_sources

BUDGETS = (0, 1, 2, 3, 4)


def run(settings: Settings, out: Path) -> None:
    """Measure what the records in ``out`` lack."""
    log = open_log(out, SUITE.name, "mujoco", "gymnasium", "numpy", "scikit-learn")
    common = {name: getattr(settings, name) for name in RECORDED}
    for seed in map(int, settings.seeds):
        asked = [{**common, "train_examples": int(n)} for n in settings.train_examples]
        missing = [each for each in asked if not log.has(each, seed=seed, split="test")]
        if not missing:
            continue
        begin = time.perf_counter()
        features, labels, epochs = robot_data(settings, seed)
        made = time.perf_counter() - begin
        for each in missing:
            begin = time.perf_counter()
            config = FeatureConfig(
                seed=seed, max_order=settings.max_order, train_examples=each["train_examples"]
            )
            frame, records = measured_transfers(features, labels, config, bootstrap=0)
            metrics = {
                **summary(frame, records),
                "stopped_at": epochs,
                "taxonomies": taxonomies(frame),
            }
            seconds = made + time.perf_counter() - begin
            log.add(each, metrics, seed=seed, split="test", seconds=round(seconds, 1))
            print(f"seed {seed}, {each['train_examples']} labels: {seconds:.0f} s", flush=True)


def robot_data(
    settings: Settings, seed: int
) -> tuple[dict[str, Floats], pd.DataFrame, dict[str, int]]:
    """Return features and labels of the examples of read-outs, and the epochs of each encoder.

    Encoders are trained on episodes of their own.
    """
    shape = (settings.window, settings.stride)
    others, episodes = (
        _episodes(settings, count, [seed, which])
        for which, count in enumerate((settings.encoder_episodes, settings.episodes))
    )
    windows = windows_of(episodes, *shape)
    features, epochs = control_sources(
        (windows_of(others, *shape), label_frame(others, *shape)),
        windows,
        features=settings.features,
        epochs=settings.epochs,
        seed=seed,
        pictures=(picture_pairs(others, *shape), picture_pairs(episodes, *shape))
        if settings.camera
        else None,
    )
    return features, label_frame(episodes, *shape), epochs


def _episodes(settings: Settings, count: int, seed: list[int]) -> list[RobotEpisode]:
    """Return episodes, with pictures of the examples' last two steps if there is a camera."""
    last = example_steps(settings.steps, settings.window, settings.stride)
    pictured = {step - back for step in last for back in (0, 1)} if settings.camera else ()
    return robot_episodes(count, settings.steps, seed=seed, pictured=pictured)


def taxonomies(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the optimum at each budget, beside the values of all sets of as many tasks.

    ``best_listed`` is the largest value of a set of at most ``budget`` tasks.
    """
    transfers = Transfers(frame, exact_names=True)
    free = {name: 0.0 for name in FREE if name in transfers.sources}
    rows: list[dict[str, Any]] = []
    best_listed = 0.0
    for budget in BUDGETS:
        best = solve(transfers, budget=budget, label_cost=free)
        assert best.objective is not None  # each target has transfers from free sources
        values = [set_value(frame, tasks) for tasks in combinations(TARGETS, budget)]
        best_listed = max(best_listed, *values)
        gains = [transfer.gain or 0.0 for transfer in best.transfers]
        rows.append(
            {
                "budget": budget,
                "supervised": [name for name in best.supervised if name not in FREE],
                "free": [name for name in best.supervised if name in FREE],
                "objective": round(best.objective, 5),
                "gain": round(float(np.mean(gains)), 4),
                "best_listed": round(best_listed, 5),
                "random_mean": round(float(np.mean(values)), 5),
                "sets": len(values),
            }
        )
    return rows


def set_value(frame: pd.DataFrame, tasks: Iterable[str]) -> float:
    """Return the objective of supervising exactly some tasks, found without the solver.

    It is the sum over targets of √affinity: of ``self`` for a supervised target, and else of the
    best transfer from supervised tasks and free sources.
    """
    paid = set(tasks)
    known = paid.union(FREE)
    best: dict[str, float] = {}
    for row in rows_of(frame.dropna(subset=["affinity"])):
        usable = (
            row.sources == SELF
            if row.target in paid
            else row.sources not in RESERVED and known.issuperset(split_sources(row.sources))
        )
        if usable:
            best[row.target] = max(float(np.sqrt(row.affinity)), best.get(row.target, 0.0))
    return sum(best.values())
