"""The emulator that Terraform applies to, as a process: `python -m tests.terraform.emulator --port PORT`.

It is MiniStack with its check of IAM on (AUTH), so that each call of a role is held against the policies that
Terraform gave it. Around it is what AWS has and MiniStack has not:

- calls come by TLS, as far as policies can tell (`aws:SecureTransport`): a proxy in front would end it;
- a rule's target that is a state machine starts it at AWS_ENDPOINT_URL_SFN, where ours are, under the rule's
  role, and S3's event names the version;
- pipes carry batches: emulated_pipes.py;
- `/_test/schedule?name=NAME&group=GROUP` starts what a schedule starts, under the schedule's role, as at its
  time: MiniStack keeps schedules, and starts nothing;
- batches of SQS need the right to the single action;
- versions of functions are listed with ARNs that name them;
- `/_test/credentials?role=NAME&source=ARN` gives the credentials that a service gets when it takes over a
  role for a resource, 403 where the role's trust policy is against it;
- `/_test/checked` tells which actions on which resources were checked for which role, and allowed or not.

It ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import threading
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import boto3
from botocore.config import Config

from statewright.local.names import ACCOUNT, REGION
from statewright.local.triggers import with_version_id
from tests.terraform import emulated_pipes

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Any
# AWS checks a batch as what it is a batch of:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
ACTIONS = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage", "sqs:SendMessageBatch": "sqs:SendMessage"}
SCHEDULED = "2026-01-02T00:00:00Z"
CHECKED: set[tuple[str, str, str, bool]] = set()


def credentials(role: str, source: str) -> dict[str, str]:
    """Take over a role as a service does for a resource of somebody's; raises PermissionError."""
    from ministack.services import sts

    if not _is_trusted(role, source):
        raise PermissionError(f"{role} may not be taken over for {source}")
    keys = {"AccessKeyId": f"ASIA{uuid.uuid4().hex[:16].upper()}", "SecretAccessKey": uuid.uuid4().hex}
    keys["SessionToken"] = uuid.uuid4().hex
    arn = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/test"
    session = {"Arn": arn, "UserId": f"{role}:test", "AccountId": ACCOUNT, "PrincipalType": "AssumedRole"}
    sts.register_session(keys["AccessKeyId"], {**session, **keys})
    return keys


def _is_trusted(role: str, source: str) -> bool:
    """Ask the role's trust policy; for MiniStack the account's root stands for any service."""
    from ministack.core import iam_evaluator
    from ministack.services import iam

    service = f"arn:aws:iam::{ACCOUNT}:root"
    context = iam_evaluator.EvalContext(
        principal_arn=service,
        principal_type="Root",
        principal_account=ACCOUNT,
        action="sts:AssumeRole",
        resource_arn="*",
        region=REGION,
        service_context={"aws:sourceaccount": source.split(":")[4], "aws:sourcearn": source},
    )
    policy = iam._roles.get_scoped(ACCOUNT, None, role)["AssumeRolePolicyDocument"]
    return iam_evaluator.evaluate_trust_policy(policy, service, context)


class Checked:
    """Hears what MiniStack's check of IAM is asked, and what it says."""

    def __init__(self, enforce: Callable[..., Any]) -> None:
        self._enforce = enforce

    def __call__(
        self,
        key: str,
        action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: Json = None,
    ) -> Any:
        from ministack.core.iam_evaluator import resolve_credential

        action = ACTIONS.get(action, action)
        refusal = self._enforce(key, action, service, region, resource_arn, service_context)
        arn = getattr(resolve_credential(key), "principal_arn", "")
        if ":assumed-role/" in arn:
            CHECKED.add((arn.split("/")[1], action, resource_arn, refusal is None))
        return refusal


def start_state_machine(arn: str, event: Json, rule: str, role: str) -> None:
    """Start what a rule's target names, with the event as its input."""
    event = with_version_id(event, functools.partial(_client, _own_endpoint(), None))
    sfn = _client(os.environ["AWS_ENDPOINT_URL_SFN"], credentials(role, rule), "stepfunctions")
    _check_start(role, arn, "states:StartExecution")
    sfn.start_execution(stateMachineArn=arn, name=event["id"], input=json.dumps(event))


