"""Every number in README's prose follows from a file of results, by the formulas below."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp

import taskgraph as tg
from benchmarks.arrivals.page import frames_of, last_records
from benchmarks.results.frame import read
from benchmarks.transfers.facts import read_facts
from benchmarks.transfers.headline import WORDS
from taskgraph.tasks import join_sources
from tests.docs_scripts import docs_script

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "results"
README = (ROOT / "README.md").read_text()
PROSE = " ".join(README.split())


def percent(value, digits=0):
    return f"{100 * value:.{digits}f}"


def csv(name):
    return pd.read_csv(RESULTS / name)


def row(name, budget=5):
    return csv(name).set_index("budget").loc[budget]


def shipped():
    table = tg.default_transfers()
    return table, tg.solve(table, budget=5)


def proven():
    table, solved = shipped()
    assert solved.status == "optimal"
    assert solved.gap == 0
    count = len(solved.supervised)
    return (
        f"Of {len(table.sources)} sources on rendered rooms, {len(table.sources) - 1} vision tasks "
        f"and an untrained encoder, these {WORDS[count]} are proven to be the optimum *of this "
        "table*."
    )


def learned():
    _, solved = shipped()
    edges = [one for one in solved.transfers if one.sources != ("self",)]
    orders = sorted({len(one.sources) for one in edges})
    facts = read_facts(RESULTS / "transfers")
    return (
        f"The other {len(edges)} targets are learned from at most "
        f"{facts['sweep']['pool']['train']:,} labels each, on top of {WORDS[orders[0]]} to "
        f"{WORDS[orders[-1]]} of the five's representations; at most "
        f"{facts['sweep']['pool']['valid']:,} more labels decide when training stops."
    )


def changed_settings():
    """Return the sentence on changed settings, for a robust core of one task."""
    row = csv("transfers/sensitivity.csv").set_index("budget").loc[5]
    return (
        f"also solved under {row['settings']} changed settings, one at a time (the method, the "
        "objective, the treatment of extreme win rates, or a source that is left out). Under "
        f"{row['other']} of them another set is optimal, of whose objective this set misses at "
        f"most {100 * row['regret']:.1f} %. Only `{row['core']}` is supervised under all that do "
        "not leave it out"
    )


def weak_targets():
    versus = csv("transfers/versus_average.csv")
    weak = int((versus["wins"] <= 0.5).sum())
    doubtful = int(((versus["wins"] > 0.5) & (versus["low"] <= 0.5)).sum())
    assert weak == 0
    return f"says at which {doubtful} targets it is not certain that scratch beats the constant"


def transfers_behind():
    return f"has the {int(tg.default_transfers().is_edge.sum()):,} transfers behind it"


def transferred_gap():
    """By random set the solved one's extra gain, where both use a transfer."""
    targets = csv("payoff/targets.csv").query("sources != 'self'")
    solved = targets[targets["rule"] == "solved"][["target", "gain"]]
    pairs = targets[targets["rule"] == "random set"].merge(solved, on="target")
    return 100 * (pairs["gain_y"] - pairs["gain_x"]).groupby(pairs["draw"]).mean()


def paid():
    summary = csv("payoff/summary.csv").query("measure == 'gain' and against.isna()")
    draws, gaps = int(summary.set_index("rule").loc["random set", "draws"]), transferred_gap()
    whole = read(RESULTS / "payoff").dropna(subset="buildings").iloc[-1]
    return (
        f"trains the read-outs again with {len(whole['run.seeds'])} other seeds, and tests them in "
        f"{int(whole['buildings'])} new buildings: the last column, with {draws} random sets, and "
        "with 95 % intervals over these buildings and seeds. Over the targets that both solve by "
        f"transfer, the optimum's gain is {gaps.mean():.1f} points above that of the random sets' "
        f"best transfers ({gaps.min():.1f} to {gaps.max():.1f} in the single draws; without an "
        "interval)."
    )


def test_win_rates_in_new_buildings_are_the_payoffs():
    """Gain and quality are also in another table of results/payoff."""
    rates = csv("payoff/wins.csv").set_index("against")
    means = csv("payoff/summary.csv").query("rule == 'solved' and against.isna()")
    means = means.set_index("measure")["value"]
    assert rates.loc["scratch", "wins"] == pytest.approx(means["gain"], abs=0.002)
    assert rates.loc["self", "wins"] == pytest.approx(means["quality"], abs=0.002)
    rows = README.split("| the optimum's networks beat")[1].split("\n\n")[0].splitlines()
    for words, name in (
        ("with random transfers (mean", "random"),
        ("the same sets, with their best", "random set"),
        ("the best single source", "best single"),
        ("| the best constant answers |", "the constant (average)"),
        ("read-outs of an untrained", "an untrained encoder (random)"),
        ("networks from scratch", "scratch"),
        ("the targets' own networks", "self"),
    ):
        (line,) = [each for each in rows if words in each]
        wins, low, high = (100 * rates.loc[name, each] for each in ("wins", "low", "high"))
        assert line.endswith(f"| {wins:.0f} % [{low:.1f}, {high:.1f}] |")


