"""A plan keeps every rule, and each rule finds the hole that it is there for."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING

import pytest

from tests.terraform.answers import SECRET
from tests.terraform.plans import Json, Plan, statements
from tests.terraform.policies import findings

if TYPE_CHECKING:
    from collections.abc import Callable


def test_the_plan_of_a_first_deployment_has_no_hole(plan: Plan) -> None:
    assert findings(plan) == []


def test_no_secret_is_in_a_plan(plan: Plan) -> None:
    assert "pseudonym_key" in plan.of("aws_ssm_parameter")
    assert SECRET not in json.dumps(plan.document)


def without_tls(values: Json) -> None:
    kept = [each for each in statements(values["policy"]) if each["Effect"] != "Deny"]
    values["policy"] = json.dumps({"Statement": kept})


def with_a_stranger(values: Json) -> None:
    policy = json.loads(values["policy"])
    guest = {"Sid": "Guest", "Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    values["policy"] = json.dumps({"Statement": [*policy["Statement"], guest]})


def without_rules(name: str) -> Callable[[Json], None]:
    def remove(values: Json) -> None:
        values["rule"] = [rule for rule in values["rule"] if rule["id"] != name]

    return remove


# resource (type and key), what is done to its values (None: it is not there), what is found
HOLES: list[tuple[str, str, Callable[[Json], object] | None, str]] = [
    ("aws_s3_bucket_public_access_block", "output", None, "bucket output: public access is not blocked"),
    (
        "aws_s3_bucket_public_access_block",
        "raw",
        lambda values: values.update(block_public_policy=False),
        "bucket raw: public access is not blocked",
    ),
    ("aws_s3_bucket_policy", "raw", None, "bucket raw: takes requests without TLS"),
    ("aws_s3_bucket_policy", "raw", without_tls, "bucket raw: takes requests without TLS"),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        "raw",
        None,
        "bucket raw: is not encrypted",
    ),
    ("aws_s3_bucket_ownership_controls", "raw", None, "bucket raw: objects may have other owners"),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "raw",
        without_rules("unfinished-uploads"),
        "bucket raw: unfinished uploads stay",
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "raw",
        without_rules("old-versions"),
        "bucket raw: old versions stay",
    ),
    (
        "aws_s3_bucket_lifecycle_configuration",
        "staging",
        without_rules("expire"),
        "bucket staging: has neither versions nor an end",
    ),
    ("aws_s3_bucket_versioning", "output", None, "bucket output: has neither versions nor an end"),
    (
        "aws_dynamodb_table",
        "orders",
        lambda values: values.update(point_in_time_recovery=[{"enabled": False}]),
        "table orders: no point-in-time recovery",
    ),
    (
        "aws_dynamodb_table",
        "files",
        lambda values: values.update(deletion_protection_enabled=False),
        "table files: not protected against deletion",
    ),
    (
        "aws_dynamodb_table",
        "files",
        lambda values: values.update(billing_mode="PROVISIONED"),
        "table files: capacity is not on demand",
    ),
    (
        "aws_sqs_queue",
        "dead_letters",
        lambda values: values.update(sqs_managed_sse_enabled=None),
        "queue dead_letters: is not encrypted",
    ),
    ("aws_sqs_queue_policy", "dead_letters", without_tls, "queue dead_letters: takes requests without TLS"),
    (
        "aws_sqs_queue_policy",
        "dead_letters",
        with_a_stranger,
        "aws_sqs_queue_policy dead_letters: Guest lets in others than services of AWS",
    ),
    (
        "aws_sns_topic",
        "notifications",
        lambda values: values.update(kms_master_key_id=None),
        "topic notifications: is not encrypted",
    ),
    ("aws_sns_topic_policy", "alarms", None, "topic alarms: takes requests without TLS"),
    (
        "aws_cloudwatch_event_target",
        "object_created",
        lambda values: values.update(dead_letter_config=[]),
        "rule object_created: no queue takes what cannot be delivered",
    ),
    (
        "aws_sqs_queue",
        "undelivered_events",
        lambda values: values.update(message_retention_seconds=3600),
        "rule object_created: tries longer than its dead letters are kept",
    ),
    (
        "aws_lambda_function",
        "enrich",
        lambda values: values.update(architectures=["x86_64"]),
        "function enrich: not python3.13 on arm64",
    ),
    (
        "aws_lambda_function",
        "enrich",
        lambda values: values.update(timeout=901),
        "function enrich: Lambda ends it before its timeout",
    ),
    (
        "aws_lambda_function",
        "enrich",
        lambda values: values.update(tracing_config=[]),
        "function enrich: no traces",
    ),
    (
        "aws_lambda_function",
        "enrich",
        lambda values: values.update(publish=False),
        "function enrich: has no versions",
    ),
    (
        "aws_cloudwatch_log_group",
        "enrich",
        None,
        "function enrich: has no log group of its own",
    ),
    (
        "aws_cloudwatch_log_group",
        "ingest",
        lambda values: values.update(retention_in_days=0),
        "log group /aws/vendedlogs/states/statewright-ingest: logs stay for ever",
    ),
    (
        "aws_sfn_state_machine",
        "ingest",
        lambda values: values.update(logging_configuration=[{"level": "OFF"}]),
        "state machine ingest: does not log errors",
    ),
    (
        "aws_sfn_state_machine",
        "ingest",
        lambda values: values.update(tracing_configuration=[{"enabled": False}]),
        "state machine ingest: no traces",
    ),
    (
        "aws_sfn_state_machine",
        "ingest",
        lambda values: values.update(publish=False),
        "state machine ingest: has no versions",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "ingest_failed",
        None,
        "state machine ingest: no alarm for ExecutionsFailed",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "ingest_failed",
        lambda values: values.update(alarm_actions=[]),
        "alarm statewright-ingest_failed: tells nobody",
    ),
    (
        "aws_sqs_queue",
        "rejected_transactions",
        lambda values: values.update(message_retention_seconds=345_600),
        "queue rejected_transactions: keeps dead letters no longer than they have waited in transactions",
    ),
    (
        "aws_sqs_queue",
        "rejected_transactions",
        lambda values: values.update(max_message_size=1024),
        "queue rejected_transactions: does not take every message of transactions",
    ),
    (
        "aws_sqs_queue_redrive_allow_policy",
        "rejected_transactions",
        lambda values: values.update(redrive_allow_policy='{"redrivePermission": "denyAll"}'),
        "queue rejected_transactions: does not take dead letters of transactions",
    ),
    (
        "aws_sqs_queue_redrive_allow_policy",
        "dead_letters",
        lambda values: values.update(redrive_allow_policy='{"redrivePermission": "allowAll"}'),
        "queue dead_letters: any queue may make it its dead letters",
    ),
    (
        "aws_sqs_queue_redrive_policy",
        "transactions",
        None,
        "pipe transactions: a message that always fails comes back for ever",
    ),
    (
        "aws_sqs_queue",
        "transactions",
        lambda values: values.update(visibility_timeout_seconds=1799),
        "pipe transactions: its messages show themselves while they are worked on",
    ),
    (
        "aws_sqs_queue",
        "transactions",
        lambda values: values.update(sqs_managed_sse_enabled=None),
        "queue transactions: is not encrypted",
    ),
    (
        "aws_pipes_pipe",
        "transactions",
        lambda values: values.update(
            target_parameters=[
                {"step_function_state_machine_parameters": [{"invocation_type": "FIRE_AND_FORGET"}]}
            ]
        ),
        "pipe transactions: does not wait for its executions",
    ),
    (
        "aws_pipes_pipe",
        "transactions",
        lambda values: values["log_configuration"][0].update(level="OFF"),
        "pipe transactions: does not log errors",
    ),
    (
        "aws_pipes_pipe",
        "transactions",
        lambda values: values["log_configuration"][0].update(include_execution_data=["ALL"]),
        "pipe transactions: logs hold records",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "transactions_pipe_failed",
        None,
        "pipe transactions: no alarm for ExecutionFailed",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "transactions",
        None,
        "queue transactions: no alarm for ApproximateAgeOfOldestMessage",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "stream_failed",
        None,
        "state machine stream: no alarm for ExecutionsFailed",
    ),
    (
        "aws_scheduler_schedule",
        "every_midnight",
        lambda values: values["target"][0].update(dead_letter_config=[]),
        "schedule every_midnight: no queue takes what cannot be delivered",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "daily_report",
        lambda values: values.update(treat_missing_data="notBreaching"),
        "schedule every_midnight: nobody hears that it leads to nothing",
    ),
    (
        "aws_cloudwatch_metric_alarm",
        "daily_report_failed",
        lambda values: values.update(alarm_name="statewright-daily_report_missing"),
        "aws_cloudwatch_metric_alarm: two are called statewright-daily_report_missing",
    ),
    (
        "aws_s3_bucket",
        "raw",
        lambda values: values.update(bucket=64 * "b"),
        "aws_s3_bucket raw: its name is longer than 63",
    ),
]


@pytest.mark.parametrize(("kind", "key", "hole", "finding"), HOLES, ids=[hole[3] for hole in HOLES])
def test_a_hole_is_found(
    plan: Plan, kind: str, key: str, hole: Callable[[Json], object] | None, finding: str
) -> None:
    document = copy.deepcopy(plan.document)
    module = document["planned_values"]["root_module"]
    mine = [
        each
        for each in module["resources"]
        if each["type"] == kind and each.get("index", each["name"]) == key
    ]
    assert mine
    if hole is None:
        module["resources"] = [each for each in module["resources"] if each not in mine]
    else:
        for each in mine:
            hole(each["values"])

    assert finding in findings(Plan(document))
