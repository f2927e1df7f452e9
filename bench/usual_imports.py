"""What a function in Python usually imports, and the clients that ours use."""

from __future__ import annotations

import aws_lambda_powertools.event_handler
import aws_lambda_powertools.utilities.batch
import aws_lambda_powertools.utilities.data_classes
import aws_lambda_powertools.utilities.idempotency
import aws_lambda_powertools.utilities.parameters
import aws_lambda_powertools.utilities.typing  # noqa: F401
import boto3
import jsonschema  # noqa: F401
import orjson  # noqa: F401
from aws_lambda_powertools import Logger, Metrics, Tracer  # noqa: F401

CLIENTS: list[object] = [
    boto3.client("s3"),
    boto3.client("dynamodb"),
    boto3.client("sns"),
    boto3.client("sqs"),
    boto3.client("ssm"),
    boto3.client("stepfunctions"),
]
