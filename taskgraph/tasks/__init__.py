"""Names of tasks: normalization, reserved names, and sets of sources written as ``a+b``."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Collection, Iterable
from typing import Literal, get_args

from taskgraph.errors import InvalidTableError, UnknownTaskError
from taskgraph.tasks.aliases import near_names

SELF = "self"
"""Reserved source: the fully supervised, task-specific network of the target."""

SCRATCH = "scratch"
"""Reserved source: a network trained from scratch on the transfer data."""

AVERAGE = "average"
"""Reserved source: the best constant answer, which does not depend on the image."""

REFERENCES = frozenset({SCRATCH, AVERAGE})
"""Reserved sources with which candidates are compared; they are no candidates themselves."""

RESERVED = frozenset({SELF, *REFERENCES})

Role = Literal["target", "source-only", "target-only", "unused"]
ROLES: tuple[str, ...] = get_args(Role)

INVISIBLE = dict.fromkeys(
    [0x00AD, 0x180E, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]
)
"""Characters without width (soft hyphen, joiners, direction marks, byte order mark). They are
removed from names, as a reader cannot see them."""

QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*')


def normalized(text: str) -> str:
    """Return a name in the form that is compared: NFC, no invisible characters or outer blanks."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(INVISIBLE))
    return text.strip()


def task_name(text: str) -> str:
    """Return the name of one task in a field, a flag or a problem file, without its quotes.

    A ``+`` is part of the name. The name may be in double quotes, as `quoted` writes it.

    Raises
    ------
    InvalidTableError
        If the name begins with a double quote that does not enclose the whole name.
    """
    text = normalized(text)
    if not text.startswith('"'):
        return text
    match = QUOTED.fullmatch(text)
    return _check_quote(_unquoted(match) if match else text)


def quoted(name: str) -> str:
    """Return a name as an element of a set of sources: quoted if it contains ``+`` or a quote."""
    if "+" not in name and '"' not in name:
        return name
    return '"' + name.replace('"', '""') + '"'


def quoted_in_list(text: str) -> str:
    """Return a name or a set of sources as an item of a list: quoted if it contains a comma."""
    if "," not in text or (text.startswith('"') and text.endswith('"')):
        return text
    return '"' + text.replace('"', '""') + '"'


def shell_list(names: Iterable[str]) -> str:
    """Return names as one argument of a command line, separated by commas and quoted if needed."""
    return shlex.quote(",".join(quoted_in_list(name) for name in names))


