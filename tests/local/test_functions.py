"""Function workers: what handlers see, what callers get, and that no process stays behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from statewright.engine.functions import (
    FunctionNotFound,
    FunctionResult,
    FunctionThrottled,
    PayloadTooLarge,
    function_arn,
    function_name,
)
from statewright.local.code_watch import LOOK_SECONDS
from statewright.local.functions import FunctionPool, FunctionSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HANDLERS = """
import json, logging, os, subprocess, sys, time
from decimal import Decimal

class OutOfStock(Exception):
    pass

calls = 0

def echo(event, context):
    return event

def count(event, context):
    global calls
    calls += 1
    return {"calls": calls, "pid": os.getpid()}

def environment(event, context):
    return dict(os.environ)

def describe(event, context):
    return {
        "id": context.aws_request_id, "name": context.function_name, "version": context.function_version,
        "arn": context.invoked_function_arn, "memory": context.memory_limit_in_mb,
        "group": context.log_group_name, "stream": context.log_stream_name,
        "remaining": context.get_remaining_time_in_millis(),
        "identity": context.identity, "client": context.client_context,
        "stdin": sys.stdin.read(), "cwd": os.getcwd(),
    }

def talk(event, context):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    logging.getLogger().warning("through logging")
    subprocess.run(["echo", "from a child"], check=True)

def raises(event, context):
    raise OutOfStock("nothing left")

def sleeps(event, context):
    time.sleep(event["seconds"])
    return "woke"

def stubborn(event, context):
    child = subprocess.Popen(["sleep", "60"])
    with open(event["file"], "w") as out:
        out.write(f"{os.getpid()} {child.pid}")
    time.sleep(60)

def leaves(event, context):
    sys.exit(event["code"])

def crashes(event, context):
    os.kill(os.getpid(), event["signal"])

def returns_set(event, context):
    return {1, 2}

def returns_nan(event, context):
    return float("nan")

def returns_decimal(event, context):
    return Decimal("1.5")

def returns_much(event, context):
    return "x" * event["size"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "shop.py").write_text(HANDLERS)
    (folder / "broken.py").write_text("import no_such_module\n")
    (folder / "wrong.py").write_text("def handler(:\n")
    (folder / "unlucky.py").write_text("raise ValueError('at import')\n")
    return folder


