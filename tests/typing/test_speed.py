"""The checker is fast enough to run while one writes: in seconds of CPU, so that other work does not count."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from statewright.typing.check import check
from statewright.typing.signatures import Signatures
from tests.typing.conftest import write_types
from tests.typing.mutation.judge import MACHINES
from tests.typing.orders import FUNCTIONS, MACHINE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Json = Any
STEPS = 50


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _step(number: int, following: str) -> Json:
    """Give a Map with a call in it, a Choice and a Pass."""
    call = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {
            "FunctionName": "${PriceLineArn}",
            "Payload": {
                "sku": "{% $states.input.sku %}",
                "quantity": "{% $states.input.quantity %}",
                "tier": "{% $tier %}",
            },
        },
        "Retry": [{"ErrorEquals": ["Throttled"]}],
        "TimeoutSeconds": 30,
        "Output": "{% $states.result.Payload %}",
    }
    return {
        f"Price{number}": {
            "Type": "Map",
            "Items": "{% $states.input.lines %}",
            "ItemProcessor": {"StartAt": f"One{number}", "States": {f"One{number}": {**call, "End": True}}},
            "Assign": {f"total{number}": "{% $sum($states.result.amount) %}"},
            "Output": "{% $merge([$states.input, {'prices': $states.result}]) %}",
            "Next": f"IsFree{number}",
        },
        f"IsFree{number}": {
            "Type": "Choice",
            "Choices": [
                {
                    "Condition": f"{{% $total{number} = 0 and $states.input.customer.tier = 'gold' %}}",
                    "Next": following,
                }
            ],
            "Default": f"Count{number}",
        },
        f"Count{number}": {
            "Type": "Pass",
            "Assign": {"rounds": "{% $rounds + $count($states.input.prices) %}"},
            "Next": following,
        },
    }


def _large_machine() -> str:
    states: Json = {
        "Begin": {
            "Type": "Pass",
            "Assign": {"tier": "{% $states.input.customer.tier %}", "rounds": 0},
            "Next": "Price0",
        }
    }
    for number in range(STEPS):
        states |= _step(number, f"Price{number + 1}" if number + 1 < STEPS else "Placed")
    placed = {"order_id": "{% $states.input.order_id %}", "status": "placed"}
    states["Placed"] = {"Type": "Succeed", "Output": placed}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Begin", "States": states})


def test_this_repository_is_checked_within_a_second() -> None:
    def work() -> None:
        for machine in MACHINES:
            signatures = Signatures(machine.types)
            check(machine.file.read_text(encoding="utf-8"), machine.file.name, signatures, machine.name)

    assert _seconds(work) < 1


def test_a_machine_of_two_hundred_states_is_checked_within_two_seconds(tmp_path: Path) -> None:
    text = _large_machine()
    signatures = write_types(tmp_path, FUNCTIONS, {}, MACHINE)
    found = check(text, "large", signatures, "machine").findings
    assert [each for each in found if each.severity != "note"] == []
    assert text.count('"Type"') > 200

    assert _seconds(lambda: check(text, "large", Signatures(tmp_path), "machine")) < 2
