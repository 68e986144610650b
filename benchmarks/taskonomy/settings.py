"""Settings and description of the suite ``taskonomy``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The folder of the published measurements."""

    taskonomy: str | None = option(
        None,
        kind="folder",
        help="Folder of the published tables; by default shared/taskonomy beside the checkout.",
    )


SUITE = Suite(
    name="taskonomy",
    question="What do the published measurements say when they are solved?",
    methods=("the proven optimum at several budgets", "the next best sets", "greedy and random"),
    time="seconds",
    writes="one record a command, of what it prints; taxonomy.svg, frontier.svg",
    settings=Settings,
    package="benchmarks.taskonomy",
    presets={SMOKE: {}, CPU: {}, PAPER: {}},
)
