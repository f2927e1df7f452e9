"""Numbers as a whole: sum, extremes, quantiles. Nothing of it is ever a float.

What comes out is a function of the numbers alone: however they are cut into parts, and in whichever order the
parts are merged. t-digests and KLL sketches do not promise that; buckets of a fixed width in digits do.
"""

from __future__ import annotations

import operator
from collections import Counter
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal, Inexact, InvalidOperation, localcontext
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from decimal import DecimalException

    Number = int | Decimal

# Up to here each different number is kept with its count.
MAX_NUMBERS = 2048
# Above it a number's bucket keeps so many of its digits; where that makes too many buckets, as among numbers
# of all magnitudes, one digit less.
DIGITS = 3
# With one digit there are 4,609: 9 for each of DynamoDB's 256 exponents, for both signs, and zero.
MAX_BUCKETS = 5000
# As many digits as a binary floating point number keeps whole: every reader of the JSON finds the same mean.
MEAN_DIGITS = 15


def _context(digits: int, rounding: str, *traps: type[DecimalException]) -> Context:
    return Context(prec=digits, rounding=rounding, Emax=999_999, Emin=-999_999, traps=[*traps])


# Numbers have 38 digits, and exponents of -130 to 125: so many digits hold any sum of them.
_EXACT = _context(320, ROUND_HALF_EVEN, Inexact, InvalidOperation)
_CUT = {digits: _context(digits, ROUND_DOWN, InvalidOperation) for digits in range(1, DIGITS + 1)}
_MEAN = _context(MEAN_DIGITS, ROUND_HALF_EVEN, InvalidOperation)


class Measures(msgspec.Struct, frozen=True):
    """What there is to say of numbers, of which there is at least one."""

    count: int
    total: Decimal
    least: Decimal
    most: Decimal

    @property
    def mean(self) -> Decimal:
        """The mean, to fifteen digits; half goes to even."""
        return _one_form(_MEAN.divide(self.total, self.count))


class Values(msgspec.Struct):
    """Numbers: each with its count while they are few, then their measures and how many are in each bucket.

    `counts` is by the number's one text, or by its first `digits` digits: a bucket holds the numbers that
    begin so. `whole` says that none has a fraction or an exponent.
    """

    counts: dict[str, int] = {}
    digits: int | None = None
    measures: Measures | None = None
    whole: bool = True

    def __post_init__(self) -> None:
        self.counts = Counter(self.counts)

    def add(self, numbers: Sequence[Number], times: Sequence[int]) -> None:
        """Count numbers, at least one, each so many times."""
        self.whole = self.whole and set(map(type, numbers)) == {int}
        if self.digits is not None:
            with localcontext(_EXACT):
                total = Decimal(sum(map(operator.mul, numbers, times)))
            found = Measures(sum(times), total, _of(min(numbers)), _of(max(numbers)))
            self.measures = _joined(self.measures, found)
        context = _EXACT if self.digits is None else _CUT[self.digits]
        for text, count in zip(_texts(numbers, context), times, strict=True):
            self.counts[text] += count
        self._bound()

    def merge(self, other: Values) -> None:
        """Take in what another one knows."""
        self.whole = self.whole and other.whole
        if self.digits is not None or other.digits is not None:
            digits = min(self.digits or DIGITS, other.digits or DIGITS)
            self._to_buckets(digits)
            self.measures = _joined(self.measures, other.told())
            self.counts.update(other.counts if other.digits == digits else _cut(other.counts, digits))
        else:
            self.counts.update(other.counts)
        self._bound()

    def told(self) -> Measures | None:
        """Return the measures; none where there is no number."""
        if self.digits is not None or not self.counts:
            return self.measures
        found = [(Decimal(text), count) for text, count in self.counts.items()]
        with localcontext(_EXACT):
            total = sum((number * count for number, count in found), Decimal(0))
        numbers = [number for number, _ in found]
        return Measures(sum(self.counts.values()), _one_form(total), _of(min(numbers)), _of(max(numbers)))

    def quantiles(self, percents: Iterable[int]) -> dict[int, Decimal]:
        """Return the numbers at these percents of all, by the nearest rank; there is at least one number.

        Of numbers in buckets it is the middle of theirs: `error` says how far that may be off.
        """
        measures = self.told()
        assert measures is not None
        ordered = sorted((Decimal(text), count) for text, count in self.counts.items())
        return {
            percent: self._middle(_at(ordered, -(-measures.count * percent // 100)), measures)
            for percent in percents
        }

    @property
    def error(self) -> Decimal:
        """By which share of itself a quantile may be off at most."""
        return Decimal(0) if self.digits is None else Decimal(5).scaleb(-self.digits)

    def _middle(self, first: Decimal, measures: Measures) -> Decimal:
        if self.digits is None or not first:
            return _one_form(first)
        if self.whole and first.adjusted() < self.digits:
            return _one_form(first)  # nothing else is in this bucket
        half = Decimal(5).scaleb(first.adjusted() - self.digits)
        middle = _EXACT.add(first, half.copy_sign(first))
        return _one_form(min(max(middle, measures.least), measures.most))

    def _bound(self) -> None:
        if self.digits is None:
            if len(self.counts) <= MAX_NUMBERS:
                return
            self._to_buckets(DIGITS)
        while self.digits and len(self.counts) > MAX_BUCKETS:
            self._to_buckets(self.digits - 1)

    def _to_buckets(self, digits: int) -> None:
        """Keep so many digits, which are not more than are kept already."""
        if self.digits != digits:
            self.measures = self.told()
            self.digits = digits
            self.counts = _cut(self.counts, digits)


def _texts(numbers: Iterable[Number], context: Context) -> Iterator[str]:
    return map(str, map(context.normalize, numbers))


def _cut(counts: Mapping[str, int], digits: int) -> Counter[str]:
    found = Counter[str]()
    for text, count in zip(_texts(map(Decimal, counts), _CUT[digits]), counts.values(), strict=True):
        found[text] += count
    return found


def _at(ordered: Sequence[tuple[Decimal, int]], rank: int) -> Decimal:
    for number, count in ordered:
        rank -= count
        if rank <= 0:
            return number
    return ordered[-1][0]  # pragma: no cover - a rank is not above the number of numbers


def _joined(one: Measures | None, other: Measures | None) -> Measures | None:
    if one is None or other is None:
        return one or other
    total = _EXACT.add(one.total, other.total)
    least, most = min(one.least, other.least), max(one.most, other.most)
    return Measures(one.count + other.count, _one_form(total), least, most)


def _of(number: Number) -> Decimal:
    return _one_form(Decimal(number))


def _one_form(number: Decimal) -> Decimal:
    """Return what equal numbers have in common: no trailing zeros, no exponent where it is whole."""
    short = _EXACT.normalize(number)
    return Decimal(int(short)) if short == short.to_integral_value() else short
