"""The same records in other ways, by the same model: an execution a record, a function a message."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from statewright.costs import backfills, timing, work
from statewright.costs.bill import Bill, bill, times
from statewright.costs.calls import Load
from statewright.costs.facts import facts_of
from statewright.costs.measured import measured

if TYPE_CHECKING:
    from statewright.costs.bill import Amounts
    from statewright.costs.facts import Facts, File
    from statewright.costs.timing import Machine
    from statewright.prices import Prices
    from statewright.project import Project

BATCH = 100


@dataclass(frozen=True)
class Way:
    """A way to bring records into the table, and its bill."""

    name: str
    bill: Bill


def ways(project: Project, file: File, files: int, prices: Prices) -> list[Way]:
    """Return the bills of all records: as files, as messages, and one by one."""
    machine = timing.Machine.of(project)
    records = file.records * files
    facts = facts_of(project, file)
    single = replace(file, records=1, size=max(1, file.size // file.records))
    alone = facts_of(project, single)
    as_files = times(work.of_file(facts, file.size, Load(file.records), machine).amounts, files)
    full = times(work.of_batch(facts, BATCH, machine).amounts, records / BATCH)
    one_by_one = times(work.of_batch(facts, 1, machine).amounts, records)
    executions = times(work.of_file(alone, single.size, Load(1), machine).amounts, records)
    executions["xray.traces", "traces"] *= work.SAMPLED
    plain = times(_function_a_message(facts, machine), records)
    named = {
        f"{files:,} file{'s' if files > 1 else ''} of {file.records:,}": as_files,
        **_by_backfill(facts, file, files, machine),
        f"messages, {BATCH} a batch": full,
        "messages, one a batch": one_by_one,
        "one function a message, nothing else": plain,
        "one execution a record": executions,
    }
    return [Way(name, bill(amounts, prices)) for name, amounts in named.items()]


def _by_backfill(facts: Facts, file: File, files: int, machine: Machine) -> dict[str, Amounts]:
    """Return what the same files cost if they are there already; for a single one nobody asks."""
    if files == 1:
        return {}
    amounts = backfills.of_files(facts, file.size, files, Load(file.records), machine)
    return {f"the {files:,} files, by a backfill": amounts}


def _function_a_message(facts: Facts, machine: Machine) -> Amounts:
    """Return what a message costs that a queue hands to a function alone, which puts the item.

    No quarantine, no ledger, no duplicates told apart: received and deleted by itself, in an invocation that
    takes as long as ours take beside their records.
    """
    name = "write_to_ddb"
    cpu = measured().cpu[name].of(1, facts.record_bytes)
    seconds = cpu * machine.slower(name) + timing.DYNAMODB_SECONDS
    ran = {name: work.Invocations(1, seconds)}
    amounts = work.functions(ran, machine)
    amounts["sqs.requests", "sent, received, deleted"] += 3 * math.ceil(facts.record_bytes / work.CHUNK_BYTES)
    amounts["dynamodb.write_units", "items"] += work.units(facts.item_bytes)
    amounts["xray.traces", "traces"] += work.SAMPLED
    return amounts
