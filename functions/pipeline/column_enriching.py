"""Enrichment of records as columns: names change, columns are added, values stay the texts that they are.

Compiled where a contract asks for no more: string keys, renames, lookups and constants, alerts at bounds of a
number. A record that needs more than that (an alert that it may raise, a value that is written with escapes
where it is compared) is named, and goes the general way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from pipeline import columns
from pipeline.columns import LINE, OFFSET, TAB, Columns, Head
from pipeline.items import MAX_KEY_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipeline.contracts import Contract

# A name from a lookup table, which adds to what was measured of the line.
LOOKUP_BYTES = 1024
_NUMBERS = msgspec.json.Decoder(list[float])
_LOWEST, _HIGHEST = ("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")


class Lookup(NamedTuple):
    """A column that a table gives; `table` has JSON texts."""

    source: str
    to: str
    table: Mapping[bytes, bytes]
    default: bytes | None

    def found(self, tokens: Sequence[bytes]) -> tuple[list[bytes], set[bytes]]:
        """Return a text for each token, and those tokens for which there is none."""
        known: dict[bytes, bytes] = {}
        unknown: set[bytes] = set()
        for token in set(tokens):
            text = self.table.get(token, self.default)
            if text is None or b"\\" in token:
                unknown.add(token)
            known[token] = text or b'""'
        return [known[token] for token in tokens], unknown


class Bounds(NamedTuple):
    """What a record's number must reach before an alert can be raised: both bounds are inclusive."""

    name: str
    low: float
    high: float

    def reached(self, text: bytes) -> Iterable[int]:
        """Return the places of numbers between the bounds."""
        numbers = columns.values(text, _NUMBERS)
        if max(numbers) < self.low or min(numbers) > self.high:
            return ()
        return [place for place, number in enumerate(numbers) if self.low <= number <= self.high]


class Enriched(NamedTuple):
    """Items as columns, and the places of those records that have to go the general way."""

    items: Columns | None
    others: list[int]


class ColumnEnrichment:
    """A contract's enrichment of columns; `lineage` is what each item has of its file."""

    def __init__(
        self,
        contract: Contract,
        lineage: Mapping[str, str],
        lookups: Sequence[Lookup],
        alerts: Sequence[Bounds],
        constants: Mapping[str, Any],
    ) -> None:
        self._contract = contract
        self._lookups = lookups
        self._alerts = alerts
        self._fixed = tuple({**constants, **lineage}.items())
        self._heads: dict[Head, Head | None] = {}

    def enriched(self, found: Columns) -> Enriched:
        """Return the items of valid records."""
        head = found.head
        if head not in self._heads:
            self._heads[head] = self._head(head)
        after = self._heads[head]
        if after is None:
            return Enriched(None, list(range(found.records)))
        texts, others = list(found.texts), set[int]()
        for lookup in self._lookups:
            tokens = found.tokens(after.names.index(lookup.source))
            added, unknown = lookup.found(tokens)
            texts.append(TAB.join(added))
            if unknown:
                others.update(place for place, token in enumerate(tokens) if token in unknown)
        for alert in self._alerts:
            if alert.name not in after.names:
                continue  # it asks for this number
            others.update(alert.reached(texts[after.names.index(alert.name)]))
        items = Columns(after, found.records, tuple(texts))
        for place, limit in zip(after.keys, MAX_KEY_BYTES, strict=False):
            others.update(_not_keys(items, place, limit))
        if not others:
            return Enriched(items, [])
        rest = [place for place in range(found.records) if place not in others]
        return Enriched(items.selected(rest) if rest else None, sorted(others))

    def _head(self, head: Head) -> Head | None:
        """Return the head of the items, None where something is asked of a column that is not there."""
        contract = self._contract
        renamed = [contract.rename.get(name, name) for name in head.names]
        kinds = dict(zip(renamed, head.kinds, strict=True))
        strings = {lookup.source for lookup in self._lookups} | {key.name for key in contract.keys}
        if any(kinds.get(name) != "S" for name in strings):
            return None
        if any(kinds.get(alert.name, "N") != "N" for alert in self._alerts):
            return None
        if not contract.reserved.isdisjoint(set(head.names) - {LINE, OFFSET}):
            return None
        names = (*renamed, *(lookup.to for lookup in self._lookups))
        keys = tuple(names.index(key.name) for key in contract.keys)
        return Head(names, head.kinds + "S" * len(self._lookups), keys, self._fixed)


def compiled(contract: Contract, lineage: Mapping[str, str]) -> ColumnEnrichment | None:
    """Return the enrichment of columns, None where the contract asks for more than there is here."""
    more: Any = contract.pseudonymise or contract.ttl or contract.order
    if more or any(key.type != "S" for key in contract.keys):
        return None
    steps = [_lookup(step, contract.tables) for step in contract.derive if step["op"] == "lookup"]
    constants = {step["to"]: step["value"] for step in contract.derive if step["op"] == "constant"}
    alerts = [_bounds(rule.said) for rule in contract.alerts if rule.of == "records"]
    lookups, bounds = [step for step in steps if step], [each for each in alerts if each]
    if len(lookups) + len(constants) < len(contract.derive) or len(bounds) < len(alerts):
        return None
    made = {lookup.to for lookup in lookups} | constants.keys()
    if any(alert.name in made for alert in bounds) or any(lookup.source in made for lookup in lookups):
        return None
    if not all(isinstance(value, (str, int)) for value in constants.values()):
        return None
    return ColumnEnrichment(contract, lineage, lookups, bounds, constants)


def _not_keys(items: Columns, place: int, limit: int) -> Iterable[int]:
    """Return the places of texts that are no keys, or not the only texts of their key."""
    tokens = items.tokens(place)
    if b"\\" not in items.texts[place] and max(map(len, tokens)) <= limit + 2 and min(map(len, tokens)) > 2:
        return ()
    return [
        number for number, token in enumerate(tokens) if b"\\" in token or not 2 < len(token) <= limit + 2
    ]


def _lookup(step: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> Lookup | None:
    table, default = tables[step["table"]], step.get("default")
    texts = {_text(name): _text(value) for name, value in table.items() if isinstance(value, str)}
    longest = max((len(text) for text in texts.values()), default=0)
    if len(texts) < len(table) or longest > LOOKUP_BYTES or not isinstance(default, (str, type(None))):
        return None
    return Lookup(step["from"], step["to"], texts, None if default is None else _text(default))


def _bounds(when: Any) -> Bounds | None:
    """Return the bounds at which an alert is raised, if its schema asks for one number between bounds."""
    if not isinstance(when, dict) or not when.keys() <= {"properties", "required", "type"}:
        return None
    properties = when.get("properties", {})
    if len(properties) != 1 or when.get("type", "object") != "object":
        return None
    ((name, said),) = properties.items()
    if not isinstance(said, dict) or not said or not said.keys() <= {*_LOWEST, *_HIGHEST}:
        return None
    low = max((float(said[word]) for word in _LOWEST if word in said), default=float("-inf"))
    high = min((float(said[word]) for word in _HIGHEST if word in said), default=float("inf"))
    return Bounds(name, low, high) if when.get("required") == [name] else None


def _text(value: str) -> bytes:
    return msgspec.json.encode(value)
