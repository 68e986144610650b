"""Robust sets against exhaustive search over sets and resamples, and the laws they obey."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.cli import run
from taskgraph.errors import InvalidProblemError
from taskgraph.program import compile_program
from taskgraph.sensitivity.programs import programs_with
from taskgraph.sensitivity.robust_program import least_regret
from taskgraph.solver import Clock, find_solver
from tests.examples import examples
from tests.taskgraph.solver.oracle import sources_of, subsets, value_of
from tests.taskgraph.solver.test_solve import instances, table

AFFINITY = ("sqrt", "linear", "log")


def resampled(rows, drawn):
    """`tg.Affinities` of rows whose affinities in each resample are ``drawn``, (R, rows)."""
    return tg.Affinities(table(rows), pd.DataFrame(), np.array(drawn))


def regrets_of(rows, drawn, problem):
    """The (R,) regrets of every set that is a solution, by trying everything, or an empty dict."""
    values = {}
    for names in subsets(sources_of(rows, problem)):
        if set(problem.require) <= set(names):
            own = [
                value_of(
                    names, [r | {"affinity": a} for r, a in zip(rows, each, strict=True)], problem
                )
                for each in drawn
            ]
            if own[0] is not None:
                values[names] = np.array(own)
    if not values:
        return {}
    best = np.max(list(values.values()), axis=0)
    return {names: best - own for names, own in values.items()}


@examples(times=0.4)
@given(instances(), st.integers(1, 4), st.sampled_from(["max", "mean"]), st.data())
def test_the_least_regret_is_that_of_exhaustive_search(instance, count, criterion, data):
    rows, problem = instance
    names = {name for row in rows for name in (row["target"], *row["sources"])} - {"self"}
    if not rows or len(names) > 5 or problem.objective not in AFFINITY:
        return
    level = st.floats(0.0, 0.95).map(lambda value: round(value, 3))
    drawn = [[data.draw(level) for _ in rows] for _ in range(count)]
    try:
        compile_program(table(rows), problem)
    except InvalidProblemError:  # every target is excluded
        return
    found = tg.solve_robust(resampled(rows, drawn), problem, criterion=criterion)
    regrets = regrets_of(rows, drawn, problem)
    if not regrets:
        assert found.taxonomy.status == "infeasible"
        assert not found.solved
        return
    combine = np.max if criterion == "max" else np.mean
    least = min(float(combine(each)) for each in regrets.values())
    assert found.proven
    assert found.regret == pytest.approx(least, abs=1e-8)
    assert found.bound == pytest.approx(least, abs=1e-8)
    assert combine(regrets[found.taxonomy.supervised]) == pytest.approx(least, abs=1e-8)
    assert combine(regrets[found.plain.supervised]) == pytest.approx(found.plain_regret, abs=1e-8)
    assert 0 <= found.regret <= found.plain_regret + 1e-12
    assert found.taxonomy.spent <= problem.budget + 1e-9


def conflicting(seed):
    """Five tasks whose transfers differ so much between resamples that their optima differ."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in "abcde":
        others = [name for name in "abcde" if name != target]
        sets = [("self",), *((x,) for x in others), *itertools.combinations(others, 2)]
        rows += [
            {"sources": s, "target": target, "affinity": rng.random()}
            for s in sets
            if s == ("self",) or rng.random() < 0.8
        ]
    costs = {name: float(rng.choice([0.5, 1.0, 1.5])) for name in "abcde"}
    problem = tg.Problem(
        budget=float(rng.choice([1.5, 2.0, 3.0])),
        max_order=2,
        objective=str(rng.choice(AFFINITY)),
        label_cost=costs,
        transfer_cost={"b": 0.25} if seed % 3 == 0 else {},
        require=("c",) if seed % 4 == 0 else (),
        exclude=("e",) if seed % 5 == 0 else (),
        supervised_may_transfer=bool(seed % 2),
    )
    return rows, problem, rng.random((int(rng.integers(2, 7)), len(rows)))


@pytest.mark.parametrize("seed", [0, 1, 3, 5, 10, 11])
def test_where_no_set_is_best_everywhere(seed):
    rows, problem, drawn = conflicting(seed)
    regrets = regrets_of(rows, drawn, problem)
    for criterion, combine in (("max", np.max), ("mean", np.mean)):
        found = tg.solve_robust(resampled(rows, drawn), problem, criterion=criterion)
        least = min(float(combine(each)) for each in regrets.values())
        assert found.proven
        assert found.regret == pytest.approx(least, abs=1e-8)
        assert least > 1e-3
        for solver in ("cbc",) if seed < 2 else ():
            other = tg.solve_robust(
                resampled(rows, drawn), problem, criterion=criterion, solver=solver
            )
            assert other.regret == pytest.approx(least, abs=1e-6)


