"""Ten tasks on a window of a robot's states: dynamics, contacts, center of mass, reward, goal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from benchmarks.control.robot import FEET, PITCH_RATE, RobotEpisode
from taskgraph.arrays import Array, Floats

BACK_THIGH, FRONT_THIGH = 0, 3
"""Numbers of two motors."""


def feet_on_ground(episode: RobotEpisode, step: int) -> str:
    """Return the feet that touch the ground, joined by ``|``; ``|`` alone for none."""
    touching = zip(FEET.values(), episode.contacts[step], strict=True)
    return "|".join(name for name, touches in touching if touches) or "|"


TARGETS: Mapping[str, Callable[[RobotEpisode, int], object]] = {
    "torque": lambda episode, step: float(episode.torques[step, BACK_THIGH]),
    "inverse": lambda episode, step: float(episode.torques[step - 1, FRONT_THIGH]),
    "contact": feet_on_ground,
    "com_height": lambda episode, step: float(episode.height[step]),
    "com_speed": lambda episode, step: float(episode.speed[step]),
    "next_pitch": lambda episode, step: float(episode.states[step + 1, PITCH_RATE]),
    "reward": lambda episode, step: float(episode.rewards[step]),
    "distance": lambda episode, step: float(np.hypot(*episode.states[step, -2:])),
    "gait": lambda episode, step: episode.gait,
    "terrain": lambda episode, step: episode.terrain,
}
"""The label of a step of an episode for each task. A source sees the states up to that step."""

CLASSES = ("gait", "terrain")


def example_steps(steps: int, window: int, stride: int) -> range:
    """Return the last steps of the examples in an episode of ``steps`` steps.

    Each has a window of states that ends there, and a step after.
    """
    return range(max(window, 2) - 1, steps - 1, stride)


def windows_of(episodes: Sequence[RobotEpisode], window: int, stride: int) -> Floats:
    """Return the states of each example, (n, 19 window), the newest state last."""
    return np.array(
        [
            episode.states[step - window + 1 : step + 1].reshape(-1)
            for episode in episodes
            for step in example_steps(len(episode.states), window, stride)
        ]
    )


def picture_pairs(episodes: Sequence[RobotEpisode], window: int, stride: int) -> Array:
    """Return the pictures of each example's step and of the one before, (n, 2 · 32 · 32)."""
    return np.array(
        [
            np.concatenate([episode.pictures[step - 1], episode.pictures[step]]).reshape(-1)
            for episode in episodes
            for step in example_steps(len(episode.states), window, stride)
        ]
    )


def label_frame(episodes: Sequence[RobotEpisode], window: int, stride: int) -> pd.DataFrame:
    """Return the labels of all examples, with their names and their episodes as groups."""
    rows = [
        {
            "example": f"{number}-{step}",
            "group": f"episode {number}",
            **{name: label(episode, step) for name, label in TARGETS.items()},
        }
        for number, episode in enumerate(episodes)
        for step in example_steps(len(episode.states), window, stride)
    ]
    return pd.DataFrame(rows)
