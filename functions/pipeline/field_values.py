"""What a summary says of one field, by its type in the contract: numbers, texts, dates, booleans.

Each kind takes the values that records have in the field, many at a time, and is merged with those of other
shards; what comes out depends neither on how the records were cut nor on their order.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from xxhash import xxh3_64_hexdigest

from pipeline import columns, derivations
from pipeline.quantiles import Values
from pipeline.sketches import Distinct

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PERCENTS = (1, 5, 25, 50, 75, 95, 99)
# A longer text is told apart, and shown, by its beginning and a hash of all of it.
MAX_TEXT_CHARACTERS = 64
# So many of the texts that come most often are shown.
MAX_FREQUENT = 10
# So many different texts of numbers are counted before they are decoded.
MAX_WAITING = 2048
_VALUES = msgspec.json.Decoder(list[Any], float_hook=Decimal)
# Date-times of a column that sort as their texts do, and that a calendar has: to the second, in UTC.
_SORTED = re.compile(rb'(?:"(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:[0-5]\dZ"\t?)+')


class FieldValues(msgspec.Struct, tag=True):
    """The values of a field that is there and not null; of objects and lists this is all that is told."""

    count: int = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take in values, at least one."""
        self.count += len(values)

    def add_column(self, text: bytes) -> None:
        """Take in values, at least one: their JSON texts, as columns have them."""
        self.add(columns.values(text, _VALUES))

    def merge(self, other: Any) -> None:
        """Take in what another one of this kind knows."""
        self.count += other.count

    def settle(self) -> None:
        """Take the one form that these values have."""

    def said(self) -> dict[str, Any]:
        """Return what the summary says."""
        return {}


class Numbers(FieldValues, dict=True):
    """Sum, mean, extremes, quantiles."""

    values: Values = msgspec.field(default_factory=Values)

    def __post_init__(self) -> None:
        self._waiting = Counter[bytes]()

    def add(self, values: Sequence[Any]) -> None:
        """Take in integers and decimals."""
        super().add(values)
        self.values.add(values, [1] * len(values))

    def add_column(self, text: bytes) -> None:
        """Take in numbers; each text of those that come often is decoded once."""
        found = text.split(columns.TAB)
        self.count += len(found)
        self._waiting.update(found)
        if len(self._waiting) > MAX_WAITING:
            self.settle()

    def settle(self) -> None:
        """Take the one form that these values have."""
        if self._waiting:
            text = columns.TAB.join(self._waiting)
            self.values.add(columns.values(text, _VALUES), [*self._waiting.values()])
            self._waiting.clear()

    def merge(self, other: Any) -> None:
        """Take in what another one knows."""
        super().merge(other)
        self.values.merge(other.values)

    def said(self) -> dict[str, Any]:
        """Return what the summary says; `error` is by which share of itself a quantile may be off."""
        measures = self.values.told()
        if measures is None:
            return dict.fromkeys(("sum", "mean", "min", "max", "quantiles"))
        found = self.values.quantiles(PERCENTS)
        return {
            "sum": measures.total,
            "mean": measures.mean,
            "min": measures.least,
            "max": measures.most,
            "quantiles": {
                **{f"p{percent:02}": number for percent, number in found.items()},
                "error": self.values.error,
            },
        }


class Texts(FieldValues):
    """How many different ones, the longest, the most frequent."""

    longest: int = 0
    distinct: Distinct = msgspec.field(default_factory=Distinct)

    def add(self, values: Sequence[Any]) -> None:
        """Take in strings."""
        super().add(values)
        longest = max(map(len, values))
        self.longest = max(self.longest, longest)
        self.distinct.add(values if longest <= MAX_TEXT_CHARACTERS else map(_cut, values))

    def add_column(self, text: bytes) -> None:
        """Take in strings; where their texts are what they stand for, none is decoded."""
        found = _plain(text)
        if not found or (longest := max(map(len, found))) > MAX_TEXT_CHARACTERS:
            super().add_column(text)
            return
        self.count += len(found)
        self.longest = max(self.longest, longest)
        self.distinct.add_plain(found)

    def merge(self, other: Any) -> None:
        """Take in what another one knows."""
        super().merge(other)
        self.longest = max(self.longest, other.longest)
        self.distinct.merge(other.distinct)

    def settle(self) -> None:
        """Take the one form that these values have."""
        self.distinct.settle()

    def said(self) -> dict[str, Any]:
        """Return what the summary says; the most frequent are known while all are."""
        return {
            "distinct": self.distinct.estimate(),
            "distinct_exact": self.distinct.exact,
            "longest": self.longest if self.count else None,
            "frequent": self._frequent() if self.distinct.exact else None,
        }

    def _frequent(self) -> list[dict[str, Any]]:
        repeated = [(text, count) for text, count in self.distinct.counts.items() if count > 1]
        first = sorted(repeated, key=lambda each: (-each[1], each[0]))[:MAX_FREQUENT]
        return [{"value": text, "count": count} for text, count in first]


