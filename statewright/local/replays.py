"""Sends records of a quarantine through the pipeline once more, as an object of their own.

The object lies where the same dataset routes it, under a key that follows from what is sent and from the
contract that it will be held against: the same records under the same contract have one key, and go only
once. Its metadata name the file that they come from, which CollectData keeps in the ledger.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from statewright.local.following import COUNTS, MAX_UPLOAD_BYTES, Outcome, Upload, follow
from statewright.local.headers import BOM, DELIMITERS, header_of
from statewright.local.ledger import LEDGER
from statewright.local.quarantines import QuarantineError
from statewright.local.routes import Route, contract_digest, routes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from statewright.local.place_options import Connection
    from statewright.local.quarantines import QuarantinedFile, Quarantines, Rejected

# CollectData reads it; functions/pipeline/collecting.py has the same name.
REPLAY_METADATA = "statewright-replay-of"
SUFFIXES = {"json": "json", "jsonl": "jsonl", "ndjson": "jsonl", "csv": "csv", "tsv": "tsv"}
# The version of a group of messages; functions/pipeline/collecting_messages.py has the same name.
MESSAGES = "messages"
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
_KEY_BYTES = 1024
_SPOOLED_BYTES = 8 * 1024 * 1024
_PIECE_BYTES = 1024 * 1024
_THERE_ALREADY = frozenset({"PreconditionFailed", "412"})
_CUT_SHOWN = 5


@dataclass(frozen=True)
class Origin:
    """Where quarantined records come from, and how its object is read; None where no contract says so now."""

    file: QuarantinedFile
    bucket: str
    key: str
    version: str
    route: Route | None

    def known_route(self) -> Route:
        """Return how the object is read; raises QuarantineError."""
        if self.route is None:
            raise QuarantineError(
                f"no contract names the key {self.key} any more, so nobody knows in which format it was;"
                " write its records (show --json) to a file and send it with --corrected FILE.jsonl"
            )
        return self.route


@dataclass(frozen=True)
class Content:
    """What is sent: its bytes from the start, their digest (hex), the format by its suffix, `gz` with it."""

    body: IO[bytes]
    digest: str
    suffix: str


@dataclass(frozen=True)
class Replay:
    """A replay's object; `new` says whether it was put there now."""

    uploaded: Upload
    new: bool


def origin_of(quarantines: Quarantines, file: QuarantinedFile) -> Origin:
    """Return where a file's records come from; raises QuarantineError, ProjectError."""
    project = quarantines.connection.names.project
    if file.status == "PROCESSING":
        raise QuarantineError(
            f"{file.key} is being ingested, and its quarantine may not be whole yet;"
            " `statewright status` tells when it has ended"
        )
    first = next(quarantines.records(file), None)
    if first is None:
        raise QuarantineError(f"the quarantine of {file.file_id} holds no record")
    if first.version == MESSAGES:
        dataset = first.contract.partition("/")[0]
        route: Route | None = Route(dataset, first.contract, "jsonl", "none", one_line_records=False)
        return Origin(file, first.bucket, first.key, first.version, route)
    (route,) = routes_of(project, [first.key], first.contract)
    return Origin(file, first.bucket, first.key, first.version, route or _route_by_suffix(first))


def _route_by_suffix(record: Rejected) -> Route | None:
    """Return how an object is read that no contract names any more."""
    name = record.key.lower()
    format_ = SUFFIXES.get(name.removesuffix(".gz").rpartition(".")[2])
    packed = "gzip" if name.endswith(".gz") else "none"
    dataset = record.contract.partition("/")[0]
    return Route(dataset, record.contract, format_, packed, one_line_records=False) if format_ else None


@contextmanager
def quarantined_content(
    quarantines: Quarantines, origin: Origin, rules: Collection[str]
) -> Iterator[Content]:
    """Give the records of some rules (none: of all) as one file in their origin's format.

    Raises QuarantineError where one of them was cut, or a header is wanted and the origin is gone.
    """
    _refuse_cut(quarantines, origin, rules)
    with tempfile.SpooledTemporaryFile(_SPOOLED_BYTES) as spooled:
        body = cast("IO[bytes]", spooled)
        for piece in written(quarantines, origin, chosen(quarantines.records(origin.file), rules)):
            body.write(piece)
        if body.tell() > MAX_UPLOAD_BYTES:
            raise QuarantineError("the records are more than one upload may have (5 GiB); choose by --rule")
        yield Content(body, _digest(body), origin.known_route().format)


