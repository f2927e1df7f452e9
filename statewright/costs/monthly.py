"""What is charged by the month: whether or not files come, and for what files leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from statewright.costs.facts import Facts
    from statewright.costs.measured import Measured
    from statewright.project import Description, Project

# Alarms by metric, as terraform/alarms.tf makes them; a test counts them in a plan of Terraform's.
OF_STANDARD, OF_EXPRESS, OF_FUNCTION, OF_QUEUE, OF_PIPE, OF_RULE, OF_SCHEDULED = 3, 2, 1, 2, 3, 1, 1
# Two alarms, of which the share of invalid records looks at two metrics.
OF_DATASET = 3
# Metrics that the functions write for a dataset that has files (functions/pipeline/entry.py).
METRICS_OF_DATASET = 9
# A pipe looks into its queue around the clock, as Lambda does: five polls at a time, twenty seconds each.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
POLLERS, POLL_SECONDS = 5, 20
SECONDS_OF_A_MONTH = 30 * 86_400
STAGED_DAYS, DAYS_OF_A_MONTH = 7, 30
# https://aws.amazon.com/dynamodb/pricing/on-demand/
INDEX_BYTES_OF_AN_ITEM = 100
GIB = 1024**3


def fixed(project: Project) -> dict[tuple[str, str], float]:
    """Return amounts of a month in which one dataset has files."""
    description = project.description
    polls = len(description.pipes) * POLLERS * SECONDS_OF_A_MONTH / POLL_SECONDS
    return {
        ("cloudwatch.alarm_months", "alarms"): alarm_metrics(description, len(project.datasets)),
        ("cloudwatch.metric_months", "metrics of one dataset"): METRICS_OF_DATASET,
        ("cloudwatch.dashboard_months", "dashboard"): 1,
        ("sqs.requests", "polls of an empty queue"): polls,
    }


def alarm_metrics(description: Description, datasets: int) -> int:
    """Return the metrics that alarms look at; an alarm is charged by them."""
    machines = [machine.type for machine in description.state_machines.values()]
    return (
        OF_STANDARD * machines.count("STANDARD")
        + OF_EXPRESS * machines.count("EXPRESS")
        + OF_FUNCTION * len(description.functions)
        + OF_QUEUE * len(description.queues)
        + OF_PIPE * len(description.pipes)
        + OF_RULE * len(description.rules)
        + OF_SCHEDULED * len({each.state_machine for each in description.schedules.values()})
        + OF_DATASET * datasets
    )


def storage(facts: Facts, records: int, size: int, figures: Measured) -> dict[tuple[str, str], float]:
    """Return amounts of a month in which what the files leave is there all the time; staging a week of it."""
    ratios = figures.ratios
    staged = records * (facts.parsed_bytes * ratios.parsed + facts.enriched_bytes * ratios.enriched)
    if facts.rechunk:
        staged += size * (facts.constants.gzip_ratio if facts.unpacked else 1) * ratios.text
    items = records * (facts.item_bytes + INDEX_BYTES_OF_AN_ITEM) / GIB
    return {
        ("dynamodb.storage_gb_months", "items"): items,
        ("dynamodb.recovery_gb_months", "point-in-time recovery"): items,
        ("s3.storage_gb_months", "raw objects"): size / GIB,
        ("s3.storage_gb_months", "processed records"): records
        * facts.processed_bytes
        * ratios.processed
        / GIB,
        ("s3.storage_gb_months", "staged, a week"): staged * STAGED_DAYS / DAYS_OF_A_MONTH / GIB,
    }
