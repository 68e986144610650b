"""``taskgraph extend``: the taxonomy of earlier tasks, extended by tasks that arrived later."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.exit_codes import INFEASIBLE
from taskgraph.cli.losses import (
    COLUMNS,
    DIRECTION,
    TOURNAMENT,
    direction_settings,
    input_files,
    row_settings,
    tournament_method,
)
from taskgraph.cli.options import (
    exact_names,
    exact_names_option,
    format_options,
    with_options,
)
from taskgraph.cli.output import note, notices, show, show_data
from taskgraph.cli.parameters import Amount
from taskgraph.cli.paths import TABLES, InputFile, InputTables, OutputFile
from taskgraph.cli.pictures import PlotFile, plot_option
from taskgraph.cli.problem import check_costs, problem_from_flags, problem_options
from taskgraph.cli.progress import proof_line

if TYPE_CHECKING:
    from taskgraph.lifelong.extension import Extension
    from taskgraph.lifelong.joining import Joined
    from taskgraph.tables import TableFiles
    from taskgraph.taxonomy import Taxonomy
    from taskgraph.transfers import Transfers


@click.command("extend")
@click.argument("losses", type=InputTables())
@click.argument("new_losses", type=InputTables())
@click.option(
    "--taxonomy",
    "taxonomy_file",
    type=InputFile(),
    required=True,
    metavar="FILE",
    help="What `taskgraph solve --json` printed for the earlier tasks, or `taskgraph extend "
    "--json` for the last extension.",
)
@click.option(
    "--budget",
    type=Amount(),
    required=True,
    metavar="B",
    help="What may be spent from now on with --sunk, or in all with --pay-again.",
)
@click.option(
    "--sunk/--pay-again",
    default=True,
    show_default=True,
    help="Keep what was paid: earlier labels and transfers stay and cost nothing. Or choose "
    "anew, and pay for everything again.",
)
@problem_options(budget=False)
@click.option(
    "--time-limit",
    type=Amount(),
    metavar="S",
    help="Stop after S seconds, and print the best extension so far with its gap to the proven "
    "bound. The regret and the worth of new labels are found in the time that is left, or said to "
    "be unproven. Ctrl-C does the same.",
)
@with_options(*COLUMNS, *DIRECTION, exact_names_option, *TOURNAMENT)
@click.option(
    "-o",
    "--output",
    type=OutputFile(TABLES),
    metavar="TABLE",
    help="Also write the table of the transfers of all tasks (.csv, .csv.gz or .parquet).",
)
@click.option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="R",
    help="Give each affinity a 95 % interval (columns low and high) if R is above 0, as "
    "`taskgraph affinity` does.",
)
@format_options(
    json="Print JSON: the taxonomy, and under `extension` what changed.",
    csv="Print CSV, one row a target, with the columns before and change.",
    dot="Print the graph in the DOT language of Graphviz.",
)
@plot_option("Draw the extended taxonomy to an SVG, PNG or PDF file.")
def extend_command(
    losses: str,
    new_losses: str,
    taxonomy_file: str,
    sunk: bool,
    problem_file: str | None,
    solver: str,
    time_limit: float | None,
    output_format: str | None,
    plot: PlotFile | None,
    output: str | None,
    **flags: Any,
) -> int:
    """Extend a taxonomy by tasks that arrived later, and say what stays, joins and drops.

    LOSSES are the losses of the earlier tasks, from which FILE was solved. NEW_LOSSES are those of
    the transfers from and to the new tasks. A target that gets new candidates has a new tournament
    of all of them, on the same test images; all other affinities stay. Both may instead be tables
    of affinities (sources, target, affinity); then the earlier values stay, and the output says
    what was done with the new ones.

    Objective, --max-order and importances are those of FILE unless flags or --problem change
    them. Give the same costs, roles and --ties as for FILE.

    \b
    Examples:
      taskgraph solve transfers.csv --budget 5 --json > taxonomy.json
      taskgraph extend losses.parquet new.parquet --taxonomy taxonomy.json --budget 1
      taskgraph extend losses.parquet new.parquet --taxonomy taxonomy.json --budget 6 --pay-again
      taskgraph extend transfers.csv new.csv --taxonomy taxonomy.json --budget 0 --json
    """
    import taskgraph as tg
    from taskgraph.cli.stopping import stoppable
    from taskgraph.lifelong.sunk import check_earlier
    from taskgraph.tables import naming, read_taxonomy, write_transfers

    flags["bootstrap"] = min(1, flags["bootstrap"])  # for the intervals; resamples are not kept
    earlier = read_taxonomy(taxonomy_file)
    with notices():
        joined = _joined(losses, new_losses, flags)
        with naming(taxonomy_file):
            check_earlier(earlier, joined.earlier)
    _inherit(earlier, joined.earlier, problem_file, flags)
    problem = problem_from_flags(problem_file, flags).with_table_names(joined.transfers)
    check_costs(joined.transfers, problem, flags)
    _check_prices(earlier, problem)
    with proof_line() as report, stoppable(time_limit, report) as clock:
        extension = tg.extend(
            joined.transfers,
            earlier,
            problem,
            newcomers=joined.newcomers,
            sunk=sunk,
            solver=solver,
            clock=clock,
        )
    if clock.stop.is_set() and extension.taxonomy.status == "feasible":
        note("stopped: the best extension so far")
    for sentence in joined.notes:
        note(f"Note: {sentence}")
    if output:
        write_transfers(joined.transfers, output)
        note(f"wrote {output}: {joined.transfers!r}")
    _print(extension, output_format)
    if plot and extension.taxonomy.solved:
        from taskgraph.plot import draw_taxonomy

        plot.draw(partial(draw_taxonomy, extension.taxonomy))
    return 0 if extension.taxonomy.solved else INFEASIBLE


def _joined(losses: str, new_losses: str, flags: dict[str, Any]) -> Joined:
    """Return the transfers of both tables together."""
    import taskgraph as tg
    from taskgraph.frames.direction import described
    from taskgraph.tables import read_losses, read_transfers, table_kind

    rows = row_settings(flags)
    earlier, newer = (input_files((path,), flags) for path in (losses, new_losses))
    kinds = {str(files): table_kind(files, columns=rows["columns"]) for files in (earlier, newer)}
    if {*kinds.values()} == {"losses"}:
        settings = {**rows, **direction_settings(flags), "exact_names": exact_names()}
        tables = [read_losses(files, **settings) for files in (earlier, newer)]
        higher = {t: t in each.higher_is_better for each in tables for t in each.targets}
        note(f"direction of the values: {described(higher)}")
        return tg.extend_losses(
            *tables,
            exact_names=exact_names(),
            **{name: flags[name] for name in ("ties", "clip", "min_images", "bootstrap")},
            method=tournament_method(flags),
        )
    if {*kinds.values()} == {"transfers"}:
        settings = {"columns": rows["columns"], "where": rows["where"]}
        old, new = (
            read_transfers(_single(files), **settings, exact_names=exact_names())
            for files in (earlier, newer)
        )
        return tg.extend_transfers(old, new, exact_names=exact_names())
    held = " and ".join(f"{name} holds {kind}" for name, kind in kinds.items())
    raise click.UsageError(
        f"{held}; expected losses in both, or affinities in both (make these with `taskgraph "
        "affinity`)"
    )


def _single(files: TableFiles) -> Any:
    """Return the one file of a table of affinities."""
    if len(files.paths) != 1:
        raise click.UsageError(
            f"{files} is {len(files.paths)} files of affinities; write them to one table, as each "
            "target's candidates come from one tournament"
        )
    return files.paths[0]


def _inherit(
    earlier: Taxonomy, transfers: Transfers, problem_file: str | None, flags: dict[str, Any]
) -> None:
    """Let the earlier taxonomy give the settings that neither flags nor a problem file give."""
    from taskgraph.tasks import SELF

    if problem_file is None:
        flags["importance"] = (earlier.importance, *flags["importance"])
        if flags["max_order"] is None:
            flags["max_order"] = earlier.max_order
        if flags["objective"] is None:
            flags["objective"] = earlier.objective_transform
    keeps = [
        each.target
        for each in earlier.transfers
        if each.target in earlier.supervised
        and not each.is_self
        and transfers.row_of(each.target, SELF) is not None
    ]
    if keeps and flags["supervised_may_transfer"] is None:
        flags["supervised_may_transfer"] = True
        note(
            f'Note: "{keeps[0]}" is supervised in the earlier taxonomy and keeps a transfer, so '
            "--supervised-may-transfer is on"
        )


def _check_prices(earlier: Taxonomy, problem: Any) -> None:
    """Warn if the earlier taxonomy cost something else than it would at the costs given here."""
    from taskgraph.lifelong.sunk import cost_now

    now = cost_now(earlier, problem)
    gone = bool(problem.transfer_cost) and now < earlier.spent  # transfers that were replaced
    if abs(now - earlier.spent) > 1e-9 * max(1.0, earlier.spent) and not gone:
        note(
            f"Warning: the labels and transfers of the earlier taxonomy were {earlier.spent:g}, "
            f"and are {now:g} at the costs given here; give its costs again (--label-cost, "
            "--label-costs, --transfer-cost or --problem) unless prices have changed"
        )


def _print(extension: Extension, output_format: str | None) -> None:
    """Print the extension, or why there is none."""
    from taskgraph.cli.tables import show_taxonomy
    from taskgraph.lifelong.extension import sentences

    taxonomy = extension.taxonomy
    if output_format == "json":
        show_data(extension.to_json())
    elif not taxonomy.solved:
        click.echo(f"Error: {taxonomy.reason}.", err=True)
    elif output_format == "csv":
        show_data(extension.to_frame().to_csv(index=False))
    elif output_format == "dot":
        show_data(taxonomy.to_dot())
    else:
        show("\n".join(sentences(extension)) + "\n")
        show_taxonomy(taxonomy)
