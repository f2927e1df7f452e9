"""What every handler does around its one function: input held against the signature, log, metrics."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any

from pipeline import documents
from pipeline.errors import InvalidInput, PipelineError
from pipeline.settings import schemas_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import jsonschema_rs
    from aws_lambda_powertools import Logger, Metrics

SERVICE = "statewright"
# Counts of an outcome that become metrics, by the name that they get.
METRICS = {
    "read": "RecordsRead",
    "valid": "RecordsValid",
    "quarantined": "RecordsQuarantined",
    "enriched": "RecordsEnriched",
    "alerts": "AlertsRaised",
    "written": "RecordsWritten",
    "superseded": "RecordsSuperseded",
}


def run(function: str, request: Any, context: Any, work: Callable[[Any], Any]) -> Any:
    """Return `work(request)`; raises InvalidInput before, and lets what `work` raises through, logged."""
    check_input(function, request)
    logger = _logger()
    logger.append_keys(function_request_id=context.aws_request_id, state=function, **_about(request))
    try:
        outcome = work(request)
    except PipelineError as error:
        # No traceback: frames of libraries may show values, and the error says rule, place and remedy.
        logger.error("failed", extra={"error": type(error).__name__, "cause": str(error)})  # noqa: TRY400
        _count(function, request, {"failed": 1}, {"failed": "InvocationsFailed"})
        raise
    counts = outcome.get("counts", outcome)
    logger.info("done", extra={"outcome": {name: counts[name] for name in METRICS if name in counts}})
    _count(function, request, counts, METRICS)
    return outcome


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


def _about(request: Any) -> dict[str, Any]:
    file = request.get("file", {})
    return {"file_id": file.get("id"), "dataset": file.get("dataset")}


def _count(function: str, request: Any, counts: Any, names: dict[str, str]) -> None:
    """Write metrics; their dimensions are bounded: the service, and the datasets that there are."""
    found = {name: counts[key] for key, name in names.items() if isinstance(counts.get(key), int)}
    if not found:
        return
    metrics = _metrics(_about(request)["dataset"] or "none")
    metrics.add_metadata("state", function)
    for name, value in found.items():
        metrics.add_metric(name=name, unit="Count", value=value)
    metrics.flush_metrics()
