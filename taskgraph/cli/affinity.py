"""``taskgraph affinity``: from losses, win rates or scores to a table of transfers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from taskgraph.cli.losses import (
    affinities_of,
    direction_settings,
    input_files,
    losses_argument,
    losses_options,
    row_settings,
    tournament_method,
)
from taskgraph.cli.options import bootstrap_option, exact_names
from taskgraph.cli.output import note, notices
from taskgraph.cli.paths import TABLES, OutputFile

if TYPE_CHECKING:
    from taskgraph.affinity import Affinities
    from taskgraph.affinity.scores import Method
    from taskgraph.tables import TableFiles
    from taskgraph.transfers import Transfers

GUESSED = (
    "nothing says so; add --higher-is-better if these are scores such as accuracies, or "
    "--lower-is-better to confirm it"
)


@click.command("affinity")
@losses_argument
@click.option(
    "-o",
    "--output",
    type=OutputFile(TABLES),
    metavar="FILE",
    required=True,
    help="File to write the table of transfers to (.csv, .csv.gz or .parquet).",
)
@losses_options
@bootstrap_option(
    "Give each affinity a 95 % interval (columns low and high) if R is above 0. The interval "
    "is the same for every R, as it needs no resamples; `taskgraph stability` resamples.",
    default=0,
    least=0,
)
@click.option(
    "--temperature",
    type=float,
    metavar="T",
    default=1.0,
    show_default=True,
    help="Temperature of --method softmax, in standard deviations of a target's scores.",
)
def affinity_command(losses: tuple[str, ...], output: str, **flags: Any) -> int:
    """Compute affinities from losses, win rates or scores, and write a table of transfers.

    LOSSES are files with the columns target, sources, image, loss (per-image losses); target,
    sources, versus, wins (win rates); or sources, target, score; or wide matrices of scores.
    Several files, folders and patterns such as 'runs/*.csv' are read as one table; - is standard
    input. Formats: CSV with commas, tabs or semicolons (then also with decimal commas), JSON
    lines, both also gzipped; Parquet; Feather. Rows with an empty value, NA, - or null count as
    not measured. Sources are names joined by +; write a name that holds a + in double quotes, or
    use a list column. Scores need --higher-is-better or --lower-is-better; they have the methods
    rank (the default) and softmax.

    \b
    Examples:
      taskgraph affinity losses.parquet -o transfers.csv --bootstrap 200
      taskgraph affinity runs/ -o transfers.csv --file-names '{target}__{sources}'
      taskgraph affinity 'seed*.csv' -o transfers.csv --column image=image+file
      taskgraph affinity losses.csv -o transfers.csv --method bradley-terry
      taskgraph affinity losses.csv -o transfers.csv --drop depth,seg+edges
      taskgraph affinity wins.csv -o transfers.csv
      taskgraph affinity scores.csv -o transfers.csv --higher-is-better --method softmax
      taskgraph affinity mixed.csv -o transfers.csv --higher-is-better-for seg,scene
      taskgraph affinity runs.csv -o transfers.csv --higher-is-better \\
        --column image=setting+seed --column cluster=seed --column loss=accuracy
    """
    from taskgraph.tables import write_transfers

    flags["bootstrap"] = min(1, flags["bootstrap"])  # for the intervals; resamples are not kept
    with notices():
        transfers = _transfers(input_files(losses, flags), flags)
    write_transfers(transfers, output)
    note(f"wrote {output}: {transfers!r}")
    return 0


def _transfers(files: TableFiles, flags: dict[str, Any]) -> Transfers:
    """Return the table of transfers of the losses, win rates or scores in the files."""
    from taskgraph.tables import table_kind

    rows = row_settings(flags)
    kind = table_kind(files, columns=rows["columns"])
    if kind == "losses":
        return _noted(affinities_of(files, rows, flags))
    if kind == "wins":
        return _noted(_from_wins(files, rows, flags))
    if kind in ("scores", "matrix"):
        return _from_scores(files, kind, rows, flags)
    raise click.UsageError(f"{files} holds affinities already; pass it to `taskgraph solve`")


def _from_wins(files: TableFiles, rows: dict[str, Any], flags: dict[str, Any]) -> Affinities:
    """Return the affinities of a table of win rates."""
    from taskgraph.affinity import affinities_from_wins_table
    from taskgraph.tables import naming, read_wins

    if direction_settings(flags) != direction_settings({}):
        raise click.UsageError(
            f"{files} holds win rates, where more wins are always better; "
            "leave out the flags of a direction"
        )
    table = read_wins(files, **rows, exact_names=exact_names())
    with naming(files):
        return affinities_from_wins_table(
            table,
            ties=flags["ties"],
            clip=flags["clip"],
            method=tournament_method(flags),
            exact_names=exact_names(),
        )


def _from_scores(
    files: TableFiles, kind: str, rows: dict[str, Any], flags: dict[str, Any]
) -> Transfers:
    """Return weights from single scores, and note that they are no AHP affinities."""
    from taskgraph.affinity import affinities_from_scores
    from taskgraph.errors import InvalidTableError
    from taskgraph.frames.direction import direction_in, refusal
    from taskgraph.frames.score_words import called_a_score
    from taskgraph.tables import naming, read_header, read_scores

    direction, guessed, method = direction_settings(flags), False, _score_method(flags)
    scores = read_scores(files, **rows, exact_names=exact_names())
    if kind == "matrix" and direction == direction_settings({}):
        corner = read_header(files.paths[0])[0]
        if called_a_score(corner):
            raise InvalidTableError(f"{files}: {refusal(corner, wide=True)}")
        direction["higher_is_better"] = False
        guessed = True
    with naming(files):
        transfers = affinities_from_scores(
            scores,
            **direction,
            method=method,
            temperature=flags["temperature"],
            exact_names=exact_names(),
        )
    note(
        "these are single scores, not losses on many images: no tournament can be held, so "
        f"the affinities are weights by {method}, not AHP"
    )
    reason = f" ({GUESSED})" if guessed else ""
    note(f"direction of the values: {direction_in(transfers.frame)}{reason}")
    return transfers


def _score_method(flags: dict[str, Any]) -> Method:
    """Return the method by which single scores become weights."""
    from taskgraph.affinity.scores import METHODS

    name = flags["method"] or METHODS[0]
    if name not in METHODS:
        raise click.UsageError(
            f"--method is {name}; single scores allow no tournament, so expected one of "
            f"{', '.join(METHODS)}"
        )
    return cast("Method", name)


def _noted(affinities: Affinities) -> Transfers:
    """Return the transfers, and note how consistent the win rates of the worst target are."""
    table = affinities.consistency
    worst = table.sort_values("consistency_ratio").iloc[-1]
    note(
        f'consistency ratio at most {worst["consistency_ratio"]:.3f} ("{worst["target"]}"; up to '
        "0.1 is customary)"
    )
    return affinities.transfers
