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
    s3Bucket: str
    s3Key: str
    s3VersionId: NotRequired[str]
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
Format = Literal["json", "jsonl", "csv", "tsv"]
Compression = Literal["none", "gzip"]


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


class Tolerance(TypedDict):
    """The contract's: how many invalid records the file may hold."""

    count: NotRequired[int]
    share: NotRequired[float]


class Plan(TypedDict):
    """Into how many byte ranges the object is cut, and its keys into how many partitions.

    `tolerance`: The contract's: how many invalid records the file may hold.
    `keep`: Whether outcomes of shards and partitions are kept for a new start: there are several of
    them.
    """

    shards: int
    shard_bytes: int
    tolerance: NotRequired[Tolerance]
    partitions: int
    keep: bool


class Collected(TypedDict):
    """What CollectData says.

    `duplicate_of`: The execution that has this version of the object.
    """

    outcome: Literal["work", "duplicate", "in_progress", "catalogued"]
    file: File
    plan: Plan
    duplicate_of: NotRequired[str]


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


class Enriched(TypedDict):
    """What Enrich says of a shard; valid = enriched + quarantined.

    `kept`: An earlier execution has done it.
    """

    enriched: int
    quarantined: int
    alerts: int
    staged: Location
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
    kept: NotRequired[bool]


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
    staged: Location
    quarantine: Location | None
    before: NotRequired[Enriched]


class EnrichRequest(TypedDict):
    """What Enrich takes.

    `parsed`: What ParseAndValidate said.
    `keep`: Whether the outcome is kept for a new start, and one that was kept is looked for.
    """

    file: File
    shard: Shard
    partitions: int
    parsed: Parsed
    keep: NotRequired[bool]


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
    staged: Location
    quarantine: Location | None
    enriched: int
    alerts: int
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
    kept: NotRequired[bool]


class Written(TypedDict):
    """What WriteToDdb says of a partition.

    `kept`: An earlier execution has done it.
    """

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
    """What Notify says of a file.

    `quarantine`: s3:// URIs, the manifest first.
    """

    status: Literal["SUCCEEDED"]
    file: File
    counts: Counts
    quarantine: list[str]
    reasons: dict[str, int]


class ParseRequest(TypedDict):
    """What ParseAndValidate takes.

    `keep`: Whether the outcome is kept for a new start, and one that was kept is looked for.
    """

    file: File
    shard: Shard
    keep: NotRequired[bool]


class WriteRequest(TypedDict):
    """What WriteToDdb takes.

    `keep`: Whether the outcome is kept for a new start, and one that was kept is looked for.
    """

    file: File
    partition: int
    shards: list[ShardOutcome]
    keep: NotRequired[bool]
