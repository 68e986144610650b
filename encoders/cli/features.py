"""``taskgraph transfer --features``: measure transfers from frozen features of any data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from encoders.cli.messages import messages
from encoders.cli.options import (
    check_resume,
    jobs_option,
    out_option,
    resume_option,
    set_options,
    threads_option,
)
from encoders.errors.extras import extra_installed
from encoders.features.settings import READOUTS
from taskgraph.cli.exit_codes import BAD_INPUT
from taskgraph.cli.options import bootstrap_option, merged, seed_option
from taskgraph.cli.output import note, notices
from taskgraph.cli.parameters import NameList, NameValue
from taskgraph.cli.paths import InputFile
from taskgraph.progress import progress_bar

if TYPE_CHECKING:
    from encoders.features.measure import FeatureOutcome
    from encoders.features.settings import FeatureConfig

FLAG = "--features"
HELP = ("-h", "--help")

SHARE = click.FloatRange(min=0, max=1, min_open=True, max_open=True)


class TransferCommand(click.Command):
    """A command that becomes `transfer_features` where ``--features`` is among its arguments."""

    @property
    def forms(self) -> dict[str, click.Command]:
        """Return the command's other forms, by the flag that asks for each."""
        return {FLAG: transfer_features}

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Return the context of the command that the arguments mean."""
        if not any(arg == FLAG or arg.startswith(f"{FLAG}=") for arg in args):
            return super().make_context(info_name, args, parent, **extra)
        args = [HELP[1]] if set(args) & set(HELP) else args
        return transfer_features.make_context(f"{info_name} {FLAG}", args, parent, **extra)


@click.command("transfer")
@click.option(
    FLAG,
    required=True,
    type=InputFile(),
    metavar="FILE",
    help="Features of the examples: a .npz file with one array for each source, or a .parquet file "
    "with a column of lists for each source or columns SOURCE.FEATURE.",
)
@click.option(
    "--labels",
    required=True,
    type=InputFile(),
    metavar="FILE",
    help="Table of labels, one row an example; each column is a target, but for example, split "
    "and group.",
)
@out_option("transfers")
@click.option("--targets", type=NameList(), default=(), help="Targets to measure; by default all.")
@click.option("--sources", type=NameList(), default=(), help="Sources to measure; by default all.")
@click.option(
    "--kind",
    type=NameValue(),
    multiple=True,
    metavar="TARGET=KIND",
    help="Kind of a target's labels, if the one that is inferred is wrong: regression, classes or "
    "multilabel.",
)
@click.option(
    "--column",
    type=NameValue(),
    multiple=True,
    metavar="NAME=HEADER",
    help="Header of the column example, split or group of the labels.",
)
@set_options
@click.option(
    "--readout",
    type=click.Choice(list(READOUTS)),
    default="ridge",
    show_default=True,
    help="Ridge regression, also of classes and tags; logistic regression (for numbers: ridge); or "
    "a perceptron with one hidden layer.",
)
@click.option(
    "--scratch",
    default="scratch",
    show_default=True,
    metavar="SOURCE",
    help="Source that is the raw input; a read-out from it alone is the reference scratch.",
)
@click.option(
    "--test-share",
    type=SHARE,
    default=0.2,
    show_default=True,
    help="Share of the examples to test on, unless the column split names them.",
)
@click.option(
    "--valid-share",
    type=SHARE,
    default=0.15,
    show_default=True,
    help="Share of the examples to choose penalties and candidates on, unless the column split "
    "names them.",
)
@click.option(
    "--train-examples",
    type=click.IntRange(min=0),
    default=0,
    metavar="N",
    help="Most examples to train each read-out on; by default no limit.",
)
@click.option(
    "--repeats",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="R",
    help="Draw the training and validation examples R times; the test examples stay.",
)
@seed_option
@bootstrap_option(
    "Give each affinity a 95 % interval (columns low and high) if R is above 0.", least=0
)
@jobs_option("2, or none besides this process for small data")
@threads_option
@resume_option
def transfer_features(
    features: str,
    labels: str,
    out: str,
    kind: tuple[dict[str, str], ...],
    column: tuple[dict[str, str], ...],
    bootstrap: int,
    jobs: int | None,
    resume: bool,
    **settings: Any,
) -> int:
    """Measure transfers from frozen features of any data, and from sets of them, to labels.

    For each target a read-out is fit to the features of each source, and of the sets of sources
    that --candidates proposes. Penalties and sets are chosen on validation examples, losses are
    measured on test examples. Numbers, classes and tags (such as a|b) are told apart by the labels,
    and the command prints what it takes them for. Rows of features and labels are matched by the
    array or column example, or else by their order. A source that has a target's name is measured
    as self there. OUT gets losses.parquet, with one row for each transfer and test example, and
    transfers.csv, which `taskgraph solve` reads. It needs no torch (extra features).

    \b
    Examples:
      taskgraph transfer --features features.npz --labels labels.csv -o transfers
      taskgraph transfer --features f.parquet --labels l.csv --kind stars=regression
      taskgraph transfer --features f.npz --labels l.csv --readout logistic --max-order 3
    """
    from encoders.engines import LocalEngine
    from encoders.features.settings import FeatureConfig

    with extra_installed("features"):
        import sklearn  # noqa: F401

    check_resume(out, resume=resume)
    config = FeatureConfig(kinds=merged(kind), columns=merged(column), **settings)
    engine = None if jobs is None else LocalEngine(jobs, config.threads)
    from encoders.features.measure import measure_features

    with messages():
        outcome = measure_features(
            features, labels, Path(out), config, engine, progress=progress_bar
        )
    return _report(outcome, config, Path(out), bootstrap)


def _report(outcome: FeatureOutcome, config: FeatureConfig, out: Path, bootstrap: int) -> int:
    """Write the tables, and print what was measured; returns the exit code."""
    from encoders.features.tables import write_feature_tables
    from encoders.transfer.file_names import LOSSES, TRANSFERS

    for job, reason in outcome.failures.items():
        note(f"{job} failed: {reason}")
    if outcome.stopped or outcome.failures:
        reason = outcome.stopped or "the other jobs are kept"
        note(f"stopped: {reason}; continue with --resume")
        return BAD_INPUT
    with notices():
        affinities = write_feature_tables(out, bootstrap=bootstrap, seed=config.seed)
    note(f"wrote {out / LOSSES} and {out / TRANSFERS}: {affinities.transfers!r}")
    return 0
