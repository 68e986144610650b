"""The server answers what the library computes; a bad request is answered by a sentence."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import taskgraph as tg
from taskgraph.errors import SolverError
from taskgraph.server import Limits, make_app
from tests.examples import examples


def solved(client, **problem):
    answer = client.post("/api/solve", json={"problem": problem})
    assert answer.status_code == 200, answer.text
    return answer.json()["taxonomy"]


@pytest.mark.parametrize(
    "problem",
    [
        {"budget": 1},
        {"budget": 2, "max_order": 1},
        {"budget": 2, "objective": "linear", "exclude": ["c"]},
        {"budget": 2.5, "tasks": {"a": {"label_cost": 2.0}, "b": {"importance": 3.0}}},
        {"budget": 3, "tasks": {"c": {"transfer_cost": 1.0}, "a": {"role": "target-only"}}},
        {"budget": 0},
        {"budget": 2, "tasks": {"a": {"required": True}}, "supervised_may_transfer": True},
    ],
)
def test_the_answer_is_the_optimum_of_the_library(client, small_table, problem):
    from taskgraph.problem.file import problem_from_dict

    expected = tg.solve(small_table, problem_from_dict(problem)).to_dict()
    assert solved(client, **problem) == json.loads(json.dumps(expected))


def test_an_infeasible_problem_is_an_answer_with_the_least_budget(client):
    taxonomy = solved(client, budget=0)
    assert taxonomy["status"] == "infeasible"
    assert taxonomy["least_budget"] == 1.0


BAD = {
    b'{"problem": {"budget": NaN}}': (400, "the request holds the number NaN"),
    b'{"problem": {"budget": -Infinity}}': (400, "the number -Infinity"),
    b'{"problem": {"budget": 1e999}}': (400, "the number 1e999, which is too large"),
    b'{"problem": {"max_order": ' + b"9" * 5000 + b"}}": (400, "a number of 5000 digits"),
    rb'{"problem": {"exclude": "\ud800"}}': (400, "half of a surrogate pair"),
    rb'{"\udfff": 1}': (400, "half of a surrogate pair"),
    b'{"a": 1, "a": 2}': (400, "has the key 'a' twice"),
    b"\xff\xfe": (400, "is not UTF-8"),
    b"": (400, "is not JSON"),
    b"[1]": (400, 'is a JSON list, expected an object such as {"problem": {"budget": 5}}'),
    b"[" * 100000: (400, "nested too deeply"),
    b'{"a":' * 50 + b"1" + b"}" * 50: (400, "nested too deeply"),
    b'{"budget": 3}': (422, 'unknown key "budget", expected one of problem, table, time_limit'),
    b'{"problem": 3}': (422, "problem is not an object"),
    b'{"problem": {"budget": -1}}': (422, "budget is -1, expected a finite number of at least 0"),
    b'{"problem": {"budget": "5"}}': (422, "budget is 5, expected a finite number"),
    b'{"problem": {"budget": true}}': (422, "budget is True"),
    b'{"problem": {"max_order": 0}}': (422, "max_order is 0"),
    b'{"problem": {"objective": "cube"}}': (422, "expected one of sqrt, linear"),
    b'{"problem": {"exclude": ["nobody"]}}': (422, 'the table has no task "nobody"'),
    b'{"problem": {"tasks": {"a": {"role": "king"}}}}': (422, 'role is "king"'),
    b'{"problem": {"tasks": {"a": 3}}}': (422, "is not a table"),
    b'{"problem": {"tasks": {"a": {"label_cost": null}}}}': (422, "label_cost"),
    b'{"table": "gone"}': (404, 'the server has no table "gone"'),
    b'{"table": 3}': (422, "table is 3, expected the identifier"),
    b'{"time_limit": 0}': (422, "time_limit is 0, expected seconds above 0"),
    b'{"time_limit": "x"}': (422, "time_limit is 'x'"),
}


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:40])
def test_a_bad_request_is_a_sentence(client, body):
    status, words = BAD[body]
    answer = client.post("/api/solve", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert words in answer.json()["error"]


def test_a_byte_order_mark_is_no_error(client):
    sent = b"\xef\xbb\xbf" + b'{"problem": {"budget": 2}}'
    answer = client.post("/api/solve", content=sent, headers={"content-type": "application/json"})
    assert answer.json()["taxonomy"]["budget"] == 2


def test_other_content_types_are_refused(client):
    answer = client.post("/api/solve", content=b"{}", headers={"content-type": "text/plain"})
    assert answer.status_code == 415
    assert 'the content type is "text/plain", expected application/json' in answer.json()["error"]


def test_10000_unknown_tasks_are_one_sentence(client):
    names = [f"task {number}" for number in range(10_000)]
    answer = client.post("/api/solve", json={"problem": {"exclude": names}})
    assert answer.status_code == 422
    assert 'no task "task 0"' in answer.json()["error"]
    assert len(answer.text) < 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "problem",
                    "table",
                    "budget",
                    "max_order",
                    "tasks",
                    "a",
                    "role",
                    "exclude",
                    "require",
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@examples(times=3)
@given(document=JSON, damage=st.binary(max_size=3), place=st.integers(0, 60))
def test_malformed_requests_never_fail_inside(client, document, damage, place):
    body = json.dumps(document).encode("utf-8", "surrogatepass")
    body = body[:place] + damage + body[place:]
    answer = client.post("/api/solve", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (200, 400, 404, 422)
    if answer.status_code != 200:
        assert "Traceback" not in answer.json()["error"]


def test_the_page_opens_with_the_settings_of_the_command(client):
    page = client.get("/")
    assert page.status_code == 200
    nonce = page.headers["content-security-policy"].split("'nonce-")[1].split("'")[0]
    assert f'<script nonce="{nonce}">' in page.text
    assert f'<style nonce="{nonce}">' in page.text
    assert (
        client.get("/").headers["content-security-policy"]
        != (page.headers["content-security-policy"])
    )
    assert '"budget":1.0' in page.text


def test_the_old_address_of_the_json_still_answers(client):
    assert client.get("/taxonomy.json").json()["supervised"] == ["b"]
    both = client.get("/taxonomy.json?budget=2&objective=linear&exclude=c").json()
    assert both["supervised"] == ["a", "b"]
    bad = client.get("/taxonomy.json?budget=five")
    assert (bad.status_code, "budget" in bad.json()["error"]) == (422, True)
    assert client.get("/taxonomy.json?budget=nan").status_code == 422


def test_an_unknown_page_says_where_the_pages_are(client):
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert "/openapi.json lists the requests" in answer.json()["error"]
    assert client.get("/api/solve").status_code == 405


def test_an_unknown_solver_is_refused_at_the_start(small_table):
    with pytest.raises(SolverError, match='there is no solver "abacus" here'):
        make_app({"small": small_table}, solver="abacus")


def test_the_solver_that_was_named_solves(opened, monkeypatch):
    asked = []

    def solve(*arguments, solver, **more):
        asked.append(solver)
        return tg.solve(*arguments, solver=solver, **more)

    monkeypatch.setattr("taskgraph.server.answers.solve", solve)
    with opened(solver="cbc") as client:
        assert solved(client, budget=1)["supervised"] == ["b"]
    assert asked == ["cbc"]


def test_the_description_has_every_request(client):
    paths = client.get("/openapi.json").json()["paths"]
    routes = {(path, method) for path, methods in paths.items() for method in methods}
    assert routes == {
        ("/api/solve", "post"),
        ("/api/compare", "post"),
        ("/api/stop", "post"),
        ("/api/tables", "get"),
        ("/api/tables", "post"),
        ("/api/tables/{name}", "get"),
    }
    listed = client.get("/api/tables").json()["tables"]
    assert listed == [{"name": "0", "title": "small"}]
    assert client.get("/api/tables/0").json()["tasks"][0]["name"] == "a"
    assert client.get("/api/tables/7").status_code == 404


def test_a_time_limit_is_at_most_that_of_the_server(opened, monkeypatch):
    limits = []

    def solve(*arguments, clock, **more):
        limits.append(clock.limit)
        return tg.solve(*arguments, clock=clock, **more)

    monkeypatch.setattr("taskgraph.server.answers.solve", solve)
    with opened(limits=Limits(solving=7)) as client:
        for wanted in (3, 100):
            client.post("/api/solve", json={"time_limit": wanted})
    assert limits == [3.0, 7.0]
