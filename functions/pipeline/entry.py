"""What every handler does around its one function: input held against the signature, log, metrics."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from pipeline import documents
from pipeline.errors import InvalidInput, PipelineError
from pipeline.settings import schemas_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    import jsonschema_rs
    from aws_lambda_powertools import Logger, Metrics

SERVICE = "statewright"
# What a failed invocation counts as, and the errors that have an alarm of their own (terraform/alarms.tf).
FAILED_INVOCATION = "InvocationsFailed"
METRICS_OF_ERRORS = {"ConservationViolated": "ConservationViolated"}
# Which counts of an outcome become metrics, by function: each record is counted once at each stage.
METRICS: dict[str, dict[str, str]] = {
    "collect_data": {
        "work": "FilesClaimed",
        "duplicate": "FilesDuplicate",
        "in_progress": "FilesInProgress",
        "catalogued": "FilesCatalogued",
    },
    "rechunk": {"finished": "FilesRechunked"},
    "parse_and_validate": {
        "read": "RecordsRead",
        "valid": "RecordsValid",
        "quarantined": "RecordsQuarantined",
    },
    "enrich": {"enriched": "RecordsEnriched", "quarantined": "RecordsQuarantined", "alerts": "AlertsRaised"},
    "write_to_ddb": {"written": "RecordsWritten", "superseded": "RecordsSuperseded"},
    "notify": {"SUCCEEDED": "FilesIngested"},
    "collect_messages": {"messages": "MessagesCollected"},
    "tell_digests": {"alerts": "AlertsInDigests"},
    "daily_report": {"files": "FilesReported", "failed": "FailuresReported", "usd": "RequestsUsd"},
}
# CloudWatch has no unit of money.
WITHOUT_UNIT = frozenset({"RequestsUsd"})
# What an earlier execution has done was counted then.
KEPT = {"parse_and_validate": {"ShardsKept": 1}, "write_to_ddb": {"PartitionsKept": 1}}
# The writer that finishes a partition counts its records.
HANDED_OVER = {"PartitionsHandedOver": 1}


def run(function: str, request: Any, context: Any, work: Callable[[Any], Any]) -> Any:
    """Return `work(request)`; raises InvalidInput before, and lets what `work` raises through, logged."""
    check_input(function, request)
    logger = _logger()
    about = {"file_id": _file(request).get("id"), "dataset": _dataset(request)}
    logger.append_keys(function_request_id=context.aws_request_id, state=function, **about)
    try:
        outcome = work(request)
    except PipelineError as error:
        # No traceback: frames of libraries may show values, and the error says rule, place and remedy.
        name = type(error).__name__
        logger.error("failed", extra={"error": name, "cause": str(error)})  # noqa: TRY400
        alarming = [METRICS_OF_ERRORS[name]] if name in METRICS_OF_ERRORS else []
        _count(function, _dataset(request), dict.fromkeys([FAILED_INVOCATION, *alarming], 1))
        raise
    counts = counts_of(function, outcome)
    logger.info("done", extra={"counts": counts})
    _count(function, _dataset(request) or _dataset(outcome), counts)
    return outcome


def counts_of(function: str, outcome: Mapping[str, Any] | list[Mapping[str, Any]]) -> dict[str, float]:
    """Return the metrics of an outcome: its counts, and the word that it ends in as a count of one."""
    if isinstance(outcome, list):
        return {METRICS[function]["messages"]: sum(len(group["messages"]) for group in outcome)}
    if "kept" in outcome or "before" in outcome:
        return {**KEPT.get(function, {})}
    if "left" in outcome:
        return {**HANDED_OVER}
    counted = {**outcome, outcome.get("outcome", outcome.get("status")): 1}
    return {metric: counted[name] for name, metric in METRICS[function].items() if name in counted}


def check_input(function: str, request: Any) -> None:
    """Hold a payload against the function's signature; raises InvalidInput."""
    validator = _signature(schemas_folder(os.environ), function)
    if validator.is_valid(request):
        return
    fault = max(_faults(validator.iter_errors(request)), key=lambda error: len(error.instance_path))
    raise InvalidInput(function, documents.pointer(fault.instance_path), str(fault.schema_path[-1]))


def _faults(errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[jsonschema_rs.ValidationError]:
    """Yield faults, and where an input has several forms the faults of each."""
    import jsonschema_rs

    for error in errors:
        yield error
        if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.AnyOf):
            for faults in error.kind.context:
                yield from _faults(faults)


@functools.cache
def _signature(folder: Path, function: str) -> jsonschema_rs.Draft202012Validator:
    return documents.signature(folder, function, "input")


@functools.cache
def _logger() -> Logger:
    from aws_lambda_powertools import Logger

    return Logger(service=os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE))


def _metrics(dataset: str) -> Metrics:
    from aws_lambda_powertools import Metrics

    namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Statewright")
    metrics = Metrics(namespace=namespace, service=os.environ.get("POWERTOOLS_SERVICE_NAME", SERVICE))
    metrics.add_dimension("dataset", dataset)
    return metrics


def _file(said: Any) -> Mapping[str, Any]:
    """Return the file that a payload is about; a batch of messages is about none."""
    file: Mapping[str, Any] = said.get("file", {}) if isinstance(said, dict) else {}
    return file


def _dataset(said: Any) -> str | None:
    dataset: str | None = _file(said).get("dataset")
    return dataset


def _count(function: str, dataset: str | None, counts: Mapping[str, float]) -> None:
    """Write metrics; their dimensions are bounded: the service, and the datasets that there are."""
    if not counts:
        return
    metrics = _metrics(dataset or "none")
    metrics.add_metadata("state", function)
    for name, value in counts.items():
        metrics.add_metric(name=name, unit="None" if name in WITHOUT_UNIT else "Count", value=value)
    metrics.flush_metrics()
