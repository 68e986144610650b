"""Costs and a budget as whole numbers of one unit, for exact sums and comparisons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from taskgraph.arrays import Floats, Integers

TYPED_DIGITS = 15
"""Decimal numbers of at most so many digits survive as floats; one with more was computed."""

COMPUTED = 10**12
"""If a number was computed, the budget is raised by 1/COMPUTED of itself, for rounding errors."""


@dataclass(frozen=True, eq=False)
class Costs:
    """The costs of a program in one unit, 10 ** ``exponent``.

    A cost is the decimal number that is written: 0.1 is one tenth, not the nearest float. So
    0.1 + 0.2 fits a budget of 0.3, and two labels of 1e-9 do not fit a budget of 1e-9.

    Attributes
    ----------
    label : (S,) whole numbers, at least 0
        Label costs of the sources, in units.
    transfer : (T,) whole numbers, at least 0
        Transfer costs of the targets, in units. Python's integers (dtype object) if 64 bits are
        too few.
    budget : int
        In units.
    exponent : int
        A unit is 10 ** ``exponent``.
    """

    label: Integers
    transfer: Integers
    budget: int
    exponent: int

    def amount(self, units: int) -> float:
        """Return a number of units as an amount, rounded to the nearest float."""
        return float(Fraction(int(units)) * Fraction(10) ** self.exponent)

    def units(self, amount: float) -> int:
        """Return an amount as a number of units, rounded to the nearest one."""
        return round(Fraction(Decimal(repr(float(amount)))) / Fraction(10) ** self.exponent)


def exact_costs(label: Sequence[float], transfer: Sequence[float], budget: float) -> Costs:
    """Return label costs, transfer costs and a budget as whole numbers of one unit.

    An infinite budget becomes the sum of all costs. A number of more than `TYPED_DIGITS` digits
    was computed, such as 0.1 + 0.2 = 0.30000000000000004. Then the budget is raised by 1e-12 of
    itself.
    """
    finite = [budget] if math.isfinite(budget) else []
    written = {number: Decimal(repr(number)) for number in {*label, *transfer, *finite}}
    exponent = min((_exponent(number) for number in written.values()), default=0)
    units = {key: int(number.scaleb(-exponent)) for key, number in written.items()}
    total = sum(units[number] for number in (*label, *transfer))
    most = units[budget] if finite else total
    if any(len(str(_digits(number))) > TYPED_DIGITS for number in written.values()):
        most += most // COMPUTED
    kind = np.int64 if total + most < 2**62 else object
    return Costs(
        label=np.array([units[number] for number in label], dtype=kind),
        transfer=np.array([units[number] for number in transfer], dtype=kind),
        budget=most,
        exponent=exponent,
    )


def as_shares(units: Integers, unit: int) -> Floats:
    """Return each number of units divided by ``unit``, correctly rounded."""
    if units.dtype != object:
        return units / float(unit)
    return np.array([float(Fraction(int(number), unit)) for number in units], dtype=float)


def _digits(number: Decimal) -> int:
    """Return the digits of a decimal number, without zeros at its end, as a whole number."""
    return int(str(int("".join(map(str, number.as_tuple().digits)))).rstrip("0") or 0)


def _exponent(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
