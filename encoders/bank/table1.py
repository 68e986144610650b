"""The paper's Table 1: win rates of each task's network against its references."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from encoders.bank.config import LOSSES_SUFFIX, RANDOM, VALID_LOSSES_SUFFIX
from encoders.errors import InvalidDataError
from taskgraph.affinity import image_wins
from taskgraph.arrays import Floats, Integers
from taskgraph.tables.formats import FilePath
from taskgraph.tasks import AVERAGE, SELF

NAN = float("nan")
PAPER_WIN_RATES: Mapping[str, tuple[float, float]] = {
    "denoise": (100.0, 99.9),
    "autoencoder": (100.0, 99.8),
    "reshade": (94.9, 95.2),
    "impainting_whole": (99.9, NAN),
    "curvature": (78.7, 93.4),
    "rgb2sfnorm": (99.4, 99.5),
    "rgb2depth": (92.3, 91.1),
    "room_layout": (99.6, 89.1),
    "edge2d": (100.0, 99.9),
    "fix_pose": (76.3, 79.5),
    "segment2d": (97.7, 95.7),
    "point_match": (86.8, 84.6),
    "vanishing_point_well_defined": (99.5, 96.4),
    "rgb2mist": (92.4, 92.1),
    "class_places": (97.0, 93.4),
    "edge3d": (100.0, 95.4),
    "non_fixated_pose": (60.2, 61.9),
    "segment25d": (94.2, 89.4),
    "ego_motion": (67.5, 72.3),
    "keypoint2d": (99.8, 99.4),
    "keypoint3d": (96.0, 96.9),
    "jigsaw": (99.9, NAN),
}
"""Win rates in per cent against the average estimator and the read-out from a random encoder:
Zamir et al., CVPR 2018, Table 1; jigsaw's is in the authors' task bank. The authors train that
read-out on the transfer data, not on the data of the encoders: the printed win rates are those of
the published 16k transfers ``random -> target`` (within 0.2 for 17 of 20; egomotion, scene classes
and 2D segments differ)."""
PAPER_MEAN = (92.4, 90.9)
"""The means over all tasks, as printed in the paper."""

MEAN = "mean"
READOUT = "readout"
"""Reference: the read-out from the random encoder that a sweep trains on the transfer data.

`RANDOM` is the same read-out, trained on the images and for the epochs of the task's own network;
it is harder to beat.
"""
REFERENCES = (AVERAGE, READOUT, RANDOM)
NAMES = {AVERAGE: "average", READOUT: "a read-out of random"}
"""The two references of the paper, as messages name them."""
DEFECT = 60.0
"""Win rate in per cent below which a network is reported as defective."""


def make_table1(
    bank: FilePath,
    sweep: FilePath | None = None,
    *,
    split: str = "test",
    draws: int = 2_000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compute the win rates of a bank's networks on the images of a split, beside the paper's.

    A smaller loss on an image is a win; a tie counts half. Intervals are the 2.5th and 97.5th
    percentile over bootstrap resamples of buildings, because views of one building are similar.
    All tasks share the resamples, so that the interval of the mean accounts for buildings that are
    hard for all tasks.

    Parameters
    ----------
    bank : path
        A folder of ``NAME.losses.parquet`` (``target, sources, image, loss``). The name of an
        image is the building's, a slash, and the view's.
    sweep : path, optional
        The folder of a sweep of transfers from that bank, which has the losses for `READOUT`.
    split : "test" or "val"
        The split; for ``val``, the files are ``NAME.valid_losses.parquet``, which banks of earlier
        versions lack.
    draws : int
        Number of resamples.
    seed : int
        Seed of the resamples.

    Returns
    -------
    DataFrame
        Indexed by task; the last row is the `MEAN` over all tasks. Columns: ``title``; ``images``
        and ``buildings`` (numbers of them); ``loss``, ``loss_average``, ``loss_random`` (means over
        the test images); and for each of `REFERENCES`, in per cent, larger is better, for example
        ``average``, ``average_low``, ``average_high`` and, except for ``random``,
        ``average_paper``. NaN where a task has no such reference or the paper no such value.

    Raises
    ------
    InvalidDataError
        If the folder has no such file, or a file lists an image twice or lacks losses of `SELF`.
    """
    suffix = {"test": LOSSES_SUFFIX, "val": VALID_LOSSES_SUFFIX}[split]
    paths = sorted(Path(bank).glob("*" + suffix))
    if not paths:
        raise InvalidDataError(
            f"{bank}: no *{suffix} in this folder; `taskgraph train` writes them"
        )
    losses = {path.name.removesuffix(suffix): _losses(path) for path in paths}
    of_sweep: dict[str, pd.DataFrame] = {}
    if sweep is not None:
        part = Path(sweep) / {"test": "measured", "val": "validation"}[split]
        of_sweep = {name: _sweep_losses(part / name) for name in losses}
    frames = [*losses.values(), *of_sweep.values()]
    buildings = sorted({name for frame in frames for name in _buildings(frame)})
    # counts[draw, building] is how often the resample contains the building.
    chances = np.full(len(buildings), 1 / len(buildings))
    counts = np.random.default_rng(seed).multinomial(len(buildings), chances, size=draws)
    rows = [_row(name, frame) for name, frame in losses.items()]
    summary = pd.DataFrame(rows, index=pd.Index(list(losses), name="task"))
    summary.loc[MEAN, "title"] = "Mean"
    for place, reference in enumerate(REFERENCES):
        rates, resampled = {}, {}
        for name, frame in ({**losses, **of_sweep} if reference == READOUT else losses).items():
            rates[name], resampled[name] = _rates(frame, reference, buildings, counts)
        rates[MEAN] = pd.Series(rates).mean()
        resampled[MEAN] = pd.DataFrame(resampled).mean(axis=1).to_numpy()
        summary[reference] = pd.Series(rates)
        for end, share in (("low", 0.025), ("high", 0.975)):
            edges = {name: pd.Series(values).quantile(share) for name, values in resampled.items()}
            summary[f"{reference}_{end}"] = pd.Series(edges)
        if reference != RANDOM:
            paper = {name: PAPER_WIN_RATES.get(name, (NAN, NAN))[place] for name in losses}
            summary[f"{reference}_paper"] = pd.Series({**paper, MEAN: PAPER_MEAN[place]})
    return summary


