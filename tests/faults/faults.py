"""The classes of faults: what may happen to a call on its way to AWS and back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.faults.network import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSResponse

    from tests.faults.network import Call, Request

# What botocore tries in production (pipeline.aws.ATTEMPTS), and where each failure is to reach the workflow.
ALL_ATTEMPTS, ONE_ATTEMPT = 4, 1
WRITES = ("Put", "Update", "Batch", "Publish", "Send", "Create", "Complete", "Upload")


@dataclass(frozen=True)
class Fault:
    """A class of faults; `attempts` is how often botocore tries a call, `strikes` picks the calls it fits."""

    name: str
    act: Callable[[Request], AWSResponse]
    lasts: bool = False
    attempts: int = ONE_ATTEMPT
    strikes: Callable[[Call], bool] = lambda call: True


def throttled(request: Request) -> AWSResponse:
    return _refusal(request, 400, "ThrottlingException", 503, "SlowDown")


def failing(request: Request) -> AWSResponse:
    return _refusal(request, 500, "InternalServerError", 500, "InternalError")


def timed_out(request: Request) -> NoReturn:
    raise ReadTimeoutError(endpoint_url=request.call.url)


def timed_out_and_done_late(request: Request) -> NoReturn:
    request.network.late.append(request.perform)
    raise ReadTimeoutError(endpoint_url=request.call.url)


def cut_before(request: Request) -> NoReturn:
    raise ConnectionClosedError(endpoint_url=request.call.url)


def cut_after(request: Request) -> NoReturn:
    request.perform()
    raise ConnectionClosedError(endpoint_url=request.call.url)


def killed_before(request: Request) -> NoReturn:
    raise request.network.kill()


def killed_after(request: Request) -> NoReturn:
    request.perform()
    raise request.network.kill()


def cut_short(request: Request) -> AWSResponse:
    """Half of the body arrives."""
    whole = request.perform()
    body = whole.content
    half = answer(request.call.url, whole.status_code, body[: len(body) // 2], "application/octet-stream")
    for name, value in whole.headers.items():
        half.headers[name] = value
    half.headers["Content-Length"] = str(len(body))
    return half


def half_taken(request: Request) -> AWSResponse:
    """DynamoDB takes half of a batch, rounded up, and names the rest (BatchWriteItem's UnprocessedItems)."""
    ((table, wanted),) = json.loads(request.sent.body)["RequestItems"].items()
    taken, rest = wanted[: -(-len(wanted) // 2)], wanted[-(-len(wanted) // 2) :]
    request.sent.body = json.dumps({"RequestItems": {table: taken}}).encode()
    whole = request.perform()
    said = {"UnprocessedItems": {table: rest}} if rest else {}
    return answer(request.call.url, whole.status_code, json.dumps(said).encode())


def none_taken(request: Request) -> AWSResponse:
    """DynamoDB takes nothing of a batch."""
    wanted = json.loads(request.sent.body)["RequestItems"]
    return answer(request.call.url, 200, json.dumps({"UnprocessedItems": wanted}).encode())


def _refusal(request: Request, status: int, code: str, s3_status: int, s3_code: str) -> AWSResponse:
    url = request.call.url
    if request.is_json:
        return answer(url, status, json.dumps({"__type": code, "message": "-"}).encode())
    if not request.call.operation.startswith("s3."):
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>-</Message></Error></ErrorResponse>"
        return answer(url, status, body.encode(), "text/xml")
    # S3 answers a HEAD without a body: the status is all there is.
    body = (
        "" if request.sent.method == "HEAD" else f"<Error><Code>{s3_code}</Code><Message>-</Message></Error>"
    )
    return answer(url, s3_status, body.encode(), "application/xml")


def _of_a_function(call: Call) -> bool:
    return call.is_of_a_function


def _writing(call: Call) -> bool:
    return call.operation.partition(".")[2].startswith(WRITES)


def _reading_a_body(call: Call) -> bool:
    return call.operation == "s3.GetObject"


def _of_a_batch(call: Call) -> bool:
    return call.operation == "dynamodb.BatchWriteItem"


FAULTS = (
    Fault("throttled, once", throttled),
    Fault("throttled, for good", throttled, lasts=True, attempts=ALL_ATTEMPTS),
    Fault("error 500, once", failing),
    Fault("error 500, for good", failing, lasts=True, attempts=ALL_ATTEMPTS),
    Fault("timeout, not done, once", timed_out),
    Fault("timeout, not done, for good", timed_out, lasts=True, attempts=ALL_ATTEMPTS),
    Fault("timeout, done after the end", timed_out_and_done_late, strikes=_writing),
    Fault("connection cut before the effect, once", cut_before),
    Fault("connection cut before the effect, for good", cut_before, lasts=True, attempts=ALL_ATTEMPTS),
    Fault("connection cut after the effect, once", cut_after),
    Fault("connection cut after the effect, botocore retries", cut_after, attempts=ALL_ATTEMPTS),
    Fault("connection cut after the effect, for good", cut_after, lasts=True, attempts=ALL_ATTEMPTS),
    Fault("body cut short, once", cut_short, strikes=_reading_a_body),
    Fault("body cut short, for good", cut_short, lasts=True, strikes=_reading_a_body),
    Fault("half of a batch taken, once", half_taken, strikes=_of_a_batch),
    Fault("half of a batch taken, for good", half_taken, lasts=True, strikes=_of_a_batch),
    Fault("nothing of a batch taken, for good", none_taken, lasts=True, strikes=_of_a_batch),
    Fault("worker killed before the call, once", killed_before, strikes=_of_a_function),
    Fault("worker killed before the call, for good", killed_before, lasts=True, strikes=_of_a_function),
    Fault("worker killed after the call, once", killed_after, strikes=_of_a_function),
    Fault("worker killed after the call, for good", killed_after, lasts=True, strikes=_of_a_function),
)
