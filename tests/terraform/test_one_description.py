"""Terraform and the local cloud make the same of pipeline.json and the contracts.

The one is a plan, the other is what statewright.local makes on its emulator. What only one of them has is
named here: see ONLY_LOCAL.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.clients import Clients
from statewright.local.deploy import deploy
from statewright.local.emulator import Emulator
from statewright.local.environment import credentials, function_environment, shell_environment
from statewright.local.names import Names
from statewright.local.pipes import pipes_of
from statewright.local.ports import free_ports
from statewright.project import read_project
from tests.terraform.mocked import PUBLISHED, applied_to_a_mock
from tests.terraform.plans import Json, Plan, block
from tests.terraform.toolchain import ROOT, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

# Environment of functions that Lambda sets on AWS, or that says where this machine has something.
ONLY_LOCAL = {*credentials(), "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SFN", "SCHEMAS_DIR", "NO_PROXY"}
# Providers before 6.8 take no larger messages: the variable max_message_bytes.
LARGEST_OF_THE_PROVIDER = 262_144
# The same of a shell.
ONLY_LOCAL_SHELL = {*credentials(), "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SFN", "AWS_ENDPOINT_URL_LAMBDA"}


@pytest.fixture(scope="module")
def names() -> Names:
    return Names(read_project(ROOT), "https://emulator")


@pytest.fixture(scope="module")
def local(names: Names, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Clients of an emulator that the local cloud has deployed to."""
    folder = tmp_path_factory.mktemp("emulator")
    emulator = Emulator(free_ports(1)[0], folder, folder / "log")
    try:
        emulator.wait_until_ready()
        clients = Clients(emulator.endpoint)
        deploy(names, clients)
        yield clients
    finally:
        emulator.stop()


@pytest.fixture(scope="module")
def applied(workspace: Workspace, names: Names) -> Plan:
    """What is there after an apply in which AWS gives the names that the local cloud gives."""
    return applied_to_a_mock(workspace, names)


def test_buckets_have_the_same_names_versions_events_and_ends(plan: Plan, local: Clients) -> None:
    s3 = local("s3")
    found = {bucket["Name"]: bucket_of(s3, bucket["Name"]) for bucket in s3.list_buckets()["Buckets"]}

    assert {
        values["bucket"]: {
            "versioned": key in plan.of("aws_s3_bucket_versioning"),
            "events": plan.of("aws_s3_bucket_notification").get(key, {}).get("eventbridge", False),
            "days": days_of(plan.of("aws_s3_bucket_lifecycle_configuration")[key]),
        }
        for key, values in plan.of("aws_s3_bucket").items()
    } == found


def bucket_of(s3: Any, name: str) -> Json:
    try:
        rules = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    except s3.exceptions.ClientError:
        rules = []
    notifications = s3.get_bucket_notification_configuration(Bucket=name)
    return {
        "versioned": s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
        "events": "EventBridgeConfiguration" in notifications,
        "days": [rule["Expiration"]["Days"] for rule in rules],
    }


def days_of(lifecycle: Json) -> list[int]:
    expirations = [block(rule, "expiration") for rule in lifecycle["rule"]]
    return [each["days"] for each in expirations if each.get("days")]


def test_tables_have_the_same_keys_indexes_and_time_to_live(plan: Plan, local: Clients) -> None:
    dynamodb = local("dynamodb")
    found = {name: table_of(dynamodb, name) for name in dynamodb.list_tables()["TableNames"]}

    planned = {table["name"]: planned_table(table) for table in plan.of("aws_dynamodb_table").values()}

    assert planned == found
    described = json.loads((ROOT / "pipeline.json").read_bytes())["tables"]
    assert len(planned) == len(described) + len(list((ROOT / "schemas" / "datasets").iterdir()))


def table_of(dynamodb: Any, name: str) -> Json:
    table = dynamodb.describe_table(TableName=name)["Table"]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    indexes = table.get("GlobalSecondaryIndexes", [])
    return {
        "key": [each["AttributeName"] for each in table["KeySchema"]],
        "types": {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]},
        "billing": table["BillingModeSummary"]["BillingMode"],
        "ttl": ttl.get("AttributeName"),
        "indexes": {
            each["IndexName"]: (
                [key["AttributeName"] for key in each["KeySchema"]],
                each["Projection"]["ProjectionType"],
            )
            for each in indexes
        },
    }


def planned_table(table: Json) -> Json:
    return {
        "key": key_of(table),
        "types": {each["name"]: each["type"] for each in table["attribute"]},
        "billing": table["billing_mode"],
        "ttl": block(table, "ttl").get("attribute_name"),
        "indexes": {
            index["name"]: (key_of(index), index["projection_type"])
            for index in table["global_secondary_index"]
        },
    }


def key_of(table: Json) -> list[str]:
    return [name for name in (table["hash_key"], table.get("range_key")) if name]


