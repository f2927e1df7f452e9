"""The production workflow with answers that its functions' schemas describe: it never fails for its types."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from statewright.engine import LocalFunctions, run_with_history
from statewright.typing.signatures import Signatures
from tests.engine.test_ingest_workflow import cloud, definition
from tests.functions.cloud import SCHEMAS
from tests.schemas.generated import values

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DataObject

__all__ = ["cloud", "definition"]  # fixtures

Json = Any
EXAMPLES = 15
FUNCTIONS = {
    name: "".join(word.capitalize() for word in name.split("_"))
    for name in ("collect_data", "parse_and_validate", "enrich", "write_to_ddb", "notify")
}
BY_TYPES = ("States.Runtime", "States.ParameterPathFailure", "States.QueryEvaluationError")
SLOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


class InvalidInput(Exception):  # noqa: N818 - the name that the workflow knows
    """What a function raises of an input that it does not take."""


def handler(name: str, data: DataObject, refused: list[Json]) -> Callable[[Json, object], Json]:
    """Give a function that answers with any value of its schema, and now and then raises what it may."""
    from pipeline import documents

    signature = Signatures(SCHEMAS).function(name)
    assert signature is not None
    answers, taken = values(signature.output), documents.signature(SCHEMAS, name, "input")
    errors = sorted(signature.errors or ())

    def answer(event: Json, _context: object) -> Json:
        if not taken.is_valid(event):
            refused.append((name, event))
            raise InvalidInput
        if data.draw(st.integers(0, 19)) == 0:
            raise type(data.draw(st.sampled_from(errors)), (Exception,), {})
        return json.loads(json.dumps(few_shards(data.draw(answers))))

    return answer


def few_shards(answer: Json) -> Json:
    """Bound a plan, so that a Map has few iterations."""
    plan = answer.get("plan")
    if plan is None:
        return answer
    few = {name: min(plan[name], 3) for name in ("shards", "partitions")}
    return {**answer, "plan": {**plan, **few}}


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=SLOW,
)
@given(data=st.data())
def test_whatever_its_functions_answer_the_workflow_does_not_fail_for_its_types(
    data: DataObject, cloud: Json, definition: Json
) -> None:
    own = Signatures(SCHEMAS).machine("ingest")
    assert own is not None
    refused: list[Json] = []
    handlers = {state: handler(name, data, refused) for name, state in FUNCTIONS.items()}
    given_input = json.loads(json.dumps(data.draw(values(own.input))))

    record, _ = run_with_history(
        json.dumps(definition),
        given_input,
        functions=LocalFunctions(handlers),
        clients=cloud.__getitem__,
        virtual_time=True,
    )

    assert not refused
    assert record.status in ("SUCCEEDED", "FAILED")
    assert record.error not in BY_TYPES, (record.error, record.cause)
