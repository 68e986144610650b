"""The page of the pilot, rendered from its records and tables alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.pilot.figure import STEM, figure
from benchmarks.pilot.last_run import PilotRun, read_run
from benchmarks.pilot.measures import (
    SHARE,
    best_before_cuts,
    cap_of,
    improvement,
    one_of,
    step_summary,
    transfers_of,
    wins_of_scratch,
)
from benchmarks.pilot.networks import LONG, SHORT
from benchmarks.pilot.pruning_section import pruning_section
from benchmarks.pilot.ranking import ranking_change
from benchmarks.results import markdown
from benchmarks.results.figures import write_picture
from benchmarks.results.markdown import NOTHING, commit_text, interval, number, wrapped
from taskgraph.tasks import AVERAGE, SCRATCH, SELF

HEADER = """# Read-outs that train until they stop

```sh
{command}
```

{what}

{trainings}

{provenance}

{progress}"""

FILES = (
    (
        "`records.jsonl`",
        "one line a network: settings with the hash of the bank, validation and test loss, steps, "
        "why it stopped, seconds",
    ),
    ("`curves.parquet`", "the validation loss of each evaluation of each network"),
    ("`losses.parquet`", "the loss of each network on each test image"),
)


def draw(folder: Path) -> None:
    """Write the figure of the curves."""
    run = read_run(folder)
    if len(run.curves):
        write_picture(figure(run), folder, STEM)


def render(folder: Path) -> str:
    """Return the whole page.

    Raises
    ------
    InvalidTableError
        If the folder has no records of a run.
    """
    run = read_run(folder)
    picture = next((f"{STEM}.{end}" for end in ("svg", "png") if _exists(folder, end)), None)
    sections = [
        _header(run),
        f"![Validation loss over steps, a panel a target; dots are the short trainings, the dotted "
        f"line is the target's own network]({picture})"
        if picture
        else "",
        _steps(run),
        _losses(run),
        _scratch(run),
        _ranking(run),
        pruning_section(run),
        f"## Files\n\n{markdown.table(['file', 'what'], FILES)}",
    ]
    return wrapped("\n\n".join(each for each in sections if each)) + "\n"


def finding(folder: Path) -> str:
    """Return one sentence: how long read-outs train, what it brings, and the cap."""
    return summary(read_run(folder))


def summary(run: PilotRun) -> str:
    """Return the main result in one sentence."""
    rows = transfers_of(run.networks)
    if rows.empty:
        return "No read-out has been trained until it stopped yet."
    medians = _medians(run)
    better = ""
    if medians:
        changes = ", ".join(f"`{target}` {_change(value)}" for target, value in medians.items())
        better = f" Their median test loss against that of the short training: {changes}."
    return (
        f"{len(rows)} read-outs train for {rows['last_step'].median():,.0f} steps in the median; "
        f"{_cap(run)}.{better}"
    )


def headline(folder: Path) -> str:
    """Return what training until it stops changes, in one sentence for README."""
    run = read_run(folder)
    changes = _medians(run).values()
    lower = sorted(100 * each for each in changes if each >= 0)
    higher = sorted(-100 * each for each in changes if each < 0)
    each = len(transfers_of(run.networks)) // len(run.targets)
    steps = run.about.settings["fits"][SHORT]["epochs"] * run.steps_per_epoch
    text = (
        f"such read-outs have a median test loss {lower[0]:.0f} to {lower[-1]:.0f} % lower than "
        f"after {steps} steps at {len(lower)} of {len(run.targets)} targets"
    )
    if higher:
        text += f", and {higher[0]:.0f} to {higher[-1]:.0f} % higher at {len(higher)}"
    return f"{text} ({each} read-outs a target, one seed)"


def _medians(run: PilotRun) -> dict[str, float]:
    """Return by target the median share by which the long training's test loss is lower."""
    found = {target: improvement(run.networks, target, "test_loss") for target in run.targets}
    return {target: one["median"] for target, one in found.items() if one}


def _change(share: float) -> str:
    return f"{_percent(abs(share))} {'lower' if share >= 0 else 'higher'}"


