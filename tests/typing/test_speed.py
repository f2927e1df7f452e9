"""A machine of 200 states is checked in less than two seconds."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from statewright.typing.check import check
from tests.typing.conftest import write_types
from tests.typing.orders import FUNCTIONS, JSONATA, MACHINE

if TYPE_CHECKING:
    from pathlib import Path

Json = Any
COPIES = 23


def many_states() -> dict[str, Json]:
    """Give copies of one machine behind each other, each with names of its own."""
    states: dict[str, Json] = {}
    for number in range(COPIES):
        text = json.dumps(JSONATA["States"])
        for name in (*JSONATA["States"], "PriceLine"):
            text = text.replace(f'"{name}"', f'"{name}{number}"')
        states |= json.loads(text)
        again = {"Output": "{% $states.context.Execution.Input %}", "Next": f"Begin{number + 1}"}
        if number + 1 < COPIES:
            states[f"Placed{number}"] = {"Type": "Pass", **again}
    return {"QueryLanguage": "JSONata", "StartAt": "Begin0", "States": states}


def test_a_machine_of_200_states_takes_less_than_two_seconds(tmp_path: Path) -> None:
    machine = many_states()
    signatures = write_types(tmp_path, FUNCTIONS, {}, MACHINE)
    text = json.dumps(machine, indent=2)

    start = time.process_time()
    checked = check(text, "machine.asl.json", signatures, "machine")
    seconds = time.process_time() - start

    assert len(checked.passages) >= 200
    assert [each for each in checked.findings if each.code < "SW130"] == []
    assert seconds < 2
