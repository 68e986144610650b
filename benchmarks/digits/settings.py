"""Settings and description of the suite ``digits``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """Choose between training the networks and using the losses in the folder."""

    measure: bool = option(
        False,
        help="Train all networks, unless the records in OUT have that; by default use the losses "
        "in OUT.",
    )


SUITE = Suite(
    name="digits",
    question="What does a taxonomy of small tasks on digits choose?",
    methods=("the proven optimum", "greedy, best single sources, random sets"),
    time="seconds; two minutes with --measure",
    writes="losses.parquet, transfers.csv, one record a command, and figures",
    settings=Settings,
    package="benchmarks.digits",
    presets={SMOKE: {}, CPU: {"measure": True}, PAPER: {"measure": True}},
)
