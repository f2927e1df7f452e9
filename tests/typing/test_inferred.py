"""Inferred types of states, as JSON for whoever shows them."""

from __future__ import annotations

import json
from pathlib import Path

from statewright.typing.inferred import inferred
from statewright.typing.signatures import Signatures
from tests.typing.conftest import write_types
from tests.typing.orders import FUNCTIONS, JSONATA, MACHINE

ROOT = Path(__file__).parents[2]


def test_each_state_has_its_types_in_words_and_as_a_schema_also_inside_a_map(tmp_path: Path) -> None:
    signatures = write_types(tmp_path, FUNCTIONS, {}, MACHINE)

    states = inferred(json.dumps(JSONATA), signatures, "machine")

    inside = states["/States/PriceLines/ItemProcessor/States/PriceLine"]
    assert inside["output"]["words"] == "{sku: string, amount: integer ≥ 0}"
    assert inside["output"]["schema"]["properties"]["amount"] == {"type": "integer", "minimum": 0}
    assert states["/States/Placed"]["output"]["words"] == "{order_id: string, status: 'placed'}"
    assert json.loads(json.dumps(states)) == states


def test_an_output_holds_what_a_catch_hands_on(tmp_path: Path) -> None:
    signatures = write_types(tmp_path, FUNCTIONS, {}, MACHINE)

    charge = inferred(json.dumps(JSONATA), signatures, "machine")["/States/Charge"]

    assert (
        charge["output"]["words"]
        == "{outcome: 'declined' | 'paid', receipt?: string} | {Error: string, Cause?: string}"
    )


def test_every_state_of_our_own_workflow_has_types() -> None:
    text = (ROOT / "statemachines" / "ingest.asl.json").read_text(encoding="utf-8")

    states = inferred(text, Signatures(ROOT / "schemas"), "ingest")

    assert "/States/ParseShards/ItemProcessor/States/EnrichShard" in states
    assert all(each["input"]["schema"] is not False for each in states.values())


def test_a_definition_that_aws_refuses_has_no_types() -> None:
    assert inferred('{"StartAt": "Gone", "States": {}}', Signatures(None)) == {}
