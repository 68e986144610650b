"""The head of the page: commands, measurements and versions."""

from __future__ import annotations

from typing import Any

from benchmarks.results.markdown import commit_text
from benchmarks.transfers.compared_page import seeds_sentence
from benchmarks.transfers.facts import BEFORE, CHOICES, CLOSED, RIDGE, SCORES
from benchmarks.transfers.tables import TransferTables

HEADER = """# {edges} transfers to {targets} targets

```sh
{command}
```

{provenance}

Of gains, qualities, affinities, win rates and rank correlations larger is better; of losses,
regrets, consistency ratios, p and times smaller is better. *Gain* is the win rate against a network
trained from scratch on the same transfer data, *quality* that against the target's own fully
supervised network, both over test images and then averaged over all {targets} targets; 0.5 is a
tie. A target that is supervised itself counts with its own network."""


def header(tables: TransferTables) -> str:
    """Return the title, the commands, what was measured, and what the numbers mean."""
    facts = tables.facts
    settings = facts["settings"]
    command = "taskgraph bench transfers --sweep SWEEP --bank BANK"
    if "closed_form" in facts:
        command += " --closed CLOSED"
    if BEFORE in facts:
        command += " --before BEFORE"
    again = "taskgraph bench transfers --choices-only"
    for name, usual in (("draws", 1_000), ("resamples", 1_000), ("permutations", 999), ("seed", 0)):
        if settings[name] != usual:
            command += f" --{name} {settings[name]}"
            again += f" --{name} {settings[name]}" if name != "permutations" else ""
    lines = [_measured(facts), _swept(facts), _trained(facts), _ran(facts)]
    return HEADER.format(
        edges=f"{sum(facts['transfers'].values()):,}",
        targets=facts["targets"],
        command=f"{command}\n{again}" if CHOICES in facts else command,
        provenance="\n".join(f"- {line}" for line in lines if line),
    )


def _measured(facts: dict[str, Any]) -> str:
    counts = sorted(facts["transfers"].items(), key=lambda item: int(item[0]))
    orders = ", ".join(f"{count:,} of order {order}" for order, count in counts)
    text = f"Transfers from {facts['sources']} sources to {facts['targets']} targets: {orders}"
    if "test_images" in facts:
        least, most = facts["test_images"][0], facts["test_images"][-1]
        text += f"; tested on {least if least == most else f'{least} to {most}'} images a target"
    if facts.get("test_buildings"):
        text += f" of {facts['test_buildings']} buildings"
    return text + "."


def _swept(facts: dict[str, Any]) -> str:
    if "sweep" not in facts:
        return ""
    sweep = facts["sweep"]
    pool, fit = sweep["pool"], sweep["fit"]
    rate = f"learning rate {fit['learning_rate']:g}, " if "learning_rate" in fit else ""
    return (
        f"Read-outs: {sweep['readout']}, on {pool['train']} images at most (to select on: "
        f"{pool['valid']}, of other buildings), {training_length(fit)}, batch {fit['batch']}, "
        f"{rate}seed {fit['seed']}. Sets of several sources: "
        f"rule `{sweep['candidates']}`, which sees the validation losses of single sources and no "
        "test loss"
        + (f", and {sweep['screen']} of each order by the ridge screen" if sweep["screen"] else "")
        + "."
    )


def training_length(fit: dict[str, Any]) -> str:
    """Return for how long read-outs were trained, and when they stopped."""
    if not fit.get("patience"):
        return f"{fit['epochs']} epochs"
    return (
        f"at most {fit['epochs']} epochs, until the validation loss had not fallen by "
        f"{100 * fit.get('min_delta', 0.001):g} % for {fit['patience']} epochs after "
        f"{fit.get('cuts', 2)} cuts of the learning rate"
    )


def _trained(facts: dict[str, Any]) -> str:
    bank = facts.get("bank")
    if not bank:
        return ""
    name = f"bank `{bank['hash']}`" if "hash" in bank else "a bank whose hash was not recorded"
    if "trained" not in bank:
        return f"Encoders: {name}."
    images, ends = bank["images"] or {}, sorted({*bank["epochs"][:1], *bank["epochs"][-1:]})
    return (
        f"Encoders: {name}, preset `{bank['preset']}`, {bank['trained']} trained in "
        f"{bank['hours']:.1f} hours of one process, on "
        f"{images.get('train', 'an unknown number of')} images, "
        f"{' to '.join(map(str, ends))} epochs (commit {commit_text(bank['commit'])})."
        f"{_stopped(bank)}"
    )


def _stopped(bank: dict[str, Any]) -> str:
    """Return how the encoders' training ended, or "" where that is not recorded."""
    if "best_last" not in bank:
        return ""
    if bank["patience"]:
        return f" {bank['patience']} of {bank['trained']} stopped by patience."
    return (
        f" Each was trained for a fixed number of epochs: {bank['best_last']} of {bank['trained']} "
        "had their best epoch last, so training ended while the validation loss still fell. The "
        "table has not been measured again on a bank that trains until it stops: every number "
        "below is of this bank, and of no bank with another hash."
    )


LATER = {SCORES: "scores", RIDGE: "the ridge screen", CLOSED: "the closed form"}
"""Parts that may be measured in a later call, and their names."""


def _later(facts: dict[str, Any]) -> str:
    """Return the commits of parts that were measured at another commit; "" without any."""
    by_commit: dict[str, list[str]] = {}
    for part, name in LATER.items():
        commit = facts["commits"].get(part, facts["commit"])
        if commit != facts["commit"]:
            by_commit.setdefault(commit_text(commit), []).append(name)
    said = "; ".join(f"{', '.join(names)}: {commit}" for commit, names in by_commit.items())
    return f" ({said})" if said else ""


def _ran(facts: dict[str, Any]) -> str:
    versions = facts["versions"]
    listed = ", ".join(f"{name} {versions[name]}" for name in ("numpy", "scipy", "highspy"))
    commit = f"commit {commit_text(facts['commit'])}{_later(facts)}, "
    chosen = facts.get(CHOICES)
    again = (
        " Taxonomies and what they are compared with are of the second command: commit "
        f"{commit_text(chosen['commit'])}, highspy {chosen['versions']['highspy']}."
        if chosen
        else ""
    )
    return (
        f"This page: {commit}Python {versions['python']}, {listed}, {versions['cores']} cores "
        f"({versions['platform']}), seed {facts['settings']['seed']}.{again} "
        + seeds_sentence(facts, "buildings")
    )
