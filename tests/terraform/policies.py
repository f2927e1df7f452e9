"""What every plan of terraform/ must hold to; each rule yields its findings in words.

for finding in findings(plan): ...
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.terraform.plans import Json, Plan, block, statements
from tests.terraform.toolchain import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DESCRIPTION: Json = json.loads((ROOT / "pipeline.json").read_bytes())
RULES: list[Callable[[Plan], Iterator[str]]] = []
DEAD_LETTER_SECONDS = 1_209_600  # SQS's longest: two weeks to look
MAX_FUNCTION_SECONDS = 900  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
LOG_LEVELS = {"ERROR", "ALL"}
PUBLIC_ACCESS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
# Transitions of EXPRESS executions have no quota:
# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
EXECUTION_METRICS = {
    "STANDARD": {"ExecutionsFailed", "ExecutionsTimedOut", "ExecutionThrottled"},
    "EXPRESS": {"ExecutionsFailed", "ExecutionsTimedOut"},
}
PIPE_METRICS = {"ExecutionFailed", "ExecutionTimeout", "ExecutionThrottled"}
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
VISIBILITY_FACTOR = 6
QUEUE_METRICS = {"ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage"}
# Longest names: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
NAMES = {
    "aws_s3_bucket": ("bucket", 63),
    "aws_lambda_function": ("function_name", 64),
    "aws_iam_role": ("name", 64),
    "aws_sfn_state_machine": ("name", 80),
    "aws_sqs_queue": ("name", 80),
    "aws_cloudwatch_event_rule": ("name", 64),
    "aws_pipes_pipe": ("name", 64),
    "aws_scheduler_schedule": ("name", 64),
}


def findings(plan: Plan) -> list[str]:
    """Return everything that the rules have to say against a plan."""
    return [finding for rule in RULES for finding in rule(plan)]


def rule(check: Callable[[Plan], Iterator[str]]) -> Callable[[Plan], Iterator[str]]:
    """Add a rule."""
    RULES.append(check)
    return check


@rule
def buckets_are_closed(plan: Plan) -> Iterator[str]:
    """No bucket is public, each takes TLS alone and encrypts what it holds."""
    blocks = plan.of("aws_s3_bucket_public_access_block")
    policies = plan.of("aws_s3_bucket_policy")
    encryptions = plan.of("aws_s3_bucket_server_side_encryption_configuration")
    owners = plan.of("aws_s3_bucket_ownership_controls")
    for key in plan.of("aws_s3_bucket"):
        if not all(blocks.get(key, {}).get(name) for name in PUBLIC_ACCESS):
            yield f"bucket {key}: public access is not blocked"
        if not takes_tls_alone(policies.get(key, {}).get("policy")):
            yield f"bucket {key}: takes requests without TLS"
        default = block(block(encryptions.get(key, {}), "rule"), "apply_server_side_encryption_by_default")
        if not default.get("sse_algorithm"):
            yield f"bucket {key}: is not encrypted"
        if block(owners.get(key, {}), "rule").get("object_ownership") != "BucketOwnerEnforced":
            yield f"bucket {key}: objects may have other owners"


@rule
def nothing_stays_in_buckets_for_ever_by_accident(plan: Plan) -> Iterator[str]:
    """Unfinished uploads and old versions go; what has no versions and no end is said by name."""
    lifecycles = plan.of("aws_s3_bucket_lifecycle_configuration")
    versioned = plan.of("aws_s3_bucket_versioning")
    for key in plan.of("aws_s3_bucket"):
        rules = [each for each in lifecycles.get(key, {}).get("rule", []) if each["status"] == "Enabled"]
        if not any(block(each, "abort_incomplete_multipart_upload") for each in rules):
            yield f"bucket {key}: unfinished uploads stay"
        old = [block(each, "noncurrent_version_expiration") for each in rules]
        if key in versioned and not any(each.get("noncurrent_days") for each in old):
            yield f"bucket {key}: old versions stay"
        ends = any(block(each, "expiration").get("days") for each in rules)
        if key not in versioned and not ends:
            yield f"bucket {key}: has neither versions nor an end"


@rule
def tables_can_be_restored(plan: Plan) -> Iterator[str]:
    """A table is backed up, cannot be deleted by a slip, and costs nothing while nobody writes."""
    for key, table in plan.of("aws_dynamodb_table").items():
        if not block(table, "point_in_time_recovery").get("enabled"):
            yield f"table {key}: no point-in-time recovery"
        if not table["deletion_protection_enabled"]:
            yield f"table {key}: not protected against deletion"
        if table["billing_mode"] != "PAY_PER_REQUEST":
            yield f"table {key}: capacity is not on demand"


@rule
def queues_and_topics_are_closed(plan: Plan) -> Iterator[str]:
    """They encrypt, take TLS alone, and let in no stranger."""
    policies = plan.of("aws_sqs_queue_policy")
    for key, queue in plan.of("aws_sqs_queue").items():
        if not (queue.get("sqs_managed_sse_enabled") or queue.get("kms_master_key_id")):
            yield f"queue {key}: is not encrypted"
        if not takes_tls_alone(policies.get(key, {}).get("policy")):
            yield f"queue {key}: takes requests without TLS"
    for key, topic in plan.of("aws_sns_topic", "topic").items():
        if not topic.get("kms_master_key_id"):
            yield f"topic {key}: is not encrypted"
    policies = plan.of("aws_sns_topic_policy")
    for key in plan.of("aws_sns_topic"):
        if not takes_tls_alone(policies.get(key, {}).get("policy")):
            yield f"topic {key}: takes requests without TLS"


@rule
def strangers_are_let_in_nowhere(plan: Plan) -> Iterator[str]:
    """A resource's policy allows services of AWS alone, and these for one source."""
    for kind in ("aws_s3_bucket_policy", "aws_sqs_queue_policy", "aws_sns_topic_policy"):
        for key, resource in plan.of(kind).items():
            for statement in statements(resource.get("policy")):
                if statement["Effect"] == "Allow" and set(statement["Principal"]) != {"Service"}:
                    yield f"{kind} {key}: {statement['Sid']} lets in others than services of AWS"
                if statement["Effect"] == "Allow" and "aws:Source" not in str(statement.get("Condition")):
                    yield f"{kind} {key}: {statement['Sid']} takes any source"


