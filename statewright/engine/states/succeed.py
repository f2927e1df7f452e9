"""Succeed: ends its flow well.

https://docs.aws.amazon.com/step-functions/latest/dg/state-succeed.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from statewright.engine.step import Step


async def run_succeed(step: Step) -> tuple[str | None, Any]:
    """Run a Succeed state."""
    return None, step.finish(step.selected_input())
