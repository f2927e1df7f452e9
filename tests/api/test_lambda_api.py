"""The Lambda API on the shared port, driven by boto3, and functions behind a Lambda endpoint."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import socket
import threading
import time
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from statewright.api import HttpFunctions, create_app, http_functions
from statewright.engine.functions import (
    FunctionChain,
    FunctionNotFound,
    FunctionResult,
    FunctionThrottled,
    LocalFunctions,
    PayloadTooLarge,
)
from statewright.local.functions import FunctionPool, FunctionSpec
from tests.api.serving import served


class NoEngine:
    """Stands where no engine is asked."""


class OutOfStockError(Exception):
    pass


def fail(event, context):
    raise OutOfStockError("nothing left")


def endpoint_of(functions, close=None):
    async def make():
        async def nothing():
            if close is not None:
                close()

        return create_app(NoEngine(), functions), nothing

    return served(make)


def client(url):
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def pool_url(tmp_path_factory):
    root = tmp_path_factory.mktemp("functions")
    (root / "shop.py").write_text(
        "def hello(event, context):\n    print('logged')\n    return {'hello': event}\n"
        "def fail(event, context):\n    raise KeyError('k')\n"
    )
    specs = [
        FunctionSpec("hello", "shop.hello", timeout_seconds=20, memory_mb=256),
        FunctionSpec("fail", "shop.fail"),
    ]
    pool = FunctionPool({spec.name: spec for spec in specs}, {}, root, 1)
    with endpoint_of(pool, pool.close) as url:
        yield url


def test_a_function_is_invoked_by_name_and_by_arn(pool_url):
    for name in ("hello", "arn:aws:lambda:us-east-1:000000000000:function:hello"):
        answer = client(pool_url).invoke(FunctionName=name, Payload=b'{"a": 1}')
        assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
        assert "FunctionError" not in answer
        assert json.loads(answer["Payload"].read()) == {"hello": {"a": 1}}


def test_a_failing_function_answers_200_with_its_error(pool_url):
    answer = client(pool_url).invoke(FunctionName="fail", Payload=b"{}")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.loads(answer["Payload"].read())["errorType"] == "KeyError"


def test_the_end_of_the_log_comes_along_when_asked_for(pool_url):
    quiet = client(pool_url).invoke(FunctionName="hello", Payload=b"{}")
    assert "LogResult" not in quiet
    answer = client(pool_url).invoke(FunctionName="hello", Payload=b"{}", LogType="Tail")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert log.startswith("START RequestId: ")
    assert "\nlogged\n" in log


def test_an_event_is_accepted_and_a_dry_run_does_nothing(pool_url):
    lambda_ = client(pool_url)
    assert lambda_.invoke(FunctionName="hello", InvocationType="Event")["StatusCode"] == 202
    assert lambda_.invoke(FunctionName="hello", InvocationType="DryRun")["StatusCode"] == 204


def test_an_unknown_function_is_not_found_in_lambdas_words(pool_url):
    with pytest.raises(ClientError) as caught:
        client(pool_url).invoke(FunctionName="none")
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert error["Error"]["Code"] == "ResourceNotFoundException"
    wanted = "Function not found: arn:aws:lambda:us-east-1:000000000000:function:none:$LATEST"
    assert error["Error"]["Message"] == wanted


def test_a_payload_above_the_limit_is_refused(pool_url):
    with pytest.raises(ClientError) as caught:
        client(pool_url).invoke(FunctionName="hello", Payload=b"x" * 6_291_457)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert caught.value.response["Error"]["Code"] == "RequestEntityTooLargeException"


def test_functions_are_listed_and_described(pool_url):
    lambda_ = client(pool_url)
    assert [each["FunctionName"] for each in lambda_.list_functions()["Functions"]] == ["fail", "hello"]
    first = lambda_.list_functions(MaxItems=1)
    second = lambda_.list_functions(MaxItems=1, Marker=first["NextMarker"])
    assert [each["FunctionName"] for each in second["Functions"]] == ["hello"]
    assert "NextMarker" not in second
    described = lambda_.get_function(FunctionName="hello")["Configuration"]
    assert described["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:hello"
    assert (described["Handler"], described["Timeout"], described["MemorySize"]) == ("shop.hello", 20, 256)
    assert lambda_.get_function_configuration(FunctionName="hello")["FunctionName"] == "hello"
    with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
        lambda_.get_function(FunctionName="none")


def test_operations_that_are_not_there_are_refused_by_name(pool_url):
    with pytest.raises(ClientError, match="DELETE /2017-10-31/functions/hello/concurrency is not supported"):
        client(pool_url).delete_function_concurrency(FunctionName="hello")


def test_the_log_of_a_function_comes_through_the_endpoint(pool_url):
    assert b"\nlogged\n" in asyncio.run(HttpFunctions(pool_url).invoke("hello", b"{}")).log


def test_functions_behind_an_endpoint_answer_as_those_of_the_process():
    local = LocalFunctions({"double": lambda event, context: event * 2, "fail": fail})
    with endpoint_of(local) as url:
        remote = HttpFunctions(url)
        answer = asyncio.run(remote.invoke("arn:aws:lambda:us-east-1:000000000000:function:double", b"21"))
        assert (answer.status_code, answer.payload, answer.function_error) == (200, b"42", None)
        failed = asyncio.run(remote.invoke("fail", b"{}"))
        assert failed.function_error == "Unhandled"
        assert json.loads(failed.payload)["errorType"] == "OutOfStockError"
        with pytest.raises(FunctionNotFound):
            asyncio.run(remote.invoke("none", b"{}"))
        with pytest.raises(PayloadTooLarge):
            asyncio.run(remote.invoke("double", b" " * 6_291_457))


def test_many_invocations_wait_for_an_endpoint_at_once():
    class Slow:
        async def invoke(self, function, payload, *, invocation_type="RequestResponse", timeout=None):
            await asyncio.sleep(0.3)
            return FunctionResult(200, b"1")

    async def forty(url) -> float:
        remote = HttpFunctions(url)
        started = time.monotonic()
        await asyncio.gather(*[remote.invoke("f", b"{}") for _ in range(40)])
        return time.monotonic() - started

    with endpoint_of(Slow()) as url:
        assert asyncio.run(forty(url)) < 1.2


@pytest.mark.parametrize(("breaks", "is_answered"), [(2, True), (3, False)])
def test_an_invocation_is_sent_again_where_the_connection_breaks(monkeypatch, breaks, is_answered):
    monkeypatch.setattr(http_functions, "RETRY_WAITS", (0.0, 0.0))
    connections = []

    def breaking(listening):
        for number in range(1, 4):
            connection, _ = listening.accept()
            connections.append(number)
            connection.recv(65_536)
            if number > breaks:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=breaking, args=(listening,), daemon=True).start()
        remote = HttpFunctions(f"http://127.0.0.1:{listening.getsockname()[1]}")
        if is_answered:
            assert asyncio.run(remote.invoke("f", b"{}")).payload == b"{}"
        else:
            with pytest.raises(ConnectionError):
                asyncio.run(remote.invoke("f", b"{}"))
    assert connections == [1, 2, 3]


def test_a_throttled_function_is_throttled_through_the_endpoint_too():
    class Throttling:
        async def invoke(self, function, payload, *, invocation_type="RequestResponse", timeout=None):
            raise FunctionThrottled(function)

    with endpoint_of(Throttling()) as url:
        with pytest.raises(FunctionThrottled):
            asyncio.run(HttpFunctions(url).invoke("f", b"{}"))
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            client(url).invoke(FunctionName="f")


def test_a_lambda_endpoint_out_of_reach_is_an_internal_error(caplog):
    with endpoint_of(HttpFunctions("http://127.0.0.1:9")) as url, pytest.raises(ClientError) as caught:
        client(url).invoke(FunctionName="f")
    assert caught.value.response["Error"]["Code"] == "ServiceException"
    assert "ConnectionRefusedError" in caplog.text


def test_a_chain_asks_the_endpoint_only_for_functions_it_does_not_know():
    with endpoint_of(LocalFunctions({"a": lambda e, c: "far", "b": lambda e, c: "far"})) as url:
        chain = FunctionChain(LocalFunctions({"a": lambda e, c: "near"}), HttpFunctions(url))
        assert asyncio.run(chain.invoke("a", b"{}")).payload == b'"near"'
        assert asyncio.run(chain.invoke("b", b"{}")).payload == b'"far"'
        assert [each.name for each in chain.describe_functions()] == ["a"]
        with pytest.raises(FunctionNotFound):
            asyncio.run(chain.invoke("c", b"{}"))


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:9001", "http://"])
def test_an_endpoint_that_is_no_url_is_refused(url):
    with pytest.raises(ValueError, match="not an http"):
        HttpFunctions(url)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8083"}, 200),
        ({"Host": "sync-localhost:8083"}, 200),
        ({"Host": "states.localhost"}, 200),
        ({"Host": "[::1]:8083"}, 200),
        ({"Host": "evil.example:8083"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "10.0.0.1"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
)
def test_only_callers_of_this_machine_are_served(pool_url, headers, status):
    connection = http.client.HTTPConnection(urlsplit(pool_url).netloc, timeout=10)
    connection.request("POST", "/2015-03-31/functions/hello/invocations", b"{}", headers)
    assert connection.getresponse().status == status
    connection.close()
