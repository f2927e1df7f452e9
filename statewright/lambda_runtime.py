"""What Lambda's Python runtime does to a handler: the context object, the marshalling, the wording of errors.

Imports nothing of the project, so that a worker process starts fast. The wording is that of AWS's
runtime interface client (github.com/aws/aws-lambda-python-runtime-interface-client).
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import time
import traceback
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

# A synchronous answer may hold six binary megabytes and 100 bytes:
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_RESPONSE_BYTES = 6_291_556


class RuntimeFault(Exception):  # noqa: N818 - Lambda calls it a fault
    """An error that the runtime reports in its own name: `Runtime.ImportModuleError` and its kin."""

    def __init__(self, error_type: str, message: str, stack_trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.stack_trace = tuple(stack_trace)


@dataclass(frozen=True)
class LambdaContext:
    """The second argument of a handler.

    Attribute names and types follow https://docs.aws.amazon.com/lambda/latest/dg/python-context.html;
    `memory_limit_in_mb` is a string there too. `deadline` is in seconds since the epoch.
    """

    aws_request_id: str
    function_name: str
    invoked_function_arn: str
    memory_limit_in_mb: str
    deadline: float
    function_version: str = "$LATEST"
    log_group_name: str = ""
    log_stream_name: str = ""
    identity: None = None
    client_context: None = None
    tenant_id: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds left before the function is stopped, never less than 0."""
        return max(0, math.floor((self.deadline - time.time()) * 1000))

    def log(self, message: object) -> None:
        """Write a message to the function's log, as it stands."""
        sys.stdout.write(str(message))


def load_handler(handler: str) -> Callable[[Any, LambdaContext], Any]:
    """Import the handler named `module.function` from the import path.

    Raises RuntimeFault: MalformedHandlerName, ImportModuleError, UserCodeSyntaxError or HandlerNotFound.
    Any other exception of the module's own code passes through.
    """
    module_name, dot, function_name = handler.rpartition(".")
    if not dot:
        raise RuntimeFault(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)",
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise RuntimeFault(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        place = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        raise RuntimeFault(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", [place]
        ) from error
    found = getattr(module, function_name, None)
    if not callable(found):
        raise RuntimeFault(
            "Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'"
        )
    return found  # type: ignore[no-any-return]  # what a module holds is not typed


def call_handler(
    handler: Callable[[Any, LambdaContext], Any], payload: bytes, context: LambdaContext
) -> tuple[bytes, bool]:
    """Run a handler on a JSON payload; return the JSON answer and whether it describes an error."""
    try:
        event = _unmarshal(payload)
        return _marshal(handler(event, context)), False
    except RuntimeFault as fault:
        return fault_payload(fault, context.aws_request_id), True
    except Exception as error:  # noqa: BLE001 - whatever a handler raises becomes its answer, as in Lambda
        return exception_payload(error, context.aws_request_id), True


def fault_payload(fault: RuntimeFault, request_id: str) -> bytes:
    """Describe a fault of the runtime as the payload of an invocation's answer."""
    return _error_payload(fault.message, fault.error_type, request_id, fault.stack_trace)


def exception_payload(error: BaseException, request_id: str) -> bytes:
    """Describe an exception of a handler as the payload of an invocation's answer."""
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a class whose __str__ fails must still be reported by its name
        message = ""
    return _error_payload(message, type(error).__name__, request_id, _handler_frames(error.__traceback__))


def _unmarshal(payload: bytes) -> Any:
    try:
        return json.loads(payload or b"{}")
    except (ValueError, RecursionError) as error:
        raise RuntimeFault("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error


def _marshal(answer: Any) -> bytes:
    try:
        text = json.dumps(answer, default=_encode, ensure_ascii=False, allow_nan=False)
        encoded = text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise RuntimeFault("Runtime.MarshalError", f"Unable to marshal response: {error}") from error
    return encoded


def _encode(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _handler_frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)
    own = [frame for frame in frames if frame.filename != __file__]
    return traceback.format_list(own or frames)


def _error_payload(message: str, error_type: str, request_id: str, stack_trace: Sequence[str]) -> bytes:
    error = {
        "errorMessage": message,
        "errorType": error_type,
        "requestId": request_id,
        "stackTrace": list(stack_trace),
    }
    return json.dumps(error).encode()
