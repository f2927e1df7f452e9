"""What is charged for a file, and for a batch of messages: transitions, time, write units, requests, logs.

All goes well: retries, failures and cold starts come on top. Processor time is measured; what a function
waits for AWS follows from how many calls it makes one after the other, and from what AWS says that one takes.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.costs import calls, rounds
from statewright.costs.bill import together
from statewright.costs.measured import Measured, measured
from statewright.costs.timing import READERS, S3_BYTES_A_SECOND, wait
from statewright.prices import step_functions_prices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.costs.bill import Amounts
    from statewright.costs.calls import Calls, Load
    from statewright.costs.facts import Facts
    from statewright.costs.timing import Machine

# What AWS adds around a function, and between the states of a child execution; no page says it.
STATE_SECONDS = 0.05
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
UNIT_BYTES = 1024
# Lines that Lambda itself logs, as in https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
PLATFORM_LINES = (
    "START RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95 Version: $LATEST\n",
    "END RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95\n",
    "REPORT RequestId: 8f507cfc-xmpl-4697-b07a-ac58fc914c95  Duration: 1015.74 ms  Billed Duration: 1016 ms  "
    "Memory Size: 1024 MB Max Memory Used: 156 MB\n"
    "XRAY TraceId: 1-5e34a614-10bdxmplf1fb44f07bc535a1   SegmentId: 07f5xmpl2d1f6f85 Sampled: true\n",
)
# "26 bytes of overhead for each log event": https://aws.amazon.com/cloudwatch/pricing/
LOG_EVENT_BYTES = 26
GB = 1e9
GIB = 1024**3
# SQS and pipes count each started 64 KiB: https://aws.amazon.com/eventbridge/pricing/
CHUNK_BYTES = 64 * 1024
RECEIVED_AT_ONCE = 10
# Of requests beside the first one of each second, which is always traced:
# https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html
SAMPLED = 0.05
FUNCTIONS_OF_A_BATCH = ("collect_messages", "parse_and_validate", "enrich", "write_to_ddb", "notify")


@dataclass(frozen=True)
class Invocations:
    """The invocations of one function for a file, or a batch: how many, how many seconds each."""

    count: int
    seconds: float


@dataclass(frozen=True)
class Work:
    """What is charged, as amounts by `(price, what)`; `seconds` is how long a file takes from end to end."""

    amounts: Amounts
    invocations: Mapping[str, Invocations]
    seconds: float

    def __getitem__(self, price: str) -> float:
        """Return all amounts of a price."""
        return sum(amount for (name, _), amount in self.amounts.items() if name == price)


def of_file(facts: Facts, size: int, load: Load, machine: Machine) -> Work:
    """Return what one file of `size` bytes is charged."""
    amounts, ran = of_functions(facts, size, load, machine)
    children = (facts.shards if facts.in_shards else 0) + (facts.partitions if facts.partitions > 1 else 0)
    entered = transitions(facts, ran)
    amounts["step_functions.state_transitions", "state transitions"] += entered
    if children:
        amounts["step_functions.express_requests", "child executions"] += children
        amounts["step_functions.express_gb_seconds", "time of child executions"] += _child_time(facts, ran)
    amounts["eventbridge.events", "new object"] += 1
    amounts["xray.traces", "traces"] += 1 + SAMPLED * children
    return Work(amounts, ran, _end_to_end(ran) + entered * STATE_SECONDS)


def of_functions(
    facts: Facts, size: int, load: Load, machine: Machine
) -> tuple[Amounts, dict[str, Invocations]]:
    """Return what the functions are charged for one file, and their invocations, whoever invokes them."""
    cut = rounds.of_file(facts, size, machine)
    made = calls.of_file(facts, size, load, measured().ratios, cut)
    ran = invocations_of_file(facts, size, load, machine, made)
    if cut:
        took = sum(rounds.seconds(facts, size, each, machine) for each in cut)
        ran[rounds.NAME] = Invocations(len(cut), took / len(cut))
    amounts = together(requests(made), functions(ran, machine))
    amounts["dynamodb.write_units", "items"] += load.valid * units(facts.item_bytes)
    amounts["dynamodb.write_units", "ledger"] += ledger_units(measured())
    if singles := min(load.alerts, calls.TOLD_SINGLY):
        amounts["dynamodb.write_units", "told"] += 3 * singles + 1
    return amounts, ran


def of_batch(facts: Facts, messages: int, machine: Machine) -> Work:
    """Return what one batch of valid messages of one dataset is charged."""
    made = calls.of_batch(facts, messages, measured().ratios)
    sizes = {"collect_messages": messages * facts.record_bytes}
    ran = {
        name: Invocations(1, _seconds(name, machine, messages, sizes.get(name, 0), made, 1))
        for name in FUNCTIONS_OF_A_BATCH
    }
    amounts = together(requests(made), functions(ran, machine))
    inside = sum(each.seconds + STATE_SECONDS for name, each in ran.items() if name != "collect_messages")
    amounts["step_functions.express_requests", "executions of stream"] += 1
    amounts["step_functions.express_gb_seconds", "time of executions"] += express_time(inside)
    amounts["dynamodb.write_units", "items"] += messages * units(facts.item_bytes)
    amounts["dynamodb.write_units", "ledger"] += 2 * units(measured().ledger_closed)
    chunks = math.ceil(messages * facts.record_bytes / CHUNK_BYTES)
    amounts["eventbridge.pipe_requests", "batches of the pipe"] += chunks
    received = max(math.ceil(messages / RECEIVED_AT_ONCE), chunks)
    amounts["sqs.requests", "received and deleted"] += received + math.ceil(messages / RECEIVED_AT_ONCE)
    amounts["sqs.requests", "sent, one by one"] += messages * math.ceil(facts.record_bytes / CHUNK_BYTES)
    amounts["xray.traces", "traces"] += SAMPLED
    return Work(amounts, ran, sum(each.seconds + STATE_SECONDS for each in ran.values()))


def transitions(facts: Facts, ran: Mapping[str, Invocations]) -> int:
    """Return the states that an execution of `ingest` enters: Maps and choices count as tasks do."""
    cutting = 2 * ran[rounds.NAME].count if rounds.NAME in ran else 0  # Rechunk, IsRechunked
    reading = 2 if facts.in_shards else 3  # (ParseShards | ParseAndValidate, Enrich), WhatToWrite
    writing = 2 if facts.partitions > 1 else 1  # (WritePartitions, WhatWasWritten | WriteToDdb)
    return 2 + cutting + reading + writing + 1  # CollectData, WhatToDo … Notify


def units(size: float) -> int:
    """Return the write units of an item, or of a row."""
    return max(1, math.ceil(size / UNIT_BYTES))


def ledger_units(figures: Measured) -> int:
    """Return what the row of a file takes, with its index: claimed, then closed.

    Closing changes the index's key, which is one write to take the old entry away and one for the new:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
    """
    claimed, closed = units(figures.ledger_claimed), units(figures.ledger_closed)
    return claimed + claimed + max(claimed, closed) + claimed + closed


def invocations_of_file(
    facts: Facts, size: int, load: Load, machine: Machine, made: Calls
) -> dict[str, Invocations]:
    """Return the invocations of each function."""
    shards, partitions, ratios = facts.shards, facts.partitions, measured().ratios
    raw = load.records * facts.record_bytes / shards
    read = facts.text_bytes * ratios.text if facts.rechunk else size
    shared = {
        "collect_data": (1, 0.0, 0.0, 0.0),
        "parse_and_validate": (shards, load.records / shards, raw, read / shards),
        "enrich": (shards, load.valid / shards, raw, raw * ratios.parsed),
        "write_to_ddb": (
            partitions,
            load.valid / partitions,
            load.valid * facts.record_bytes / partitions,
            calls.readings(facts, load, ratios)
            * (load.valid * facts.enriched_bytes / partitions * ratios.enriched),
        ),
        "notify": (1, 0.0, 0.0, 0.0),
    }
    return {
        name: Invocations(
            count,
            _seconds(name, machine, records, held, made, count, min(shards, READERS))
            + passed / S3_BYTES_A_SECOND,
        )
        for name, (count, records, held, passed) in shared.items()
    }


def _seconds(
    name: str, machine: Machine, records: float, size: float, made: Calls, count: int, shards: int = 1
) -> float:
    """Return how long an invocation takes: its processor time at its memory, and its waits.

    A writer reads so many `shards` at once.
    """
    waits = 0.0
    for (by, operation), number in made.items():
        if by == name:
            at_once = shards if by == "write_to_ddb" and operation in (calls.HEAD, calls.GET) else 1
            waits += wait(operation) * number / at_once
    return measured().cpu[name].of(records, size) * machine.slower(name) + waits / count


def requests(made: Calls) -> Amounts:
    """Return what calls are charged that are charged by the request."""
    found: Amounts = defaultdict(float)
    for (_, operation), number in made.items():
        if operation in (calls.HEAD, calls.GET):
            found["s3.reads", "GET, HEAD"] += number
        elif operation.startswith("s3:"):
            found["s3.writes", "PUT, LIST"] += number
        elif operation == calls.PUBLISH:
            found["sns.publishes", "published"] += number
    return found


def functions(ran: Mapping[str, Invocations], machine: Machine) -> Amounts:
    """Return what invocations are charged: requests, time, logs."""
    found: Amounts = defaultdict(float)
    figures = measured()
    for name, each in ran.items():
        billed = math.ceil(each.seconds * 1000) / 1000
        found["lambda.requests", "invocations"] += each.count
        gb_seconds = each.count * billed * machine.memory_mb[name] / 1024
        found[f"lambda.{machine.processor}_gb_seconds", f"time on {machine.processor}"] += gb_seconds
        lines = figures.log_lines[name] + len(PLATFORM_LINES)
        logged = figures.log_bytes[name] + sum(map(len, PLATFORM_LINES)) + lines * LOG_EVENT_BYTES
        found["cloudwatch.log_gb", "logs ingested"] += each.count * logged / GIB
    return found


def _child_time(facts: Facts, ran: Mapping[str, Invocations]) -> float:
    seconds = 0.0
    if facts.in_shards:
        shard = ran["parse_and_validate"].seconds + ran["enrich"].seconds + 2 * STATE_SECONDS
        seconds += facts.shards * express_time(shard)
    if facts.partitions > 1:
        seconds += facts.partitions * express_time(ran["write_to_ddb"].seconds + STATE_SECONDS)
    return seconds


def express_time(seconds: float) -> float:
    """Return the billed GB-seconds of an EXPRESS execution; with small payloads it has one step of memory."""
    return step_functions_prices().billed_gb_seconds(seconds)


def _end_to_end(ran: Mapping[str, Invocations]) -> float:
    """Return how long functions take: those of a Map side by side, rounds one after the other."""
    return sum(each.seconds * (each.count if name == rounds.NAME else 1) for name, each in ran.items())
