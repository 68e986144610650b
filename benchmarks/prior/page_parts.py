"""The sections of the page on stopping, the published networks, impedance, deepinv, inversion."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.prior.fits import CHOOSING, rules, tried_rules
from benchmarks.prior.grid import PUBLISHED_PRIOR
from benchmarks.prior.impedance import LEVELS
from benchmarks.prior.sheets import INVERSION, sheet_name
from benchmarks.prior.stopping import RULE
from benchmarks.prior.tracking import WINDOWS
from benchmarks.prior.values import PriorResults
from benchmarks.results.banks import of_newest_bank
from benchmarks.results.markdown import NOTHING, number, seconds, table, wrapped
from benchmarks.results.record import Record

STOPPING = """## Stopping without the truth

The rule (ES-WMV, Wang et al. 2021) takes the variance of the last {window} outputs, stops where it
had no new minimum for {patience} iterations, and returns the average of outputs {lag} iterations
after the minimum. *Peak* is the best PSNR of the average, which only the true picture shows;
*gap* is peak − stopped. *Last* is the average after the last iteration.

"""
GOAL = 0.5
"""The median gap that the suite aims at, in dB."""
FEWEST = 5
"""Photographs that are needed to say whether the goal is met."""


def stopping_section(results: PriorResults, folder: Path) -> str:
    """Return the table of peaks, stops and gaps, and the rules that were tried."""
    head = wrapped(STOPPING.format(**vars(RULE)))
    if not results.tasks:
        return f"{head}{_tried(folder)}"
    fits = results.fits[results.fits["part"] == "grid"]
    rows = []
    for task in [*results.tasks, "all"]:
        own = fits if task == "all" else fits[fits["task"] == task]
        rows.append(
            [
                task,
                str(len(own)),
                *(number(own[name].mean(), 2) for name in ("output", "peak", "stopped", "last")),
                f"{own['peak_iteration'].median():.0f}",
                f"{own['iteration'].median():.0f}",
                f"{own['gap'].median():.2f} ({own['gap'].min():.2f}–{own['gap'].max():.2f})",
            ]
        )
    heads = [
        "task",
        "fits:",
        "best output:",
        "peak:",
        "stopped:",
        "last:",
        "peak at:",
        "stop at:",
        "gap, median (range):",
    ]
    median = float(fits["gap"].median())
    photos = fits["photo"].nunique()
    met = "met" if median <= GOAL else "missed"
    met = met if photos >= FEWEST else f"not judged on fewer than {FEWEST} photographs"
    never = int((fits["iteration"] >= fits["iterations"]).sum())
    above = [
        f"{task} ({gap:.2f} dB)"
        for task, gap in fits.groupby("task", sort=False)["gap"].median().items()
        if gap > GOAL
    ]
    alone = f" By task, it is missed for {' and '.join(above)}." if above and met == "met" else ""
    said = (
        f"The median gap is {median:.2f} dB; the goal of {GOAL} dB is {met}.{alone} In {never} of "
        f"{len(fits)} fits the rule did not stop before the last iteration."
    )
    return f"{head}{table(heads, rows)}\n\n{wrapped(said)}\n\n{_tried(folder)}"


def _tried(folder: Path) -> str:
    """Return how the rule was chosen."""
    tried = tried_rules(folder)
    if not len(tried):
        return ""
    count = len(rules())
    shown = tried.groupby("window", sort=False).head(2)
    rows = [
        [
            *(str(int(row[name])) for name in ("window", "patience", "lag")),
            *(number(row[name], 2) for name in ("mean", "median", "largest")),
        ]
        for _, row in shown.iterrows()
    ]
    heads = ["window:", "patience:", "lag:", "mean gap:", "median:", "largest:"]
    text = (
        f"{count} rules were tried on the photographs of validation, for {' and '.join(CHOOSING)} "
        f"(windows of {', '.join(map(str, WINDOWS))}); the one with the smallest mean gap was "
        "taken, of equals the one with the smallest patience. The best two of each window:"
    )
    return f"{wrapped(text)}\n\n{table(heads, rows)}\n\n"


def published_section(results: PriorResults) -> str:
    """Return what the small network costs against the published one; "" if that was not run."""
    fits = results.fits[results.fits["method"] == PUBLISHED_PRIOR]
    if not len(fits):
        return (
            "## The published networks\n\nThey were not run yet: `taskgraph bench prior --part "
            "published` runs them on one photograph a task.\n\n"
        )
    records = {each.settings["task"]: each for each in results.part("published")}
    rows = []
    for row in fits.itertuples():
        small = results.fits[
            (results.fits["part"] == "grid")
            & (results.fits["task"] == row.task)
            & (results.fits["photo"] == row.photo)
            & (results.fits["seed"] == row.seed)
        ]
        record = records[row.task]
        rows.append(
            [
                str(row.task),
                str(row.photo),
                str(row.iterations),
                record.metrics["arithmetic"],
                number(row.peak, 2),
                number(row.stopped, 2),
                number(small["peak"].max(), 2),
                number(small["stopped"].max(), 2),
                seconds(record.metrics["processor_seconds"]),
            ]
        )
    heads = [
        "task",
        "photograph",
        "iterations:",
        "arithmetic",
        "published, peak:",
        "stopped:",
        "small, peak:",
        "stopped:",
        "processor time:",
    ]
    text = (
        "The published network of each task on one photograph, seed 0. The rule to stop was chosen "
        "with the small network."
    )
    return f"## The published networks\n\n{wrapped(text)}\n\n{table(heads, rows)}\n\n"


def impedance_section(results: PriorResults) -> str:
    """Return the losses of the impedance; "" if it was not measured."""
    records = results.part("impedance")
    if not records:
        return ""
    rows = [
        [
            each.settings["method"],
            *(_count(each.metrics[f"first_below_{level}"]) for level in LEVELS),
            number(each.metrics["final_loss"], 5),
        ]
        for each in records
    ]
    last = records[-1].settings
    heads = ["target", *(f"loss < {level} at:" for level in LEVELS), "last loss:"]
    text = (
        f"The same network fits the photograph {last['photo']}, the photograph with noise of "
        "standard deviation 25 / 255, its pixels in random order, and uniform noise "
        f"({last['iterations']:,} iterations, seed 0, no noise on the input). A prior of pictures "
        "fits the photograph first."
    )
    return f"## Impedance\n\n{wrapped(text)}\n\n{table(heads, rows)}\n\n"


def _count(value: int | None) -> str:
    return NOTHING if value is None else f"{value:,}"


def deepinv_section(results: PriorResults) -> str:
    """Return the table of our prior beside deepinv's; "" if it was not measured."""
    pairs: dict[tuple[str, str], dict[str, Record]] = {}
    for each in results.part("deepinv"):
        key = each.settings["task"], each.settings["photo"]
        pairs.setdefault(key, {})[each.settings["method"]] = each
    whole = {key: pair for key, pair in pairs.items() if len(pair) == 2}
    if not whole:
        return ""
    rows, gains = [], []
    for (task, photo), pair in whole.items():
        ours, other = pair["ours"].metrics, pair["deepinv"].metrics
        gains.append(ours["psnr"] - other["psnr"])
        rows.append(
            [
                task,
                photo,
                number(ours["psnr"], 2),
                number(other["psnr"], 2),
                f"{ours['iteration']:,}",
                f"{other['iteration']:,}",
                f"{ours['processor_seconds']:.1f}",
                f"{other['processor_seconds']:.1f}",
            ]
        )
    heads = [
        "task",
        "photograph",
        "ours, dB:",
        "deepinv, dB:",
        "iterations:",
        "deepinv:",
        "processor s:",
        "deepinv:",
    ]
    text = (
        "Each fit runs in a process of its own, ours and deepinv's in turn, on the same values, "
        "seed 0. Ours ends where its rule stops; deepinv 0.5.0 has no rule, so `DeepImagePrior` "
        "with `ConvDecoder` (64 channels, 7 layers, as in its example) gets the same processor "
        f"seconds. Ours − deepinv: median {np.median(gains):+.2f} dB over {len(gains)} fits, from "
        f"{min(gains):+.2f} to {max(gains):+.2f}."
    )
    return f"## Beside deepinv\n\n{wrapped(text)}\n\n{table(heads, rows)}\n\n"


