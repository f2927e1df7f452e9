"""Errors of the API: a code that AWS names, a message, an HTTP status.

ApiError
  ValidationError        a request that the service model does not allow (ValidationException)
  MalformedRequest       a body that is no request at all (SerializationException)
  UnknownOperation       a target that the service does not have (UnknownOperationException)
  UnsupportedOperation   an operation of AWS that this endpoint does not have yet
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.engine import errors as engine_errors

if TYPE_CHECKING:
    from collections.abc import Sequence


class ApiError(engine_errors.ApiError):
    """An error that the caller sees: `code` as AWS names it, `message`, HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self._code = code
        self.status = status

    @property
    def code(self) -> str:
        """AWS's name of the exception."""
        return self._code


class ValidationError(ApiError):
    """The request breaks constraints of the service model; the message lists them as AWS does."""

    def __init__(self, violations: Sequence[str]) -> None:
        noun = "error" if len(violations) == 1 else "errors"
        super().__init__(
            "ValidationException", f"{len(violations)} validation {noun} detected: {'; '.join(violations)}"
        )


class MalformedRequest(ApiError):  # noqa: N818 - what the caller did
    """The body is not JSON of the shape that the operation takes."""

    def __init__(self, message: str = "Start of structure or map found where not expected.") -> None:
        super().__init__("SerializationException", message)


class UnknownOperation(ApiError):  # noqa: N818 - what the caller did
    """The target names no operation of the service."""

    def __init__(self) -> None:
        super().__init__("UnknownOperationException", "")


class UnsupportedOperation(ApiError):  # noqa: N818 - what the caller did
    """AWS has the operation, this endpoint does not yet."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            "UnsupportedOperationException", f"{operation} is not supported by this endpoint yet", 501
        )


def not_supported(parameter: str, operation: str) -> ApiError:
    """Return the refusal of a parameter that this endpoint does not honour yet."""
    return ApiError(
        "UnsupportedOperationException", f"{parameter} of {operation} is not supported by this endpoint yet"
    )


def invalid_arn(reason: str) -> ApiError:
    """Return InvalidArn as AWS words it."""
    return ApiError("InvalidArn", f"Invalid Arn: '{reason}'")


def invalid_token() -> ApiError:
    """Return InvalidToken as AWS words it."""
    return ApiError("InvalidToken", "Invalid Token: 'Invalid token'")
