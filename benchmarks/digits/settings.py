"""Settings and description of the suite ``digits``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """Whether the networks are trained again, or the losses in the folder are used."""

    measure: bool = option(
        False, help="Train all networks again; by default the losses in OUT are used."
    )


SUITE = Suite(
    name="digits",
    question="Can a taxonomy be measured on a laptop within minutes?",
    methods=("the proven optimum", "greedy, best single sources, random sets"),
    time="seconds; two minutes with --measure",
    writes="losses.parquet, transfers.csv, one record a command, and figures",
    settings=Settings,
    package="benchmarks.digits",
    presets={SMOKE: {}, CPU: {"measure": True}, PAPER: {"measure": True}},
)
