"""Paragraphs of the page on `scratch` beside the best constant answer: where it loses, and why."""

from __future__ import annotations

import pandas as pd

from benchmarks.results.markdown import interval, number, table
from benchmarks.transfers.tables import TransferTables
from encoders.training.schedule import PATIENCE
from taskgraph.tasks import AVERAGE, SCRATCH


def constants(tables: TransferTables) -> list[str]:
    """Return paragraphs on targets where scratch does not beat the constant, and on its data."""
    if "versus_average" not in tables:
        return []
    frame = tables["versus_average"].sort_values("wins")
    seeds = tables.has_several_seeds(SCRATCH)
    text = (
        f"`scratch`, which gains are measured against, {_beaten(frame)} Its win rates, with 95 % "
        f"intervals over {tables.drawn(seeds=seeds)} (t of the ratio of sums)"
    )
    losses = mean_losses(tables)
    if losses is None:
        found = [f"{text}:", _win_table(frame)]
    else:
        found = [f"{text}{_legend(losses, seeds=seeds)}", _win_table(frame, losses)]
        found += _why(frame, losses)
    if "average" in tables:
        found.append(_measured_alone(tables["average"]))
    return found


def _beaten(frame: pd.DataFrame) -> str:
    """Return at how many targets scratch does not, and may not, beat the constant."""
    weak, doubtful = weak_and_doubtful(frame)
    if weak:
        said = (
            f"does not beat the best constant answer at {weak} of {len(frame)} targets: there, "
            "gains are against a network no better than a constant."
        )
        return f"{said} At {doubtful} more its interval includes one half." if doubtful else said
    said = f"beats the best constant answer on most test images of all {len(frame)} targets."
    return f"{said} At {doubtful} of them its interval includes one half." if doubtful else said


def weak_and_doubtful(frame: pd.DataFrame) -> tuple[int, int]:
    """Return at how many targets scratch does not beat the constant, and may not beat it."""
    beaten = frame["wins"] > 0.5
    return int((~beaten).sum()), int((beaten & (frame["low"] <= 0.5)).sum())


def mean_losses(tables: TransferTables) -> pd.DataFrame | None:
    """Return the mean losses of the two references by target, and how scratch's training ended.

    Returns
    -------
    DataFrame or None
        By ``target``: ``scratch, average``, mean test losses; ``best, last``, the epochs from 1 of
        scratch's smallest validation loss and of its end, medians over seeds, NaN if they were not
        recorded; ``patience``, whether all of its seeds stopped by patience. None without records
        of both.
    """
    if "records" not in tables:
        return None
    columns = ["target", "sources", "test_loss", "best_epoch", "last_epoch", "stopped"]
    records = tables["records"].reindex(columns=columns)
    scratch = records[records["sources"] == SCRATCH].groupby("target")
    constant = records[records["sources"] == AVERAGE].groupby("target")["test_loss"].mean()
    if not len(scratch) or not len(constant):
        return None
    ends = scratch[["best_epoch", "last_epoch"]].median() + 1
    return pd.DataFrame(
        {
            "scratch": scratch["test_loss"].mean(),
            "average": constant,
            "best": ends["best_epoch"],
            "last": ends["last_epoch"],
            "patience": scratch["stopped"].agg(lambda own: bool((own == PATIENCE).all())),
        }
    )


def _legend(losses: pd.DataFrame, *, seeds: bool) -> str:
    """Return what the further columns of the table mean."""
    text = ", and the mean losses of both on the test images"
    text += ", those of scratch over its seeds." if seeds else "."
    if losses["last"].notna().any():
        text += " *Best epoch*: that of scratch's smallest validation loss, of the number trained"
        text += ", medians over seeds." if seeds else "."
    return text


def _win_table(frame: pd.DataFrame, losses: pd.DataFrame | None = None) -> str:
    heads = ["target", "scratch beats average on:", "interval:"]
    ended = losses is not None and bool(losses["last"].notna().any())
    heads += [] if losses is None else ["loss of scratch:", "of average:"]
    heads += ["best epoch:"] if ended else []
    rows = []
    for row in frame.itertuples():
        cells = [str(row.target), number(row.wins), interval(row.low, row.high)]
        if losses is not None:
            own = losses.loc[str(row.target)]
            cells += [number(own[name], 4) for name in ("scratch", "average")]
            cells += [f"{own['best']:g} of {own['last']:g}"] if ended else []
        rows.append(cells)
    return table(heads, rows)


def _why(frame: pd.DataFrame, losses: pd.DataFrame) -> list[str]:
    """Return a paragraph on targets where scratch's wins or its mean loss are no better."""
    weak = losses.index.isin(frame.loc[frame["wins"] <= 0.5, "target"])
    larger = losses["scratch"] >= losses["average"]
    parts = []
    if (weak & larger).any():
        parts.append(f"At {_listed(losses[weak & larger])} its mean loss is not smaller either.")
    if len(ended := losses[weak & larger & losses["patience"]]):
        parts.append(
            f"At {_listed(ended)} every training of it stopped by patience: more epochs on these "
            "images no longer lowered its validation loss."
        )
    if (weak & ~larger).any():
        parts.append(
            f"At {_listed(losses[weak & ~larger])} its mean loss is smaller, although it wins on "
            "no more than half of the images: where it wins it is ahead by more than it is behind "
            "elsewhere."
        )
    if (~weak & larger).any():
        parts.append(
            f"At {_listed(losses[~weak & larger])} its mean loss is not smaller, although it wins "
            "on more than half of the images."
        )
    return [" ".join(parts)] if parts else []


def _listed(frame: pd.DataFrame) -> str:
    return ", ".join(f"`{name}`" for name in frame.index)


def _measured_alone(checks: pd.DataFrame) -> str:
    own = checks[checks["self_now"].notna()]
    off = (checks["average_now"] / checks["average_recorded"] - 1).abs().max()
    moved = (own["self_now"] / own["self_before"] - 1).abs().max()
    return (
        "The sweep kept only the mean losses of `average`. Its losses image by image were measured "
        "later (`taskgraph bench transfers --average WORLD --work WORK`; commit not recorded, "
        "seed 0), on the same views, which were rendered again on another processor, where single "
        "pixels may differ. Checks: the test images are the same; the means differ from the "
        f"recorded ones by at most {off:.2%}; for {len(own)} targets, the losses of `self` "
        f"measured again agree within 0.01 % on {own['self_same_images'].min():.0%} to "
        f"{own['self_same_images'].max():.0%} of the images, and their means within {moved:.2%} "
        "(`average.csv`)."
    )
