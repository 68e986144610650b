"""Settings and description of the suite ``bank``."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.results.suite import CPU, PAPER, SMOKE, Suite, option


@dataclass(frozen=True)
class Settings:
    """The bank that is copied, its data, its sweep, and an earlier bank; nothing is trained."""

    bank: str = option(kind="folder", help="Encoders of `taskgraph train`; they are copied.")
    data: str = option(kind="folder", help="Data set that they were trained on.")
    sweep: str | None = option(
        None, kind="folder", help="Transfers from that bank, for the read-outs of Table 1."
    )
    old: str | None = option(
        None,
        kind="folder",
        help="Results of this suite for an earlier bank; the page shows both side by side.",
    )
    tried: tuple[str, ...] = option(
        (), help="Folders of banks that were begun with other settings of stopping."
    )
    division: str | None = option(
        None,
        flag="--splits",
        kind="file",
        help="CSV file of splits that the bank was trained with, if any.",
    )


SUITE = Suite(
    name="bank",
    question="How often do trained networks beat a constant (Table 1)?",
    methods=(
        "the best constant answer",
        "a read-out from the random encoder, trained on the transfer data",
        "a read-out from the random encoder, trained on all images",
    ),
    time="a minute; training the bank before takes hours",
    writes="one record a task; the networks, table1.csv, comparison.csv, tried.csv, "
    "losses.parquet, splits.csv, curves.parquet, curves.svg, views.jpg, photos.jpg",
    settings=Settings,
    package="benchmarks.bank",
    presets={SMOKE: {}, CPU: {}, PAPER: {}},
)
