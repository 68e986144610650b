"""The hash of the bank in the settings of records, and on pages."""

import pytest

from benchmarks.finetune import encoders_page
from benchmarks.results.banks import (
    HASH,
    bank_footnote,
    of_newest_bank,
    shipped_bank_hash,
    shipped_table_bank,
    with_bank,
)
from benchmarks.results.log import open_log
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import Record, read_records
from benchmarks.transfers.facts import read_facts
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.pretrained import default_bank

OLD, OTHER = "0dd73fab21a4", "70f10fdee9e7"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"network": "bank:normals"}, True),
        ({"features": ["pixels", "bank:random"]}, True),
        ({"features": ("bank:random",), "bank": OLD}, False),
        ({"network": "bank:normals", HASH: OTHER}, False),
        ({"network": "lenet", "banks": 3, "text": "a bank: of England"}, False),
        ({}, False),
    ],
)
def test_settings_that_name_a_network_of_the_bank_get_its_hash(settings, named):
    found = with_bank(settings)
    assert found == {**settings, **({HASH: shipped_bank_hash()} if named else {})}
    assert shipped_bank_hash() == bank_hash(network_hashes(default_bank()))


def test_an_evaluation_with_another_bank_is_another_one(tmp_path):
    log, asked = open_log(tmp_path, "bias"), {"features": "bank:normals"}
    log.add({**asked, HASH: OLD}, {"accuracy": 0.5}, seed=0)
    assert not log.has(asked, seed=0)
    log.add(asked, {"accuracy": 0.6}, seed=0)
    assert open_log(tmp_path, "bias").has(asked, seed=0)
    assert [each.settings[HASH] for each in read_records(tmp_path)] == [OLD, shipped_bank_hash()]


def test_a_page_shows_the_newest_bank_and_what_uses_none():
    old, none, new = (
        Record("bias", settings, 0, None, {}) for settings in ({HASH: OLD}, {}, {HASH: OTHER})
    )
    assert of_newest_bank([new, none, old, none]) == [none, old, none]
    assert of_newest_bank([old, old, new]) == [new]
    assert of_newest_bank([none]) == [none]


def test_a_page_names_each_bank_once():
    records = [Record("bias", {HASH: OTHER}, 0, None, {}), Record("bias", {}, 0, None, {})]
    assert bank_footnote(records[1:], "page") == ""
    assert bank_footnote(records, f"Bank `{OTHER}`.") == ""
    assert (
        bank_footnote(records, "page") == f"\nThe task bank on this page has the hash `{OTHER}`.\n"
    )
    records += [Record("bias", {"bank": name}, 0, None, {}) for name in (OLD, "results/bank", None)]
    text = "\nThe task banks on this page have the hashes `0dd73fab21a4`, `70f10fdee9e7`.\n"
    assert bank_footnote(records, "page") == text


def test_encoders_of_another_bank_than_the_tables_are_told(monkeypatch):
    known = read_facts(RESULTS / "transfers")["bank"]["hash"]
    assert shipped_table_bank() == known
    assert encoders_page._other_bank(known) == ""
    assert f"of another bank (`{known}`)" in encoders_page._other_bank("another")
    monkeypatch.setattr(encoders_page, "shipped_table_bank", lambda: None)
    assert encoders_page._other_bank("another") == ""
