"""Answers that the emulator leaves out are completed as AWS gives them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.stub import Stubber

from statewright.local.emulator_answers import assume_default_types, complete_answers, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator

GOOD = {"Source": "shop", "DetailType": "order", "Detail": '{"id": 1}'}
EVENT_ID = "11710aed-b79e-4468-a20b-bb3c0c3b4860"


def client_of(service: str) -> Any:
    make: Any = boto3.client
    client = make(
        service,
        endpoint_url="http://127.0.0.1:9",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(response_checksum_validation="when_required"),
    )
    complete_answers(client)
    return client


def test_an_object_tells_its_encryption() -> None:
    client = client_of("s3")
    with Stubber(client) as stub:
        stub.add_response("head_object", {"ContentLength": 1})
        answer = client.head_object(Bucket="b", Key="k")
    assert answer["ServerSideEncryption"] == "AES256"


def test_an_encryption_that_is_told_stays() -> None:
    client = client_of("s3")
    with Stubber(client) as stub:
        stub.add_response("head_object", {"ServerSideEncryption": "aws:kms"})
        answer = client.head_object(Bucket="b", Key="k")
    assert answer["ServerSideEncryption"] == "aws:kms"


def test_an_error_of_s3_tells_no_encryption() -> None:
    client = client_of("s3")
    with Stubber(client) as stub:
        stub.add_client_error("head_object", "404", http_status_code=404)
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.head_object(Bucket="b", Key="k")
    assert "ServerSideEncryption" not in caught.value.response


@pytest.mark.parametrize(
    ("told", "taken"), [("application/octet-stream", "binary/octet-stream"), ("text/csv", "text/csv")]
)
def test_the_type_of_untyped_uploads_is_s3s_where_that_is_assumed(told: str, taken: str) -> None:
    client = client_of("s3")
    assume_default_types(client)
    with Stubber(client) as stub:
        stub.add_response("head_object", {"ContentType": told})
        assert client.head_object(Bucket="b", Key="k")["ContentType"] == taken


@pytest.mark.parametrize("missing", ["Source", "DetailType", "Detail"])
def test_an_entry_without_a_required_argument_is_refused(missing: str) -> None:
    found = refusal({name: value for name, value in GOOD.items() if name != missing})
    assert found == {
        "ErrorCode": "InvalidArgument",
        "ErrorMessage": f"Parameter {missing} is not valid. Reason: {missing} is a required argument.",
    }


@pytest.mark.parametrize("detail", ['"text"', "[]", "{", "[" * 100_000])
def test_a_detail_that_is_no_object_is_refused(detail: str) -> None:
    assert refusal({**GOOD, "Detail": detail}) == {
        "ErrorCode": "MalformedDetail",
        "ErrorMessage": "Detail is malformed.",
    }


def test_only_good_entries_are_sent_and_answers_stand_in_the_callers_order() -> None:
    client = client_of("events")
    bad = {**GOOD, "Detail": json.dumps("text")}
    sent: list[Any] = []
    with Stubber(client) as stub:
        client.meta.events.register(
            "before-parameter-build.events.PutEvents", lambda params, **_: sent.append(params)
        )
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": EVENT_ID}]})
        answer = client.put_events(Entries=[bad, GOOD])
    assert sent == [{"Entries": [GOOD]}]
    assert answer["FailedEntryCount"] == 1
    assert [*answer["Entries"][0], *answer["Entries"][1]] == ["ErrorCode", "ErrorMessage", "EventId"]


def test_entries_that_are_all_refused_are_not_sent() -> None:
    client = client_of("events")
    answer = client.put_events(Entries=[{"Detail": "{}", "DetailType": "order"}])  # nothing listens at port 9
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "InvalidArgument"


def test_the_secrets_of_a_connection_are_told_where_it_has_no_secret_of_its_own() -> None:
    client = client_of("events")
    parameters = {"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "not a secret"}}
    told = json.dumps({"Name": "c", "ConnectionState": "AUTHORIZED", "AuthParameters": parameters}).encode()

    class Raw:
        def stream(self, **_: Any) -> Iterator[bytes]:
            yield told

    client.meta.events.register(
        "before-send.events", lambda request, **_: AWSResponse(request.url, 200, HTTPHeaders(), Raw())
    )
    assert client.describe_connection(Name="c")["AuthParameters"] == parameters
