"""What travels between the states, as Python types; schemas/functions/ says the same to the workflow.

Only references and counts: records stay in S3 (a state's payload may hold 256 KiB).
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Record = dict[str, Any]
"""One record: JSON values, with Decimal for what has a fraction or an exponent."""

Compression = Literal["none", "gzip"]
Format = Literal["json", "jsonl", "csv", "tsv", "messages"]


class Location(TypedDict):
    """An object of S3."""

    bucket: str
    key: str


class Staged(TypedDict, total=False):
    """Where staged data are: an object of S3, or `inline` the same bytes in Base64, where they are few."""

    bucket: str
    key: str
    inline: str


class Refusal(TypedDict):
    """Why a message was refused: `message` is its id; never what is in it."""

    message: str
    rule: str
    pointer: str
    reason: str


class File(TypedDict):
    """One version of one object; `day` is that of its last modification (UTC).

    `run` is the execution that works on it: it names the folders of all that comes of its work.
    """

    id: str
    run: str
    bucket: str
    key: str
    version: str
    size: int
    day: str
    dataset: str | None
    contract: str | None
    format: Format | None
    compression: Compression | None


class Tolerance(TypedDict, total=False):
    """How many invalid records a file may hold; `share` is of its records, from 0 to 1."""

    count: int
    share: float


class Plan(TypedDict):
    """Into how many byte ranges the object is cut, and its keys into how many partitions.

    `tolerance` is the contract's, where it has one; `keep` says whether the outcomes of parts are kept for a
    new start, as they are where there are several shards or partitions.
    """

    shards: int
    shard_bytes: int
    partitions: int
    keep: bool
    tolerance: NotRequired[Tolerance]


class Execution(TypedDict):
    """Who works on a file; `id` is the execution's ARN, or the request id of a direct call."""

    id: str
    started_at: str


class Collected(TypedDict):
    """What CollectData says."""

    outcome: Literal["work", "duplicate", "in_progress", "catalogued"]
    file: File
    plan: Plan
    duplicate_of: NotRequired[str]


class Shard(TypedDict):
    """A range of bytes: from `start`, up to and without `end`."""

    index: int
    start: int
    end: int


class ParseRequest(TypedDict):
    """What ParseAndValidate takes; `keep` where the shard is one of several.

    `content` are the records themselves, where the file is a group of messages.
    """

    file: File
    shard: Shard
    content: NotRequired[Staged]
    keep: NotRequired[bool]


class Parsed(TypedDict):
    """What ParseAndValidate says; read = valid + quarantined.

    `kept` is what Enrich said of this shard before, where nothing of it is to be done again.
    """

    shard: Shard
    read: int
    valid: int
    quarantined: int
    lines: int
    bytes: int
    reasons: dict[str, int]
    staged: Staged
    quarantine: Location | None
    refusals: NotRequired[list[Refusal]]
    kept: NotRequired[Enriched]


class EnrichRequest(TypedDict):
    """What Enrich takes; `keep` where the shard is one of several, `content` as ParseAndValidate has it."""

    file: File
    shard: Shard
    partitions: int
    parsed: Parsed
    content: NotRequired[Staged]
    keep: NotRequired[bool]


class Enriched(TypedDict):
    """What Enrich says; valid = enriched + quarantined. `kept`: an earlier execution has done it."""

    enriched: int
    quarantined: int
    alerts: int
    staged: Staged
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
    refusals_enrich: NotRequired[list[Refusal]]
    kept: NotRequired[bool]


class ShardOutcome(TypedDict):
    """Both of a shard's answers, merged by the workflow; `quarantined` counts both."""

    shard: Shard
    read: int
    valid: int
    quarantined: int
    lines: int
    bytes: int
    reasons: dict[str, int]
    enriched: int
    alerts: int
    staged: Staged
    quarantine: Location | None
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
    refusals: NotRequired[list[Refusal]]
    refusals_enrich: NotRequired[list[Refusal]]
    kept: NotRequired[bool]


class WriteRequest(TypedDict):
    """What WriteToDdb takes; `keep` where the partition is one of several."""

    file: File
    partition: int
    shards: list[ShardOutcome]
    keep: NotRequired[bool]


class Written(TypedDict):
    """What WriteToDdb says. `kept`: an earlier execution has done it."""

    partition: int
    written: int
    superseded: int
    kept: NotRequired[bool]


class NotifyRequest(TypedDict):
    """What Notify takes."""

    file: File
    shards: list[ShardOutcome]
    partitions: list[Written]
    execution: Execution


class Counts(TypedDict):
    """A file's sums: read = written + superseded + quarantined."""

    read: int
    written: int
    superseded: int
    quarantined: int
    alerts: int


class Notified(TypedDict):
    """What Notify says; `quarantine` holds s3:// URIs."""

    status: Literal["SUCCEEDED"]
    file: File
    counts: Counts
    quarantine: list[str]
    reasons: dict[str, int]


class MessageAttribute(TypedDict, total=False):
    """An attribute of a message."""

    stringValue: str | None


class MessageAttributes(TypedDict):
    """What SQS says of a message; the time in milliseconds since the epoch."""

    SentTimestamp: str


class MessageRecord(TypedDict):
    """A message as a pipe of EventBridge hands it on."""

    messageId: str
    body: str
    attributes: MessageAttributes
    messageAttributes: NotRequired[dict[str, MessageAttribute]]
    eventSourceARN: str


class Notice(TypedDict):
    """A new object that a message of S3 tells of, and the name of the execution that it starts."""

    message: str
    name: str
    input: dict[str, str]


class Group(TypedDict):
    """Messages that are worked on together."""

    kind: Literal["records", "notices", "digests", "refused"]
    messages: list[str]
    file: NotRequired[File]
    content: NotRequired[Staged]
    notices: NotRequired[list[Notice]]
    minutes: NotRequired[list[str]]


class DigestRequest(TypedDict):
    """What TellDigests takes: ids of minutes."""

    minutes: list[str]


class Digested(TypedDict):
    """What TellDigests says: of how many alerts it told."""

    alerts: int


class ReportRequest(TypedDict):
    """What DailyReport takes: a day, or the moment of its schedule, whose day before is meant."""

    date: NotRequired[str]
    scheduled: NotRequired[str]
    execution: NotRequired[Execution]


class Reported(TypedDict):
    """What DailyReport says: where the report is (s3:// URIs), and what is in it in words."""

    date: str
    headline: str
    notable: list[str]
    subject: str
    page: str
    report: str
    files: int
    failed: int
