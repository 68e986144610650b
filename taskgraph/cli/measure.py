"""``taskgraph affinity``, ``stability`` and ``import``: from measurements to a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.groups import SuggestingGroup
from taskgraph.cli.options import (
    Candidates,
    Names,
    Pairs,
    check_costs,
    exact_names,
    exact_names_option,
    form_options,
    make_problem,
    note,
    notices,
    problem_options,
    progress_bar,
    show,
    show_data,
)
from taskgraph.cli.paths import TABLES, InputFolder, InputTables, OutputFile

if TYPE_CHECKING:
    from taskgraph.affinity import Affinities
    from taskgraph.losses import Losses
    from taskgraph.tables import Files
    from taskgraph.transfers import Transfers


GUESSED = (
    "nothing says so; add --higher-is-better if these are scores such as accuracies, or "
    "--lower-is-better to confirm it"
)


def losses_options(function: Any) -> Any:
    """Flags that say how to read a table of losses and how to compare them."""
    flags = [
        click.option(
            "--column",
            "columns",
            type=Pairs(),
            multiple=True,
            metavar="NAME=HEADER",
            help="Read a column under your own header, such as sources=key1; join "
            "several by +, such as image=setting+seed. The header file is the name of "
            "the row's file, without folders and suffix.",
        ),
        click.option(
            "--file-names",
            metavar="PATTERN",
            help="What the files' names say, such as "
            "{target}__{sources}: a column for each name in braces.",
        ),
        click.option(
            "--where",
            type=Pairs(),
            multiple=True,
            metavar="HEADER=VALUE",
            help="Keep only the rows with this value.",
        ),
        click.option(
            "--drop",
            type=Candidates(),
            multiple=True,
            help="Leave candidates out, such as those that were tested on few images.",
        ),
        click.option(
            "--higher-is-better", is_flag=True, help="The values are scores, such as accuracies."
        ),
        click.option(
            "--lower-is-better",
            is_flag=True,
            help="The values are losses or error rates, whatever they are called.",
        ),
        click.option(
            "--higher-is-better-for",
            type=Names(),
            multiple=True,
            help="Targets whose "
            "values are scores, while the others' are losses. A column higher_is_better "
            "(true or false) says the same.",
        ),
        exact_names_option,
        click.option(
            "--ties",
            type=click.Choice(["half", "strict"]),
            default="half",
            show_default=True,
            help="A tie counts half for each, or for neither.",
        ),
        click.option(
            "--clip",
            type=float,
            default=1e-3,
            show_default=True,
            help="Win rates are kept this far from 0 and 1.",
        ),
        click.option(
            "--min-images",
            type=click.IntRange(min=1),
            default=10,
            show_default=True,
            help="Fewest images that a target's candidates must have in common.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of the bootstrap.",
        ),
    ]
    for flag in reversed(flags):
        function = flag(function)
    return function


@click.command("affinity")
@click.argument("losses", nargs=-1, required=True, type=InputTables())
@click.option(
    "-o",
    "--output",
    type=OutputFile(TABLES),
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
    help="Of the softmax over standardized scores.",
)
def affinity_command(losses: tuple[str, ...], output: str, **flags: Any) -> int:
    """Turn per-image losses (or win rates, or scores) into AHP affinities.

    LOSSES are files with the columns target, sources, image and loss; or target, sources, versus
    and wins; or sources, target and score; or wide matrices of scores. Several files, folders and
    patterns such as 'runs/*.csv' are read as one table; - is standard input. CSV may have commas,
    tabs or semicolons (then with decimal commas, too), and be gzipped; JSON lines, Parquet and
    Feather are read as well. Empty fields, NA, - and null were not measured. Sources are names
    joined by +; one that holds a + itself is written in double quotes, or in a list column. Scores
    need --higher-is-better or --lower-is-better.

    \b
    Examples:
      taskgraph affinity losses.parquet -o transfers.csv --bootstrap 200
      taskgraph affinity runs/ -o transfers.csv --file-names '{target}__{sources}'
      taskgraph affinity 'seed*.csv' -o transfers.csv --column image=image+file
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
        transfers = _transfers(_files(losses, flags), flags)
    write_transfers(transfers, output)
    note(f"wrote {output}: {transfers!r}")
    return 0


def _files(losses: tuple[str, ...], flags: dict[str, Any]) -> Files:
    from taskgraph.tables import Files, expanded

    return Files(expanded(losses), flags["file_names"])


def _transfers(path: Files, flags: dict[str, Any]) -> Transfers:
    """Whatever kind of measurement the file holds, as a table of transfers."""
    from taskgraph.affinity import affinities_from_wins_table
    from taskgraph.tables import naming, read_wins, table_kind

    rows = _rows(flags)
    kind = table_kind(path, columns=rows["columns"])
    if kind == "losses":
        found = _affinities(path, rows, flags)
        _report(found)
        return found.transfers
    if kind == "wins":
        if _direction(flags) != _direction({}):
            raise click.UsageError(
                f"{path} holds win rates, where more wins are always better; "
                "leave out the flags of a direction"
            )
        table = read_wins(path, **rows, exact_names=exact_names())
        with naming(path):
            found = affinities_from_wins_table(
                table, ties=flags["ties"], clip=flags["clip"], exact_names=exact_names()
            )
        _report(found)
        return found.transfers
    if kind in ("scores", "matrix"):
        return _weights(path, kind, rows, flags)
    raise click.UsageError(f"{path} holds affinities already; pass it to `taskgraph solve`")


