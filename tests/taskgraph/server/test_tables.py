"""Uploaded tables: any that the command line reads; a bad one is the reader's own sentence."""

import io

import pandas as pd
import pytest

import taskgraph as tg
from taskgraph.server import Limits

CSV = "sources,target,affinity\nself,a,0.5\nb,a,0.3\nself,b,0.6\na,b,0.2\n"
WINS = "target,sources,versus,wins\na,b,self,0.25\nb,a,self,0.2\n"
SCORES = "sources,target,score\nself,a,0.9\nb,a,0.7\nself,b,0.8\na,b,0.6\n"


def losses():
    rows = [
        (target, sources, image, (7 * image + 3 * k) % 11 + k)
        for target in "ab"
        for k, sources in enumerate(["self", "ba"["ab".index(target)], "scratch"])
        for image in range(30)
    ]
    return pd.DataFrame(rows, columns=["target", "sources", "image", "loss"])


def upload(client, content, **query):
    return client.post("/api/tables", content=content, params=query)


@pytest.mark.parametrize("form", ["csv", "tsv", "parquet", "jsonl"])
def test_transfers_of_every_format_are_solved(client, form):
    frame = pd.read_csv(io.StringIO(CSV))
    content = {
        "csv": lambda: CSV.encode(),
        "tsv": lambda: CSV.replace(",", "\t").encode(),
        "parquet": lambda: frame.to_parquet(),
        "jsonl": lambda: frame.to_json(orient="records", lines=True).encode(),
    }[form]()
    answer = upload(client, content, title=f"t.{form}")
    assert answer.status_code == 201, answer.text
    name = answer.json()["name"]
    solved = client.post("/api/solve", json={"table": name, "problem": {"budget": 1}}).json()
    expected = tg.solve(tg.Transfers(frame), budget=1).to_dict()
    assert solved["taxonomy"] == expected
    assert client.get(f"/api/tables/{name}").json()["title"] == f"t.{form}"


def test_losses_become_the_affinities_of_the_library(client):
    frame = losses()
    content = upload(client, frame.to_csv(index=False)).json()
    assert "low" in content["columns"]
    asked = {"table": content["name"], "problem": {"budget": 1}}
    taxonomy = client.post("/api/solve", json=asked).json()["taxonomy"]
    made = tg.affinities(tg.Losses.from_frame(frame)).transfers
    expected = tg.solve(made, budget=1)
    assert taxonomy["supervised"] == list(expected.supervised)
    assert taxonomy["objective"] == pytest.approx(expected.objective_value)


def test_win_rates_and_scores_are_read_too(client):
    assert upload(client, WINS).json()["tasks"][0]["name"] == "a"
    unsaid = upload(client, SCORES)
    assert unsaid.status_code == 422
    assert 'on this page: "Larger values are"' in unsaid.json()["error"]
    rows = upload(client, SCORES, direction="higher").json()["rows"]
    own = [row for row in rows if row[1] == [-1]]
    assert all(row[2] == pytest.approx(2 / 3, rel=1e-5) for row in own)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "my.csv: the file is empty"),
        (b"a,b\n1,x\n", "my.csv: "),
        (b"PK\x03\x04zzzz", "my.csv: this is an Excel sheet"),
        (b"sources,target,affinity\na,a,0.3\n", '"a" is a source of itself'),
        (b"sources,target,affinity\na,b,-1\n", "affinity is -1, expected at least 0"),
        (b"\x00\x01\x02", "my.csv: this is not a table"),
        (b"PAR1nonsense", "my.csv: this Parquet file is broken"),
        (CSV.encode() + b"x,y\n", "row 5"),
        (
            CSV.encode() + b"A,b,0.1\n",
            "this page has no flags; `taskgraph affinity` writes",
        ),
        (CSV.encode() + b"a ,b,0.1\n", "are the same transfer"),
        (b"hello", "my.csv: the file has only one line, expected the names of the columns"),
        (CSV.encode("utf-16"), "my.csv: this is text in UTF-16; save it as CSV in UTF-8"),
    ],
)
def test_a_bad_table_is_a_sentence_that_names_it(client, content, words):
    answer = upload(client, content, title="my.csv")
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert "/tmp" not in answer.json()["error"]


def test_spreadsheets_of_other_languages_and_systems_are_read(client):
    own = upload(client, CSV).json()
    for content in (
        "\ufeff" + CSV,
        CSV.replace("\n", "\r\n"),
        CSV.replace(",", ";").replace("0.", "0,"),
    ):
        answer = upload(client, content)
        assert answer.status_code == 201, answer.text
        assert answer.json()["rows"] == own["rows"]


def test_a_table_of_one_task_and_a_name_of_markup(client):
    one = upload(client, "sources,target,affinity\nself,<script>,0.25\n").json()
    assert [task["name"] for task in one["tasks"]] == ["<script>"]
    answer = client.post("/api/solve", json={"table": one["name"], "problem": {"budget": 1}})
    assert answer.json()["taxonomy"]["supervised"] == ["<script>"]
    assert answer.json()["taxonomy"]["objective"] == 0.5


def test_a_direction_is_one_of_two(client):
    answer = upload(client, CSV, direction="sideways")
    assert answer.status_code == 422
    assert 'direction is "sideways", expected "higher"' in answer.json()["error"]


def test_the_same_content_has_the_same_address_and_old_uploads_go_first(opened):
    with opened(limits=Limits(tables=2)) as client:
        names = [upload(client, CSV.replace("0.3", f"0.3{n}")).json()["name"] for n in range(3)]
        assert upload(client, CSV.replace("0.3", "0.32")).json()["name"] == names[2]
        states = [client.get(f"/api/tables/{name}").status_code for name in names]
    assert states == [404, 200, 200]


def test_10000_tasks_are_refused_in_one_sentence(client):
    rows = "".join(f"self,t{n},0.5\nhub,t{n},0.4\n" for n in range(10_000))
    answer = upload(client, f"sources,target,affinity\n{rows}")
    assert answer.status_code == 422
    assert "has 10,001 tasks, and this page solves at most 1,000" in answer.json()["error"]


def test_a_title_is_text_of_limited_length(client):
    title = "<script>" + "x" * 500
    assert upload(client, CSV, title=title).json()["title"] == title[:80]
