"""`statewright serve`: the Step Functions API alone, beside a Lambda endpoint of one's own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.clients import Clients
from statewright.local.ports import free_ports
from tests.e2e.clouds import ROOT, Cloud, command, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLE = "arn:aws:iam::000000000000:role/any"
WAITING = {
    "StartAt": "Wait",
    "States": {"Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Done"}, "Done": {"Type": "Succeed"}},
}
CALLING = {
    "StartAt": "Call",
    "States": {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {"FunctionName": "statewright-collect_data", "Payload.$": "$"},
            "End": True,
        }
    },
}


class Server:
    """A `statewright serve` that runs."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        port = free_ports(1)[0]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "statewright.cli", "serve", "--port", str(port), *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "AWS_ACCESS_KEY_ID": "x",
                "AWS_SECRET_ACCESS_KEY": "x",
                "AWS_REGION": "us-east-1",
                **environment,
            },
        )
        assert self.process.stdout is not None
        assert b"Ctrl-C stops it" in self.process.stdout.readline()
        self.url = f"http://127.0.0.1:{port}"
        self.sfn = Clients(self.url)("stepfunctions")

    def run(
        self, definition: dict[str, Any], given: dict[str, Any], name: str = "", case: str = ""
    ) -> dict[str, Any]:
        """Run a definition to its end, in a test case if one is named (`#Case`); return the execution."""
        name = name or f"machine-{time.monotonic_ns()}"
        machine = self.sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        started = self.sfn.start_execution(
            stateMachineArn=machine["stateMachineArn"] + case, input=json.dumps(given)
        )

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = self.sfn.describe_execution(executionArn=started["executionArn"])
            return None if found["status"] == "RUNNING" else found

        return wait_for(ended, 20)  # type: ignore[no-any-return]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Stop the server; return its exit code."""
        self.process.send_signal(number)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server("--wait-scale", "0")
    yield running
    if running.process.poll() is None:
        running.stop()


def test_waits_take_as_long_as_the_scale_says(server: Server) -> None:
    assert server.run(WAITING, {})["status"] == "SUCCEEDED"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_with_exit_code_0(server: Server, number: signal.Signals) -> None:
    assert server.stop(number) == 0


def test_a_taken_port_is_said(server: Server) -> None:
    port = server.sfn.meta.endpoint_url.rpartition(":")[2]

    done = command("serve", "--port", port)

    assert done.returncode == 1
    assert f"port {port} is taken by another program; choose another with --port PORT" in done.stderr


def test_functions_are_invoked_at_the_lambda_endpoint(cloud: Cloud) -> None:
    server = Server("--lambda-endpoint", cloud.env["AWS_ENDPOINT_URL_LAMBDA"])
    try:
        found = server.run(CALLING, {"s3Bucket": cloud.env["RAW_BUCKET"], "s3Key": "orders/nowhere"})
    finally:
        server.stop()

    assert (found["status"], found["error"]) == ("FAILED", "ObjectNotFound")


def test_mocks_answer_in_a_test_case_and_are_read_anew(tmp_path: Path) -> None:
    mocks = tmp_path / "mocks.json"
    wanted: dict[str, Any] = {
        "StateMachines": {"calling": {"TestCases": {"Happy": {"Call": "Answer"}}}},
        "MockedResponses": {"Answer": {"0": {"Return": "first"}}},
    }
    mocks.write_text(json.dumps(wanted))
    with Server("--wait-scale", "0", SFN_MOCK_CONFIG=str(mocks)) as server:
        assert server.run(CALLING, {}, "calling", "#Happy")["output"] == '"first"'
        wanted["MockedResponses"]["Answer"]["0"]["Return"] = "another"
        mocks.write_text(json.dumps(wanted))
        assert server.run(CALLING, {}, "calling", "#Happy")["output"] == '"another"'
        with pytest.raises(server.sfn.exceptions.InvalidName, match="has no test case 'Sad'"):
            server.run(CALLING, {}, "calling", "#Sad")
        mocks.write_text("{")
        with pytest.raises(server.sfn.exceptions.ValidationException, match=r"mocks\.json:1:2"):
            server.run(CALLING, {}, "calling", "#Happy")


def test_executions_are_started_at_another_step_functions_where_one_is_named() -> None:
    nesting: dict[str, Any] = {
        "StartAt": "Nest",
        "States": {
            "Nest": {
                "Type": "Task",
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": {"StateMachineArn.$": "$.arn", "Input": {"a": 1}},
                "End": True,
            }
        },
    }
    with Server() as other, Server("--step-functions-endpoint", other.url, "--wait-scale", "0") as server:
        inner = other.sfn.create_state_machine(
            name="inner",
            definition=json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}),
            roleArn=ROLE,
        )["stateMachineArn"]
        found = server.run(nesting, {"arn": inner})
        assert json.loads(found["output"])["Output"] == {"a": 1}
        assert len(other.sfn.list_executions(stateMachineArn=inner)["executions"]) == 1
        failed = server.run(nesting, {"arn": inner + "x"})
        assert failed["error"] == "StepFunctions.StateMachineDoesNotExistException"