def start_schedule(name: str, group: str) -> str:
    """Start what a schedule starts; return the execution's ARN; raises PermissionError."""
    from ministack.services import scheduler

    target = scheduler._schedules[f"{group}/{name}"]["Target"]
    role = target["RoleArn"].rpartition("/")[2]
    source = f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule-group/{group}"
    sfn = _client(os.environ["AWS_ENDPOINT_URL_SFN"], credentials(role, source), "stepfunctions")
    _check_start(role, target["Arn"], "states:StartExecution")
    text = target["Input"].replace("<aws.scheduler.scheduled-time>", SCHEDULED)
    started: str = sfn.start_execution(stateMachineArn=target["Arn"], input=text)["executionArn"]
    return started


def _check_start(role: str, arn: str, action: str) -> None:
    """Hold the start against the role: Step Functions is not MiniStack's here, so that it is asked by itself.

    https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
    """
    from ministack.core import iam_evaluator

    machine, _, qualifier = arn.partition(":stateMachine:")[2].partition(":")
    resource = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"
    context = iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/test",
        principal_type="AssumedRole",
        principal_account=ACCOUNT,
        action=action,
        resource_arn=resource,
        region=REGION,
        service_context={"states:statemachinequalifier": qualifier},
    )
    policies = iam_evaluator._gather_role_policies(role, ACCOUNT)
    is_allowed = iam_evaluator.evaluate(context, policies).decision == "Allow"
    CHECKED.add((role, context.action, resource, is_allowed))
    if not is_allowed:
        raise PermissionError(f"{role} may not start {arn}")


def _own_endpoint() -> str:
    return f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"


def _client(endpoint: str, keys: dict[str, str] | None, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id=keys["AccessKeyId"] if keys else "test",
        aws_secret_access_key=keys["SecretAccessKey"] if keys else "test",
        aws_session_token=keys["SessionToken"] if keys else None,
        config=Config(proxies={}, inject_host_prefix=False),
    )


def _client_of_role(service: str, role: str, source: str) -> Any:
    endpoint = os.environ["AWS_ENDPOINT_URL_SFN"] if service == "stepfunctions" else _own_endpoint()
    return _client(endpoint, credentials(role, source), service)


def _with_versions(answer: tuple[int, Json, bytes]) -> tuple[int, Json, bytes]:
    status, headers, body = answer
    said = json.loads(body)
    for each in said.get("Versions", []):
        each["FunctionArn"] = f"{each['FunctionArn']}:{each['Version']}"
    return status, headers, json.dumps(said).encode()


def stand_in() -> None:
    """Put ours in the place of what MiniStack does otherwise."""
    from ministack.core import iam_evaluator
    from ministack.services import eventbridge, lambda_svc

    versions = lambda_svc._list_versions
    lambda_svc._list_versions = lambda *asked: _with_versions(versions(*asked))

    iam_evaluator.enforce = Checked(iam_evaluator.enforce)
    invoke = eventbridge._invoke_target

    def invoked(target: Json, event: Json, rule: Json, view: Any = None) -> None:
        if ":stateMachine:" not in target["Arn"]:
            invoke(target, event, rule, view)
            return
        payload = (view or eventbridge._pattern_event_view(event)).event_with_detail()
        role = target["RoleArn"].rpartition("/")[2]
        start = functools.partial(start_state_machine, target["Arn"], payload, rule["Arn"], role)
        threading.Thread(target=start, daemon=True).start()

    eventbridge._invoke_target = invoked
    emulated_pipes.stand_in(_client_of_role, _check_start)


class Front:
    """MiniStack's application, behind what ends TLS; and what tests ask for."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            if scope["path"].startswith("/_test/"):
                await self._answer(scope, send)
                return
            scope["headers"] = [*scope["headers"], (b"x-forwarded-proto", b"https")]
        await self._app(scope, receive, send)

    async def _answer(self, scope: Any, send: Any) -> None:
        asked = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        status = 200
        said: Json = None
        try:
            match scope["path"]:
                case "/_test/credentials":
                    said = credentials(**asked)
                case "/_test/schedule":
                    said = await asyncio.to_thread(start_schedule, **asked)
                case _:
                    said = sorted(CHECKED)
        except PermissionError:
            status = 403
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(said).encode()})


async def _serve(port: int) -> None:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config as ServerConfig
    from ministack.app import app

    stand_in()
    config = ServerConfig()
    config.bind = [f"127.0.0.1:{port}"]
    config.graceful_timeout = 0.1
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, lambda: os.read(0, 4096) or ended.set())
    await serve(Front(app), config, shutdown_trigger=ended.wait)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(_serve(parser.parse_args().port))
