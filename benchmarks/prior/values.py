"""The values of the page: one row a restored picture, by task, photograph, method and seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.prior.fits import fits_of
from benchmarks.prior.grid import PRIOR
from benchmarks.results.measures import Estimate, t_interval
from benchmarks.results.record import Record, read_records

BASELINE = "baseline"


@dataclass(frozen=True, eq=False)
class PriorResults:
    """The records and tables that the page shows.

    Attributes
    ----------
    records : list of Record
        All records of the size of the last record of the grid.
    fits : DataFrame
        As `fits_of` returns them, of that size.
    pictures : DataFrame
        ``task, photo, method, seed, psnr, ssim`` of the grid; those of the prior are where the
        rule stops.
    """

    records: list[Record]
    fits: pd.DataFrame
    pictures: pd.DataFrame

    def part(self, name: str) -> list[Record]:
        """Return the records of one part."""
        return [each for each in self.records if each.settings["part"] == name]

    @property
    def tasks(self) -> list[str]:
        """The tasks of the grid that have a fit, in their usual order."""
        from benchmarks.prior.fit_settings import TASKS

        fitted = self.pictures[self.pictures["method"] == PRIOR]
        having = set(fitted["task"])
        return [task for task in TASKS if task in having]


def read_results(folder: Path) -> PriorResults:
    """Return the results of the last size and number of iterations of a folder."""
    records = read_records(folder)
    grid = [each for each in records if each.settings["part"] == "grid"]
    last = [each for each in grid if each.settings["method"] == PRIOR][-1:]
    last = last or [each for each in records if each.settings["method"] == PRIOR][-1:]
    size = last[0].settings["size"] if last else None
    own = [each for each in records if each.settings["size"] in (size, 64)]
    fits = fits_of(folder)
    if len(fits) and last:
        fits = fits[fits["size"] == size]
    return PriorResults(own, fits, _pictures(own, fits))


def _pictures(records: list[Record], fits: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``pictures``: baselines of records that have a fit beside them, and fits."""
    columns = ["task", "photo", "method", "seed", "psnr", "ssim"]
    if not len(fits):
        return pd.DataFrame(columns=columns)
    priors = fits[fits["part"] == "grid"].rename(columns={"stopped": "psnr"})[columns]
    fitted = set(zip(priors["task"], priors["photo"], priors["seed"], strict=True))
    rows = [
        {
            **{name: each.settings[name] for name in ("task", "photo", "method")},
            "seed": each.seed,
            "psnr": each.metrics["psnr"],
            "ssim": each.metrics["ssim"],
        }
        for each in records
        if each.settings["part"] == "grid"
        and "strength" in each.settings
        and (each.settings["task"], each.settings["photo"], each.seed) in fitted
    ]
    return pd.concat([pd.DataFrame(rows, columns=columns), priors], ignore_index=True)


def over_photos(pictures: pd.DataFrame, measure: str = "psnr") -> Estimate:
    """Return the mean over photographs, each the mean over its seeds, with Student's interval."""
    return t_interval(pictures.groupby("photo")[measure].mean().to_numpy())


def difference(pictures: pd.DataFrame, first: str, second: str) -> Estimate:
    """Return the mean of PSNR of ``first`` − ``second`` over photographs, with an interval."""
    means = pictures.groupby(["method", "photo"])["psnr"].mean()
    both = (means[first] - means[second]).dropna()
    return t_interval(both.to_numpy())
