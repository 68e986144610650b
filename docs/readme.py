"""Write README's part on the shipped table from the results: ``python docs/readme.py``."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import taskgraph as tg
from benchmarks.payoff import choices, fresh_wins
from benchmarks.payoff.newest_run import read_run
from benchmarks.payoff.page import fresh_wins_of, payoff_headline
from benchmarks.pilot.page import headline as pilot_headline
from benchmarks.results.banks import shipped_bank_hash
from benchmarks.results.markdown import filled
from benchmarks.transfers import compared, headline
from benchmarks.transfers.tables import read_tables
from taskgraph.tasks import SCRATCH, SELF

ROOT = Path(__file__).resolve().parents[1]
README, RESULTS = ROOT / "README.md", ROOT / "results"
BUDGET = 5
TABLE = RESULTS / "transfers" / "transfers.csv"
IN_NEW_BUILDINGS = {
    choices.RANDOM: compared.RANDOM_SETS,
    choices.RANDOM_SET: compared.RANDOM_BEST,
    choices.SINGLE: compared.SINGLE,
    choices.GREEDY: compared.GREEDY,
    fresh_wins.CONSTANT: compared.CONSTANT,
    fresh_wins.UNTRAINED_ENCODER: compared.UNTRAINED,
    SELF: compared.SUPERVISED,
}
"""Names of the same rival in the tables of results/payoff and of results/transfers."""
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
    paid = payoff_headline(RESULTS / "payoff", TABLE)
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
        "The images that chose these sets also judge them in the third column. "
        f"[results/payoff](results/payoff/README.md) {paid} {headline.labels_headline(tables)}"
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
    blocks += [headline.wins_table(tables, BUDGET, fresh_cells())]
    return "\n\n".join([*blocks, _filled(third), _filled(fourth)])


def fresh_cells() -> dict[str, str]:
    """Return by rival the optimum's win rate in new buildings; none if it is of another table."""
    rates = fresh_wins_of(read_run(RESULTS / "payoff"), TABLE)
    if rates is None:
        return {}
    weak = (read_tables(RESULTS / "transfers")["versus_average"]["wins"] <= 0.5).any()
    names = IN_NEW_BUILDINGS | ({} if weak else {SCRATCH: compared.ABOVE_CONSTANT})
    return {
        names[row["against"]]: headline.rate_cell(row)
        for row in rates.to_dict("records")
        if row["against"] in names
    }


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
