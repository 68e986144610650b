"""Problems as the content of a TOML file: read and written back."""

from __future__ import annotations

from collections.abc import Mapping

from taskgraph.errors import InvalidProblemError
from taskgraph.problem import Problem, check_flag
from taskgraph.tasks import ROLES

ROLE_WORDS = {"source_only": "source-only", "target_only": "target-only", "exclude": "unused"}
"""Fields of `Problem` that list tasks of a role, and the word of the role in a problem file."""

LISTS = (*ROLE_WORDS, "require")
"""Fields of `Problem` that list tasks; a problem file may name them at its top too."""


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
        check_flag(f"[tasks.{name}]: required", needed)
        if needed:
            required.append(name)
        for key, column in weights.items():
            if key in entry:
                column[name] = entry[key]
    return Problem(**settings, **lists, require=tuple(required), **weights)  # type: ignore[arg-type]


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


def _listed(key: str, value: object) -> list[str]:
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
