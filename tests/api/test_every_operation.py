"""Every operation that botocore knows of Step Functions is answered, in the shape that botocore knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore import xform_name

from tests.api.every_operation import MODEL, REQUESTS, World, faults

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def world(sfn: Any) -> Iterator[World]:
    made = World(sfn)
    yield made
    made.close()


def test_there_is_a_request_for_each_operation():
    assert sorted(REQUESTS) == sorted(MODEL.operation_names)


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_each_operation_is_answered_in_its_shape(sfn, world, operation):
    answer = getattr(sfn, xform_name(operation))(**REQUESTS[operation](world))
    assert faults(operation, answer) == ""


def test_an_operation_that_aws_does_not_have_is_refused_by_name(endpoint):
    import urllib.error
    import urllib.request

    request = urllib.request.Request(
        endpoint, b"{}", {"X-Amz-Target": "AWSStepFunctions.MakeCoffee"}, method="POST"
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    assert b"UnknownOperationException" in caught.value.read()
    caught.value.close()
