from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import FileError
from tests.functions.cloud import ingest, small_plan
from tests.functions.objects_sent import order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

# Good and bad records, few keys (so that they collide), and what lies between records.
PIECES = st.one_of(
    st.integers(0, 4).map(lambda number: json.dumps(order(number)).encode() + b"\n"),
    st.integers(0, 4).map(lambda number: json.dumps(order(number, _line=1)).encode() + b"\n"),
    st.sampled_from(
        [b'{"order_id": 7}\n', b"[]\n", b"{\n", b"\n", b" \r\n", b'"x"\n', b"\xc3\xa9\n", b"\0\n"]
    ),
    st.binary(max_size=8),
)


@given(
    st.lists(PIECES, max_size=20).map(b"".join),
    st.integers(1, 5),
    st.integers(1, 3),
    st.sampled_from(["jsonl", "json", "csv", "jsonl.gz"]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_end_in_conservation_or_a_clear_error(
    cloud: Cloud, body: bytes, shards: int, partitions: int, suffix: str
) -> None:
    if suffix.endswith("gz"):
        body = gzip.compress(body)
    cloud.put(f"orders/x.{suffix}", body)
    plan = small_plan(len(body), shards if suffix == "jsonl" else 1, partitions)
    for item in cloud.items("orders"):
        cloud.dynamodb.Table("statewright-orders").delete_item(Key={"order_id": item["order_id"]["S"]})
    try:
        counts = ingest(f"orders/x.{suffix}", plan=plan).notified["counts"]
    except FileError:
        return
    assert counts["read"] == counts["written"] + counts["superseded"] + counts["quarantined"]
    assert len(cloud.items("orders")) == counts["written"]
