"""What there is in an account, by kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from statewright.local.names import ACCOUNT

if TYPE_CHECKING:
    from tests.terraform.account import Account

# kind -> service, operation of boto3 and its arguments, the list in its answer
LISTS: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "alarms": ("cloudwatch", "describe_alarms", {}, "MetricAlarms"),
    "buckets": ("s3", "list_buckets", {}, "Buckets"),
    "budgets": ("budgets", "describe_budgets", {"AccountId": ACCOUNT}, "Budgets"),
    "dashboards": ("cloudwatch", "list_dashboards", {}, "DashboardEntries"),
    "functions": ("lambda", "list_functions", {}, "Functions"),
    "keys": ("kms", "list_keys", {}, "Keys"),
    "log groups": ("logs", "describe_log_groups", {}, "logGroups"),
    "parameters": ("ssm", "describe_parameters", {}, "Parameters"),
    "pipes": ("pipes", "list_pipes", {}, "Pipes"),
    "policies": ("iam", "list_policies", {"Scope": "Local"}, "Policies"),
    "queues": ("sqs", "list_queues", {}, "QueueUrls"),
    "roles": ("iam", "list_roles", {}, "Roles"),
    "rules": ("events", "list_rules", {}, "Rules"),
    "schedule groups": ("scheduler", "list_schedule_groups", {"NamePrefix": "statewright"}, "ScheduleGroups"),
    "schedules": ("scheduler", "list_schedules", {}, "Schedules"),
    "secrets": ("secretsmanager", "list_secrets", {}, "SecretList"),
    "state machines": ("stepfunctions", "list_state_machines", {}, "stateMachines"),
    "subscriptions": ("sns", "list_subscriptions", {}, "Subscriptions"),
    "tables": ("dynamodb", "list_tables", {}, "TableNames"),
    "topics": ("sns", "list_topics", {}, "Topics"),
}
# What this deployment makes none of: a budget and subscriptions need somebody's mail address, keys are the
# team's own, roles have policies of their own alone.
NONE_MADE = {"budgets", "keys", "policies", "secrets", "subscriptions"}


def everything(account: Account) -> dict[str, list[Any]]:
    """List all that there is, kinds of which there is nothing left out."""
    found = {
        kind: getattr(account.client(service), operation)(**arguments).get(name, [])
        for kind, (service, operation, arguments, name) in LISTS.items()
    }
    return {kind: each for kind, each in found.items() if each}
