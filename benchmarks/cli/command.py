"""The command of one suite, generated from its description and its settings."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from benchmarks.cli.flags import options_of
from benchmarks.cli.own import own_help, own_options, own_settings
from benchmarks.results.suite import PAGE, SMOKE, Suite, flag_of
from encoders.errors.extras import extra_installed
from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.output import note
from taskgraph.cli.paths import OutputFolder

HELP = """{question}

\b
Compared or measured:
{methods}

Time: {time}.

Writes: {writes}; README.md is rendered from these alone.

\b
Examples:
{examples}{own}
"""


def command_of(
    suite: Suite, subcommands: Mapping[str, click.Command] | None = None
) -> click.Command:
    """Return the command ``taskgraph bench NAME``, which runs a suite and renders its page.

    With subcommands it is a group; without the name of one of them it still runs the suite.
    """
    about: dict[str, Any] = {
        "params": [*options_of(suite.settings), *own_options(suite), *_general(suite)],
        "callback": partial(run_suite, suite),
        "help": _help(suite),
        "short_help": suite.question,
    }
    if not subcommands:
        return click.Command(suite.name, **about)
    return SuggestingGroup(
        suite.name,
        commands=dict(subcommands),
        invoke_without_command=True,
        **about,
    )


def run_suite(suite: Suite, **flags: Any) -> int:
    """Run a suite with its options, render its page, or print its answer; return 0."""
    if click.get_current_context().invoked_subcommand is not None:
        return 0
    context = click.get_current_context()
    own = own_settings(suite, flags, context)
    if own is not None:
        return _run_own(suite, own, flags)
    preset = flags.pop("chosen_preset", None)
    out = _folder(suite, flags.pop("out"), preset, render=flags["render"])
    with extra_installed("bench"):
        if flags.pop("render"):
            suite.write_page(out)
            note(f"rendered {out / PAGE}")
            return 0
        names = {one.name for one in suite.fields}
        given = {n: v for n, v in flags.items() if n in names and _is_given(context, n)}
        settings = suite.with_preset(preset, _checked(suite, given, context))
        text = suite.answer(settings)
        if text is not None:
            click.echo(text)
            return 0
        with only_run(suite, out):
            suite.run(settings, out)
        _show(suite, out)
    return 0


def _show(suite: Suite, out: Path) -> None:
    """Write the page and print the finding of a run, or say that its records do not suffice yet."""
    from benchmarks.results.frame import UnfinishedError

    try:
        suite.write_page(out)
    except UnfinishedError as error:
        note(f"the records are kept, and have no page yet: {error}")
        return
    note(f"wrote {out / PAGE}")
    with contextlib.suppress(UnfinishedError):  # a run of one part may have no main result
        click.echo(suite.finding(out))


def _run_own(suite: Suite, own: Any, flags: Mapping[str, Any]) -> int:
    """Run a suite on the user's own data, or print its results again; return 0."""
    out = Path(flags["out"] or f"runs/{suite.name}-own")
    with extra_installed("bench"):
        if flags["render"]:
            click.echo(suite.run_own(own, out, render=True))
            return 0
        with only_run(suite, out):
            click.echo(suite.run_own(own, out))
    return 0


@contextlib.contextmanager
def only_run(suite: Suite, out: Path) -> Iterator[None]:
    """Refuse a second run of a suite in one folder of results while this block runs."""
    from encoders.transfer.alone import alone_in, lock_elsewhere

    what = f"run of `taskgraph bench {suite.name}`"
    with alone_in(out, lock=lock_elsewhere(out), what=what):
        yield


def _general(suite: Suite) -> list[click.Option]:
    """Return the options that the commands of all suites have."""
    options = [
        click.Option(
            ["--out"],
            type=OutputFolder(),
            show_default=f"results/{suite.name}; with --preset smoke, runs/{suite.name}",
            help="Folder of results; evaluations that its records hold are not repeated. The page "
            "shows those with the settings of the newest record.",
        ),
        click.Option(
            ["--render"],
            is_flag=True,
            help="Only render the page again from the records in OUT.",
        ),
    ]
    if suite.presets:
        sizes = click.Option(
            ["--preset", "chosen_preset"],
            type=click.Choice(list(suite.presets)),
            help="Size of the run: smoke takes seconds or minutes and shows how it works, cpu is "
            "for two cores, paper is the largest. Flags override it.",
        )
        options.insert(0, sizes)
    return options


def _help(suite: Suite) -> str:
    required = "".join(
        f" {flag_of(one)} {one.name.upper()}" for one in suite.fields if one.default is MISSING
    )
    name = f"taskgraph bench {suite.name}"
    smoke = " --preset smoke" if suite.presets else ""
    return HELP.format(
        question=suite.question,
        methods="\n".join(f"  - {method}" for method in suite.methods),
        time=suite.time,
        writes=suite.writes,
        examples=f"  {name}{suite.example}{required}{smoke}\n  {name} --render",
        own=own_help(suite),
    )


def _folder(suite: Suite, given: str | None, preset: str | None, *, render: bool) -> Path:
    """Return the folder of results; a smoke run does not write over the published results."""
    parent = "runs" if preset == SMOKE and not render else "results"
    return Path(given or f"{parent}/{suite.name}")


def _is_given(context: click.Context, name: str) -> bool:
    return context.get_parameter_source(name) == ParameterSource.COMMANDLINE


def _checked(suite: Suite, given: dict[str, Any], context: click.Context) -> dict[str, Any]:
    """Return the flags; raise UsageError if a required one is missing."""
    lacking = [
        flag_of(one)
        for one in suite.fields
        if one.default is MISSING and given.get(one.name) is None
    ]
    if lacking:
        raise click.UsageError(
            f"missing {', '.join(lacking)}; give it, or --render for the page alone", context
        )
    return given
