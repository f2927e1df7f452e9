"""Content types of objects on the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from statewright.local.clients import Clients
from statewright.local.emulator import Emulator
from statewright.local.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("emulator")
    emulator = Emulator(free_ports(1)[0], folder, folder / "log")
    emulator.wait_until_ready()
    client = Clients(emulator.endpoint)("s3")
    client.create_bucket(Bucket="raw")
    yield client
    emulator.stop()


def test_an_object_uploaded_without_a_type_has_s3s_own(s3: Any) -> None:
    s3.put_object(Bucket="raw", Key="a b/c", Body=b"text")
    assert s3.get_object(Bucket="raw", Key="a b/c")["ContentType"] == "binary/octet-stream"


@pytest.mark.parametrize("given", ["application/octet-stream", "text/csv"])
def test_a_type_that_is_given_stays(s3: Any, given: str) -> None:
    s3.put_object(Bucket="raw", Key="typed", Body=b"text", ContentType=given)
    assert s3.get_object(Bucket="raw", Key="typed")["ContentType"] == given


def test_an_upload_in_parts_has_s3s_own_type(s3: Any) -> None:
    upload = s3.create_multipart_upload(Bucket="raw", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="raw", Key="parts", UploadId=upload, PartNumber=1, Body=b"text")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket="raw", Key="parts", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket="raw", Key="parts")["ContentType"] == "binary/octet-stream"


def test_tags_and_settings_are_left_alone(s3: Any) -> None:
    s3.put_object(Bucket="raw", Key="tagged", Body=b"text", ContentType="text/plain")
    s3.put_object_tagging(Bucket="raw", Key="tagged", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_object(Bucket="raw", Key="tagged")["ContentType"] == "text/plain"
    assert s3.get_object_tagging(Bucket="raw", Key="tagged")["TagSet"] == [{"Key": "a", "Value": "b"}]
