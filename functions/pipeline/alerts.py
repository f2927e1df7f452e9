"""Alerts: which rules a record raises, in which words, and the log of them that Notify reads."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, TypedDict

import msgspec

from pipeline import objects, quarantine
from pipeline.contract_checks import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.contracts import AlertRule
    from pipeline.shapes import File, Location
    from pipeline.values import Record

# A value inside a message: more would push what the message says out of sight.
MAX_VALUE_CHARACTERS = 256
_GZIP = 31


class Alert(TypedDict):
    """One raised alert; `line` counts from 1 within the shard."""

    rule: str
    severity: str
    subject: str
    message: str
    key: str
    line: int


def raised(rules: Sequence[AlertRule], record: Record) -> list[AlertRule]:
    """Return the rules that an enriched record matches."""
    return [rule for rule in rules if rule.when.is_valid(record)]


def worded(text: str, record: Record) -> str:
    """Return a text with `{name}` replaced by the record's value, `-` where there is none."""

    def value(match: Any) -> str:
        found = record.get(match[1])
        return "-" if found is None else _shown(found)

    return PLACEHOLDER.sub(value, text)


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=str).decode().strip('"')
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[: MAX_VALUE_CHARACTERS - 1] + "…"


class AlertLog(quarantine.GzipLines):
    """The alerts that one shard raised."""

    def __init__(self, bucket: str, file: File, shard: int) -> None:
        super().__init__(
            {"bucket": bucket, "key": f"{quarantine.folder('alerts', file)}/{shard:05}.jsonl.gz"}
        )

    def put(self, rule: AlertRule, record: Record, key: str, line: int) -> None:
        """Log an alert."""
        alert: Alert = {
            "rule": rule.name,
            "severity": rule.severity,
            "subject": worded(rule.subject, record),
            "message": worded(rule.message, record),
            "key": key,
            "line": line,
        }
        self.add(dict(alert))


def read(place: Location) -> Iterator[Alert]:
    """Yield the alerts of one log, as far as they are asked for."""
    decompressor = zlib.decompressobj(_GZIP)
    rest = b""
    for chunk in objects.read_staged(place, 0, objects.size_of(place)):
        *lines, rest = (rest + decompressor.decompress(chunk)).split(b"\n")
        for line in lines:
            yield msgspec.json.decode(line, type=Alert)
