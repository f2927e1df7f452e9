from __future__ import annotations

import json
from pathlib import Path
from typing import Any, is_typeddict

import pytest

from pipeline import shapes

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
PLACES = {
    "Location": "common.json#/$defs/location",
    "Staged": "common.json#/$defs/staged",
    "Refusal": "common.json#/$defs/refusals/items",
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
    "Notice": "functions/collect_messages.json#/output/items/anyOf/1/properties/notices/items",
    "MessageRecord": "functions/collect_messages.json#/input/items",
    "MessageAttributes": "functions/collect_messages.json#/input/items/properties/attributes",
    "MessageAttribute": (
        "functions/collect_messages.json#/input/items/properties/messageAttributes/additionalProperties"
    ),
    "DigestRequest": "functions/tell_digests.json#/input",
    "Digested": "functions/tell_digests.json#/output",
    "ReportRequest": "functions/daily_report.json#/input",
    "Reported": "functions/daily_report.json#/output",
}
# Of several forms, one of which a value has; what SQS says beside is not looked at.
UNIONS = {"Group": "functions/collect_messages.json#/output/items"}
OPEN = {"MessageRecord", "MessageAttributes", "MessageAttribute"}


def test_every_shape_has_its_schema() -> None:
    assert {name for name, shape in vars(shapes).items() if is_typeddict(shape)} == {*PLACES, *UNIONS}


@pytest.mark.parametrize(("name", "place"), PLACES.items())
def test_a_shape_has_the_members_of_its_schema(name: str, place: str) -> None:
    schema = part_of(place)
    shape: Any = getattr(shapes, name)
    assert set(shape.__annotations__) == set(schema["properties"])
    optional = {member for member, hint in shape.__annotations__.items() if "NotRequired" in str(hint)}
    required = set(shape.__annotations__) - optional if shape.__total__ else set()
    assert set(schema.get("required", ())) == required
    assert schema.get("additionalProperties") is (None if name in OPEN else False)


@pytest.mark.parametrize(("name", "place"), UNIONS.items())
def test_a_shape_of_several_forms_has_the_members_of_all(name: str, place: str) -> None:
    forms = part_of(place)["anyOf"]
    shape: Any = getattr(shapes, name)
    assert set(shape.__annotations__) == {member for form in forms for member in form["properties"]}
    optional = {member for member, hint in shape.__annotations__.items() if "NotRequired" in str(hint)}
    assert (
        set.intersection(*(set(form["required"]) for form in forms)) == set(shape.__annotations__) - optional
    )


def part_of(place: str) -> Any:
    document, path = place.split("#/")
    schema: Any = json.loads((SCHEMAS / document).read_text())
    for part in path.split("/"):
        schema = schema[int(part) if part.isdigit() else part]
    return schema
