"""The tables that are solved: the published ones, and generated ones; and their budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.results.machine import TASKONOMY
from benchmarks.speed.solver.instances import FAMILIES
from benchmarks.speed.solver.settings import Settings
from taskgraph.tables.taskonomy import read_taskonomy
from taskgraph.transfers import Transfers

PUBLISHED = {"taskonomy 1k": "1k", "taskonomy 16k": "16k"}


PUBLISHED_BUDGETS = (1, 3, 5, 8, 10, 15)


GENERATED = [
    ("latent", 100, 50, 1, (5, 10)),
    ("latent", 100, 50, 0, (20,)),
    ("latent", 100, 300, 0, (5, 20)),
    ("latent", 300, 300, 0, (30, 60)),
    ("flat", 100, 50, 0, (5,)),
    ("flat", 100, 50, 1, (5,)),
]
"""Family, tasks, transfers a target, seed, budgets; settings of the search were chosen on these."""


HELD_OUT = [
    ("latent", 100, 50, 2, (20,)),
    ("latent", 100, 300, 1, (5,)),
    ("flat", 100, 50, 3, (5,)),
]
"""Further ones, with seeds on which no setting of the search was chosen."""


SMALL = [("latent", 12, 12, 0, (3,)), ("flat", 12, 12, 0, (3,))]
"""The only ones that ``--small`` times."""


MAX_ORDER = 4


@dataclass(frozen=True)
class ProgramInstance:
    """A table whose programs are timed.

    Attributes
    ----------
    name : str
    make : function
        Returns the table; it is called when the table is needed.
    budgets : tuple of int
        One program each.
    seed : int or None
        Seed of a generated table.
    published : bool
        Whether it is one of the published tables.
    """

    name: str
    make: Callable[[], Transfers]
    budgets: tuple[int, ...]
    seed: int | None = None
    published: bool = False

    @property
    def problem(self) -> dict[str, Any]:
        """Return the settings of the program other than its budget."""
        return {
            "max_order": MAX_ORDER,
            "objective": "sqrt" if self.published else "linear",
            "exclude": ["class_selected"] if self.published else [],
        }


def instances(settings: Settings) -> Iterator[ProgramInstance]:
    """Yield the published tables, if their folder exists, and the generated ones."""
    folder = Path(settings.taskonomy or TASKONOMY)
    for name, size in {} if settings.small else PUBLISHED.items():
        if folder.is_dir():
            make = partial(read_taskonomy, folder, size=size)
            yield ProgramInstance(name, make, PUBLISHED_BUDGETS, published=True)
        else:
            print(f"{name} is skipped: there is no folder {folder.name}; give it by --taskonomy")
    for family, tasks, transfers, seed, budgets in (
        SMALL if settings.small else [*GENERATED, *HELD_OUT]
    ):
        held_out = (family, tasks, transfers, seed, budgets) in HELD_OUT
        name = f"{family} {tasks} x {transfers} ({seed}{', held out' if held_out else ''})"
        yield ProgramInstance(
            name, partial(FAMILIES[family], tasks, transfers, seed), budgets, seed
        )
