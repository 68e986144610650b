"""Paragraphs of the page on `scratch` beside the best constant answer: where it loses, and why."""

from __future__ import annotations

import pandas as pd

from benchmarks.results.markdown import interval, number, table
from benchmarks.transfers.compared_page import and_seeds
from benchmarks.transfers.tables import TransferTables
from taskgraph.tasks import AVERAGE, SCRATCH


def constants(tables: TransferTables) -> list[str]:
    """Return paragraphs on targets where scratch does not beat the constant, and on its data."""
    if "versus_average" not in tables:
        return []
    frame = tables["versus_average"].sort_values("wins")
    weak = int((frame["wins"] <= 0.5).sum())
    doubtful = int(((frame["wins"] > 0.5) & (frame["low"] <= 0.5)).sum())
    text = (
        f"`scratch`, which gains are measured against, does not beat the best constant answer at "
        f"{weak} of {len(frame)} targets: there, gains are against a network no better than a "
        f"constant; at {doubtful} more its interval holds one half. Its win rates, with 95 % "
        f"intervals over {tables.unit}{and_seeds(tables.facts)} (t of the ratio of sums)"
    )
    losses = mean_losses(tables)
    if losses is None:
        rows = [
            [str(row.target), number(row.wins), interval(row.low, row.high)]
            for row in frame.itertuples()
        ]
        heads = ["target", "scratch beats average on:", "interval:"]
        found = [f"{text}:", table(heads, rows)]
    else:
        found = [f"{text}, {LOSSES}", _with_losses(frame, losses), *_why(frame, losses)]
    if "average" in tables:
        found.append(_measured_alone(tables["average"]))
    return found


LOSSES = (
    "and the mean losses of both on the test images, of scratch over its seeds. *Best epoch*: that "
    "with the smallest validation loss, of the number trained, in the median over seeds."
)


def mean_losses(tables: TransferTables) -> pd.DataFrame | None:
    """Return the mean losses of the two references by target, and when scratch was best.

    Returns
    -------
    DataFrame or None
        By ``target``: ``scratch, average``, mean test losses; ``best, last``, the epochs from 1 of
        scratch's smallest validation loss and of its end, medians over seeds, NaN if they were not
        recorded. None without records of both.
    """
    if "records" not in tables:
        return None
    records = tables["records"]
    known = records.reindex(columns=["target", "sources", "test_loss", "best_epoch", "last_epoch"])
    scratch = known[known["sources"] == SCRATCH].groupby("target")
    constant = known[known["sources"] == AVERAGE].groupby("target")["test_loss"].mean()
    if not len(scratch) or not len(constant):
        return None
    ends = scratch[["best_epoch", "last_epoch"]].median() + 1
    return pd.DataFrame(
        {
            "scratch": scratch["test_loss"].mean(),
            "average": constant,
            "best": ends["best_epoch"],
            "last": ends["last_epoch"],
        }
    )


def _with_losses(frame: pd.DataFrame, losses: pd.DataFrame) -> str:
    rows = []
    for row in frame.itertuples():
        own = losses.loc[str(row.target)]
        when = "" if own[["best", "last"]].isna().any() else f"{own['best']:g} of {own['last']:g}"
        means = [number(own[name], 4) for name in ("scratch", "average")]
        rows.append([str(row.target), number(row.wins), interval(row.low, row.high), *means, when])
    heads = ["target", "scratch beats average on:", "interval:", "loss of scratch:"]
    return table([*heads, "of average:", "best epoch:"], rows)


def _why(frame: pd.DataFrame, losses: pd.DataFrame) -> list[str]:
    """Return a paragraph on the targets where scratch wins on no more than half of the images."""
    weak = frame.loc[frame["wins"] <= 0.5, "target"]
    own = losses.loc[list(weak)]
    larger = own[own["scratch"] >= own["average"]]
    smaller = own[own["scratch"] < own["average"]]
    parts = []
    if len(larger):
        early = larger[larger["best"] <= larger["last"] / 2]
        text = f"At {_listed(larger)} its mean loss is not smaller either."
        if len(early):
            text += (
                f" At {_listed(early)} its validation loss was smallest in the first half of its "
                "training and did not fall again: it fits its training images better and new ones "
                "worse, so these images are too few to learn the target from scratch."
            )
        parts.append(text)
    if len(smaller):
        parts.append(
            f"At {_listed(smaller)} its mean loss is smaller, although it wins on fewer images: it "
            "is better by much on few images, and worse by little on many."
        )
    return [" ".join(parts)] if parts else []


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(f"`{name}`" for name in frame.index)


def _measured_alone(checks: pd.DataFrame) -> str:
    own = checks[checks["self_now"].notna()]
    off = (checks["average_now"] / checks["average_recorded"] - 1).abs().max()
    moved = (own["self_now"] / own["self_before"] - 1).abs().max()
    return (
        "The losses of `average` are not of the sweep's own run, which kept their means alone. "
        "They were measured later (`taskgraph bench transfers --average WORLD --work WORK`; "
        "commit not recorded, seed 0), on the same views of the same world, rendered again from "
        "its seed on another processor, on which single pixels may differ. As a check: the test "
        "images are the table's; the means "
        f"differ from the recorded ones by at most {off:.2%}; measured again, the losses of `self` "
        f"are within .01 % of the table's on {own['self_same_images'].min():.0%} to "
        f"{own['self_same_images'].max():.0%} of the images of {len(own)} targets, and their means "
        f"within {moved:.2%} (`average.csv`)."
    )
