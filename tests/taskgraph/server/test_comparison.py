"""What the live page shows beside an optimum is what the library computes."""

import time

import numpy as np
import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.problem.file import problem_from_dict
from taskgraph.server import Limits, comparison

PROBLEM = {"budget": 2, "tasks": {"a": {"label_cost": 1.5}}}


def compared(client, **document):
    return client.post("/api/compare", json=document)


def losses_csv(images=30):
    rng = np.random.default_rng(0)
    level = {
        ("a", "self"): 0.3,
        ("a", "b"): 0.5,
        ("b", "self"): 0.4,
        ("b", "a"): 0.5,
        ("c", "a"): 0.6,
        ("c", "b"): 0.5,
    }
    rows = [
        (target, sources, f"{image}", base + 0.2 * rng.random())
        for (target, sources), base in level.items()
        for image in range(images)
    ]
    return pd.DataFrame(rows, columns=["target", "sources", "image", "loss"])


def test_the_frontier_and_the_best_sets_are_those_of_the_library(client, small_table):
    answer = compared(client, problem=PROBLEM)
    assert answer.status_code == 200, answer.text
    document, problem = answer.json(), problem_from_dict(PROBLEM)
    best = tg.alternatives(small_table, problem, k=5)
    assert [each["supervised"] for each in document["best_sets"]] == [
        list(t.supervised) for t in best
    ]
    assert document["best_sets"][0]["behind"] == 0
    assert document["best_sets"][1]["behind"] == pytest.approx(
        1 - best[1].objective_value / best[0].objective_value
    )
    points = {(p["max_order"], p["budget"]): p for p in document["frontier"]["points"]}
    assert {order for order, _ in points} == {1, 2}
    for (order, budget), point in points.items():
        one = tg.solve(small_table, problem, budget=budget, max_order=int(order))
        if one.solved:
            assert point["objective"] == pytest.approx(one.objective_value, rel=1e-5)
            assert point["quality"] == pytest.approx(one.to_frame()["quality"].mean(), rel=1e-5)
    assert (1, 2.0) in points
    assert document["frontier"]["draws"] == 50
    assert document["stability"] is None


def test_an_uploaded_table_of_losses_also_has_stability(client):
    frame = losses_csv()
    table = client.post("/api/tables?title=losses.csv", content=frame.to_csv(index=False).encode())
    document = compared(client, table=table.json()["name"], problem={"budget": 1}).json()
    losses = tg.Losses(frame.astype({"image": str}))
    expected = tg.stability(tg.affinities(losses, bootstrap=50), budget=1)
    assert document["stability"]["same"] == expected.same
    assert document["stability"]["shares"] == dict(
        zip(expected.selection["task"], expected.selection["share"], strict=True)
    )


def test_infeasible_has_a_frontier_and_no_sets(client):
    document = compared(client, problem={"budget": 0}).json()
    assert document["best_sets"] == []
    assert document["stability"] is None
    assert document["frontier"]["points"]


def test_a_comparison_that_takes_too_long_is_a_sentence(opened, monkeypatch):
    original = comparison.frontier

    def slowly(*arguments, **more):
        time.sleep(0.15)
        return original(*arguments, **more)

    monkeypatch.setattr(comparison, "frontier", slowly)
    with opened(limits=Limits(solving=0.1)) as client:
        answer = compared(client, problem={"budget": 2})
    assert answer.status_code == 422
    assert "the comparison takes longer than this server allows" in answer.json()["error"]


def test_bad_requests_are_those_of_a_solve(client):
    assert compared(client, problem=3).status_code == 422
    assert compared(client, table="gone").status_code == 404
    assert "no task" in compared(client, problem={"exclude": ["x"]}).json()["error"]
