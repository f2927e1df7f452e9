"""Alerts: which rules a record raises, in which words, and the log of them that Notify reads."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

import msgspec

from pipeline import objects, quarantine
from pipeline.contract_checks import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.contracts import AlertRule, Contract
    from pipeline.shapes import File, Location

# A value inside a message: more would push what the message says out of sight.
MAX_VALUE_CHARACTERS = 256
_GZIP = 31


class Alert(TypedDict):
    """One raised alert; `line` counts from 1 within the shard. `message_id` names a message."""

    rule: str
    severity: str
    subject: str
    message: str
    key: str
    line: int
    message_id: NotRequired[str]


def rules_of(contract: Contract, of: Literal["records", "refusals"]) -> list[AlertRule]:
    """Return the rules of a contract about one kind of thing."""
    return [rule for rule in contract.alerts if rule.of == of]


def raised(rules: Sequence[AlertRule], subject: Mapping[str, Any]) -> list[AlertRule]:
    """Return the rules that an enriched record matches, or a refusal."""
    return [rule for rule in rules if rule.when.is_valid(subject)]


def alert_of(rule: AlertRule, subject: Mapping[str, Any], key: str, line: int, message: str | None) -> Alert:
    """Return an alert in words; `subject` is the enriched record, or the refusal."""
    alert: Alert = {
        "rule": rule.name,
        "severity": rule.severity,
        "subject": worded(rule.subject, subject),
        "message": worded(rule.message, subject),
        "key": key,
        "line": line,
    }
    if message is not None:
        alert["message_id"] = message
    return alert


def worded(text: str, record: Mapping[str, Any]) -> str:
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

    def put(self, alert: Alert) -> None:
        """Log an alert."""
        self.add(dict(alert))


def read(place: Location) -> Iterator[Alert]:
    """Yield the alerts of one log, as far as they are asked for."""
    decompressor = zlib.decompressobj(_GZIP)
    rest = b""
    for chunk in objects.read_staged(place, 0, objects.size_of(place)):
        *lines, rest = (rest + decompressor.decompress(chunk)).split(b"\n")
        for line in lines:
            yield msgspec.json.decode(line, type=Alert)
