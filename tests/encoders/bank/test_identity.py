"""The hash of a bank is computed from its files alone, for every version that wrote them."""

import hashlib
import json
import shutil

import pandas as pd
import pytest

from benchmarks.results.frame import part
from benchmarks.results.hashes import file_hash
from benchmarks.results.machine import RESULTS
from benchmarks.results.record import read_records
from benchmarks.transfers.finished import FinishedSweep
from benchmarks.transfers.provenance import bank_facts, provenance
from encoders.bank.config import BankConfig
from encoders.bank.identity import bank_hash, network_hashes
from encoders.bank.jobs import MANIFEST, write_bank_manifest
from encoders.errors import InvalidDataError
from taskgraph.errors import InvalidTableError
from taskgraph.transfers import Transfers

SHIPPED = RESULTS / "bank"
README = " ".join((RESULTS.parent / "README.md").read_text().split())


def by_hand(folder):
    """The first 12 digits of SHA-256 over lines of names and hashes, as `sha256sum` prints them."""
    lines = [
        f"{path.stem} {hashlib.sha256(path.read_bytes()).hexdigest()}\n"
        for path in sorted(folder.glob("*.safetensors"), key=lambda path: path.stem)
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]


def bank_of(folder):
    """A bank of three files that are no networks: only their bytes count."""
    folder.mkdir()
    for name in ("edge2d", "rgb2depth", "random"):
        (folder / f"{name}.safetensors").write_bytes(name.encode())
    return folder


def test_the_hash_covers_names_and_bytes_of_networks_and_nothing_else(tmp_path):
    bank = bank_of(tmp_path / "bank")
    found = bank_hash(network_hashes(bank))
    assert found == by_hand(bank)
    (bank / "edge2d.json").write_text("{}")
    moved = shutil.copytree(bank, tmp_path / "other")
    assert bank_hash(network_hashes(moved)) == found
    (moved / "edge2d.safetensors").rename(moved / "edge3d.safetensors")
    assert bank_hash(network_hashes(moved)) != found
    (bank / "random.safetensors").write_bytes(b"changed")
    assert bank_hash(network_hashes(bank)) != found


def test_a_part_of_a_bank_has_a_hash_of_its_own(tmp_path):
    bank = bank_of(tmp_path / "bank")
    whole = network_hashes(bank)
    assert bank_hash(network_hashes(bank, ["random", "rgb2depth", "edge2d"])) == bank_hash(whole)
    assert set(network_hashes(bank, ["edge2d"])) == {"edge2d"}
    assert bank_hash(network_hashes(bank, ["edge2d"])) != bank_hash(whole)


def test_a_folder_without_networks_is_told(tmp_path):
    with pytest.raises(InvalidDataError, match="holds no trained network; train some with"):
        network_hashes(tmp_path)
    with pytest.raises(InvalidDataError, match="has no edge3d; train it"):
        network_hashes(bank_of(tmp_path / "bank"), ["edge3d"])


def test_a_manifest_has_the_hash_of_the_files_beside_it(tmp_path):
    bank = bank_of(tmp_path / "bank")
    write_bank_manifest(bank, BankConfig("nowhere"), "taskgraph train")
    assert json.loads((bank / MANIFEST).read_text())["hash"] == by_hand(bank)


def test_the_shipped_results_name_the_bank_that_they_were_measured_with():
    """The shipped bank is of an earlier version: its manifest has no hash, its files have one."""
    manifest = json.loads((SHIPPED / MANIFEST).read_text())
    networks = network_hashes(SHIPPED)
    for task in manifest["tasks"]:
        assert networks[task["task"]] == task["sha256"]
    *_, swept = part(read_records(RESULTS / "transfers"), part="sweep")
    *_, paid = part(read_records(RESULTS / "payoff"), part="run")
    page = (RESULTS / "transfers" / "README.md").read_text()
    known = swept.metrics["bank"]
    chosen, used = (paid.settings["run"][name] for name in ("table_sha256", "bank_hash"))
    if chosen == file_hash(RESULTS / "transfers" / "transfers.csv"):
        assert used == known["hash"]
    else:
        assert f"the table before this one, on the earlier task bank `{used}`" in README
    assert f"bank `{known['hash']}`" in page
    if "hash" not in manifest:  # the bank of the table still ships
        assert known["hash"] == by_hand(SHIPPED)
        last = [t["best_epoch"]["self"] == t["fit"]["epochs"] - 1 for t in manifest["tasks"]]
        assert known["best_last"] == sum(last)
        assert f"{sum(last)} of 25 had their best epoch last" in " ".join(page.split())


def test_results_of_a_sweep_name_its_own_bank_and_refuse_another(tmp_path):
    bank = bank_of(tmp_path / "bank")
    networks = network_hashes(bank)
    frame = pd.DataFrame(
        [("self", "edge2d", 0.5, 0.5), ("rgb2depth", "edge2d", 0.5, 0.5)],
        columns=["sources", "target", "affinity", "gain"],
    )
    transfer = {"pool": {}, "fit": {}, "preset": "tiny"}
    config = {"transfer": transfer, "bank": networks}
    config |= dict.fromkeys(("candidates", "readout", "screen", "max_order"), 1)
    sweep = FinishedSweep(tmp_path, Transfers(frame), config=config)
    for place in (None, bank):
        assert provenance(sweep, place)["bank"]["hash"] == bank_hash(networks)
    without = FinishedSweep(tmp_path, Transfers(frame))
    assert provenance(without, bank)["bank"]["hash"] == bank_hash(networks)
    assert "bank" not in provenance(without, None)
    (bank / "edge2d.safetensors").write_bytes(b"another")
    with pytest.raises(InvalidTableError, match=r"edge2d is not the network .* \(1 of 3 differ\)"):
        provenance(sweep, bank)


def test_facts_of_a_bank_say_how_its_trainings_ended():
    def task(last=None, best=2):
        record = {"images": {"train": 9}, "seconds": 3600, "fit": {"epochs": 3}}
        record["best_epoch"] = {"self": best}
        if last is not None:
            record["training"] = {"self": {"stopped": "patience", "last_epoch": last}}
        return record

    old = bank_facts({"tasks": [task(), task(best=1), {"task": "random"}]})
    assert (old["epochs"], old["patience"], old["best_last"], old["trained"]) == ([3], 0, 1, 2)
    new = bank_facts({"tasks": [task(last=5), task(last=2)]})
    assert (new["epochs"], new["patience"], new["best_last"]) == ([3, 6], 2, 1)
