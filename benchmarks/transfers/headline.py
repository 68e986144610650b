"""Sentences of README's first screen, rendered from the tables of results; a test compares them."""

from __future__ import annotations

from typing import Any

from benchmarks.transfers import compared_page, trust
from benchmarks.transfers.compared import (
    ABOVE_CONSTANT,
    CONSTANT,
    FROM_SCRATCH,
    GREEDY,
    RANDOM_BEST,
    RANDOM_SETS,
    SINGLE,
    UNTRAINED,
)
from benchmarks.transfers.ended import NETWORKS, ends_of
from benchmarks.transfers.tables import TransferTables


def stability_headline(tables: TransferTables, budget: float) -> str:
    """Return how many resamples choose the same set, its least stable member, and the next task."""
    rows: dict[Any, Any] = (
        tables["trust"].drop_duplicates("budget").set_index("budget").to_dict("index")
    )
    row, seeds = rows[budget], trust.holds_seeds(trust.kinds_of(tables["trust"]))
    tasks = tables["stability"].query("budget == @budget").drop_duplicates("task")
    shares = tasks.set_index("task")
    inside = shares[shares["supervised"]]["share"]
    outside = shares[~shares["supervised"]]["share"]
    return (
        f"Of {row['resamples']:.0f} resamples of its test {tables.drawn(seeds=seeds)}, "
        f"{_percent(row['same'])} choose the same {len(inside)}; `{inside.idxmin()}` is "
        f"chosen in {_percent(inside.min())} and `{outside.idxmax()}`, the next, in "
        f"{_percent(outside.max())}."
    )


def seeds_headline(tables: TransferTables) -> str:
    """Return which networks have how many seeds, and so what the intervals lack."""
    if not tables.has_several_seeds():
        return (
            "Each transfer was trained once, so neither that share nor any interval below holds "
            "what another seed of training would change."
        )
    return compared_page.seeds_sentence(tables.facts, tables.unit)


def training_headline(tables: TransferTables, bank: str) -> str:
    """Return how long read-outs and scratch networks were trained, and on which task bank.

    Parameters
    ----------
    bank : str
        Hash of the library's bank, which README describes further below.
    """
    fit, own = tables.facts["sweep"]["fit"], tables.facts["bank"]["hash"]
    ends: dict[Any, Any] = ends_of(tables["records"]).set_index("kind").to_dict("index")
    if fit.get("patience"):
        shares = " and ".join(
            f"{_percent(ends[kind]['share'])} of {ends[kind]['n']:,} {name}"
            for kind, name in NETWORKS.items()
        )
        text = (
            "Read-outs and scratch networks were trained until their validation loss no longer "
            f"fell ({shares} stopped by patience)"
        )
    else:
        text = f"Read-outs and scratch networks were trained for {fit['epochs']} epochs"
    if own == bank:
        return f"{text}, on the task bank below (`{own}`)"
    return f"{text}, on encoders of an earlier task bank (`{own}`) than the one below"


def win_headline(tables: TransferTables, budget: float) -> str:
    """Return how often the proven set of a budget wins over other choices.

    The win rate over scratch leaves out the targets at which scratch does not beat the constant.
    """
    frame = tables["win_rates"]
    rates: dict[Any, Any] = frame[frame["budget"] == budget].set_index("against").to_dict("index")
    own, single = rates[ABOVE_CONSTANT], rates[SINGLE]
    total = rates[FROM_SCRATCH]["targets"]
    drawn = tables.drawn(seeds=compared_page.holds_seeds(frame))
    return (
        f"These {total} networks have a lower loss than the best constant answer on "
        f"{_rate(rates[CONSTANT])} of the test images (mean over all targets; in brackets 95 % "
        f"intervals over {drawn}), than read-outs of an untrained "
        f"encoder on {_rate(rates[UNTRAINED])}, and than networks from scratch on {_rate(own)} at "
        f"the {own['targets']} targets where scratch beats the constant. Against "
        f"{rates[RANDOM_BEST]['draws']:,} random sets of {budget:g} tasks they win on "
        f"{_rate(rates[RANDOM_BEST])} with those sets' best transfers, and on "
        f"{_rate(rates[RANDOM_SETS])} with random ones; greedy chooses "
        f"{_greedy(rates[GREEDY]['wins'])}. The best single sources of all targets are "
        f"{single['spent']:g} tasks; the proven best {single['ours_spent']:g} win over them on "
        f"{_rate(single)}."
    )


def win_finding(tables: TransferTables, budget: float) -> str:
    """Return the words on the win rates of a budget for the list of suites."""
    frame = tables["win_rates"]
    rates: dict[Any, Any] = frame[frame["budget"] == budget].set_index("against").to_dict("index")
    known = {
        ABOVE_CONSTANT: "scratch, at the {targets} targets where scratch beats the constant",
        RANDOM_BEST: "random sets with their best transfers",
        RANDOM_SETS: "random sets with random ones",
    }
    said = [
        f"on {rates[name]['wins']:.3f} of the images over {words.format(**rates[name])}"
        for name, words in known.items()
        if name in rates
    ]
    return f"the optimum wins {', '.join(said)}"


def _greedy(wins: float) -> str:
    if abs(wins - 0.5) < 1e-12:
        return "the same transfers"
    return f"others, over which they win on {_percent(wins)}"


def _rate(row: dict[str, Any]) -> str:
    return f"{_percent(row['wins'])} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
