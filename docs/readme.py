"""Write README's part on the shipped table from the results: ``python docs/readme.py``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import taskgraph as tg
from benchmarks.payoff.page import payoff_headline
from benchmarks.pilot.page import headline as pilot_headline
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.markdown import filled
from benchmarks.transfers import headline
from benchmarks.transfers.tables import read_tables

ROOT = Path(__file__).resolve().parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "results"
BUDGET = 5
FIRST = "<!-- The shipped table: written by `python docs/readme.py`. -->"
LAST = "<!-- End of the shipped table. -->"
WIDTH = 120


def solved_console() -> str:
    """Return the command `taskgraph solve --budget 5` and what it prints, as a block of code."""
    command = [sys.executable, "-m", "taskgraph", "solve", "--budget", str(BUDGET)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return f"```console\n$ taskgraph solve --budget {BUDGET}\n{shown.rstrip()}\n```"


def part() -> str:
    """Return the part between the two comments."""
    tables = read_tables(RESULTS / "transfers")
    transfers = tg.default_transfers()
    taxonomy = tg.solve(transfers, budget=BUDGET)
    paid = payoff_headline(RESULTS / "payoff", RESULTS / "transfers" / "transfers.csv")
    stability = headline.stability_headline(tables, BUDGET)
    count = int(transfers.is_edge.sum())
    read = headline.columns_headline(tables, transfers)
    first = (
        f"{headline.proven_headline(transfers, taxonomy)} {stability} "
        f"{headline.seeds_headline(tables)} {headline.settings_headline(tables, BUDGET)}. "
        "(`taskgraph stability` and `taskgraph sensitivity`, with "
        f"`results/transfers/losses.parquet --budget {BUDGET}`.)"
    )
    second = (
        f"{headline.learned_headline(tables, taxonomy)} {headline.wins_headline(tables, BUDGET)}"
    )
    third = (
        f"{headline.labels_headline(tables)} The images that chose these sets also judge them "
        f"here. [results/payoff](results/payoff/README.md) {paid}"
    )
    fourth = (
        f"{headline.training_headline(tables, shipped_bank_hash())}. In "
        f"[results/pilot](results/pilot/README.md), {pilot_headline(RESULTS / 'pilot')}. "
        f"[results/transfers](results/transfers/README.md) has the {count:,} transfers "
        f"behind it, says {headline.weak_headline(tables)}, and compares the transfers "
        "with the paper's."
    )
    picture = (
        "![Supervised tasks on the left; lines lead from them, some through dots that join "
        f"several, to the tasks that they solve](results/transfers/taxonomy_{BUDGET}.svg)"
    )
    blocks = [solved_console(), _filled(read), picture, _filled(first), _filled(second)]
    blocks += [headline.wins_table(tables, BUDGET), _filled(third), _filled(fourth)]
    return "\n\n".join(blocks)


def _filled(text: str) -> str:
    """Return the text in lines that do not begin with a per cent sign."""
    kept = text.replace(" %", "\N{NO-BREAK SPACE}%")
    return filled(kept, width=WIDTH).replace("\N{NO-BREAK SPACE}", " ")


def page(text: str) -> str:
    """Return README with the part as the results have it now."""
    found = re.compile(f"{re.escape(FIRST)}.*{re.escape(LAST)}", re.DOTALL)
    return found.sub(lambda _: f"{FIRST}\n\n{part()}\n\n{LAST}", text)


if __name__ == "__main__":
    README.write_text(page(README.read_text()))
