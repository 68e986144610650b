"""The section of the page on pruning: what it saves, and whether it changes sets or affinities."""

from __future__ import annotations

import pandas as pd

import taskgraph as tg
from benchmarks.pilot.last_run import PilotRun
from benchmarks.pilot.measures import TRANSFERS, transfers_of
from benchmarks.pilot.networks import LONG, UNTRAINED
from benchmarks.pilot.pruned import pruned_steps
from benchmarks.results import markdown
from taskgraph.transfers import Transfers

BEST = 10
"""Number of a target's best transfers whose affinities are compared."""
BUDGETS = range(1, 9)
TEXT = """## Pruning

With `--pruning halving`, the read-outs of a target are compared at rungs, here after {rungs}
epochs. A read-out stops there if its validation loss is neither in the better half nor among the
{best} best. Single sources and sets are compared separately. No test loss is used. Of the {count}
read-outs this stops {singles} single sources and {sets} sets early, and it takes {share:.0%} of
their {steps:,} training steps.

The table compares the affinities after the long trainings with those after pruning, where each
pruned read-out has the losses of its best weights up to its stop. *Within*: of the target's {best}
best transfers after the long trainings, how many have an affinity after pruning that lies in the
95 % interval of the one before. That interval covers the test buildings, and no seeds. *Largest
move*: by how much the affinity of one of these transfers changes at most. An affinity is a share of
its whole tournament, so it moves even if only its rivals were stopped early.

{table}

{verdict}"""


def pruning_section(run: PilotRun) -> str:
    """Return the section; empty without a pruned read-out."""
    if run.pruned.empty:
        return ""
    full, pruned = tables_of(run)
    rungs = sorted({where["rung"] for where in run.pruned["pruned"]})
    steps, fewer = pruned_steps(run, run.pruned)
    rows = [[f"`{name}`", *_cells(run, full, pruned, name)] for name in run.targets]
    heads = ["target", "read-outs:", "pruned:", "within:", "largest move:"]
    return TEXT.format(
        rungs=", ".join(map(str, rungs)),
        best=BEST,
        **{f"{kind}s": (run.pruned["kind"] == kind).sum() for kind in TRANSFERS},
        count=len(transfers_of(run.networks)),
        share=fewer / steps,
        steps=steps,
        table=markdown.table(heads, rows),
        verdict=_verdict(full, pruned),
    )


def tables_of(run: PilotRun) -> tuple[Transfers, Transfers]:
    """Return the table of the long trainings, and that in which pruned ones were stopped early."""
    full = run.losses[run.losses["training"].isin([LONG, UNTRAINED])]
    stopped = pd.MultiIndex.from_frame(run.pruned[["target", "sources"]])
    kept = ~pd.MultiIndex.from_frame(full[["target", "sources"]]).isin(stopped)
    return _table(full), _table(pd.concat([full[kept], run.pruned_losses], ignore_index=True))


def _table(losses: pd.DataFrame) -> Transfers:
    """Return affinities with intervals over the test buildings."""
    frame = losses[["target", "sources", "image", "loss"]].astype({"loss": float})
    frame = frame.assign(cluster=frame["image"].str.split("/").str[0])
    return tg.affinities(tg.Losses.from_frame(frame), bootstrap=1).transfers


def _cells(run: PilotRun, full: Transfers, pruned: Transfers, target: str) -> list[str]:
    """Return the cells of one target's row."""
    long = transfers_of(run.networks)
    own, other = (_affinities(one, target) for one in (full, pruned))
    best = own.nlargest(BEST, "affinity")
    now = other.loc[best.index, "affinity"]
    inside = int(((now >= best["low"]) & (now <= best["high"])).sum())
    moves = (now / best["affinity"] - 1).abs()
    counts = (long["target"] == target).sum(), (run.pruned["target"] == target).sum()
    return [*map(str, counts), f"{inside} of {len(best)}", f"{100 * moves.max():.1f} %"]


def _affinities(table: Transfers, target: str) -> pd.DataFrame:
    """Return a target's transfers by their sources, without references."""
    frame = table.frame
    own = frame[(frame["target"] == target) & (frame["sources"] != "self")]
    return own.dropna(subset=["affinity"]).set_index("sources")


def _verdict(full: Transfers, pruned: Transfers) -> str:
    """Return at which budgets both tables have the same optimum, and what the others lose."""
    same, changed = 0, []
    for budget in BUDGETS:
        one, other = (tg.solve(table, budget=budget) for table in (full, pruned))
        if one.objective is None or other.objective is None:
            continue
        if one.supervised == other.supervised:
            same += 1
            continue
        kept = tg.solve(full, budget=budget, require=other.supervised)
        changed.append(
            f" At budget {budget} pruning leads to {', '.join(other.supervised)} in place of "
            f"{', '.join(one.supervised)}; in the table of the long trainings its objective is "
            f"{(kept.objective or 0.0) / one.objective:.2%} of the optimum's."
        )
    return (
        f"Both tables have the same optimum at {same} of {same + len(changed)} budgets from "
        f"{BUDGETS[0]} to {BUDGETS[-1]}.{''.join(changed)}"
    )
