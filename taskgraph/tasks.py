"""Names: tasks, the two reserved sources, and sets of sources written ``a+b``."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from typing import Literal, get_args

from taskgraph.errors import InvalidTableError, UnknownTaskError

SELF = "self"
"""Reserved source: the fully supervised, task-specific network of the target."""

SCRATCH = "scratch"
"""Reserved source: a network trained from scratch on the transfer data."""

RESERVED = frozenset({SELF, SCRATCH})

Role = Literal["target", "source-only", "target-only", "unused"]
ROLES: tuple[str, ...] = get_args(Role)


def parse_sources(text: str | Iterable[str]) -> tuple[str, ...]:
    """Split ``"b+a"`` (or take names as they are) into the sorted tuple ``("a", "b")``.

    Sources are a set: their order carries no meaning.

    Raises
    ------
    InvalidTableError
        If there is no name, an empty name, a repeated one, or a reserved one beside others.
    """
    names = text.split("+") if isinstance(text, str) else list(text)
    names = [name.strip() for name in names]
    if not all(names) or not names:
        raise InvalidTableError(
            f'the sources "{text}" hold an empty name; write names joined by "+", such as "a+b"'
        )
    if len(set(names)) < len(names):
        raise InvalidTableError(f'the sources "{text}" repeat a name; each source counts once')
    if len(names) > 1 and RESERVED & set(names):
        word = next(name for name in names if name in RESERVED)
        raise InvalidTableError(f'the reserved source "{word}" stands alone, not in "{text}"')
    return tuple(sorted(names))


def join_sources(names: Iterable[str]) -> str:
    """Write a set of sources as tables do: sorted and joined by ``+``."""
    return "+".join(sorted(names))


def require_known(names: Iterable[str], known: Collection[str], *, where: str) -> None:
    """Raise `UnknownTaskError`, suggesting near names, if a name is not among ``known``.

    ``where`` says where the name was given, such as ``--exclude``.
    """
    for name in names:
        if name in known:
            continue
        near = difflib.get_close_matches(name, list(known), n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {some_names(known)}"
        raise UnknownTaskError(f'{where}: the table has no task "{name}"; {hint}')


def some_names(names: Collection[str], most: int = 8) -> str:
    """The first names in the order of the alphabet, and how many more there are."""
    shown = sorted(names)[:most]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