def weak(frame: pd.DataFrame, *, bound: float = DEFECT) -> list[str]:
    """Return a message for each task that wins too seldom against a reference of the paper.

    Such a task has a defect in its label, its loss or its training.

    Parameters
    ----------
    bound : float
        The lowest accepted win rate, in per cent.
    """
    return [
        f"{name} wins on {rate:.1f} % of the images against {NAMES[reference]}, expected "
        f"{bound:g} % or more; look at its label, its loss and its training"
        for reference in NAMES
        for name, rate in frame[reference].drop(MEAN).items()
        if rate < bound
    ]


UNTRAINED = "random trained as long"
"""The reference `encoders.bank.config.RANDOM` in the heads of the table."""


def table1_markdown(frame: pd.DataFrame) -> str:
    """Format the result of `make_table1` as a Markdown table.

    The columns of `encoders.bank.config.RANDOM` are left out where no task has that reference.
    """
    head = [
        "Task",
        "Images",
        "Buildings",
        "Wins over average (95 %)",
        "Paper",
        "Wins over a read-out of random (95 %)",
        "Paper",
        f"Wins over {UNTRAINED} (95 %)",
        "Loss",
        "Of average",
        f"Of {UNTRAINED}",
    ]
    measured = frame[RANDOM].notna().any()
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for _, row in frame.iterrows():
        cells = [row["title"], _number(row["images"], 0), _number(row["buildings"], 0)]
        for reference in REFERENCES:
            ends = "–".join(_number(row[f"{reference}_{end}"], 1) for end in ("low", "high"))
            missing = np.isnan(row[reference])
            cells.append("–" if missing else f"{row[reference]:.1f} ({ends})")
            if reference != RANDOM:
                cells.append(_number(row[f"{reference}_paper"], 1))
        cells += [_number(row[name], 4) for name in ("loss", "loss_average", "loss_random")]
        lines.append(cells)
    shown = [place for place, name in enumerate(head) if measured or UNTRAINED not in name]
    lines = [[line[place] for place in shown] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _number(value: float, digits: int) -> str:
    return "–" if np.isnan(value) else f"{value:.{digits}f}"


def _losses(path: Path) -> pd.DataFrame:
    """Read a (images, sources) table of losses; NaN where an image has no loss of a source."""
    frame = pd.read_parquet(path)
    twice = frame[frame.duplicated(["sources", "image"])]
    if len(twice):
        source, image = twice.iloc[0][["sources", "image"]]
        raise InvalidDataError(
            f"{path}: image {image} has two losses of {source}, expected one; train the task anew"
        )
    wide = frame.pivot_table(index="image", columns="sources", values="loss")
    if SELF not in wide:
        raise InvalidDataError(
            f'{path}: no losses of "{SELF}", the task\'s own network; train the task anew'
        )
    return wide


def _sweep_losses(folder: Path) -> pd.DataFrame:
    """Read a target's losses in a sweep: its own network's and the read-out's, as `_losses` does.

    The table is empty if the sweep has not measured both.
    """
    columns = {SELF: SELF, "random": READOUT}
    files = {new: folder / f"{old}.parquet" for old, new in columns.items()}
    if not all(path.exists() for path in files.values()):
        return pd.DataFrame()
    frames = {new: pd.read_parquet(path).set_index("image") for new, path in files.items()}
    return pd.DataFrame({new: frame["loss"] for new, frame in frames.items()})


def _buildings(frame: pd.DataFrame) -> list[str]:
    """Return the building of each image in the index."""
    return [str(image).rpartition("/")[0] or str(image) for image in frame.index]


def _row(name: str, frame: pd.DataFrame) -> dict[str, object]:
    """Return a task's name, its numbers of images and buildings, and its mean losses."""
    means = frame.reindex(columns=[SELF, AVERAGE, RANDOM]).mean()
    return {
        "title": name,
        "images": int(frame[SELF].notna().sum()),
        "buildings": len(set(_buildings(frame[frame[SELF].notna()]))),
        "loss": means[SELF],
        **{f"loss_{reference}": means[reference] for reference in (AVERAGE, RANDOM)},
    }


def _rates(
    frame: pd.DataFrame, reference: str, buildings: list[str], counts: Integers
) -> tuple[float, Floats]:
    """Return the win rate in per cent, and its value in each resample, (draws,)."""
    if reference not in frame:
        return NAN, np.full(len(counts), NAN)
    both = frame[[SELF, reference]].dropna()
    wins = pd.Series(image_wins(both[SELF], both[reference]))
    each = wins.groupby(_buildings(both)).agg(["sum", "count"]).reindex(buildings, fill_value=0)
    won, of = (counts @ each[column].to_numpy(dtype=float) for column in ("sum", "count"))
    # A resample without any of the task's buildings gives NaN.
    rates = np.divide(won, of, out=np.full(len(counts), NAN), where=of > 0)
    return 100 * float(wins.mean()), 100 * rates
