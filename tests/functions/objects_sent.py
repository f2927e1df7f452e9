"""What the functions' tests send: orders, files of them, events of S3."""

from __future__ import annotations

import json
from typing import Any

from tests.functions.cloud import RAW


def order(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "order_id": f"o-{number}",
        "customer_id": "c",
        "order_date": "2025-08-18",
        "quantity": 1,
        "amount": 10.5,
        "currency": "USD",
        **changes,
    }


def json_lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def event_of_s3(key: str, version: str | None = None) -> dict[str, Any]:
    detail: dict[str, Any] = {"bucket": {"name": RAW}, "object": {"key": key}, "reason": "PutObject"}
    if version:
        detail["object"]["version-id"] = version
    return {"detail-type": "Object Created", "source": "aws.s3", "detail": detail}
