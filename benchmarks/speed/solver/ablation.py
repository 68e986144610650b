"""The seconds of a proof with each method of the solver switched off."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import pandas as pd

from benchmarks.results.frame import to_frame
from benchmarks.results.log import Log
from benchmarks.results.markdown import NOTHING, commit_text, table
from benchmarks.results.record import Record
from benchmarks.speed.solver.processor_clock import ProcessorClock, highs
from benchmarks.speed.solver.settings import Settings
from benchmarks.speed.solver.tables import GRADED, ProgramInstance, generated, instances
from taskgraph.problem import make_problem
from taskgraph.program import Program, compile_program
from taskgraph.solver import solve_program
from taskgraph.solver.search import EdgeLimits

NEVER = 10**9
WITHOUT = {
    "nothing": EdgeLimits(),
    "any listing": EdgeLimits(listed=-1),
    "halves": EdgeLimits(halved=-1),
    "covers": EdgeLimits(covered=-1),
    "branching": EdgeLimits(branch=NEVER),
    "the model": EdgeLimits(branch=-1),
}
"""Limits that switch a method off, by its name on the page."""
PROVEN = ("optimal", "infeasible")


def time_ablations(settings: Settings, log: Log) -> None:
    """Time the proofs that the records lack, all of one program right after one another."""
    for one, budget in _programs(settings):
        asked = {"part": "ablation", "instance": one.name, "budget": budget}
        asked["limit"] = settings.time_limit
        names = [n for n in WITHOUT if not log.has({**asked, "without": n}, seed=one.seed)]
        if not names:
            continue
        fields: Any = {**one.problem, "budget": budget}
        program = compile_program(one.make(), make_problem(None, fields))
        for name in names:
            # A copy, as a program keeps what it has computed.
            found = timed(replace(program), WITHOUT[name], settings.time_limit)
            log.add({**asked, "without": name}, found, seed=one.seed)
        print(f"{one.name}, budget {budget}: timed", flush=True)


def _programs(settings: Settings) -> list[tuple[ProgramInstance, int]]:
    """Return the programs: those of all tables, one seed each, without the two largest kinds."""
    made = [one for one in instances(replace(settings, seeds=1)) if one.size < LARGE]
    if not settings.small:
        made += generated(GRADED, 1)
    return [(one, budget) for one in made for budget in one.budgets]


LARGE = 50_000
"""With so many transfers a proof does not end within a minute, with any of the methods."""


def timed(program: Program, limits: EdgeLimits, limit: float) -> dict[str, object]:
    """Return the seconds of the processor of a proof, its status, value and bound."""
    start = time.process_time()
    found = solve_program(program, highs(), ProcessorClock(limit), limits=limits)
    return {
        "processor_seconds": round(time.process_time() - start, 4),
        "status": found.status,
        "objective": None if found.choice is None else found.choice.value,
        "bound": found.bound if math.isfinite(found.bound) else None,
    }


def ablation_section(records: list[Record]) -> str:
    """Return the section on methods that are switched off."""
    frame = to_frame(records)
    limit = records[-1].settings["limit"]
    rows = []
    for (name, budget), own in frame.groupby(["instance", "budget"], sort=False):
        by_name = own.drop_duplicates("without", keep="last").set_index("without")
        rows.append([str(name), f"{budget:g}", *(_cell(by_name, each) for each in WITHOUT)])
    text = (
        "## Each method switched off\n\n"
        f"`taskgraph bench solver --part ablation --time-limit {limit:g}`, commit "
        f"{commit_text(records[-1].commit)}.\nSeconds of the processor of `solve_program`; > where "
        f"{limit:g} s passed before a proof. *Any listing*: the\nlist of all sets whose bound "
        "reaches the best value, halves and covers together. *Halves*: all sets\nof at most 28 "
        "sources in two halves. *Covers*: the list of the sets that solve every target.\n"
        "*Branching*: the Lagrangian branch and bound. *The model*: PuLP and HiGHS, where few "
        "edges are left.\n`graded` tables have two grades only, so that many sets are equally "
        "good.\n\n"
    )
    heads = ["instance", "budget:", "nothing off:", *(f"{n}:" for n in WITHOUT if n != "nothing")]
    return text + table(heads, rows) + "\n"


def _cell(rows: pd.DataFrame, name: str) -> str:
    if name not in rows.index:
        return NOTHING
    one = rows.loc[name]
    proven = one["status"] in PROVEN
    return f"{'' if proven else '> '}{one['processor_seconds']:.{3 if proven else 0}f}"
