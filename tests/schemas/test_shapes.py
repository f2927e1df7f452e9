from __future__ import annotations

import json
from pathlib import Path
from typing import Any, is_typeddict

import pytest

from pipeline import shapes

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PLACES = {
    "Location": "common.json#/$defs/location",
    "File": "common.json#/$defs/file",
    "Plan": "common.json#/$defs/plan",
    "Tolerance": "common.json#/$defs/plan/properties/tolerance",
    "Execution": "common.json#/$defs/execution",
    "Shard": "common.json#/$defs/shard",
    "ShardOutcome": "common.json#/$defs/shard_outcome",
    "Written": "common.json#/$defs/written",
    "Counts": "common.json#/$defs/counts",
    "Collected": "functions/collect_data.json#/output",
    "ParseRequest": "functions/parse_and_validate.json#/input",
    "Parsed": "functions/parse_and_validate.json#/output",
    "EnrichRequest": "functions/enrich.json#/input",
    "Enriched": "functions/enrich.json#/output",
    "WriteRequest": "functions/write_to_ddb.json#/input",
    "NotifyRequest": "functions/notify.json#/input",
    "Notified": "functions/notify.json#/output",
}


def test_every_shape_has_its_schema() -> None:
    assert {name for name, shape in vars(shapes).items() if is_typeddict(shape)} == PLACES.keys()


@pytest.mark.parametrize(("name", "place"), PLACES.items())
def test_a_shape_has_the_members_of_its_schema(name: str, place: str) -> None:
    document, path = place.split("#/")
    schema: Any = json.loads((SCHEMAS / document).read_text())
    for part in path.split("/"):
        schema = schema[part]
    shape: Any = getattr(shapes, name)
    assert set(shape.__annotations__) == set(schema["properties"])
    optional = {member for member, hint in shape.__annotations__.items() if "NotRequired" in str(hint)}
    required = set(shape.__annotations__) - optional if shape.__total__ else set()
    assert set(schema.get("required", ())) == required
    assert schema["additionalProperties"] is False