def free_labels():
    solved = tg.solve(tg.default_transfers(), budget=5, label_cost={"denoise": 0, "autoencoder": 0})
    return (
        "with `--label-cost denoise=0 --label-cost autoencoder=0` the same budget supervises "
        f"{WORDS[len(solved.supervised)]}."
    )


def digits():
    count = len(pd.read_csv(RESULTS / "digits" / "transfers.csv")["target"].unique())
    return (
        f"[results/digits](results/digits/README.md) has {WORDS[count]} small tasks, measured by "
        "one script."
    )


def published():
    """The counts are those that tests/taskgraph/test_published.py finds."""
    source = (ROOT / "tests" / "taskgraph" / "test_published.py").read_text()
    cells = re.search(r"compared == (\d+)", source).group(1)
    points = re.search(r"(\d+ of the \d+) published points", source).group(1)
    return (
        f"every cell of the paper's Fig. 9 that we hold ({cells} of {cells}, to the printed "
        f'decimal), and {points} "optimal network choice" points of Standley et al. (ICML 2020).'
    )


def whole_calls():
    frame = read(RESULTS / "solver")
    frame = frame[frame["part"] == "whole call"]
    ours = 1000 * frame["taskgraph_cpu_s"]
    ratio = frame["cpu_ratio"]
    versions = read(RESULTS / "solver").query("part == 'versions' and method == 'taskgraph'")
    first = 1000 * versions.loc[versions["call"] == "solve, budget 5", "median_s"].max()
    return (
        f"A whole call of `tg.solve` on a published table takes {first:.0f} ms of processor time, "
        f"and {ours.min():.0f} to {ours.max():.0f} ms when the same table was solved before, "
        "because its lists of edges are kept. The paper's formulation with PuLP and CBC takes "
        f"{ratio.min():.0f} to {ratio.max():.0f} times as long as such a repeated call."
    )


def bank():
    table = csv("bank/table1.csv")
    tasks = table[table["task"] != "mean"]
    manifest = json.loads((RESULTS / "bank" / "manifest.json").read_text())
    trained = [task for task in manifest["tasks"] if task.get("images")]
    size = sum(path.stat().st_size for path in (RESULTS / "bank").glob("*.safetensors"))
    test = int(table["buildings"].max())
    return (
        f"{len(trained) + 1} encoders, {size / 1e6:.0f} MB: one for each of {len(trained)} tasks, "
        f"trained on {trained[0]['images']['train']:,} rendered views of 140 buildings, and one "
        f"as it is before training. On views of {test} other buildings, their networks have a "
        "lower loss than the best constant answer on "
        f"{tasks['average'].mean():.1f} % of the images (mean over {tasks['average'].count()} "
        "tasks), and than a read-out of the untrained encoder, trained on 1,000 images instead of "
        f"{trained[0]['images']['train']:,}, on {tasks['readout'].mean():.1f} % (mean over "
        f"{tasks['readout'].count()} tasks)."
    )


def paper_bank():
    page = (RESULTS / "bank" / "README.md").read_text()
    first, second = re.search(r"\(the paper's: ([\d.]+) % and ([\d.]+) %\)", page).groups()
    return f"The paper has {first} and {second} %, on real data."


def arrivals():
    frame = frames_of(last_records(RESULTS / "arrivals"))["ours"]
    groups = frame.groupby("arrived")
    ratio, last = groups["ratio"].mean(), int(frame["arrived"].max())

    def ends(name):
        values = frame[frame["arrived"] == last][name]
        low, high = ttest_1samp(values, 0).confidence_interval()
        return f"{low:.3f} to {high:.3f}"

    return (
        f"Over {len(frame['order'].unique())} random orders in which our {last} sources arrive, "
        "with one more label for every 4 arrivals, such a taxonomy ends at "
        f"{ratio[last]:.3f} of the optimum of the same budget (95 % interval over orders "
        f"{ends('ratio')}; random labels: {groups['random'].mean()[last]:.3f}, {ends('random')}). "
        f"Its mean is lowest after {ratio.idxmin()} arrivals, at {ratio.min():.3f}"
    )


