"""The table `told`: which alerts people were told of, how many a minute, and why messages were refused.

    alert:<digest>                     an alert: which file tells of it, since when, whether it is one of the
                                       single ones; `told_at` when it was told
    minute:<dataset>:<rule>:<minute>   how many alerts of a rule a minute had, how many are for its digest
    message:<message id>               why a message went back to its queue; `put_aside_by` is the group whose
                                       quarantine has it

Rows expire: what is told again after so long is news. Each is written so that a second try changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from pipeline.aws import calling, code_of, dynamodb
from pipeline.errors import Throttled
from pipeline.items import typed, typed_record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from pipeline.shapes import Refusal

# Messages live 14 days at most, in the queue and in its dead letters; reasons outlive them.
KEEP_SECONDS = 30 * 86_400
# An EXPRESS execution lives five minutes: who claimed an alert longer ago and has not told of it is dead.
# https://docs.aws.amazon.com/step-functions/latest/dg/choosing-workflow-type.html
LEASE_SECONDS = 300
# TellDigests lives no longer (pipeline.json): who began to tell of a minute longer ago is dead.
TELLING_SECONDS = 60
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html and its like
READ_ROWS = 100
WRITE_ROWS = 25
TRANSACTION_ROWS = 100
ROUNDS = 8


class Minute(NamedTuple):
    """A rule's minute; `rest` of its alerts belong into a digest, `told` of these are in one already."""

    id: str
    dataset: str
    rule: str
    severity: str
    minute: str
    rest: int
    told: int


def minute_id(dataset: str, rule: str, at: datetime) -> str:
    """Return the id of the row of a rule's minute; `at` is in UTC."""
    return f"minute:{dataset}:{rule}:{at:%Y-%m-%dT%H:%M}"


def put_aside_by(table: str, messages: Iterable[str]) -> dict[str, str]:
    """Return the ids of the groups that have put messages aside, by message."""
    ids = [f"message:{message}" for message in dict.fromkeys(messages)]
    found = (row for part in _parts(ids, READ_ROWS) for row in _read(table, part))
    return {
        row["id"]["S"].removeprefix("message:"): row["put_aside_by"]["S"]
        for row in found
        if "put_aside_by" in row
    }


def keep_reasons(
    table: str, refusals: Sequence[Refusal], at: datetime, put_aside_by: Mapping[str, str] | None = None
) -> None:
    """Write down why messages were refused, and which group has put them aside, where one has."""
    groups = put_aside_by or {}
    rows = {
        refusal["message"]: {
            "id": f"message:{refusal['message']}",
            **({"put_aside_by": groups[refusal["message"]]} if refusal["message"] in groups else {}),
            "rule": refusal["rule"],
            "pointer": refusal["pointer"],
            "reason": refusal["reason"],
            "refused_at": int(at.timestamp()),
            "expires_at": int(at.timestamp()) + KEEP_SECONDS,
        }
        for refusal in refusals
    }
    _write(table, list(rows.values()))


class Claimed(NamedTuple):
    """Alerts that are to be told: `chosen` one by one, as an earlier try has decided, `new` as there is room.

    `singles` were told one by one by an earlier try.
    """

    chosen: list[str]
    new: list[str]
    singles: list[str]


def claim(table: str, alerts: Iterable[str], file: str, at: datetime) -> Claimed:
    """Claim alerts for a file, or a group of messages: those that nobody has told of, or is about to."""
    claimed = Claimed([], [], [])
    for alert in dict.fromkeys(alerts):
        row, is_ours = _claim(table, alert, file, int(at.timestamp()))
        single = "single" in row and row["file"]["S"] == file
        if is_ours:
            (claimed.chosen if "single" in row else claimed.new).append(alert)
        elif single and "told_at" in row:
            claimed.singles.append(alert)
    return claimed


def _claim(table: str, alert: str, file: str, now: int) -> tuple[Mapping[str, Any], bool]:
    """Return the row of an alert, and whether it is this file's to tell."""
    from botocore.exceptions import ClientError

    key = {"id": typed(f"alert:{alert}")}
    values = {":file": file, ":now": now, ":end": now + KEEP_SECONDS, ":dead": now - LEASE_SECONDS}
    with calling("DynamoDB UpdateItem"):
        try:
            answer = dynamodb().update_item(
                TableName=table,
                Key=key,
                UpdateExpression="SET #file = :file, since = :now, expires_at = :end",
                ConditionExpression="attribute_not_exists(id)"
                " OR attribute_not_exists(told_at) AND (#file = :file OR since < :dead)",
                ExpressionAttributeNames={"#file": "file"},
                ExpressionAttributeValues={name: typed(value) for name, value in values.items()},
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
        else:
            return answer["Attributes"], True
    with calling("DynamoDB GetItem"):
        return dynamodb().get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {}), False