def _exists(folder: Path, end: str) -> bool:
    return (folder / f"{STEM}.{end}").exists()


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _header(run: PilotRun) -> str:
    settings, metrics = run.about.settings, run.about.metrics
    images, buildings = metrics["images"], metrics["buildings"]
    reasons = "; ".join(f"`{name}`: {why}" for name, why in settings["reasons"].items())
    named = (
        ", named before any was measured" if set(run.targets) <= set(settings["reasons"]) else ""
    )
    count = sum(map(len, metrics["sets"].values()))
    sets = (
        f", and {count} sets, the {settings['sets_per_order']} best of each order up to "
        f"{settings['max_order']} for each target by the validation error of ridge regression"
        if count
        else " and no sets"
    )
    what = (
        f"Targets: {', '.join(f'`{name}`' for name in run.targets)}{named}"
        f"{f' ({reasons})' if reasons else ''}. Sources: all {len(settings['singles'])} single "
        f"ones{sets}. Images: {images['train']} to train on, of {buildings['train']} buildings; "
        f"{images['valid']} of {buildings['valid']} others, which decide when training stops; "
        f"{images['test']} of {buildings['test']} others to test on. {_overlap(metrics)}"
    )
    return HEADER.format(
        command=settings["command"],
        what=what,
        trainings=_trainings(run),
        provenance=_provenance(run),
        progress=f"**{summary(run)}**" + _unfinished(run),
    )


def _overlap(metrics: dict[str, Any]) -> str:
    """Return whether encoders were trained on the buildings of the read-outs."""
    known = {part: names for part, names in metrics["overlap"].items() if names}
    if known:
        told = "; ".join(f"{part}: {', '.join(names)}" for part, names in known.items())
        return f"Encoders were trained on some of these buildings ({told})."
    if metrics["unknown"]:
        return (
            f"The bank does not record the training buildings of {len(metrics['unknown'])} "
            "encoders, so it is not known whether these buildings are new to them."
        )
    return "No encoder was trained on any of these buildings."


def _trainings(run: PilotRun) -> str:
    fits, each = run.about.settings["fits"], run.steps_per_epoch
    short, long = fits[SHORT], fits[LONG]
    return (
        f"- *short*: {short['epochs'] * each} steps of {short['batch']} images, with a learning "
        f"rate that falls from {short['learning_rate']:g} as a cosine; the best epoch by "
        "validation loss is kept.\n"
        f"- *long*: until the validation loss has not fallen by {_percent(long['min_delta'])} "
        f"for {long['patience']} epochs of {each} steps, after {long['cuts']} cuts of the learning "
        f"rate to a fifth; at most {long['epochs'] * each:,} steps. The best epoch is kept.\n"
        "- Test losses were read once, after both trainings; nothing was chosen by them."
    )


def _provenance(run: PilotRun) -> str:
    about, versions = run.about, run.about.versions or {}
    hours = run.networks["seconds"].sum() / 3600 if len(run.networks) else 0.0
    return (
        f"Bank `{about.settings['bank_hash']}`, seed {about.seed}, commit "
        f"{commit_text(about.commit)}, Python {versions.get('python')}, torch "
        f"{versions.get('torch')}, {versions.get('cores')} cores ({versions.get('platform')}). "
        f"{len(run.networks)} networks took {hours:.2f} hours in sum. One seed: no interval holds "
        "what other seeds of training would add."
    )


def _unfinished(run: PilotRun) -> str:
    done = len(run.networks)
    if done == run.planned:
        return ""
    return (
        f" The run is not complete: {done} of {run.planned} networks are measured; the same "
        "command continues."
    )


def _cap(run: PilotRun) -> str:
    cap = cap_of(run.networks, run.steps_per_epoch)
    if cap["epochs"] is None:
        return f"{cap['capped']} of {cap['n']} reached the pilot's own cap, so it proposes no cap"
    return (
        f"{SHARE:.0%} of them stop within {cap['steps']:,} steps ({cap['epochs']} epochs), "
        "the cap that the pilot proposes"
    )


def _steps(run: PilotRun) -> str:
    heads = ["target", "read-outs:", "stopped by patience:", "best step, median:"]
    heads += ["last step, median:", "95th percentile:", "`scratch`:"]
    rows = []
    for target in run.targets:
        one = step_summary(run.networks, target)
        if not one["n"]:
            continue
        scratch = one["scratch_steps"]
        rows.append(
            [
                f"`{target}`",
                str(one["n"]),
                str(one["patience"]),
                number(one["best"], 0),
                number(one["median"], 0),
                number(one["p95"], 0),
                NOTHING if scratch is None else str(scratch),
            ]
        )
    if not rows:
        return ""
    text = f"## How many steps\n\nSteps until training stopped. Of all read-outs, {_cap(run)}."
    return f"{text}\n\n{markdown.table(heads, rows)}"


