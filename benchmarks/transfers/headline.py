"""README's first screen, rendered from the tables of results by `python docs/readme.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.results.markdown import NOTHING, table
from benchmarks.transfers import compared_page, trust
from benchmarks.transfers.compared import (
    ABOVE_CONSTANT,
    CONSTANT,
    FROM_SCRATCH,
    GREEDY,
    RANDOM_BEST,
    RANDOM_SETS,
    SINGLE,
    SUPERVISED,
    TRANSFERRED,
    UNTRAINED,
)
from benchmarks.transfers.constants import weak_and_doubtful
from benchmarks.transfers.ended import NETWORKS, ends_of
from benchmarks.transfers.tables import TransferTables
from taskgraph.tasks import SELF, split_sources
from taskgraph.taxonomy import Taxonomy
from taskgraph.transfers import Transfers

WORDS = (
    *("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve"),
)
"""Numbers in words."""

TOLD_QUALITIES = (0.35, 0.5)
"""Least and largest mean quality whose labels README tells."""


def columns_headline(tables: TransferTables, transfers: Transfers) -> str:
    """Return what the columns of the printed taxonomy are."""
    closed = (
        "*Closed* is the share of the loss between these two networks that the transfer closes, "
        "from 0 to 1. "
        if "closed" in transfers.frame
        else ""
    )
    return (
        "*Gain* is the share of test images on which the network for a target has a lower loss "
        "than a network trained from scratch on the same transfer data. *Quality* is the share on "
        "which it has a lower loss than the target's own fully supervised network, `self`. For "
        f"both, larger is better and 0.5 is level. {closed}*Affinity* is the weight of a transfer "
        "among all candidates for its target ([what it means](docs/affinity.md)); `low` and `high` "
        f"are its 95 % interval over test {tables.drawn(seeds=tables.has_several_seeds())}. "
        "[docs/data.md](docs/data.md) says what each task predicts."
    )


def proven_headline(transfers: Transfers, taxonomy: Taxonomy) -> str:
    """Return what is proven of which table."""
    sources = len(transfers.sources)
    return (
        f"Of {sources} sources on rendered rooms, {sources - 1} vision tasks and an untrained "
        f"encoder, these {_word(len(taxonomy.supervised))} are proven to be the optimum *of this "
        "table*. How certain this set is, the proof does not say."
    )


def learned_headline(tables: TransferTables, taxonomy: Taxonomy) -> str:
    """Return how the targets are learned that are not supervised."""
    edges = [each for each in taxonomy.transfers if each.sources != (SELF,)]
    orders = sorted({len(each.sources) for each in edges})
    chosen, images = _word(len(taxonomy.supervised)), tables.facts["bank"]["images"]
    pool = tables.facts["sweep"]["pool"]
    return (
        f"The other {len(edges)} targets are learned from at most {pool['train']:,} labels each, "
        f"on top of {_word(orders[0])} to {_word(orders[-1])} of the {chosen}'s representations; "
        f"at most {pool['valid']:,} more labels decide when training stops. The {chosen} have "
        f"their own networks, which were trained on {images['train']:,} images, with "
        f"{images['val']:,} more to decide when training stops."
    )


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
    drawn = f"{row['resamples']:.0f} resamples of its test {tables.drawn(seeds=seeds)}"
    if row["same"] == 1:
        return f"All {drawn} choose the same {len(inside)}."
    return (
        f"Of {drawn}, {_percent(row['same'])} choose the same {len(inside)}; "
        f"`{inside.idxmin()}` is chosen in {_percent(inside.min())} and `{outside.idxmax()}`, the "
        f"next, in {_percent(outside.max())}."
    )


def settings_headline(tables: TransferTables, budget: float) -> str:
    """Return how many changed settings have another optimum, and what the set loses then."""
    frame = tables["sensitivity"]
    row: Any = frame[frame["budget"] == budget].iloc[0]
    core = split_sources(row["core"]) if isinstance(row["core"], str) else ()
    tasks = ", ".join(f"`{task}`" for task in core)
    always = f"Only {tasks} {'is' if len(core) == 1 else 'are'}" if core else "No task is"
    return (
        f"The program was also solved under {row['settings']:.0f} changed settings, one at a time "
        "(the method, the objective, the treatment of extreme win rates, or a source that is left "
        f"out). Under {row['other']:.0f} of them another set is optimal, of whose objective this "
        f"set misses at most {100 * row['regret']:.1f} %. {always} supervised under all that do "
        "not leave it out, and in at least 95 % of the resamples"
    )


def seeds_headline(tables: TransferTables) -> str:
    """Return which networks have how many seeds, and so what the intervals lack."""
    if not tables.has_several_seeds():
        return (
            "Each transfer was trained once, so neither that share nor any interval below includes "
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
        return f"{text}. The encoders are those of the task bank below (`{own}`)"
    return f"{text}. The encoders are those of an earlier task bank (`{own}`) than the one below"


def wins_headline(tables: TransferTables, budget: float) -> str:
    """Return the sentence above `wins_table`."""
    rates = _rates_of(tables, budget)
    with_seeds = compared_page.holds_seeds(tables["win_rates"])
    return (
        f"Each row below compares the optimum's networks for {rates[FROM_SCRATCH]['targets']} "
        "targets with those of another choice. It gives the share of test images on which the "
        "optimum's network has the lower loss, averaged over the targets; a tie counts as half an "
        f"image. In brackets: 95 % intervals over test {tables.drawn(seeds=with_seeds)}."
    )


def wins_table(
    tables: TransferTables, budget: float, fresh: Mapping[str, str] | None = None
) -> str:
    """Return the win rates of the proven set of a budget over other choices, a row a rival.

    Parameters
    ----------
    fresh : mapping of str, optional
        By the rival's name in ``win_rates.csv``: the win rate in new buildings, for a column more.
    """
    rates = _rates_of(tables, budget)
    more = fresh or {}
    rows = [
        [words, f"{row['targets']:g}", rate_cell(row), *([more.get(name, NOTHING)] if more else [])]
        for name, words in _rivals(rates, budget)
        if (row := rates.get(name))
    ]
    heads = ["the optimum's networks beat", "targets:", "on this share of images:"]
    return table([*heads, *(["in new buildings:"] if more else [])], rows)


def _rivals(rates: dict[Any, Any], budget: float) -> Iterator[tuple[str, str]]:
    """Yield each rival's name in ``win_rates.csv``, and the words for it."""
    if RANDOM_SETS in rates:
        sets = f"{rates[RANDOM_SETS]['draws']:,} random sets of {budget:g} tasks"
        yield RANDOM_SETS, f"{sets}, with random transfers (mean over the sets)"
        yield RANDOM_BEST, "the same sets, with their best transfers"
    yield GREEDY, f"{budget:g} tasks that are added one by one (greedy)"
    if SINGLE in rates:
        single = rates[SINGLE]
        yield (
            SINGLE,
            f"the best single source of each target, {single['spent']:g} tasks in all (compared "
            f"with the proven optimum of budget {single['ours_spent']:g})",
        )
    yield CONSTANT, "the best constant answers"
    yield UNTRAINED, "read-outs of an untrained encoder"
    yield ABOVE_CONSTANT, "networks from scratch, where these beat the best constant answers"
    yield TRANSFERRED, "the same, at targets that are solved by transfer, with no more labels"
    yield SUPERVISED, "the targets' own networks (this share is the mean quality)"


