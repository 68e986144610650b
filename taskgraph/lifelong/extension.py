"""An earlier taxonomy extended by new tasks: what changed, in numbers and in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskgraph.lifelong.joining import counted
from taskgraph.lifelong.newcomers import Newcomer
from taskgraph.tasks import SELF, join_sources, quoted
from taskgraph.taxonomy import Taxonomy
from taskgraph.taxonomy.file import EXTENSION


@dataclass(frozen=True)
class Extension:
    """An earlier taxonomy extended by new tasks.

    Attributes
    ----------
    taxonomy : Taxonomy
        The extended taxonomy. If it is solved, its ``budget`` and ``spent`` count everything, what
        was paid before included, so that it can be extended again.
    earlier : Taxonomy
        The taxonomy that was extended.
    restart : Taxonomy
        The optimum that may choose anew, with the same budget in all.
    newcomers : tuple of Newcomer
        The new tasks.
    sunk : bool
        Whether earlier labels and transfers stay and are free. Otherwise all is paid again, and
        ``taxonomy`` equals ``restart``.
    budget, spent : float
        What may be spent, and what is spent: from now on if ``sunk``, else in all.
    """

    taxonomy: Taxonomy
    earlier: Taxonomy
    restart: Taxonomy
    newcomers: tuple[Newcomer, ...]
    sunk: bool
    budget: float
    spent: float

    @property
    def stays(self) -> tuple[str, ...]:
        """Tasks that are supervised before and after, sorted."""
        return tuple(sorted({*self.earlier.supervised} & {*self.taxonomy.supervised}))

    @property
    def joins(self) -> tuple[str, ...]:
        """Tasks that are supervised from now on, sorted."""
        return tuple(sorted({*self.taxonomy.supervised} - {*self.earlier.supervised}))

    @property
    def drops(self) -> tuple[str, ...]:
        """Tasks that are no longer supervised, sorted; none if ``sunk``."""
        return tuple(sorted({*self.earlier.supervised} - {*self.taxonomy.supervised}))

    @property
    def unused(self) -> tuple[str, ...]:
        """Supervised tasks that solve no target: neither by their own network nor as a source."""
        used = {each.target for each in self.taxonomy.transfers if each.is_self}
        used |= {name for each in self.taxonomy.transfers for name in each.sources}
        return tuple(sorted({*self.taxonomy.supervised} - used))

    @property
    def changed(self) -> tuple[str, ...]:
        """Earlier targets that are solved in another way than before, sorted."""
        before = {each.target: each.sources for each in self.earlier.transfers}
        return tuple(
            each.target
            for each in self.taxonomy.transfers
            if before.get(each.target, each.sources) != each.sources
        )

    @property
    def regret(self) -> float | None:
        """Objective of ``restart`` minus that of ``taxonomy``, at least 0, in its unit.

        If ``restart`` is not proven to be the optimum, the regret is between this and
        `regret_bound`.
        """
        if self.restart.objective is None or self.taxonomy.objective is None:
            return None
        return max(0.0, self.restart.objective - self.taxonomy.objective)

    @property
    def regret_bound(self) -> float | None:
        """Proven bound of ``restart`` minus the objective of ``taxonomy``: the regret at most."""
        if self.restart.bound is None or self.taxonomy.objective is None:
            return None
        return max(0.0, self.restart.bound - self.taxonomy.objective)

    @property
    def ratio(self) -> float | None:
        """Objective of ``taxonomy`` divided by that of ``restart``, at most 1.

        None if the objective of ``restart`` is not above 0, as with ``log``.
        """
        if self.regret is None or not self.restart.objective or self.restart.objective < 0:
            return None
        return 1.0 - self.regret / self.restart.objective

    def to_frame(self) -> pd.DataFrame:
        """Return one row a target, as `Taxonomy.to_frame`, and what changed.

        Returns
        -------
        DataFrame
            The columns of `Taxonomy.to_frame`; ``before``, the sources of the earlier taxonomy
            (empty for a new target); and ``change``: ``same``, ``other`` or ``new``.
        """
        before = {each.target: join_sources(each.sources) for each in self.earlier.transfers}
        frame = self.taxonomy.to_frame()
        old = [before.get(target, "") for target in frame["target"]]
        words = [
            "new" if not was else "same" if was == now else "other"
            for was, now in zip(old, frame["sources"], strict=True)
        ]
        return frame.assign(before=old, change=words)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of the JSON: that of the taxonomy, and the key ``extension``.

        ``extension`` holds ``sunk, budget, spent, stays, joins, drops, unused, changed, regret,
        regret_bound, ratio, restart`` (a taxonomy) and ``newcomers``. `taskgraph.read_taxonomy`
        reads the file as a taxonomy.
        """
        content: dict[str, Any] = {"sunk": self.sunk, "budget": self.budget, "spent": self.spent}
        for name in ("stays", "joins", "drops", "unused", "changed"):
            content[name] = list(getattr(self, name))
        content |= {
            "regret": self.regret,
            "regret_bound": self.regret_bound,
            "ratio": self.ratio,
            "restart": self.restart.to_dict(),
            "newcomers": [each.to_dict() for each in self.newcomers],
        }
        return self.taxonomy.to_dict() | {EXTENSION: content}

    def to_json(self, *, indent: int | None = 1) -> str:
        """Return the JSON of ``taskgraph extend --json``."""
        return json.dumps(self.to_dict(), indent=indent, allow_nan=False)

    def __repr__(self) -> str:
        return "\n".join([*sentences(self), "", repr(self.taxonomy)])


