"""The page of solver timings, rendered from the records alone."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results.figures import write_picture
from benchmarks.results.frame import latest, not_finished, part, to_frame
from benchmarks.results.markdown import commit_text, table
from benchmarks.results.record import Record, read_records
from benchmarks.speed.solver.ablation import ablation_section
from benchmarks.speed.solver.libraries_section import libraries_section, proven_beside, proven_rows
from benchmarks.speed.solver.sections import (
    anytime_section,
    drawn_section,
    growth_curves,
    growth_section,
    proof_curves,
)
from benchmarks.speed.solver.settings import SUITE
from benchmarks.speed.solver.versions_section import versions_section

HEADER = """# Time to a proven taxonomy

Seconds of the processor unless a text says otherwise, on one thread of {cores} cores
({platform}; Python {python}, PuLP {pulp}, HiGHS {highspy}) that do other work, too. What is
compared is timed right after one another. Tables that a generator makes have their seed in
brackets; settings of the search were chosen on the seeds 0 to 4, and none on seeds from 1000 on.
"""


def render(folder: Path) -> str:
    """Return the whole page, from the records of a folder."""
    records = read_records(folder)
    if not records:
        raise not_finished(folder, SUITE.name)
    made = (
        (whole_calls, latest(part(records, part="whole call"), "turns")),
        (drawn_section, latest(part(records, part="drawn calls"), "draws")),
        (versions_section, part(records, part="versions")),
        (libraries_section, part(records, part="library")),
        (growth_section, latest(part(records, part="growth"), "limit")),
        (anytime_section, latest(part(records, part="anytime"), "limit")),
        (ablation_section, latest(part(records, part="ablation"), "limit")),
    )
    header = HEADER.format(**(records[-1].versions or {}))
    return "\n".join([header, *(section(found) for section, found in made if found)])


def draw(folder: Path) -> None:
    """Draw the growth of the time, and the proofs over time, from the records of a folder."""
    records = read_records(folder)
    if growth := part(records, part="growth"):
        write_picture(growth_curves(growth), folder, "growth")
    if followed := part(records, part="anytime"):
        write_picture(proof_curves(followed), folder, "anytime")


def finding(folder: Path) -> str:
    """Return the time of a whole call, and the numbers of programs that methods prove."""
    records = read_records(folder)
    sentences = []
    if calls := latest(part(records, part="whole call"), "turns"):
        frame = to_frame(calls)
        ratio, seconds = frame["cpu_ratio"], 1000 * frame["taskgraph_cpu_s"]
        sentences.append(
            "A whole call on a published table that was solved before takes "
            f"{seconds.min():.0f} to {seconds.max():.0f} ms of a processor, {ratio.min():.0f} to "
            f"{ratio.max():.0f} times less than the paper's form."
        )
    if proofs := part(records, part="library"):
        shown = {"grouped": "HiGHS", "paper": "the paper's form"}
        pairs = {each: proven_beside(proofs, each) for each in shown}
        counts = "; ".join(
            f"{shown[name]} {theirs} of {count}, taskgraph {ours}"
            for name, (theirs, ours, count) in pairs.items()
            if count
        )
        ours = proven_rows(proofs)["taskgraph"]
        beside = f"; of the programs that both were given, {counts}" if counts else ""
        sentences.append(f"taskgraph proves {ours} programs within their limits{beside}.")
    if not sentences:
        raise not_finished(folder, SUITE.name)
    return " ".join(sentences)


def whole_calls(records: list[Record]) -> str:
    """Return the section on whole calls of ``tg.solve``."""
    lines = [
        "## Whole calls",
        "",
        f"`taskgraph bench solver --part calls`, commit {commit_text(records[-1].commit)}. Nothing "
        "is drawn at random.",
        "",
        "`tg.solve(table, ...)` with compiling, proof and writing the taxonomy, for a table that "
        "was solved",
        'before (for a first call see "Whole calls before and now"), and',
        "the paper's formulation on the same table with compiling, posing and reading back. Both "
        "take turns.",
        "Seconds are medians over the turns, of the processor (CBC's included) and, in brackets, "
        "of the clock;",
        "the ratio is the median of the turns' ratios.",
        "",
    ]
    heads = [
        "instance",
        "budget:",
        "turns:",
        "taskgraph:",
        "paper's form, PuLP + CBC:",
        "paper / ours:",
    ]
    rows = [
        [
            str(row.instance),
            f"{row.budget:g}",
            str(row.turns),
            f"{row.taskgraph_cpu_s:.3f} ({row.taskgraph_clock_s:.2f})",
            f"{row.paper_cpu_s:.2f} ({row.paper_clock_s:.2f})",
            f"{row.cpu_ratio:.0f} ({row.clock_ratio:.0f})",
        ]
        for row in to_frame(records).itertuples()
    ]
    return "\n".join([*lines, table(heads, rows)]) + "\n"
