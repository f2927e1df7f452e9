"""Environment variables: those of the functions, and those that point AWS tools at the local cloud."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from statewright.local.clients import ACCESS_KEY, SECRET_KEY
from statewright.local.names import REGION, Names

if TYPE_CHECKING:
    from collections.abc import Mapping

# What would send a tool elsewhere or sign with something else: it comes before what is exported.
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
SERVICES = ("S3", "DYNAMODB", "SQS", "SNS", "EVENTBRIDGE", "SCHEDULER", "SSM", "STS", "KMS", "CLOUDWATCH")
UNSET = (
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    *(f"AWS_ENDPOINT_URL_{service}" for service in SERVICES),
)
PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
EXAMPLE_DATASET = "user_activity"  # the dataset whose table is plain TABLE_NAME


def credentials() -> dict[str, str]:
    """Return the region and the credentials that the emulator takes; they open nothing else."""
    return {
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }


def function_environment(names: Names, sfn_endpoint: str) -> dict[str, str]:
    """Return what the functions find in their environment, beside what Lambda sets."""
    description = names.project.description
    buckets = {f"{name.upper()}_BUCKET": names.bucket(name) for name in description.buckets}
    topics = {f"{name.upper()}_TOPIC_ARN": names.topic_arn(name) for name in description.topics}
    parameters = {f"{name.upper()}_PARAMETER": names.parameter(name) for name in description.parameters}
    tables = {f"{name.upper()}_TABLE": names.of(name) for name in description.tables}
    queues = {f"{name.upper()}_URL": names.queue_url(name) for name in description.queues}
    return {
        **credentials(),
        **buckets,
        **queues,
        **topics,
        **parameters,
        **tables,
        "AWS_ENDPOINT_URL": names.endpoint,
        "AWS_ENDPOINT_URL_SFN": sfn_endpoint,
        "TABLE_PREFIX": names.of(""),
        "SCHEMAS_DIR": str(names.project.root / "schemas"),
        "POWERTOOLS_SERVICE_NAME": description.name,
        "POWERTOOLS_METRICS_NAMESPACE": description.name,
        "LOG_LEVEL": "INFO",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def shell_environment(
    names: Names, sfn_endpoint: str, before: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return what makes plain `aws` commands and boto3 meet the local cloud, and the names they need.

    `before` is the environment of the shell: where it has a proxy, loopback is taken out of its hands.
    """
    description = names.project.description
    found = {
        "AWS_ENDPOINT_URL": names.endpoint,
        "AWS_ENDPOINT_URL_SFN": sfn_endpoint,
        "AWS_ENDPOINT_URL_LAMBDA": sfn_endpoint,
        **credentials(),
    }
    machines = list(description.state_machines)
    found |= {f"{name.upper()}_STATE_MACHINE_ARN": names.state_machine_arn(name) for name in machines}
    if machines:
        found["STATE_MACHINE_ARN"] = names.state_machine_arn(machines[0])
    found |= {f"{name.upper()}_BUCKET": names.bucket(name) for name in description.buckets}
    if "raw" in description.buckets:
        found["BUCKET"] = names.bucket("raw")
    if EXAMPLE_DATASET in names.project.datasets:
        found["TABLE_NAME"] = names.of(EXAMPLE_DATASET)
    found |= {f"{name.upper()}_TABLE": names.of(name) for name in names.tables()}
    found |= {f"{name.upper()}_URL": names.queue_url(name) for name in description.queues}
    found |= _without_proxy(before or {})
    return found | {f"{name.upper()}_TOPIC_ARN": names.topic_arn(name) for name in description.topics}


def _without_proxy(before: Mapping[str, str]) -> dict[str, str]:
    if not any(before.get(name) for name in PROXIES):
        return {}
    hosts = [host for host in before.get("no_proxy", before.get("NO_PROXY", "")).split(",") if host]
    hosts += [host for host in ("127.0.0.1", "localhost") if host not in hosts]
    return dict.fromkeys(("NO_PROXY", "no_proxy"), ",".join(hosts))


def shell_lines(environment: Mapping[str, str]) -> list[str]:
    """Return the lines that a POSIX shell evaluates."""
    exports = [f"export {name}={shlex.quote(value)}" for name, value in environment.items()]
    return [*exports, f"unset {' '.join(UNSET)}"]
