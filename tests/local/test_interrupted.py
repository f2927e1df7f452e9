"""Files whose execution was cut off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.local.deploy import deploy
from statewright.local.interrupted import mark_interrupted

if TYPE_CHECKING:
    from statewright.local.clients import Clients
    from statewright.local.names import Names


def test_a_row_left_processing_becomes_failed_and_others_stay(names: Names, clients: Clients) -> None:
    deploy(names, clients)
    dynamodb, table = clients("dynamodb"), names.of("files")
    for file_id, status in (("a", "PROCESSING"), ("b", "SUCCEEDED"), ("c", "FAILED")):
        dynamodb.put_item(
            TableName=table,
            Item={"file_id": {"S": file_id}, "status": {"S": status}, "file_key": {"S": "orders/x"}},
        )

    assert mark_interrupted(names, clients) == 1

    rows = {row["file_id"]["S"]: row for row in dynamodb.scan(TableName=table)["Items"]}
    assert {name: row["status"]["S"] for name, row in rows.items()} == {
        "a": "FAILED",
        "b": "SUCCEEDED",
        "c": "FAILED",
    }
    assert rows["a"]["error"]["S"] == "Interrupted"
    assert rows["a"]["file_key"]["S"] == "orders/x"
    assert rows["a"]["processed_at"]["S"].startswith(rows["a"]["processed_day"]["S"])
    assert "error" not in rows["b"]
    assert mark_interrupted(names, clients) == 0
