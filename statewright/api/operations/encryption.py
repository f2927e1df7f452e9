"""Encryption settings of state machines and activities: AWS's own key, which asks nothing of us."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.api.errors import ApiError, not_supported

if TYPE_CHECKING:
    from statewright.api.operations.types import Request

OWNED = "AWS_OWNED_KEY"


def check_encryption(operation: str, request: Request) -> None:
    """Raise ApiError for a key of the customer's, or for settings of one beside AWS's own."""
    encryption = request.get("encryptionConfiguration", {"type": OWNED})
    if encryption["type"] != OWNED:
        raise not_supported(f"encryptionConfiguration type {encryption['type']}", operation)
    for name in ("kmsKeyId", "kmsDataKeyReusePeriodSeconds"):
        if name in encryption:
            raise ApiError(
                "InvalidEncryptionConfiguration", f"{name} cannot be specified with the type {OWNED}"
            )