def inversion_section(results: PriorResults, folder: Path) -> str:
    """Return the table of what each encoder keeps, and its contact sheet; "" if not measured."""
    records = sorted(
        of_newest_bank(results.part("inversion")), key=lambda each: -each.metrics["psnr"]
    )
    if not records:
        return ""
    rows = [
        [
            each.settings["task"],
            number(each.metrics["psnr"], 2),
            number(each.metrics["ssim"]),
            number(each.metrics["distance"]),
        ]
        for each in records
    ]
    last = records[-1].settings
    text = (
        "The prior's picture is fitted so that an encoder of the shipped bank gives the "
        f"representation (8 × 16 × 16 numbers) of the photograph {last['photo']} at 64 × 64 "
        f"pixels, with {last['iterations']:,} iterations, the small network and seed 0. PSNR "
        "says how much of the picture the representation keeps, together with what the prior "
        "adds. *Distance* is the mean squared difference of the representations, as a share of "
        "their variance. `random` is the untrained encoder; `colorization` sees lightness only. "
        "One picture and one seed: small differences mean nothing."
    )
    heads = ["encoder", "PSNR, dB:", "SSIM:", "distance:"]
    parts = [f"## What each encoder keeps\n\n{wrapped(text)}\n\n"]
    if (folder / sheet_name(INVERSION)).exists():
        parts.append(f"![the photograph and 26 inversions]({sheet_name(INVERSION)})\n\n")
    return "".join([*parts, table(heads, rows), "\n\n"])
