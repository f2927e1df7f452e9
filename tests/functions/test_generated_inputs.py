"""Each handler on inputs that its schema describes: it answers by its schema, or raises what it declares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipeline import documents
from statewright.typing.signatures import Signatures
from tests.functions.cloud import HANDLERS, RAW, SCHEMAS, Cloud, invoke
from tests.schemas.generated import values

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

Json = Any
EXAMPLES = 15
# What a random name never hits: these lead further into a handler.
KNOWN = {
    "s3Bucket": RAW,
    "s3Key": "orders/2025/a.jsonl",
    "dataset": "orders",
    "contract": "orders/1",
    "bucket": RAW,
    "format": "jsonl",
    "compression": "none",
    "version": "null",
}


def with_known(value: Json, draw: Any) -> Json:
    """Give a value with what is known in place of some of its random texts."""
    if isinstance(value, list):
        return [with_known(each, draw) for each in value]
    if not isinstance(value, dict):
        return value
    found = {name: with_known(each, draw) for name, each in value.items()}
    texts = [name for name, each in value.items() if isinstance(each, str) and name in KNOWN]
    return found | {name: KNOWN[name] for name in texts if draw(st.booleans())}


SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.mark.parametrize("function", HANDLERS)
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=SLOW,
)
@given(data=st.data())
def test_a_handler_answers_by_its_schema_or_raises_what_it_declares(
    function: str, cloud: Cloud, data: DataObject
) -> None:
    signature = Signatures(SCHEMAS).function(function)
    assert signature is not None
    assert signature.errors is not None
    drawn = data.draw(values(signature.input))
    request = with_known(json.loads(json.dumps(drawn)), data.draw)
    documents.signature(SCHEMAS, function, "input").validate(request)
    cloud.put("orders/2025/a.jsonl", b'{"order_id": "1"}\n')

    try:
        invoke(function, request)
    except Exception as error:
        if type(error).__name__ not in signature.errors:
            raise
