"""CollectData: objects that bring quarantined records once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.collecting import REPLAY_METADATA
from tests.functions.cloud import ingest
from tests.functions.objects_sent import json_lines, order

if TYPE_CHECKING:
    from tests.functions.cloud import Cloud

ORIGIN = "0123456789abcdef0123456789abcdef"


def test_the_row_of_a_replay_names_the_file_that_its_records_come_from(cloud: Cloud) -> None:
    key = f"orders/replays/{ORIGIN}/digest.jsonl"
    cloud.put(key, json_lines([order(1)]), Metadata={REPLAY_METADATA: ORIGIN})

    file = ingest(key).collected["file"]

    row = cloud.row(file["id"])
    assert (row["status"], row["replay_of"]) == ("SUCCEEDED", ORIGIN)


@pytest.mark.parametrize(
    ("key", "origin"),
    [
        (f"orders/replays/{ORIGIN}/x.jsonl", None),
        ("orders/a_copy.jsonl", ORIGIN),
        ("orders/anything.jsonl", "anything"),
        ("orders/empty.jsonl", ""),
    ],
)
def test_other_objects_are_replays_of_nothing(cloud: Cloud, key: str, origin: str | None) -> None:
    metadata = {} if origin is None else {REPLAY_METADATA: origin}
    cloud.put(key, json_lines([order(1)]), Metadata=metadata)

    assert "replay_of" not in cloud.row(ingest(key).collected["file"]["id"])
