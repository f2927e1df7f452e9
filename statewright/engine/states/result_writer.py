"""ResultWriter: what becomes of the results of a Distributed Map, in the state's output or in files in S3.

https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html
"""

from __future__ import annotations

import json
import logging
import tempfile
from typing import IO, TYPE_CHECKING, Any, Protocol

from statewright.asl.timestamps import format_timestamp
from statewright.engine.errors import StateFailure
from statewright.engine.integrations.aws import UnsupportedParameter, call_now, client_of
from statewright.engine.payloads import MAX_PAYLOAD_BYTES, dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import Map
    from statewright.engine.map_runs import Batch
    from statewright.engine.records import ExecutionRecord, MapRunRecord
    from statewright.engine.step import Step

Json = Any

WRITER_FAILED = "States.ResultWriterFailed"
# "Step Functions supports individual result files of up to 5 GB."
MAX_RESULT_FILE_BYTES = 5 * 2**30
_IN_MEMORY_BYTES = 2**20  # of each file; the rest is on disk until it is written to S3
_DENIED = "Access denied. Ensure the correct permissions are added to your state machine's execution role. "
_FILES = {"SUCCEEDED": "SUCCEEDED", "FAILED": "FAILED", "TIMED_OUT": "FAILED", "ABORTED": "FAILED"}

log = logging.getLogger(__name__)


class MapResults(Protocol):
    """Takes the children of a map run one by one, and gives the state's result in the end."""

    keeps_pending: bool
    written_items: int
    written_executions: int

    def add(self, batch: Batch, record: ExecutionRecord, output: Json) -> None: ...
    def add_earlier(
        self, batch: Batch, record: ExecutionRecord, output: Json, *, is_written: bool
    ) -> None: ...
    def add_pending(self, batch: Batch) -> None: ...
    async def begin(self, run: MapRunRecord) -> None:
        """Find out that results can be written, before any child runs; raises StateFailure."""
        ...

    async def finish(self, run: MapRunRecord) -> Json:
        """Write the results and give what the state returns; raises StateFailure."""
        ...

    async def finish_failed(self, run: MapRunRecord) -> None:
        """Write the results of a map run that has failed or was aborted, as far as possible."""
        ...

    def close(self) -> None: ...


def open_results(step: Step, state: Map, value: Json) -> MapResults:
    """Choose by the ResultWriter where results go."""
    writer = state.writer
    if writer is None or writer.resource is None:
        return StateResults(step, (writer.config if writer else {}).get("Transformation", "COMPACT"))
    arguments = {} if writer.payload is None else step.template(writer.payload, value)
    return FileResults(step, writer.config, _destination(step, arguments))


def _destination(step: Step, arguments: Json) -> dict[str, Json]:
    for name in ("Bucket", "Prefix"):
        found = arguments.get(name, "") if isinstance(arguments, dict) else None
        if not isinstance(found, str) or (name == "Bucket" and not found):
            raise StateFailure(WRITER_FAILED, step.cause(f"The ResultWriter's {name} must be a String."))
    return dict(arguments)


# --- the entries ---


def _details(batch: Batch, record: ExecutionRecord) -> dict[str, Json]:
    """Give the metadata of a child, as Transformation NONE has them.

    EXPRESS children have no RedriveStatus: only their map run can be redriven.
    """
    entry: dict[str, Json] = {}
    if record.cause is not None:
        entry["Cause"] = record.cause
    if record.error is not None:
        entry["Error"] = record.error
    entry |= {
        "ExecutionArn": record.arn,
        "Input": batch.text,
        "InputDetails": {"Included": True},
        "Name": record.name,
    }
    if record.output is not None:
        entry["Output"] = record.output
    entry |= {"OutputDetails": {"Included": True}, "RedriveCount": record.redrive_count}
    if record.redrive_date is not None:
        entry["RedriveDate"] = format_timestamp(record.redrive_date)
    if record.type == "STANDARD":
        entry |= _redrive(record)
    return entry | {
        "StartDate": format_timestamp(record.start_date),
        "StateMachineArn": record.state_machine_arn,
        "Status": record.status,
        "StopDate": format_timestamp(record.stop_date or record.start_date),
    }


