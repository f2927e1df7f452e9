"""CollectData: finds the object, pins its version, routes it, claims it, plans the work."""

from __future__ import annotations

import hashlib
import re
import zlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote

import msgspec

from pipeline import contracts, documents, executions, ledger, objects, outcomes, plans, staging
from pipeline.errors import InvalidInput, PipelineError
from pipeline.moments import moment
from pipeline.routing import compression_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.contracts import Contract
    from pipeline.ledger import Before, Holder
    from pipeline.objects import Head
    from pipeline.routing import Route
    from pipeline.settings import Settings
    from pipeline.shapes import Collected, Execution, File, Location, Plan

PREVIEW_CHARACTERS = 500
# 500 characters of UTF-8 have 2,000 bytes at most, a byte order mark 3; gzip rarely makes text longer.
PREVIEW_BYTES = 4096
# Of the name by which an execution that came too late is noted: of the 20 of a row no two are alike.
DUPLICATE_DIGITS = 12
EXECUTION_METADATA = "statewright-execution"
# The file whose quarantined records an object brings once more; `statewright quarantine replay` writes it.
REPLAY_METADATA = "statewright-replay-of"
_FILE_ID = re.compile(r"[0-9a-f]{32}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def collect_data(request: Mapping[str, Any], settings: Settings, request_id: str) -> Collected:
    """Return what is to be done about an object; raises ObjectNotFound, ObjectTooLarge."""
    now = datetime.now(UTC)
    direct: Execution = {"id": request_id, "started_at": moment(now)}
    execution: Execution = request.get("execution", direct)
    if "event" in request:
        bucket, key, version = *_store_event(request["event"], execution, settings), None
    else:
        bucket, key, version = wanted_object(request)
    _refuse_half_pairs(bucket, key)
    head = objects.head(bucket, key, version)
    file_id, run = file_identity(head), outcomes.run_of(execution["id"])
    writer = _event_writer(head) if "detail" in request else None
    if writer is not None and writer != execution["id"]:
        return _taken(_file(file_id, head, None, run), "duplicate", writer)
    route = _route(settings, key, request.get("dataset"))
    plan = _plan(settings, head, route)
    file = _file(file_id, head, route, run)
    row = _row(settings, file, head, execution, now) | {"event_name": _event_name(request)}
    preview = None if route and _hides_values(settings, route) else content_preview(file, head)
    if preview is not None:
        row["content_preview"] = preview
    work = outcomes.work_of(settings, route.contract, plan) if route and plan["keep"] else None
    if work is not None:
        row["work"] = work
    claimed = _claim(settings.files_table, row)
    if isinstance(claimed, ledger.Holder):
        # A row that its execution closed as failed just now is free when it is asked for again.
        outcome: Literal["duplicate", "in_progress"] = (
            "duplicate" if claimed.status == ledger.SUCCEEDED else "in_progress"
        )
        if outcome == "duplicate" and claimed.execution != execution["id"]:
            digest = execution_digest(execution["id"])[:DUPLICATE_DIGITS]
            ledger.note_duplicate(settings.files_table, file_id, digest)
        return _taken(file, outcome, claimed.execution)
    if work is not None:
        file["run"] = outcomes.continued(settings.files_table, row, claimed)
    if plan["shards"] > 1:
        _stage_ranges(settings, file, plan)
    return {"outcome": "work" if route else "catalogued", "file": file, "plan": plan}


def _claim(table: str, row: Mapping[str, Any]) -> Holder | Before:
    """Claim a row, also from an execution that ended without closing it; return as `ledger.claim` does.

    A holder that failed under other documents, or ended so, may have a function that writes its items still.
    Then nobody has the row until no function can be alive any more: who asks is told that it is in progress.
    """
    claimed = ledger.claim(table, row)
    if not isinstance(claimed, ledger.Holder) or claimed.status != ledger.PROCESSING:
        return claimed
    ended = executions.end_of(claimed.execution, claimed.since)
    return ledger.take_over(table, row, claimed, ended) if ended else claimed


def _route(settings: Settings, key: str, dataset: str | None) -> Route | None:
    catalogue = contracts.catalogue(settings.schemas)
    if dataset is not None and not catalogue.has(dataset):
        raise InvalidInput("collect_data", "/dataset", "the name of a dataset")
    return catalogue.route(key, dataset)


def _plan(settings: Settings, head: Head, route: Route | None) -> Plan:
    if route is None:
        return plans.NOTHING
    plan = plans.plan(head.size, route)
    tolerance = contracts.catalogue(settings.schemas).contract(route.contract).tolerance
    return plan if tolerance is None else {**plan, "tolerance": tolerance}


def _stage_ranges(settings: Settings, file: File, plan: Plan) -> None:
    """Stage the ranges of the shards for the workflow's Map, which reads them one by one."""
    place = staging.ranges_place(settings.staging_bucket, file)
    objects.put(place, msgspec.json.encode(plans.ranges(plan, file["size"])), "application/json")


def wanted_object(request: Mapping[str, Any]) -> tuple[str, str, str | None]:
    """Return bucket, key and version that a request names, by itself or as S3's event of EventBridge.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html; the key is there as it is.
    """
    if "s3Key" in request:
        return request["s3Bucket"], request["s3Key"], request.get("s3VersionId")
    detail = request["detail"]
    return detail["bucket"]["name"], detail["object"]["key"], detail["object"].get("version-id")


def _refuse_half_pairs(bucket: str, key: str) -> None:
    try:
        (bucket + key).encode()
    except UnicodeEncodeError as error:
        raise InvalidInput("collect_data", "/s3Key", "Unicode text") from error


def file_identity(head: Head) -> str:
    """Return the id of one version of one object."""
    return hashlib.sha256(f"{head.bucket}\n{head.key}\n{head.version}".encode()).hexdigest()[:32]


def execution_digest(execution: str) -> str:
    """Return the name that an execution gives the object of its event."""
    return hashlib.sha256(execution.encode()).hexdigest()[:32]


def _store_event(event: Any, execution: Execution, settings: Settings) -> tuple[str, str]:
    """Write an event that came without an object; a retry meets the object that is there already."""
    started = datetime.fromisoformat(execution["started_at"]).astimezone(UTC)
    name = f"year={started:%Y}/month={started:%m}/day={started:%d}/{execution_digest(execution['id'])}.json"
    place: Location = {"bucket": settings.raw_bucket, "key": name}
    metadata = {EXECUTION_METADATA: quote(execution["id"], safe=":/")}
    objects.put_once(place, msgspec.json.encode(event), "application/json", metadata)
    return place["bucket"], place["key"]


def _event_writer(head: Head) -> str | None:
    """Return the execution that wrote this object for its own event, None for any other object.

    Its name is the digest of the execution: a copy elsewhere keeps the metadata, but not the name.
    """
    execution = unquote(head.metadata.get(EXECUTION_METADATA, ""))
    name = head.key.rpartition("/")[2]
    return execution if execution and name == f"{execution_digest(execution)}.json" else None


def _taken(file: File, outcome: Literal["duplicate", "in_progress"], holder: str) -> Collected:
    return {"outcome": outcome, "file": file, "plan": plans.NOTHING, "duplicate_of": holder}


def _file(file_id: str, head: Head, route: Route | None, run: str) -> File:
    return {
        "id": file_id,
        "run": run,
        "bucket": head.bucket,
        "key": head.key,
        "version": head.version,
        "size": head.size,
        "day": head.last_modified.astimezone(UTC).date().isoformat(),
        "dataset": route.dataset if route else None,
        "contract": route.contract if route else None,
        "format": route.format if route else None,
        "compression": route.compression if route else None,
    }


def _row(settings: Settings, file: File, head: Head, execution: Execution, now: datetime) -> dict[str, Any]:
    row = {
        "file_id": file["id"],
        "file_key": head.key,
        "bucket_name": head.bucket,
        "version": head.version,
        "timestamp": execution["started_at"],
        "file_size": head.size,
        "content_type": head.content_type,
        "last_modified": moment(head.last_modified),
        "etag": head.etag,
        "processed_at": moment(now),
        "processed_day": now.date().isoformat(),
        "execution": execution["id"],
        "status": ledger.PROCESSING if file["dataset"] else ledger.CATALOGUED,
    }
    if file["dataset"]:
        row |= {"dataset": file["dataset"], "contract": file["contract"], "run": file["run"]}
        row["documents"] = documents.digest(settings.schemas)
    if origin := _replayed_file(head):
        row["replay_of"] = origin
    return row


def _replayed_file(head: Head) -> str | None:
    """Return the file that an object is a replay of, None for any other object.

    Its key names the file: a copy elsewhere keeps the metadata, but not the name.
    """
    origin = head.metadata.get(REPLAY_METADATA, "")
    return origin if _FILE_ID.fullmatch(origin) and origin in head.key else None


def _event_name(request: Mapping[str, Any]) -> str:
    if "detail" in request:
        return f"{request.get('detail-type', 'Object Created')}:{request['detail'].get('reason', 'unknown')}"
    return "Event" if "event" in request else "Request"


def _hides_values(settings: Settings, route: Route) -> bool:
    """Return whether a preview would show what the contract hides."""
    contract: Contract = contracts.catalogue(settings.schemas).contract(route.contract)
    return bool(contract.pseudonymise)


def content_preview(file: File, head: Head) -> str | None:
    """Return the first 500 characters of a text, None of what is no text or cannot be read now."""
    try:
        start = b"".join(objects.read_version(file, 0, min(head.size, PREVIEW_BYTES)))
    except PipelineError as error:
        if error.retryable:
            raise  # else the row would tell less for a call that failed once
        return None  # the preview decides nothing; what is wrong shows where the object is read in earnest
    if compression_of(head.key) == "gzip":
        try:
            start = zlib.decompressobj(31).decompress(start, PREVIEW_BYTES)
        except zlib.error:
            return None
    return text_of(start)


def text_of(start: bytes) -> str | None:
    """Return the first 500 characters where the bytes are the start of a text in UTF-8."""
    try:
        text = start.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:  # not a character that is cut at the end
            return None
        text = start[: error.start].decode("utf-8-sig")
    return None if _CONTROL.search(text) else text[:PREVIEW_CHARACTERS]
