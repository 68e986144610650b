"""Settings and description of the suite ``control``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The episodes, the encoders and the read-outs."""

    encoder_episodes: int = option(100, help="Episodes that encoders are trained on.")
    episodes: int = option(100, help="Other episodes, for training and testing read-outs.")
    steps: int = option(120, help="Steps of an episode, of 0.05 s each.")
    window: int = option(8, help="Consecutive states that a source sees.")
    stride: int = option(5, help="Steps from one example of an episode to the next.")
    features: int = option(32, help="Features of an encoder and of the other sources.")
    epochs: int = option(60, help="Most passes over the examples in the training of an encoder.")
    train_examples: tuple[str, ...] = option(
        ("100", "1000"), help="Labeled examples of each target that read-outs are trained on."
    )
    max_order: int = option(3, help="Most sources of one transfer.")
    seeds: tuple[str, ...] = option(
        ("0", "1", "2", "3", "4"), help="Seeds of the episodes, the encoders and the parts."
    )
    camera: bool = option(
        False,
        help="Add camera pictures as a source; needs a GL, such as MUJOCO_GL=egl.",
    )


RECORDED = (
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

SUITE = Suite(
    name="control",
    question="Which tasks of a robot are worth their labels?",
    methods=("the robot's state, principal components, random features, ten encoders", "camera"),
    time="about half a minute of one core a seed",
    writes="one record a seed and number of labels, and a figure",
    settings=Settings,
    package="benchmarks.control",
    presets={
        SMOKE: {
            "encoder_episodes": 24,
            "episodes": 30,
            "steps": 40,
            "epochs": 3,
            "max_order": 1,
            "train_examples": ("50",),
            "seeds": ("0",),
        },
        CPU: {"camera": True},
        PAPER: {"camera": True, "encoder_episodes": 400, "episodes": 400},
    },
)