def _redrive(record: ExecutionRecord) -> dict[str, Json]:
    if record.status == "SUCCEEDED":
        reason = "Execution is SUCCEEDED and cannot be redriven"
        return {"RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}
    return {"RedriveStatus": "REDRIVABLE_BY_MAP_RUN"}


def _entries(transformation: str, batch: Batch, record: ExecutionRecord, output: Json) -> list[Json]:
    """Transform one child's result; that of a failed one is as with NONE."""
    if record.status != "SUCCEEDED" or transformation == "NONE":
        return [_details(batch, record)]
    if transformation == "FLATTEN" and isinstance(output, list):
        return output
    return [output]


# --- in the state's output ---


class StateResults:
    """Keeps the results for the state's output, in the order of the items.

    Above 256 KiB nothing is kept, as the state cannot return it.
    """

    keeps_pending = False

    def __init__(self, step: Step, transformation: str) -> None:
        self._step = step
        self._transformation = transformation
        self._entries: dict[int, list[Json]] = {}
        self._characters = 0
        self.written_items = 0
        self.written_executions = 0

    def add(self, batch: Batch, record: ExecutionRecord, output: Json) -> None:
        self.written_items += batch.items
        self.written_executions += 1
        if self._characters > MAX_PAYLOAD_BYTES:
            return
        entries = _entries(self._transformation, batch, record, output)
        self._characters += sum(len(dump(entry)) + 1 for entry in entries)
        self._entries[batch.index] = entries
        if self._characters > MAX_PAYLOAD_BYTES:
            self._entries.clear()

    def add_earlier(
        self,
        batch: Batch,
        record: ExecutionRecord,
        output: Json,
        *,
        is_written: bool,  # noqa: ARG002 - the state has returned nothing before
    ) -> None:
        self.add(batch, record, output)

    def add_pending(self, batch: Batch) -> None:
        pass

    async def begin(self, run: MapRunRecord) -> None:
        pass

    async def finish(self, run: MapRunRecord) -> Json:  # noqa: ARG002 - the other kind needs it
        if self._characters > MAX_PAYLOAD_BYTES:
            raise self._step.result_too_large()
        return [entry for index in sorted(self._entries) for entry in self._entries[index]]

    async def finish_failed(self, run: MapRunRecord) -> None:
        pass

    def close(self) -> None:
        self._entries.clear()


# --- in files ---


class _File:
    """One result file while it is filled."""

    def __init__(self, output_type: str) -> None:
        self.is_lines = output_type == "JSONL"
        self.body: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES)  # noqa: SIM115
        self.size = 0
        self.items = 0
        self.executions = 0

    def takes(self, entries: list[bytes]) -> bool:
        """Say whether there is room; the entries of one child stay together, however many they are."""
        more = sum(len(entry) + 1 for entry in entries)
        return not self.executions or self.size + more + 1 <= MAX_RESULT_FILE_BYTES

    def add(self, entries: list[bytes], items: int) -> None:
        for entry in entries:
            self._write(entry + b"\n" if self.is_lines else (b"," if self.size else b"[") + entry)
        self.items += items
        self.executions += 1

    def close_body(self) -> IO[bytes]:
        """Finish the text and give it from its start."""
        if not self.is_lines:
            self._write(b"]" if self.size else b"[]")
        self.body.seek(0)
        return self.body

    def _write(self, text: bytes) -> None:
        self.body.write(text)
        self.size += len(text)


