"""The command ``taskgraph bench all``."""

from __future__ import annotations

from pathlib import Path

import click

from benchmarks.cli.flags import CommaList
from benchmarks.cli.registry import PACKAGES
from encoders.errors.extras import extra_installed
from taskgraph.cli.exit_codes import BAD_INPUT
from taskgraph.cli.output import note
from taskgraph.cli.paths import OutputFolder


@click.command("all", short_help="Run all suites at a small size, or render all pages.")
@click.option(
    "--preset",
    type=click.Choice(["smoke", "cpu", "paper"]),
    default="smoke",
    show_default=True,
    help="Size of every run: smoke takes minutes, the others take hours or days.",
)
@click.option(
    "--out",
    type=OutputFolder(),
    default=None,
    help="Folder with one folder a suite; by default runs/bench, and results for --render.",
)
@click.option("--suites", type=CommaList(str), default=(), help="Run only these suites.")
@click.option("--render", is_flag=True, help="Only render all pages and the page of all suites.")
def command(preset: str, out: str | None, suites: tuple[str, ...], render: bool) -> int:
    """Run every suite in its own folder; a suite that fails does not stop the others.

    First a data set, a bank and a sweep are made, which the suites share.

    \b
    Examples:
      taskgraph bench all --preset smoke
      taskgraph bench all --render
    """
    unknown = [name for name in suites if name not in PACKAGES]
    if unknown:
        raise click.UsageError(f'there is no suite "{unknown[0]}"; expected {", ".join(PACKAGES)}')
    with extra_installed("bench"):
        from benchmarks.cli.everything import render_all, run_all

        if render:
            names = render_all(Path(out or "results"))
            note(f"rendered {', '.join(names) or 'nothing: no suite has records'}")
            return 0
        found = run_all(Path(out or "runs/bench"), preset, suites)
    failed = [name for name, error in found.items() if error]
    click.echo(f"{len(found) - len(failed)} of {len(found)} suites ran")
    return BAD_INPUT if failed else 0
