"""Outcomes that are kept: what a new start after a failure need not do again.

Where a file fans out, each shard and each partition that ends well leaves its outcome in the staging
bucket, one small object. An execution that claims the file after one that failed, and has the same work to
do, continues its *series*: it finds those outcomes, and works on the rest.

Nothing stale is found. The ledger gives a file to one execution at a time and knows what its work was; one
with other work (another plan, contract, key of the pseudonyms) begins a series of its own. So between two
executions of one series nobody has replaced what an outcome speaks of, in the staging bucket, in quarantine
or in the table.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from pipeline import contracts, documents, ledger, objects, pseudonyms, staging
from pipeline.errors import ObjectNotFound
from pipeline.shapes import Enriched, Parsed, Written  # noqa: TC001 - msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.settings import Settings
    from pipeline.shapes import File, Keep, Location, Plan, Shard

T = TypeVar("T")

# To be raised whenever staged objects or outcomes change their form or their meaning.
FORMAT = 1
# Enough hexadecimal digits that two of them never meet by chance.
DIGITS = 16


class KeptShard(msgspec.Struct, frozen=True):
    """What both functions said of a shard; `run` is the execution that worked."""

    run: str
    parsed: Parsed
    enriched: Enriched


class KeptPartition(msgspec.Struct, frozen=True):
    """What the writer said of a partition; `run` is the execution that worked."""

    run: str
    written: Written


def work_of(settings: Settings, contract: str, plan: Plan) -> str | None:
    """Return a digest of all that decides what becomes of a file's bytes, None where nothing is kept."""
    if plan["shards"] <= 1 and plan["partitions"] <= 1:
        return None
    hidden = contracts.catalogue(settings.schemas).contract(contract).pseudonymise
    said = {
        "format": FORMAT,
        "plan": [plan["shards"], plan["shard_bytes"], plan["partitions"]],
        "contract": contract,
        "documents": documents.digest(settings.schemas),
        "key": pseudonyms.key_version(settings.pseudonym_key_parameter) if hidden else None,
    }
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def run_of(execution: str) -> str:
    """Return the name that an execution has in outcomes."""
    return hashlib.sha256(execution.encode()).hexdigest()[:DIGITS]


def continued(table: str, row: Mapping[str, Any], replaced: Mapping[str, str]) -> Keep:
    """Return where outcomes are kept, given the row that a claim wrote, and the one that it replaced.

    Where both have the same work, the series goes on. Where a claim was made again, as its answer was lost,
    the row from before is not known any more: a series begins. Raises ClaimLost.
    """
    run = row["series"]
    series = replaced.get("series", run) if replaced.get("work") == row["work"] else run
    if series != run:
        ledger.change(table, row["file_id"], row["execution"], {"series": series})
    return {"series": series, "run": run}


def find_shard(settings: Settings, file: File, shard: Shard, keep: Keep) -> Parsed | None:
    """Return what was said of a shard before, None where it is to be worked on."""
    found = _find(_shard_place(settings, file, shard["index"], keep), keep, KeptShard)
    if found is None or found.parsed["shard"] != shard:
        return None
    parsed, enriched = found.parsed, found.enriched
    named = (
        enriched["staged"],
        parsed["quarantine"],
        enriched["quarantine_enrich"],
        enriched["alerts_object"],
    )
    if not all(_is_there(place) for place in named if place):
        return None
    return {**parsed, "kept": {**enriched, "kept": found.run != keep["run"]}}


def keep_shard(settings: Settings, file: File, parsed: Parsed, enriched: Enriched, keep: Keep) -> None:
    """Keep what was said of a shard."""
    place = _shard_place(settings, file, parsed["shard"]["index"], keep)
    _put(place, KeptShard(keep["run"], parsed, enriched))


def find_partition(settings: Settings, file: File, partition: int, keep: Keep) -> Written | None:
    """Return what was said of a partition before, None where it is to be written."""
    found = _find(_partition_place(settings, file, partition, keep), keep, KeptPartition)
    return None if found is None else {**found.written, "kept": found.run != keep["run"]}


def keep_partition(settings: Settings, file: File, written: Written, keep: Keep) -> None:
    """Keep what was said of a partition."""
    place = _partition_place(settings, file, written["partition"], keep)
    _put(place, KeptPartition(keep["run"], written))


def _shard_place(settings: Settings, file: File, shard: int, keep: Keep) -> Location:
    return _place(settings, file, keep, f"shard-{shard:05}")


def _partition_place(settings: Settings, file: File, partition: int, keep: Keep) -> Location:
    return _place(settings, file, keep, f"partition-{partition:05}")


def _place(settings: Settings, file: File, keep: Keep, name: str) -> Location:
    """Return where an outcome lies.

    The digest is of this process's own documents: what was deployed may change while a file is worked on.
    """
    deployed = documents.digest(settings.schemas)[:DIGITS]
    key = f"{staging.folder(file, keep)}/outcomes/{deployed}/{name}.json"
    return {"bucket": settings.staging_bucket, "key": key}


def _find(place: Location, keep: Keep, kind: type[T]) -> T | None:
    """Return the outcome at a place, None where there is none, or one that other code wrote."""
    if keep["series"] == keep["run"]:
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


def _is_there(place: Location) -> bool:
    try:
        objects.head(place["bucket"], place["key"])
    except ObjectNotFound:
        return False
    return True
