"""The tables that are solved: the published ones, and generated ones; and their budgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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


FIRST_SEED = 1000
"""Tables are generated with this seed and the next ones. Settings of the search were chosen on
seeds 0 to 4."""


GENERATED = [
    ("latent", 100, 50, (5, 20)),
    ("flat", 100, 50, (5,)),
    ("gains", 27, 1400, (6, 10, 14)),
    ("latent", 100, 300, (5, 20)),
    ("latent", 300, 300, (30, 60)),
    ("latent", 1000, 200, (100,)),
]
"""Family, tasks, transfers a target, budgets."""


GRADED = [("graded", 40, 15, (8, 13)), ("graded", 25, 24, (5, 8))]
"""Tables of two grades, which the ablation has as well."""


SMALL = [("latent", 12, 12, (3,)), ("flat", 12, 12, (3,)), ("gains", 8, 12, (3,))]
"""The only ones that ``--small`` times."""


MAX_ORDER = {"gains": 26}
"""Most sources of a transfer where it is not 4, by family."""


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
    max_order : int
    size : int
        Number of transfers of a generated table; 0 for a published one.
    """

    name: str
    make: Callable[[], Transfers]
    budgets: tuple[int, ...]
    seed: int | None = None
    published: bool = False
    max_order: int = 4
    size: int = 0

    @property
    def problem(self) -> dict[str, Any]:
        """Return the settings of the program other than its budget."""
        return {
            "max_order": self.max_order,
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
    yield from generated(SMALL if settings.small else GENERATED, settings.seeds)


def generated(
    kinds: Sequence[tuple[str, int, int, tuple[int, ...]]], seeds: int
) -> Iterator[ProgramInstance]:
    """Yield generated tables: family, tasks, transfers a target and budgets of each."""
    for family, tasks, transfers, budgets in kinds:
        for seed in range(FIRST_SEED, FIRST_SEED + seeds):
            name = f"{family} {tasks} x {transfers} ({seed})"
            make = partial(FAMILIES[family], tasks, transfers, seed)
            order = MAX_ORDER.get(family, 4)
            yield ProgramInstance(
                name, make, budgets, seed, max_order=order, size=tasks * transfers
            )
