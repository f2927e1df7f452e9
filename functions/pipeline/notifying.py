"""Notify: holds the sums against each other, tells people, closes the ledger's row."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any

import msgspec

from pipeline import (
    alerts,
    contracts,
    file_summary,
    ledger,
    messages,
    objects,
    plans,
    quarantine,
    telling,
)
from pipeline.errors import ConservationViolated
from pipeline.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.alerts import Alert
    from pipeline.settings import Settings
    from pipeline.shapes import (
        Counts,
        Execution,
        File,
        Location,
        Notified,
        NotifyRequest,
        Refusal,
        ShardOutcome,
        Written,
    )
    from pipeline.summaries import Summary

# More alerts than anybody reads one by one: the summary counts them all and links their log.
MAX_ALERT_MESSAGES = 20
# Rules that are told apart in a row, which stays small.
MAX_ALERT_RULES, OTHER_RULES = 12, "other"
# The row of a group of messages is needed as long as its items' lineage is asked for.
GROUP_SECONDS = 90 * 86_400


def notify(request: NotifyRequest, settings: Settings) -> Notified:
    """Return the sums of a file, or of a group of messages; raises ConservationViolated, ClaimLost."""
    file = request["file"]
    shards = sorted(request["shards"], key=lambda shard: shard["shard"]["index"])
    counts = conserved(file, shards, request["partitions"])
    reasons = _reasons(shards)
    links = _quarantine_links(settings, file, shards, counts)
    topic = messages.Topic(settings.notifications_topic, file, request["execution"]["id"])
    row = _row(request["execution"], counts, reasons, links)
    if file["format"] == "messages":
        raised = list(_alerts(shards))
        row["alert_rules"] = by_rule(Counter(alert["rule"] for alert in raised))
        telling.tell(settings, file, topic, [*raised, *_of_refusals(settings, file, shards)])
        ledger.put(settings.files_table, _of_messages(request, row))
    else:
        summary = _summary(settings, file, shards, counts)
        row["summary"] = file_summary.put(settings, file, summary, counts, request["partitions"])
        row["alert_rules"] = by_rule(summary.alerts)
        _tell_of_file(settings, topic, request, counts, reasons, links, row["summary"])
        for name, parts in (("shards_kept", shards), ("partitions_kept", request["partitions"])):
            if kept := sum(part.get("kept", False) for part in parts):
                row[name] = kept
        ledger.change(settings.files_table, file["id"], request["execution"]["id"], row)
    notified: Notified = {
        "status": "SUCCEEDED",
        "file": file,
        "counts": counts,
        "quarantine": links,
        "reasons": reasons,
    }
    return {**notified, "summary": row["summary"]} if "summary" in row else notified


def _summary(settings: Settings, file: File, shards: Sequence[ShardOutcome], counts: Counts) -> Summary:
    """Return the file's summary; raises ConservationViolated where it does not tell of all records."""
    summary = file_summary.merged(settings, file, shards)
    enriched = counts["written"] + counts["superseded"]
    _equal("records in the summary", summary.records, "written + superseded", enriched)
    put_aside = sum(reason.count for reason in summary.reasons.ordered())
    _equal("reasons in the summary", put_aside, "quarantined", counts["quarantined"])
    _equal("alerts in the summary", summary.alerts.total(), "alerts", counts["alerts"])
    return summary


def by_rule(alerts: Counter[str]) -> dict[str, int]:
    """Return how many alerts each rule raised: the most frequent rules by name, all others together."""
    ordered = sorted(alerts.items(), key=lambda each: (-each[1], each[0]))
    found = Counter(dict(ordered[:MAX_ALERT_RULES]))
    if len(ordered) > MAX_ALERT_RULES:
        found[OTHER_RULES] += sum(count for _, count in ordered[MAX_ALERT_RULES:])
    return dict(found)


def _row(
    execution: Execution, counts: Counts, reasons: dict[str, int], links: Sequence[str]
) -> dict[str, Any]:
    now = datetime.now(UTC)
    started = datetime.fromisoformat(execution["started_at"]).astimezone(UTC)
    return {
        "status": ledger.SUCCEEDED,
        "counts": dict(counts),
        "reasons": reasons,
        "quarantine": links,
        "processed_at": moment(now),
        "processed_day": now.date().isoformat(),
        "seconds": Decimal(max(0, round((now - started).total_seconds() * 1000))) / 1000,
    }