def choose(table: str, alerts: Sequence[str]) -> None:
    """Write down that alerts are going to be told one by one, whoever does it in the end."""
    for alert in alerts:
        _update(
            table,
            f"alert:{alert}",
            "SET single = :yes",
            "attribute_not_exists(told_at)",  # a call that comes late undoes nothing
            {":yes": True},
        )


def _update(table: str, row: str, update: str, condition: str, values: Mapping[str, Any]) -> None:
    """Change a row, unless the condition fails."""
    from botocore.exceptions import ClientError

    with calling("DynamoDB UpdateItem"):
        try:
            dynamodb().update_item(
                TableName=table,
                Key={"id": typed(row)},
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues={name: typed(value) for name, value in values.items()},
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise


def _alert(alert: str, file: str, now: int) -> dict[str, Any]:
    return {"id": f"alert:{alert}", "file": file, "expires_at": now + KEEP_SECONDS}


def mark(table: str, alerts: Sequence[str], file: str, at: datetime) -> None:
    """Write down that people were told of alerts one by one."""
    now = int(at.timestamp())
    _write(table, [{**_alert(alert, file, now), "told_at": now, "single": True} for alert in alerts])


def mark_summed(table: str, alerts: Sequence[str], file: str, at: datetime) -> None:
    """Write down that a file's summary counts alerts."""
    now = int(at.timestamp())
    _write(table, [{**_alert(alert, file, now), "told_at": now} for alert in alerts])


def ask(table: str, minute: str, alerts: int, at: datetime) -> int:
    """Count alerts of a rule's minute; return how many there were before."""
    with calling("DynamoDB UpdateItem"):
        answer = dynamodb().update_item(
            TableName=table,
            Key={"id": typed(minute)},
            UpdateExpression="SET expires_at = :end ADD asked :alerts",
            ExpressionAttributeValues={
                ":alerts": typed(alerts),
                ":end": typed(int(at.timestamp()) + KEEP_SECONDS),
            },
            ReturnValues="UPDATED_NEW",
        )
    return int(answer["Attributes"]["asked"]["N"]) - alerts


def leave_to_digest(
    table: str, minute: str, about: Mapping[str, str], alerts: Sequence[str], file: str, at: datetime
) -> None:
    """Mark alerts as told and count them for the minute's digest, both or none.

    `about` says dataset, rule and severity. A part that was done by an earlier try is not done again.
    """
    for part in _parts(alerts, TRANSACTION_ROWS - 1):
        _leave(table, minute, about, part, file, int(at.timestamp()))


def _leave(
    table: str, minute: str, about: Mapping[str, str], alerts: Sequence[str], file: str, now: int
) -> None:
    from botocore.exceptions import ClientError

    marks: list[Any] = [
        {
            "Put": {
                "TableName": table,
                "Item": typed_record({**_alert(alert, file, now), "told_at": now, "minute": minute}),
                "ConditionExpression": "attribute_not_exists(told_at)",
            }
        }
        for alert in alerts
    ]
    names = ", ".join(f"#{name} = :{name}" for name in about)
    count: Any = {
        "Update": {
            "TableName": table,
            "Key": {"id": typed(minute)},
            "UpdateExpression": f"SET {names} ADD #rest :rest",
            "ExpressionAttributeNames": {"#rest": "rest", **{f"#{name}": name for name in about}},
            "ExpressionAttributeValues": {
                ":rest": typed(len(alerts)),
                **{f":{name}": typed(text) for name, text in about.items()},
            },
        }
    }
    with calling("DynamoDB TransactWriteItems"):
        try:
            dynamodb().transact_write_items(TransactItems=[*marks, count])
        except ClientError as error:
            left = _still_untold(error, alerts)
            if left is None:
                raise
        else:
            return
    if left:
        _leave(table, minute, about, left, file, now)


def _still_untold(error: Exception, alerts: Sequence[str]) -> list[str] | None:
    """Return the alerts that are left where some were told of meanwhile, None where that is not why.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    response: dict[str, Any] = getattr(error, "response", {})
    reasons = [reason.get("Code") for reason in response.get("CancellationReasons", ())]
    if code_of(error) != "TransactionCanceledException" or "ConditionalCheckFailed" not in reasons:
        return None
    if "TransactionConflict" in reasons:
        raise Throttled("DynamoDB TransactWriteItems: TransactionConflict")
    return [
        alert for alert, reason in zip(alerts, reasons, strict=False) if reason != "ConditionalCheckFailed"
    ]


def read_minutes(table: str, minutes: Sequence[str]) -> list[Minute]:
    """Return the minutes that have something for a digest."""
    ids = list(dict.fromkeys(minutes))
    return [_minute(row) for part in _parts(ids, READ_ROWS) for row in _read(table, part) if "rest" in row]


def _minute(row: Mapping[str, Any]) -> Minute:
    return Minute(
        row["id"]["S"],
        row["dataset"]["S"],
        row["rule"]["S"],
        row["severity"]["S"],
        row["id"]["S"][-16:],
        int(row["rest"]["N"]),
        int(row.get("in_digests", {"N": "0"})["N"]),
    )


def begin_digest(table: str, minute: str, teller: str, at: datetime) -> Minute:
    """Return a minute that no other teller tells of until `end_digest`, or a while; raises Throttled else.

    Whoever has to wait asks once more, and finds it told, or its teller dead.
    """
    from botocore.exceptions import ClientError

    now = int(at.timestamp())
    with calling("DynamoDB UpdateItem"):
        try:
            answer = dynamodb().update_item(
                TableName=table,
                Key={"id": typed(minute)},
                UpdateExpression="SET telling_since = :now, teller = :teller",
                ConditionExpression="attribute_not_exists(telling_since) OR telling_since < :dead"
                " OR teller = :teller",
                ExpressionAttributeValues={
                    ":now": typed(now),
                    ":dead": typed(now - TELLING_SECONDS),
                    ":teller": typed(teller),
                },
                ReturnValues="ALL_NEW",
            )
        except ClientError as error:
            if code_of(error) != "ConditionalCheckFailedException":
                raise
            raise Throttled(f"the digest of {minute} is being told") from error
    return _minute(answer["Attributes"])


def end_digest(table: str, minute: str) -> None:
    """Let others tell of a minute."""
    with calling("DynamoDB UpdateItem"):
        dynamodb().update_item(
            TableName=table, Key={"id": typed(minute)}, UpdateExpression="REMOVE telling_since"
        )


def digest_told(table: str, minute: Minute) -> None:
    """Write down that a digest told of all alerts that the minute had when it was read.

    Where another digest has told of more, that stays.
    """
    _update(
        table,
        minute.id,
        "SET in_digests = :rest",
        "attribute_not_exists(in_digests) OR in_digests < :rest",
        {":rest": minute.rest},
    )


def _parts(found: Sequence[Any], size: int) -> Iterator[Any]:
    return (found[start : start + size] for start in range(0, len(found), size))


def _read(table: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    keys: Any = [{"id": typed(each)} for each in ids]
    found: list[dict[str, Any]] = []
    for _ in range(ROUNDS):
        with calling("DynamoDB BatchGetItem"):
            answer = dynamodb().batch_get_item(RequestItems={table: {"Keys": keys, "ConsistentRead": True}})
        found += answer["Responses"].get(table, [])
        left: Any = answer.get("UnprocessedKeys", {})
        keys = left[table]["Keys"] if table in left else []
        if not keys:
            return found
    raise Throttled(f"DynamoDB BatchGetItem: {len(keys)} rows unread after {ROUNDS} rounds")


def _write(table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    for part in _parts([{"PutRequest": {"Item": typed_record(dict(row))}} for row in rows], WRITE_ROWS):
        left: Any = part
        for _ in range(ROUNDS):
            with calling("DynamoDB BatchWriteItem"):
                answer = dynamodb().batch_write_item(RequestItems={table: left})
            left = answer.get("UnprocessedItems", {}).get(table, [])
            if not left:
                break
        else:
            raise Throttled(f"DynamoDB BatchWriteItem: {len(left)} rows unwritten after {ROUNDS} rounds")
