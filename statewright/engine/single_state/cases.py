"""What TestState is asked, and what it answers; JSON stays text, as in the request and the response.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_TestState.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = Any
Validation = Literal["STRICT", "PRESENT", "NONE"]
Status = Literal["SUCCEEDED", "RETRIABLE", "CAUGHT_ERROR", "FAILED"]


@dataclass(frozen=True)
class MockInput:
    """What stands in place of what a Task, Map or Parallel does: a `result`, or an `error` with its cause.

    `has_error` says that an errorOutput was given, with a name or without one.
    """

    result: str | None = None
    has_error: bool = False
    error: str | None = None
    cause: str | None = None
    validation: Validation = "STRICT"


@dataclass(frozen=True)
class Configuration:
    """How far the state has got: stateConfiguration."""

    retrier_retry_count: int | None = None
    error_caused_by_state: str | None = None
    map_iteration_failure_count: int | None = None
    map_item_reader_data: str | None = None


@dataclass(frozen=True)
class StateCase:
    """A state to be tested: its own definition, or a whole machine's with the state's name."""

    definition: str
    state_name: str | None = None
    input: str = "{}"
    role_arn: str | None = None
    variables: str = "{}"
    context: str | None = None
    mock: MockInput | None = None
    configuration: Configuration = field(default_factory=Configuration)
    reveals_secrets: bool = False


@dataclass(frozen=True)
class StateOutcome:
    """How a state ended; `inspection` has what DEBUG and TRACE add, in the members of InspectionData."""

    status: Status
    inspection: Mapping[str, Json]
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    next_state: str | None = None