def drawn_losses(seed, spread, candidates):
    """Losses of ten images of each target's candidates, whose means differ by chance."""
    rng, rows = np.random.default_rng(seed), []
    for target, sources in candidates.items():
        for name in sources:
            mean = rng.normal(0, spread)
            rows += [
                (target, name, f"i{image}", round(float(mean + rng.normal()), 1))
                for image in range(10)
            ]
    frame = pd.DataFrame(rows, columns=["target", "sources", "image", "loss"])
    return tg.Losses.from_frame(frame, exact_names=True)


def others(target):
    return [name for name in "abcd" if name != target]


PAIRS = {
    t: ["self", *others(t), *map("+".join, itertools.combinations(others(t), 2))] for t in "abcd"
}
IN_A_PAIR = {
    "b": ["self", "a", "c", "a+y"],
    "c": ["self", "a", "b", "a+y"],
    "d": ["self", "a", "b", "c"],
}
"""The source y is measured only beside a; it may be idle in one resample and not in another."""


@pytest.mark.parametrize(
    ("seed", "candidates", "resamples", "settings"),
    [
        (17, PAIRS, 5, {"budget": 2}),
        (18, PAIRS, 5, {"budget": 2}),
        (19, PAIRS, 5, {"budget": 1.5, "label_cost": {"a": 0.5}}),
        (213, IN_A_PAIR, 6, {"budget": 2.5, "label_cost": {"y": 0.5}, "max_order": 2}),
        (214, IN_A_PAIR, 6, {"budget": 2.5, "label_cost": {"y": 0.5}, "max_order": 2}),
    ],
)
def test_tables_of_losses_where_edges_are_dominated(seed, candidates, resamples, settings):
    """Sets and their parts are compared by rows of the table, and each resample by itself."""
    spread = 0.5 if candidates is PAIRS else 0.3
    affinities = tg.affinities(drawn_losses(seed, spread, candidates), bootstrap=resamples)
    frame = affinities.transfers.frame
    rows = [
        {"sources": tuple(str(row.sources).split("+")), "target": row.target, "affinity": 0.0}
        for row in frame.itertuples()
    ]
    problem = tg.Problem(**settings)
    regrets = regrets_of(rows, affinities.resamples.tolist(), problem)
    for criterion, combine in (("max", np.max), ("mean", np.mean)):
        found = tg.solve_robust(affinities, problem, criterion=criterion)
        least = min(float(combine(each)) for each in regrets.values())
        assert found.proven
        assert found.regret == pytest.approx(least, abs=1e-9)


def some_losses(seed=0, tasks="abcde", images=60, noise=0.35):
    """Losses of all transfers of orders 1 and 2, whose near ties the images decide."""
    rng = np.random.default_rng(seed)
    rows = []
    for target in tasks:
        others = [name for name in tasks if name != target]
        pairs = [f"{x}+{y}" for x in others for y in others if x < y]
        for sources in ["self", "scratch", *others, *pairs]:
            level = {"self": 0.0, "scratch": 0.9}.get(sources, 0.5 - 0.1 * sources.count("+"))
            values = level + 0.1 * rng.random() + noise * rng.normal(size=images)
            rows += [
                {"target": target, "sources": sources, "image": f"{i:02d}", "loss": loss}
                | {"cluster": f"c{i % 15}"}
                for i, loss in enumerate(values)
            ]
    return tg.Losses.from_frame(pd.DataFrame(rows))


@pytest.fixture(scope="module")
def affinities():
    return tg.affinities(some_losses(), bootstrap=25, seed=2)


def test_it_is_said_whether_the_resamples_draw_seeds():
    frame = some_losses(tasks="abc", images=20).to_frame()
    several = frame["sources"].str.contains(r"\+")
    again = frame[several].assign(seed=1, loss=frame.loc[several, "loss"] + 0.1)
    trained = tg.Losses.from_frame(pd.concat([frame.assign(seed=0), again]))
    scratch = frame[frame["sources"] == "scratch"].assign(seed=1)
    references = tg.Losses.from_frame(pd.concat([frame.assign(seed=0), scratch]))
    for losses, drawn in ((trained, True), (references, False)):
        found = tg.solve_robust(tg.affinities(losses, bootstrap=3), budget=1)
        assert found.with_seeds == drawn
        assert found.to_dict()["robust"]["with_seeds"] == drawn
        assert ("of the test images and of seeds of training, " in found.sentence()) == drawn


def test_one_resample_is_the_plain_optimum_of_it(affinities):
    one = tg.Affinities(affinities.transfers, affinities.consistency, affinities.resamples[:1])
    expected = tg.solve(next(affinities.resampled()), budget=2)
    for criterion in ("max", "mean"):
        found = tg.solve_robust(one, budget=2, criterion=criterion)
        assert found.taxonomy.supervised == expected.supervised
        assert found.regret == 0


