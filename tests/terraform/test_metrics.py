"""Alarms and the dashboard look at metrics that somebody writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import entry
from statewright.costs import monthly
from statewright.project import read_project
from tests.functions.cloud import ROOT

if TYPE_CHECKING:
    import pytest

    from tests.terraform.plans import Plan

Json = Any

WRITTEN = {
    entry.FAILED_INVOCATION,
    *entry.METRICS_OF_ERRORS.values(),
    *(metric for metrics in entry.METRICS.values() for metric in metrics.values()),
    *(metric for kept in entry.KEPT.values() for metric in kept),
    *entry.HANDED_OVER,
}
NAMESPACE = "statewright"
# Namespace of AWS's -> the page that lists its metrics, the dimension that is asked for, the metrics.
OF_AWS: dict[str, Json] = json.loads(Path(__file__).with_name("aws_metrics.json").read_bytes())


def test_alarms_ring_for_metrics_that_the_functions_write(plan: Plan) -> None:
    own = [metric for metric in watched(plan) if metric["namespace"] == NAMESPACE]

    assert {metric["metric_name"] for metric in own} <= WRITTEN
    assert {metric["dimensions"]["service"] for metric in own} == {NAMESPACE}
    assert {metric["dimensions"]["dataset"] for metric in own} == set(plan.of("aws_dynamodb_table")) - {
        "files",
        "told",
    }


def watched(plan: Plan) -> list[Json]:
    """Return the metrics of all alarms, those in metric math too."""
    alarms = plan.all_of("aws_cloudwatch_metric_alarm")
    queries = [query for alarm in alarms for query in alarm.get("metric_query") or []]
    return [alarm for alarm in alarms if alarm.get("metric_name")] + [
        metric for query in queries for metric in query.get("metric") or []
    ]


def test_a_metric_has_the_dimensions_that_alarms_ask_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", NAMESPACE)
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", NAMESPACE)

    entry._count("notify", "orders", {"ConservationViolated": 1})

    (written,) = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    assert written["Namespace"] == NAMESPACE
    assert [sorted(dimensions) for dimensions in written["Dimensions"]] == [["dataset", "service"]]


def test_the_dashboard_shows_metrics_that_the_functions_write(plan: Plan) -> None:
    shown = set(re.findall(r'dataset,service} MetricName="(\w+)"', expressions(plan)))

    assert len(shown) > 5
    assert shown <= WRITTEN


def expressions(plan: Plan) -> str:
    """Return the metric math of the dashboard as one text."""
    options = [option for metric in shown_by(plan) for option in metric if isinstance(option, dict)]
    return "\n".join(option.get("expression", "") for option in options)


def shown_by(plan: Plan) -> list[Json]:
    """Return the metrics of the dashboard: a namespace, a name, a dimension and its value, options."""
    (dashboard,) = plan.all_of("aws_cloudwatch_dashboard")
    widgets: list[Any] = json.loads(dashboard["dashboard_body"])["widgets"]
    return [metric for widget in widgets for metric in widget["properties"]["metrics"]]


def test_every_other_metric_is_one_that_aws_documents_and_each_of_these_is_looked_at(plan: Plan) -> None:
    looked_at = {(each[0], each[1], each[2]) for each in shown_by(plan) if isinstance(each[0], str)}
    for alarm in watched(plan):
        if alarm["namespace"] != NAMESPACE:
            (dimension,) = alarm["dimensions"]
            looked_at.add((alarm["namespace"], alarm["metric_name"], dimension))

    assert looked_at == {
        (namespace, metric, known["dimension"])
        for namespace, known in OF_AWS.items()
        for metric in known["metrics"]
    }


def test_what_functions_write_and_nobody_looks_at_is_known_by_name(plan: Plan) -> None:
    shown = set(re.findall(r'MetricName="(\w+)"', expressions(plan)))

    assert WRITTEN - shown == {
        *("FilesClaimed", "FilesInProgress", "RecordsValid", "RecordsEnriched"),
        *("ShardsKept", "PartitionsKept", "PartitionsHandedOver", "FilesRechunked"),
    }


def test_each_widget_shows_something_and_none_covers_another(plan: Plan) -> None:
    (dashboard,) = plan.all_of("aws_cloudwatch_dashboard")
    widgets = json.loads(dashboard["dashboard_body"])["widgets"]

    places = {(widget["x"], widget["y"]) for widget in widgets}

    assert len(places) == len(widgets) == 13
    assert all(widget["properties"]["metrics"] for widget in widgets)


def test_the_cost_model_counts_the_metrics_that_alarms_look_at(plan: Plan) -> None:
    project = read_project(ROOT)

    assert len(watched(plan)) == monthly.alarm_metrics(project.description, len(project.datasets))


def test_the_cost_model_counts_the_metrics_that_a_file_of_a_dataset_writes() -> None:
    of_files = {"duplicate", "in_progress", "catalogued"}  # a file that is worked on is none of these
    files = ("collect_data", "parse_and_validate", "enrich", "write_to_ddb", "notify")
    written = {
        metric
        for function in files
        for name, metric in entry.METRICS[function].items()
        if name not in of_files
    }

    assert len(written) == monthly.METRICS_OF_DATASET
