"""`statewright serve --store`: what it serves survives it, also a kill."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import boto3
import pytest

ROLE = "arn:aws:iam::000000000000:role/any"
WAITING = {
    "StartAt": "First",
    "States": {
        "First": {"Type": "Pass", "Next": "Wait"},
        "Wait": {"Type": "Wait", "Seconds": 600, "End": True},
    },
}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return str(taken.getsockname()[1])


@contextlib.contextmanager
def served(*options):
    """Serve in a process of its own; give a client and the process."""
    code = "from statewright.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", free_port(), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield client(process), process
        finally:
            process.kill()


def client(process):
    line = process.stdout.readline()
    port = re.search(r":(\d+);", line)
    assert port, line
    return boto3.client(
        "stepfunctions",
        endpoint_url=f"http://127.0.0.1:{port[1]}",
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
    )


def ended(sfn, arn):
    for _ in range(500):
        described = sfn.describe_execution(executionArn=arn)
        if described["status"] != "RUNNING":
            return described
        time.sleep(0.02)
    raise AssertionError("still running")


def test_what_a_kill_interrupts_comes_back_and_is_redriven(tmp_path):
    path = str(tmp_path / "state.sqlite")
    with served("--store", path) as (sfn, process):
        machine = sfn.create_state_machine(name="m", definition=json.dumps(WAITING), roleArn=ROLE)
        arn = sfn.start_execution(stateMachineArn=machine["stateMachineArn"], name="one")["executionArn"]
        time.sleep(1.3)
        process.send_signal(signal.SIGKILL)
        process.wait()
    with served("--store", path, "--wait-scale", "0") as (sfn, _):
        described = sfn.describe_execution(executionArn=arn)
        assert (described["status"], described["redriveStatus"]) == ("ABORTED", "REDRIVABLE")
        assert described["cause"] == "The engine stopped while the execution was running."
        events = [each["type"] for each in sfn.get_execution_history(executionArn=arn)["events"]]
        assert events == [
            "ExecutionStarted",
            "PassStateEntered",
            "PassStateExited",
            "WaitStateEntered",
            "ExecutionAborted",
        ]
        sfn.redrive_execution(executionArn=arn)
        assert (ended(sfn, arn)["status"], ended(sfn, arn)["redriveCount"]) == ("SUCCEEDED", 1)


@pytest.mark.parametrize("trouble", ["taken", "no database"])
def test_a_store_that_cannot_be_used_is_told(tmp_path, trouble):
    path = tmp_path / "state.sqlite"
    holder = sqlite3.connect(path)
    if trouble == "taken":
        holder.executescript("PRAGMA locking_mode = EXCLUSIVE; CREATE TABLE other (a)")
    else:
        path.write_text("This is a text, no database. " * 100)
    code = "from statewright.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", free_port(), "--store", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    told = " ".join(done.stderr.replace("│", " ").split())
    assert "--store" in told
    assert ("locked" if trouble == "taken" else "not a database") in told
    holder.close()
