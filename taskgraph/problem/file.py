"""A problem as the content of a TOML file: read and written."""

from __future__ import annotations

from collections.abc import Mapping

from taskgraph.errors import InvalidProblemError
from taskgraph.problem import TASK_LISTS, TASK_WEIGHTS, Problem, check_flag
from taskgraph.tasks import ROLES

ROLE_OF_LIST = {"source_only": "source-only", "target_only": "target-only", "exclude": "unused"}
"""The role, in a problem file, of the tasks in a list of `Problem`."""

TOP_KEYS = {
    "budget",
    "max_order",
    "objective",
    "default_label_cost",
    "supervised_may_transfer",
    "tasks",
    *TASK_LISTS,
}


def problem_from_dict(content: Mapping[str, object]) -> Problem:
    """Return the problem of a TOML file: fields at the top, and ``[tasks.<name>]`` tables.

    The lists ``source_only``, ``target_only``, ``exclude`` and ``require`` may be at the top too,
    written with a dash or an underscore. A name is one task, even if it contains a ``+``.

    Raises
    ------
    InvalidProblemError
        If a key is unknown or a value has the wrong type; the message names its place.
    """
    content = {key.replace("-", "_"): value for key, value in content.items()}
    _check_keys(content, TOP_KEYS, "the problem file")
    tasks = content.get("tasks", {})
    if not isinstance(tasks, Mapping):
        raise InvalidProblemError("`tasks` is not a table; write [tasks.<name>] for each task")
    fields = {key: value for key, value in content.items() if key not in ("tasks", *TASK_LISTS)}
    lists = {attribute: _names(attribute, content.get(attribute, [])) for attribute in TASK_LISTS}
    weights: dict[str, dict[str, float]] = {attribute: {} for attribute in TASK_WEIGHTS}
    places = {(attribute, name): attribute for attribute in TASK_LISTS for name in lists[attribute]}
    for name, entry in tasks.items():
        for attribute in _lists_of_task(name, entry):
            lists[attribute].append(name)
            key = "required" if attribute == "require" else "role"
            places[attribute, name] = f"[tasks.{name}]: {key}"
        for attribute in TASK_WEIGHTS:
            if attribute in entry:
                weights[attribute][name] = entry[attribute]
                places[attribute, name] = f"[tasks.{name}]: {attribute}"
    return Problem(**fields, **lists, **weights, places=places)  # type: ignore[arg-type]


def problem_to_dict(problem: Problem) -> dict[str, object]:
    """Return the content that `problem_from_dict` reads back as the same problem."""
    tasks: dict[str, dict[str, object]] = {}
    for attribute, role in ROLE_OF_LIST.items():
        for name in getattr(problem, attribute):
            tasks.setdefault(name, {})["role"] = role
    for name in problem.require:
        tasks.setdefault(name, {})["required"] = True
    for attribute in TASK_WEIGHTS:
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


def _lists_of_task(name: str, entry: object) -> list[str]:
    """Check the table of one task, and return the lists of `Problem` in which the task belongs."""
    if not isinstance(entry, Mapping):
        raise InvalidProblemError(f"[tasks.{name}] is not a table; write [tasks.{name}]")
    _check_keys(entry, {"role", "required", *TASK_WEIGHTS}, f"[tasks.{name}]")
    role, required = entry.get("role", "target"), entry.get("required", False)
    if not isinstance(role, str) or role not in ROLES:
        raise InvalidProblemError(
            f'[tasks.{name}]: role is "{role}", expected one of {", ".join(ROLES)}'
        )
    check_flag(f"[tasks.{name}]: required", required)
    lists = [attribute for attribute, word in ROLE_OF_LIST.items() if role == word]
    return [*lists, "require"] if required else lists


def _names(key: str, value: object) -> list[str]:
    """Read a name or a list of names as a list."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidProblemError(
            f'{key} is {value}, expected the name of a task or a list of names, such as ["a", "b"]'
        )
    return list(names)


def _check_keys(content: Mapping[str, object], known: set[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise InvalidProblemError(
                f'{where} has the unknown key "{key}", expected one of {", ".join(sorted(known))}'
            )
