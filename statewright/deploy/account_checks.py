"""What an account needs for a deployment, and what is in the way of one. Everything here only reads."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from statewright.deploy.checks import Finding, note, ok, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from statewright.deploy.account import Account
    from statewright.project import Project

# Lambda keeps so many for functions without a reservation:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
UNRESERVED = 100
CONCURRENCY_QUOTA = "L-B99A9384"
NOT_THERE = {
    "404",
    "NoSuchBucket",
    "ResourceNotFoundException",
    "StateMachineDoesNotExist",
    "QueueDoesNotExist",
    "AWS.SimpleQueueService.NonExistentQueue",
    "ParameterNotFound",
}
NOT_OURS = {"403", "301"}


@dataclass(frozen=True)
class Look:
    """What a look at an account is for: a deployment called `name`.

    `deployed` says whether Terraform has made it already, None where that cannot be known.
    """

    project: Project
    account: Account
    name: str
    deployed: bool | None


def look_at_account(look: Look) -> Iterator[Finding]:
    """Yield what is found in the account; what may not be read is said so."""
    yield ok("account", f"account {look.account.id}, region {look.account.region}, as {look.account.arn}")
    checks: list[tuple[str, Callable[[Look], Iterator[Finding]]]] = [
        ("concurrency", concurrency),
        ("names", names),
        ("buckets", buckets),
        ("subscriptions", subscriptions),
    ]
    if look.deployed is None:
        yield note(
            "names",
            "Terraform is not initialised here, so its state does not tell what is deployed",
            "statewright deploy --plan",
        )
        checks = checks[:1]
    for check, look_at in checks:
        try:
            yield from look_at(look)
        except (BotoCoreError, ClientError) as error:
            yield note(check, f"could not be looked at: {error}", "ask for the right to read it")


def concurrency(look: Look) -> Iterator[Finding]:
    """Hold Lambda's quota against what the widest Map of the workflows starts at once."""
    limit = look.account.client("lambda").get_account_settings()["AccountLimit"]
    found, wanted = limit["UnreservedConcurrentExecutions"], widest_map(look.project)
    said = f"{found:,} functions may run at once, and the widest Map starts {wanted}"
    if found >= wanted + UNRESERVED:
        yield ok("concurrency", said)
        return
    yield (wrong if found < wanted else note)(
        "concurrency",
        said,
        f"request more: aws service-quotas request-service-quota-increase --service-code lambda"
        f" --quota-code {CONCURRENCY_QUOTA} --desired-value 1000",
    )


def widest_map(project: Project) -> int:
    """Return the largest MaxConcurrency of the workflows."""
    machines = project.description.state_machines.values()
    documents = [json.loads((project.root / each.definition).read_bytes()) for each in machines]
    return max((each for document in documents for each in _concurrencies(document)), default=1)


def _concurrencies(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        if isinstance(value.get("MaxConcurrency"), int):
            yield value["MaxConcurrency"]
        for each in value.values():
            yield from _concurrencies(each)
    elif isinstance(value, list):
        for each in value:
            yield from _concurrencies(each)


def names(look: Look) -> Iterator[Finding]:
    """Look for resources that have the names already though Terraform has not made them."""
    if look.deployed:
        yield ok("names", f"{look.name} is deployed here")
        return
    taken = sorted(_taken(look))
    if not taken:
        yield ok("names", f"nothing here is called {look.name}-…")
        return
    yield wrong(
        "names",
        f"Terraform has made nothing yet, but there are {', '.join(taken)}",
        "use the state of Terraform that made them, another --environment, or `terraform import`",
    )


def _taken(look: Look) -> Iterator[str]:
    description, client = look.project.description, look.account.client
    arns = f"{look.account.arn_of('states')}:stateMachine:"
    kinds: list[tuple[str, Iterable[str], Callable[[str], Any]]] = [
        ("function", description.functions, lambda name: client("lambda").get_function(FunctionName=name)),
        (
            "table",
            (*description.tables, *look.project.datasets),
            lambda name: client("dynamodb").describe_table(TableName=name),
        ),
        ("queue", description.queues, lambda name: client("sqs").get_queue_url(QueueName=name)),
        (
            "state machine",
            description.state_machines,
            lambda name: client("stepfunctions").describe_state_machine(stateMachineArn=arns + name),
        ),
    ]
    for kind, logicals, ask in kinds:
        for logical in logicals:
            if _is_there(ask, name := f"{look.name}-{logical}"):
                yield f"{kind} {name}"
    yield from _log_groups(look)


def _log_groups(look: Look) -> Iterator[str]:
    """Yield the functions' log groups: Lambda makes one itself where a function once ran without."""
    prefix = f"/aws/lambda/{look.name}-"
    pages = (
        look.account.client("logs").get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix)
    )
    wanted = {prefix + logical for logical in look.project.description.functions}
    found = {group["logGroupName"] for page in pages for group in page["logGroups"]}
    yield from (f"log group {name}" for name in wanted & found)


def _is_there(ask: Callable[[str], Any], name: str) -> bool:
    try:
        ask(name)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return False
        raise
    return True


def buckets(look: Look) -> Iterator[Finding]:
    """Look whether somebody, in whatever account, has the buckets' names."""
    s3, taken = look.account.client("s3"), []
    for logical in look.project.description.buckets:
        bucket = f"{look.name}-{logical}-{look.account.id}-{look.account.region}".replace("_", "-")
        try:
            s3.head_bucket(Bucket=bucket)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in NOT_OURS:
                taken.append(f"{bucket} (another account's)")
            elif code not in NOT_THERE:
                raise
        else:
            if not look.deployed:
                taken.append(bucket)
    if not taken:
        yield ok("buckets", "the buckets' names are free or this deployment's")
        return
    yield wrong(
        "buckets",
        f"these buckets are there: {', '.join(taken)}",
        "set the variable bucket_suffix, or use Terraform's state that made them",
    )


def subscriptions(look: Look) -> Iterator[Finding]:
    """Look whether anybody hears of failures and alarms."""
    if not look.deployed:
        return
    sns = look.account.client("sns")
    prefix = f"{look.account.arn_of('sns')}:{look.name}-"
    for topic in (*look.project.description.topics, "alarms"):
        found = sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=f"{prefix}{topic}")
        arns = [each["SubscriptionArn"] for page in found for each in page["Subscriptions"]]
        confirmed = [arn for arn in arns if arn.startswith("arn:")]
        if confirmed:
            yield ok("subscriptions", f"{len(confirmed)} hear of {topic}")
            continue
        waiting = f"{len(arns)} have not confirmed yet" if arns else "nobody subscribed"
        yield wrong(
            "subscriptions",
            f"nobody hears of {topic}: {waiting}",
            "confirm by the link in the mail" if arns else "set notification_emails and alarm_emails",
        )
