"""The page of the deep image prior, rendered from its records and curves alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from benchmarks.prior.figures import CURVES, IMPEDANCE, draw_figures
from benchmarks.prior.fit_settings import TASKS
from benchmarks.prior.grid import PRIOR
from benchmarks.prior.page_parts import (
    deepinv_section,
    impedance_section,
    inversion_section,
    published_section,
    stopping_section,
)
from benchmarks.prior.photographs import REPORTED
from benchmarks.prior.sheets import COLUMNS, draw_sheets, sheet_name
from benchmarks.prior.values import PriorResults, difference, over_photos, read_results
from benchmarks.results.markdown import commit_text, interval, number, table, wrapped
from benchmarks.results.record import Record
from taskgraph.errors import InvalidTableError

HEADER = """# Restoring photographs with an untrained network

```sh
taskgraph bench prior
taskgraph bench prior --part published
taskgraph bench prior --part deepinv --python deepinv/bin/python
```

The deep image prior (Ulyanov et al., CVPR 2018) fits a convolutional network with random weights
to one damaged photograph. The network fits structure before noise, so a fit that is stopped early
restores the photograph; nothing is learned from other pictures. Photographs are the central
squares of {photos} of scikit-image, {size} × {size} pixels. Tasks: Gaussian noise of standard
deviation 25 / 255 (denoise), half of the pixels missing (inpaint), four times fewer rows and
columns (superresolve), JPEG of quality 10 (dejpeg). The network has [16, 32, 64] channels and
{iterations:,} iterations of Adam; the other settings are the published ones. Values are of the
running average of outputs (γ = 0.99), where the rule below stops it **without the true picture**.

PSNR of superresolve is of the Y channel, without cutting borders; otherwise of all channels.
Known pixels of inpaint are put in place, for all methods. Strengths of the baselines are the best
of several on {validation}, which are not reported. BM3D is the package `bm3d` (free for
noncommercial use only; Dabov et al. 2007, Mäkinen et al. 2020).

{provenance}

"""

USE = """## Your photograph

```sh
taskgraph bench prior denoise photo.png -o out.png --sigma 25
taskgraph bench prior inpaint photo.png --mask mask.png -o out.png
taskgraph bench prior superresolve photo.png --factor 4 -o out.png
taskgraph bench prior dejpeg photo.jpg -o out.png --preview now.png
```

Larger photographs are restored in overlapping tiles. Ctrl-C writes the best picture so far.

"""

FILES = """## Files

