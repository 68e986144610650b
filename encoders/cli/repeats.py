"""The flag of the seeds of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskgraph.cli.options import with_options

if TYPE_CHECKING:
    from encoders.transfer.repeats import SeedPlan

F = TypeVar("F", bound=Callable[..., Any])

ALL, SCRATCH_WORD = "all", "scratch"


class SeedCount(click.ParamType):  # type: ignore[type-arg]
    """A number of seeds of some transfers, as ``scratch=5`` or ``optima.csv=3``."""

    name = "WHAT=N"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, int]:
        """Split the text at its last equals sign, or fail with what was expected."""
        if isinstance(value, tuple):
            return value
        what, equals, number = value.rpartition("=")
        if not (equals and what.strip() and number.strip().isdecimal() and int(number) >= 1):
            self.fail(
                f"expected scratch=N, all=N or FILE=N with N of at least 1, not {value!r}",
                param,
                ctx,
            )
        return what.strip(), int(number)


def repeat_options(function: F) -> F:
    """Add ``--seeds``; `seed_plan_of` turns its values into the plan."""
    return with_options(
        click.option(
            "--seeds",
            type=SeedCount(),
            multiple=True,
            help="Number of seeds of the reference scratch (scratch=5), of the transfers that a "
            "file names (optima.csv=3, a table with target and sources or the JSON of `taskgraph "
            "solve`, `frontier` or `remeasure`), or of all transfers (all=2); by default 1. A "
            "finished sweep that is continued gets further seeds, and nothing is measured again.",
        ),
    )(function)


def seed_plan_of(flags: dict[str, Any]) -> SeedPlan:
    """Take ``seeds`` out of ``flags``, read the files that it names, and return the plan."""
    from encoders.transfer.repeats import SeedPlan
    from taskgraph.tables import read_transfer_names

    counts = {SCRATCH_WORD: 1, ALL: 1}
    named: dict[tuple[str, str], int] = {}
    for what, number in flags.pop("seeds"):
        if what in counts:
            counts[what] = max(number, counts[what])
        else:
            for transfer in read_transfer_names(what):
                named[transfer] = max(number, named.get(transfer, 1))
    return SeedPlan(counts[SCRATCH_WORD], counts[ALL], named)