class FileResults:
    """Writes the results to S3: `<Prefix>/<map run>/manifest.json`, `SUCCEEDED_n.json` and their like.

    A redrive writes beside them, into `Redrive-<n>/`; its manifest names the earlier successes too.
    """

    keeps_pending = True

    def __init__(self, step: Step, config: Mapping[str, Json], destination: dict[str, Json]) -> None:
        self._step = step
        self._transformation = config.get("Transformation", "NONE")
        self._output_type = config.get("OutputType", "JSON")
        self._bucket = destination["Bucket"]
        self._prefix = destination.pop("Prefix", "")
        self._destination = destination
        self._s3 = client_of(step.execution.engine, "s3")
        self._is_finishing = False
        self._has_earlier = False
        self._files: dict[str, list[_File]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        self.written_items = 0
        self.written_executions = 0

    def add(self, batch: Batch, record: ExecutionRecord, output: Json) -> None:
        entries = _entries(self._transformation, batch, record, output)
        self._put(_FILES[record.status], entries, batch.items)

    def add_earlier(self, batch: Batch, record: ExecutionRecord, output: Json, *, is_written: bool) -> None:
        if not is_written:
            self.add(batch, record, output)
            return
        self._has_earlier = True
        self.written_items += batch.items
        self.written_executions += 1

    def add_pending(self, batch: Batch) -> None:
        entry = {"Input": batch.text, "InputDetails": {"Included": True}, "Status": "PENDING"}
        self._put("PENDING", [entry], batch.items)

    def _put(self, name: str, entries: list[Json], items: int) -> None:
        files = self._files[name]
        texts = [dump(entry).encode() for entry in entries]
        if not files or not files[-1].takes(texts):
            files.append(_File(self._output_type))
        files[-1].add(texts, items)

    # --- S3 ---

    async def begin(self, run: MapRunRecord) -> None:
        """Write a manifest without files, as AWS does, so that a wrong bucket is known at once."""
        nothing: dict[str, list[Json]] = {"FAILED": [], "PENDING": [], "SUCCEEDED": []}
        try:
            await self._in_thread(self._write_manifest, run, nothing)
        except StateFailure as failure:
            denied = _DENIED if "Status Code: 403" in (failure.cause or "") else ""
            sentence = f"Failed to write a test manifest into the specified output bucket. {denied}"
            raise self._failure(sentence, failure) from failure

    async def finish(self, run: MapRunRecord) -> Json:
        self._is_finishing = True
        try:
            await self._in_thread(self._write_all, run)
        except StateFailure as failure:
            sentence = "Failed to write the results into the specified output bucket. "
            raise self._failure(sentence, failure) from failure
        details = {"Bucket": self._bucket, "Key": self._folder(run) + "manifest.json"}
        return {"MapRunArn": run.arn, "ResultWriterDetails": details}

    async def finish_failed(self, run: MapRunRecord) -> None:
        if self._is_finishing:  # what was being written is what there is
            return
        try:
            await self._in_thread(self._write_all, run)
        except StateFailure as failure:  # what made the map run fail is what is told
            log.warning("the results of %s could not be written: %s", run.arn, failure.cause)

    async def _in_thread(self, call: Any, *arguments: Any) -> None:
        try:
            await self._step.execution.engine.call_in_thread(call, *arguments)
        except UnsupportedParameter as error:
            raise StateFailure(WRITER_FAILED, str(error)) from error

    def _failure(self, sentence: str, failure: StateFailure) -> StateFailure:
        return StateFailure(WRITER_FAILED, self._step.cause(f"{sentence}| Message from S3: {failure.cause}"))

    def _write_all(self, run: MapRunRecord) -> None:
        listed = {"FAILED": [], "PENDING": [], "SUCCEEDED": self._earlier(run)}
        ending = "jsonl" if self._output_type == "JSONL" else "json"
        for name, files in self._files.items():
            for index, file in enumerate(files):
                key = f"{self._folder(run)}{name}_{index}.{ending}"
                body = file.close_body()
                self._put_object(key, body)
                self.written_items += file.items
                self.written_executions += file.executions
                listed[name].append({"Key": key, "Size": file.size})
        self._write_manifest(run, listed)

    def _write_manifest(self, run: MapRunRecord, files: dict[str, list[Json]]) -> None:
        manifest = {"DestinationBucket": self._bucket, "MapRunArn": run.arn, "ResultFiles": files}
        self._put_object(self._folder(run) + "manifest.json", dump(manifest).encode())

    def _earlier(self, run: MapRunRecord) -> list[Json]:
        """Give the files of successes that earlier attempts wrote."""
        if not self._has_earlier:
            return []
        key = self._folder(run, run.redrive_count - 1) + "manifest.json"
        answer = call_now(self._s3, "get_object", {"Bucket": self._bucket, "Key": key})
        found: list[Json] = json.loads(answer["Body"].read())["ResultFiles"]["SUCCEEDED"]
        return found

    def _folder(self, run: MapRunRecord, attempt: int | None = None) -> str:
        number = run.redrive_count if attempt is None else attempt
        prefix = self._prefix if not self._prefix or self._prefix.endswith("/") else self._prefix + "/"
        redrive = f"Redrive-{number}/" if number else ""
        return f"{prefix}{run.arn.rpartition(':')[2]}/{redrive}"

    def _put_object(self, key: str, body: bytes | IO[bytes]) -> None:
        call_now(self._s3, "put_object", {**self._destination, "Key": key}, Body=body)

    def close(self) -> None:
        for files in self._files.values():
            for file in files:
                file.body.close()
