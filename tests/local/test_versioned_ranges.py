"""Ranged reads of object versions on the emulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from statewright.local.clients import Clients
from statewright.local.emulator import Emulator
from statewright.local.ports import free_ports
from statewright.local.versioned_ranges import bounds

if TYPE_CHECKING:
    from collections.abc import Iterator

BODY = bytes(range(256)) * 4096  # 1 MiB, more than one message of the server


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("emulator")
    emulator = Emulator(free_ports(1)[0], folder, folder / "log")
    emulator.wait_until_ready()
    client = Clients(emulator.endpoint)("s3")
    client.create_bucket(Bucket="raw")
    client.put_bucket_versioning(Bucket="raw", VersioningConfiguration={"Status": "Enabled"})
    yield client
    emulator.stop()


@pytest.fixture(scope="module")
def version(s3: Any) -> str:
    version: str = s3.put_object(Bucket="raw", Key="a b", Body=BODY)["VersionId"]
    s3.put_object(Bucket="raw", Key="a b", Body=b"newer")
    return version


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9", 0, 10),
        ("bytes=100-524388", 100, 524_389),
        ("bytes=1048000-", 1_048_000, 1_048_576),
        ("bytes=1048000-99999999", 1_048_000, 1_048_576),
        ("bytes=-7", 1_048_569, 1_048_576),
    ],
)
def test_a_range_of_a_pinned_version_is_that_range_alone(
    s3: Any, version: str, asked: str, start: int, end: int
) -> None:
    answer = s3.get_object(Bucket="raw", Key="a b", VersionId=version, Range=asked)

    assert answer["Body"].read() == BODY[start:end]
    assert answer["ContentRange"] == f"bytes {start}-{end - 1}/{len(BODY)}"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206


def test_a_range_behind_the_end_of_a_version_is_refused(s3: Any, version: str) -> None:
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="raw", Key="a b", VersionId=version, Range="bytes=1048576-")

    assert caught.value.response["Error"]["Code"] == "InvalidRange"
    assert s3.get_object(Bucket="raw", Key="a b")["Body"].read() == b"newer"


def test_what_asks_for_no_range_of_a_version_is_left_alone(s3: Any, version: str) -> None:
    assert s3.get_object(Bucket="raw", Key="a b", VersionId=version)["Body"].read() == BODY
    assert s3.get_object(Bucket="raw", Key="a b", Range="bytes=1-2")["Body"].read() == b"ew"
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="raw", Key="a b", VersionId="no-such-version", Range="bytes=0-1")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_bounds_are_those_of_http() -> None:
    assert bounds((b"0", b""), 5) == (0, 5)
    assert bounds((b"", b"9"), 5) == (0, 5)
    assert bounds((b"", b"0"), 5) is None
    assert bounds((b"3", b"2"), 5) is None
    assert bounds((b"5", b""), 5) is None


def test_versions_are_listed_by_prefixes_beyond_ascii(s3: Any) -> None:
    s3.put_object(Bucket="raw", Key="b+c%20ü 😀", Body=b"x")
    listed = s3.list_object_versions(Bucket="raw", Prefix="b+c%20ü")["Versions"]
    assert [each["Key"] for each in listed] == ["b+c%20ü 😀"]