def sentences(extension: Extension) -> list[str]:
    """Return the lines that say what stays, joins, drops and changes, and what it costs."""
    if not extension.taxonomy.solved:
        return [extension.taxonomy.headline()]
    return [
        _budget(extension),
        *_supervised(extension),
        *_transfers(extension),
        *(_newcomer(each) for each in extension.newcomers),
        _regret(extension),
    ]


def _budget(extension: Extension) -> str:
    names = [each.task for each in extension.newcomers]
    new = f"{counted(len(names), 'new task')}: {_listed(names)}" if names else "no new task"
    spent = f"spent {extension.spent:g} of budget {extension.budget:g}"
    if not extension.sunk:
        return f"{new}; {spent}, everything paid again"
    return f"{new}; {spent} from now on, after {extension.earlier.spent:g} before, which stays paid"


def _supervised(extension: Extension) -> list[str]:
    parts = [f"stays supervised: {_listed(extension.stays)}", f"joins: {_listed(extension.joins)}"]
    if extension.sunk:
        parts.append("drops: none, as labels that are paid stay")
    else:
        parts.append(f"drops: {_listed(extension.drops)}")
    lines = ["; ".join(parts)]
    if extension.unused:
        lines.append(
            f"supervised and used for no target: {_listed(extension.unused)} (the label is paid, "
            "and neither its own network nor a transfer from it is the best)"
        )
    return lines


def _transfers(extension: Extension) -> list[str]:
    before = {each.target: each.sources for each in extension.earlier.transfers}
    now = {each.target: each.sources for each in extension.taxonomy.transfers}
    known = [target for target in now if target in before]
    same = len(known) - len(extension.changed)
    lines = [
        f"of {counted(len(known), 'earlier target')}, {same} are solved as before, and "
        f"{len(extension.changed)} in another way"
    ]
    lines += [
        f"  {target}: {_ways(now[target])}, before {_ways(before[target])}"
        for target in extension.changed
    ]
    gone = [target for target in before if target not in now]
    if gone:
        lines.append(f"no longer a target: {_listed(gone)}")
    return lines


def _newcomer(newcomer: Newcomer) -> str:
    if not newcomer.sources:
        how = "is supervised as a source" if newcomer.supervised else "is not supervised, no target"
    elif newcomer.sources == (SELF,):
        how = "is supervised"
    else:
        also = " and is supervised as a source of others" if newcomer.supervised else ""
        how = f"is reached from {_ways(newcomer.sources)}{also}"
    return f"new {newcomer.task} {how}; {_label(newcomer)}"


def _label(newcomer: Newcomer) -> str:
    """Return what the label of a new task costs and adds."""
    if newcomer.label_cost is None:
        return "it cannot be supervised"
    cost = f"its label costs {newcomer.label_cost:g}"
    if not newcomer.proven:
        return f"{cost}; the time limit left no proof of what it adds to the objective"
    if newcomer.label_worth is None:
        return f"{cost}, and nothing solves all targets without it"
    word = "adds" if newcomer.supervised else "would add"
    per = newcomer.worth_per_cost
    rate = "" if per is None else f" ({per:.4g} per unit of cost)"
    return f"{cost} and {word} {newcomer.label_worth:.4g} to the objective{rate}"


def _regret(extension: Extension) -> str:
    restart = extension.restart
    if not extension.sunk:
        return "regret against starting over: 0, as everything was chosen anew"
    if restart.status != "optimal":
        return _unproven_regret(extension)
    share = "" if extension.ratio is None else f", ratio {extension.ratio:.4f}"
    return (
        f"regret against starting over with {restart.budget:g} in all: {extension.regret:.4g} of "
        f"{restart.objective:.4f}{share}; that would supervise {_listed(restart.supervised)}"
    )


def _unproven_regret(extension: Extension) -> str:
    """Return what is known about the regret where the optimum that chooses anew is not proven."""
    restart, most = extension.restart, extension.regret_bound
    if most is None:
        return f"regret against starting over: unknown ({restart.reason or 'the time was over'})"
    return (
        f"regret against starting over with {restart.budget:g} in all: between "
        f"{extension.regret or 0.0:.4g} and {most:.4g}, as the time limit came before its proof"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _ways(sources: Sequence[str]) -> str:
    """Return sources as ``a + b``, and its own network for ``self``."""
    if tuple(sources) == (SELF,):
        return "its own network"
    return " + ".join(map(quoted, sources))
