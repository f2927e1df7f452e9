"""Alerts that are too many to be told one by one: a rule's minute has its quota, a digest counts the rest."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline import told
from pipeline.aws import calling, sqs
from pipeline.messages import publish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipeline.settings import Settings
    from pipeline.shapes import Digested, DigestRequest
    from pipeline.told import Minute

# The attribute of a message that asks for the digest of a minute.
ATTRIBUTE = "statewright-digest"
# Notify counts for the minute in which it began to tell, and lives no longer than this (pipeline.json): when
# the request comes, all that was left to the digest is counted.
GRACE_SECONDS = 60
# The id of a rule's minute, as `told.minute_id` makes it.
MINUTE = re.compile(r"minute:[a-z][a-z0-9_]{0,63}:[a-z][a-z0-9_]{0,63}:\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)


def ask_for_digest(queue_url: str, minute: str, at: datetime) -> None:
    """Send a message that comes when the minute is over: it is asked for before anything is left to it."""
    with calling("SQS SendMessage"):
        sqs().send_message(
            QueueUrl=queue_url,
            MessageBody=json.dumps({"event": "digest", "minute": minute}),
            DelaySeconds=60 - at.second + GRACE_SECONDS,
            MessageAttributes={ATTRIBUTE: {"DataType": "String", "StringValue": minute}},
        )


def tell_digests(request: DigestRequest, settings: Settings) -> Digested:
    """Tell of what minutes left; return how many alerts that were."""
    return {"alerts": sum(_tell(minute, settings) for minute in _open(request["minutes"], settings))}


def _open(minutes: Sequence[str], settings: Settings) -> list[Minute]:
    found = told.read_minutes(settings.told_table, minutes)
    return [minute for minute in found if minute.rest > minute.told]


def _tell(found: Minute, settings: Settings) -> int:
    """Publish, then write that down: a digest that is told twice is better than one that nobody sees.

    Each group of a minute asks for its digest, and all ask at once: one of them tells.
    """
    table = settings.told_table
    # Another one each time: what is repeated on the network alone has begun already.
    minute = told.begin_digest(table, found.id, uuid.uuid4().hex, datetime.now(UTC))
    try:
        alerts = minute.rest - minute.told
        if alerts > 0:
            _publish(minute, alerts, settings)
            told.digest_told(table, minute)
    finally:
        told.end_digest(table, found.id)
    return alerts


def _publish(minute: Minute, alerts: int, settings: Settings) -> None:
    about = {
        "event": "digest",
        "dataset": minute.dataset,
        "rule": minute.rule,
        "severity": minute.severity,
    }
    subject = f"{alerts} more alerts {minute.rule} of {minute.dataset}"
    said = {**about, "minute": f"{minute.minute}Z", "alerts": alerts}
    publish(settings.notifications_topic, subject, about, said)
