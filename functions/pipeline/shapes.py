"""The types of schemas/functions, written by `statewright types`: change the schemas."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class Execution(TypedDict):
    """Who works on a file.

    `id`: The execution's ARN; the request id of a direct call.
    """

    id: str
    started_at: str


class NamedObject(TypedDict):
    """`dataset`: Takes the object for one of this dataset, whatever its key says."""

    s3Bucket: str
    s3Key: str
    s3VersionId: NotRequired[str]
    dataset: NotRequired[str]
    execution: NotRequired[Execution]


class ObjectCreatedDetailBucket(TypedDict):
    name: str


ObjectCreatedDetailObject = TypedDict(
    "ObjectCreatedDetailObject",
    {
        "key": str,
        "version-id": NotRequired[str],
    },
)


class ObjectCreatedDetail(TypedDict):
    bucket: ObjectCreatedDetailBucket
    object: ObjectCreatedDetailObject


ObjectCreated = TypedDict(
    "ObjectCreated",
    {
        "detail": ObjectCreatedDetail,
        "detail-type": Literal["Object Created"],
        "execution": NotRequired[Execution],
    },
)


class EventToStore(TypedDict):
    event: dict[str, Any]
    execution: NotRequired[Execution]


CollectRequest = NamedObject | ObjectCreated | EventToStore
Format = Literal["json", "jsonl", "csv", "tsv", "messages"]
Compression = Literal["none", "gzip"]


class Chunks(TypedDict):
    """Where Rechunk has put the text of an object, in pieces that end where records end; how many bytes it
    has.

    `prefix`: What the keys of the chunks begin with.
    """

    bucket: str
    prefix: str
    bytes: int


class File(TypedDict):
    """One version of one object.

    `run`: The execution that works on it: names the folders of all that comes of its work. One that
    goes on with the work of others has the digits of the first of them, a hyphen, and its number.
    `version`: S3's version id, or etag:<etag> where the bucket keeps no versions.
    `day`: Of the last modification, UTC.
    `contract`: <dataset>/<version>
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
    chunks: NotRequired[Chunks]


class Tolerance(TypedDict):
    """The contract's: how many invalid records the file may hold."""

    count: NotRequired[int]
    share: NotRequired[float]


class Plan(TypedDict):
    """Into how many byte ranges the object is cut, and its keys into how many partitions.

    `tolerance`: The contract's: how many invalid records the file may hold.
    `keep`: Whether outcomes of shards and partitions are kept for a new start: there are several of
    them.
    `rechunk`: Whether the text is cut into chunks first: how many shards it has shows then.
    """

    shards: int
    shard_bytes: int
    tolerance: NotRequired[Tolerance]
    partitions: int
    keep: bool
    rechunk: NotRequired[bool]


class Collected(TypedDict):
    """What CollectData says.

    `duplicate_of`: The execution that has this version of the object.
    """

    outcome: Literal["work", "duplicate", "in_progress", "catalogued"]
    file: File
    plan: Plan
    duplicate_of: NotRequired[str]


class MessageAttributes(TypedDict):
    """What SQS says of a message; the time in milliseconds since the epoch."""

    SentTimestamp: str


class MessageAttribute(TypedDict):
    """An attribute of a message."""

    stringValue: NotRequired[str | None]


class MessageRecord(TypedDict):
    """A message as a pipe of EventBridge hands it on.

    `attributes`: What SQS says of a message; the time in milliseconds since the epoch.
    """

    messageId: str
    body: str
    attributes: MessageAttributes
    messageAttributes: NotRequired[dict[str, MessageAttribute]]
    eventSourceARN: str


MessageBatch = list[MessageRecord]


class Staged(TypedDict):
    """Where staged data are: an object, or inline the same bytes in Base64."""

    bucket: NotRequired[str]
    key: NotRequired[str]
    inline: NotRequired[str]


class RecordsGroup(TypedDict):
    """Records of one dataset, as a file is known to the functions; its id follows from the messages."""

    kind: Literal["records"]
    messages: list[str]
    file: File
    content: Staged


class NoticeInput(TypedDict):
    """The object."""

    s3Bucket: str
    s3Key: str
    s3VersionId: NotRequired[str]


class Notice(TypedDict):
    """A new object, and the name of the execution that it starts.

    `input`: The object.
    """

    message: str
    name: str
    input: NoticeInput


class NoticesGroup(TypedDict):
    """New objects that S3 tells of."""

    kind: Literal["notices"]
    messages: list[str]
    notices: list[Notice]


class DigestsGroup(TypedDict):
    """Minutes whose alerts are to be told in one message."""

    kind: Literal["digests"]
    messages: list[str]
    minutes: list[str]