def _weights(path: Files, kind: str, rows: dict[str, Any], flags: dict[str, Any]) -> Transfers:
    """Weights of single scores, and on standard error what they are worth."""
    from taskgraph.affinity import affinities_from_scores
    from taskgraph.direction import called_a_score, direction_in, refusal
    from taskgraph.errors import InvalidTableError
    from taskgraph.tables import naming, read_header, read_scores

    said, guessed = _direction(flags), False
    scores = read_scores(path, **rows, exact_names=exact_names())
    if kind == "matrix" and said == _direction({}):
        corner = read_header(path.paths[0])[0]
        if called_a_score(corner):
            raise InvalidTableError(f"{path}: {refusal(corner, wide=True)}")
        said["higher_is_better"] = False
        guessed = True
    with naming(path):
        transfers = affinities_from_scores(
            scores,
            **said,
            method=flags["method"],
            temperature=flags["temperature"],
            exact_names=exact_names(),
        )
    note(
        "these are single scores, not losses on many images: no tournament can be held, so "
        f"the affinities are weights by {flags['method']}, not AHP"
    )
    reason = f" ({GUESSED})" if guessed else ""
    note(f"direction of the values: {direction_in(transfers.frame)}{reason}")
    return transfers


def _affinities(path: Files, rows: dict[str, Any], flags: dict[str, Any]) -> Affinities:
    from taskgraph.affinity import affinities
    from taskgraph.direction import described
    from taskgraph.tables import naming, read_losses

    losses = read_losses(path, **rows, **_direction(flags), exact_names=exact_names())
    with naming(path):
        found = affinities(
            losses,
            ties=flags["ties"],
            clip=flags["clip"],
            min_images=flags["min_images"],
            bootstrap=flags["bootstrap"],
            seed=flags["seed"],
            progress=progress_bar("bootstrap"),
        )
    _say_who_costs_images(losses)
    higher = {target: target in losses.higher_is_better for target in losses.targets}
    note(f"direction of the values: {described(higher)}")
    return found


def _say_who_costs_images(losses: Losses) -> None:
    """Which candidates were not tested on images that the others were, on standard error."""
    from taskgraph.affinity.tournament import costliest

    for target in losses.targets:
        measured = losses.by_target[target]
        common = int(measured.common.sum())
        if common < len(measured.images):
            wanted = common + (len(measured.images) - common + 1) // 2
            note(
                f'"{target}": {common} of {len(measured.images)} images are common to all '
                f"candidates; {costliest(measured, wanted)}"
            )


def _direction(flags: dict[str, Any]) -> dict[str, Any]:
    """The keywords of a direction that the flags say."""
    higher, lower = flags.get("higher_is_better"), flags.get("lower_is_better")
    if higher and lower:
        raise click.UsageError(
            "--higher-is-better and --lower-is-better contradict each other; give one of them"
        )
    targets = [name for part in flags.get("higher_is_better_for", ()) for name in part]
    said = bool(higher) if higher or lower else None
    return {"higher_is_better": said, "higher_is_better_for": tuple(targets)}


def _report(found: Affinities) -> None:
    """The consistency of the judgments, on standard error."""
    table = found.consistency
    worst = table.sort_values("consistency_ratio").iloc[-1]
    note(
        f'consistency ratio at most {worst["consistency_ratio"]:.3f} ("{worst["target"]}"; up to '
        "0.1 is customary)"
    )


def _rows(flags: dict[str, Any]) -> dict[str, Any]:
    """Which columns and rows of a file to read, as the readers take it."""
    drop = tuple(name for part in flags["drop"] for name in part)
    return {**{name: _joined(flags[name]) for name in ("columns", "where")}, "drop": drop}


def _joined(parts: tuple[dict[str, str], ...]) -> dict[str, str]:
    return {name: value for part in parts for name, value in part.items()}


@click.command("stability")
@click.argument("losses", nargs=-1, required=True, type=InputTables())
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
@form_options(json="Print JSON.", csv="Print CSV.")
def stability_command(
    losses: tuple[str, ...], problem_file: str | None, solver: str, form: str | None, **flags: Any
) -> int:
    """How often each task ends up supervised when the images are drawn again.

    \b
    Examples:
      taskgraph stability losses.parquet --budget 5 --bootstrap 200
    """
    import taskgraph as tg
    from taskgraph.tables import table_kind

    rows = _rows(flags)
    files = _files(losses, flags)
    kind = table_kind(files, columns=rows["columns"])
    if kind != "losses":
        raise click.UsageError(f"{files} holds {kind}; only losses on images can be resampled")
    problem = make_problem(problem_file, flags)
    with notices():
        resampled = _affinities(files, rows, flags)
    check_costs(resampled.transfers, problem, flags)
    result = tg.stability(resampled, problem, solver=solver, progress=progress_bar("resamples"))
    if form == "json":
        show_data(result.to_json())
    elif form == "csv":
        show_data(result.to_frame().to_csv(index=False))
    else:
        show(str(result))
    return 0


@click.group("import", cls=SuggestingGroup)
def import_command() -> None:
    """Read other people's formats."""


@import_command.command("taskonomy")
@click.argument("folder", type=InputFolder())
@click.option(
    "-o",
    "--output",
    type=OutputFile(TABLES),
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
@exact_names_option
def import_taskonomy_command(folder: str, output: str, size: str) -> int:
    """The pickles that the Taskonomy authors published, read without running them.

    \b
    Examples:
      taskgraph import taskonomy published/ -o transfers.csv
      taskgraph import taskonomy published/ -o transfers_1k.csv --size 1k
    """
    from taskgraph.tables import read_taskonomy, write_transfers

    with notices():
        transfers = read_taskonomy(folder, size=size, exact_names=exact_names())
    write_transfers(transfers, output)
    note(f"wrote {output}: {transfers!r}")
    return 0
