"""What a file's records hold, field by field, and why others were put aside: made by shard, then merged.

A shard's part is staged beside its items, and is the same bytes however often the shard is worked on. The
values are those of the items: pseudonyms where the contract wants them.
"""

from __future__ import annotations

from collections import Counter
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import zstandard

from pipeline import objects, staging
from pipeline.errors import StagedDataBroken
from pipeline.field_values import AnyValues, Booleans, Days, FieldValues, Moments, Numbers, Texts
from pipeline.reasons import Reason, Reasons

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pipeline.contracts import Contract
    from pipeline.shapes import Location, Staged
    from pipeline.values import Record

# Records are looked at together, so that Python's work is per batch, not per value.
BATCH_BYTES = 256 * 1024
# Notify merges the parts of 128 shards in less than its minute, also where each has all that it may have.
MAX_FIELDS = 50
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Field(NamedTuple):
    """A field of a contract: its name there and in the item, and what is said of it."""

    name: str
    attribute: str
    kind: str
    pseudonym: bool
    nullable: bool


KINDS: Mapping[str, type[FieldValues]] = {
    "number": Numbers,
    "string": Texts,
    "date": Days,
    "date-time": Moments,
    "boolean": Booleans,
    "other": FieldValues,
}


class Part(msgspec.Struct):
    """What is known of a shard; `records` counts those that became items, `alerts` is by rule."""

    records: int = 0
    values: dict[str, AnyValues] = {}
    reasons: list[Reason] = []
    alerts: dict[str, int] = {}


def fields_of(contract: Contract) -> list[Field]:
    """Return the fields that summaries of a contract tell of, as many as they may have."""
    return [
        Field(
            name,
            contract.rename.get(name, name),
            "string" if name in contract.pseudonymise else _kind(schema),
            name in contract.pseudonymise,
            "null" in (_types(schema) or {"null"}),
        )
        for name, schema in list(contract.schema["properties"].items())[:MAX_FIELDS]
    ]


def _types(schema: Any) -> set[str]:
    """Return the types that a property may have, none where its schema does not say."""
    said = schema.get("type", ()) if isinstance(schema, dict) else ()
    return {said} if isinstance(said, str) else set(said)


def _kind(schema: Any) -> str:
    kinds = _types(schema) - {"null"}
    if kinds and kinds <= {"integer", "number"}:
        return "number"
    if kinds == {"string"}:
        return schema["format"] if schema.get("format") in ("date", "date-time") else "string"
    return "boolean" if kinds == {"boolean"} else "other"


class Summary:
    """The summary of a shard while its records pass, or of a file while its parts are merged."""

    def __init__(self, contract: Contract) -> None:
        self.fields = fields_of(contract)
        self.reasons = Reasons(contract.schema["properties"], contract.pseudonymise)
        self.records = 0
        self.alerts = Counter[str]()
        self.values: dict[str, AnyValues] = {field.name: KINDS[field.kind]() for field in self.fields}
        self._batch: list[Record] = []
        self._held = 0

    def add(self, item: Record, size: int) -> None:
        """Take in an item; `size` is about how many bytes of memory it holds."""
        self._batch.append(item)
        self._held += size
        if self._held >= BATCH_BYTES:
            self._flush()

    def add_columns(self, records: int, column: Callable[[Field], bytes | None]) -> None:
        """Take in so many items at once; `column` gives the JSON texts that all of them have in a field."""
        self.records += records
        for field in self.fields:
            if text := column(field):
                self.values[field.name].add_column(text)

    def _flush(self) -> None:
        self.records += len(self._batch)
        for field in self.fields:
            if self._batch and (found := _column(self._batch, field)):
                self.values[field.name].add(found)
        self._batch, self._held = [], 0

    def part(self) -> bytes:
        """Return what is known so far, in its one form."""
        self._flush()
        for values in self.values.values():
            values.settle()
        return _ENCODER.encode(Part(self.records, self.values, self.reasons.ordered(), dict(self.alerts)))

    def merge(self, part: Part, lines_before: int) -> None:
        """Take in what is known of a shard, before which there are so many lines in the file."""
        self.records += part.records
        self.reasons.merge(part.reasons, lines_before)
        self.alerts.update(part.alerts)
        for name, values in part.values.items():
            self.values[name].merge(values)


def _column(batch: Sequence[Record], field: Field) -> list[Any]:
    """Return the values that records have in a field."""
    try:
        values = [*map(itemgetter(field.attribute), batch)]
    except KeyError:
        values = [record.get(field.attribute) for record in batch]
    else:
        if not field.nullable:
            return values
    return [value for value in values if value is not None]


def place(staged: Staged | Location, stage: str) -> Location:
    """Return where the part of a shard lies whose records, or items, are staged there."""
    run, _, shard = staged["key"].rsplit("/", 2)
    return {"bucket": staged["bucket"], "key": f"{run}/summary/{shard}-{stage}"}


def keep(summary: Summary, staged: Staged, stage: str) -> None:
    """Stage the part of a shard."""
    body = zstandard.ZstdCompressor(level=staging.LEVEL).compress(summary.part())
    objects.put(place(staged, stage), body, staging.CONTENT_TYPE)


def read(staged: Staged, stage: str) -> Part:
    """Return the part of a shard; raises StagedDataBroken."""
    where = place(staged, stage)
    body = b"".join(objects.read_staged(where, 0, objects.size_of(where)))
    try:
        return msgspec.json.decode(zstandard.ZstdDecompressor().decompress(body), type=Part)
    except (zstandard.ZstdError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise StagedDataBroken(f"{objects.uri(where)} cannot be read") from error