class RefusedGroup(TypedDict):
    """Messages that no dataset claims."""

    kind: Literal["refused"]
    messages: list[str]


Groups = list[RecordsGroup | NoticesGroup | DigestsGroup | RefusedGroup]


class ReportRequest(TypedDict):
    """`date`: The day to report on.
    `scheduled`: The time of the schedule.
    """

    date: NotRequired[str]
    scheduled: NotRequired[str]
    execution: NotRequired[Execution]


class Reported(TypedDict):
    """`notable`: What is unusual, the worst first.
    `subject`: The headline as SNS takes it for a subject.
    `page`: s3:// URI.
    `report`: s3:// URI.
    `usd`: What the day's requests cost, as far as the ledger tells.
    """

    date: str
    headline: str
    notable: list[str]
    subject: str
    page: str
    report: str
    files: int
    failed: int
    usd: float


class Shard(TypedDict):
    """A range of bytes: from start, up to and without end."""

    index: int
    start: int
    end: int


class Location(TypedDict):
    """An object of S3.

    `key`: One that the functions have chosen: 160 characters at most.
    """

    bucket: str
    key: str


class Refusal(TypedDict):
    """Why a message goes back; never what is in it."""

    message: str
    rule: str
    pointer: str
    reason: str


class Enriched(TypedDict):
    """What Enrich says of a shard; valid = enriched + quarantined.

    `kept`: An earlier execution has done it.
    """

    enriched: int
    quarantined: int
    alerts: int
    staged: Staged
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
    kept: NotRequired[bool]
    refusals_enrich: NotRequired[list[Refusal]]


class Parsed(TypedDict):
    """What ParseAndValidate says of a shard; read = valid + quarantined.

    `before`: What Enrich said of this shard then, where nothing of it is to be done again.
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
    before: NotRequired[Enriched]
    refusals: NotRequired[list[Refusal]]


class EnrichRequest(TypedDict):
    """What Enrich takes.

    `parsed`: What ParseAndValidate said.
    `keep`: Whether the outcome is kept for a new start, and one that was kept is looked for.
    `content`: The records themselves, where the file is a group of messages.
    """

    file: File
    shard: Shard
    partitions: int
    parsed: Parsed
    keep: NotRequired[bool]
    content: NotRequired[Staged]


class ShardOutcome(TypedDict):
    """What ParseAndValidate and Enrich say of a shard, merged by the workflow.

    `quarantined`: By ParseAndValidate and Enrich.
    `kept`: An earlier execution has done it.
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
    enriched: int
    alerts: int
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
    kept: NotRequired[bool]
    refusals: NotRequired[list[Refusal]]
    refusals_enrich: NotRequired[list[Refusal]]


class Written(TypedDict):
    """What WriteToDdb says of a partition.

    `left`: How many items are not put yet, where the writer's time was over; another one goes on.
    `kept`: An earlier execution has done it.
    """

    partition: int
    written: int
    superseded: int
    left: NotRequired[int]
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
    """What Notify says of a file.

    `quarantine`: s3:// URIs, the manifest first.
    `summary`: The s3:// URI of the file's summary; groups of messages have none.
    """

    status: Literal["SUCCEEDED"]
    file: File
    counts: Counts
    quarantine: list[str]
    reasons: dict[str, int]
    summary: NotRequired[str]


class ParseRequest(TypedDict):
    """What ParseAndValidate takes.

    `keep`: Whether the outcome is kept for a new start, and one that was kept is looked for.
    `content`: The records themselves, where the file is a group of messages.
    """

    file: File
    shard: Shard
    keep: NotRequired[bool]
    content: NotRequired[Staged]


class RechunkRequest(TypedDict):
    """What Rechunk takes.

    `round`: Which invocation this is, counted from 1.
    """

    file: File
    plan: Plan
    round: int


class Rechunked(TypedDict):
    """What Rechunk says; unfinished asks for another invocation, with the same file and plan."""

    outcome: Literal["finished", "unfinished"]
    file: File
    plan: Plan


class DigestRequest(TypedDict):
    """What TellDigests takes: ids of minutes."""

    minutes: list[str]


class Digested(TypedDict):
    """What TellDigests says: of how many alerts it told."""

    alerts: int


class WriteRequest(TypedDict):
    """What WriteToDdb takes.

    `keep`: Whether the outcome is kept for a new start, and one that was kept is looked for.
    `started_at`: When the EXPRESS execution began that waits for the answer: a writer that sees its end
    near hands over. Without it none does.
    `done`: How many of the partition's items earlier writers have put.
    """

    file: File
    partition: int
    shards: list[ShardOutcome]
    keep: NotRequired[bool]
    started_at: NotRequired[str]
    done: NotRequired[int]
