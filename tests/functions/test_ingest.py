"""All five functions in the workflow's order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.functions.cloud import (
    OUTPUT,
    STAGING,
    ingest,
)
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud


def test_running_a_state_again_writes_the_same_bytes(cloud: Cloud) -> None:
    body = json_lines(order(1), order(2, quantity=-1), order(3, amount=9999))
    cloud.put("orders/x.jsonl", body)

    def snapshot() -> dict[str, bytes]:
        return {
            f"{bucket}/{key}": cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            for bucket in (STAGING, OUTPUT)
            for key in cloud.keys(bucket)
        }

    ingest("orders/x.jsonl")
    first = snapshot()
    ingest("orders/x.jsonl")
    assert snapshot() == first
    assert len(first) == 9
