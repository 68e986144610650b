"""The command of one suite, generated from its description and its settings."""

from __future__ import annotations

from dataclasses import MISSING
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from benchmarks.cli.flags import options_of
from benchmarks.cli.own import own_help, own_options, own_settings
from benchmarks.results.suite import PAGE, SMOKE, Suite, flag_of
from encoders.errors.extras import extra_installed
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


def command_of(suite: Suite) -> click.Command:
    """Return the command ``taskgraph bench NAME``, which runs a suite and renders its page."""
    params: list[click.Parameter] = [
        *options_of(suite.settings),
        *own_options(suite),
        *_general(suite),
    ]

    def run_suite(**flags: Any) -> int:
        context = click.get_current_context()
        own = own_settings(suite, flags, context)
        if own is not None:
            out = Path(flags["out"] or f"runs/{suite.name}-own")
            with extra_installed("bench"):
                click.echo(suite.run_own(own, out, render=flags["render"]))
            return 0
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
            suite.run(settings, out)
            suite.write_page(out)
        note(f"wrote {out / PAGE}")
        click.echo(suite.found(out))
        return 0

    return click.Command(
        suite.name, params=params, callback=run_suite, help=_help(suite), short_help=suite.question
    )


def _general(suite: Suite) -> list[click.Option]:
    """Return the options that the commands of all suites have."""
    options = [
        click.Option(
            ["--out"],
            type=OutputFolder(),
            show_default=f"results/{suite.name}; with --preset smoke, runs/{suite.name}",
            help="Folder of results; evaluations that its records hold are not repeated.",
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
