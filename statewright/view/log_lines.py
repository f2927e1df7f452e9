"""What a function logged while it worked for a state.

The local cloud keeps a file a function; elsewhere CloudWatch Logs is asked, where the endpoint has it. The
lines of one invocation are told by its request id, which Lambda's answers carry. A function called by its ARN
as Resource answers without one where it succeeds: then nothing tells which lines are its own.
"""

from __future__ import annotations

import json
import mmap
import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from statewright.view.events import details
from statewright.view.payload import parse

if TYPE_CHECKING:
    from pathlib import Path

    from statewright.view.endpoint import Endpoint
    from statewright.view.project_files import ProjectFiles
    from statewright.view.visits import Attempt
    from statewright.view.watch import Watch

Json = Any

MAX_LOG_LINES = 500
_LONGEST_LINE = 4_000
_SEARCHED_BYTES = 256 * 2**20  # of a log file, from its end
_BLOCK_BYTES = 4 * 2**20
_SEARCHED_PAGES = 5  # of FilterLogEvents, which may answer with empty pages while it searches
_LATER_SECONDS = 60.0  # a line may reach CloudWatch with a later time than the state's end
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_REQUEST_ID = re.compile(_UUID)
_IN_TEXT = re.compile(rf"RequestId: ({_UUID})")
_NAME = re.compile(
    r"[A-Za-z0-9_-]{1,64}"
)  # https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_ARN = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:([^:]+).*")


def log_lines(watch: Watch, attempt: Attempt, files: ProjectFiles | None) -> dict[str, Json]:
    """Return {"function", "requestId", "lines", "left", "notice"} of one call of a function.

    `left` counts lines before those that are told; `notice` says why there are none.
    """
    function = function_of(watch, attempt)
    if function is None:
        return _none("This state calls no function.")
    request_id = _request_id(watch, attempt)
    if request_id is None:
        is_over = attempt.ended_at is not None
        return _none("No data: the history tells no request id." if is_over else "Not yet.", function)
    if files is not None and files.logs is not None:
        lines = _from_file(files.logs / f"{function}.log", request_id)
        missing = f"No data: the logs of {function} have no lines of this request."
    else:
        lines, missing = _from_cloudwatch(watch.endpoint, function, request_id, attempt)
    if not lines:
        return _none(missing, function, request_id)
    shown = [line[:_LONGEST_LINE] for line in lines[-MAX_LOG_LINES:]]
    return {
        "function": function,
        "requestId": request_id,
        "lines": shown,
        "left": len(lines) - len(shown),
        "notice": None,
    }


def _none(notice: str, function: str | None = None, request_id: str | None = None) -> dict[str, Json]:
    return {"function": function, "requestId": request_id, "lines": [], "left": 0, "notice": notice}


def function_of(watch: Watch, attempt: Attempt) -> str | None:
    """Return the name of the function that an attempt called, None where it called none."""
    told = details(watch.log.get(attempt.first))
    given = parse(told.get("parameters"))
    name = given.get("FunctionName") if isinstance(given, dict) else None
    if name is None and str(told.get("resource", "")).startswith("arn:") and ":lambda:" in told["resource"]:
        name = told["resource"]
    if not isinstance(name, str):
        return None
    arn = _ARN.fullmatch(name)
    bare = arn[1] if arn else name.partition(":")[0]
    return bare if _NAME.fullmatch(bare) else None


def _request_id(watch: Watch, attempt: Attempt) -> str | None:
    """Find the request id in a result of lambda:invoke, or in the cause of an error."""
    if not attempt.last:
        return None
    told = details(watch.log.get(attempt.last))
    output, cause = parse(told.get("output")), parse(told.get("cause"))
    metadata = output.get("SdkResponseMetadata") if isinstance(output, dict) else None
    found = metadata.get("RequestId") if isinstance(metadata, dict) else None
    if found is None and isinstance(cause, dict):
        found = cause.get("requestId")
    if found is None:
        in_text = _IN_TEXT.search(str(told.get("cause") or ""))
        found = in_text[1] if in_text else None
    return found if isinstance(found, str) and _REQUEST_ID.fullmatch(found) else None


def _from_file(file: Path, request_id: str) -> list[str]:
    """Return the lines from START to REPORT of a request; both are written in one piece."""
    try:
        with file.open("rb") as log, mmap.mmap(log.fileno(), 0, access=mmap.ACCESS_READ) as text:
            start = text.rfind(
                f"START RequestId: {request_id} ".encode(), max(0, len(text) - _SEARCHED_BYTES)
            )
            if start < 0:
                return []
            report = text.find(f"REPORT RequestId: {request_id}".encode(), start)
            line_end = text.find(b"\n", report) if report >= 0 else -1
            stop = line_end if line_end >= 0 else len(text)
            block = text[max(start, stop - _BLOCK_BYTES) : stop]
    except (OSError, ValueError):  # there is no such file, or it is empty
        return []
    return block.decode("utf-8", "replace").splitlines()


def _from_cloudwatch(
    endpoint: Endpoint, function: str, request_id: str, attempt: Attempt
) -> tuple[list[str], str]:
    """Return the lines, and what to say where there are none.

    The first line with the id tells the log stream; there the lines between the first and the last one with
    the id are the request's, as an environment works for one request at a time.
    https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
    """
    group = f"/aws/lambda/{function}"
    missing = f"No data: the log group {group} has no lines of this request."
    if endpoint.service is None:
        return [], "No data: this endpoint has no logs."
    try:
        logs = endpoint.service("logs")
        found = _filtered(logs, group, request_id, attempt)
        if not found:
            return [], missing
        asked = {"logGroupName": group, "logStreamName": found[0]["logStreamName"], "startFromHead": True}
        span = {"startTime": found[0]["timestamp"], "endTime": found[-1]["timestamp"] + 1}
        events = logs.get_log_events(**asked, **span)["events"]
    except (ClientError, BotoCoreError) as error:
        code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
        return [], f"No data: {group} cannot be read ({code or type(error).__name__})."
    return _of_request([str(event["message"]) for event in events], request_id), missing


def _filtered(logs: Any, group: str, request_id: str, attempt: Attempt) -> list[dict[str, Json]]:
    asked: dict[str, Json] = {
        "logGroupName": group,
        "filterPattern": json.dumps(request_id),
        "startTime": int(attempt.started_at * 1000) - 1000,
        "endTime": int(((attempt.ended_at or attempt.started_at) + _LATER_SECONDS) * 1000),
    }
    found: list[dict[str, Json]] = []
    for _ in range(_SEARCHED_PAGES):
        page = logs.filter_log_events(**asked)
        found += page.get("events", [])
        if not page.get("nextToken"):
            break
        asked["nextToken"] = page["nextToken"]
    return found


def _of_request(messages: list[str], request_id: str) -> list[str]:
    own = [index for index, message in enumerate(messages) if request_id in message]
    within = messages[own[0] : own[-1] + 1] if own else []
    return [line for message in within for line in message.rstrip("\n").split("\n")]
