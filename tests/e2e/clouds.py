"""A local cloud in the hands of a test: commands, clients, shells, waiting."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from statewright.local.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
END_SECONDS = 60.0


def command(
    *arguments: str | Path, timeout: float = 120.0, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `statewright` with arguments, in the repository; `env` is added to the environment."""
    return subprocess.run(
        [sys.executable, "-m", "statewright.cli", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@dataclass(frozen=True)
class Cloud:
    """A local cloud that is up, as its users see it."""

    state: Path

    @cached_property
    def env(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.run("env", "--json").stdout)
        return found

    def run(self, name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command of `statewright` on this cloud."""
        return command(name, "--state", self.state, *arguments)

    def shell(self, script: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a shell script as a user would who has evaluated `statewright env`."""
        exports = self.run("env").stdout
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return subprocess.run(
            ["bash", "-euc", f"{exports}\n{script}"],
            env={**kept, **variables, "AWS_PAGER": ""},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def client(self, service: str) -> Any:
        """Return a boto3 client made from nothing but the exported variables."""
        endpoint = self.env["AWS_ENDPOINT_URL_SFN" if service == "stepfunctions" else "AWS_ENDPOINT_URL"]
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=endpoint,
            region_name=self.env["AWS_REGION"],
            aws_access_key_id=self.env["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.env["AWS_SECRET_ACCESS_KEY"],
        )

    def put(self, key: str, body: bytes) -> str:
        """Put an object into the raw bucket; return its version id."""
        answer = self.client("s3").put_object(Bucket=self.env["RAW_BUCKET"], Key=key, Body=body)
        return str(answer["VersionId"])

    def execution_of(self, key: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """Return the newest execution that an upload under `key` started, as soon as there is one."""
        sfn = self.client("stepfunctions")

        def find() -> dict[str, Any] | None:
            listed = sfn.list_executions(stateMachineArn=self.env["STATE_MACHINE_ARN"])["executions"]
            for each in listed:
                found: dict[str, Any] = sfn.describe_execution(executionArn=each["executionArn"])
                if json.loads(found["input"]).get("detail", {}).get("object", {}).get("key") == key:
                    return found
            return None

        return wait_for(find, seconds)

    def end_of(self, arn: str) -> dict[str, Any]:
        """Wait until an execution has ended; return its description."""
        sfn = self.client("stepfunctions")

        def ended() -> dict[str, Any] | None:
            found: dict[str, Any] = sfn.describe_execution(executionArn=arn)
            return None if found["status"] == "RUNNING" else found

        return wait_for(ended, END_SECONDS)

    def ingest(self, key: str, body: bytes) -> dict[str, Any]:
        """Upload an object; return the execution that it started, ended."""
        self.put(key, body)
        return self.end_of(self.execution_of(key)["executionArn"])

    def start(self, request: dict[str, Any], name: str | None = None) -> dict[str, Any]:
        """Start the ingest workflow on a request; return the execution, ended."""
        named = {"name": name} if name else {}
        started = self.client("stepfunctions").start_execution(
            stateMachineArn=self.env["STATE_MACHINE_ARN"], input=json.dumps(request), **named
        )
        return self.end_of(started["executionArn"])

    def states_of(self, arn: str) -> list[str]:
        """Return the names of the states that an execution entered."""
        pages = self.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        details = "stateEnteredEventDetails"
        return [event[details]["name"] for page in pages for event in page["events"] if details in event]

    def ledger(self, key: str) -> list[dict[str, str]]:
        """Return the ledger's rows of a key, their strings and numbers as texts."""
        rows = self.client("dynamodb").get_paginator("scan").paginate(TableName=self.env["FILES_TABLE"])
        plain = [
            {name: str(next(iter(value.values()))) for name, value in row.items()}
            for page in rows
            for row in page["Items"]
        ]
        return [row for row in plain if row.get("file_key") == key]


def many_orders(count: int) -> bytes:
    """Return the first `count` orders of the samples: a second of work for each few thousand."""
    lines = gzip.decompress((ROOT / "samples/good/orders.jsonl.gz").read_bytes()).splitlines(keepends=True)
    return gzip.compress(b"".join(lines[:count]), compresslevel=1)


def wait_for(look: Callable[[], Any], seconds: float) -> Any:
    """Return what `look` finds, as soon as it finds something; fails after `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    pytest.fail(f"{look.__qualname__} found nothing within {seconds} s")


def start_cloud(state: Path, env: dict[str, str] | None = None) -> Cloud:
    """Start a local cloud on free ports with a state folder."""
    port, sfn_port = free_ports(2)
    done = command("up", "--state", state, "--port", str(port), "--sfn-port", str(sfn_port), env=env)
    assert done.returncode == 0, done.stderr
    return Cloud(state)
