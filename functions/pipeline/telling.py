"""Tells people of alerts: each once, so many a minute one by one, the rest in a digest that counts them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pipeline import contracts, digests, told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pipeline.alerts import Alert
    from pipeline.messages import Topic
    from pipeline.settings import Settings
    from pipeline.shapes import File


def tell(settings: Settings, file: File, topic: Topic, alerts: Iterable[Alert]) -> int:
    """Tell of alerts that nobody was told of yet; return how many were told one by one, now or before.

    A file's summary counts those above the quota of its minute; messages have no summary, and get a digest.
    """
    at = datetime.now(UTC)
    by_rule: dict[str, dict[str, Alert]] = {}
    for alert in alerts:
        by_rule.setdefault(alert["rule"], {})[identity(str(file["dataset"]), alert)] = alert
    return sum(_tell_of_rule(settings, file, topic, by_id, at) for by_id in by_rule.values())


def _tell_of_rule(
    settings: Settings, file: File, topic: Topic, by_id: Mapping[str, Alert], at: datetime
) -> int:
    """Tell of a rule's alerts; those that were chosen to be told one by one stay so."""
    table, dataset = settings.told_table, str(file["dataset"])
    first = next(iter(by_id.values()))
    minute = told.minute_id(dataset, first["rule"], at)
    claimed = told.claim(table, by_id, file["id"], at)
    new = claimed.new
    room = _room(settings, file, first["rule"], told.ask(table, minute, len(new), at)) if new else 0
    told.choose(table, new[:room])
    singles, rest = [*claimed.chosen, *new[:room]], new[room:]
    for each in singles:
        topic.alert(by_id[each])
    told.mark(table, singles, file["id"], at)
    if file["format"] != "messages":
        told.mark_summed(table, rest, file["id"], at)
    elif rest:
        digests.ask_for_digest(settings.transactions_url, minute, at)
        about = {"dataset": dataset, "rule": first["rule"], "severity": first["severity"]}
        told.leave_to_digest(table, minute, about, rest, file["id"], at)
    return len(singles) + len(claimed.singles)


def _room(settings: Settings, file: File, rule: str, before: int) -> int:
    """Return how many more alerts of a rule are told one by one in a minute that had some before."""
    return max(0, contracts.quotas_of(settings.schemas, str(file["contract"]))[rule] - before)


def identity(dataset: str, alert: Alert) -> str:
    """Return what is equal for the same alert about the same record, whichever message or file brings it."""
    said = (dataset, alert["rule"], alert["key"], alert["subject"], alert["message"])
    return hashlib.sha256("\n".join(said).encode("utf-8", "surrogatepass")).hexdigest()[:32]
