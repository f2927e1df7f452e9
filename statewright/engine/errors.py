# ruff: noqa: N818 -- errors bear the names of AWS's API
"""What can go wrong, in two trees.

ApiError                          a request is refused; `code` is AWS's exception name, `message` its sentence
  ActivityAlreadyExists  ActivityDoesNotExist  ActivityWorkerLimitExceeded
  ConflictException
  ExecutionAlreadyExists  ExecutionDoesNotExist  ExecutionNotRedrivable
  InvalidArn  InvalidName  InvalidDefinition  InvalidExecutionInput  InvalidLoggingConfiguration
  InvalidOutput  InvalidToken
  MissingRequiredParameter  ResourceNotFound  ServiceQuotaExceededException
  StateMachineAlreadyExists  StateMachineDeleting  StateMachineDoesNotExist  StateMachineTypeNotSupported
  TaskDoesNotExist  TaskTimedOut
  ValidationException

ExecutionEnd                      an execution (or one branch of it) goes no further
  StateFailure                    a state failed with an error name and a cause; Retry and Catch see the name
  ExecutionTimedOut               the machine's TimeoutSeconds are over; nothing catches it
  HistoryLimitReached             the 25,000th event; nothing catches it
  HistoryTooLarge                 the texts of the history are beyond this engine's bound; nothing catches it

`StateFailure.is_catchable` says what AWS says: States.Runtime never, everything else by its name.
Sources: https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html,
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.asl import Diagnostic
    from statewright.asl import InvalidDefinition as InvalidAsl


class ApiError(Exception):
    """A request that is refused, as the Step Functions API words it."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message

    @property
    def code(self) -> str:
        """AWS's name of the exception."""
        return type(self).__name__


class ActivityAlreadyExists(ApiError):
    """An activity of this name exists with other settings."""


class ActivityDoesNotExist(ApiError):
    """No activity has this ARN."""


class ActivityWorkerLimitExceeded(ApiError):
    """Too many workers poll one activity."""


class ConflictException(ApiError):
    """The resource changed in the meantime."""


class ExecutionAlreadyExists(ApiError):
    """An execution of this name exists with another input, or has ended."""


class ExecutionDoesNotExist(ApiError):
    """No execution has this ARN."""


class ExecutionNotRedrivable(ApiError):
    """The execution did not fail, or cannot be started again where it failed."""


class InvalidArn(ApiError):
    """The text is no ARN of the kind wanted."""


class InvalidName(ApiError):
    """The name has characters that names may not have, or is too long."""


class InvalidDefinition(ApiError):
    """The definition is no valid state machine; `diagnostics` say where and why."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)

    @classmethod
    def of(cls, error: InvalidAsl) -> InvalidDefinition:
        """Word the diagnostics as CreateStateMachine does."""
        return cls(f"Invalid State Machine Definition: '{error}'", error.diagnostics)


class InvalidExecutionInput(ApiError):
    """The input is no JSON, or too large."""


class InvalidLoggingConfiguration(ApiError):
    """The logging configuration names no log group, or more than one."""


class InvalidOutput(ApiError):
    """The output of a task is no JSON, or too large."""


class InvalidToken(ApiError):
    """The text is no task token."""


class MissingRequiredParameter(ApiError):
    """The request lacks what it needs."""


class ResourceNotFound(ApiError):
    """The request names something that does not exist."""


class ServiceQuotaExceededException(ApiError):
    """There are as many of the kind as there may be."""


class StateMachineAlreadyExists(ApiError):
    """A state machine of this name exists with another definition or settings."""


class StateMachineDeleting(ApiError):
    """The state machine is being deleted."""


class StateMachineDoesNotExist(ApiError):
    """No state machine has this ARN."""


class StateMachineTypeNotSupported(ApiError):
    """The operation is for the other type of state machine."""

    def __init__(
        self, message: str = "This operation is not supported by this type of state machine"
    ) -> None:
        super().__init__(message)


class TaskDoesNotExist(ApiError):
    """The task of this token has ended, or never was."""


class TaskTimedOut(ApiError):
    """The task of this token has timed out, or its execution has ended."""


class ValidationException(ApiError):
    """The request breaks a constraint of the API's model."""


class ExecutionEnd(Exception):
    """An execution, or one branch of it, goes no further."""

    def __init__(self, error: str | None, cause: str | None) -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class StateFailure(ExecutionEnd):
    """A state failed; `error` and `cause` are what Catch sees and the execution ends with.

    `location` is the field whose JSONata failed, where that is the reason; `also` is a second name by which
    Retry and Catch know the error (States.HeartbeatTimeout is told as States.Timeout).
    """

    def __init__(
        self,
        error: str | None,
        cause: str | None,
        *,
        location: str | None = None,
        also: str | None = None,
    ) -> None:
        super().__init__(error, cause)
        self.location = location
        self.also = also
        self.is_told = False

    def output(self) -> dict[str, str | None]:
        """Give what a Catch hands on; a timeout has an empty cause there."""
        cause = "" if self.cause is None and self.error is not None else self.cause
        return {"Error": self.error, "Cause": cause}

    @property
    def is_catchable(self) -> bool:
        """Say whether Retry and Catch are asked at all."""
        return self.error != "States.Runtime"


class ExecutionTimedOut(ExecutionEnd):
    """TimeoutSeconds of the state machine (or five minutes of an EXPRESS one) are over."""

    def __init__(self) -> None:
        super().__init__("States.Timeout", None)


class HistoryLimitReached(ExecutionEnd):
    """The history holds as many events as it may: 25,000."""

    def __init__(self) -> None:
        super().__init__(
            "States.Runtime", "The execution reached the maximum number of history events (25000)."
        )


class HistoryTooLarge(ExecutionEnd):
    """The inputs and outputs in the history are longer than this engine keeps of one execution."""

    def __init__(self, most: int) -> None:
        super().__init__(
            "States.Runtime",
            f"The inputs and outputs in the execution's history are longer than {most} characters,"
            " which is the limit of this engine.",
        )