@rule
def dead_letters_wait_as_long_as_they_can(plan: Plan) -> Iterator[str]:
    """A queue of dead letters keeps them two weeks, longer than anybody tries before."""
    queues = plan.of("aws_sqs_queue")
    targets = [(f"rule {key}", each) for key, each in plan.of("aws_cloudwatch_event_target").items()]
    schedules = plan.of("aws_scheduler_schedule")
    targets += [(f"schedule {key}", block(each, "target")) for key, each in schedules.items()]
    by_arn_end = {queue["name"]: key for key, queue in queues.items()}
    for name, target in targets:
        letters = by_arn_end.get(str(block(target, "dead_letter_config").get("arn")).rpartition(":")[2])
        if letters is None:
            yield f"{name}: no queue takes what cannot be delivered"
            continue
        kept = queues[letters]["message_retention_seconds"]
        if kept < DEAD_LETTER_SECONDS:
            yield f"queue {letters}: keeps dead letters {kept} seconds"
        if block(target, "retry_policy").get("maximum_event_age_in_seconds", 86_400) >= kept:
            yield f"{name}: tries longer than its dead letters are kept"


@rule
def a_message_is_tried_and_then_kept(plan: Plan) -> Iterator[str]:
    """What a pipe cannot work off goes to dead letters that take it and nothing else, and keep it longer."""
    queues = plan.of("aws_sqs_queue")
    by_name = {queue["name"]: key for key, queue in queues.items()}
    redrives = {key: json.loads(each["redrive_policy"]) for key, each in _redrives(plan).items()}
    takes = {key: _sources(each) for key, each in plan.of("aws_sqs_queue_redrive_allow_policy").items()}
    for key, redrive in redrives.items():
        queue, letters = queues[key], by_name[_last(redrive["deadLetterTargetArn"])]
        if queues[letters]["message_retention_seconds"] <= queue["message_retention_seconds"]:
            yield f"queue {letters}: keeps dead letters no longer than they have waited in {key}"
        if queues[letters]["max_message_size"] < queue["max_message_size"]:
            yield f"queue {letters}: does not take every message of {key}"
        if queue["name"] not in (takes.get(letters) or set()):
            yield f"queue {letters}: does not take dead letters of {key}"
    redriven = {queues[key]["name"] for key in redrives}
    for key in queues:
        allowed = takes.get(key)
        if allowed is None or allowed - redriven:
            yield f"queue {key}: any queue may make it its dead letters"
    for key, pipe in plan.of("aws_pipes_pipe").items():
        if by_name[_last(pipe["source"])] not in redrives:
            yield f"pipe {key}: a message that always fails comes back for ever"


