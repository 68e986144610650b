"""LOSSES, the files of measurements: their flags, and the affinities of losses on images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from taskgraph.cli.options import (
    F,
    exact_names,
    exact_names_option,
    join_groups,
    merged,
    seed_option,
    where_conditions,
    where_option,
    with_options,
)
from taskgraph.cli.output import note
from taskgraph.cli.parameters import NameList, NameValue, SourceSetList
from taskgraph.cli.paths import InputTables
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from taskgraph.affinity import Affinities
    from taskgraph.losses import Losses
    from taskgraph.tables import TableFiles

COLUMNS = (
    click.option(
        "--column",
        "columns",
        type=NameValue(),
        multiple=True,
        metavar="NAME=HEADER",
        help="Read the column HEADER of the files as NAME, as in sources=key1. Several columns "
        "are joined by +, as in image=setting+seed. The column `file` holds the name of each "
        "row's file, without folders and suffix.",
    ),
    click.option(
        "--file-names",
        metavar="PATTERN",
        help="Make a column of each name in braces from the names of the files, as in "
        "{target}__{sources}.",
    ),
    where_option("Keep only the rows whose column HEADER holds VALUE."),
    click.option(
        "--drop",
        type=SourceSetList(),
        multiple=True,
        help="Leave these candidates (sets of sources) out, for example because they were tested "
        "on few images.",
    ),
)
DIRECTION = (
    click.option(
        "--higher-is-better", is_flag=True, help="All values are scores, such as accuracies."
    ),
    click.option(
        "--lower-is-better",
        is_flag=True,
        help="All values are losses or error rates, whatever the columns are called.",
    ),
    click.option(
        "--higher-is-better-for",
        type=NameList(),
        multiple=True,
        help="The values of these targets are scores; those of all others are losses. A column "
        "higher_is_better (true or false) says the same.",
    ),
)
METHOD = click.option(
    "--method",
    metavar="NAME",
    help="How win rates become affinities: ahp (the paper's principal eigenvector of the win "
    "odds; the default), geometric-mean (of the odds), bradley-terry (maximum likelihood) or "
    "win-rate (mean over the other candidates).",
)
TOURNAMENT = (
    click.option(
        "--ties",
        type=click.Choice(["half", "strict"]),
        default="half",
        show_default=True,
        help="What a tie counts for each of the two candidates: half a win, or (strict) no win.",
    ),
    click.option(
        "--clip",
        type=float,
        metavar="X",
        default=1e-3,
        show_default=True,
        help="Keep win rates between X and 1 - X, so that all odds are finite.",
    ),
    METHOD,
    click.option(
        "--min-images",
        type=click.IntRange(min=1),
        metavar="N",
        default=10,
        show_default=True,
        help="Refuse a target whose candidates have fewer than N test images in common.",
    ),
)


def losses_argument(function: F) -> F:
    """Add ``LOSSES``, one or more files, folders or patterns."""
    return click.argument("losses", nargs=-1, required=True, type=InputTables())(function)


def losses_options(function: F) -> F:
    """Add the flags that say how to read measurements and how to compare them."""
    return with_options(*COLUMNS, *DIRECTION, exact_names_option, *TOURNAMENT, seed_option)(
        function
    )


def input_files(losses: tuple[str, ...], flags: dict[str, Any]) -> TableFiles:
    """Return all files of LOSSES, those in folders included, as one table."""
    from taskgraph.tables import TableFiles, expanded

    return TableFiles(expanded(losses), flags["file_names"])


def row_settings(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of the readers that say which columns and rows to read."""
    return {
        "columns": merged(flags["columns"]),
        "where": where_conditions(),
        "drop": join_groups(flags["drop"]),
    }


def direction_settings(flags: dict[str, Any]) -> dict[str, Any]:
    """Return the keywords of the readers that say which values are better."""
    higher, lower = flags.get("higher_is_better"), flags.get("lower_is_better")
    if higher and lower:
        raise click.UsageError(
            "--higher-is-better and --lower-is-better contradict each other; give one of them"
        )
    return {
        "higher_is_better": bool(higher) if higher or lower else None,
        "higher_is_better_for": join_groups(flags.get("higher_is_better_for", ())),
    }


def tournament_method(flags: dict[str, Any]) -> str:
    """Return the method by which win rates become affinities, a key of `TOURNAMENT_METHODS`.

    Raises
    ------
    UsageError
        If there is no such method, or it is one for single scores.
    """
    from taskgraph.affinity.methods import AHP, TOURNAMENT_METHODS
    from taskgraph.affinity.scores import METHODS

    name: str = flags.get("method") or AHP
    if name not in TOURNAMENT_METHODS:
        known = ", ".join(TOURNAMENT_METHODS)
        scores = ", which is for single scores" if name in METHODS else ""
        raise click.UsageError(f"--method is {name}{scores}; expected one of {known}")
    return name


def affinities_of(files: TableFiles, rows: dict[str, Any], flags: dict[str, Any]) -> Affinities:
    """Return the affinities of losses, and note what the images and values were taken for."""
    from taskgraph.affinity import affinities
    from taskgraph.frames.direction import described
    from taskgraph.tables import naming, read_losses

    losses = read_losses(files, **rows, **direction_settings(flags), exact_names=exact_names())
    with naming(files), progress_bar("bootstrap") as progress:
        result = affinities(
            losses,
            ties=flags["ties"],
            clip=flags["clip"],
            min_images=flags["min_images"],
            method=tournament_method(flags),
            bootstrap=flags["bootstrap"],
            seed=flags["seed"],
            progress=progress,
        )
    _note_missing_images(losses)
    _note_training(result)
    higher = {target: target in losses.higher_is_better for target in losses.targets}
    note(f"direction of the values: {described(higher)}")
    return result


def _note_missing_images(losses: Losses) -> None:
    """Name the candidates that were not tested on images on which the others were."""
    from taskgraph.affinity.tournament import advise_missing_images

    for target in losses.targets:
        measured = losses.by_target[target]
        common = int(measured.common.sum())
        if common < len(measured.images):
            goal = common + (len(measured.images) - common + 1) // 2
            note(
                f'"{target}": {common} of {len(measured.images)} images are common to all '
                f"candidates; {advise_missing_images(measured, goal)}"
            )


def _note_training(result: Affinities) -> None:
    """Say how many transfers were trained with several seeds, and how many not to their end."""
    frame = result.transfers.frame
    if "seeds" in frame:
        several = int((frame["seeds"] > 1).sum())
        note(
            f"{several} of {len(frame)} transfers and references were trained with several seeds: "
            "their intervals and resamples hold seeds and images, those of the others images alone"
        )
    if "pruned" in frame:
        note(
            f"{int(frame['pruned'].sum())} of {len(frame)} transfers were pruned (column pruned): "
            "their losses are of unfinished training, so that their affinities may be too small"
        )
