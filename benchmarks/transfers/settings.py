"""Settings and description of the suite ``transfers``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option

SELF_OF = ("class_1000", "autoencoder", "edge2d", "reshade", "rgb2sfnorm")


@dataclass(frozen=True)
class Settings:
    """The finished sweep that is evaluated, and the numbers of random draws."""

    sweep: str | None = option(
        None,
        kind="folder",
        help="Folder that `taskgraph transfer` wrote; parts without data are left out.",
    )
    bank: str | None = option(
        None, kind="folder", help="Folder of the sweep's encoders, whose manifest is recorded."
    )
    closed: str | None = option(
        None,
        kind="folder",
        help="The same sweep, written with --readout ridge; its ridge screen is used where --sweep "
        "has none.",
    )
    before: str | None = option(
        None,
        kind="folder",
        help="Results of this suite on an earlier table, to show the stability of its sets beside "
        "that of the new ones.",
    )
    published: str | None = option(
        None,
        kind="folder",
        help="Published Taskonomy measurements; by default shared/taskonomy beside the checkout.",
    )
    draws: int = option(1_000, help="Random sets of supervised tasks at each budget.")
    resamples: int = option(1_000, help="Resamples of the test buildings.")
    permutations: int = option(999, help="Permutations of names, for chance levels.")
    shown: tuple[float, ...] = option((2, 5, 8, 15), help="Budgets that figures and tables show.")
    seed: int = option(0, help="Seed of all draws.")
    choices_only: bool = option(
        False,
        help="Recompute taxonomies, their comparisons and figures, from the transfers and losses "
        "in OUT; keep all else.",
    )
    trust_only: bool = option(
        False,
        help="Recompute stability, sensitivity, and wins over the best constant, from the losses "
        "in OUT; keep all else.",
    )
    compared_only: bool = option(
        False,
        help="Recompute win rates against other choices and the labels needed, from the transfers "
        "and losses in OUT; keep all else.",
    )
    structure_only: bool = option(
        False,
        help="Recompute the comparison with the published measurements and with the paper's groups,"
        " from the transfers and losses in OUT; keep all else.",
    )
    trials: tuple[str, ...] = option(
        (),
        help="Trials, each as NAME=BASE:CHANGED, two sweeps that differ in one setting, or "
        "NAME=BASE:single, BASE with tournaments of single sources alone: which ranking of single "
        "sources is closer to the published one. They are added to the records in OUT.",
    )
    average: str | None = option(
        None,
        kind="folder",
        help="Data set of the sweep: measure the best constant answer of each target, and add it "
        "to the losses in OUT. Needs --work.",
    )
    work: str | None = option(None, kind="output", help="Folder of the measurements of --average.")
    self_of: tuple[str, ...] = option(
        SELF_OF, help="Targets whose own networks --average measures again, as a check."
    )


CHOICES_ONLY, TRUST_ONLY = "--choices-only", "--trust-only"
COMPARED_ONLY, STRUCTURE_ONLY = "--compared-only", "--structure-only"
"""Flags that compute some parts again; their records name the flag."""

SUITE = Suite(
    name="transfers",
    question="What do the transfers say, and does the optimum beat other choices?",
    methods=(
        "the proven optimum, greedy, best single sources, random sets; win rates image by image",
        "the tree beside the paper's groups; transfers beside the published ones",
        "rankings without training: ridge, H-score, LogME, DDS",
    ),
    time="an hour on one core, with a finished sweep; the sweep before takes hours",
    writes="records of each part; tables (significance.csv, frontier.csv, ...) and figures",
    settings=Settings,
    package="benchmarks.transfers",
    example=" --sweep transfers",
    presets={
        SMOKE: {"draws": 20, "resamples": 20, "permutations": 19, "shown": (2,)},
        CPU: {},
        PAPER: {},
    },
)
