"""Problems and tables: what they refuse, and the sentences they do it with."""

import math

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.errors import InvalidProblemError, InvalidTableError, SolverError, UnknownTaskError
from taskgraph.problem.file import problem_from_dict
from taskgraph.solver import find_solver
from taskgraph.tasks import join_sources, parse_sources

ROWS = [("self", "a", 0.5), ("b", "a", 0.3), ("self", "b", 0.6), ("a", "b", 0.2)]
TABLE = tg.Transfers(pd.DataFrame(ROWS, columns=["sources", "target", "affinity"]))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"budget": -1}, "budget is -1, expected a finite number of at least 0"),
        ({"budget": math.nan}, "budget is nan, expected a finite number"),
        ({"budget": math.inf}, "budget is inf, expected a finite number"),
        ({"budget": "five"}, "budget is five, expected a finite number"),
        ({"budget": True}, "budget is True, expected a finite number"),
        ({"max_order": 0}, "max_order is 0, expected a whole number of at least 1"),
        ({"max_order": 1.5}, "max_order is 1.5, expected a whole number"),
        ({"max_order": "2"}, "max_order is 2, expected a whole number"),
        ({"objective": "cube"}, 'the objective is "cube", expected one of sqrt, linear'),
        ({"importance": {"a": -2}}, 'importance of "a" is -2, expected'),
        ({"label_cost": {"a": "dear"}}, 'label_cost of "a" is dear, expected'),
        ({"transfer_cost": {"a": None}}, 'transfer_cost of "a" is None, expected'),
        ({"source_only": ["a"], "exclude": ["a"]}, '"a" is both source-only and excluded'),
        ({"require": ["a"], "exclude": ["a"]}, '"a" is required to be supervised, yet it is excl'),
    ],
)
def test_a_problem_says_what_is_wrong_with_it(settings, words):
    with pytest.raises(InvalidProblemError, match=words):
        tg.solve(TABLE, **settings)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"bugdet": 3}, 'the problem file has the unknown key "bugdet", expected one of budget'),
        ({"tasks": 3}, r"`tasks` is not a table; write \[tasks.<name>\]"),
        ({"tasks": {"a": 3}}, r"\[tasks.a\] is not a table"),
        ({"tasks": {"a": {"cost": 3}}}, r'\[tasks.a\] has the unknown key "cost"'),
        ({"tasks": {"a": {"role": "boss"}}}, r'\[tasks.a\]: role is "boss", expected one of targ'),
        ({"max_order": "2"}, "max_order is 2, expected a whole number"),
    ],
)
def test_a_problem_file_says_what_is_wrong_with_it(content, words):
    with pytest.raises(InvalidProblemError, match=words):
        problem_from_dict(content)


def test_names_of_one_task_may_be_given_as_text():
    assert tg.Problem(exclude="depth").exclude == ("depth",)


@pytest.mark.parametrize("flag", ["exclude", "require", "source_only", "target_only"])
def test_unknown_tasks_are_named_with_their_flag_and_near_names(flag):
    with pytest.raises(UnknownTaskError, match=f'--{flag.replace("_", "-")}: .* "aa"; did you m'):
        tg.solve(TABLE, **{flag: ["aa"]})


def test_an_objective_needs_its_column():
    with pytest.raises(InvalidProblemError, match='"gain" needs the column "gain"'):
        tg.solve(TABLE, objective="gain")


def test_a_plain_frame_is_refused_with_what_to_do():
    with pytest.raises(InvalidTableError, match="is a DataFrame, expected Transfers; read a file"):
        tg.solve(TABLE.frame, budget=1)


def test_a_win_rate_beyond_one_is_refused():
    frame = TABLE.frame.assign(gain=[0.1, 0.2, 1.2, 0.3])
    with pytest.raises(InvalidTableError, match=r"row 3: gain is 1\.2, expected a win rate"):
        tg.Transfers(frame)


def test_an_unknown_solver_lists_those_there_are():
    with pytest.raises(SolverError, match='no solver "abacus" here; expected one of highs, cbc'):
        find_solver("abacus")
    assert find_solver("pulp_cbc_cmd").name == "PULP_CBC_CMD"
    assert tg.solve(TABLE, budget=1, solver="pulp_cbc_cmd").supervised == ("b",)