def _losses(run: PilotRun) -> str:
    heads = ["target", "validation loss:", "least to most:", "test loss:", "least to most:"]
    rows = []
    for target in run.targets:
        cells = [f"`{target}`"]
        for loss in ("valid_loss", "test_loss"):
            one = improvement(run.networks, target, loss)
            if one:
                cells += [
                    _percent(one["median"]),
                    f"{_percent(one['low'])} to {_percent(one['high'])}",
                ]
        if len(cells) == len(heads):
            rows.append(cells)
    if not rows:
        return ""
    return (
        "## How much better than the short training\n\nBy how much the long training's loss is "
        "below the short one's, in the median over the target's read-outs, and the range; above 0 "
        f"the long one is better.\n\n{markdown.table(heads, rows)}{_worse(run)}"
    )


def _worse(run: PilotRun) -> str:
    """Return a paragraph on the targets at which the long training is worse; "" without any."""
    worse = [f"`{target}`" for target, median in _medians(run).items() if median < 0]
    if not worse:
        return ""
    fit = run.about.settings["fits"][LONG]
    wait = (fit["cuts"] + 1) * fit["patience"] * run.steps_per_epoch
    counts = ", ".join(
        f"{best_before_cuts(run.networks, target, wait)} of "
        f"{step_summary(run.networks, target)['n']} read-outs of `{target}`"
        for target in _medians(run)
    )
    return (
        f"\n\nThe long training is worse for {' and '.join(worse)}. Why was not tested. One "
        "difference is the learning rate: the short training lowers it from the start, the long "
        "one at its first cut. These read-outs had their lowest validation loss before that cut: "
        f"{counts}."
    )


def _scratch(run: PilotRun) -> str:
    heads = ["target", "training", "`self`:", "`average`:", "`scratch`:"]
    heads += ["wins of `scratch` over `average`:", "95 %:"]
    rows: list[list[str]] = []
    beats: dict[str, list[bool]] = {SHORT: [], LONG: []}
    for target in run.targets:
        for training in (SHORT, LONG):
            wins = wins_of_scratch(run.losses, target, training)
            if wins is None:
                continue
            beats[training].append(wins.low > 0.5)
            rows.append(
                [
                    f"`{target}`",
                    training,
                    _loss(one_of(run.networks, target, SELF, "none")),
                    _loss(one_of(run.networks, target, AVERAGE, training)),
                    _loss(one_of(run.networks, target, SCRATCH, training)),
                    number(wins.mean),
                    interval(wins.low, wins.high),
                ]
            )
    if not rows:
        return ""
    text = (
        "Mean test losses, and the share of test images on which `scratch` has a smaller loss than "
        "the best constant answer (intervals resample buildings). Its interval is above 0.5 on "
        f"{sum(beats[SHORT])} of {len(beats[SHORT])} targets after the short training and on "
        f"{sum(beats[LONG])} of {len(beats[LONG])} after the long one."
    )
    return (
        f"## Does a network from scratch beat the constant?\n\n{text}\n\n"
        f"{markdown.table(heads, rows)}"
    )


def _loss(row: pd.Series[Any] | None) -> str:
    return NOTHING if row is None else number(row["test_loss"], 4)


def _ranking(run: PilotRun) -> str:
    heads = ["target", "transfers:", "Spearman:", "Kendall:", "of two halves:", "best kept:"]
    heads += ["best after the short", "best after the long"]
    rows = []
    for target in run.targets:
        one = ranking_change(run.losses, target)
        if one:
            rows.append(
                [
                    f"`{target}`",
                    str(one["transfers"]),
                    number(one["spearman"]),
                    number(one["kendall"]),
                    number(one["halves"]),
                    f"{one['kept']} of {one['of']}",
                    markdown.names(one["best_short"]),
                    markdown.names(one["best_long"]),
                ]
            )
    if not rows:
        return ""
    text = (
        "Rank correlations of the affinities (single sources and sets together) after the short "
        "and after the long training. *Of two halves*: Spearman's correlation of the long "
        "training's affinities on every other test building with those on the rest; a smaller "
        "correlation between the trainings than this is a change that the choice of test buildings "
        "does not explain. *Best kept*: how many of the best transfers are the same."
    )
    return f"## Does the ranking change?\n\n{text}\n\n{markdown.table(heads, rows)}"