def labels_headline(tables: TransferTables) -> str:
    """Return how many labeled tasks a mean quality needs."""
    frame = tables["labels"].dropna(subset="budget")
    told = frame[frame["quality"].between(TOLD_QUALITIES[0] - 1e-9, TOLD_QUALITIES[1] + 1e-9)]
    first, *rest = [(f"{row.quality:g}", f"{row.budget:g}") for row in told.itertuples()]
    more = "".join(f", {quality} takes {budget}" for quality, budget in rest)
    return (
        f"A mean quality of {first[0]} takes {first[1]} supervised tasks{more}; supervising "
        f"all {tables.facts['compared']['full']['labels']} targets has 0.5 "
        "([figure](results/transfers/labels.svg))."
    )


def weak_headline(tables: TransferTables) -> str:
    """Return at how many targets a gain says little, because scratch is a weak rival there."""
    weak, doubtful = weak_and_doubtful(tables["versus_average"])
    if not weak and not doubtful:
        return "that scratch beats the constant at every target"
    count = f"{weak or doubtful} target{'' if (weak or doubtful) == 1 else 's'}"
    if not weak:
        return f"at which {count} it is not certain that scratch beats the constant"
    more = f", and at which {doubtful} more that is not certain" if doubtful else ""
    return f"at which {count} scratch does not beat the constant{more}"


def _rates_of(tables: TransferTables, budget: float) -> dict[Any, Any]:
    frame = tables["win_rates"]
    rates: dict[Any, Any] = frame[frame["budget"] == budget].set_index("against").to_dict("index")
    return rates


def _word(count: int) -> str:
    return WORDS[count] if count < len(WORDS) else f"{count:,}"


def win_finding(tables: TransferTables, budget: float) -> str:
    """Return the words on the win rates of a budget for the list of suites."""
    rates = _rates_of(tables, budget)
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


def rate_cell(row: Mapping[str, Any]) -> str:
    """Return a win rate with its interval in per cent; one over itself has no interval."""
    if row["wins"] == row["low"] == row["high"] == 0.5:
        return "50 % (the same transfers)"
    return f"{_percent(row['wins'])} [{100 * row['low']:.1f}, {100 * row['high']:.1f}]"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
