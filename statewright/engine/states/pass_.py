"""Pass: hands its input on, reshaped.

https://docs.aws.amazon.com/step-functions/latest/dg/state-pass.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl.tree import Pass

if TYPE_CHECKING:
    from statewright.engine.step import Step


async def run_pass(step: Step) -> tuple[str | None, Any]:
    """Run a Pass state."""
    state = step.state
    assert isinstance(state, Pass)
    if state.language == "JSONata":
        return state.next, step.finish(step.input)
    value = step.selected_input()
    if state.parameters is not None:
        value = step.template(state.parameters, value)
    if state.result is not None:
        value = state.result.value
    assigned = step.assigned(state.assign, value)
    output = step.selected_output(step.place_result(state.result_path, value))
    return state.next, step.commit(output, assigned)
