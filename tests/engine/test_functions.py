"""Functions of this process behind the protocol that the engine invokes functions through."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from statewright.engine.functions import (
    FunctionChain,
    FunctionDirectory,
    FunctionNotFound,
    FunctionResult,
    LocalFunctions,
    PayloadTooLarge,
)


def invoke(functions, name, event=None, **options) -> FunctionResult:
    return asyncio.run(functions.invoke(name, json.dumps(event).encode(), **options))


def test_a_callable_is_invoked_with_event_and_context():
    functions = LocalFunctions({"f": lambda event, context: [event, context.function_name]})
    result = invoke(functions, "arn:aws:lambda:us-east-1:000000000000:function:f:$LATEST", {"a": 1})
    assert json.loads(result.payload) == [{"a": 1}, "f"]
    assert (result.status_code, result.function_error) == (200, None)


def test_an_exception_is_an_unhandled_error_with_the_name_of_its_class():
    def fail(event, context):
        return {}["missing"]

    result = invoke(LocalFunctions({"f": fail}), "f")
    error = json.loads(result.payload)
    assert result.function_error == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("KeyError", "'missing'")
    assert error["requestId"] == result.request_id
    assert len(error["stackTrace"]) == 1


def test_an_exception_whose_text_fails_is_still_named():
    class OddError(Exception):
        def __str__(self):
            raise RuntimeError

    def fail(event, context):
        raise OddError

    error = json.loads(invoke(LocalFunctions({"f": fail}), "f").payload)
    assert (error["errorType"], error["errorMessage"]) == ("OddError", "")


@pytest.mark.parametrize("answer", [{1}, float("inf"), "\ud800", object()])
def test_an_answer_that_is_not_json_is_a_marshal_error(answer):
    error = json.loads(invoke(LocalFunctions({"f": lambda event, context: answer}), "f").payload)
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"].startswith("Unable to marshal response: ")


def test_without_an_executor_a_handler_runs_on_the_threads_own_stack():
    functions = LocalFunctions({"f": lambda event, context: threading.current_thread().name})
    assert json.loads(invoke(functions, "f").payload) == threading.current_thread().name


def test_with_an_executor_handlers_run_side_by_side():
    with ThreadPoolExecutor(4) as threads:
        functions = LocalFunctions({"f": lambda event, context: time.sleep(0.3)}, executor=threads)

        async def four() -> float:
            started = time.monotonic()
            await asyncio.gather(*[functions.invoke("f", b"{}") for _ in range(4)])
            return time.monotonic() - started

        assert asyncio.run(four()) < 1.0


def test_a_caller_waits_no_longer_than_it_says():
    with ThreadPoolExecutor(1) as threads:
        functions = LocalFunctions({"f": lambda event, context: time.sleep(0.3)}, executor=threads)
        with pytest.raises(TimeoutError):
            invoke(functions, "f", timeout=0.05)


def test_an_event_runs_in_the_background_and_a_dry_run_not_at_all():
    seen = []
    functions = LocalFunctions({"f": lambda event, context: seen.append(event)})

    async def both():
        event = await functions.invoke("f", b"1", invocation_type="Event")
        dry = await functions.invoke("f", b"2", invocation_type="DryRun")
        await asyncio.sleep(0.01)
        return event.status_code, dry.status_code

    assert asyncio.run(both()) == (202, 204)
    assert seen == [1]


def test_an_answer_above_lambdas_limit_is_an_error():
    result = invoke(LocalFunctions({"f": lambda event, context: "x" * 6_291_555}), "f")
    assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"


def test_limits_of_requests_depend_on_the_kind_of_invocation():
    functions = LocalFunctions({"f": lambda event, context: None})
    payload = b" " * 1_048_577
    with pytest.raises(PayloadTooLarge, match=r"for the Event invocation type \(limit 1048576 bytes\)"):
        asyncio.run(functions.invoke("f", payload, invocation_type="Event"))


def test_an_unknown_function_is_not_found_anywhere_in_a_chain():
    chain = FunctionChain(LocalFunctions({"a": max}), LocalFunctions({"b": min}))
    with pytest.raises(FunctionNotFound) as caught:
        invoke(chain, "c:live")
    assert str(caught.value) == ("Function not found: arn:aws:lambda:us-east-1:000000000000:function:c:live")


def test_backends_that_can_list_their_functions_are_directories():
    chain = FunctionChain(LocalFunctions({"b": min}), LocalFunctions({"a": max, "b": max}))
    assert isinstance(chain, FunctionDirectory)
    assert [each.name for each in chain.describe_functions()] == ["a", "b"]


def test_a_handler_may_run_an_event_loop_of_its_own_as_in_lambda():
    async def answer(event):
        await asyncio.sleep(0.001)
        return event["a"] + 1

    functions = LocalFunctions({"f": lambda event, context: asyncio.run(answer(event))})

    async def twice():
        results = [await functions.invoke("f", b'{"a": 1}') for _ in range(2)]
        await asyncio.sleep(0.001)  # this loop goes on as before
        return [json.loads(result.payload) for result in results]

    assert asyncio.run(twice()) == [2, 2]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "exited with error: exit status 3"),
        ("bad configuration", "exited with error: exit status 1"),
        (0, "exited without providing a reason"),
        (None, "exited without providing a reason"),
    ],
)
@pytest.mark.parametrize("in_threads", [False, True])
def test_a_handler_that_exits_ends_its_invocation_and_nothing_else(code, words, in_threads):
    def leave(event, context):
        sys.exit(code)

    with ThreadPoolExecutor(1) as threads:
        result = invoke(LocalFunctions({"f": leave}, executor=threads if in_threads else None), "f")
    error = json.loads(result.payload)
    assert result.function_error == "Unhandled"
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(f"Error: Runtime {words}")
