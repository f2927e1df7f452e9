"""The clients of AWS, made when first used, and what their failures mean here."""

from __future__ import annotations

import functools
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.errors import PipelineError, ServiceRefused, ServiceUnavailable, Throttled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

# botocore tries a call this often before we see its failure; the workflow's Retry comes on top.
ATTEMPTS = 4
CONNECT_SECONDS = 5
READ_SECONDS = 30
# Threads that read ahead share one client; each needs a connection.
CONNECTIONS = 16

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, S3's and SNS's
THROTTLES = frozenset({
    "LimitExceededException", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttled", "ThrottledException",
    "Throttling", "ThrottlingException", "TooManyRequestsException",
})  # fmt: skip
UNAVAILABLE = frozenset({
    "InternalError", "InternalFailure", "InternalServerError", "RequestTimeout",
    "RequestTimeoutException", "ServiceUnavailable", "TransactionInProgressException",
})  # fmt: skip


@functools.cache
def session() -> Any:
    """Return this process's botocore session."""
    import botocore.session

    return botocore.session.get_session()


def _client(service: str, **options: Any) -> Any:
    from botocore.config import Config

    config = Config(
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        max_pool_connections=CONNECTIONS,
        **options,
    )
    return session().create_client(service, config=config)


@functools.cache
def s3() -> S3Client:
    """Return this process's S3 client."""
    return _client("s3")  # type: ignore[no-any-return]


@functools.cache
def dynamodb() -> DynamoDBClient:
    """Return this process's DynamoDB client."""
    return _client("dynamodb")  # type: ignore[no-any-return]


@functools.cache
def sns() -> SNSClient:
    """Return this process's SNS client."""
    return _client("sns")  # type: ignore[no-any-return]


@functools.cache
def sqs() -> SQSClient:
    """Return this process's SQS client."""
    return _client("sqs")  # type: ignore[no-any-return]


@functools.cache
def ssm() -> SSMClient:
    """Return this process's Systems Manager client."""
    return _client("ssm")  # type: ignore[no-any-return]


@functools.cache
def step_functions() -> SFNClient:
    """Return this process's Step Functions client."""
    return _client("stepfunctions")  # type: ignore[no-any-return]


def code_of(error: Exception) -> str:
    """Return the error code of a botocore ClientError as the service names it, else the error's own name."""
    response: dict[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", type(error).__name__))


@contextmanager
def calling(call: str) -> Iterator[None]:
    """Turn botocore's failures of one call into ours: Throttled, ServiceUnavailable or ServiceRefused."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise meaning(call, error) from error
    except BotoCoreError as error:
        raise meaning_of_failure(call, error) from error


def meaning(call: str, error: Exception) -> PipelineError:
    """Say what a ClientError means."""
    response: dict[str, Any] = getattr(error, "response", {})
    code = code_of(error)
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in THROTTLES or status == 429:
        return Throttled(f"{call}: {code}")
    if code in UNAVAILABLE or status >= 500:
        return ServiceUnavailable(f"{call}: {code}")
    return ServiceRefused(call, code)


def meaning_of_failure(call: str, error: Exception) -> PipelineError:
    """Say what a BotoCoreError means: a connection that failed may work later, anything else will not."""
    from botocore import exceptions

    broken = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)
    if isinstance(error, broken):
        return ServiceUnavailable(f"{call}: {type(error).__name__}")
    return ServiceRefused(call, type(error).__name__)
