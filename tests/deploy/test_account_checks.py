"""What the doctor finds in an account."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from statewright.deploy.account import Account, find_account
from statewright.deploy.account_checks import (
    Look,
    buckets,
    concurrency,
    look_at_account,
    names,
    subscriptions,
    widest_map,
)
from statewright.project import read_project
from tests.deploy.conftest import REGION

PROJECT = read_project(Path(__file__).resolve().parents[2])
ACCOUNT = "123456789012"  # moto's


class Lambda:
    """What is asked of Lambda here: a quota, and functions by their names."""

    def __init__(self, unreserved: int, functions: tuple[str, ...] = ()) -> None:
        self.unreserved, self.functions = unreserved, functions

    def get_account_settings(self) -> Any:
        return {"AccountLimit": {"UnreservedConcurrentExecutions": self.unreserved}}

    def get_function(self, **asked: str) -> Any:
        if asked["FunctionName"] not in self.functions:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": ""}}, "GetFunction")
        return {}


class Denied(Lambda):
    def get_account_settings(self) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountSettings")


def look(shell: pytest.MonkeyPatch, functions: Lambda | None = None, *, deployed: bool | None) -> Look:
    """Return a look at moto's account, whose Lambda is the one given."""
    found = find_account()
    own = functions or Lambda(1000)
    asked = Account.client
    shell.setattr(Account, "client", lambda self, name: own if name == "lambda" else asked(self, name))
    return Look(PROJECT, found, "statewright", deployed)


def client(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=REGION)


def test_arns_begin_as_those_of_the_one_who_asks() -> None:
    abroad = Account(ACCOUNT, f"arn:aws-cn:iam::{ACCOUNT}:user/somebody", "cn-north-1", boto3.Session())

    assert abroad.arn_of("sns") == f"arn:aws-cn:sns:cn-north-1:{ACCOUNT}"


def test_the_widest_map_is_that_of_the_workflow() -> None:
    assert widest_map(PROJECT) == 40


@pytest.mark.parametrize(("unreserved", "state"), [(10, "wrong"), (40, "note"), (139, "note"), (140, "ok")])
def test_too_few_functions_at_once_are_told_with_the_quota_to_raise(
    unreserved: int, state: str, shell: pytest.MonkeyPatch
) -> None:
    (found,) = concurrency(look(shell, Lambda(unreserved), deployed=True))

    assert found.state == state
    assert f"{unreserved} functions may run at once, and the widest Map starts 40" in found.said
    assert ("--quota-code L-B99A9384" in found.remedy) == (state != "ok")


def test_a_fresh_account_has_nothing_in_the_way(shell: pytest.MonkeyPatch) -> None:
    found = list(look_at_account(look(shell, deployed=False)))

    assert [each.state for each in found] == ["ok"] * 4
    assert found[0].said.startswith(f"account {ACCOUNT}, region {REGION}")


def test_names_that_others_have_taken_are_each_told(shell: pytest.MonkeyPatch) -> None:
    client("sqs").create_queue(QueueName="statewright-dead_letters")
    client("dynamodb").create_table(
        TableName="statewright-orders",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client("logs").create_log_group(logGroupName="/aws/lambda/statewright-enrich")
    client("logs").create_log_group(logGroupName="/aws/lambda/statewright-others")
    taken = Lambda(1000, ("statewright-notify",))

    (found,) = names(look(shell, taken, deployed=False))

    assert found.state == "wrong"
    assert found.said.partition("there are ")[2].split(", ") == [
        "function statewright-notify",
        "log group /aws/lambda/statewright-enrich",
        "queue statewright-dead_letters",
        "table statewright-orders",
    ]
    assert [each.state for each in names(look(shell, taken, deployed=True))] == ["ok"]


def test_a_bucket_that_is_there_already_is_told(shell: pytest.MonkeyPatch) -> None:
    bucket = f"statewright-raw-{ACCOUNT}-{REGION}"
    location: Any = {"LocationConstraint": REGION}
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=location)

    (found,) = buckets(look(shell, deployed=False))

    assert (found.state, bucket in found.said) == ("wrong", True)
    assert "bucket_suffix" in found.remedy
    assert [each.state for each in buckets(look(shell, deployed=True))] == ["ok"]


def test_topics_that_nobody_hears_of_are_told(shell: pytest.MonkeyPatch) -> None:
    sns = client("sns")
    topics = {
        name: sns.create_topic(Name=f"statewright-{name}")["TopicArn"] for name in ("notifications", "alarms")
    }
    here = look(shell, deployed=True)

    assert {(each.state, each.said) for each in subscriptions(here)} == {
        ("wrong", "nobody hears of notifications: nobody subscribed"),
        ("wrong", "nobody hears of alarms: nobody subscribed"),
    }

    sns.subscribe(TopicArn=topics["alarms"], Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{ACCOUNT}:q")
    assert [each.state for each in subscriptions(here)] == ["wrong", "ok"]


def test_a_subscription_that_waits_for_its_confirmation_is_told(shell: pytest.MonkeyPatch) -> None:
    here = look(shell, deployed=True)

    class Waiting:
        def get_paginator(self, name: str) -> Any:
            return self

        def paginate(self, **asked: str) -> Any:
            return [{"Subscriptions": [{"SubscriptionArn": "PendingConfirmation"}]}]

    shell.setattr(Account, "client", lambda self, name: Waiting())

    found = list(subscriptions(here))

    assert {each.said.split(": ")[1] for each in found} == {"1 have not confirmed yet"}
    assert found[0].remedy == "confirm by the link in the mail"


def test_what_may_not_be_read_is_said_and_the_rest_is_looked_at(shell: pytest.MonkeyPatch) -> None:
    found = list(look_at_account(look(shell, Denied(0), deployed=False)))

    assert [each.state for each in found] == ["ok", "note", "ok", "ok"]
    assert "AccessDenied" in found[1].said


def test_without_terraforms_state_names_are_not_judged(shell: pytest.MonkeyPatch) -> None:
    found = list(look_at_account(look(shell, deployed=None)))

    assert [(each.check, each.state) for each in found] == [
        ("account", "ok"),
        ("names", "note"),
        ("concurrency", "ok"),
    ]