@rule
def nobody_receives_a_message_that_is_worked_on(plan: Plan) -> Iterator[str]:
    """A queue hides a message six times as long as its pipe's enrichment and execution may take."""
    queues = {queue["name"]: queue for queue in plan.of("aws_sqs_queue").values()}
    for key, pipe in plan.of("aws_pipes_pipe").items():
        described = DESCRIPTION["pipes"][key]
        execution = json.loads((ROOT / _definition_of(described["state_machine"])).read_bytes())
        longest = (
            plan.of("aws_lambda_function")[described["enrichment"]]["timeout"] + execution["TimeoutSeconds"]
        )
        if queues[_last(pipe["source"])]["visibility_timeout_seconds"] < VISIBILITY_FACTOR * longest:
            yield f"pipe {key}: its messages show themselves while they are worked on"


@rule
def pipes_wait_and_tell(plan: Plan) -> Iterator[str]:
    """A pipe waits for its executions, or failed messages would be deleted; it logs errors, and no data."""
    groups = {group["name"] for group in plan.all_of("aws_cloudwatch_log_group")}
    for key, pipe in plan.of("aws_pipes_pipe").items():
        target = block(block(pipe, "target_parameters"), "step_function_state_machine_parameters")
        if target.get("invocation_type") != "REQUEST_RESPONSE":
            yield f"pipe {key}: does not wait for its executions"
        logging = block(pipe, "log_configuration")
        group = block(logging, "cloudwatch_logs_log_destination").get("log_group_arn", "")
        if logging.get("level") not in ("ERROR", "INFO", "TRACE") or _last(group) not in groups:
            yield f"pipe {key}: does not log errors"
        if logging.get("include_execution_data"):
            yield f"pipe {key}: logs hold records"


@rule
def functions_run_as_they_are_meant_to(plan: Plan) -> Iterator[str]:
    """One runtime and architecture, versions, traces, logs of their own that end some day."""
    groups = {group["name"] for group in plan.all_of("aws_cloudwatch_log_group")}
    for key, function in plan.of("aws_lambda_function").items():
        if (function["runtime"], function["architectures"]) != ("python3.13", ["arm64"]):
            yield f"function {key}: not python3.13 on arm64"
        if not function["publish"]:
            yield f"function {key}: has no versions"
        if function["timeout"] > MAX_FUNCTION_SECONDS:
            yield f"function {key}: Lambda ends it before its timeout"
        if block(function, "tracing_config").get("mode") != "Active":
            yield f"function {key}: no traces"
        if block(function, "logging_config").get("log_group") not in groups:
            yield f"function {key}: has no log group of its own"


@rule
def logs_end_some_day(plan: Plan) -> Iterator[str]:
    """A log group without retention is paid for ever."""
    for group in plan.all_of("aws_cloudwatch_log_group"):
        if not group.get("retention_in_days"):
            yield f"log group {group['name']}: logs stay for ever"


