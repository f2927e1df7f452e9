"""What AWS answers and the emulator leaves out, completed where its clients are made.

MiniStack 1.5.33 takes events that EventBridge refuses, says nothing of the encryption that every object of S3
has, does not repeat the checksum of an upload, and has no secrets of connections. Workflows see these
answers: they must be AWS's.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html: since January 5, 2023
DEFAULT_ENCRYPTION = "AES256"
_ENCRYPTED = ("GetObject", "HeadObject", "PutObject", "CopyObject", "CompleteMultipartUpload")
_CHECKSUMS = {
    "x-amz-checksum-crc32": "ChecksumCRC32",
    "x-amz-checksum-crc32c": "ChecksumCRC32C",
    "x-amz-checksum-sha1": "ChecksumSHA1",
    "x-amz-checksum-sha256": "ChecksumSHA256",
}


def complete_answers(client: Any) -> None:
    """Let a client of the emulator answer as AWS does: S3's headers, EventBridge's refusals."""
    listen = client.meta.events.register
    service = client.meta.service_model.service_name
    if service == "s3":
        for operation in _ENCRYPTED:
            listen(f"after-call.s3.{operation}", _tell_encryption)
        listen("before-call.s3.PutObject", _keep_request)
        listen("after-call.s3.PutObject", _tell_checksum)
    elif service == "events":
        listen("provide-client-params.events.PutEvents", _refuse_entries)
        listen("before-call.events.PutEvents", _answer_refused)
        listen("after-call.events.PutEvents", _tell_refused)
        listen("after-call.events.DescribeConnection", _tell_secrets)


# --- EventBridge's connections ---


def _tell_secrets(http_response: Any, parsed: dict[str, Json], **_: Any) -> None:
    """Keep the secrets of a connection, which the emulator tells in place of a secret's ARN."""
    if http_response.status_code < 300 and "SecretArn" not in parsed:
        parsed["AuthParameters"] = json.loads(http_response.content).get("AuthParameters", {})


def assume_default_types(client: Any) -> None:
    """Let an S3 client tell S3's type of untyped uploads where a plain MiniStack tells its own.

    "application/octet-stream" becomes "binary/octet-stream". Uploads that name the former themselves are told
    wrong by this, and are the rarer ones; the local cloud's own emulator tells them apart (`object_types`).
    """
    if client.meta.service_model.service_name == "s3":
        for operation in ("GetObject", "HeadObject"):
            client.meta.events.register(f"after-call.s3.{operation}", _tell_default_type)


# --- S3 ---


def _tell_default_type(parsed: dict[str, Json], **_: Any) -> None:
    if parsed.get("ContentType") == "application/octet-stream":
        parsed["ContentType"] = "binary/octet-stream"


def _tell_encryption(http_response: Any, parsed: dict[str, Json], **_: Any) -> None:
    if http_response.status_code < 300:
        parsed.setdefault("ServerSideEncryption", DEFAULT_ENCRYPTION)


def _keep_request(params: dict[str, Json], context: dict[str, Json], **_: Any) -> None:
    context["request"] = params  # botocore adds the checksum to its headers later


def _tell_checksum(
    http_response: Any, parsed: dict[str, Json], context: Mapping[str, Json], **_: Any
) -> None:
    if http_response.status_code >= 300:
        return
    for header, value in context["request"]["headers"].items():
        member = _CHECKSUMS.get(header.lower())
        if member is not None:
            parsed.setdefault(member, value)
            parsed.setdefault("ChecksumType", "FULL_OBJECT")


# --- EventBridge ---


def refusal(entry: Mapping[str, Json]) -> dict[str, str] | None:
    """Give the error that EventBridge answers for an entry, None for one that it takes.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
    """
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    try:
        is_object = isinstance(json.loads(entry["Detail"]), dict)
    except (TypeError, ValueError, RecursionError):
        is_object = False
    return None if is_object else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _refuse_entries(params: dict[str, Json], context: dict[str, Json], **_: Any) -> dict[str, Json]:
    entries = params.get("Entries", ())
    refused = [refusal(entry) for entry in entries]
    context["refused"] = refused
    if all(refused):  # an empty list cannot be sent
        return params
    taken = [entry for entry, error in zip(entries, refused, strict=True) if error is None]
    return {**params, "Entries": taken}


def _answer_refused(context: dict[str, Json], **_: Any) -> tuple[AWSResponse, dict[str, Json]] | None:
    if not all(context["refused"]):
        return None
    metadata = {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RequestId": ""}
    return AWSResponse("", 200, HTTPHeaders(), None), {"Entries": [], "ResponseMetadata": metadata}


def _tell_refused(http_response: Any, parsed: dict[str, Json], context: Mapping[str, Json], **_: Any) -> None:
    if http_response.status_code >= 300:
        return
    taken = iter(parsed.get("Entries", ()))
    parsed["Entries"] = [error or next(taken) for error in context["refused"]]
    parsed["FailedEntryCount"] = sum("ErrorCode" in entry for entry in parsed["Entries"])
