"""Measure the robot's tasks once a seed, solve at each budget, and record both."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.control.robot import RobotEpisode, robot_episodes
from benchmarks.control.settings import SUITE, Settings
from benchmarks.control.sources import FREE, control_sources
from benchmarks.control.targets import (
    TARGETS,
    example_steps,
    label_frame,
    picture_pairs,
    windows_of,
)
from benchmarks.results.log import open_log
from encoders.features.inline import InlineEngine
from encoders.features.measure import measure_features
from encoders.features.settings import FeatureConfig
from encoders.features.tables import write_feature_tables
from taskgraph import Transfers, solve
from taskgraph.arrays import Floats
from taskgraph.tasks import RESERVED, SELF, split_sources

BUDGETS = (0, 1, 2, 3, 4)
SETTINGS = (
    "encoder_episodes",
    "episodes",
    "steps",
    "window",
    "stride",
    "features",
    "epochs",
    "max_order",
    "camera",
)
"""Settings that a record holds as they are."""


def run(settings: Settings, out: Path) -> None:
    """Measure what the records in ``out`` lack."""
    log = open_log(out, SUITE.name, "mujoco", "gymnasium", "numpy", "scikit-learn")
    common = {name: getattr(settings, name) for name in SETTINGS}
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
            frame, records = measured(features, labels, config)
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


def measured(
    features: dict[str, Floats], labels: pd.DataFrame, config: FeatureConfig
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure all transfers; returns the tables of transfers and of read-outs."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        outcome = measure_features(features, labels, out, config, InlineEngine())
        if outcome.failures or outcome.stopped:
            raise RuntimeError(str(outcome.failures or outcome.stopped))
        frame = write_feature_tables(out, bootstrap=0, seed=config.seed).transfers.frame
        return frame, pd.read_csv(out / "records.csv")


def summary(frame: pd.DataFrame, records: pd.DataFrame) -> dict[str, Any]:
    """Return gains, affinities and losses of references and single sources, by target."""
    single = [name in RESERVED or len(split_sources(name)) == 1 for name in frame["sources"]]
    gains: dict[str, dict[str, float]] = {}
    affinity: dict[str, dict[str, float]] = {}
    for row in _rows(frame[single]):
        gains.setdefault(row.target, {})[row.sources] = round(float(row.gain), 4)
        if not np.isnan(row.affinity):
            affinity.setdefault(row.target, {})[row.sources] = round(float(row.affinity), 5)
    losses: dict[str, dict[str, float]] = {}
    for row in _rows(records[records["order"] <= 1]):
        losses.setdefault(row.target, {})[row.sources] = round(float(row.test_loss), 5)
    return {
        "transfers": len(frame),
        "test_examples": int(records["test_examples"].max()),
        "gain": gains,
        "affinity": affinity,
        "loss": losses,
    }


def _rows(frame: pd.DataFrame) -> Iterable[Any]:
    """Return the rows of a table, each with its cells as attributes."""
    return frame.itertuples()


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
    for row in _rows(frame.dropna(subset=["affinity"])):
        usable = (
            row.sources == SELF
            if row.target in paid
            else row.sources not in RESERVED and known.issuperset(split_sources(row.sources))
        )
        if usable:
            best[row.target] = max(float(np.sqrt(row.affinity)), best.get(row.target, 0.0))
    return sum(best.values())
