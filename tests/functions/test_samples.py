from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.errors import PipelineError
from tests.functions.cloud import ROOT, ingest

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

SAMPLES = json.loads((ROOT / "samples/expected.json").read_text())
COUNTS = ("read", "written", "superseded", "quarantined", "alerts")


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample["file"] for sample in SAMPLES])
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
