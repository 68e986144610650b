"""The bank that an evaluation used, by its hash, in the settings of a record and on a page."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results.machine import RESULTS
from benchmarks.results.record import Record, read_records

PREFIX = "bank:"
"""How a setting names a network of the library's bank: ``bank:TASK``."""
HASH = "bank_hash"
NAMES = (HASH, "bank")
"""Settings that name the bank, of which one is enough."""


@functools.cache
def hash_of_bank(folder: Path) -> str:
    """Return the hash of a bank, as `encoders.bank.identity` defines it; it is read once."""
    from encoders.bank.identity import bank_hash, network_hashes

    return bank_hash(network_hashes(folder))


@functools.cache
def shipped_bank_hash() -> str:
    """Return the hash of the library's bank."""
    from encoders.bank.pretrained import default_bank

    return hash_of_bank(default_bank())


def shipped_table_bank() -> str | None:
    """Return the hash of the bank that the shipped table of transfers was measured with.

    It is that of the newest sweep in ``results/transfers``; None where its records do not say.
    """
    known = read_records(RESULTS / "transfers")
    swept = [each for each in known if each.settings.get("part") == "sweep"]
    bank = swept[-1].metrics.get("bank") if swept else None
    return (bank or {}).get("hash")


def with_bank(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the hash of the library's bank, where they name a network of it.

    So an evaluation is made again when the bank is another one. Settings that have one of `NAMES`
    are returned as they are.
    """
    if not set(NAMES) & set(settings) and any(map(_names_a_network, settings.values())):
        return {**settings, HASH: shipped_bank_hash()}
    return dict(settings)


def bank_named(network: str, bank: str | None) -> dict[str, str]:
    """Return the hash of a bank in another folder, for settings with a network ``bank:TASK`` of it.

    It is empty for other networks, and without a folder: then `with_bank` adds the library's.
    """
    if bank is None or not network.startswith(PREFIX):
        return {}
    return {HASH: hash_of_bank(Path(bank))}


def _names_a_network(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_names_a_network, value))
    return isinstance(value, str) and value.startswith(PREFIX)


def of_newest_bank(records: Sequence[Record]) -> list[Record]:
    """Return the records without those of another bank than that of the newest record with one."""
    newest = next((r.settings[HASH] for r in reversed(records) if HASH in r.settings), None)
    return [each for each in records if each.settings.get(HASH, newest) == newest]


def bank_footnote(records: Sequence[Record], page: str) -> str:
    """Return a sentence on the banks that records name and a page does not; "" without any."""
    used = {each.settings[name] for each in records for name in NAMES if name in each.settings}
    hashes = sorted(each for each in used if isinstance(each, str) and _is_hash(each))
    missing = [f"`{each}`" for each in hashes if each not in page]
    if not missing:
        return ""
    if len(missing) == 1:
        return f"\nThe task bank on this page has the hash {missing[0]}.\n"
    return f"\nThe task banks on this page have the hashes {', '.join(missing)}.\n"


def _is_hash(text: str) -> bool:
    return len(text) == 12 and set(text) <= set("0123456789abcdef")