def test_programs_of_resamples_are_those_of_their_tables(affinities):
    problem = tg.Problem(budget=2, importance={"a": 2.0})
    program = compile_program(affinities.transfers, problem)
    made = programs_with(program, affinities.transfers, problem, affinities.resamples)
    for one, other in zip(made, affinities.resampled(), strict=True):
        expected = compile_program(other, problem)
        np.testing.assert_allclose(one.edge_value, expected.edge_value)
        np.testing.assert_allclose(one.self_value, expected.self_value)
        np.testing.assert_array_equal(one.edge_sources, expected.edge_sources)


@pytest.mark.parametrize("criterion", ["max", "mean"])
def test_the_robust_set_is_no_worse_than_any_other_of_its_budget(affinities, criterion):
    """Every pair of tasks is evaluated by solving each resample with it required."""
    problem = tg.Problem(budget=2)
    few = tg.Affinities(affinities.transfers, affinities.consistency, affinities.resamples[:5])
    found = tg.solve_robust(few, problem, criterion=criterion)
    assert found.proven
    tables = list(few.resampled())
    best = [tg.solve(each, problem).objective_value for each in tables]
    regrets = {}
    for first in "abcde":
        for second in "abcde":
            if first < second:
                fixed = {"require": [first, second], "budget": 2}
                own = [tg.solve(each, **fixed).objective_value for each in tables]
                regrets[first, second] = np.subtract(best, own)
    combine = np.max if criterion == "max" else np.mean
    least = min(float(combine(each)) for each in regrets.values())
    assert found.regret == pytest.approx(least, abs=1e-9)
    assert float(combine(regrets[found.plain.supervised])) == pytest.approx(found.plain_regret)


def test_with_no_time_nothing_is_claimed(affinities):
    clock = Clock()
    clock.stop.set()
    found = tg.solve_robust(affinities, budget=2, clock=clock)
    assert not found.solved
    assert found.taxonomy.status in ("unknown", "feasible")
    program = compile_program(affinities.transfers, tg.Problem(budget=2))
    programs = programs_with(
        program, affinities.transfers, tg.Problem(budget=2), affinities.resamples
    )
    assert least_regret(programs, "max", find_solver("highs"), clock) is None


def test_what_has_no_regret_is_refused(affinities):
    with pytest.raises(
        InvalidProblemError, match='criterion is "least", expected one of max, mean'
    ):
        tg.solve_robust(affinities, criterion="least")
    with pytest.raises(InvalidProblemError, match='"gain" is not resampled; try sqrt'):
        tg.solve_robust(affinities, objective="gain")
    alone = tg.Affinities(affinities.transfers, affinities.consistency)
    with pytest.raises(InvalidProblemError, match="make affinities with bootstrap=200"):
        tg.solve_robust(alone)
    assert tg.solve_robust(affinities, budget=0).taxonomy.status == "infeasible"


@pytest.fixture
def losses_file(tmp_path):
    path = tmp_path / "losses.csv"
    some_losses(tasks="abcd", images=30).to_frame().to_csv(path, index=False)
    return str(path)


def test_the_command_says_what_it_minimized_and_prints_json(losses_file, tmp_path, capsys):
    words = ["solve", losses_file, "--budget", "2", "--bootstrap", "12", "--seed", "2"]
    assert run([*words, "--robust", "max", "--method", "win-rate"]) == 0
    said = "minimized: the maximal regret over 12 resamples of the test images, "
    assert said in capsys.readouterr().out
    assert run([*words, "--robust", "mean", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    affinities = tg.affinities(tg.read_losses(losses_file), bootstrap=12, seed=2)
    expected = tg.solve_robust(affinities, budget=2, criterion="mean")
    assert content == expected.to_dict()
    assert content["robust"]["resamples"] == 12
    assert content["robust"]["proven"]
    path = tmp_path / "robust.json"
    path.write_text(json.dumps(content))
    assert tg.read_taxonomy(path).supervised == expected.taxonomy.supervised
    assert run([*words, "--robust", "max", "--csv"]) == 0
    assert capsys.readouterr().out.startswith("target,sources,")


def test_the_command_refuses_what_does_not_go_together(losses_file, tmp_path, capsys):
    transfers = tmp_path / "transfers.csv"
    transfers.write_text("sources,target,affinity\nself,a,.6\nb,a,.4\n")
    cases = [
        (
            ["solve", "--robust", "max"],
            "--robust resamples images; name a file of per-image losses",
        ),
        (["solve", str(transfers), "--robust", "max"], "holds transfers; only losses on images"),
        (["solve", losses_file, "--robust", "max", "--marginal"], "--marginal"),
        (["solve", losses_file, "--robust", "max", "--alternatives", "2"], "--alternatives"),
        (["solve", str(transfers), "--bootstrap", "9"], "--bootstrap is for --robust"),
        (["solve", str(transfers), "--method", "ahp"], "--method is for --robust"),
        (["solve", losses_file, "--robust", "max", "--objective", "gain"], "is not resampled"),
    ]
    for words, said in cases:
        assert run(words) == 2, words
        assert said in capsys.readouterr().err
    assert run(["solve", losses_file, "--robust", "max", "--budget", "0", "--bootstrap", "5"]) == 3
