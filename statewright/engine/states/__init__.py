"""What each type of state does: one file a type, one coroutine each.

A runner gives the name of the next state (None at the end of the flow) and the output; it raises
StateFailure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.asl import tree
from statewright.engine.states.choice import run_choice
from statewright.engine.states.fail import run_fail
from statewright.engine.states.map import run_map
from statewright.engine.states.parallel import run_parallel
from statewright.engine.states.pass_ import run_pass
from statewright.engine.states.succeed import run_succeed
from statewright.engine.states.task import run_task
from statewright.engine.states.wait import run_wait

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from statewright.engine.step import Step


RUNNERS: dict[type[tree.State], Callable[[Step], Awaitable[tuple[str | None, Any]]]] = {
    tree.Pass: run_pass,
    tree.Task: run_task,
    tree.Choice: run_choice,
    tree.Wait: run_wait,
    tree.Succeed: run_succeed,
    tree.Fail: run_fail,
    tree.Parallel: run_parallel,
    tree.Map: run_map,
}
