"""Files whose execution was cut off by the end of the local cloud.

Nothing runs when a local cloud starts, so a row of the ledger that says PROCESSING belongs to an execution
that was cut off. It becomes FAILED, with the cause, so that `statewright status` tells of it at once; a later
execution may claim it, and the one that was cut off may go on with it (`statewright.local.ledger`).
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from statewright.local.ledger import INTERRUPTED, LEDGER

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.local.names import Names

CAUSE = "The local cloud stopped while the execution was running; `statewright redrive` lets it go on."

_log = logging.getLogger(__name__)


def mark_interrupted(names: Names, clients: Clients) -> int:
    """Mark the ledger's rows that are still PROCESSING as FAILED; return how many there were."""
    if LEDGER not in names.project.description.tables:
        return 0
    dynamodb, table = clients("dynamodb"), names.of(LEDGER)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    count = 0
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        FilterExpression="#status = :processing",
        ProjectionExpression="file_id",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":processing": {"S": "PROCESSING"}},
    )
    for page in pages:
        for row in page["Items"]:
            dynamodb.update_item(
                TableName=table,
                Key={"file_id": row["file_id"]},
                UpdateExpression="SET #status = :failed, #error = :error, #cause = :cause,"
                " processed_at = :at, processed_day = :day",
                ExpressionAttributeNames={"#status": "status", "#error": "error", "#cause": "cause"},
                ExpressionAttributeValues={
                    ":failed": {"S": "FAILED"},
                    ":error": {"S": INTERRUPTED},
                    ":cause": {"S": CAUSE},
                    ":at": {"S": now},
                    ":day": {"S": now[:10]},
                },
            )
            count += 1
    if count:
        _log.warning("%d files were being ingested when the local cloud stopped", count)
    return count
