"""Terraform applies to an account on this machine, a file goes through what it made, and nothing stays.

The tests share one deployment and follow each other: applied, used, planned again, destroyed.
"""

from __future__ import annotations

import fnmatch
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError

import pytest

from tests.functions.objects_sent import json_lines, order
from tests.terraform.deployment import OPTIONS, VARIABLES, Deployment, wait_for
from tests.terraform.leftovers import LISTS, NONE_MADE, everything
from tests.terraform.plans import Plan
from tests.terraform.toolchain import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future

Json = Any
pytestmark = pytest.mark.e2e
GAPS: list[Json] = json.loads(Path(__file__).with_name("emulator_gaps.json").read_bytes())
ORDERS = [order(number, amount=5000 if number == 5 else 10) for number in range(20)]
BAD = [order(90, quantity=-1), order(91, currency="usd")]


@pytest.fixture(scope="module")
def deployment(applying: Future[Deployment]) -> Deployment:
    try:
        return applying.result()
    except Unavailable as reason:
        pytest.skip(str(reason))


def items(deployment: Deployment, table: str) -> list[Json]:
    found: list[Json] = deployment.account.client("dynamodb").scan(TableName=deployment.names[table])["Items"]
    return found


def checked(deployment: Deployment) -> set[tuple[str, str, str, bool]]:
    """Return role, action, resource of each call that IAM was asked about, and whether it was allowed."""
    return {tuple(each) for each in deployment.account.ask("checked")}


def test_an_upload_goes_through_what_terraform_made(deployment: Deployment) -> None:
    ended = deployment.upload("orders/first.jsonl", json_lines(*ORDERS, ORDERS[3], *BAD))

    assert ended["status"] == "SUCCEEDED", ended
    counts = json.loads(ended["output"])["counts"]
    assert counts == {"read": 23, "written": 20, "superseded": 1, "quarantined": 2, "alerts": 1}
    assert {item["order_id"]["S"] for item in items(deployment, "ORDERS_TABLE")} == {
        each["order_id"] for each in ORDERS
    }
    (row,) = items(deployment, "FILES_TABLE")
    assert (row["status"]["S"], row["execution"]["S"]) == ("SUCCEEDED", ended["executionArn"])
    assert ended["stateMachineAliasArn"] == deployment.names["STATE_MACHINE_ARN"]


def test_messages_go_through_what_terraform_made(deployment: Deployment) -> None:
    sqs, url = deployment.account.client("sqs"), deployment.names["TRANSACTIONS_URL"]
    minute = {"DataType": "String", "StringValue": "minute:orders:large_order:2026-01-01T12:00"}
    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageAttributes={"statewright-digest": minute})
    nothing = {"DataType": "String", "StringValue": "nothing"}
    sqs.send_message(QueueUrl=url, MessageBody="{}", MessageAttributes={"dataset": nothing})
    for each in (order(200), order(201, quantity=-1)):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(each))

    def refused() -> Json:
        # The reasons are written, and the good one too: it and the request are deleted, the others go back.
        told = [row for row in items(deployment, "TOLD_TABLE") if row["id"]["S"].startswith("message:")]
        written = {item["order_id"]["S"] for item in items(deployment, "ORDERS_TABLE")}
        rows = [row for row in items(deployment, "FILES_TABLE") if row.get("source") == {"S": "messages"}]
        return told if len(told) == 2 and rows and order(200)["order_id"] in written else None

    assert "the contract orders/1 wants minimum: 0" in {row["reason"]["S"] for row in wait_for(refused)}
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def left() -> Json:
        said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return True if [int(said[name]) for name in names] == [0, 2] else None

    assert wait_for(left)


def test_a_schedule_has_the_day_reported(deployment: Deployment) -> None:
    asked = "schedule?group=statewright&name=statewright-every_midnight"
    started = deployment.account.ask(asked)

    def ended() -> Json:
        said = deployment.account.client("stepfunctions").describe_execution(executionArn=started)
        return None if said["status"] == "RUNNING" else said

    said = wait_for(ended)
    assert said["status"] == "SUCCEEDED", said
    place = {"Bucket": deployment.names["OUTPUT_BUCKET"], "Key": "daily-reports/2026-01-01.json"}
    report = json.loads(deployment.account.client("s3").get_object(**place)["Body"].read())
    assert (report["date"], report["files"]["count"]) == ("2026-01-01", 0)


# Rechunk has work from a gigabyte of text on only, and the emulator's engine has no ItemBatcher: what these
# two may do is held against the calls they make in test_least_privilege.py alone.
IDLE = {"statewright-rechunk-us-east-1", "statewright-backfill-machine-us-east-1"}


def test_all_of_it_is_done_under_the_roles_that_terraform_made(deployment: Deployment) -> None:
    asked = checked(deployment)
    roles = {role for role, *_ in asked}

    made = deployment.account.client("iam").list_roles()["Roles"]
    assert {role["RoleName"] for role in made} - roles == IDLE
    assert roles.isdisjoint(IDLE)
    assert [each for each in asked if not each[-1]] == []


