"""Load an object from a Python file of the user's; no file runs unless the user names it."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

from encoders.errors import InvalidDataError, UnknownNameError

MODULE = "taskgraph_user_file_"
"""Beginning of the name under which a user's file is imported; a hash of its path follows."""


def is_file_reference(text: str) -> bool:
    """Return whether a text has the form ``FILE.py:NAME``."""
    path, colon, name = text.rpartition(":")
    return bool(colon and name.isidentifier() and path.endswith(".py"))


def absolute_reference(text: str) -> str:
    """Return ``FILE.py:NAME`` with the absolute path, which means the same in every process."""
    path, _, name = text.rpartition(":")
    return f"{Path(path).expanduser().resolve()}:{name}"


def load_object(reference: str, kind: type, expected: str) -> Any:
    """Run a Python file and return the object of a name in it.

    A file runs once in a process, and again after it has changed. Its folder is appended to the
    places from which Python imports, so that it can import the files beside it.

    Parameters
    ----------
    reference : str
        ``FILE.py:NAME``.
    kind : type
        The type that the object must have.
    expected : str
        How to write such an object, for error messages.

    Raises
    ------
    InvalidDataError
        If the file is missing, raises an error, or the object is of another type.
    UnknownNameError
        If the file has no such name.
    """
    text, _, name = reference.rpartition(":")
    path = Path(text).expanduser().resolve()
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "there is no such file"
        raise InvalidDataError(f"{text}: {problem}; give FILE.py:NAME, such as my_file.py:{name}")
    status = path.stat()
    module = _run_file(path, status.st_mtime_ns, status.st_size)
    if not hasattr(module, name):
        own = [key for key, value in vars(module).items() if _is_own(module, key, value, kind)]
        listed = f"it has {', '.join(own)}" if own else f"it has no {kind.__name__} at all"
        raise UnknownNameError(f"{text} has no {name}; {listed}; expected {expected}")
    value = getattr(module, name)
    if not isinstance(value, kind):
        raise InvalidDataError(
            f"{text}: {name} is of the type {type(value).__name__}, expected {expected}"
        )
    return value


def user_place(error: BaseException, file: str | Path | None = None) -> str:
    """Return ``FILE, line N`` of the innermost line of a file that an error was raised in.

    ``file`` is that file; by default it is the innermost file of the traceback.
    """
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return f"{error.filename}, line {error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if file is None or frame.filename == str(file)]
    return f"{own[-1].filename}, line {own[-1].lineno}" if own else str(file or "")


def one_line(error: BaseException) -> str:
    """Return the type and the message of an error as one line."""
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {' '.join(str(message).split())}"


@functools.lru_cache(maxsize=64)
def _run_file(path: Path, _modified: int, _size: int) -> ModuleType:
    """Import a file as a separate module; the module is cached until the file changes."""
    name = MODULE + hashlib.sha256(str(path).encode()).hexdigest()[:16]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[name]
        if isinstance(error, KeyboardInterrupt):
            raise
        raise InvalidDataError(
            f"{user_place(error, path)}: {one_line(error)}; mend this line, or name another file"
        ) from error
    return module


def _is_own(module: ModuleType, key: str, value: Any, kind: type) -> bool:
    """Return whether an object of a module has a type and is not one of its imports."""
    if key.startswith("_") or not isinstance(value, kind):
        return False
    return getattr(value, "__module__", module.__name__) in (module.__name__, kind.__module__)