class Days(FieldValues):
    """The earliest and the latest date, which RFC 3339 writes so that they sort as texts."""

    earliest: str | None = None
    latest: str | None = None

    def add(self, values: Sequence[Any]) -> None:
        """Take in dates."""
        super().add(values)
        self._widen([min(values), max(values)])

    def add_column(self, text: bytes) -> None:
        """Take in dates; where their texts are what they stand for, two of them are decoded."""
        if found := _plain(text):
            self.count += len(found)
            self._widen([min(found).decode(), max(found).decode()])
        else:
            super().add_column(text)

    def merge(self, other: Any) -> None:
        """Take in what another one knows."""
        super().merge(other)
        self._widen([each for each in (other.earliest, other.latest) if each is not None])

    def said(self) -> dict[str, Any]:
        """Return what the summary says."""
        return {"earliest": self.earliest, "latest": self.latest}

    def _widen(self, found: Iterable[str]) -> None:
        for each in found:
            self.earliest = each if self.earliest is None else min(each, self.earliest)
            self.latest = each if self.latest is None else max(each, self.latest)


class Moments(Days):
    """The earliest and the latest date-time, in UTC, to the microsecond.

    `unread` counts those that no calendar of Python has: leap seconds, the year 0.
    """

    unread: int = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take in date-times."""
        FieldValues.add(self, values)
        try:
            found = [*map(datetime.fromisoformat, values)]
            self._widen([_utc(min(found)), _utc(max(found))])
        except (ValueError, OverflowError, TypeError):
            each_alone = [each for value in values if (each := derivations.moment(value))]
            self.unread += len(values) - len(each_alone)
            self._widen(map(_utc, each_alone))

    def add_column(self, text: bytes) -> None:
        """Take in date-times; where they sort as their texts do, two of them are read."""
        if not _SORTED.fullmatch(text):
            FieldValues.add_column(self, text)
            return
        found = _plain(text)
        self.add([min(found).decode(), max(found).decode()])
        self.count += len(found) - 2

    def merge(self, other: Any) -> None:
        """Take in what another one knows."""
        super().merge(other)
        self.unread += other.unread

    def said(self) -> dict[str, Any]:
        """Return what the summary says."""
        found = {name: value and value.replace(".000000Z", "Z") for name, value in super().said().items()}
        return {**found, "unread": self.unread}


class Booleans(FieldValues):
    """How many are true, and how many false."""

    true: int = 0

    def add(self, values: Sequence[Any]) -> None:
        """Take in booleans."""
        super().add(values)
        self.true += sum(values)

    def merge(self, other: Any) -> None:
        """Take in what another one knows."""
        super().merge(other)
        self.true += other.true

    def said(self) -> dict[str, Any]:
        """Return what the summary says."""
        return {"true": self.true, "false": self.count - self.true}


AnyValues = Numbers | Texts | Days | Moments | Booleans | FieldValues


def _plain(text: bytes) -> list[bytes]:
    """Return the strings of a column, none where one of them has more than ASCII, or an escape."""
    return [] if b"\\" in text or not text.isascii() else text[1:-1].split(b'"\t"')


def _cut(text: str) -> str:
    if len(text) <= MAX_TEXT_CHARACTERS:
        return text
    return f"{text[: MAX_TEXT_CHARACTERS - 17]}…{xxh3_64_hexdigest(text.encode())}"


def _utc(moment: datetime) -> str:
    """Return a moment as a text, which sorts as moments do."""
    there = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return there.isoformat(timespec="microseconds").replace("+00:00", "Z")
