"""The head of the page: the command, the comparison, and its checks."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from benchmarks.payoff.choices import GREEDY, RANDOM, RANDOM_SET, SINGLE, SOLVED, SOLVED_AT_SINGLE
from benchmarks.results.markdown import NOT_RECORDED, commit_text, filled
from benchmarks.results.record import Record

EXPLAINED = {
    SOLVED: "the proven optimum, `taskgraph solve`",
    GREEDY: "sources added one by one, each the one that helps most, then the best transfers",
    SINGLE: "every target names its best single source, and all of these are supervised, "
    "whatever that costs; the targets among them are solved by their own networks",
    SOLVED_AT_SINGLE: "the proven optimum within what best single spends",
    RANDOM_SET: "random supervised tasks, with the best transfers that the table has for them",
    RANDOM: "the same supervised tasks, with transfers drawn evenly from all that they allow",
}


WHAT = """Each rule below chose{excluded}, from the table of transfers alone, which tasks to
supervise and one transfer of order at most {max_order} for every other target. The budget is
{budget:g} labeled tasks; *best single*, and the optimum at its cost, may spend another number. A
supervised target is solved by the bank's own network for it. The bank's encoders and networks were
trained once, and every rule uses the same ones. For every other target a read-out was trained anew
on the transfer data ({train} images, selected on {valid} more, {epochs}{less}), with the seeds
{seeds} instead of the table's {own_seeds}. All were tested on {images} images a target
of {buildings} fresh buildings."""


HEADER = """# Does the solved taxonomy pay?

`{command}`

{what}

{checked}

Selection: nothing was chosen on the fresh images; a read-out's epoch is the best on validation
images of other buildings. {trained} networks were trained, each (target, sources, seed) once, in
{hours:.2f} hours in sum over jobs, on {cores} cores ({platform}; Python {python}, torch {torch};
commit {commit}). Encoders: bank {bank}; [results/bank](../bank/README.md) says at which commit
that folder held an earlier bank.

- Quality and gain: mean over the {targets} targets of the share of images on which the loss is
  lower than that of the target's own supervised network, and of a network trained from scratch on
  the transfer data with the same seed. Larger is better. In every rule a supervised target is
  solved by its own network; it ties with itself, so its quality is 0.5.
- Loss / loss of self: mean loss over that of the target's own network, geometric mean over
  targets. Smaller is better.
- Values are means over {seed_count} seeds; in parentheses the range over single seeds, in brackets
  95 % intervals from {resamples} resamples of the fresh buildings, the same for all rules, so that
  differences are paired. Rows of random rules are means over their n draws, with the range over
  single draws below them. {held}
"""

BUILDINGS_ALONE = """The intervals cover test
  buildings only. They do not include the seeds of read-outs, another training of the bank, or other
  random draws."""
WITH_SEEDS = """The intervals cover test
  buildings and seeds: both are drawn, a seed for each target by itself. They do not include another
  training of the bank, or other random draws."""


def header(about: Record, frame: pd.DataFrame, targets: pd.DataFrame, *, with_seeds: bool) -> str:
    """Return the title, the command, what was asked and checked, and what the numbers mean.

    ``targets`` has the number of test images of each target; ``with_seeds`` says whether the
    intervals include seeds.
    """
    settings, metrics = about.settings["run"], about.metrics
    pool, fit = settings["transfer"]["pool"], settings["transfer"]["fit"]
    versions = about.versions or {}
    what = WHAT.format(
        budget=settings["budget"],
        excluded=f", without {', '.join(settings['exclude'])}" if settings["exclude"] else "",
        max_order=settings["max_order"],
        train=metrics["images"]["train"],
        valid=metrics["images"]["valid"],
        images=_range(targets["images"]),
        buildings=metrics["buildings"],
        epochs=f"{'at most ' if fit.get('patience') else ''}{fit['epochs']} epochs",
        less=f", 1/{pool['less']} of the data" if pool["less"] > 1 else "",
        seeds=listed(settings["seeds"]),
        own_seeds=listed(metrics.get("table_seeds", [fit["seed"]])),
    )
    return HEADER.format(
        command=metrics["command"],
        what=filled(what),
        checked=filled(_checked(metrics["checked"])),
        trained=metrics["trained"],
        hours=(about.seconds or 0.0) / 3600,
        cores=versions["cores"],
        platform=versions["platform"],
        python=versions["python"],
        torch=versions["torch"],
        commit=_commits(about),
        bank=f"`{settings['bank_hash']}`" if settings.get("bank_hash") else NOT_RECORDED,
        targets=frame["targets"].iloc[0],
        resamples=settings["resamples"],
        seed_count=len(settings["seeds"]),
        held=WITH_SEEDS if with_seeds else BUILDINGS_ALONE,
    )


def listed(seeds: Sequence[int]) -> str:
    """Return seeds with commas between them."""
    return ", ".join(map(str, seeds))


def _range(counts: pd.Series[int]) -> str:
    """Return the least and the largest count: ``731 to 1000``."""
    least, most = int(counts.min()), int(counts.max())
    return str(least) if least == most else f"{least} to {most}"


def _commits(about: Record) -> str:
    """Return the commit that trained the read-outs; and the page's, where it is another."""
    trained = about.metrics.get("trained_at")
    made = commit_text(about.commit)
    return f"{commit_text(trained)}; this page was made at {made}" if trained else made


def _checked(checked: dict[str, bool]) -> str:
    known = {
        "buildings": "none of these buildings was among the table's test buildings",
        "bank": "the encoders are the very ones that the table was measured with",
        "constants": "targets are standardized as in the encoders' training",
    }
    held = [text for name, text in known.items() if checked[name]]
    unknown = [text for name, text in known.items() if not checked[name]]
    told = f"Checked: {'; '.join(held)}." if held else ""
    rest = (
        f"The sweep's files were missing, so this was not checked: {'; '.join(unknown)}."
        if unknown
        else ""
    )
    return f"{told} {rest}".strip()
