"""A hash of what a task computes, by which a run notices that a task of one's own has changed."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from types import CodeType, FunctionType
from typing import Any

from encoders.tasks.task import Task
from encoders.tasks.user_files import MODULE

DIGITS = 16
"""Number of hexadecimal digits of a hash."""

PLAIN = (str, bytes, int, float, complex, bool, type(None))


def definition_hash(task: Task) -> str:
    """Return a hash of a task's fields and of the code of its functions.

    The code of a function is its source text, that of the functions of the same module that it
    calls, and the plain values of the module's names that it uses. What it reads from files, and
    the code of other modules, are not part of it.
    """
    parts = (f"{f.name}={_text(getattr(task, f.name))}" for f in fields(task) if f.compare)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:DIGITS]


def function_hash(function: Callable[..., Any]) -> str:
    """Return a hash of a function's code, as `definition_hash` describes it."""
    return hashlib.sha256(_text(function).encode()).hexdigest()[:DIGITS]


def _text(value: Any) -> str:
    """Return a text that is equal for equal values in every process."""
    if isinstance(value, functools.partial):
        bound = [*map(_text, value.args), *(f"{k}={_text(v)}" for k, v in value.keywords.items())]
        return f"partial({_text(value.func)}, {', '.join(bound)})"
    if isinstance(value, FunctionType):
        return "\n".join(_sources(value, set()))
    if is_dataclass(value) and not isinstance(value, type):
        return str({f.name: _text(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, tuple | list):
        return f"({', '.join(map(_text, value))})"
    if isinstance(value, PLAIN):
        return repr(value)
    return getattr(value, "__qualname__", type(value).__qualname__)


def _sources(function: FunctionType, known: set[str]) -> Iterator[str]:
    """Yield the source of a function and what it uses of its module; each function once."""
    module = function.__module__
    yield "" if module.startswith((MODULE, "__")) else module  # scripts are __main__ or __mp_main__
    yield function.__qualname__
    known.add(function.__qualname__)
    try:
        yield inspect.getsource(function)
    except (OSError, TypeError):  # typed at a prompt
        yield function.__code__.co_code.hex()
    for name in sorted(_names(function.__code__)):
        used = function.__globals__.get(name)
        if isinstance(used, FunctionType) and used.__module__ == module:
            if used.__qualname__ not in known:
                yield from _sources(used, known)
        elif name in function.__globals__ and isinstance(used, (*PLAIN, tuple, list)):
            yield f"{name}={_text(used)}"


def _names(code: CodeType) -> set[str]:
    """Return the global names that a function uses, functions within it included."""
    inner = [const for const in code.co_consts if isinstance(const, CodeType)]
    return set(code.co_names).union(*map(_names, inner))
