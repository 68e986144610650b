"""The hash of a bank, by which records name the encoders that they were measured with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from encoders.bank.pretrained import SUFFIX, network_file
from encoders.errors import InvalidDataError
from taskgraph.tables.formats import FilePath

HASH_DIGITS = 12
"""Number of hexadecimal digits of `bank_hash`."""


def network_hashes(bank: FilePath, names: Iterable[str] | None = None) -> dict[str, str]:
    """Return the SHA-256 of the files of a bank's networks, by the network's name.

    Parameters
    ----------
    bank : path
        Folder of ``NAME.safetensors``; nothing else is needed, so banks of every version are read.
    names : names of networks, optional
        By default all networks of the folder, the random encoder included.

    Raises
    ------
    InvalidDataError
        If the bank lacks one of the networks, or has none at all.
    """
    found = sorted(path.stem for path in Path(bank).glob("*" + SUFFIX))
    chosen = found if names is None else sorted(names)
    if not chosen:
        raise InvalidDataError(
            f"{bank} holds no trained network; train some with `taskgraph train --data DIR -o "
            f"{bank}`"
        )
    return {
        name: hashlib.sha256(network_file(bank, name).read_bytes()).hexdigest() for name in chosen
    }


def bank_hash(hashes: Mapping[str, str]) -> str:
    """Return the hash of some networks together: `HASH_DIGITS` digits of a SHA-256.

    It covers one line ``NAME SHA256`` for each network, sorted by name. So a sweep that uses all
    networks of a bank has the hash of the whole bank, and one that uses some of them another.

    Parameters
    ----------
    hashes : mapping of str
        As `network_hashes` returns them.
    """
    lines = "".join(f"{name} {hashes[name]}\n" for name in sorted(hashes))
    return hashlib.sha256(lines.encode()).hexdigest()[:HASH_DIGITS]
