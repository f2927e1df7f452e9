from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import PipelineError
from tests.functions.cloud import RAW, ROOT, ingest, invoke

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

SAMPLES = json.loads((ROOT / "samples/expected.json").read_text())
# The largest goes through the demo; the mocked table would take half a minute.
SMALL = [sample for sample in SAMPLES if (ROOT / "samples" / sample["file"]).stat().st_size < 200_000]
COUNTS = ("read", "written", "superseded", "quarantined", "alerts")


@pytest.mark.parametrize("sample", SMALL, ids=[sample["file"] for sample in SMALL])
def test_a_sample_ends_as_expected(cloud: Cloud, sample: dict[str, Any]) -> None:
    cloud.put(sample["key"], (ROOT / "samples" / sample["file"]).read_bytes())
    if sample["status"] == "FAILED":
        with pytest.raises(PipelineError) as raised:
            ingest(sample["key"])
        assert type(raised.value).__name__ == sample["error"]
        return
    outcome = ingest(sample["key"])
    if sample["status"] == "CATALOGUED":
        assert outcome.collected["outcome"] == "catalogued"
        return
    assert outcome.notified["counts"] == {name: sample[name] for name in COUNTS}
    assert cloud.row(outcome.collected["file"]["id"])["status"] == "SUCCEEDED"


def test_the_largest_sample_is_valid_to_its_last_record(cloud: Cloud) -> None:
    key = "orders/orders.jsonl.gz"
    cloud.put(key, (ROOT / "samples/good/orders.jsonl.gz").read_bytes())
    file = invoke("collect_data", {"s3Bucket": RAW, "s3Key": key})["file"]
    shard = {"index": 0, "start": 0, "end": file["size"]}
    parsed = invoke("parse_and_validate", {"file": file, "shard": shard})
    request = {"file": file, "shard": shard, "partitions": 1, "parsed": parsed}
    enriched = invoke("enrich", request)
    assert (parsed["read"], parsed["valid"], parsed["lines"]) == (69_659, 69_659, 69_659)
    assert (enriched["enriched"], enriched["quarantined"], enriched["alerts"]) == (69_659, 0, 3)
