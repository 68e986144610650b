"""Flags that several commands share, and how they become a `Problem`."""

from __future__ import annotations

import contextlib
import logging
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from taskgraph.cli.paths import PICTURES, InputFile, OutputFile

if TYPE_CHECKING:
    from taskgraph.problem import Problem
    from taskgraph.transfers import Transfers

F = TypeVar("F", bound=Callable[..., Any])

BAD_INPUT = 2
INFEASIBLE = 3
INTERRUPTED = 130
CLOSED_PIPE = 141
"""Exit codes, beside 0 for solved; the last two are those of a program that a signal ends."""

FAR_COST = 10.0
"""Costs all above this, or below its inverse, are in another unit than a cost of 1."""

LARGEST_INCHES = 200
"""Widest figure that is drawn."""

MOST_NUMBERS = 10_000
"""Numbers of the longest list or range, so that a slip of the pen does not fill the memory."""


class Interrupted(click.ClickException):
    """Ctrl-C, with what is left of the work."""

    exit_code = INTERRUPTED


EXACT_NAMES = "taskgraph.exact_names"
"""Where a command keeps its flag ``--exact-names``."""

WHERE = "taskgraph.where"
"""Where a command that reads TABLE keeps its flag ``--where``."""


class Amount(click.ParamType):  # type: ignore[type-arg]
    """A finite number of at least 0."""

    name = "number"

    def convert(self, value: Any, param: Any, ctx: Any) -> float:
        """Read the number, or say what it must be."""
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number >= 0):
            self.fail(f"expected a number of at least 0, not {value!r}", param, ctx)
        return number