def test_sources_are_a_set():
    assert parse_sources("b+a") == parse_sources(["a", "b"]) == ("a", "b")
    assert join_sources(["c", "a"]) == "a+c"
    with pytest.raises(InvalidTableError, match='reserved source "self" stands alone'):
        parse_sources("a+self")
    assert TABLE.row_of("a", "b")["affinity"] == 0.3
    assert TABLE.row_of("a", ["c"]) is None


def test_references_of_every_task_to_itself_are_kept_and_never_used():
    """The published tables have such rows; the sum over a target's candidates stays one."""
    rows = [*ROWS, ("a", "a", 0.9), ("b", "b", 0.9)]
    table = tg.Transfers(pd.DataFrame(rows, columns=["sources", "target", "affinity"]))
    assert len(table) == 6
    assert tg.solve(table, budget=1) == tg.solve(TABLE, budget=1)


def test_an_infeasible_taxonomy_prints_its_reason_and_has_no_rows():
    taxonomy = tg.solve(TABLE, budget=0)
    assert repr(taxonomy).startswith("Infeasible within budget 0")
    assert "least budget" in taxonomy._repr_html_()
    assert taxonomy.to_frame().empty
    assert taxonomy.gap is None


def test_a_taxonomy_prints_readably_and_converts():
    taxonomy = tg.solve(TABLE, budget=1, importance={"a": 2})
    assert "supervise: b" in repr(taxonomy)
    assert "<b>b</b>" in taxonomy._repr_html_()
    assert taxonomy["a"].sources == ("b",)
    with pytest.raises(KeyError):
        taxonomy["z"]
    graph = taxonomy.to_networkx()
    assert list(graph.edges(data="order")) == [("b", "a", 1)]
    assert graph.nodes["b"] == {"supervised": True, "target": True}
    assert "importance" in taxonomy.to_dict()


@pytest.mark.parametrize("seed", range(3))
def test_laws_of_the_optimum(seed):
    """Relabeling, doubling importances, adding a dominated edge, adding budget."""
    rng = np.random.default_rng(seed)
    names = list("abcde")
    rows = [("self", t, 0.5 + rng.random()) for t in names]
    rows += [(s, t, rng.random()) for t in names for s in names if s != t]
    columns = ["sources", "target", "affinity"]
    frame = pd.DataFrame(rows, columns=columns)
    base = tg.solve(tg.Transfers(frame), budget=2)
    shuffled = frame.sample(frac=1, random_state=seed)
    assert tg.solve(tg.Transfers(shuffled), budget=2) == base
    letters = dict(zip([*names, "self"], [*"vwxyz", "self"], strict=True))
    relabeled = frame.assign(
        sources=frame["sources"].map(letters), target=frame["target"].map(letters)
    )
    other = tg.solve(tg.Transfers(relabeled), budget=2)
    assert other.supervised == tuple(letters[name] for name in base.supervised)
    doubled = tg.solve(tg.Transfers(frame), budget=2, importance=dict.fromkeys(names, 2.0))
    assert doubled.objective == pytest.approx(2 * base.objective)
    best = frame[(frame["target"] == "a") & (frame["sources"] == "b")]["affinity"].item()
    worse = pd.DataFrame([("b+c", "a", best / 2)], columns=columns)
    assert tg.solve(tg.Transfers(pd.concat([frame, worse])), budget=2) == base
    assert tg.solve(tg.Transfers(frame), budget=3).objective >= base.objective


def test_the_objectives_value_has_the_name_of_its_json_key_too():
    solved = tg.solve(TABLE, budget=3)
    assert solved.objective_value == solved.objective == solved.to_dict()["objective"] > 0
    assert "objective_value" not in solved.to_dict()


def test_the_places_of_a_file_are_no_part_of_a_problem(tmp_path):
    (tmp_path / "p.toml").write_text('[tasks.b]\nrole = "source-only"\nlabel_cost = 2')
    read = tg.tables.read_problem(tmp_path / "p.toml")
    assert read == tg.Problem(source_only=("b",), label_cost={"b": 2})
    assert "p.toml" not in repr(read)