def needed():
    """The least budgets with these mean qualities, by solving at each budget."""
    table = tg.default_transfers()
    names = {edge.target for edge in tg.solve(table, budget=26).transfers}
    reached = {b: tg.solve(table, budget=b).to_frame()["quality"].mean() for b in range(1, 27)}
    least = {
        level: min(b for b, value in reached.items() if value >= level)
        for level in (0.35, 0.4, 0.45, 0.5)
    }
    return (
        f"A mean quality of 0.35 takes {least[0.35]} supervised tasks, 0.4 takes {least[0.4]}, "
        f"0.45 takes {least[0.45]}, 0.5 takes {least[0.5]}; supervising all {len(names)} targets "
        "has 0.5"
    )


SENTENCES = [
    needed,
    arrivals,
    proven,
    learned,
    changed_settings,
    weak_targets,
    transfers_behind,
    paid,
    free_labels,
    digits,
    published,
    whole_calls,
    bank,
    paper_bank,
]


@pytest.mark.parametrize("sentence", SENTENCES, ids=lambda one: one.__name__)
def test_readme_says_what_the_results_have(sentence):
    expected = sentence()
    assert expected in PROSE, f"README.md must say:\n{expected}"


FIXED = (
    "Python 3.11",
    "16k-image",
    "2D edges",
    "CVPR 2018",
    "within 1e-9",
    "0.1 + 0.2",
    "budget of 0.3",
    "Fig. 9",
    "Table 1",
    "11 TB",
    "the 25 tasks of Taskonomy that have labels",
    "all 26 sources",
    "about 13 hours",
    "under 20 lines",
    "`1` and `1.0`",
    "0 solved, 2 bad usage or input, 3 infeasible, 130 ended by Ctrl-C",
    "any of the 25 tasks",
    "seed 0, hence the world of seed 1",
)
"""Numbers that no file of results has: settings, names, years."""


def prose(text):
    """README without code blocks, tables, pictures, links' addresses and code in the text."""
    text = re.sub(r"```.*?```", " ", text, flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith(("|", "#", "!["))]
    lines = [re.sub(r"^\d+\. ", "", line) for line in lines]
    return re.sub(r"\]\([^)]*\)", "]", " ".join(" ".join(lines).split()))


def test_the_part_on_the_shipped_table_is_written_from_the_results():
    assert docs_script("readme").page(README) == README, "run `python docs/readme.py`"


def test_no_number_of_readme_is_without_a_source():
    """Outside of the part that is written from the results."""
    writer = docs_script("readme")
    before, rest = README.split(writer.FIRST)
    text = prose(before + rest.split(writer.LAST)[1])
    for known in [*(prose(sentence()) for sentence in SENTENCES), *FIXED]:
        text = text.replace(known, " ")
    text = re.sub(r"`[^`]*`", " ", text)
    left = [text[max(0, m.start() - 40) : m.end() + 20] for m in re.finditer(r"\d[\d,.]*", text)]
    assert not left, "numbers of README.md that no test reads from a file:\n" + "\n".join(left)


def test_wins_over_the_constant_are_those_of_the_shipped_losses():
    """Counted in plain pandas: a network's loss beside `average`'s, by image and seed."""
    _, solved = shipped()
    losses = pd.read_parquet(RESULTS / "transfers" / "losses.parquet")
    versus = csv("transfers/versus_average.csv").set_index("target")
    rates = []
    for one in solved.transfers:
        of = losses[losses["target"] == one.target]
        constant = of[of["sources"] == "average"].set_index("image")["loss"]
        assert constant.index.is_unique

        def wins(name, of=of, constant=constant):
            own = of[of["sources"] == name]
            lead = constant.loc[own["image"]].to_numpy() - own["loss"].to_numpy()
            return ((np.sign(lead) + 1) / 2).mean()

        rates.append(wins(join_sources(one.sources)))
        assert versus.loc[one.target, "wins"] == pytest.approx(wins("scratch"))
    expected = row("transfers/trust.csv")["against_average"]
    assert np.mean(rates) == pytest.approx(expected)


PAGES = sorted(RESULTS.glob("*/README.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.parent.name)
def test_each_page_names_commit_seed_and_command(page):
    text = page.read_text().lower()
    assert re.search(r"commit:? `?[0-9a-f]{7}|commit:? not recorded|commits?\s+`", text), page
    assert re.search(r"seed|drawn at random|deterministic", text), page
    assert re.search(r"python3? -m benchmarks|taskgraph |python examples", text), page