@contextmanager
def corrected_content(file: Path, origin: Origin) -> Iterator[Content]:
    """Give a file of corrected records; its suffix says its format, else it is the origin's."""
    parts = file.name.lower().removesuffix(".gz").rpartition(".")
    known = SUFFIXES.get(parts[2]) if parts[1] else None
    packed = known is not None and file.name.lower().endswith(".gz")
    suffix = (known or origin.known_route().format) + (".gz" if packed else "")
    if file.stat().st_size > MAX_UPLOAD_BYTES:
        raise QuarantineError(f"{file} is larger than one upload may be (5 GiB)")
    with file.open("rb") as body:
        yield Content(body, _digest(body), suffix)


def chosen(records: Iterable[Rejected], rules: Collection[str]) -> Iterator[Rejected]:
    """Yield the records that broke one of the rules; all where no rule is given."""
    return (record for record in records if not rules or record.rule in rules)


def written(quarantines: Quarantines, origin: Origin, records: Iterable[Rejected]) -> Iterator[bytes]:
    """Yield the bytes of a file with these records, as they were, in their origin's format.

    Messages are lines. CSV and TSV have the origin's header. Values of JSON are the elements of an array, a
    record a line where it was one: only so each is cut out again as it was, whatever is wrong with it.
    """
    format_ = origin.known_route().format
    if format_ == "json":
        for number, record in enumerate(records):
            yield (b",\n" if number else b"[\n") + record.content
        yield b"\n]\n"
        return
    if format_ in DELIMITERS:
        yield header_of(quarantines.connection.clients("s3"), origin) + b"\n"
    for number, record in enumerate(records):
        if not number and format_ == "jsonl" and not record.content.startswith(b"{"):
            yield BOM  # else the record's first bytes may be taken for one, or for the mark of a packed file
        yield (_in_one_line(record) if origin.version == MESSAGES else record.content) + b"\n"


def _in_one_line(message: Rejected) -> bytes:
    """Return a message as a line: breaks between the tokens of JSON say nothing; raises QuarantineError."""
    if b"\n" not in message.content:
        return message.content
    try:
        json.loads(message.content)
    except ValueError:
        raise QuarantineError(
            f"the message in line {message.line} of its group is no JSON and has line breaks, so it cannot go"
            " as one line; write the records (show --json) to a file, put it right, and send that with"
            " --corrected FILE.jsonl"
        ) from None
    return message.content.replace(b"\n", b" ")


def put(quarantines: Quarantines, origin: Origin, content: Content, *, again: bool) -> Replay:
    """Put a replay's object where it is not there yet; with `again` as a new version in any case.

    Raises QuarantineError, ProjectError, botocore's errors.
    """
    key = replay_key(quarantines, origin, content)
    bucket = quarantines.connection.names.bucket("raw")
    s3 = quarantines.connection.clients("s3")
    condition = {} if again else {"IfNoneMatch": "*"}
    content.body.seek(0)
    try:
        answer = s3.put_object(
            Bucket=bucket,
            Key=key,
            Body=content.body,
            Metadata={REPLAY_METADATA: origin.file.file_id},
            **condition,
        )
        new = True
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE_ALREADY:
            raise
        answer = s3.head_object(Bucket=bucket, Key=key)
        new = False
    version = answer.get("VersionId", "null")  # "null": written while the bucket kept no versions
    if version == "null":
        version = f"etag:{answer['ETag'].strip(chr(34))}"
    return Replay(Upload(Path(key), bucket, key, version, time.time()), new)


def replay_key(quarantines: Quarantines, origin: Origin, content: Content) -> str:
    """Return a key that leads to the origin's dataset in the content's format; raises QuarantineError."""
    project = quarantines.connection.names.project
    dataset = project.datasets.get(origin.file.dataset)
    if dataset is None:
        raise QuarantineError(
            f"the records are of the dataset {origin.file.dataset}, which has no contract any more; bring"
            f" schemas/datasets/{origin.file.dataset}/ back, or write them to a file (show --raw) and send it"
            " with `statewright ingest` to another dataset"
        )
    newest = f"{dataset.name}/{dataset.version}"
    seed = "\n".join([newest, contract_digest(project, newest), content.suffix, content.digest])
    name = hashlib.sha256(seed.encode()).hexdigest()[:32]
    folder = origin.key.rpartition("/")[0]
    prefixes = [*dataset.folders, folder + "/" if folder else ""]
    file_id = origin.file.file_id
    keys = [f"{prefix}replays/{file_id}/{name}.{content.suffix}" for prefix in prefixes]
    keys.append(f"{prefixes[-1]}replay-{file_id}-{name}.{content.suffix}")
    format_ = content.suffix.partition(".")[0]
    for key, route in zip(keys, routes_of(project, keys), strict=True):
        if route and _reads(route, dataset.name, format_, origin) and len(key.encode()) <= _KEY_BYTES:
            return key
    raise QuarantineError(
        f"no source of {dataset.name} takes a key for a replay in the format {format_}"
        f" (tried {', '.join(keys)});"
        f' add {{"keys": "{dataset.name}/replays/**"}} to the sources of its contract'
    )


