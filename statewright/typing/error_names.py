"""Names in Retry and Catch: against those that exist, those that a function raises, and those before them.

https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from statewright.asl.tree import Constant, Fail, Task, Worker, inner_flows
from statewright.typing import services
from statewright.typing.findings import Where, meant

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.asl.tree import Catcher, Flow, Retrier
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
# Of those, the ones that Lambda's own API model does not list.
_LAMBDA = ("AWSLambdaException", "ClientExecutionTimeoutException", "SdkClientException", "Unknown")
# How like a known name another must be to be called a misspelling of it.
_LIKENESS = 0.85
_OFTEN = frozenset(f"Lambda.{name}" for name in (*_LAMBDA, "ServiceException", "TooManyRequestsException"))
_HTTP_STATUS = re.compile(r"States\.Http\.StatusCode\.\d{3}")


def check_errors(state: Worker, around: Surroundings) -> None:
    """Report error names of a state that do not exist, that nothing raises, or that come too late."""
    declared = _declared(state, around)
    for part, name in ((state.retry, "Retry"), (state.catch, "Catch")):
        _check_part(state, part, f"{state.at.pointer}/{name}", declared, around)


def handles(parts: Sequence[Retrier | Catcher], error: str) -> bool:
    """Say whether a Retry (one that tries again) or a Catch takes an error that is none of AWS's own."""
    for part in parts:
        if {error, "States.ALL", "States.TaskFailed"} & set(part.errors):
            return getattr(part, "max_attempts", 1) > 0
    return False


def _declared(state: Worker, around: Surroundings) -> frozenset[str] | None:
    """Give the names that a state may raise, AWS's own apart; None where that is not known."""
    if not isinstance(state, Task):
        return _escaping(inner_flows(state), around)
    name: object = state.resource.arn
    if state.resource.kind in ("integration", "sdk"):
        if state.resource.service != "lambda" or state.payload is None or state.resource.pattern:
            return None
        name = state.payload.value.get("FunctionName") if isinstance(state.payload.value, dict) else None
    signature = around.signatures.function(name) if isinstance(name, str) else None
    return None if signature is None else signature.errors


def _escaping(flows: Sequence[Flow], around: Surroundings) -> frozenset[str] | None:
    """Give the names that flows inside a Map or a Parallel may end with."""
    found: set[str] = set()
    for state in (state for flow in flows for state in flow.states.values()):
        if isinstance(state, Fail):
            if state.error is None or not isinstance(state.error.source, Constant):
                return None
            found.add(str(state.error.source.value))
        elif isinstance(state, Worker) and not _raises_nothing_else(state):
            names = _declared(state, around)
            if names is None:
                return None
            found |= {name for name in names if not handles(state.catch, name)}
    return frozenset(found)


def _raises_nothing_else(state: Worker) -> bool:
    """A service raises errors with its own prefix alone, unless it waits for somebody's answer."""
    if not isinstance(state, Task) or state.resource.kind not in ("integration", "sdk"):
        return False
    return state.resource.pattern != "waitForTaskToken" and state.resource.service != "lambda"


def _check_part(
    state: Worker,
    parts: Sequence[Retrier | Catcher],
    pointer: str,
    declared: frozenset[str] | None,
    around: Surroundings,
) -> None:
    seen: set[str] = set()
    for place, part in enumerate(parts):
        where = Where(f"{pointer}/{place}/ErrorEquals")
        for name in part.errors:
            _check_name(name, declared, where, around)
            _check_service_name(name, state, where, around)
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
    reserved = _reserved(name)
    if name.startswith("States.") and name not in RESERVED and not _HTTP_STATUS.fullmatch(name):
        message = f"{name} does not exist: the prefix States. is reserved"
        around.findings.add("SW131", message, where, suggestion=reserved or meant(name, RESERVED))
    elif reserved is not None and name not in (declared or ()):
        message = f"{name} is none of AWS's own names"
        around.findings.add("SW131", message, where, severity="warning", suggestion=reserved)
    elif declared is not None and name not in declared and not _may_be_raised(name, declared):
        message = f"nothing here raises {name}"
        around.findings.add("SW130", message, where, suggestion=meant(name, declared))


def _reserved(name: str) -> str | None:
    """Suggest the reserved name of which this is another way of writing: `states.all`, `StatesTimeout`."""
    plain = re.sub(r"[^a-z*]", "", name.lower())
    for known in RESERVED - {name}:
        if name not in RESERVED and plain == re.sub(r"[^a-z]", "", known.lower()):
            return f"did you mean '{known}'?"
    return "did you mean 'States.ALL'?" if plain in ("*", "all") else None


def _may_be_raised(name: str, declared: frozenset[str]) -> bool:
    is_of_platform = _PLATFORM.fullmatch(name) is not None
    return is_of_platform and not difflib.get_close_matches(name, declared, n=1, cutoff=_LIKENESS)


def _check_service_name(name: str, state: Worker, where: Where, around: Surroundings) -> None:
    """A name with a service's prefix that is nearly one that the service raises, and is not."""
    prefix, _, rest = name.partition(".")
    if not rest or name in _OFTEN or prefix in ("States", "Runtime", "Sandbox"):
        return
    if not isinstance(state, Task) or (
        prefix != "Lambda" and prefix.lower() != state.resource.service.lower()
    ):
        return
    known = frozenset({*services.errors(prefix.lower()), *(_LAMBDA if prefix == "Lambda" else ())})
    close = difflib.get_close_matches(rest, known, n=1, cutoff=_LIKENESS)
    same = {each.removesuffix("Exception") for each in known}
    if close and rest not in known and rest.removesuffix("Exception") not in same:
        message = f"{prefix} raises no {name}"
        around.findings.add("SW130", message, where, suggestion=f"did you mean '{prefix}.{close[0]}'?")
