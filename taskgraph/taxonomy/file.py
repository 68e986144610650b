"""A taxonomy from the content of its JSON file."""

from __future__ import annotations

import math
from typing import Any, get_args

from taskgraph.errors import InvalidTableError
from taskgraph.taxonomy import Status, Taxonomy, Transfer

EXTENSION = "extension"
"""Key under which ``taskgraph extend --json`` says what changed; it is no part of a taxonomy."""
ROBUST = "robust"
"""Key under which ``taskgraph solve --robust --json`` says what is proven about the regret."""


def taxonomy_from_dict(content: dict[str, Any]) -> Taxonomy:
    """Return the taxonomy that `Taxonomy.to_dict` or ``taskgraph extend --json`` wrote.

    Raises
    ------
    InvalidTableError
        If a value has the wrong type; the message names its place.
    """
    transfers = tuple(
        Transfer(**{**row, "sources": tuple(row["sources"])}) for row in content["transfers"]
    )
    derived = ("gap", "transfers", EXTENSION, ROBUST)
    fields = {key: value for key, value in content.items() if key not in derived}
    fields["supervised"] = tuple(content["supervised"])
    fields["objective_value"] = fields.pop("objective")
    taxonomy = Taxonomy(**fields, transfers=transfers)
    _check_values(taxonomy)
    return taxonomy


def _check_values(taxonomy: Taxonomy) -> None:
    """Raise `InvalidTableError` unless names are text and measurements are numbers or missing."""
    if taxonomy.status not in get_args(Status):
        expected = ", ".join(get_args(Status))
        raise InvalidTableError(f'status is "{taxonomy.status}", expected one of {expected}')
    if not taxonomy.solved and not isinstance(taxonomy.reason, str):
        raise InvalidTableError(f"reason is {taxonomy.reason}, expected a sentence in quotes")
    for name in taxonomy.supervised:
        _check_name("a supervised task", name)
    for name in ("budget", "spent", "max_order"):
        _check_number(name, getattr(taxonomy, name))
    for name in ("objective", "bound", "least_budget", "enough_budget"):
        _check_number(
            name, getattr(taxonomy, name), missing=not taxonomy.solved or name != "objective"
        )
    for transfer in taxonomy.transfers:
        _check_name("the target of a transfer", transfer.target)
        where = f'the transfer to "{transfer.target}"'
        for source in transfer.sources:
            _check_name(f"a source of {where}", source)
        for name in ("affinity", "gain", "quality", "closed", "low", "high"):
            _check_number(f"{name} of {where}", getattr(transfer, name), missing=True)


def _check_name(what: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidTableError(f"{what} is {value}, expected a name in quotes")


def _check_number(what: str, value: object, *, missing: bool = False) -> None:
    if value is None and missing:
        return
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value):  # type: ignore[arg-type]
        raise InvalidTableError(f"{what} is {value}, expected a finite number")