| file | what |
|--|--|
| `records.jsonl` | one line an evaluation: part, task, photograph, method, seed, PSNR and SSIM |
| `curves.parquet` | each fit: loss, PSNR, SSIM and variance of outputs at every fifth iteration |
| `*.jpg`, `*.svg` | pictures of seed 0, and figures |
"""


def draw(folder: Path) -> None:
    """Write the figures, and the sheets if the restored pictures are in the folder."""
    draw_figures(folder)
    results = read_results(folder)
    captions = {
        f"{row.task}-{row.photo}-{row.method}": f"{row.psnr:.2f}"
        for row in results.pictures.itertuples()
        if row.seed == 0
    }
    captions |= {
        f"inversion-{each.settings['task']}": f"{each.metrics['psnr']:.1f}"
        for each in results.part("inversion")
    }
    draw_sheets(folder, list(REPORTED), captions)


def finding(folder: Path) -> str:
    """Return one sentence: PSNR of the stopped prior and of the best baseline, by task."""
    results = read_results(folder)
    if not results.tasks:
        return "No photograph to report was restored yet."
    said = []
    for task in results.tasks:
        own = results.pictures[results.pictures["task"] == task]
        best = best_baseline(own)
        prior = over_photos(own[own["method"] == PRIOR]).mean
        other = over_photos(own[own["method"] == best]).mean
        photos = _count(own.loc[own["method"] == PRIOR, "photo"].nunique(), "photograph")
        said.append(f"{task} {prior:.1f} dB ({best} {other:.1f}; {photos})")
    size = _fitted(results)[-1].settings["size"]
    fits = results.fits[results.fits["part"] == "grid"]
    never = int((fits["iteration"] >= fits["iterations"]).sum())
    return (
        f"PSNR of the prior, stopped without the truth: {', '.join(said)}, {size} × {size} pixels. "
        f"In {never} of {len(fits)} fits the rule did not stop before the last iteration."
    )


def render(folder: Path) -> str:
    """Return the whole page, from the records and curves of a folder."""
    results = read_results(folder)
    if not results.part("validation"):
        raise InvalidTableError(f"{folder} has no restored photograph; run `taskgraph bench prior`")
    parts = [
        _header(results),
        *(_task_section(results, task, folder) for task in results.tasks),
        stopping_section(results, folder),
        _figure(
            folder,
            CURVES,
            "PSNR and SSIM (larger is better) over iterations, seed 0: lines are running averages "
            "of outputs, thin dashed lines single outputs, and dots where the rule stops",
        ),
        published_section(results),
        impedance_section(results),
        _figure(folder, IMPEDANCE, "Loss over iterations for four targets")
        if results.part("impedance")
        else "",
        deepinv_section(results),
        inversion_section(results, folder),
        USE,
        FILES,
    ]
    return "".join(parts)


def best_baseline(pictures: pd.DataFrame) -> str:
    """Return the method with the best mean PSNR among those that are not the prior."""
    others = pictures[pictures["method"] != PRIOR]
    means = others.groupby(["method", "photo"])["psnr"].mean().groupby("method").mean()
    return str(means.idxmax())


def _header(results: PriorResults) -> str:
    grid = _fitted(results)
    photos = list(dict.fromkeys(each.settings["photo"] for each in grid))
    validation = dict.fromkeys(each.settings["photo"] for each in results.part("validation"))
    text = HEADER.format(
        photos=_listed(photos),
        size=grid[-1].settings["size"],
        iterations=grid[-1].settings["iterations"],
        validation=_listed(list(validation)),
        provenance=_provenance(results),
    )
    return wrapped(text)


def _fitted(results: PriorResults) -> list[Record]:
    """Return the fits of the grid; those of validation if there are none."""
    priors = [each for each in results.records if each.settings["method"] == PRIOR]
    grid = [each for each in priors if each.settings["part"] == "grid"]
    return grid or [each for each in priors if each.settings["part"] == "validation"]


def _listed(names: list[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _provenance(results: PriorResults) -> str:
    grid = _fitted(results)
    about = dict(grid[-1].versions or {})
    platform, cores = about.pop("platform"), about.pop("cores")
    versions = ", ".join(f"{name} {version}" for name, version in about.items())
    commits = ", ".join(dict.fromkeys(commit_text(each.commit) for each in results.records))
    counts = [
        f"{task} {_count(len({each.settings['photo'] for each in own}), 'photograph')}, "
        f"{_count(len(own), 'fit')}"
        for task in results.tasks
        if (own := [each for each in grid if each.settings["task"] == task])
    ]
    run = f"Run so far: {'; '.join(counts)}" if counts else "Run so far: validation alone"
    if counts and (missing := [task for task in TASKS if task not in results.tasks]):
        run += f". Not run yet: {_listed(missing)}"
    spent = sum(each.metrics["processor_seconds"] for each in grid) / len(grid)
    return (
        f"{run}. A fit took {spent:.0f} s of one core on average "
        f"({cores} cores, {platform}, shared with other work); {versions}; commits {commits}."
    )


def _task_section(results: PriorResults, task: str, folder: Path) -> str:
    """Return the table of one task, what it says, and its sheet."""
    own = results.pictures[results.pictures["task"] == task]
    order = [*dict.fromkeys(own.loc[own["method"] != PRIOR, "method"]), PRIOR]
    rows = []
    for method in order:
        mine = own[own["method"] == method]
        psnr = over_photos(mine)
        rows.append(
            [
                "**prior, stopped**" if method == PRIOR else method,
                number(psnr.mean, 2),
                interval(psnr.low, psnr.high, 2),
                number(over_photos(mine, "ssim").mean),
            ]
        )
    best = best_baseline(own)
    gain = difference(own, PRIOR, best)
    fits = own[own["method"] == PRIOR]
    n, seeds = fits["photo"].nunique(), fits.groupby("photo")["seed"].nunique()
    if gain.n > 1:
        verdict = (
            f"Mean over {_count(n, 'photograph')} (each over its {_range(seeds)}) with the 95 % "
            f"interval over photographs. Prior − {best}: {gain.mean:+.2f} dB "
            f"{interval(gain.low, gain.high, 2)}."
        )
    else:
        verdict = (
            f"One photograph, {_range(seeds)}. Prior − {best}: {gain.mean:+.2f} dB. One photograph "
            "gives no interval and says nothing about others."
        )
    heads = ["method", "PSNR, dB:", "95 %:", "SSIM:"]
    parts = [f"## {task.capitalize()}\n", table(heads, rows), "", wrapped(verdict), ""]
    if (folder / sheet_name(task)).exists():
        names = ", ".join(COLUMNS[task])
        parts += [f"![{task}: {names}; an enlarged part below each]({sheet_name(task)})", ""]
    return "\n".join(parts) + "\n"


def _range(counts: pd.Series) -> str:
    low, high = int(counts.min()), int(counts.max())
    return _count(low, "seed") if low == high else f"{low} to {high} seeds"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _figure(folder: Path, stem: str, words: str) -> str:
    """Return the link to a figure, in whichever format it was written."""
    for suffix in ("svg", "png"):
        if (folder / f"{stem}.{suffix}").exists():
            return f"![{words}]({stem}.{suffix})\n\n"
    return ""