def split_list(text: str) -> list[str]:
    """Split a list at the commas outside of double quotes; the quotes are kept."""
    if text.count('"') % 2:
        return text.split(",")
    return re.split(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', text)


def task_names(text: str) -> tuple[str, ...]:
    """Return the tasks of a list such as ``a,b``; a name with a comma is in double quotes.

    Raises
    ------
    InvalidTableError
        As for `task_name`.
    """
    return tuple(task_name(part) for part in split_list(text) if part.strip())


def parse_sources(text: str | Iterable[str | None]) -> tuple[str, ...]:
    """Return the sorted tuple of sources of ``"b+a"`` or of a sequence of names.

    Sources are a set: their order has no meaning. In text, a name that contains a ``+`` is in
    double quotes: ``"moco+v2"+depth``. A list of names needs no quotes.

    Raises
    ------
    InvalidTableError
        If there is no name, an empty name, a repeated one, or a reserved one among others, or if a
        quote is not closed.
    """
    if isinstance(text, str):
        names = split_quoted(normalized(text), "+")
    else:
        text = _texts(text)
        names = [normalized(name or "") for name in text]
    if not names:
        raise InvalidTableError("the sources are an empty list, expected at least one name")
    if not all(names):
        raise InvalidTableError(
            f'the sources "{text}" hold an empty name; write names joined by "+", such as "a+b"'
        )
    if any(name[0] == '"' for name in names):
        _check_quote(next(name for name in names if name[0] == '"'))
    if len(set(names)) < len(names):
        raise InvalidTableError(f'the sources "{text}" repeat a name; each source counts once')
    if len(names) > 1 and RESERVED & set(names):
        word = next(name for name in names if name in RESERVED)
        raise InvalidTableError(f'the reserved source "{word}" stands alone, not in "{text}"')
    return tuple(sorted(names))


def join_sources(names: Iterable[str]) -> str:
    """Write a set of sources as tables do: sorted, joined by ``+``, and quoted where needed."""
    return "+".join(map(quoted, sorted(names)))


def split_sources(text: str) -> tuple[str, ...]:
    """Return the names of a set that `join_sources` wrote, without checks."""
    return tuple(split_quoted(text, "+") if '"' in text else text.split("+"))


def split_quoted(text: str, mark: str) -> list[str]:
    """Split text at a mark outside of double quotes, and remove the quotes.

    Raises
    ------
    InvalidTableError
        If a part begins with a quote that does not end it.
    """
    if '"' not in text:
        return [part.strip() for part in text.split(mark)]
    names, place = [], 0
    while place <= len(text):
        match = QUOTED.match(text, place)
        if match and text[match.end() : match.end() + 1] in ("", mark):
            names.append(normalized(_unquoted(match)))
            place = match.end() + 1
            continue
        end = text.find(mark, place)
        part = text[place : end if end >= 0 else len(text)].strip()
        if part.startswith('"'):
            raise InvalidTableError(
                f"in {text} a double quote opens a name and none closes it; quote a whole name, "
                f'as in "moco+v2"{mark}depth, and write a quote within it twice'
            )
        names.append(part)
        place += len(text[place : end if end >= 0 else len(text)]) + 1
    return names


def require_known(
    names: Iterable[str],
    known: Collection[str],
    *,
    where: str,
    given: Collection[str] = (),
    role: str = "task",
) -> None:
    """Raise `UnknownTaskError`, which suggests similar names, if a name is not among ``known``.

    Parameters
    ----------
    where : str
        The flag or key that gave the names, such as ``--exclude``.
    given : collection of str
        All names that were given there, if ``names`` are some of them.
    role : str
        What the names are names of, for the message: ``task`` or ``target``.
    """
    names = list(names)
    for name in names:
        if name in known:
            continue
        task = _split_task(name, given or names, known)
        if task is not None:
            raise UnknownTaskError(
                f'{where}: the table has no {role} "{name}"; the name "{task}" holds a comma: '
                f"write it in double quotes within single ones, as in {where} '\"{task}\"'"
            )
        near = near_names(name, known)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {some_names(known)}"
        raise UnknownTaskError(f'{where}: the table has no {role} "{name}"; {hint}')


def _split_task(name: str, names: Collection[str], known: Collection[str]) -> str | None:
    """Return the known task that was split at its commas into ``name`` and others, or None."""
    for task in known:
        pieces = [piece.strip() for piece in task.split(",")]
        if len(pieces) > 1 and name in pieces and set(pieces) <= {*names, *known}:
            return task
    return None


def _unquoted(match: re.Match[str]) -> str:
    return match.group(1).replace('""', '"').strip()


def _check_quote(name: str) -> str:
    """Return a name; raise `InvalidTableError` if it begins with a double quote."""
    if name.startswith('"'):
        raise InvalidTableError(
            f"the name {name} begins with a double quote, which is kept for names that hold a "
            '"+", as in "moco+v2"; rename the task'
        )
    return name


def _texts(names: Iterable[str | None]) -> list[str | None]:
    """Return the names as a list; raise `InvalidTableError` if one is not text."""
    texts = list(names)
    for name in texts:
        if name is not None and not isinstance(name, str):
            raise InvalidTableError(
                f"the sources {texts} hold a {type(name).__name__}, expected names"
            )
    return texts


def some_names(names: Collection[str], most: int = 8) -> str:
    """Return the first names in alphabetical order, and the number of others."""
    shown = sorted(names)[:most]
    more = len(names) - len(shown)
    return ", ".join(quoted_in_list(name) for name in shown) + (
        f" and {more} more" if more > 0 else ""
    )
