"""Checks of names: two spellings of one name, and a ``+`` that may be part of a name."""

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
"""Returns where a name is, such as "row 3"."""

logger = logging.getLogger("taskgraph")

WRITTEN_LIST = re.compile(r"""[\[({]\s*(['"]).*\1\s*,?\s*[\])}]""")
"""How Python and JSON write a list of names."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?")


def check_spelling(names: Collection[str], place: Place) -> None:
    """Raise if two names differ only in case or number format, or one misspells a reserved name.

    Parameters
    ----------
    names : all names of a table, normalized
    place : function of a name
        Returns where the name is first, for the message.

    Raises
    ------
    InvalidTableError
        The message has both names, where they are, and ``--exact-names``.
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
    """Return a key that is equal for names that a person would take for one name."""
    text = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    if NUMBER.fullmatch(text):
        try:
            return f"number {Decimal(text).normalize() + 0}"
        except InvalidOperation:  # an exponent of a hundred digits, for example
            return text
    return text


def check_joined(
    joined: Mapping[str, str],
    members: Mapping[str, tuple[str, ...]],
    targets: Collection[str],
    place: Place,
) -> None:
    """Find texts such as ``moco+v2`` that are read as two sources and may be one name.

    A part is a stranger if it is neither a target nor in another set of sources. A text with a
    stranger is logged as a warning, as a source may be measured in one set only. If the whole text
    is also the name of a task, it is an error.

    Parameters
    ----------
    joined : mapping of sets to texts
        Sets that were written as text with a ``+`` outside of quotes.
    members : mapping of sets to names
        All sets of sources of the table.
    targets : names of the targets
    place : function of a text
        Returns where the text is first.

    Raises
    ------
    InvalidTableError
        If a part is a stranger and the whole text is the name of a task.
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
    """Return advice on how to write a name that holds a ``+`` among sources."""
    name = quoted(text)
    field = '"' + name.replace('"', '""') + '"'
    return f"write it in double quotes, {name} (in a CSV file {field}), or in a list column"


def _difference(first: str, second: str) -> str:
    """Return in what two spellings of one name differ, in words."""
    if spelling_key(first).startswith("number "):
        return "how a number is written"
    return "case" if first.casefold() == second.casefold() else "blanks, case or width of letters"


def _meant(name: str) -> str | None:
    """Return the reserved name that a name misspells, or None."""
    if name in RESERVED:
        return None
    text = unicodedata.normalize("NFKC", name).casefold()
    return _MISSPELLED.get(re.sub(r"^[\W_]+|[\W_]+$", "", text))


def _variants(word: str) -> Iterable[str]:
    """Yield the misspellings of a word that differ by one letter."""
    for k in range(len(word)):
        yield word[:k] + word[k] + word[k:]  # a letter twice
        yield word[:k] + word[k : k + 2][::-1] + word[k + 2 :]  # two letters swapped
        if word != SELF:  # a letter less; "elf" and "sel" may be names
            yield word[:k] + word[k + 1 :]


_MISSPELLED = {variant: word for word in RESERVED for variant in [word, *_variants(word)]}
