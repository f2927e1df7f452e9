"""CollectMessages: a batch of messages becomes groups that the workflow `stream` works on, one by one.

A message is a record of a dataset, a notification of S3 about new objects, or a request of the pipeline's own
to tell of a minute's alerts. Records are staged as those of any shard, inside the group itself where they are
few and small: a state machine's input holds 256 KiB, a batch of messages 6 MiB.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

import msgspec

from pipeline import contracts, digests, staging, told
from pipeline.formats import messages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pipeline.contracts import Catalogue, Contract
    from pipeline.settings import Settings
    from pipeline.shapes import (
        DigestsGroup,
        File,
        Groups,
        Location,
        MessageBatch,
        MessageRecord,
        Notice,
        NoticeInput,
        NoticesGroup,
        RecordsGroup,
        Refusal,
        RefusedGroup,
        Staged,
    )

# The attribute that names a message's dataset, where it is not that of the queue.
DATASET = "dataset"
# All groups together are the state machine's input (262,144 characters); so much of it may be records, and so
# much notices of new objects, each as JSON in ASCII.
MAX_INLINE_CHARACTERS = 96 * 1024
MAX_NOTICES_CHARACTERS = 96 * 1024
# Ids of messages and reasons travel in the payloads of states: so many of them fit with room to spare.
MAX_GROUP_MESSAGES = 100
_CREATED = "ObjectCreated:"


class Message(NamedTuple):
    """A message; `sent` in milliseconds since the epoch, `queue` is its queue's name."""

    id: str
    sent: int
    queue: str
    body: str
    attributes: Mapping[str, str]


def collect_messages(records: MessageBatch, settings: Settings) -> Groups:
    """Return the groups of a batch; what S3 says beside new objects is passed over, and is in none."""
    catalogue = contracts.catalogue(settings.schemas)
    sorted_in = _Sorted(catalogue)
    for record in records:
        sorted_in.add(_message(record))
    told.keep_reasons(settings.told_table, sorted_in.refused, datetime.now(UTC))
    return [*_other_groups(sorted_in), *_record_groups(sorted_in, settings)]


def _message(record: MessageRecord) -> Message:
    attributes = {
        name: text
        for name, value in record.get("messageAttributes", {}).items()
        if (text := value.get("stringValue")) is not None
    }
    queue = record["eventSourceARN"].rpartition(":")[2]
    return Message(
        record["messageId"], int(record["attributes"]["SentTimestamp"]), queue, record["body"], attributes
    )


