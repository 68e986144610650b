"""Matrices with their margins as Markdown tables."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.bias.margins import Margins, margins
from benchmarks.results.markdown import number, table
from taskgraph.arrays import Floats

SELF, OTHERS, DROP = "Self", "Mean others", "Percent drop"


def margin_table(names: Sequence[str], matrix: Floats, *, digits: int = 1) -> str:
    """Return a matrix with Self, Mean others and Percent drop, and the row of means.

    Parameters
    ----------
    names : K names of data sets
    matrix : (K, K) array
        Rows are trained on, columns are tested on.
    """
    found: Margins = margins(matrix)
    heads = ["train on \\ test on", *(f"{name}:" for name in names)]
    heads += [f"{SELF}:", f"{OTHERS}:", f"{DROP}:"]
    rows = [
        [
            name,
            *(number(value, digits) for value in matrix[k]),
            number(found.own[k], digits),
            number(found.others[k], digits),
            percent(found.drop[k]),
        ]
        for k, name in enumerate(names)
    ]
    rows.append(
        [
            "mean of others",
            *(number(value, digits) for value in found.column_others),
            number(found.mean_own, digits),
            number(found.mean_others, digits),
            percent(found.drop_of_means),
        ]
    )
    return table(heads, rows)


def percent(value: float) -> str:
    """Return a percentage without decimals; a dash for NaN."""
    text = number(value, 0)
    return f"{text} %" if text[-1].isdigit() else text
