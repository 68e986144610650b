"""Why the trainings of read-outs and of ``scratch`` ended, and what was tried for ``scratch``."""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks.results.markdown import number, table
from benchmarks.transfers.tables import TransferTables
from encoders.training.schedule import PATIENCE, PRUNED
from taskgraph.tasks import SCRATCH

CAP = "cap"
READOUTS = "read-outs"
NETWORKS = {READOUTS: "read-outs", SCRATCH: "scratch networks"}
"""What is counted under the name of a kind."""

GOAL = 0.95
"""Share of each kind that should stop by patience."""


def ends_of(records: pd.DataFrame) -> pd.DataFrame:
    """Return why the trainings of a sweep ended, read-outs and ``scratch`` apart.

    Parameters
    ----------
    records : DataFrame
        One row a run of every seed: ``sources, order`` and, if recorded, ``readout`` and
        ``stopped``. Read-outs in closed form are not counted, as they are not trained.

    Returns
    -------
    DataFrame
        A row a kind (``read-outs`` of every order, ``scratch``): ``kind, n``; ``patience``,
        ``cap`` and ``pruned``, the numbers that ended so; ``unknown``, the number whose record does
        not say; ``share``, patience / n, in [0, 1] and NaN for none.
    """
    trained = records
    if "readout" in records:
        trained = records[records["readout"].fillna("trained") == "trained"]
    why = trained["stopped"] if "stopped" in trained else pd.Series(None, index=trained.index)
    rows = []
    for kind, own in (
        (READOUTS, trained["order"] >= 1),
        (SCRATCH, trained["sources"] == SCRATCH),
    ):
        counts = {name: int((why[own] == name).sum()) for name in (PATIENCE, CAP, PRUNED)}
        n = int(own.sum())
        share = counts[PATIENCE] / n if n else float("nan")
        rows.append(
            {"kind": kind, "n": n, **counts, "unknown": n - sum(counts.values()), "share": share}
        )
    return pd.DataFrame(rows)


def ends_section(tables: TransferTables) -> str:
    """Return the section on how training ended, and on the choice of scratch's settings."""
    head = "## How training ended\n\n"
    if "records" not in tables:
        return head + "Left out: the sweep has no records.csv."
    frame, facts = ends_of(tables["records"]), tables.facts
    fit = facts.get("sweep", {}).get("fit", {})
    if (frame["unknown"] == frame["n"]).all():
        epochs = f"{fit['epochs']} epochs" if "epochs" in fit else "a fixed number of epochs"
        text = (
            f"None of {frame['n'].sum():,} networks could stop by patience: {_counted(frame)} were "
            f"each trained for {epochs}, and their records do not say whether the validation loss "
            "still fell."
        )
        return head + text
    text = (
        f"The goal is that {GOAL:.0%} of each kind stop by patience, which says that the validation"
        " loss no longer fell. A pruned read-out stopped early, as others of its target were ahead."
    )
    rows = [
        [
            row["kind"],
            f"{row['n']:,}",
            *(f"{row[name]:,}" for name in (PATIENCE, CAP, PRUNED, "unknown")),
            "" if pd.isna(row["share"]) else f"{row['share']:.1%}",
        ]
        for _, row in frame.iterrows()
    ]
    heads = ["", "trained:", "patience:", "cap:", "pruned:", "not recorded:", "by patience:"]
    parts = [head + text, table(heads, rows), *_capped(tables["records"])]
    return "\n\n".join([*parts, *_trials(facts.get("sweep", {}))])


def _capped(records: pd.DataFrame) -> list[str]:
    """Return a sentence on the targets whose read-outs ended at the cap; none if none did."""
    own = records[records["order"] >= 1]
    counts = (own["stopped"] == CAP).groupby(own["target"]).agg(["sum", "size"])
    counts = counts[counts["sum"] > 0].sort_values("sum", ascending=False)
    if counts.empty:
        return []
    listed = ", ".join(f"`{row.Index}` ({row.sum} of {row.size})" for row in counts.itertuples())
    return [
        f"Read-outs that ended at the cap, by target: {listed}. Their validation losses may still "
        "have fallen."
    ]


def _counted(frame: pd.DataFrame) -> str:
    return " and ".join(f"{row['n']:,} {NETWORKS[row['kind']]}" for _, row in frame.iterrows())


def _trials(sweep: dict[str, Any]) -> list[str]:
    """Return paragraphs on the settings that were tried for scratch; none without trials."""
    found = sweep.get("scratch_trials")
    if not found:
        return []
    frame = pd.DataFrame(found["tried"])
    targets = sorted(frame["target"].unique())
    chosen = found["chosen"]
    text = (
        f"The settings of `scratch` were chosen on validation images of {len(targets)} targets "
        "before the sweep; no test loss was measured. Chosen is the smallest mean over targets of "
        "log(loss / smallest loss of the target): at most "
        f"{chosen['epochs']} epochs, learning rate {chosen['learning_rate']:g}, for every target. "
        f"{_raised(sweep, chosen)}Mean validation losses of all that was tried:"
    )
    rows = []
    for (epochs, rate), own in frame.groupby(["epochs", "learning_rate"]):
        by = own.set_index("target")["valid_loss"]
        cells = ["diverged" if pd.isna(by[name]) else number(by[name], 4) for name in targets]
        rows.append([f"{epochs}", f"{rate:g}", *cells])
    return [text, table(["epochs:", "learning rate:", *(f"{name}:" for name in targets)], rows)]


def _raised(sweep: dict[str, Any], chosen: dict[str, Any]) -> str:
    """Return a sentence on a cap that was raised after the choice; "" if it was not."""
    cap = (sweep.get("scratch") or {}).get("epochs") or chosen["epochs"]
    if cap <= chosen["epochs"]:
        return ""
    return (
        f"Then the cap was raised to {cap} epochs for every target; networks that it could change "
        "were trained again. "
    )
