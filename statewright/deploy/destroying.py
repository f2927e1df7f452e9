"""What stands between a deployment and its end: protected tables, and buckets that hold objects.

Half a destruction is worse than none, so this is looked at before anything goes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.deploy.account import Account


def hindrances(plan: str, account: Account) -> list[str]:
    """Return what would stop a destruction in its middle, in words; `plan` is `terraform show -json` of it.

    Raises botocore's errors.
    """
    s3 = account.client("s3")
    found = []
    for resource in _resources(
        json.loads(plan).get("prior_state", {}).get("values", {}).get("root_module", {})
    ):
        values = resource.get("values", {})
        if resource["type"] == "aws_dynamodb_table" and values.get("deletion_protection_enabled"):
            found.append(f"the table {values['name']} is protected")
        if resource["type"] == "aws_s3_bucket" and not values.get("force_destroy"):
            found += [f"the bucket {values['bucket']} holds objects"] if _holds(s3, values["bucket"]) else []
    return found


def _resources(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (each for each in module.get("resources", []) if each.get("mode") == "managed")
    for child in module.get("child_modules", []):
        yield from _resources(child)


def _holds(s3: Any, bucket: str) -> bool:
    """Return whether a bucket holds an object, an old version of one, or the mark of a deleted one."""
    try:
        answer = s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    except s3.exceptions.NoSuchBucket:
        return False
    return bool(answer.get("Versions") or answer.get("DeleteMarkers"))
