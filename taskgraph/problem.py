"""What the user wants: budget, roles, costs, importances and the objective."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from numbers import Integral
from typing import TypedDict

import numpy as np

from taskgraph.aliases import name_in
from taskgraph.arrays import Floats
from taskgraph.errors import InvalidProblemError, InvalidTableError, UnknownTaskError
from taskgraph.spelling import how_to_quote
from taskgraph.tasks import ROLES, join_sources, require_known, task_name
from taskgraph.transfers import Transfers

LOG_FLOOR = 1e-5


@dataclass(frozen=True)
class Objective:
    """How a measured column becomes the value of an edge, before importance."""

    column: str
    transform: Callable[[Floats], Floats]


def _identity(values: Floats) -> Floats:
    return values


def _floored_log(values: Floats) -> Floats:
    return np.log(np.maximum(values, LOG_FLOOR))


OBJECTIVES: dict[str, Objective] = {
    "sqrt": Objective("affinity", np.sqrt),
    "linear": Objective("affinity", _identity),
    "log": Objective("affinity", _floored_log),
    "gain": Objective("gain", _identity),
    "quality": Objective("quality", _identity),
}
"""``sqrt`` of the affinity is the default: with it the published tables reproduce every cell of
the paper's Fig. 9; the plain sum that the paper prints (``linear``) does not. ``log`` takes the
logarithm of affinities raised to at least 1e-5. ``gain`` and ``quality`` are the win rates."""


ROLE_WORDS = {"source_only": "source-only", "target_only": "target-only", "exclude": "unused"}
"""Fields of `Problem` that list tasks of a role, and the word of the role in a problem file."""


LISTS = (*ROLE_WORDS, "require")
"""Fields of `Problem` that list tasks; a problem file may name them at its top too."""


class Settings(TypedDict, total=False):
    """The fields of `Problem` as keyword arguments of `solve` and its kin."""

    budget: float
    max_order: int
    objective: str
    source_only: Iterable[str]
    target_only: Iterable[str]
    exclude: Iterable[str]
    require: Iterable[str]
    importance: Mapping[str, float]
    label_cost: Mapping[str, float]
    transfer_cost: Mapping[str, float]
    default_label_cost: float | None
    supervised_may_transfer: bool


@dataclass(frozen=True)
class Problem:
    """A supervision budget and everything that weighs on how to spend it.

    Parameters
    ----------
    budget : float
        Most that may be spent on label costs and transfer costs together; at least 0.
    max_order : int
        Most sources that one transfer may have; at least 1.
    objective : str
        A key of `OBJECTIVES`: ``sqrt``, ``linear``, ``log``, ``gain`` or ``quality``.
    source_only, target_only, exclude : names
        Tasks that need not be solved; that cannot be supervised; that are left out altogether.
        A task that the table has no transfer to is source-only by itself.
    require : names
        Tasks that must be supervised.
    importance : mapping of names to floats, at least 0, default 1
        Weight of a target in the objective.
    label_cost, transfer_cost : mappings of names to floats, at least 0, default 1 and 0
        What supervising a task costs; what training a transfer to a target costs.
    default_label_cost : float, at least 0, optional
        What supervising a task costs that is not in ``label_cost``; 1 if not given.
    supervised_may_transfer : bool
        Let a supervised target keep a transfer that is better than its own network.

    Raises
    ------
    InvalidProblemError
        If a value is out of range or two roles of one task contradict each other.
    """

    budget: float = 6.0
    max_order: int = 5
    objective: str = "sqrt"
    source_only: tuple[str, ...] = ()
    target_only: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    importance: Mapping[str, float] = field(default_factory=dict)
    label_cost: Mapping[str, float] = field(default_factory=dict)
    transfer_cost: Mapping[str, float] = field(default_factory=dict)
    default_label_cost: float | None = None
    supervised_may_transfer: bool = False

    def __post_init__(self) -> None:
        for name in ("source_only", "target_only", "exclude", "require"):
            names = getattr(self, name)
            names = (names,) if isinstance(names, str) else names
            object.__setattr__(self, name, tuple(dict.fromkeys(map(_task, names))))
        object.__setattr__(self, "budget", _at_least_zero("budget", self.budget))
        whole = isinstance(self.max_order, Integral) and not isinstance(self.max_order, bool)
        if not whole or self.max_order < 1:
            raise InvalidProblemError(
                f"max_order is {self.max_order}, expected a whole number of at least 1"
            )
        if not isinstance(self.objective, str) or self.objective not in OBJECTIVES:
            raise InvalidProblemError(
                f'the objective is "{self.objective}", expected one of {", ".join(OBJECTIVES)}'
            )
        for name in ("importance", "label_cost", "transfer_cost"):
            weights = {
                _task(task): _at_least_zero(f'{name} of "{task}"', value)
                for task, value in getattr(self, name).items()
            }
            if len(weights) < len(getattr(self, name)):
                raise InvalidProblemError(f"{name} names a task twice: {getattr(self, name)}")
            object.__setattr__(self, name, weights)
        if self.default_label_cost is not None:
            default = _at_least_zero("default_label_cost", self.default_label_cost)
            object.__setattr__(self, "default_label_cost", default)
        _check_flag("supervised_may_transfer", self.supervised_may_transfer)
        self._check_roles()

    def _check_roles(self) -> None:
        roles = {"source_only": "source-only", "target_only": "target-only", "exclude": "excluded"}
        seen: dict[str, str] = {}
        for attribute, word in roles.items():
            for task in getattr(self, attribute):
                if seen.setdefault(task, word) != word:
                    raise InvalidProblemError(
                        f'"{task}" is both {seen[task]} and {word}; a task has one role'
                    )
        for task in self.require:
            if seen.get(task) in ("target-only", "excluded"):
                raise InvalidProblemError(
                    f'"{task}" is required to be supervised, yet it is {seen[task]}'
                )

    def named_as_in(self, transfers: Transfers) -> Problem:
        """The same problem with the table's own names, such as rgb2sfnorm for normals.

        Of several weights of one task, the last one stays. Names of no task stay as they are;
        `check_names` refuses them.
        """
        tasks = frozenset(transfers.tasks)
        lists = {
            attribute: tuple(name_in(name, tasks) for name in getattr(self, attribute))
            for attribute in ("source_only", "target_only", "exclude", "require")
        }
        weights = {
            attribute: {name_in(name, tasks): w for name, w in getattr(self, attribute).items()}
            for attribute in ("importance", "label_cost", "transfer_cost")
        }
        return replace(self, **lists, **weights)  # type: ignore[arg-type]

    def label_cost_of(self, task: str) -> float:
        """What supervising a task costs."""
        default = 1.0 if self.default_label_cost is None else self.default_label_cost
        return self.label_cost.get(task, default)

    def supervisable(self, transfers: Transfers) -> tuple[str, ...]:
        """Tasks of a table that may be supervised, sorted."""
        barred = {*self.exclude, *self.target_only}
        return tuple(task for task in transfers.tasks if task not in barred)

    def check_names(self, transfers: Transfers) -> None:
        """Raise `UnknownTaskError` if a name is not in the table, saying where it was given."""
        names = ("source_only", "target_only", "exclude", "require")
        for attribute in (*names, "importance", "label_cost", "transfer_cost"):
            where = f"--{attribute.replace('_', '-')}"
            for name in getattr(self, attribute):
                _check_joined(name, transfers, where)
            require_known(getattr(self, attribute), transfers.tasks, where=where)


def _check_joined(name: str, transfers: Transfers, where: str) -> None:
    """Refuse the name of a task that the table has only as a set of sources joined by ``+``."""
    parts = [part.strip() for part in name.split("+")]
    if len(parts) < 2 or name in transfers.tasks:
        return
    if (transfers.frame["sources"] == join_sources(parts)).any():
        raise UnknownTaskError(
            f'{where}: "{name}" is no task of the table, which holds it as the set of the sources '
            f"{' and '.join(parts)}; if it is one task, in the table {how_to_quote(name)}"
        )


def _task(name: str) -> str:
    """The name as tables have it: normalized, and without quotes around it."""
    if not isinstance(name, str):
        raise InvalidProblemError(f"a task is named {name!r}, expected text")
    try:
        return task_name(name)
    except InvalidTableError as error:
        raise InvalidProblemError(str(error)) from None


def make_problem(
    problem: Problem | None, settings: Settings, transfers: Transfers | None = None
) -> Problem:
    """Start from ``problem``, or from the defaults, and let ``settings`` override its fields.

    With ``transfers``, tasks get the names that they have there (`Problem.named_as_in`).
    """
    made = replace(problem, **settings) if problem else Problem(**settings)  # type: ignore[arg-type]
    return made.named_as_in(transfers) if isinstance(transfers, Transfers) else made


def problem_from_dict(content: Mapping[str, object]) -> Problem:
    """Read the content of a problem TOML: top-level settings and ``[tasks.<name>]`` tables.

    The lists ``source_only``, ``target_only``, ``exclude`` and ``require`` may stand at the top,
    with a dash or an underscore. A name is one task, also where it holds a ``+``.

    Raises
    ------
    InvalidProblemError
        If a key is unknown or a value has the wrong type; the message names its place.
    """
    content = {key.replace("-", "_"): value for key, value in content.items()}
    top = {
        "budget",
        "max_order",
        "objective",
        "default_label_cost",
        "supervised_may_transfer",
        "tasks",
        *LISTS,
    }
    _check_keys(content, top, "the problem file")
    tasks = content.get("tasks", {})
    if not isinstance(tasks, Mapping):
        raise InvalidProblemError("`tasks` is not a table; write [tasks.<name>] for each task")
    settings = {key: value for key, value in content.items() if key not in ("tasks", *LISTS)}
    lists = {attribute: _listed(attribute, content.get(attribute, [])) for attribute in LISTS}
    required = lists.pop("require")
    weights: dict[str, dict[str, float]] = {"importance": {}, "label_cost": {}, "transfer_cost": {}}
    for name, entry in tasks.items():
        if not isinstance(entry, Mapping):
            raise InvalidProblemError(f"[tasks.{name}] is not a table; write [tasks.{name}]")
        _check_keys(entry, {"role", "required", *weights}, f"[tasks.{name}]")
        role = entry.get("role", "target")
        if not isinstance(role, str) or role not in ROLES:
            raise InvalidProblemError(
                f'[tasks.{name}]: role is "{role}", expected one of {", ".join(ROLES)}'
            )
        for attribute, word in ROLE_WORDS.items():
            if role == word:
                lists[attribute].append(name)
        needed = entry.get("required", False)
        _check_flag(f"[tasks.{name}]: required", needed)
        if needed:
            required.append(name)
        for key, column in weights.items():
            if key in entry:
                column[name] = entry[key]
    return Problem(**settings, **lists, require=tuple(required), **weights)  # type: ignore[arg-type]


def _listed(key: str, value: object) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidProblemError(
            f'{key} is {value}, expected the name of a task or a list of names, such as ["a", "b"]'
        )
    return list(names)


def problem_to_dict(problem: Problem) -> dict[str, object]:
    """What `problem_from_dict` reads back as the same problem, without tasks that say nothing."""
    tasks: dict[str, dict[str, object]] = {}
    for attribute, role in ROLE_WORDS.items():
        for name in getattr(problem, attribute):
            tasks.setdefault(name, {})["role"] = role
    for name in problem.require:
        tasks.setdefault(name, {})["required"] = True
    for attribute in ("importance", "label_cost", "transfer_cost"):
        for name, weight in getattr(problem, attribute).items():
            tasks.setdefault(name, {})[attribute] = weight
    content: dict[str, object] = {
        "budget": problem.budget,
        "max_order": int(problem.max_order),
        "objective": problem.objective,
        "supervised_may_transfer": problem.supervised_may_transfer,
    }
    if problem.default_label_cost is not None:
        content["default_label_cost"] = problem.default_label_cost
    return content | ({"tasks": {name: tasks[name] for name in sorted(tasks)}} if tasks else {})


def _check_keys(content: Mapping[str, object], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise InvalidProblemError(
                f'{where} has the unknown key "{key}", expected one of {", ".join(sorted(known))}'
            )


def _check_flag(name: str, value: object) -> None:
    """Refuse text such as "no", which Python would take for true."""
    if not isinstance(value, bool):
        raise InvalidProblemError(f'{name} is "{value}", expected true or false')


def _at_least_zero(name: str, value: object) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if isinstance(value, bool | str) or not math.isfinite(number) or number < 0:
        raise InvalidProblemError(f"{name} is {value}, expected a finite number of at least 0")
    return number
