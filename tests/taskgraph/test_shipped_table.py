"""The table that ships: made of the shipped losses, solved by default, shown by README."""

from pathlib import Path

import numpy as np

import taskgraph as tg
from taskgraph.cli import run

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / "results" / "transfers"


def test_readme_shows_what_solve_prints(capsys):
    assert run(["solve", "--budget", "5"]) == 0
    printed = capsys.readouterr().out.rstrip()
    assert f"$ taskgraph solve --budget 5\n{printed}\n" in (ROOT / "README.md").read_text()


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
