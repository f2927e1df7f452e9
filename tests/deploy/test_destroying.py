"""What stands between a deployment and its end is told before anything goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from statewright.deploy.account import find_account
from statewright.deploy.destroying import hindrances
from tests.deploy.conftest import REGION

if TYPE_CHECKING:
    import pytest


def plan(*resources: tuple[str, dict[str, Any]]) -> str:
    module = {
        "resources": [{"mode": "managed", "type": kind, "values": values} for kind, values in resources]
    }
    return json.dumps({"prior_state": {"values": {"root_module": {"child_modules": [module]}}}})


def bucket(name: str, *, versioned: bool = False) -> Any:
    s3: Any = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if versioned:
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_a_protected_table_is_named(shell: pytest.MonkeyPatch) -> None:
    tables = [
        ("aws_dynamodb_table", {"name": "shop-files", "deletion_protection_enabled": True}),
        ("aws_dynamodb_table", {"name": "shop-orders", "deletion_protection_enabled": False}),
    ]

    assert hindrances(plan(*tables), find_account()) == ["the table shop-files is protected"]


def test_a_bucket_with_anything_in_it_is_named_also_where_all_is_deleted(shell: pytest.MonkeyPatch) -> None:
    bucket("full").put_object(Bucket="full", Key="k", Body=b"x")
    deleted = bucket("deleted", versioned=True)
    deleted.put_object(Bucket="deleted", Key="k", Body=b"x")
    deleted.delete_object(Bucket="deleted", Key="k")
    bucket("empty")
    bucket("forced").put_object(Bucket="forced", Key="k", Body=b"x")
    buckets = [
        ("aws_s3_bucket", {"bucket": name, "force_destroy": name == "forced"})
        for name in ("full", "deleted", "empty", "forced", "gone-already")
    ]

    assert hindrances(plan(*buckets), find_account()) == [
        "the bucket full holds objects",
        "the bucket deleted holds objects",
    ]


def test_a_deployment_that_is_not_there_hinders_nothing(shell: pytest.MonkeyPatch) -> None:
    assert hindrances("{}", find_account()) == []
