"""What a call of AWS must be allowed to do: IAM actions, and the ARNs that they are checked against.

    of_call("s3", "GetObject", {"Bucket": "b", "Key": "k"}, place)   {s3:GetObject on arn:aws:s3:::b/k}
    of_definition(machine, "ingest", place)                          what a state machine's own role needs

The rules are data, permissions.json: `calls` maps botocore's service and operation to actions and kinds of
resources, `encrypted` tells what an action needs beside itself where its resource is under a key of KMS.
They follow the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html) and, for S3,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.

UnknownCall   a call that permissions.json has no rule for
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from statewright.asl.tree import Map, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.asl import StateMachine
    from statewright.asl.tree import Payload, Resource

Json = Any

RULES = Path(__file__).with_suffix(".json")
ANY = "*"  # what is known at run time only
# Step Functions' names of services that botocore calls otherwise.
_SERVICES = {"sfn": "stepfunctions", "states": "stepfunctions"}
_FIELD = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[^/:]+\Z")


class Permission(NamedTuple):
    """An action on a resource: `s3:GetObject` on `arn:aws:s3:::bucket/key`; `*` stands for any characters."""

    action: str
    resource: str


@dataclass(frozen=True)
class Where:
    """Where resources are that a call names without saying so."""

    region: str
    account: str
    partition: str = "aws"


class UnknownCall(Exception):  # noqa: N818 - what is missing
    """No rule tells what a call needs; the message names it."""


def of_call(
    service: str, operation: str, parameters: Mapping[str, Json], where: Where, *, found: bool = True
) -> frozenset[Permission]:
    """Return what a call needs; `service` and `operation` are botocore's, e.g. `s3`, `GetObject`.

    With `found` false the answer was that there is no such object: S3 says so only to who may list the bucket
    (https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html). What is not a literal stands as
    `*`. Raises UnknownCall.
    """
    rules = _rules()["calls"].get(f"{service}.{operation}")
    if rules is None:
        raise UnknownCall(f"{service}.{operation}: {RULES.name} has no rule for it")
    return frozenset(
        Permission(rule["action"], resource)
        for rule in rules
        for part in _parts(rule, parameters)
        if _applies(rule, part, found=found)
        for resource in _resources(rule["resource"], part, where)
    )


def of_encryption(action: str) -> frozenset[str]:
    """Return the actions on a key of KMS that an action needs where its resource is encrypted with the key.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html and its like for DynamoDB
    (encryption.howitworks), SQS (sqs-key-management), SNS (sns-key-management), Step Functions
    (encryption-at-rest), Systems Manager (services-parameter-store in KMS's guide).
    """
    return frozenset(_rules()["encrypted"].get(action, ()))


def of_definition(machine: StateMachine, name: str, where: Where) -> frozenset[Permission]:
    """Return what the role of a state machine called `name` needs for what its definition does itself.

    Not for what its functions do, nor for logs and traces. Raises UnknownCall.
    """
    found: set[Permission] = set()
    for state in machine.walk():
        if isinstance(state, Task):
            found |= _of_task(state, where)
        elif isinstance(state, Map) and state.mode == "DISTRIBUTED":
            found |= _of_distributed_map(state, name, where)
    return frozenset(found)


def _of_task(state: Task, where: Where) -> frozenset[Permission]:
    resource = state.resource
    if resource.kind == "activity":
        return frozenset()  # a worker polls for it
    if resource.kind == "lambda":
        return of_call("lambda", "Invoke", {"FunctionName": resource.arn}, where)
    if resource.kind == "other" or resource.pattern.startswith("sync"):
        raise UnknownCall(f"{resource.arn}: no rule tells what it needs")
    arguments = {} if state.payload is None else state.payload.value
    service = _SERVICES.get(resource.service, resource.service)
    operation = resource.action[:1].upper() + resource.action[1:]
    literal = _literal(arguments)
    if isinstance(literal.get("StateMachineArn"), str):
        literal["stateMachineArn"] = literal["StateMachineArn"]
    return of_call(service, operation, literal, where)


def _of_distributed_map(state: Map, name: str, where: Where) -> frozenset[Permission]:
    """A map run starts executions of its own state machine, and looks after those that are STANDARD.

    It reads its items and writes its results with the same role. Of what S3 is asked only for large results
    nothing is told here: https://docs.aws.amazon.com/step-functions/latest/dg/iam-policies-eg-dist-map.html
    """
    own = f"arn:{where.partition}:states:{where.region}:{where.account}"
    found = {Permission("states:StartExecution", f"{own}:stateMachine:{name}")}
    if state.execution_type == "STANDARD":
        children = f"{own}:execution:{name}/*"
        found |= {
            Permission(f"states:{action}Execution", children) for action in ("Describe", "Redrive", "Stop")
        }
    for part in (state.reader, state.writer):
        if part is not None and part.resource is not None:
            found |= _of_storage(state.name, part.resource, part.payload, where)
    return frozenset(found)


def _of_storage(
    name: str, resource: Resource, payload: Payload | None, where: Where
) -> frozenset[Permission]:
    """Return what an ItemReader or a ResultWriter needs; which objects it writes is not known."""
    operation = resource.action[:1].upper() + resource.action[1:]
    if resource.service != "s3":
        raise UnknownCall(f"{name}: no rule tells what {resource.arn} needs")
    return of_call("s3", operation, {"Key": ANY} | _literal(payload.value if payload else {}), where)


def _literal(arguments: Json) -> dict[str, Json]:
    """Return arguments by their names; those of a template's paths are not known, nor those of JSONata."""
    if not isinstance(arguments, dict):
        return {}
    return {
        name.removesuffix(".$"): ANY if _is_computed(name, value) else value
        for name, value in arguments.items()
    }


def _is_computed(name: str, value: Json) -> bool:
    return name.endswith(".$") or (isinstance(value, str) and value.startswith("{%"))


@functools.cache
def _rules() -> dict[str, Json]:
    rules: dict[str, Json] = json.loads(RULES.read_bytes())
    return rules


def _parts(rule: Mapping[str, str], parameters: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    """Return the parameters; of a transaction those of its parts that a rule is for.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    if "part" not in rule:
        return [parameters]
    items = parameters.get("TransactItems", ANY)
    if not isinstance(items, list):
        return [{}]  # computed: any of them, on any table
    return [item[rule["part"]] for item in items if rule["part"] in item]


def _applies(rule: Mapping[str, str], parameters: Mapping[str, Json], *, found: bool) -> bool:
    if rule.get("on") == "not found":
        return not found
    if "with" in rule:
        return rule["with"] in parameters
    return rule.get("without") not in parameters


def _resources(kind: str, parameters: Mapping[str, Json], where: Where) -> Iterator[str]:
    template = _rules()["resources"][kind]
    if kind == "table" and "RequestItems" in parameters:
        for table in parameters["RequestItems"]:
            yield from _resources(kind, {"TableName": table}, where)
        return
    names = [name for name in _FIELD.findall(template) if name in parameters]
    given = str(parameters[names[0]]) if names else ANY
    if given.startswith("arn:"):
        # A version or an alias of a state machine is not what a start is checked against:
        # https://docs.aws.amazon.com/step-functions/latest/dg/auth-version-alias.html
        given = ":".join(given.split(":")[:7]) if kind == "state machine" else given
        yield f"{given}/index/{parameters['IndexName']}" if kind == "index" else given
        return
    known = {"partition": where.partition, "region": where.region, "account": where.account}
    yield _FIELD.sub(
        lambda match: known.get(match[1]) or _name(kind, parameters.get(match[1], ANY)), template
    )


def _name(kind: str, value: Json) -> str:
    """Return the part of an ARN that a parameter gives: a queue's is the last of its URL's."""
    text = str(value)
    if kind == "queue":
        match = _NAME.search(text)
        return match[0] if match else ANY
    return text.removeprefix("/") if kind == "parameter" else text
