"""Every operation of Step Functions through the AWS CLI, against the engine's API."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name

from statewright.api import create_app
from statewright.engine import Engine
from statewright.engine.functions import LocalFunctions
from tests.api.conftest import HANDLERS, sfn_client
from tests.api.every_operation import MODEL, REQUESTS, World
from tests.api.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator

CREDENTIALS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "any",
    "AWS_SECRET_ACCESS_KEY": "any",
    "AWS_MAX_ATTEMPTS": "1",
    # Else StartSyncExecution and TestState go to sync-127.0.0.1, which no name server knows.
    "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    async def make() -> Any:
        functions = LocalFunctions(HANDLERS)
        engine = Engine(functions=functions, clients=lambda service: None)
        return create_app(engine, functions), engine.close

    with served(make) as url:
        yield url


@pytest.fixture(scope="module")
def world(endpoint: str) -> Iterator[World]:
    made = World(sfn_client(endpoint))
    yield made
    made.close()


def answer(aws: str, endpoint: str, operation: str, request: dict[str, Any]) -> tuple[int, str, str]:
    command = xform_name(operation, "-")
    done = subprocess.run(
        [aws, "stepfunctions", command, "--no-paginate", "--cli-input-json", json.dumps(request)],
        env={**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL_SFN": endpoint},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_each_operation_is_answered_to_the_command_line(aws: str, endpoint: str, world: World) -> None:
    def call(operation: str) -> tuple[str, int, str, str]:
        return operation, *answer(aws, endpoint, operation, REQUESTS[operation](world))

    with ThreadPoolExecutor(3) as threads:
        answers = list(threads.map(call, MODEL.operation_names))
    assert [(operation, error) for operation, code, _, error in answers if code != 0] == []
    for operation, _, text, _ in answers:
        told = json.loads(text or "{}")
        shape = MODEL.operation_model(operation).output_shape
        assert told.keys() <= shape.members.keys(), operation
        assert set(shape.required_members) <= told.keys(), operation
