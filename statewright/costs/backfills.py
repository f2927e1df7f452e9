"""What a backfill is charged: objects that are there already, in batches (statemachines/backfill.asl.json).

A batch takes what is small through the functions, and hands over to `ingest` what is not. Taken for granted
is that 25 small objects are done within three minutes: what a batch leaves, the next backfill does.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from statewright.costs import calls, work
from statewright.costs.bill import times, together
from statewright.costs.measured import measured
from statewright.local.backfilling import MAX_BATCHED_BYTES

if TYPE_CHECKING:
    from statewright.costs.bill import Amounts
    from statewright.costs.calls import Calls, Load
    from statewright.costs.facts import Facts
    from statewright.costs.timing import Machine
    from statewright.costs.work import Invocations

BATCH = 25
# Objects, ReadManifest, HowItEnded, Done.
TRANSITIONS = 4
# https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
KEYS_OF_A_LIST = 1000
# The ResultWriter: a manifest before the first batch, the batches' outcomes, the manifest; then that is read.
WRITTEN, READ = 3, 1
# The claim of a batch that is given back: claimed with its index; changed, with the index's old entry and its
# new one; claimed once more, where there is an old entry by then; and told that its series goes on.
UNITS_OF_A_RELEASE = 2 + 3 + 1 + 2


def of_files(facts: Facts, size: int, files: int, load: Load, machine: Machine) -> Amounts:
    """Return what so many alike objects of `size` bytes are charged that one backfill finds."""
    alone, ran = work.of_functions(facts, size, load, machine)
    if size > MAX_BATCHED_BYTES:
        alone, ran = _by_ingest(facts, size, load, machine), {}
    elif facts.shards > 1 or facts.partitions > 1:
        ran = {"collect_data": ran["collect_data"]}
        alone = together(_by_ingest(facts, size, load, machine), _released(facts, size, machine, ran))
    tasks = len(ran) or 1  # StartIngest
    seconds = sum(each.seconds for each in ran.values()) + tasks * work.STATE_SECONDS
    found = times(alone, files)
    batches, rest = math.ceil(files / BATCH), files % BATCH
    found["step_functions.state_transitions", "state transitions"] += TRANSITIONS
    found["step_functions.express_requests", "batches of the backfill"] += batches
    time = files // BATCH * work.express_time(BATCH * seconds)
    time += work.express_time(rest * seconds) if rest else 0.0
    found["step_functions.express_gb_seconds", "time of batches"] += time
    found["xray.traces", "traces"] += 1 + work.SAMPLED * batches
    return together(found, work.requests(of_workflow(files)))


def of_workflow(files: int) -> Calls:
    """Return the workflow's own calls: it lists the objects, and writes what became of them."""
    made: Calls = Counter()
    made["backfill", calls.LIST] = math.ceil(files / KEYS_OF_A_LIST)
    made["backfill", calls.PUT] = WRITTEN
    made["backfill", calls.GET] = READ
    return made


def _by_ingest(facts: Facts, size: int, load: Load, machine: Machine) -> Amounts:
    """Return what an execution of `ingest` is charged that no event has started."""
    found = work.of_file(facts, size, load, machine).amounts
    return together({name: amount for name, amount in found.items() if name[0] != "eventbridge.events"})


def _released(facts: Facts, size: int, machine: Machine, ran: dict[str, Invocations]) -> Amounts:
    """Return what comes on top where a batch finds an object in several partitions, and gives it back."""
    found = together(work.requests(of_release(facts, size)), work.functions(ran, machine))
    found["dynamodb.write_units", "ledger"] += UNITS_OF_A_RELEASE * work.units(measured().ledger_claimed)
    return found


def of_release(facts: Facts, size: int) -> Calls:
    """Return the calls that come on top then: `ingest` goes on, and looks for what is done."""
    made: Calls = calls.of_collecting(facts, size)
    made["collect_data", calls.UPDATE_ITEM] += 1
    made["write_to_ddb", calls.GET] += facts.partitions
    return made
