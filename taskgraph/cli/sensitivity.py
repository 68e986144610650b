"""``taskgraph sensitivity``: the optimum under other methods, objectives, sources and samples."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from taskgraph.cli.losses import (
    direction_settings,
    input_files,
    losses_options,
    row_settings,
    tournament_method,
)
from taskgraph.cli.options import (
    F,
    bootstrap_option,
    exact_names,
    format_options,
    with_options,
)
from taskgraph.cli.output import note, notices, show, show_data
from taskgraph.cli.parameters import Amount
from taskgraph.cli.paths import InputTables
from taskgraph.cli.pictures import PlotFile, plot_option
from taskgraph.cli.problem import check_costs, problem_from_flags, problem_options, read_table
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    import pandas as pd

    from taskgraph.losses import Losses
    from taskgraph.sensitivity.result import Sensitivity
    from taskgraph.tables import TableFiles
    from taskgraph.transfers import Transfers

ROWS = ("tasks", "settings", "sets", "regrets")


def sensitivity_options(function: F) -> F:
    """Add the argument and the flags of an analysis, without those of its output."""
    return with_options(
        click.argument("losses", nargs=-1, type=InputTables()),
        bootstrap_option(
            "Number of resamples of the test images or their clusters; where transfers have "
            "several seeds, also of seeds alone, and of both.",
            least=0,
        ),
        losses_options,
        problem_options(),
        click.option(
            "--level",
            type=click.FloatRange(0, 1, min_open=True),
            metavar="P",
            default=0.95,
            show_default=True,
            help="Share of the resamples that the confidence set of taxonomies holds.",
        ),
        click.option(
            "--time-limit",
            type=Amount(),
            metavar="S",
            help="Stop after S seconds with the cases solved until then. Ctrl-C does the same.",
        ),
    )(function)


@click.command("sensitivity")
@sensitivity_options
@click.option(
    "--rows",
    type=click.Choice(ROWS),
    default=ROWS[0],
    show_default=True,
    help="What a row of --csv is: a task, a changed setting, a set of the confidence set, or a set "
    "with its regret in each setting.",
)
@format_options(json="Print JSON.", csv="Print CSV, one row a task, or as --rows says.")
@plot_option("Draw shares and regrets to an SVG, PNG or PDF file.")
def sensitivity_command(
    losses: tuple[str, ...],
    rows: str,
    output_format: str | None,
    plot: PlotFile | None,
    **flags: Any,
) -> int:
    """Solve again with one respect changed at a time, and print how far the optimum depends on it.

    Changed are the method of the affinities, the objective, the treatment of extreme win rates, the
    sources (each is dropped once), the sample of test images or their clusters, and, where
    transfers have several seeds of training, the seeds alone and both. The output says which
    sources of variation its numbers hold and lack. LOSSES are per-image losses, read
    as by `taskgraph affinity`; a table of win rates or of transfers allows a part of this, and the
    output says what was left out. Without a file, the table that comes with taskgraph is used.

    A regret is (optimum - value) / |optimum|: what a supervised set loses in a case. The robust
    core are the tasks that every setting and nearly all resamples supervise. The confidence set of
    taxonomies is the fewest sets that hold 95 % of the resamples.

    \b
    Examples:
      taskgraph sensitivity losses.parquet --budget 5
      taskgraph sensitivity losses.parquet --budget 5 --json --plot sensitivity.svg
      taskgraph sensitivity losses.parquet --budget 5 --csv --rows regrets
      taskgraph sensitivity transfers.csv --budget 5
    """
    result = analyzed(losses, flags)
    if output_format == "json":
        show_data(result.to_json())
    elif output_format == "csv":
        show_data(table_of(result, rows).to_csv(index=False))
    else:
        show(str(result))
    if output_format == "csv":
        for text in result.notes:
            note(f"left out: {text}")
        note(result.variation.sentence())
    if plot:
        from taskgraph.plot import draw_sensitivity

        plot.draw(partial(draw_sensitivity, result))
    return 0


def table_of(result: Sensitivity, rows: str) -> pd.DataFrame:
    """Return the table of a result that ``--rows`` names."""
    tables: dict[str, Callable[[], pd.DataFrame]] = {
        "tasks": result.to_frame,
        "settings": lambda: result.settings,
        "sets": lambda: result.sets,
        "regrets": result.regrets.reset_index,
    }
    return tables[rows]()


def analyzed(losses: tuple[str, ...], flags: dict[str, Any]) -> Sensitivity:
    """Return the analysis of the losses, win rates or transfers in the files."""
    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable
    from taskgraph.sensitivity.analysis import evidence_of

    problem = problem_from_flags(flags.pop("problem_file"), flags)
    with notices():
        measured = _measured(losses, flags)
        transfers = measured if isinstance(measured, tg.Transfers) else None
        if transfers is not None:
            check_costs(transfers, problem, flags)
        # A Ctrl-C ends the resampling at once; only solved cases can be kept.
        with _naming(losses), progress_bar("bootstrap") as progress:
            evidence = evidence_of(
                measured,
                bootstrap=flags["bootstrap"],
                seed=flags["seed"],
                method=tournament_method(flags),
                ties=flags["ties"],
                clip=flags["clip"],
                min_images=flags["min_images"],
                exact_names=exact_names(),
                progress=progress,
            )
        if transfers is None:
            check_costs(evidence.transfers, problem, flags)
        with stoppable(flags["time_limit"]) as clock, progress_bar("cases") as progress:
            return tg.analyze_sensitivity(
                evidence,
                problem,
                level=flags["level"],
                solver=flags["solver"],
                clock=clock,
                progress=progress,
            )


def _measured(losses: tuple[str, ...], flags: dict[str, Any]) -> Losses | Transfers | pd.DataFrame:
    """Return what the files hold; without files, the table that comes with taskgraph."""
    from taskgraph.tables import read_losses, read_wins, table_kind

    if not losses:
        _refuse_flags_of_losses("the table that comes with taskgraph")
        return read_table(None)
    rows, files = row_settings(flags), input_files(losses, flags)
    kind = table_kind(files, columns=rows["columns"])
    if kind == "losses":
        return read_losses(files, **rows, **direction_settings(flags), exact_names=exact_names())
    if kind == "wins":
        return read_wins(files, **rows, exact_names=exact_names())
    if kind == "transfers":
        _refuse_flags_of_losses(str(files))
        return _transfers(files, rows)
    raise click.UsageError(
        f"{files} holds single scores; make a table of transfers with `taskgraph affinity` first"
    )


def _transfers(files: TableFiles, rows: dict[str, Any]) -> Transfers:
    """Return the table of transfers in one file."""
    from taskgraph.tables import read_transfers

    if len(files.paths) > 1:
        raise click.UsageError(
            f"{files} is {len(files.paths)} files of transfers; write them to one table"
        )
    return read_transfers(
        files.paths[0], columns=rows["columns"], where=rows["where"], exact_names=exact_names()
    )


OF_LOSSES = (
    *("drop", "method", "clip", "ties", "min_images"),
    *("higher_is_better", "lower_is_better", "higher_is_better_for"),
)
"""Parameters that say how losses become affinities."""


def _refuse_flags_of_losses(table: str) -> None:
    """Raise a usage error if a flag was given that a table of transfers has no use for."""
    ctx = click.get_current_context()
    for name in OF_LOSSES:
        if ctx.get_parameter_source(name) == ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name.replace('_', '-')} is for losses, and {table} holds affinities; leave it "
                "out, or name the file of losses"
            )


def _naming(losses: tuple[str, ...]) -> AbstractContextManager[None]:
    """Return a context in which errors name the files; without files it does nothing."""
    from taskgraph.tables import naming

    return naming(", ".join(losses)) if losses else nullcontext()
