"""Fonts for names in any script; a character that no installed font has becomes an escape."""

from __future__ import annotations

import contextlib
import difflib
import os
import unicodedata
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache

import matplotlib as mpl
from matplotlib.font_manager import (
    FontEntry,
    FontProperties,
    findfont,
    findSystemFonts,
    fontManager,
)
from matplotlib.ft2font import FT2Font

from taskgraph.errors import TaskgraphError

PREFERRED = (
    "Noto Sans CJK",
    "Source Han Sans",
    "Noto Sans",
    "PingFang",
    "Hiragino Sans",
    "Microsoft YaHei",
    "Yu Gothic",
    "Meiryo",
    "Malgun Gothic",
    "WenQuanYi",
    "Noto Emoji",
    "Segoe UI",
    "Arial Unicode",
)
"""Beginnings of the names of the fonts to try first, in this order."""

LAST_RESORT = "Last Resort"
"""Matplotlib's own font, which draws a box for every character."""

_warned: set[str] = set()
"""Characters of which a warning was printed."""


class FontError(TaskgraphError, ValueError):
    """Raised when no installed font has the name that was asked for."""


def family_of(name: str) -> str:
    """Return the family of an installed font, by its name or by the path of its file.

    Raises
    ------
    FontError
        If there is no such font; the message names those with the nearest names.
    """
    if name.lower().endswith((".ttf", ".otf", ".ttc")):
        try:
            fontManager.addfont(name)
            return str(FT2Font(name).family_name)
        except (OSError, RuntimeError):
            raise FontError(
                f"{name}: this is no font that can be read; expected TrueType"
            ) from None
    known = {entry.name.lower(): entry.name for entry in fontManager.ttflist}
    known |= {generic: generic for generic in ("serif", "sans-serif", "monospace")}
    if name.lower() not in known:
        _add_new_fonts()
        known |= {entry.name.lower(): entry.name for entry in fontManager.ttflist}
    if name.lower() not in known:
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or list(known)[:3]
        names = " or ".join(known[key] for key in near)
        raise FontError(f'there is no font "{name}" here; did you mean {names}? A path works too')
    return known[name.lower()]


def legible(labels: Mapping[str, str]) -> dict[str, str]:
    """Return labels that can be drawn, and add the installed fonts that they need to the settings.

    Call it within matplotlib's ``rc_context``. A character that no font has is written as its
    escape, such as ``\\u6df1``, so that different names stay different; a warning says so once.
    """
    wanted = {c for text in labels.values() for c in text if c != "\n"}
    families = list(mpl.rcParams["font.family"])
    missing = {c for c in wanted - _covered(families) if not _is_mark(c)}
    for family in _fallbacks(frozenset(missing)) if missing else ():
        families.append(family)
        missing -= _characters(findfont(FontProperties(family=[family])))
    mpl.rcParams["font.family"] = families
    _warn_once(missing)
    drawn = _covered(families)
    return {name: "".join(_drawable(c, drawn) for c in text) for name, text in labels.items()}


def _drawable(character: str, drawn: frozenset[str]) -> str:
    """Return the character if a font has it, else its escape."""
    if character in drawn or character == "\n":
        return character
    return "" if _is_mark(character) else character.encode("unicode_escape").decode()


def _warn_once(missing: set[str]) -> None:
    """Warn of characters that no font has, once for each character."""
    new = sorted(missing - _warned)
    _warned.update(new)
    if new:
        shown = "".join(new[:12]) + ("…" if len(new) > 12 else "")
        warnings.warn(
            f"no font of this machine has the characters {shown}, so that they are drawn as "
            "escapes; install a font that has them, such as Noto Sans (package fonts-noto-cjk "
            "for Chinese, Japanese and Korean), or name its file with --font",
            stacklevel=5,
        )


def _is_mark(character: str) -> bool:
    """Return whether a character only changes its neighbors, such as a joiner of emoji."""
    return unicodedata.category(character) in ("Cf", "Cc") or "\ufe00" <= character <= "\ufe0f"


@lru_cache(maxsize=64)
def _fallbacks(missing: frozenset[str]) -> tuple[str, ...]:
    """Return font families that together have as many of the characters as possible."""
    left, chosen = set(missing), []
    for with_new_fonts in (False, True):
        if with_new_fonts and (not left or not _add_new_fonts()):
            break
        for entry in sorted(fontManager.ttflist, key=_preference):
            covered = left & _characters(entry.fname)
            if covered and not entry.name.startswith(LAST_RESORT):
                chosen.append(entry.name)
                left -= covered
            if not left:
                return tuple(chosen)
    return tuple(chosen)


def _add_new_fonts() -> bool:
    """Add fonts that were installed after matplotlib last listed them; say whether any were."""
    known = {os.path.realpath(entry.fname) for entry in fontManager.ttflist}
    new = [path for path in findSystemFonts() if os.path.realpath(path) not in known]
    for path in new:
        with contextlib.suppress(
            OSError, RuntimeError, KeyError
        ):  # a font that matplotlib cannot use
            fontManager.addfont(path)
    return bool(new)


def _preference(entry: FontEntry) -> tuple[object, ...]:
    """Return a sort key: preferred, sans serif, upright and regular fonts come first."""
    rank = next((i for i, start in enumerate(PREFERRED) if entry.name.startswith(start)), 99)
    upright, weight = entry.style == "normal", entry.weight
    heavy = abs(weight - 400) if isinstance(weight, int | float) else 300 * (weight != "normal")
    return rank, "sans" not in entry.name.lower(), not upright, heavy, entry.name


def _covered(families: Iterable[str]) -> frozenset[str]:
    """Return the characters of the fonts that matplotlib uses for these families."""
    fonts = [findfont(FontProperties(family=[family])) for family in families]
    return frozenset().union(*map(_characters, fonts))


@lru_cache(maxsize=4096)
def _characters(path: str) -> frozenset[str]:
    """Return the characters of a font; none if it is a bitmap font, which cannot be scaled."""
    try:
        font = FT2Font(path)
        return frozenset(map(chr, font.get_charmap())) if font.scalable else frozenset()
    except (OSError, RuntimeError):
        return frozenset()
