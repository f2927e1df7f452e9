"""Tells people of alerts: each once, so many a minute one by one, the rest in a digest that counts them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline import contracts, digests, told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pipeline.alerts import Alert
    from pipeline.messages import Topic
    from pipeline.settings import Settings
    from pipeline.shapes import File


def tell(settings: Settings, file: File, topic: Topic, alerts: Iterable[Alert]) -> int:
    """Tell of alerts that nobody was told of yet; return how many were told one by one.

    A file's summary counts those above the quota of its minute; messages have no summary, and get a digest.
    """
    at = datetime.now(UTC)
    dataset = str(file["dataset"])
    by_id = {identity(dataset, alert): alert for alert in alerts}
    run = f"{file['id']}/{file['run']}"
    by_rule: dict[str, list[str]] = {}
    for each in told.claim(settings.told_table, by_id, run, at):
        by_rule.setdefault(by_id[each]["rule"], []).append(each)
    quotas = contracts.quotas_of(settings.schemas, str(file["contract"])) if by_rule else {}
    singles = 0
    for rule, ids in by_rule.items():
        minute = told.minute_id(dataset, rule, at)
        before = told.ask(settings.told_table, minute, len(ids), at)
        room = max(0, quotas[rule] - before)
        for each in ids[:room]:
            topic.alert(by_id[each])
        told.mark(settings.told_table, ids[:room], run, at)
        singles += len(ids[:room])
        if ids[room:] and file["format"] == "messages":
            about = {"dataset": dataset, "rule": rule, "severity": by_id[ids[0]]["severity"]}
            digests.ask_for_digest(settings.transactions_url, minute, at)
            told.leave_to_digest(settings.told_table, minute, about, ids[room:], run, at)
        else:
            told.mark(settings.told_table, ids[room:], run, at)
    return singles


def identity(dataset: str, alert: Alert) -> str:
    """Return what is equal for the same alert about the same record, whichever message or file brings it."""
    said = (dataset, alert["rule"], alert["key"], alert["subject"], alert["message"])
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:32]
