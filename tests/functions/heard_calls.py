"""Every call of AWS, where it passes: a method of botocore's client, or a call whose body is ready."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any
from unittest import mock

from botocore.client import BaseClient

from pipeline import ready_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = Any


@contextlib.contextmanager
def heard(around: Callable[[str, str, Json], contextlib.AbstractContextManager[None]]) -> Iterator[None]:
    """Make each call inside of `around`, which is told its service, its operation and its parameters."""
    by_client, answer = BaseClient._make_api_call, ready_calls.Call.answer

    def make_api_call(client: Any, operation: str, parameters: Json) -> Json:
        with around(client.meta.service_model.service_name, operation, parameters):
            return by_client(client, operation, parameters)

    def answered(call: ready_calls.Call) -> Json:
        with around("dynamodb", call.operation, json.loads(call.body)):
            return answer(call)

    with (
        mock.patch.object(BaseClient, "_make_api_call", make_api_call),
        mock.patch.object(ready_calls.Call, "answer", answered),
    ):
        yield
