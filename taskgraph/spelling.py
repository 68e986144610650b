"""One name in two spellings, and a ``+`` that may be part of a name: found before it misleads."""

from __future__ import annotations

import logging
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation

from taskgraph.errors import InvalidTableError
from taskgraph.tasks import RESERVED, SELF, quoted

Place = Callable[[str], str]
"""Says where a name stands, such as "row 3"."""

logger = logging.getLogger("taskgraph")

WRITTEN_LIST = re.compile(r"""[\[({]\s*(['"]).*\1\s*,?\s*[\])}]""")
"""How Python and JSON write a list of names."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")


def check_spelling(names: Collection[str], place: Place) -> None:
    """Refuse two names that differ in case or number format only, and a misspelled reserved one.

    Parameters
    ----------
    names : all names of a table, normalized
    place : function of a name
        Where the name stands first, for the message.

    Raises
    ------
    InvalidTableError
        If there are such names; the message names both, their places and ``--exact-names``.
    """
    for name in sorted(names):
        if WRITTEN_LIST.fullmatch(name):
            raise InvalidTableError(
                f"{place(name)}: the name {name} looks like a list that was written as text; write "
                'names joined by "+", such as a+b, or take it for a name with --exact-names'
            )
        word = _meant(name)
        if word:
            raise InvalidTableError(
                f'{place(name)}: "{name}" is no reserved name; did you mean "{word}"? Write '
                f'"{word}", or take "{name}" for a task with --exact-names'
            )
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        spellings[spelling_key(name)].append(name)
    for alike in spellings.values():
        if len(alike) > 1:
            first, second = alike[:2]
            raise InvalidTableError(
                f'"{first}" ({place(first)}) and "{second}" ({place(second)}) differ only in '
                f"{_difference(first, second)}: write one task in one way, or take them for two "
                "tasks with --exact-names"
            )


def spelling_key(name: str) -> str:
    """What names that a person would take for one have in common: value of a number, or letters."""
    text = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if NUMBER.fullmatch(text):
        try:
            return f"number {Decimal(text).normalize() + 0}"
        except InvalidOperation:  # such as an exponent of a hundred digits
            return text
    return text


def check_joined(
    joined: Mapping[str, str],
    members: Mapping[str, tuple[str, ...]],
    targets: Collection[str],
    place: Place,
) -> None:
    """Say so where text such as ``moco+v2`` is read as two sources and may be one name.

    A part is no other task where it is no target and in no other set of sources. Such a part
    alone is no fault (a source may be measured in one set only), and is said as a notice. Where
    the whole is itself the name of a task of the table too, the text is refused.

    Parameters
    ----------
    joined : mapping of sets to their text, of those that were written with a bare ``+``
    members : mapping of all sets of the table to their names
    targets : names of the targets
    place : function of the text of a set

    Raises
    ------
    InvalidTableError
        If a part is no other task and the whole is one.
    """
    within = Counter(name for names in members.values() for name in names)
    rare = {name for name, count in within.items() if count == 1} - set(targets)
    if not rare and not any("+" in name for name in (*within, *targets)):
        return
    doubtful = []
    for known, text in joined.items():
        whole = "+".join(part.strip() for part in text.split("+"))
        strangers = [name for name in members[known] if name in rare]
        read = f'{place(text)}: "{whole}" is ' if whole in within or whole in targets else ""
        listed = " and ".join(f'"{name}"' for name in members[known])
        if read and strangers:
            raise InvalidTableError(
                f'{read}the set of the sources {listed}, and "{whole}" is also the name of a task '
                f'of this table, while "{strangers[0]}" is none; for the one task, '
                f"{how_to_quote(whole)}; for the set, add --exact-names"
            )
        if read:
            logger.warning(
                f'{read}read as the set of the sources {listed}, not as the task "{whole}"; for '
                f"the task, {how_to_quote(whole)}"
            )
        elif strangers:
            doubtful.append((text, whole, listed, strangers[0]))
    if doubtful:
        text, whole, listed, stranger = doubtful[0]
        more = f" (and so are {len(doubtful) - 1} more such texts)" if len(doubtful) > 1 else ""
        logger.warning(
            f'{place(text)}: "{whole}" is read as the set of the sources {listed}{more}, and '
            f'"{stranger}" is no other task of this table; if "{whole}" is the name of one task, '
            f"{how_to_quote(whole)}"
        )


def how_to_quote(text: str) -> str:
    """Advice: the ways to write a name that holds a ``+`` among sources."""
    name = quoted(text)
    field = '"' + name.replace('"', '""') + '"'
    return f"write it in double quotes, {name} (in a CSV file {field}), or in a list column"


def _difference(first: str, second: str) -> str:
    if spelling_key(first).startswith("number "):
        return "how a number is written"
    return "case" if first.casefold() == second.casefold() else "blanks, case or width of letters"


def _meant(name: str) -> str | None:
    """The reserved name that a name misspells: its case, outer marks or two letters swapped."""
    if name in RESERVED:
        return None
    text = unicodedata.normalize("NFKC", name).casefold()
    return _MISSPELLED.get(re.sub(r"^[\W_]+|[\W_]+$", "", text))


def _variants(word: str) -> Iterable[str]:
    for k in range(len(word)):
        yield word[:k] + word[k] + word[k:]  # a letter twice
        yield word[:k] + word[k : k + 2][::-1] + word[k + 2 :]  # two letters swapped
        if word != SELF:  # a letter too few; three letters alone are too short to tell
            yield word[:k] + word[k + 1 :]


_MISSPELLED = {variant: word for word in RESERVED for variant in [word, *_variants(word)]}
