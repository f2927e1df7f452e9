"""Outcomes that are kept: what a new start after a failure need not do again.

Where a file fans out, each shard and each partition that ends well leaves its outcome in the staging
bucket, one small object. An execution that claims the file after one that failed, and has the same work to
do, continues its *series*: it finds those outcomes, and works on the rest.

Nothing stale is found. The ledger gives a file to one execution at a time and knows what its work was; one
with other work (another plan, contract, key of the pseudonyms) begins a series of its own. So between two
executions of one series nobody has replaced what an outcome speaks of in the table.

Each execution has a *run*, which names the folders of all that it stages, puts aside and logs: a function
that outlives its execution overwrites nothing of another. The run of the first of a series is a digest of its
execution; those that go on with the series have that digest, a hyphen, and a number.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from pipeline import contracts, documents, ledger, objects, pseudonyms, summaries
from pipeline.shapes import Enriched, Parsed, Written  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.ledger import Before
    from pipeline.settings import Settings
    from pipeline.shapes import File, Location, Plan, Shard

T = TypeVar("T")

# To be raised whenever staged objects or outcomes change their form or their meaning.
FORMAT = 3
# Enough hexadecimal digits that two of one file never meet by chance; an outcome has them four times.
DIGITS = 12
# As many digits as signatures give the number of a run; the execution after that begins a series.
_LAST_OF_A_SERIES = 9999


class KeptShard(msgspec.Struct, frozen=True):
    """What both functions said of a shard; `run` is the execution that worked."""

    run: str
    parsed: Parsed
    enriched: Enriched


class KeptPartition(msgspec.Struct, frozen=True):
    """What the writer said of a partition; `run` is the execution that worked."""

    run: str
    written: Written


def work_of(settings: Settings, contract: str, plan: Plan) -> str:
    """Return a digest of all that decides what becomes of a file's bytes."""
    hidden = contracts.catalogue(settings.schemas).contract(contract).pseudonymise
    said = {
        "format": FORMAT,
        "plan": [plan["shards"], plan["shard_bytes"], plan["partitions"], plan.get("rechunk", False)],
        "contract": contract,
        "documents": documents.digest(settings.schemas),
        "key": pseudonyms.key_version(settings.pseudonym_key_parameter) if hidden else None,
    }
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def run_of(execution: str) -> str:
    """Return the run of an execution that begins a series, as most do."""
    return hashlib.sha256(execution.encode()).hexdigest()[:DIGITS]


def series_of(run: str) -> str:
    """Return the series that a run is of."""
    return run.partition("-")[0]


def continued(table: str, row: Mapping[str, Any], before: Before) -> str:
    """Return the run of the execution that claimed a row, given what the row said before.

    Where the work is the same, the series goes on. Raises ClaimLost.
    """
    own: str = row["run"]
    series, _, number = before.run.partition("-")
    if before.work != row["work"] or int(number or 0) >= _LAST_OF_A_SERIES:
        return own
    run = f"{series}-{int(number or 0) + 1}"
    ledger.change(table, row["file_id"], row["execution"], {"run": run})
    return run


def find_shard(settings: Settings, file: File, shard: Shard) -> Parsed | None:
    """Return what was said of a shard before, None where it is to be worked on."""
    found = _find(_shard_place(settings, file, shard["index"]), file, KeptShard)
    if found is None or found.parsed["shard"] != shard:
        return None
    parsed, enriched = found.parsed, found.enriched
    staged: Location = {"bucket": enriched["staged"]["bucket"], "key": enriched["staged"]["key"]}
    named = (
        staged,
        parsed["quarantine"],
        enriched["quarantine_enrich"],
        enriched["alerts_object"],
        summaries.place(staged, "enrich"),
        summaries.place(staged, "parse") if parsed["quarantine"] else None,
    )
    if not all(objects.is_there(place) for place in named if place):
        return None
    return {**parsed, "before": {**enriched, "kept": found.run != file["run"]}}


def keep_shard(settings: Settings, file: File, parsed: Parsed, enriched: Enriched) -> None:
    """Keep what was said of a shard."""
    place = _shard_place(settings, file, parsed["shard"]["index"])
    _put(place, KeptShard(file["run"], parsed, enriched))


def find_partition(settings: Settings, file: File, partition: int) -> Written | None:
    """Return what was said of a partition before, None where it is to be written."""
    found = _find(_partition_place(settings, file, partition), file, KeptPartition)
    return None if found is None else {**found.written, "kept": found.run != file["run"]}


def keep_partition(settings: Settings, file: File, written: Written) -> None:
    """Keep what was said of a partition."""
    place = _partition_place(settings, file, written["partition"])
    _put(place, KeptPartition(file["run"], written))


def _shard_place(settings: Settings, file: File, shard: int) -> Location:
    return _place(settings, file, f"shard-{shard:05}")


def _partition_place(settings: Settings, file: File, partition: int) -> Location:
    return _place(settings, file, f"partition-{partition:05}")


def _place(settings: Settings, file: File, name: str) -> Location:
    """Return where an outcome lies.

    The digest is of this process's own documents: what was deployed may change while a file is worked on.
    """
    deployed = documents.digest(settings.schemas)[:DIGITS]
    key = f"{file['id']}/{series_of(file['run'])}/outcomes/{deployed}/{name}.json"
    return {"bucket": settings.staging_bucket, "key": key}


def _find(place: Location, file: File, kind: type[T]) -> T | None:
    """Return the outcome at a place, None where there is none, or one that other code wrote."""
    if file["run"] == series_of(file["run"]):
        return None  # the first of its series: nobody was here before
    body = objects.find(place)
    if body is None:
        return None
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _put(place: Location, outcome: KeptShard | KeptPartition) -> None:
    objects.put(place, msgspec.json.encode(outcome), "application/json")