@rule
def executions_can_be_looked_into(plan: Plan) -> Iterator[str]:
    """State machines have versions, log their errors, and are traced."""
    for key, machine in plan.of("aws_sfn_state_machine").items():
        logging = block(machine, "logging_configuration")
        if logging.get("level") not in LOG_LEVELS:
            yield f"state machine {key}: does not log errors"
        if not block(machine, "tracing_configuration").get("enabled"):
            yield f"state machine {key}: no traces"
        if not machine["publish"]:
            yield f"state machine {key}: has no versions"


@rule
def somebody_is_told(plan: Plan) -> Iterator[str]:
    """Every state machine and queue has its alarms, and every alarm tells somebody."""
    watched: dict[str, set[str]] = {}
    for alarm in plan.all_of("aws_cloudwatch_metric_alarm"):
        if not alarm.get("alarm_actions"):
            yield f"alarm {alarm['alarm_name']}: tells nobody"
        for dimension in (alarm.get("dimensions") or {}).values():
            watched.setdefault(dimension.rpartition(":")[2], set()).add(alarm["metric_name"])
    for key, machine in plan.of("aws_sfn_state_machine").items():
        for metric in sorted(EXECUTION_METRICS[machine["type"]] - watched.get(machine["name"], set())):
            yield f"state machine {key}: no alarm for {metric}"
    for key, pipe in plan.of("aws_pipes_pipe").items():
        for metric in sorted(PIPE_METRICS - watched.get(pipe["name"], set())):
            yield f"pipe {key}: no alarm for {metric}"
    for key, queue in plan.of("aws_sqs_queue").items():
        for metric in sorted(QUEUE_METRICS - watched.get(queue["name"], set())):
            yield f"queue {key}: no alarm for {metric}"


@rule
def somebody_hears_of_a_schedule_that_leads_to_nothing(plan: Plan) -> Iterator[str]:
    """Where no execution of what a schedule starts succeeds, an alarm rings: no data is no success."""
    alarms = [
        each
        for each in plan.all_of("aws_cloudwatch_metric_alarm")
        if each["metric_name"] == "ExecutionsSucceeded" and each["treat_missing_data"] == "breaching"
    ]
    watched = {_last(each["dimensions"]["StateMachineArn"]) for each in alarms}
    for key in plan.of("aws_scheduler_schedule"):
        machine = plan.of("aws_sfn_state_machine")[DESCRIPTION["schedules"][key]["state_machine"]]
        if machine["name"] not in watched:
            yield f"schedule {key}: nobody hears that it leads to nothing"


@rule
def nothing_is_named_twice(plan: Plan) -> Iterator[str]:
    """AWS takes a second alarm, or a second role, of one name for the first."""
    for kind, attribute in (("aws_cloudwatch_metric_alarm", "alarm_name"), ("aws_iam_role", "name")):
        names = [each[attribute] for each in plan.all_of(kind)]
        for name in sorted({each for each in names if names.count(each) > 1}):
            yield f"{kind}: two are called {name}"


@rule
def names_are_short_enough(plan: Plan) -> Iterator[str]:
    """AWS would refuse a longer name only while it is applied."""
    for kind, (attribute, longest) in NAMES.items():
        for key, resource in plan.of(kind).items():
            if len(resource.get(attribute) or "") > longest:
                yield f"{kind} {key}: its name is longer than {longest}"


def takes_tls_alone(policy: str | None) -> bool:
    """Say whether a policy refuses everybody who comes without TLS."""
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] in ("*", {"AWS": "*"})
        and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in statements(policy)
    )


def _redrives(plan: Plan) -> dict[str, Json]:
    return plan.of("aws_sqs_queue_redrive_policy")


def _sources(allowed: Json) -> set[str] | None:
    said = json.loads(allowed["redrive_allow_policy"])
    if said["redrivePermission"] == "allowAll":
        return None
    return {_last(arn) for arn in said.get("sourceQueueArns", ())}


def _last(arn: str) -> str:
    return arn.rpartition(":")[2]


def _definition_of(machine: str) -> str:
    return str(DESCRIPTION["state_machines"][machine]["definition"])
