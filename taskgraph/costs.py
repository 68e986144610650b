"""Costs and a budget as whole numbers of one unit, so that sums and comparisons are exact."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from taskgraph.arrays import Floats, Integers

TYPED_DIGITS = 15
"""Every decimal number of so many digits survives as a float; one with more was computed."""

COMPUTED = 10**12
"""Where a number was computed, the budget is raised by this fraction of itself, for rounding."""


@dataclass(frozen=True, eq=False)
class Costs:
    """The costs of a program in one unit, 10 ** ``exponent``.

    A cost is the decimal number that it is written as: 0.1 is one tenth, not the nearest float.
    So 0.1 + 0.2 fits a budget of 0.3, and two labels of 1e-9 do not fit a budget of 1e-9.

    Parameters
    ----------
    label : (S,) whole numbers, at least 0
    transfer : (T,) whole numbers, at least 0
        Python's integers (dtype object) where 64 bits are too few.
    budget : int
    exponent : int
    """

    label: Integers
    transfer: Integers
    budget: int
    exponent: int

    def amount(self, units: int) -> float:
        """The float nearest to a number of units."""
        return float(Fraction(int(units)) * Fraction(10) ** self.exponent)

    def units(self, amount: float) -> int:
        """The number of units nearest to an amount."""
        return round(Fraction(Decimal(repr(float(amount)))) / Fraction(10) ** self.exponent)


def exact_costs(label: Sequence[float], transfer: Sequence[float], budget: float) -> Costs:
    """Write label costs, transfer costs and a budget as whole numbers of one unit.

    An infinite budget becomes the sum of all costs. A number of more than `TYPED_DIGITS` digits
    was computed, as 0.1 + 0.2 = 0.30000000000000004 was; then sums may exceed the budget by its
    1e-12th part.
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


def ratio(units: Integers, unit: int) -> Floats:
    """Each number of units as a share of ``unit``, correctly rounded."""
    if units.dtype != object:
        return units / float(unit)
    return np.array([float(Fraction(int(number), unit)) for number in units], dtype=float)


def _digits(number: Decimal) -> int:
    """The digits of a decimal number, as a whole number without zeros at its end."""
    return int(str(int("".join(map(str, number.as_tuple().digits)))).rstrip("0") or 0)


def _exponent(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return exponent
