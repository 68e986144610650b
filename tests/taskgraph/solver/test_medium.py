"""Programs of 15 to 40 sources against the grouped model, which HiGHS solves."""

import numpy as np
import pytest

from benchmarks.speed.solver.drawn_calls import draw
from benchmarks.speed.solver.instances import FAMILIES
from taskgraph.problem import make_problem
from taskgraph.program import compile_program
from taskgraph.solver import find_solver, solve_program
from taskgraph.solver.clock import Clock
from taskgraph.solver.ranking import Ranking
from tests.taskgraph.solver.test_hard import random_program

HIGHS = find_solver("highs")


def generated(family, seed):
    """A table of a family, with a budget and label costs that are drawn."""
    random = np.random.default_rng([seed, 300])
    tasks, transfers = int(random.integers(15, 41)), int(random.integers(8, 25))
    if family == "gains":
        tasks, transfers = int(random.integers(10, 15)), 60
    table = FAMILIES[family](tasks, transfers, seed)
    fields = draw(table, random) | {"budget": float(random.integers(2, tasks // 2 + 1))}
    if random.random() < 0.3:
        fields["label_cost"] = {}
    keep = bool(random.random() < 0.2)
    fields |= {"max_order": 26, "objective": "linear", "supervised_may_transfer": keep}
    return compile_program(table, make_problem(None, fields))


def medium(seed):
    """One program of each family in turn, and every fourth with odd costs and values."""
    if seed % 4 == 3:
        return random_program(seed, sources=(15, 36))
    return generated(list(FAMILIES)[seed % 4], seed)


def check(seeds):
    """Compare status and value of each program; return how many had a solution."""
    solved = 0
    for seed in seeds:
        program = medium(seed)
        found = solve_program(program, HIGHS)
        expected = Ranking(program, HIGHS, Clock()).best()
        assert expected.status in ("optimal", "infeasible"), seed
        assert found.status == expected.status, seed
        if expected.choice is not None:
            assert found.choice.value == pytest.approx(expected.choice.value, rel=1e-8, abs=1e-9)
            assert found.choice.cost <= program.budget * (1 + 1e-12), seed
            solved += 1
    return solved


def test_one_medium_instance_of_each_family_agrees_with_highs():
    assert check(range(2000, 2003)) >= 1


@pytest.mark.slow
def test_300_medium_instances_agree_with_highs():
    assert check(range(2000, 2300)) >= 150