@pytest.fixture
def pool(root: Path, tmp_path: Path) -> Iterator[Callable[..., FunctionPool]]:
    made: list[FunctionPool] = []

    def make(*specs: FunctionSpec, **options: Any) -> FunctionPool:
        options.setdefault("processes", 1)
        functions = {spec.name: spec for spec in specs}
        environment = options.pop("environment", {"AWS_REGION": "eu-west-1"})
        made.append(FunctionPool(functions, environment, root, logs=tmp_path / "logs", **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


def invoke(pool: FunctionPool, name: str, event: object = None, **options: Any) -> FunctionResult:
    return asyncio.run(pool.invoke(name, json.dumps(event).encode(), **options))


def answer(pool: FunctionPool, name: str, event: object = None) -> Any:
    return json.loads(invoke(pool, name, event).payload)


def test_a_handler_gets_the_event_and_its_answer_comes_back(pool):
    result = invoke(pool(FunctionSpec("echo", "shop.echo")), "echo", {"a": [1, "ü", None]})
    assert json.loads(result.payload) == {"a": [1, "ü", None]}
    assert (result.status_code, result.function_error, result.executed_version) == (200, None, "$LATEST")


def test_a_worker_stays_warm_between_invocations(pool):
    functions = pool(FunctionSpec("count", "shop.count"), processes=2)
    first, second = answer(functions, "count"), answer(functions, "count")
    assert (first["calls"], second["calls"]) == (1, 2)
    assert first["pid"] == second["pid"] != os.getpid()


def test_a_function_is_known_by_name_qualified_name_and_arn(pool):
    functions = pool(FunctionSpec("echo", "shop.echo"))
    for name in ("echo", "echo:$LATEST", "arn:aws:lambda:us-east-1:000000000000:function:echo:live"):
        assert answer(functions, name, 1) == 1


def test_an_unknown_function_is_not_found(pool):
    with pytest.raises(
        FunctionNotFound, match=r"Function not found: arn:aws:lambda:.*:function:none:\$LATEST"
    ):
        invoke(pool(), "none")


def test_the_context_has_what_lambda_gives(pool, root):
    functions = pool(FunctionSpec("describe", "shop.describe", timeout_seconds=30, memory_mb=256))
    result = invoke(functions, "describe")
    context = json.loads(result.payload)
    assert context["id"] == result.request_id
    assert context["name"] == "describe"
    assert context["version"] == "$LATEST"
    assert context["arn"] == "arn:aws:lambda:eu-west-1:000000000000:function:describe"
    assert context["memory"] == "256"
    assert context["group"] == "/aws/lambda/describe"
    assert "[$LATEST]" in context["stream"]
    assert 25_000 < context["remaining"] <= 30_000
    assert context["identity"] is None
    assert context["client"] is None
    assert context["stdin"] == ""
    assert context["cwd"] == str(root)


def test_powertools_finds_all_it_needs_in_the_context(pool, root):
    (root / "tooled.py").write_text(
        "from aws_lambda_powertools import Logger\n"
        "from aws_lambda_powertools.utilities.typing import LambdaContext\n"
        "logger = Logger(service='shop')\n"
        "@logger.inject_lambda_context(log_event=True)\n"
        "def handler(event: dict, context: LambdaContext):\n"
        "    logger.info('hello')\n"
        "    return 'ok'\n"
    )
    functions = pool(FunctionSpec("tooled", "tooled.handler"))
    result = invoke(functions, "tooled", {})
    assert result.payload == b'"ok"', result
    assert b'"function_name":"tooled"' in result.log


def test_handlers_see_the_given_environment_and_nothing_of_the_parents_credentials(pool, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of the parent")
    monkeypatch.setenv("AWS_PROFILE", "of the parent")
    monkeypatch.setenv("SOMETHING_ELSE", "of the parent")
    spec = FunctionSpec("environment", "shop.environment", environment={"MODE": "test"})
    seen = answer(pool(spec, environment={"AWS_ACCESS_KEY_ID": "local"}), "environment")
    assert seen["AWS_ACCESS_KEY_ID"] == "local"
    assert seen["MODE"] == "test"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "environment"
    assert seen["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert "of the parent" not in seen.values()
    assert "HOME" not in seen


def test_an_exception_becomes_lambdas_error_with_the_name_of_its_class(pool):
    result = invoke(pool(FunctionSpec("raises", "shop.raises")), "raises")
    error = json.loads(result.payload)
    assert result.function_error == "Unhandled"
    assert list(error) == ["errorMessage", "errorType", "requestId", "stackTrace"]
    assert error["errorMessage"] == "nothing left"
    assert error["errorType"] == "OutOfStock"
    assert error["requestId"] == result.request_id
    assert len(error["stackTrace"]) == 1
    assert 'shop.py", line' in error["stackTrace"][0]


def test_a_function_that_runs_too_long_is_stopped_and_replaced(pool):
    functions = pool(
        FunctionSpec("sleeps", "shop.sleeps", timeout_seconds=0.3), FunctionSpec("echo", "shop.echo")
    )
    started = time.monotonic()
    result = invoke(functions, "sleeps", {"seconds": 30})
    assert time.monotonic() - started < 5
    assert result.function_error == "Unhandled"
    assert result.payload.decode() == (
        '{"errorType":"Sandbox.Timedout","errorMessage":'
        f'"RequestId: {result.request_id} Error: Task timed out after 0.30 seconds"}}'
    )
    assert answer(functions, "echo", "again") == "again"


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (3, "Runtime exited with error: exit status 3"),
        (0, "Runtime exited without providing a reason"),
        ("a text", "Runtime exited with error: exit status 1"),
    ],
)
def test_a_handler_that_exits_is_an_exit_error(pool, code, words):
    functions = pool(FunctionSpec("leaves", "shop.leaves"), FunctionSpec("echo", "shop.echo"))
    result = invoke(functions, "leaves", {"code": code})
    assert json.loads(result.payload) == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {result.request_id} Error: {words}",
    }
    assert answer(functions, "echo", "again") == "again"


def test_a_crash_is_an_exit_error_that_names_the_signal(pool):
    functions = pool(FunctionSpec("crashes", "shop.crashes"))
    error = answer(functions, "crashes", {"signal": signal.SIGSEGV})
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: segmentation fault")


@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        (
            "missing.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'missing': No module named",
        ),
        ("broken.handler", "Runtime.ImportModuleError", "Unable to import module 'broken': No module named"),
        ("shop.absent", "Runtime.HandlerNotFound", "Handler 'absent' missing on module 'shop'"),
        ("wrong.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'wrong': "),
        ("shop", "Runtime.MalformedHandlerName", "Bad handler 'shop'"),
        ("unlucky.handler", "ValueError", "at import"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_reported_as_lambda_does(pool, handler, error_type, message):
    functions = pool(FunctionSpec("f", handler))
    for _ in range(2):  # the second one meets a fresh worker
        result = invoke(functions, "f")
        error = json.loads(result.payload)
        assert result.function_error == "Unhandled"
        assert error["errorType"] == error_type
        assert error["errorMessage"].startswith(message)


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        ("shop.returns_set", "Object of type set is not JSON serializable"),
        ("shop.returns_nan", "Out of range float values are not JSON compliant"),
    ],
)
def test_an_answer_that_is_not_json_is_a_marshal_error(pool, handler, reason):
    error = answer(pool(FunctionSpec("f", handler)), "f")
    assert error["errorType"] == "Runtime.MarshalError"
    assert error["errorMessage"].startswith(f"Unable to marshal response: {reason}")