class _Sorted:
    """Messages by what they are."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._room = MAX_NOTICES_CHARACTERS
        self.records: dict[str, list[Message]] = {}
        self.notices: list[Notice] = []
        self.digests: dict[str, str] = {}
        self.refused: list[Refusal] = []

    def add(self, message: Message) -> None:
        """Sort a message in; one that no dataset claims is refused, with the reason."""
        if (minute := message.attributes.get(digests.ATTRIBUTE)) is not None:
            self._add_request(message, minute)
        elif DATASET not in message.attributes and (notices := _notices(message)) is not None:
            self._add_notices(message, notices)
        elif (contract := self._contract_of(message)) is not None:
            self.records.setdefault(contract.name, []).append(message)
        elif DATASET in message.attributes:
            self._refuse(message, "dataset", "its attribute dataset names none of the datasets")
        else:
            self._refuse(message, "dataset", f"no dataset claims messages of the queue {message.queue}")

    def _add_request(self, message: Message, minute: str) -> None:
        if digests.MINUTE.fullmatch(minute):
            self.digests[message.id] = minute
        else:
            self._refuse(message, "digest", f"its attribute {digests.ATTRIBUTE} names no minute of a rule")

    def _add_notices(self, message: Message, notices: list[Notice]) -> None:
        length = len(json.dumps(notices))
        if length > self._room:
            self._refuse(message, "notices", "the messages received with it tell of too many objects")
            return
        self._room -= length
        self.notices += notices

    def _refuse(self, message: Message, rule: str, reason: str) -> None:
        self.refused.append({"message": message.id, "rule": rule, "pointer": "", "reason": reason})

    def _contract_of(self, message: Message) -> Contract | None:
        named = message.attributes.get(DATASET)
        for contract in contracts.newest_of(self._catalogue.contracts.values()):
            if contract.dataset == named or (
                named is None and any(message.queue.endswith(f"-{queue}") for queue in contract.queues)
            ):
                return contract
        return None


def _notices(message: Message) -> list[Notice] | None:
    """Return the new objects that a notification of S3 tells of; None of what is no such notification.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    if "s3" not in message.body:
        return None
    try:
        said = msgspec.json.decode(message.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    if (said.get("Service"), said.get("Event")) == ("Amazon S3", "s3:TestEvent"):
        return []
    events = said.get("Records")
    if not isinstance(events, list) or not events or not all(_is_of_s3(event) for event in events):
        return None
    return [
        _notice(message, event)
        for event in events
        if str(event["eventName"]).removeprefix("s3:").startswith(_CREATED)
    ]


def _is_of_s3(event: Any) -> bool:
    try:
        bucket, found = event["s3"]["bucket"]["name"], event["s3"]["object"]
        texts = (event["eventName"], bucket, found["key"], found.get("versionId") or "")
        return event["eventSource"] == "aws:s3" and all(isinstance(text, str) for text in texts)
    except (KeyError, TypeError, AttributeError):
        return False


def _notice(message: Message, event: Mapping[str, Any]) -> Notice:
    """Return what starts an execution; its name follows from the event, so that one sent twice starts one."""
    found = event["s3"]["object"]
    wanted: NoticeInput = {"s3Bucket": event["s3"]["bucket"]["name"], "s3Key": unquote_plus(found["key"])}
    if version := found.get("versionId"):
        wanted["s3VersionId"] = version
    told_by = [*map(str, wanted.values()), str(found.get("sequencer", "")), str(found.get("eTag", ""))]
    return {"message": message.id, "name": f"s3-{_digest(told_by)}", "input": wanted}


def _digest(parts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _other_groups(sorted_in: _Sorted) -> Iterator[NoticesGroup | DigestsGroup | RefusedGroup]:
    for notices in _parts(sorted_in.notices):
        ids = list(dict.fromkeys(notice["message"] for notice in notices))
        yield {"kind": "notices", "messages": ids, "notices": notices}
    for asked in _parts(list(sorted_in.digests.items())):
        minutes = sorted({minute for _, minute in asked})
        yield {"kind": "digests", "messages": [message for message, _ in asked], "minutes": minutes}
    for refused in _parts(sorted_in.refused):
        yield {"kind": "refused", "messages": [refusal["message"] for refusal in refused]}


def _record_groups(sorted_in: _Sorted, settings: Settings) -> Iterator[RecordsGroup]:
    room = MAX_INLINE_CHARACTERS
    for name, found in sorted_in.records.items():
        for part in _parts(found):
            file = _file(name, part, settings)
            content = _content(file, part, settings, room)
            room -= len(content["inline"]) if "inline" in content else 0
            yield {
                "kind": "records",
                "file": file,
                "messages": [message.id for message in part],
                "content": content,
            }


def _parts(found: Sequence[Any]) -> Iterator[Any]:
    for start in range(0, len(found), MAX_GROUP_MESSAGES):
        yield found[start : start + MAX_GROUP_MESSAGES]


def _file(contract: str, found: Sequence[Message], settings: Settings) -> File:
    """Return a group of messages as the functions know a file: its id follows from the messages in it."""
    dataset = contract.partition("/")[0]
    file_id = _digest([dataset, *sorted(message.id for message in found)])
    day = datetime.fromtimestamp(max(message.sent for message in found) / 1000, UTC).date().isoformat()
    return {
        "id": file_id,
        "run": file_id[:12],
        "bucket": settings.staging_bucket,
        "key": f"messages/{dataset}/{day}/{file_id}",
        "version": "messages",
        "size": sum(len(message.body.encode()) for message in found),
        "day": day,
        "dataset": dataset,
        "contract": contract,
        "format": "messages",
        "compression": "none",
    }


def _content(file: File, found: Sequence[Message], settings: Settings, room: int) -> Staged:
    place: Location = {"bucket": settings.staging_bucket, "key": file["key"]}
    writer = staging.LineWriter(place, inline=min(room, staging.MAX_INLINE_CHARACTERS))
    with writer as staged:
        for message in found:
            staged.add(messages.framed(message.id, message.sent, message.body))
    return writer.staged
