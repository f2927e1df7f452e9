"""An AWS account on this machine that Terraform applies to: the emulator, and Step Functions in this process.

Step Functions acts as on AWS: what a state machine does, it does under its role, functions and service
integrations alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import functools
import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from statewright import api
from statewright.engine import Engine
from statewright.engine.functions import FunctionResult
from statewright.local.names import REGION
from statewright.local.ports import free_ports
from tests.api.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = Any
ROOT = Path(__file__).resolve().parents[2]
SERVICES = (
    "s3,dynamodb,sqs,sns,events,scheduler,ssm,secretsmanager,sts,iam,kms,monitoring,logs,lambda,budgets,pipes"
)
INHERITED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH")
START_SECONDS = 30.0
# As `Clients` has it: no emulator has a host of its own for single operations.
CONFIG = Config(
    proxies={},
    inject_host_prefix=False,
    response_checksum_validation="when_required",
    s3={"addressing_style": "path"},
)


@dataclass(frozen=True)
class Account:
    """Where the services are."""

    endpoint: str
    sfn_endpoint: str

    def client(self, service: str, keys: Json = None) -> Any:
        """Return a client of the account's root, or with the credentials of a role."""
        keys = keys or {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": None}
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.sfn_endpoint if service == "stepfunctions" else self.endpoint,
            region_name=REGION,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            config=CONFIG,
        )

    def ask(self, path: str) -> Json:
        """Return what the emulator tells tests."""
        with _opener().open(f"{self.endpoint}/_test/{path}", timeout=10) as answer:
            return json.loads(answer.read())


# The role of the state machine whose execution runs, and the state machine's ARN.
ROLE: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar("role")


class RoleEngine(Engine):
    """Step Functions; what an execution does runs in tasks that know its state machine's role."""

    def _launch(self, target: Any, *rest: Any) -> Any:
        token = ROLE.set((target.machine.role_arn.rpartition("/")[2], target.machine.arn))
        try:
            return super()._launch(target, *rest)
        finally:
            ROLE.reset(token)


class RoleClients:
    """Clients with the credentials of the role that the execution's state machine has."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._made: dict[tuple[str, tuple[str, str] | None], Any] = {}

    def __call__(self, service: str) -> Any:
        # Logs are delivered by a service of AWS, not by the role: it may only order the delivery.
        role = None if service == "logs" else ROLE.get()
        with self._lock:
            if (service, role) not in self._made:
                keys = (
                    None
                    if role is None
                    else self._account.ask(f"credentials?role={role[0]}&source={role[1]}")
                )
                self._made[service, role] = self._account.client(service, keys)
            return self._made[service, role]


class RoleFunctions:
    """Functions behind Lambda's API, invoked under the state machine's role."""

    def __init__(self, clients: RoleClients) -> None:
        self._clients = clients

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Invoke a function; see FunctionBackend."""
        call = functools.partial(
            self._clients("lambda").invoke,
            FunctionName=function,
            Payload=payload,
            InvocationType=invocation_type,
        )
        said = await asyncio.wait_for(asyncio.to_thread(call), timeout)
        body = await asyncio.to_thread(said["Payload"].read)
        return FunctionResult(said["StatusCode"], body, said.get("FunctionError"))


@contextlib.contextmanager
def account(folder: Path) -> Iterator[Account]:
    """Start an account with nothing in it; its emulator writes its log into the folder."""
    ports = free_ports(1)
    endpoint = f"http://127.0.0.1:{ports[0]}"
    with contextlib.ExitStack() as stack:
        sfn = stack.enter_context(served(functools.partial(_step_functions, endpoint)))
        made = Account(endpoint, sfn)
        stack.enter_context(_emulator(ports[0], sfn, folder))
        yield made


async def _step_functions(endpoint: str) -> tuple[Any, Any]:
    clients = RoleClients(Account(endpoint, ""))
    functions = RoleFunctions(clients)
    engine = RoleEngine(functions=functions, clients=clients)
    return api.create_app(engine, functions), engine.close


@contextlib.contextmanager
def _emulator(port: int, sfn_endpoint: str, folder: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.terraform.emulator", "--port", str(port)]
    with (folder / "emulator.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=_environment(port, sfn_endpoint, folder),
            cwd=ROOT,
        )
    try:
        _wait(process, port, folder)
        yield
    finally:
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            with _opener().open(f"http://127.0.0.1:{port}/_ministack/ready", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError((folder / "emulator.log").read_text())


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))


def _environment(port: int, sfn_endpoint: str, folder: Path) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    return {
        **inherited,
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": SERVICES,
        "AWS_ENDPOINT_URL_SFN": sfn_endpoint,
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "DOCKER_HOST": f"unix://{folder}/no-docker",
        "LOG_LEVEL": "WARNING",
    }