def _of_messages(request: NotifyRequest, row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a group of messages, which nobody claimed: its id follows from them."""
    file, execution = request["file"], request["execution"]
    return {
        **row,
        "file_id": file["id"],
        "source": "messages",
        "bucket_name": file["bucket"],
        "file_key": file["key"],
        "file_size": file["size"],
        "dataset": file["dataset"],
        "contract": file["contract"],
        "execution": execution["id"],
        "timestamp": execution["started_at"],
        "expires_at": int(datetime.now(UTC).timestamp()) + GROUP_SECONDS,
    }


def _tell_of_file(
    settings: Settings,
    topic: messages.Topic,
    request: NotifyRequest,
    counts: Counts,
    reasons: dict[str, int],
    links: Sequence[str],
    summary: str,
) -> None:
    logs = [objects.uri(log) for shard in request["shards"] if (log := shard["alerts_object"])]
    first = list(islice(_alerts(request["shards"]), MAX_ALERT_MESSAGES))
    singles = telling.tell(settings, request["file"], topic, first)
    topic.summary(counts, reasons, links, logs, [alert["severity"] for alert in first], singles, summary)


def _of_refusals(settings: Settings, file: File, shards: Sequence[ShardOutcome]) -> Iterator[Alert]:
    refusals = [refusal for shard in shards for refusal in _refused(shard)]
    if not refusals:
        return
    contract = contracts.catalogue(settings.schemas).contract(str(file["contract"]))
    rules = alerts.rules_of(contract, "refusals")
    for refusal in refusals:
        for rule in alerts.raised(rules, refusal):
            yield alerts.alert_of(rule, refusal, refusal["message"], 0, refusal["message"])


def _refused(shard: ShardOutcome) -> list[Refusal]:
    """Return the messages that go back: those in quarantine, also from an earlier receive."""
    return [*shard.get("refusals", ()), *shard.get("refusals_enrich", ())]


def conserved(file: File, shards: Sequence[ShardOutcome], partitions: Sequence[Written]) -> Counts:
    """Return the sums; raises ConservationViolated where one record or byte is missing or doubled."""
    again = 0
    for shard in shards:
        name = f"of shard {shard['shard']['index']}"
        repeated = len(_refused(shard)) - shard["quarantined"] if file["format"] == "messages" else 0
        _equal(f"records put aside again {name}", repeated, "as many as there may be", max(0, repeated))
        again += repeated  # what an earlier receive has put aside gives way to that
        _equal(
            f"read {name}",
            shard["read"],
            f"enriched + quarantined {name}",
            shard["enriched"] + shard["quarantined"] + repeated,
        )
    indices = [shard["shard"]["index"] for shard in shards]
    _equal("shards", len(set(indices)), "outcomes of shards", len(indices))
    _equal("shards", len(indices), "the highest shard + 1", max(indices, default=-1) + 1)
    _equal(
        "partitions",
        len({part["partition"] for part in partitions}),
        "outcomes of partitions",
        len(partitions),
    )
    if file["compression"] == "none" or "chunks" in file:
        _equal("bytes of the object", plans.text_size(file), "bytes of its shards", _sum(shards, "bytes"))
    counts: Counts = {
        "read": _sum(shards, "read"),
        "written": _sum(partitions, "written"),
        "superseded": _sum(partitions, "superseded") + again,
        "quarantined": _sum(shards, "quarantined"),
        "alerts": _sum(shards, "alerts"),
    }
    accounted = counts["written"] + counts["superseded"] + counts["quarantined"]
    _equal("read", counts["read"], "written + superseded + quarantined", accounted)
    return counts


def _sum(parts: Sequence[Any], name: str) -> int:
    return sum(part[name] for part in parts)


def _equal(left: str, left_sum: int, right: str, right_sum: int) -> None:
    if left_sum != right_sum:
        raise ConservationViolated(left, left_sum, right, right_sum)


def _reasons(shards: Sequence[ShardOutcome]) -> dict[str, int]:
    reasons: dict[str, int] = {}
    for shard in shards:
        for counted in (shard["reasons"], shard["reasons_enrich"]):
            for rule, count in counted.items():
                reasons[rule] = reasons.get(rule, 0) + count
    return dict(sorted(reasons.items()))


def _alerts(shards: Sequence[ShardOutcome]) -> Iterator[Alert]:
    """Yield all alerts with the lines of the file."""
    before = 0
    for shard in sorted(shards, key=lambda shard: shard["shard"]["index"]):
        if shard["alerts_object"]:
            for alert in alerts.read(shard["alerts_object"]):
                alert["line"] += before
                yield alert
        before += shard["lines"]


def _quarantine_links(
    settings: Settings, file: File, shards: Sequence[ShardOutcome], counts: Counts
) -> list[str]:
    """Return the URIs of what was put aside, its manifest first; none where nothing was."""
    if not counts["quarantined"]:
        return []
    place: Location = {
        "bucket": settings.output_bucket,
        "key": f"{quarantine.folder('quarantine', file)}/manifest.json",
    }
    entries, before = [], 0
    for shard in shards:
        found = [part for part in (shard["quarantine"], shard["quarantine_enrich"]) if part]
        if found:
            entries.append(
                {
                    "shard": shard["shard"]["index"],
                    "first_line": before + 1,
                    "quarantined": shard["quarantined"],
                    "reasons": _reasons([shard]),
                    "objects": [objects.uri(part) for part in found],
                }
            )
        before += shard["lines"]
    objects.put(place, msgspec.json.encode({"file": file, "shards": entries}), "application/json")
    return [objects.uri(place), *(uri for entry in entries for uri in entry["objects"])]  # type: ignore[attr-defined]