@pytest.mark.parametrize(
    "source",
    [
        "arn:aws:states:us-east-1:000000000001:stateMachine:statewright-ingest",
        "arn:aws:states:us-east-1:000000000000:stateMachine:another",
        "arn:aws:events:us-east-1:000000000000:rule/another",
        "arn:aws:scheduler:us-east-1:000000000000:schedule-group/another",
    ],
)
def test_nobody_elses_resource_gets_a_role(deployment: Deployment, source: str) -> None:
    roles = [each["RoleName"] for each in deployment.account.client("iam").list_roles()["Roles"]]
    guarded = [role for role in roles if any(kind in role for kind in ("-machine-", "-rule-", "-schedule-"))]
    assert len(guarded) == 6
    for role in guarded:
        with pytest.raises(HTTPError, match="403"):
            deployment.account.ask(f"credentials?role={role}&source={source}")


def test_a_role_that_may_too_little_is_refused(deployment: Deployment) -> None:
    iam = deployment.account.client("iam")
    (role,) = (each["RoleName"] for each in iam.list_roles()["Roles"] if "notify" in each["RoleName"])
    policy = iam.get_role_policy(RoleName=role, PolicyName="all")["PolicyDocument"]
    hole = [each for each in policy["Statement"] if "sns:Publish" not in each["Action"]]
    assert len(hole) == len(policy["Statement"]) - 1
    put = {"RoleName": role, "PolicyName": "all"}
    iam.put_role_policy(**put, PolicyDocument=json.dumps({**policy, "Statement": hole}))
    try:
        ended = deployment.upload("orders/second.jsonl", json_lines(*ORDERS))
    finally:
        iam.put_role_policy(**put, PolicyDocument=json.dumps(policy))

    # The emulator words every error of a function as Runtime.HandlerError; the class is in its message.
    assert ended["status"] == "FAILED"
    assert "SNS Publish was refused: AuthorizationError" in ended["cause"], ended
    assert {each[:2] for each in checked(deployment) if not each[-1]} == {(role, "sns:Publish")}


def test_a_failure_is_told_to_the_dead_letters_and_recorded(deployment: Deployment) -> None:
    sqs = deployment.account.client("sqs")
    (letter,) = sqs.receive_message(QueueUrl=deployment.names["DEAD_LETTERS_URL"])["Messages"]

    said = json.loads(letter["Body"])
    assert said["file"]["key"] == "orders/second.jsonl"
    assert "AuthorizationError" in said["cause"]
    statuses = {row["file_key"]["S"]: row["status"]["S"] for row in items(deployment, "FILES_TABLE")}
    assert statuses["orders/second.jsonl"] == "FAILED"


@pytest.fixture(scope="module")
def second_plan(deployment: Deployment) -> Json:
    return deployment.planned()


def test_a_second_plan_changes_nothing_but_what_the_emulator_cannot_tell(second_plan: Json) -> None:
    changes = list(differences(second_plan))

    assert [each for each in changes if not any(is_gap(each, gap) for gap in GAPS)] == []
    told = {(gap["resources"], attribute) for gap in GAPS for attribute in gap["attributes"]}
    closed = {gap for gap in told if gap not in {(kind, attribute) for kind, _, attribute in changes}}
    assert closed == set(), "the emulator tells these now: emulator_gaps.json"


def differences(plan: Json) -> Iterator[tuple[str, str, str]]:
    """Yield type, address and attribute of what a plan changes; the attribute `*` is the resource itself."""
    for each in plan.get("resource_changes", []):
        change = each["change"]
        if change["actions"] == ["no-op"]:
            continue
        if change["actions"] != ["update"]:
            yield each["type"], each["address"], "*"
            continue
        for attribute in change["after"].keys() | change["after_unknown"].keys():
            if change["before"].get(attribute) != change["after"].get(attribute):
                yield each["type"], each["address"], attribute


def is_gap(change: tuple[str, str, str], gap: Json) -> bool:
    kind, _, attribute = change
    return fnmatch.fnmatchcase(kind, gap["resources"]) and attribute in gap["attributes"]


def test_alarms_are_made_as_they_are_planned(deployment: Deployment, second_plan: Json) -> None:
    planned = {each["alarm_name"]: each for each in Plan(second_plan).all_of("aws_cloudwatch_metric_alarm")}
    found = deployment.account.client("cloudwatch").describe_alarms()["MetricAlarms"]

    assert {each["AlarmName"] for each in found} == planned.keys()
    for each in found:
        alarm = planned[each["AlarmName"]]
        assert each["AlarmDescription"] == alarm["alarm_description"]
        assert sorted(each["AlarmActions"]) == sorted(alarm["alarm_actions"])
        assert {at["Name"]: at["Value"] for at in each["Dimensions"]} == (alarm["dimensions"] or {})


def test_nothing_stays_when_it_is_destroyed(deployment: Deployment) -> None:
    assert everything(deployment.account).keys() == LISTS.keys() - NONE_MADE

    deployment.terraform("destroy", "-auto-approve", "-refresh=false", *OPTIONS, *VARIABLES)

    assert everything(deployment.account) == {}