def test_queues_have_the_same_names_and_attributes(plan: Plan, local: Clients, names: Names) -> None:
    sqs = local("sqs")
    found = {}
    for url in sqs.list_queues()["QueueUrls"]:
        attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        found[url.rpartition("/")[2]] = (
            int(attributes["MessageRetentionPeriod"]),
            int(attributes["VisibilityTimeout"]),
            min(int(attributes["MaximumMessageSize"]), LARGEST_OF_THE_PROVIDER),
            json.loads(attributes.get("RedrivePolicy", "null")),
        )
    # EventBridge of the emulator cannot start executions: its rules fill queues that the local cloud reads.
    for rule in names.project.description.rules:
        del found[names.of(names.events_queue(rule))]

    redrives = {
        key: json.loads(redrive["redrive_policy"])
        for key, redrive in plan.of("aws_sqs_queue_redrive_policy").items()
    }
    assert {
        queue["name"]: (
            queue["message_retention_seconds"],
            queue["visibility_timeout_seconds"],
            queue["max_message_size"],
            redrives.get(key),
        )
        for key, queue in plan.of("aws_sqs_queue").items()
    } == found


def test_pipes_carry_the_same_batches_from_and_to_the_same(applied: Plan, names: Names) -> None:
    found = {}
    for pipe in applied.of("aws_pipes_pipe").values():
        taken = block(block(pipe, "source_parameters"), "sqs_queue_parameters")
        found[pipe["name"]] = (
            pipe["source"],
            pipe["enrichment"].removesuffix(f":{PUBLISHED}"),
            pipe["target"].removesuffix(":live"),
            taken["batch_size"],
            taken["maximum_batching_window_in_seconds"],
        )
    assert found == {
        pipe.name: (
            pipe.queue_arn,
            pipe.function_arn,
            pipe.state_machine_arn,
            pipe.batch_size,
            pipe.window_seconds,
        )
        for pipe in pipes_of(names)
    }


def test_schedules_start_the_same_at_the_same_times_with_the_same_input(applied: Plan, names: Names) -> None:
    found = {}
    for schedule in applied.of("aws_scheduler_schedule").values():
        target = block(schedule, "target")
        found[f"schedule/{schedule['group_name']}/{schedule['name']}"] = (
            schedule["schedule_expression"],
            schedule["schedule_expression_timezone"],
            block(schedule, "flexible_time_window")["mode"],
            target["arn"].removesuffix(":live"),
            json.loads(target["input"]),
            block(target, "dead_letter_config")["arn"],
        )
        assert "<aws.scheduler.scheduled-time>" in target["input"], "Scheduler knows no escapes"
    described = names.project.description.schedules
    assert found == {
        names.schedule_arn(logical).rpartition(":")[2]: (
            schedule.expression,
            "UTC",
            "OFF",
            names.state_machine_arn(schedule.state_machine),
            schedule.input,
            names.queue_arn(schedule.dead_letters),
        )
        for logical, schedule in described.items()
    }


def test_topics_and_parameters_have_the_same_names(plan: Plan, local: Clients) -> None:
    topics = {topic["TopicArn"].rpartition(":")[2] for topic in local("sns").list_topics()["Topics"]}
    parameters = local("ssm").describe_parameters()["Parameters"]

    assert {topic["name"] for topic in plan.of("aws_sns_topic", "topic").values()} == topics
    assert {each["name"]: each["type"] for each in plan.of("aws_ssm_parameter").values()} == {
        each["Name"]: each["Type"] for each in parameters
    }


def test_rules_have_the_same_names_and_patterns(plan: Plan, local: Clients) -> None:
    found = {rule["Name"]: json.loads(rule["EventPattern"]) for rule in local("events").list_rules()["Rules"]}

    rules = plan.of("aws_cloudwatch_event_rule").values()

    assert {rule["name"]: json.loads(rule["event_pattern"]) for rule in rules} == found


def test_functions_have_the_same_limits_handlers_and_environment(applied: Plan, names: Names) -> None:
    environment = function_environment(names, "https://step-functions")
    for variable in ONLY_LOCAL:
        del environment[variable]

    functions = applied.of("aws_lambda_function")

    assert {
        key: (function["function_name"], function["handler"], function["memory_size"], function["timeout"])
        for key, function in functions.items()
    } == {
        key: (names.of(key), f"{key}.handler", function.memory_mb, function.timeout_seconds)
        for key, function in names.project.description.functions.items()
    }
    for function in functions.values():
        assert function["environment"][0]["variables"] == environment


def test_state_machines_have_the_same_definition_but_for_the_versions_of_functions(
    applied: Plan, names: Names
) -> None:
    machines = applied.of("aws_sfn_state_machine")
    assert set(machines) == set(names.project.description.state_machines)
    for key, machine in machines.items():
        described = names.project.description.state_machines[key]
        assert (machine["name"], machine["type"]) == (names.of(key), described.type)
        definition = machine["definition"]
        for function in names.project.description.functions:
            arn = names.function_arn(function)
            assert f'{arn}"' not in definition, "a definition names versions"
            published = f"{arn}:{PUBLISHED}"
            definition = definition.replace(published, arn)
        assert json.loads(definition) == json.loads(names.definition(key))


def test_commands_find_the_same_names_in_both(applied: Plan, names: Names) -> None:
    local = shell_environment(names, "https://step-functions")

    outputs = applied.document["planned_values"]["outputs"]["environment"]["value"]

    assert set(outputs) == set(local) - ONLY_LOCAL_SHELL | {"AWS_REGION"}
    # On AWS everybody starts the alias.
    aliases = {name for name in outputs if name.endswith("STATE_MACHINE_ARN")}
    assert {name: outputs[name] for name in outputs.keys() - aliases} == {
        name: local[name] for name in outputs.keys() - aliases
    }
