"""Options of a suite's command, generated from the fields of its settings."""

from __future__ import annotations

from dataclasses import MISSING, Field
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import click

from benchmarks.results.suite import flag_of
from taskgraph.cli.paths import InputFile, InputFolder, OutputFolder


class CommaList(click.ParamType):  # type: ignore[type-arg]
    """Type of an option whose values are separated by commas."""

    name = "list"

    def __init__(self, item: type) -> None:
        self.item = item

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the text ``A,B`` as a tuple of values."""
        if not isinstance(value, str):
            return value
        words = [word.strip() for word in value.split(",") if word.strip()]
        try:
            return tuple(self.item(word) for word in words)
        except ValueError:
            what = "whole numbers" if self.item is int else "numbers"
            self.fail(f'"{value}": expected {what} with commas between them', param, ctx)

    def get_metavar(self, param: Any, ctx: Any) -> str:
        """Return the placeholder of the value in the help text."""
        return "A,B,..." if self.item is str else "N,N,..."


def options_of(settings: type[Any]) -> list[click.Option]:
    """Return an option for each field, in the order of the fields."""
    hints = get_type_hints(settings)
    fields = settings.__dataclass_fields__.values()
    return [_option(one, hints[one.name]) for one in fields]


def _option(one: Field[Any], hint: Any) -> click.Option:
    """Return the option for one field of the settings."""
    help_text, flag = one.metadata["help"], flag_of(one)
    required = one.default is MISSING
    if hint is bool:
        negative = f"/--no-{flag[2:]}" if one.default else ""
        return click.Option(
            [f"{flag}{negative}", one.name], is_flag=True, default=one.default, help=help_text
        )
    default = None if required else one.default
    if isinstance(default, tuple):
        default = ",".join(map(str, default))
    return click.Option(
        [flag, one.name],
        type=_type(one, hint),
        default=default,
        show_default=default not in (None, ""),
        help=f"{help_text} Required." if required else help_text,
    )


def _type(one: Field[Any], hint: Any) -> Any:
    """Return the type by which click parses the values of a field."""
    if one.metadata["choices"]:
        return click.Choice(one.metadata["choices"])
    kind = one.metadata["kind"]
    if kind:
        return {
            "file": InputFile(),
            "folder": InputFolder(),
            "output": OutputFolder(always=False),
        }[kind]
    if get_origin(hint) is UnionType:
        hint = next(each for each in get_args(hint) if each is not NoneType)
    if get_origin(hint) is tuple:
        return CommaList(get_args(hint)[0])
    return hint
