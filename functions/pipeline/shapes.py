"""What travels between the states, as Python types; schemas/functions/ says the same to the workflow.

Only references and counts: records stay in S3 (a state's payload may hold 256 KiB).
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

Record = dict[str, Any]
"""One record: JSON values, with Decimal for what has a fraction or an exponent."""

Compression = Literal["none", "gzip"]
Format = Literal["json", "jsonl", "csv", "tsv"]


class Location(TypedDict):
    """An object of S3."""

    bucket: str
    key: str


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
    """What ParseAndValidate takes; `keep` where the shard is one of several."""

    file: File
    shard: Shard
    keep: NotRequired[bool]


class Parsed(TypedDict):
    """What ParseAndValidate says; read = valid + quarantined.

    `before` is what Enrich said of this shard then, where nothing of it is to be done again.
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
    """What Enrich takes; `keep` where the shard is one of several."""

    file: File
    shard: Shard
    partitions: int
    parsed: Parsed
    keep: NotRequired[bool]


class Enriched(TypedDict):
    """What Enrich says; valid = enriched + quarantined. `kept`: an earlier execution has done it."""

    enriched: int
    quarantined: int
    alerts: int
    staged: Location
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
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
    staged: Location
    quarantine: Location | None
    quarantine_enrich: Location | None
    alerts_object: Location | None
    reasons_enrich: dict[str, int]
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