def _reads(route: Route, dataset: str, format_: str, origin: Origin) -> bool:
    """Return whether records are read by a route as they were in their origin."""
    same_rows = (
        format_ not in DELIMITERS
        or origin.route is None
        or route.one_line_records == origin.route.one_line_records
    )
    return route.dataset == dataset and route.format == format_ and same_rows


def link(quarantines: Quarantines, origin: Origin, replay: Replay) -> None:
    """Name the replay in the origin's row, once, if there is one."""
    try:
        quarantines.connection.clients("dynamodb").update_item(
            TableName=quarantines.connection.names.of(LEDGER),
            Key={"file_id": {"S": origin.file.file_id}},
            UpdateExpression="ADD replayed_by :replay",
            ConditionExpression="attribute_exists(file_id)",
            ExpressionAttributeValues={":replay": {"SS": [replay.uploaded.file_id]}},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise


def outcome_of(quarantines: Quarantines, replay: Replay, tell: Callable[[str], None]) -> Outcome:
    """Follow a replay to its end; ALREADY_INGESTED with its numbers where it came to its end before.

    One that is there already and failed, or whose event was lost, is started anew: a failed object may be
    claimed again. Raises NotStarted, botocore's errors.
    """
    connection, uploaded = quarantines.connection, replay.uploaded
    execution = None
    if not replay.new:
        row = quarantines.row(uploaded.file_id)
        if row.get("status") == "SUCCEEDED":
            return _ended_before(uploaded, row)
        if row.get("status") != "PROCESSING":
            execution = _start(connection, uploaded)
    outcome = follow(uploaded, connection.names, connection.clients, tell, threading.Event(), execution)
    if outcome.status == "ALREADY_INGESTED":  # the event was only late
        return _ended_before(uploaded, quarantines.row(uploaded.file_id))
    return outcome


def _start(connection: Connection, uploaded: Upload) -> str:
    asked = {"s3Bucket": uploaded.bucket, "s3Key": uploaded.key}
    if not uploaded.version.startswith("etag:"):
        asked["s3VersionId"] = uploaded.version
    started = connection.clients("stepfunctions").start_execution(
        stateMachineArn=connection.names.state_machine_arn("ingest"), input=json.dumps(asked)
    )
    return str(started["executionArn"])


def _ended_before(uploaded: Upload, row: dict[str, Any]) -> Outcome:
    """Return the outcome that the ledger tells of a replay that came to its end before."""
    return Outcome(
        file=str(uploaded.file),
        bucket=uploaded.bucket,
        key=uploaded.key,
        file_id=uploaded.file_id,
        status="ALREADY_INGESTED",
        execution=str(row.get("execution", "")),
        seconds=0.0,
        dataset=row.get("dataset"),
        counts={name: int(row.get("counts", {}).get(name, 0)) for name in COUNTS},
        reasons={rule: int(count) for rule, count in row.get("reasons", {}).items()},
        quarantine=list(row.get("quarantine", [])),
        duplicate_of=row.get("execution"),
    )


def _refuse_cut(quarantines: Quarantines, origin: Origin, rules: Collection[str]) -> None:
    kept: set[str] = set()
    cut: list[Rejected] = []
    count = 0
    for record in chosen(quarantines.records(origin.file), rules):
        count += 1
        if record.cut_from_bytes is None:
            kept.add(record.rule)
        else:
            cut.append(record)
    if not count:
        raise QuarantineError(f"no record of {origin.key} in quarantine broke {' or '.join(sorted(rules))}")
    if not cut:
        return
    places = "".join(
        f"\n  byte {record.offset} of s3://{record.bucket}/{record.key} ({record.cut_from_bytes} bytes)"
        for record in cut[:_CUT_SHOWN]
    )
    more = f"\n  and {len(cut) - _CUT_SHOWN} more" if len(cut) > _CUT_SHOWN else ""
    others = " ".join(f"--rule {rule}" for rule in sorted(kept))
    remedy = f"; replay the others with {others}" if others else ""
    raise QuarantineError(
        f"{len(cut)} of the records are longer than a line may be, and only their beginnings were kept:"
        f"{places}{more}"
        f"\nwrite them anew, shorter, and send them with --corrected FILE{remedy}"
    )


def _digest(body: IO[bytes]) -> str:
    digest = hashlib.sha256()
    body.seek(0)
    while piece := body.read(_PIECE_BYTES):
        digest.update(piece)
    body.seek(0)
    return digest.hexdigest()
