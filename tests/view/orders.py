"""A machine with everything that the page shows: choices, a Map, a Parallel, retries, Catches, a way back."""

from __future__ import annotations

import threading
import time
from typing import Any

ROLE = "arn:aws:iam::000000000000:role/statewright"
RELEASE = threading.Event()


def _task(function: str, **members: Any) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": function, "Payload.$": "$"},
        "OutputPath": "$.Payload",
        **members,
    }


def _catch(target: str) -> list[dict[str, Any]]:
    return [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": target}]


RETRY = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 2}]

ORDERS: dict[str, Any] = {
    "Comment": "Reads a manifest of files, checks each, publishes what is good.",
    "StartAt": "ReceiveManifest",
    "States": {
        "ReceiveManifest": _task("receive", Catch=_catch("RecordFailure"), Next="HasFiles"),
        "HasFiles": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.file_count", "NumericEquals": 0, "Next": "NothingToDo"},
                {"Variable": "$.resume", "BooleanEquals": True, "Next": "LoadCheckpoint"},
            ],
            "Default": "ProcessFiles",
        },
        "NothingToDo": {"Type": "Pass", "Next": "Done"},
        "LoadCheckpoint": _task("checkpoint", Next="ProcessFiles"),
        "ProcessFiles": {
            "Type": "Map",
            "ItemsPath": "$.files",
            "ResultPath": "$.processed",
            "ItemProcessor": {
                "StartAt": "ParseFile",
                "States": {
                    "ParseFile": _task("parse", Next="ValidateRows"),
                    "ValidateRows": _task("validate", Retry=RETRY, Catch=_catch("QuarantineRows"), End=True),
                    "QuarantineRows": _task("quarantine", End=True),
                },
            },
            "Catch": _catch("RecordFailure"),
            "Next": "QualityGate",
        },
        "QualityGate": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.approved", "BooleanEquals": True, "Next": "PublishTargets"},
                {"Variable": "$.needs_approval", "BooleanEquals": True, "Next": "WaitForApproval"},
            ],
            "Default": "PublishTargets",
        },
        "WaitForApproval": {"Type": "Wait", "Seconds": 2, "Next": "Approve"},
        "Approve": {"Type": "Pass", "Result": True, "ResultPath": "$.approved", "Next": "QualityGate"},
        "PublishTargets": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "LoadWarehouse",
                    "States": {
                        "LoadWarehouse": _task("load", Next="RefreshViews"),
                        "RefreshViews": _task("refresh", End=True),
                    },
                },
                {"StartAt": "IndexSearch", "States": {"IndexSearch": _task("index", End=True)}},
                {"StartAt": "WriteParquet", "States": {"WriteParquet": _task("parquet", End=True)}},
            ],
            "ResultPath": "$.published",
            "Catch": _catch("RecordFailure"),
            "Next": "NotifySuccess",
        },
        "NotifySuccess": _task("notify", Catch=_catch("RecordFailure"), Next="Done"),
        "Done": {"Type": "Succeed"},
        "RecordFailure": _task("record", Next="PipelineFailed"),
        "PipelineFailed": {"Type": "Fail", "Error": "PipelineFailed", "Cause": "See the state before"},
    },
}


class SchemaMismatch(ValueError):  # noqa: N818 - the name that the pictures show
    """A file whose rows are not what they should be."""


class WarehouseUnavailable(RuntimeError):  # noqa: N818
    """The warehouse does not answer."""


def _validate(event: Any, context: Any) -> Any:
    if event.get("bad"):
        raise SchemaMismatch(f"{event['key']}: {event['bad']} rows without amount")
    return event | {"valid": event["rows"]}


def _load(event: Any, context: Any) -> Any:
    if event.get("warehouse") == "down":
        raise WarehouseUnavailable("connection to warehouse:5439 timed out")
    return {"loaded": sum(each.get("valid", 0) for each in event["processed"])}


def _slow(seconds: float, answer: Any = None) -> Any:
    def handler(event: Any, context: Any) -> Any:
        time.sleep(seconds)
        return event if answer is None else answer

    return handler


def _hold(event: Any, context: Any) -> Any:
    RELEASE.wait(30)
    return event


def _fails_once() -> Any:
    seen: list[Any] = []

    def handler(event: Any, context: Any) -> Any:
        seen.append(event)
        if len(seen) == 1:
            raise WarehouseUnavailable("the first time")
        return event

    return handler


HANDLERS = {
    "once-Parallel": _fails_once(),
    "once-Map": _fails_once(),
    "receive": _slow(0.02),
    "checkpoint": _slow(0.05),
    "parse": _slow(0.04),
    "validate": _validate,
    "quarantine": lambda event, context: event | {"quarantined": event["bad"], "valid": 0},
    "load": _load,
    "refresh": _slow(0.03, {"views": 4}),
    "index": _slow(0.2, {"documents": 240}),
    "parquet": _slow(0.2, {"files": 3}),
    "notify": lambda event, context: event if event.get("wait") is None else _hold(event, context),
    "record": lambda event, context: event,
    "hold": _hold,
}

FILES = [{"key": "a.csv", "rows": 120}, {"key": "b.csv", "rows": 80, "bad": 3}, {"key": "c.csv", "rows": 40}]
GOOD = {"file_count": 3, "files": FILES, "resume": True, "approved": False, "needs_approval": True}
BAD = {"file_count": 3, "files": FILES, "resume": False, "approved": True, "warehouse": "down"}
EMPTY = {"file_count": 0, "files": []}
