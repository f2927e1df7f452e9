"""Names in Retry and Catch: against those that exist, those that a function raises, and those before them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from statewright.asl.tree import Task
from statewright.typing.findings import Where, meant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.asl.tree import Catcher, Retrier, Worker
    from statewright.typing.flow import Surroundings

RESERVED = frozenset(
    "States." + name
    for name in (
        "ALL", "BranchFailed", "DataLimitExceeded", "ExceedToleratedFailureThreshold", "HeartbeatTimeout",
        "Http.Socket", "IntrinsicFailure", "ItemReaderFailed", "NoChoiceMatched", "ParameterPathFailure",
        "Permissions", "QueryEvaluationError", "ResultPathMatchFailure", "ResultWriterFailed", "Runtime",
        "TaskFailed", "Timeout",
    )
)  # fmt: skip
# Errors of the platform: Lambda's service, its runtime, and what kills it.
_PLATFORM = re.compile(r"(States|Lambda|Runtime|Sandbox|Function|Extension|Events)\..+|.*Exception")
_HTTP_STATUS = re.compile(r"States\.Http\.StatusCode\.\d{3}")


def check_errors(state: Worker, around: Surroundings) -> None:
    """Report error names of a state that do not exist, that nothing raises, or that come too late."""
    declared = _declared(state, around)
    for part, name in ((state.retry, "Retry"), (state.catch, "Catch")):
        _check_part(part, f"{state.at.pointer}/{name}", declared, around)


def _declared(state: Worker, around: Surroundings) -> frozenset[str] | None:
    """Give the names that the function of a Task raises, None where that is not known."""
    if not isinstance(state, Task):
        return None
    name: object = state.resource.arn
    if state.resource.kind in ("integration", "sdk"):
        if state.resource.service != "lambda" or state.payload is None or state.resource.pattern:
            return None
        name = state.payload.value.get("FunctionName") if isinstance(state.payload.value, dict) else None
    signature = around.signatures.function(name) if isinstance(name, str) else None
    return None if signature is None else signature.errors


def _check_part(
    parts: Sequence[Retrier | Catcher], pointer: str, declared: frozenset[str] | None, around: Surroundings
) -> None:
    seen: set[str] = set()
    for place, part in enumerate(parts):
        where = Where(f"{pointer}/{place}/ErrorEquals")
        for name in part.errors:
            _check_name(name, declared, where, around)
            if "States.TaskFailed" in seen and not name.startswith("States."):
                message = (
                    f"States.TaskFailed, which comes before, takes {name} as well: this one never matches it"
                )
                around.findings.add("SW132", message, where)
            elif name in seen:
                message = f"{name} was named before: this one never matches it"
                around.findings.add("SW132", message, where)
        if set(part.errors) == {"States.Runtime"}:
            message = "States.Runtime is neither retried nor caught: this never matches"
            around.findings.add("SW132", message, where)
        seen.update(part.errors)


def _check_name(name: str, declared: frozenset[str] | None, where: Where, around: Surroundings) -> None:
    if name.startswith("States.") and name not in RESERVED and not _HTTP_STATUS.fullmatch(name):
        message = f"{name} does not exist: the prefix States. is reserved"
        around.findings.add("SW131", message, where, suggestion=meant(name, RESERVED))
        return
    if declared is None or name in declared or _PLATFORM.fullmatch(name):
        return
    message = f"the function does not raise {name}"
    around.findings.add("SW130", message, where, suggestion=meant(name, declared))