def test_a_decimal_is_marshalled_as_lambdas_runtime_does(pool):
    assert answer(pool(FunctionSpec("f", "shop.returns_decimal")), "f") == 1.5


def test_a_payload_that_is_not_json_is_an_unmarshal_error(pool):
    functions = pool(FunctionSpec("echo", "shop.echo"))
    for payload in (b"{", b"[" * 100_000):
        error = json.loads(asyncio.run(functions.invoke("echo", payload)).payload)
        assert error["errorType"] == "Runtime.UnmarshalError"


def test_six_megabytes_may_come_back_and_no_byte_more(pool):
    functions = pool(FunctionSpec("f", "shop.returns_much"))
    assert len(invoke(functions, "f", {"size": 6_291_554}).payload) == 6_291_556
    result = invoke(functions, "f", {"size": 6_291_555})
    assert result.function_error == "Unhandled"
    assert json.loads(result.payload)["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_request_above_the_limit_never_reaches_the_handler(pool):
    functions = pool(FunctionSpec("echo", "shop.echo"))
    with pytest.raises(PayloadTooLarge, match=r"6291457 byte payload is too large .*limit 6291456 bytes"):
        asyncio.run(functions.invoke("echo", b" " * 6_291_457))


def test_an_event_is_accepted_at_once_and_runs_in_the_background(pool, tmp_path):
    functions = pool(FunctionSpec("sleeps", "shop.sleeps"))
    started = time.monotonic()
    result = invoke(functions, "sleeps", {"seconds": 3}, invocation_type="Event")
    assert time.monotonic() - started < 2
    assert (result.status_code, result.payload) == (202, b"")
    deadline = time.monotonic() + 10
    while not (tmp_path / "logs" / "sleeps.log").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert result.request_id in (tmp_path / "logs" / "sleeps.log").read_text()


def test_a_dry_run_runs_nothing(pool):
    result = invoke(pool(FunctionSpec("raises", "shop.raises")), "raises", invocation_type="DryRun")
    assert (result.status_code, result.payload, result.function_error) == (204, b"", None)


def test_the_log_of_an_invocation_is_appended_between_lambdas_lines(pool, tmp_path):
    functions = pool(FunctionSpec("talk", "shop.talk", memory_mb=512))
    first, second = invoke(functions, "talk"), invoke(functions, "talk")
    lines = (tmp_path / "logs" / "talk.log").read_text().splitlines()
    assert lines[0] == f"START RequestId: {first.request_id} Version: $LATEST"
    assert lines[1:3] == ["to stdout", "to stderr"]
    assert lines[3].startswith("[WARNING]\t")
    assert lines[3].endswith(f"\t{first.request_id}\tthrough logging")
    assert lines[4] == "from a child"
    assert lines[5] == f"END RequestId: {first.request_id}"
    assert lines[6].startswith(f"REPORT RequestId: {first.request_id}\tDuration: ")
    assert "Memory Size: 512 MB" in lines[6]
    assert lines[7] == f"START RequestId: {second.request_id} Version: $LATEST"
    assert second.log.decode().splitlines() == lines[7:]


def test_the_memory_in_the_log_is_that_of_the_worker_alone(pool):
    ballast = bytearray(os.urandom(1024)) * (200 * 1024)  # 200 MB of this process
    log = invoke(pool(FunctionSpec("echo", "shop.echo")), "echo").log.decode()
    del ballast
    used = int(log.partition("Max Memory Used: ")[2].partition(" MB")[0])
    assert 5 < used < 100


def test_the_log_tells_a_timeout_as_lambda_does(pool, tmp_path):
    functions = pool(FunctionSpec("sleeps", "shop.sleeps", timeout_seconds=0.2))
    result = invoke(functions, "sleeps", {"seconds": 30})
    log = (tmp_path / "logs" / "sleeps.log").read_text()
    assert f"Z {result.request_id} Task timed out after 0.20 seconds" in log
    assert log.rstrip().endswith("Status: timeout")


def test_as_many_invocations_run_at_once_as_there_are_processes(pool):
    functions = pool(FunctionSpec("sleeps", "shop.sleeps"), FunctionSpec("count", "shop.count"), processes=2)

    async def both() -> float:
        calls = [functions.invoke("sleeps", b'{"seconds": 0.0}') for _ in range(2)]
        await asyncio.gather(*calls)  # warm
        started = time.monotonic()
        await asyncio.gather(*[functions.invoke("sleeps", b'{"seconds": 0.5}') for _ in range(4)])
        return time.monotonic() - started

    assert 0.95 < asyncio.run(both()) < 1.9


def test_invocations_beyond_the_queue_are_throttled(pool):
    functions = pool(FunctionSpec("sleeps", "shop.sleeps"), queue_length=1)

    async def three() -> list[FunctionResult | BaseException]:
        calls = [functions.invoke("sleeps", b'{"seconds": 0.2}') for _ in range(3)]
        return await asyncio.gather(*calls, return_exceptions=True)

    first, second, third = asyncio.run(three())
    assert isinstance(first, FunctionResult)
    assert isinstance(second, FunctionResult)
    assert isinstance(third, FunctionThrottled)
    assert answer(functions, "sleeps", {"seconds": 0}) == "woke"


def test_a_caller_that_gives_up_leaves_the_worker_sound(pool):
    functions = pool(FunctionSpec("sleeps", "shop.sleeps"), FunctionSpec("echo", "shop.echo"))
    with pytest.raises(TimeoutError):
        invoke(functions, "sleeps", {"seconds": 0.4}, timeout=0.1)
    assert answer(functions, "echo", "sound") == "sound"


def test_changed_code_runs_without_a_restart(pool, root):
    functions = pool(FunctionSpec("echo", "shop.echo"))
    assert answer(functions, "echo", 1) == 1
    (root / "shop.py").write_text("def echo(event, context):\n    return 'changed'\n")
    time.sleep(LOOK_SECONDS)
    assert answer(functions, "echo", 1) == "changed"


def test_close_ends_running_handlers_and_their_children(pool, tmp_path):
    functions = pool(FunctionSpec("stubborn", "shop.stubborn", timeout_seconds=60))
    pids = tmp_path / "pids"
    invoke(functions, "stubborn", {"file": str(pids)}, invocation_type="Event")
    worker, child = _wait_for_pids(pids)
    functions.close()
    assert _ended(worker)
    assert _ended(child)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_stays_behind_when_the_parent_ends(root, tmp_path, ending):
    pids = tmp_path / "pids"
    program = (
        "import asyncio, json, pathlib\n"
        "from statewright.local.functions import FunctionPool, FunctionSpec\n"
        f"root = pathlib.Path({str(root)!r})\n"
        "spec = FunctionSpec('stubborn', 'shop.stubborn', timeout_seconds=60)\n"
        "pool = FunctionPool({'stubborn': spec}, {}, root)\n"
        "async def main():\n"
        "    try:\n"
        f"        await pool.invoke('stubborn', json.dumps({{'file': {str(pids)!r}}}).encode())\n"
        "    finally:\n"
        "        pool.close()\n"
        "asyncio.run(main())\n"
    )
    repository = Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=repository, stderr=subprocess.DEVNULL)
    worker, child = _wait_for_pids(pids)
    parent.send_signal(ending)
    parent.wait(10)
    assert _ended(worker)
    assert _ended(child)


@pytest.mark.parametrize(
    ("given", "name", "arn"),
    [
        ("f", "f", "arn:aws:lambda:us-east-1:000000000000:function:f"),
        ("f:live", "f", "arn:aws:lambda:us-east-1:000000000000:function:f:live"),
        ("arn:aws:lambda:eu-west-1:000000000000:function:f", "f", None),
        ("arn:aws:lambda:eu-west-1:000000000000:function:f:3", "f", None),
        ("000000000000:function:f", "f", None),
        ("function:f:live", "f", None),
    ],
)
def test_all_forms_of_a_functions_name_are_understood(given, name, arn):
    assert function_name(given) == name
    if arn:
        assert function_arn(given) == arn


def _wait_for_pids(path: Path) -> tuple[int, int]:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        if path.exists() and len(parts := path.read_text().split()) == 2:
            return int(parts[0]), int(parts[1])
        time.sleep(0.05)
    raise AssertionError("the handler did not start")


def _ended(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
