"""Settings and description of the suite ``objectives``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The losses that choose and judge, the budgets, and how often the buildings are halved."""

    losses: str | None = option(
        None,
        kind="file",
        help="Per-image losses of a finished sweep (losses.parquet) with the column cluster; by "
        "default those of results/transfers.",
    )
    validation: str | None = option(
        None,
        kind="file",
        help="Losses of the same transfers on validation buildings: choose on these and report on "
        "--losses, instead of halving the buildings of --losses.",
    )
    taskonomy: str | None = option(
        None,
        kind="folder",
        help="Folder of the published tables; by default shared/taskonomy beside the checkout.",
    )
    halvings: int = option(
        10, help="How often the buildings are halved; each half chooses once and reports once."
    )
    largest: int = option(15, help="Largest budget; all from 1 on are solved.")
    max_order: int = option(5, help="Most sources of one transfer.")
    seed: int = option(0, help="Seed of the halvings.")


SUITE = Suite(
    name="objectives",
    question="What should be maximized, and by which method?",
    methods=(
        "affinities by AHP, geometric mean of odds, Bradley-Terry, mean win rate; their square "
        "root, themselves, or their logarithm",
        "the gain, the quality, or the share of the loss that is closed",
    ),
    time="about three minutes on one core; --preset smoke takes seconds",
    writes="one record a rule and half of the buildings; objectives.svg",
    settings=Settings,
    package="benchmarks.objectives",
    presets={SMOKE: {"halvings": 1, "largest": 2}, CPU: {}, PAPER: {"halvings": 50}},
)
