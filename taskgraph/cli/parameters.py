"""Types of command-line values: amounts, names, numbers by task, ranges, figure sizes."""

from __future__ import annotations

import math
from typing import Any

import click

LARGEST_INCHES = 200
"""Largest width and height of a figure, in inches."""

MOST_NUMBERS = 10_000
"""Largest count of numbers in a list or range, so that a typing error cannot fill the memory."""


class Amount(click.ParamType):  # type: ignore[type-arg]
    """A finite number of at least 0."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Return the number, or fail with what was expected."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number >= 0):
            self.fail(f"expected a number of at least 0, not {value!r}", param, ctx)
        return number


class NameList(click.ParamType):  # type: ignore[type-arg]
    """Names of tasks, separated by commas; a name that contains a comma is put in double quotes."""

    name = "a,b"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Split the text at its commas and check each name."""
        if isinstance(value, tuple):
            return value
        from taskgraph.tasks import split_list

        parts = [part for part in split_list(value) if part.strip()]
        return tuple(_task(self, part, param, ctx) for part in parts)


def _task(kind: click.ParamType[Any], text: str, param: Any, ctx: Any) -> str:
    """Return the name of the task in one part of a flag's value; see `task_name`."""
    from taskgraph.errors import InvalidTableError
    from taskgraph.tasks import task_name

    try:
        return task_name(text)
    except InvalidTableError as error:
        kind.fail(str(error), param, ctx)


class Weights(click.ParamType):  # type: ignore[type-arg]
    """Numbers by task (or another ``noun``), as ``t=2`` or ``t=2,u=0.5``."""

    name = "t=number"

    def __init__(self, noun: str = "task", example: str = "depth=2") -> None:
        self.noun, self.example = noun, example

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, float]:
        """Split the text at its commas, then at each equals sign."""
        if isinstance(value, dict):
            return value
        from taskgraph.tasks import split_list

        weights = {}
        for part in split_list(value):
            text, equals, number = part.rpartition("=")
            if not equals or not text.strip():
                self.fail(
                    f"expected {self.noun}=number, such as {self.example}, not {part!r}", param, ctx
                )
            weights[_task(self, text, param, ctx)] = Amount().convert(number, param, ctx)
        return weights


class Counts(Weights):
    """Whole numbers of at least 1 by task, as ``t=2`` or ``t=2,u=3``."""

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, int]:  # type: ignore[override]
        """Return the numbers, or fail with what was expected."""
        weights = super().convert(value, param, ctx)
        for task, number in weights.items():
            if number < 1 or number != int(number):
                self.fail(
                    f"expected a whole number of at least 1 for {task}, not {number:g}", param, ctx
                )
        return {task: int(number) for task, number in weights.items()}


class FigureSize(click.ParamType):  # type: ignore[type-arg]
    """Width and height of a figure in inches, as ``8x5``, or the name of a paper size."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, float] | str:
        """Return width and height or the name, or fail with what was expected."""
        if isinstance(value, tuple):
            return value
        from taskgraph.plot.paper import PAPER_SIZES

        if value.lower() in PAPER_SIZES:
            return str(value.lower())
        numbers = value.lower().replace("×", "x").split("x")
        try:
            width, height = map(float, numbers)
        except ValueError:
            width = height = 0.0
        if not (0 < width <= LARGEST_INCHES and 0 < height <= LARGEST_INCHES):
            self.fail(
                f"expected a width and a height in inches of at most {LARGEST_INCHES}, such "
                f"as 8x5, or {', '.join(PAPER_SIZES)}, not {value!r}",
                param,
                ctx,
            )
        return width, height


class NameValue(click.ParamType):  # type: ignore[type-arg]
    """A click parameter of the form ``name=text``."""

    name = "name=text"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, str]:
        """Split the text at its first equals sign."""
        if isinstance(value, dict):
            return value
        name, equals, text = value.partition("=")
        if not (name.strip() and equals and text.strip()):
            self.fail(f"expected name=text, such as sources=key1, not {value!r}", param, ctx)
        return {name.strip(): text.strip()}


class SourceSetList(click.ParamType):  # type: ignore[type-arg]
    """Sets of sources, separated by commas; a name with a comma is put in double quotes."""

    name = "a,b+c"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Split the text at its commas, and write each set as `join_sources` does."""
        from taskgraph.errors import InvalidTableError
        from taskgraph.tasks import join_sources, parse_sources, split_list

        if isinstance(value, tuple):
            return value
        try:
            parts = [part for part in split_list(value) if part.strip()]
            return tuple(join_sources(parse_sources(part)) for part in parts)
        except InvalidTableError as error:
            self.fail(str(error), param, ctx)


class NumberList(click.ParamType):  # type: ignore[type-arg]
    """A list of numbers: ``1,2,5``, or a range ``1:26`` or ``1:26:5`` with both ends.

    Each number is at least 0; with ``kind=int`` each is whole and at least 1.
    """

    def __init__(self, kind: type = float) -> None:
        self.kind = kind
        self.name = "1:26" if kind is float else "1,2"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Return all numbers of the list, those of ranges included."""
        if isinstance(value, tuple):
            return value
        numbers: list[float] = []
        for part in value.split(","):
            start, step, count = self._range(part, param, ctx)
            if len(numbers) + count > MOST_NUMBERS:
                self.fail(
                    f"expected at most {MOST_NUMBERS} numbers, not {value!r}; give a range "
                    "a larger step, such as 0:100000:100",
                    param,
                    ctx,
                )
            numbers += [start + i * step for i in range(count)]
        if self.kind is int and any(n != int(n) or n < 1 for n in numbers):
            self.fail(f"expected whole numbers of at least 1, not {value!r}", param, ctx)
        return tuple(self.kind(n) for n in numbers)

    def _range(self, part: str, param: Any, ctx: Any) -> tuple[float, float, int]:
        """Return start, step and count of a range; a single number is a range of one."""
        ends = [Amount().convert(end, param, ctx) for end in part.split(":")]
        step = ends[2] if len(ends) == 3 else 1.0
        if len(ends) > 3 or step == 0 or (len(ends) > 1 and ends[1] < ends[0]):
            self.fail(f"expected a range such as 1:26 or 1:26:5, not {part!r}", param, ctx)
        span = (ends[1] - ends[0]) / step if len(ends) > 1 else 0.0
        return ends[0], step, int(min(span, MOST_NUMBERS) + 1e-9) + 1
