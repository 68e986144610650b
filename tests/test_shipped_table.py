"""The table that ships: made of the shipped losses, solved by default, shown by README."""

from pathlib import Path

import numpy as np
import pandas as pd

import taskgraph as tg
from taskgraph.cli import run

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "results" / "transfers"


def test_readme_shows_what_solve_prints(capsys):
    assert run(["solve", "--budget", "5"]) == 0
    printed = capsys.readouterr().out.rstrip()
    assert f"$ taskgraph solve --budget 5\n{printed}\n" in (ROOT / "README.md").read_text()


def percent(value):
    return f"{100 * value:.0f}"


def test_readme_tells_what_the_results_have():
    """Its sentences on other choices hold the numbers of results/transfers and results/payoff."""
    text = " ".join((ROOT / "README.md").read_text().split())
    row = pd.read_csv(SHIPPED / "significance.csv").set_index("budget").loc[5]
    ours, best, random = (percent(row[f"gain{end}"]) for end in ("", "_random_best", "_random"))
    ends = [percent(row[f"gain_{end}"]) for end in ("best_low", "best_high", "low", "high")]
    assert f"they win on {ours} % of the test images" in text
    assert (
        f"Five tasks drawn at random win on {best} % with their best transfers (5th to 95th "
        f"percentile: {ends[0]} to {ends[1]} %), and on {random} % with random ones ({ends[2]} to "
        f"{ends[3]} %)."
    ) in text
    spent = f"{row['single_spent']:g}"
    assert (
        f"The best single sources of all targets are {spent} tasks, which win on "
        f"{percent(row['gain_single'])} %; the proven best {spent} win on "
        f"{percent(row['gain_at_single'])} %."
    ) in text
    summary = pd.read_csv(ROOT / "results" / "payoff" / "summary.csv")
    own = summary[(summary["measure"] == "gain") & summary["against"].isna()]
    gain = own.set_index("rule")["value"].map(percent)
    assert (
        f"tests it in 30 new buildings: {gain['solved']} %, against {gain['random set']} % for "
        f"random tasks with their best transfers, and {gain['random']} % with random ones."
    ) in text


def test_the_default_has_all_tasks_and_orders():
    table = tg.default_transfers()
    assert (len(table.targets), len(table.sources)) == (22, 26)
    assert set(table.order[table.is_edge].tolist()) == {1, 2, 3, 4, 5}


def test_the_table_is_made_of_the_shipped_losses():
    made = tg.affinities(tg.read_losses(SHIPPED / "losses.parquet")).transfers.frame
    keys = ["target", "sources"]
    shipped = tg.default_transfers().frame.set_index(keys)
    made = made.set_index(keys)
    assert set(made.index) == set(shipped.index)
    for column in ("affinity", "gain", "quality"):
        values = made[column].reindex(shipped.index)
        np.testing.assert_allclose(values, shipped[column], rtol=1e-6)