class Names(click.ParamType):  # type: ignore[type-arg]
    """Names of tasks, separated by commas; one that holds a comma stands in double quotes."""

    name = "a,b"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Split at commas."""
        if isinstance(value, tuple):
            return value
        from taskgraph.tasks import split_list

        parts = [part for part in split_list(value) if part.strip()]
        return tuple(_task(self, part, param, ctx) for part in parts)


def _task(kind: click.ParamType[Any], text: str, param: Any, ctx: Any) -> str:
    """The task that a part of a flag names; see `task_name`."""
    from taskgraph.errors import InvalidTableError
    from taskgraph.tasks import task_name

    try:
        return task_name(text)
    except InvalidTableError as error:
        kind.fail(str(error), param, ctx)


class Weights(click.ParamType):  # type: ignore[type-arg]
    """Numbers by task, as ``t=2`` or ``t=2,u=0.5``."""

    name = "t=number"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, float]:
        """Split at commas, then at the equals sign."""
        if isinstance(value, dict):
            return value
        from taskgraph.tasks import split_list

        weights = {}
        for part in split_list(value):
            text, equals, number = part.rpartition("=")
            if not equals or not text.strip():
                self.fail(f"expected task=number, such as depth=2, not {part!r}", param, ctx)
            weights[_task(self, text, param, ctx)] = Amount().convert(number, param, ctx)
        return weights


class Counts(Weights):
    """Whole numbers of at least 1 by task, as ``t=2`` or ``t=2,u=3``."""

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, int]:  # type: ignore[override]
        """Read the numbers, or say what they must be."""
        found = super().convert(value, param, ctx)
        for task, number in found.items():
            if number < 1 or number != int(number):
                self.fail(
                    f"expected a whole number of at least 1 for {task}, not {number:g}", param, ctx
                )
        return {task: int(number) for task, number in found.items()}


class FigureSize(click.ParamType):  # type: ignore[type-arg]
    """Width and height of a figure in inches, as ``8x5``."""

    name = "WxH"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, float]:
        """Read the two numbers, or say what they must be."""
        if isinstance(value, tuple):
            return value
        numbers = value.lower().replace("×", "x").split("x")
        try:
            width, height = map(float, numbers)
        except ValueError:
            width = height = 0.0
        if not (0 < width <= LARGEST_INCHES and 0 < height <= LARGEST_INCHES):
            self.fail(
                f"expected a width and a height in inches of at most {LARGEST_INCHES}, such "
                f"as 8x5, not {value!r}",
                param,
                ctx,
            )
        return width, height


class Pairs(click.ParamType):  # type: ignore[type-arg]
    """One ``name=text``."""

    name = "name=text"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, str]:
        """Split at the first equals sign."""
        if isinstance(value, dict):
            return value
        name, equals, text = value.partition("=")
        if not (name.strip() and equals and text.strip()):
            self.fail(f"expected name=text, such as sources=key1, not {value!r}", param, ctx)
        return {name.strip(): text.strip()}


class Candidates(click.ParamType):  # type: ignore[type-arg]
    """Sets of sources, separated by commas; a name that holds a comma stands in double quotes."""

    name = "a,b+c"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[str, ...]:
        """Split at commas, and read each set."""
        from taskgraph.errors import InvalidTableError
        from taskgraph.tasks import join_sources, parse_sources, split_list

        if isinstance(value, tuple):
            return value
        try:
            parts = [part for part in split_list(value) if part.strip()]
            return tuple(join_sources(parse_sources(part)) for part in parts)
        except InvalidTableError as error:
            self.fail(str(error), param, ctx)


class Numbers(click.ParamType):  # type: ignore[type-arg]
    """A list of numbers: ``1,2,5``, or a range ``1:26`` or ``1:26:5`` with both ends."""

    def __init__(self, kind: type = float) -> None:
        self.kind = kind
        self.name = "1:26" if kind is float else "1,2"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        """Expand ranges; every number is at least 0 (whole and at least 1 for orders)."""
        if isinstance(value, tuple):
            return value
        numbers: list[float] = []
        for part in value.split(","):
            ends = [Amount().convert(end, param, ctx) for end in part.split(":")]
            step = ends[2] if len(ends) == 3 else 1.0
            if len(ends) > 3 or step == 0 or (len(ends) > 1 and ends[1] < ends[0]):
                self.fail(f"expected a range such as 1:26 or 1:26:5, not {part!r}", param, ctx)
            span = (ends[1] - ends[0]) / step if len(ends) > 1 else 0.0
            if len(numbers) + span >= MOST_NUMBERS:
                self.fail(
                    f"expected at most {MOST_NUMBERS} numbers, not {value!r}; give a range "
                    "a larger step, such as 0:100000:100",
                    param,
                    ctx,
                )
            count = int(span + 1e-9) + 1
            numbers += [ends[0] + i * step for i in range(count)]
        if self.kind is int and any(n != int(n) or n < 1 for n in numbers):
            self.fail(f"expected whole numbers of at least 1, not {value!r}", param, ctx)
        return tuple(self.kind(n) for n in numbers)


def table_argument(function: F) -> F:
    """``TABLE``: a file of transfers; by default the table that comes with the library."""
    function = where_option(exact_names_option(function))
    return click.argument("table", required=False, type=InputFile())(function)


def plot_option(help_text: str) -> Callable[[F], F]:
    """``--plot FILE`` of a command that also prints."""
    return click.option("--plot", type=OutputFile(PICTURES), metavar="FILE", help=help_text)


def form_options(**helps: str) -> Callable[[F], F]:
    """Flags such as ``--json`` and ``--csv``, of which one at most may be given, as ``form``."""

    def choose(ctx: click.Context, flag: click.Parameter, given: bool) -> None:
        before = ctx.params.setdefault("form", None)
        if given and before is not None:
            raise click.UsageError(
                f"--{before} and {flag.opts[0]} exclude each other; give one of them", ctx
            )
        if given:
            ctx.params["form"] = flag.opts[0].removeprefix("--")

    def decorate(function: F) -> F:
        for name, text in reversed(helps.items()):
            function = click.option(
                f"--{name}",
                f"as_{name}",
                is_flag=True,
                expose_value=False,
                callback=choose,
                help=text,
            )(function)
        return function

    return decorate


def exact_names_option(function: F) -> F:
    """``--exact-names``, which `exact_names` reads back in whatever command it was given to."""

    def keep(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[EXACT_NAMES] = value

    return click.option(
        "--exact-names",
        is_flag=True,
        expose_value=False,
        callback=keep,
        help="Take names as they are, even where two differ in case or number format only.",
    )(function)


def where_option(function: F) -> F:
    """``--where`` of a command that reads TABLE, which `read_table` takes back."""

    def keep(ctx: click.Context, _: click.Parameter, value: tuple[dict[str, str], ...]) -> None:
        ctx.meta[WHERE] = {name: text for part in value for name, text in part.items()}

    return click.option(
        "--where",
        type=Pairs(),
        multiple=True,
        metavar="HEADER=VALUE",
        expose_value=False,
        callback=keep,
        help="Keep only the rows of TABLE with this value.",
    )(function)


def exact_names() -> bool:
    """Whether the command that runs was given ``--exact-names``."""
    context = click.get_current_context(silent=True)
    return bool(context and context.meta.get(EXACT_NAMES))


def read_table(table: str | None) -> Transfers:
    """Open TABLE, or the table that comes with the library.

    What is to be noted of it is printed when the command has succeeded.
    """
    from taskgraph.direction import direction_in
    from taskgraph.tables import default_transfers, read_transfers

    where = click.get_current_context().meta.get(WHERE) or {}
    if table is None:
        if where:
            raise click.UsageError("--where picks rows of a TABLE; name one")
        return default_transfers()
    click.get_current_context().with_resource(notices())
    transfers = read_transfers(table, where=where, exact_names=exact_names())
    direction = direction_in(transfers.frame)
    if direction:
        logging.getLogger("taskgraph").warning(f"{table} was made from scores: {direction}")
    return transfers


def read_inputs(
    table: str | None, problem_file: str | None, flags: Mapping[str, Any]
) -> tuple[Transfers, Problem]:
    """Open TABLE, and make the problem of the file and the flags; see `check_costs`."""
    problem = make_problem(problem_file, flags)
    transfers = read_table(table)
    return transfers, check_costs(transfers, problem, flags)


def problem_options(
    *, budget: bool = True, max_order: bool = True, solver: bool = True
) -> Callable[[F], F]:
    """Flags of the program; the same words as the keywords of `taskgraph.solve`."""
    several: dict[str, Any] = {"multiple": True}
    flags = [
        click.option(
            "--objective",
            metavar="NAME",
            help="What to sum over targets: sqrt (of the "
            "affinity, the default), linear, log, gain or quality.",
        ),
        click.option(
            "--problem",
            "problem_file",
            type=InputFile(),
            metavar="FILE",
            help="Budget, roles and costs from a TOML file; flags override it.",
        ),
        click.option(
            "--source-only", type=Names(), **several, help="Tasks that need not be solved."
        ),
        click.option(
            "--target-only", type=Names(), **several, help="Tasks that cannot be supervised."
        ),
        click.option("--exclude", type=Names(), **several, help="Tasks to leave out altogether."),
        click.option("--require", type=Names(), **several, help="Tasks that must be supervised."),
        click.option(
            "--importance", type=Weights(), **several, help="Weight of a target (default 1)."
        ),
        click.option("--label-cost", type=Weights(), **several, help="Cost of supervising a task."),
        click.option(
            "--label-costs",
            type=InputFile(),
            metavar="FILE",
            help="Costs of "
            "supervising tasks from a table with the columns task and label_cost; "
            "--label-cost overrides it.",
        ),
        click.option(
            "--default-label-cost",
            type=Amount(),
            metavar="C",
            help="Cost of supervising every other task (default 1).",
        ),
        click.option(
            "--transfer-cost",
            type=Weights(),
            **several,
            help="Cost of training a transfer to a target (default 0).",
        ),
        click.option(
            "--supervised-may-transfer",
            is_flag=True,
            default=None,
            help="Let a supervised target keep a transfer that is better than its own network.",
        ),
    ]
    if solver:
        flags.append(
            click.option(
                "--solver",
                default="highs",
                show_default=True,
                help="highs, cbc, or any other that PuLP finds.",
            )
        )
    if max_order:
        flags.insert(
            0,
            click.option(
                "--max-order",
                type=click.IntRange(min=1),
                metavar="K",
                help="Most sources of one transfer (default 5).",
            ),
        )
    if budget:
        flags.insert(
            0,
            click.option(
                "--budget", type=Amount(), metavar="B", help="Most that may be spent (default 6)."
            ),
        )

    def decorate(function: F) -> F:
        for flag in reversed(flags):
            function = flag(function)
        return function

    return decorate


def grid_options(*, draws: int) -> Callable[[F], F]:
    """Flags of a frontier: its budgets and maximum orders, and the random sets beside it."""
    flags = [
        click.option(
            "--budgets",
            type=Numbers(),
            metavar="1:26",
            help="Budgets, as a list or a "
            "range (default: from the least that solves every target to the cost of "
            "everything).",
        ),
        click.option(
            "--max-orders",
            type=Numbers(int),
            metavar="1,2,3,4",
            default="1,2,3,4",
            show_default=True,
            help="Maximum orders.",
        ),
        click.option(
            "--random",
            "draws",
            type=click.IntRange(min=0),
            metavar="N",
            default=draws,
            show_default=True,
            help="Random supervised sets to draw at each budget, for the bands; 0 for none.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of the random ones.",
        ),
    ]

    def decorate(function: F) -> F:
        for flag in reversed(flags):
            function = flag(function)
        return function

    return decorate


def make_problem(problem_file: str | None, flags: Mapping[str, Any]) -> Problem:
    """The problem of the file, if any, with every flag that was given laid over it."""
    from taskgraph.problem import Problem
    from taskgraph.tables import read_label_costs, read_problem

    problem = read_problem(problem_file) if problem_file else Problem()
    given: dict[str, Any] = {}
    for name in (
        "budget",
        "max_order",
        "objective",
        "default_label_cost",
        "supervised_may_transfer",
    ):
        if flags.get(name) is not None:
            given[name] = flags[name]
    for name in ("importance", "label_cost", "transfer_cost"):
        weights: dict[str, float] = dict(getattr(problem, name))
        if name == "label_cost" and flags.get("label_costs"):
            weights |= read_label_costs(flags["label_costs"])
        for part in flags.get(name, ()):
            weights |= part
        given[name] = weights
    given["require"] = (*problem.require, *flat(flags.get("require", ())))
    return replace(problem, **given, **_roles(problem, flags))


def check_costs(transfers: Transfers, problem: Problem, flags: Mapping[str, Any]) -> Problem:
    """Check the tasks of a file of costs; say where costs are far from those that stay at 1.

    A list of prices in euros or cents that leaves tasks out would have these at one euro or cent.
    """
    from taskgraph.tables import read_label_costs
    from taskgraph.tasks import some_names

    if flags.get("label_costs"):
        read_label_costs(flags["label_costs"], tasks=transfers.tasks)
    given = [c for c in (*problem.label_cost.values(), *problem.transfer_cost.values()) if c]
    rest = [name for name in problem.supervisable(transfers) if name not in problem.label_cost]
    far = given and (min(given) > FAR_COST or max(given) < 1 / FAR_COST)
    if far and rest and problem.default_label_cost is None:
        span = f"{min(given):g}" + (f" to {max(given):g}" if max(given) > min(given) else "")
        each = f"these {len(rest)} tasks cost 1 each" if len(rest) > 1 else "this task costs 1"
        note(
            f"Warning: costs are given of {span}, and {each}, as no label cost is given: "
            f"{some_names(rest)}; give theirs with --default-label-cost C, or "
            "--default-label-cost 1 if 1 is meant"
        )
    return problem


def _roles(problem: Problem, flags: Mapping[str, Any]) -> dict[str, Any]:
    """Role lists, where a flag takes a task out of the role that the file gave it."""
    names = ("source_only", "target_only", "exclude")
    flagged = {name: flat(flags.get(name, ())) for name in names}
    moved = {task for tasks in flagged.values() for task in tasks}
    return {
        name: (*(t for t in getattr(problem, name) if t not in moved), *flagged[name])
        for name in names
    }


def flat(groups: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """The names of a flag that was given several times."""
    return tuple(name for group in groups for name in group)


def progress_bar(label: str) -> Callable[[Any], Any]:
    """Wrap a list in a bar on standard error; silent where that is no terminal."""
    from tqdm import tqdm

    return lambda items: tqdm(items, desc=label, disable=None, leave=False)


@contextlib.contextmanager
def proof_line() -> Iterator[Callable[[float, float, int], None]]:
    """Show on a terminal how far a long proof has come, in a line that goes when it is done."""
    from tqdm import tqdm

    with tqdm(bar_format="{desc} [{elapsed}]", disable=None, leave=False) as bar:

        def show(value: float, bound: float, nodes: int) -> None:
            none_yet = not math.isfinite(value)
            gap = "no taxonomy yet" if none_yet else f"gap {(bound - value) / abs(value or 1):.2%}"
            bar.set_description_str(f"proving: {gap}, {nodes} nodes")

        yield show


def show(text: str) -> None:
    """Print a result for a person to standard output; what its encoding lacks, as escapes."""
    click.echo(printable(text), file=sys.stdout)


def printable(text: str) -> str:
    """The text with control characters, which could steer a terminal, as escapes."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def show_data(text: str) -> None:
    """Print JSON, CSV or DOT to standard output, in UTF-8 whatever the terminal's encoding."""
    text = text.removesuffix("\n")
    binary = hasattr(sys.stdout, "buffer")  # a notebook's output takes text alone
    click.echo(text.encode(errors="backslashreplace") if binary else text, file=sys.stdout)


class _Notices(logging.Handler):
    """Collects what the library logs, each message once."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message for later."""
        self.messages[record.getMessage()] = None


@contextlib.contextmanager
def notices() -> Iterator[None]:
    """Print the library's notices on standard error when this ends; an error is printed alone."""
    handler, logger = _Notices(), logging.getLogger("taskgraph")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    for message in handler.messages:
        note(f"Note: {message}")


def note(message: str) -> None:
    """Print a message that is not the result to standard error."""
    click.echo(printable(message), file=sys.stderr)
