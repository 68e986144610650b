"""``taskgraph affinity``, ``stability`` and ``import``: from measurements to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import Pairs, make_problem, note, problem_options, progress_bar

if TYPE_CHECKING:
    from taskgraph.affinity import Affinities
    from taskgraph.transfers import Transfers


def losses_options(function: Any) -> Any:
    """Flags that say how to read a table of losses and how to compare them."""
    flags = [
        click.option("--column", "columns", type=Pairs(), multiple=True, metavar="NAME=HEADER",
                     help="Read a column under your own header, such as sources=key1; join "
                     "several by +, such as image=setting+seed."),
        click.option("--where", type=Pairs(), multiple=True, metavar="HEADER=VALUE",
                     help="Keep only the rows with this value."),
        click.option("--higher-is-better", is_flag=True, help="Losses or scores are rewards."),
        click.option("--ties", type=click.Choice(["half", "strict"]), default="half",
                     show_default=True, help="A tie counts half for each, or for neither."),
        click.option("--clip", type=float, default=1e-3, show_default=True,
                     help="Win rates are kept this far from 0 and 1."),
        click.option("--min-images", type=click.IntRange(min=1), default=10, show_default=True,
                     help="Fewest images that a target's candidates must have in common."),
        click.option("--seed", type=int, default=0, show_default=True,
                     help="Seed of the bootstrap."),
    ]  # fmt: skip
    for flag in reversed(flags):
        function = flag(function)
    return function


@click.command("affinity")
@click.argument("losses")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Where to write the transfers (CSV or Parquet).",
)
@losses_options
@click.option(
    "--bootstrap",
    type=click.IntRange(min=0),
    default=0,
    metavar="R",
    help="Give each affinity a 95 % interval, low to high, if R is above 0. The interval needs no "
    "resamples, so it is the same for every R; `taskgraph stability` resamples the images.",
)
@click.option(
    "--method",
    type=click.Choice(["rank", "softmax"]),
    default="rank",
    show_default=True,
    help="How scores, which are no losses, become affinities.",
)
@click.option(
    "--temperature",
    type=float,
    default=1.0,
    show_default=True,
    help="Of the softmax over standardised scores.",
)
def affinity_command(losses: str, output: str, **flags: Any) -> int:
    """Turn per-image losses (or win rates, or scores) into AHP affinities.

    LOSSES is a CSV or Parquet file with the columns target, sources, image and loss; or target,
    sources, versus and wins; or sources, target and score; or a wide matrix of scores.

    \b
    Examples:
      taskgraph affinity losses.parquet -o transfers.csv --bootstrap 200
      taskgraph affinity wins.csv -o transfers.csv
      taskgraph affinity scores.csv -o transfers.csv --higher-is-better --method softmax
      taskgraph affinity runs.csv -o transfers.csv --higher-is-better \\
        --column image=setting+seed --column cluster=seed --column loss=accuracy
    """  # fmt: skip
    from taskgraph.tables import SUFFIXES, check_writable, write_transfers

    check_writable(output, suffixes=SUFFIXES)
    flags["bootstrap"] = min(1, flags["bootstrap"])  # for the intervals; resamples are not kept
    transfers = _transfers(losses, flags)
    write_transfers(transfers, output)
    note(f"wrote {output}: {transfers!r}")
    return 0


def _transfers(path: str, flags: dict[str, Any]) -> Transfers:
    """Whatever kind of measurement the file holds, as a table of transfers."""
    from taskgraph.affinity import affinities_from_scores, affinities_from_wins_table
    from taskgraph.tables import read_scores, read_wins, table_kind

    rows = _rows(flags)
    kind = table_kind(path, columns=rows["columns"])
    if kind == "losses":
        found = _affinities(path, rows, flags)
        _report(found)
        return found.transfers
    if kind == "wins":
        table = read_wins(path, **rows)
        found = affinities_from_wins_table(table, ties=flags["ties"], clip=flags["clip"])
        _report(found)
        return found.transfers
    if kind in ("scores", "matrix"):
        note("these are single scores, not losses on many images: no tournament can be held, so "
             f"the affinities are weights by {flags['method']}, not AHP")  # fmt: skip
        return affinities_from_scores(
            read_scores(path, **rows),
            higher_is_better=flags["higher_is_better"],
            method=flags["method"],
            temperature=flags["temperature"],
        )
    raise click.UsageError(f"{path} holds affinities already; pass it to `taskgraph solve`")


def _affinities(path: str, rows: dict[str, Any], flags: dict[str, Any]) -> Affinities:
    from taskgraph.affinity import affinities
    from taskgraph.tables import read_losses

    losses = read_losses(path, **rows, higher_is_better=flags["higher_is_better"])
    return affinities(
        losses,
        ties=flags["ties"],
        clip=flags["clip"],
        min_images=flags["min_images"],
        bootstrap=flags["bootstrap"],
        seed=flags["seed"],
    )


def _report(found: Affinities) -> None:
    """Consistency, and the images that had to be dropped, on standard error."""
    table = found.consistency
    worst = table.sort_values("consistency_ratio").iloc[-1]
    note(f'consistency ratio at most {worst["consistency_ratio"]:.3f} ("{worst["target"]}"; up to '
         "0.1 is customary)")  # fmt: skip
    if "dropped" in table:
        for row in table[table["dropped"] > 0].itertuples():
            note(f'"{row.target}": {row.images:.0f} images compared; {row.dropped:.0f} left out, '
                 "as some candidate was not tested on them")  # fmt: skip


def _rows(flags: dict[str, Any]) -> dict[str, Any]:
    """Which columns and rows of a file to read, as the readers take it."""
    return {name: _joined(flags[name]) for name in ("columns", "where")}


def _joined(parts: tuple[dict[str, str], ...]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}


@click.command("stability")
@click.argument("losses")
@click.option(
    "--bootstrap",
    type=click.IntRange(min=1),
    default=200,
    show_default=True,
    metavar="R",
    help="How often to resample the images and solve again.",
)
@losses_options
@problem_options()
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
def stability_command(
    losses: str, problem_file: str | None, solver: str, form: str | None, **flags: Any
) -> int:
    """How often each task ends up supervised when the images are drawn again.

    \b
    Examples:
      taskgraph stability losses.parquet --budget 5 --bootstrap 200
    """  # fmt: skip
    import taskgraph as tg
    from taskgraph.tables import table_kind

    rows = _rows(flags)
    kind = table_kind(losses, columns=rows["columns"])
    if kind != "losses":
        raise click.UsageError(f"{losses} holds {kind}; only losses on images can be resampled")
    found = tg.stability(_affinities(losses, rows, flags), make_problem(problem_file, flags),
                         solver=solver, progress=progress_bar("resamples"))  # fmt: skip
    if form == "csv":
        click.echo(found.to_frame().to_csv(index=False), nl=False)
    else:
        click.echo(str(found))
    return 0


@click.group("import")
def import_command() -> None:
    """Read other people's formats."""


@import_command.command("taskonomy")
@click.argument("folder")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    required=True,
    help="Where to write the transfers (CSV or Parquet).",
)
@click.option(
    "--size",
    type=click.Choice(["16k", "1k", "early"]),
    default="16k",
    show_default=True,
    help="Images that the transfers were trained on; `early` is the set of files without a suffix.",
)
def import_taskonomy_command(folder: str, output: str, size: str) -> int:
    """The pickles that the Taskonomy authors published, read without running them.

    \b
    Examples:
      taskgraph import taskonomy published/ -o transfers.csv
      taskgraph import taskonomy published/ -o transfers_1k.csv --size 1k
    """  # fmt: skip
    from taskgraph.tables import SUFFIXES, check_writable, read_taskonomy, write_transfers

    check_writable(output, suffixes=SUFFIXES)
    transfers = read_taskonomy(folder, size=size)
    write_transfers(transfers, output)
    note(f"wrote {output}: {transfers!r}")
    return 0
