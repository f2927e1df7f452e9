"""The model counts the calls for a file that is cut into chunks first, in one round and in many."""

from __future__ import annotations

import dataclasses
import gzip
import json
import random
from typing import TYPE_CHECKING, Any

import pytest

import rechunk
from pipeline import contracts, objects, plans, proofs, reading, rechunking, staging
from pipeline.formats import cuts, gzip_stream, lines
from statewright.costs import calls, facts_process, rounds, timing, work
from statewright.costs.calls import Load, Round
from statewright.costs.facts import File, Refused, facts_from, facts_of
from tests.costs import counting
from tests.costs.test_calls import KIB, LEAST_PART, PROJECT, held, orders, ratios_of
from tests.functions.cloud import HANDLERS, SCHEMAS, STAGING, Context

if TYPE_CHECKING:
    from statewright.costs.facts import Facts
    from tests.costs.counting import Counted
    from tests.functions.cloud import Cloud

ORDERS = 897  # the last chunk is shorter
CHUNKS = 5
MACHINE = timing.Machine.of(PROJECT)


def noisy() -> list[dict[str, Any]]:
    """Return orders that zstd and gzip leave half of, so that small chunks are read and written in pieces."""
    noise = random.Random(7)
    made = [json.loads(line) for line in orders(ORDERS).splitlines()]
    return [{**each, "customer_id": noise.randbytes(64).hex()} for each in made]


def rows(records: list[dict[str, Any]]) -> bytes:
    """Return records as CSV."""
    cells = [",".join(map(str, each.values())) for each in records]
    return "\n".join([",".join(records[0]), *cells, ""]).encode()


LINES = [json.dumps(each, separators=(",", ":")).encode() for each in noisy()]
TEXTS = {
    "jsonl": b"\n".join([*LINES, b""]),
    "json": b"[" + b",\n".join(LINES) + b"]",
    "csv": rows(noisy()),
}
KINDS = [("jsonl", "gzip"), ("json", "none"), ("json", "gzip"), ("csv", "none"), ("csv", "gzip")]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all that cannot be split be cut, and read and written in pieces, as one of gigabytes is."""
    monkeypatch.setattr(plans, "MAX_SHARD_BYTES", 100)
    monkeypatch.setattr(plans, "PARTITION_BYTES", 100 * KIB)
    monkeypatch.setattr(plans, "ROWS_PARTITION_BYTES", 60 * KIB)
    monkeypatch.setattr(cuts, "_WINDOW_BYTES", 1)
    monkeypatch.setattr(objects, "RANGE_BYTES", 8 * KIB)
    monkeypatch.setattr(objects, "PIECE_BYTES", 2 * KIB)
    monkeypatch.setattr(gzip_stream, "PIECE_BYTES", 2 * KIB)
    monkeypatch.setattr(lines, "BLOCK_BYTES", 4 * KIB)
    monkeypatch.setattr(reading, "LEAST_LINES", 2)
    monkeypatch.setattr(proofs, "LEAST_ALIKE", 2)
    monkeypatch.setattr(objects, "PART_BYTES", 4 * KIB)
    monkeypatch.setattr(LEAST_PART, 1)
    for frame in ("FRAME_BYTES", "COLUMNS_BYTES"):
        monkeypatch.setattr(staging, frame, 4 * KIB)
    monkeypatch.setattr(staging, "BUFFERED_BYTES", 64 * KIB)
    monkeypatch.setattr(staging, "TAIL_BYTES", KIB)


def sent(monkeypatch: pytest.MonkeyPatch, format_: str, compression: str) -> tuple[str, bytes, Facts]:
    """Return a file's key and body, and the facts with the numbers that hold in this process."""
    text = TEXTS[format_]
    monkeypatch.setattr(plans, "CHUNK_BYTES", -(-len(text) // CHUNKS))
    body = gzip.compress(text) if compression == "gzip" else text
    asked = {"dataset": "orders", "format": format_, "compression": compression, "records": ORDERS}
    asked |= {"size": len(body), "text": len(text)}
    found = facts_from(facts_process.facts(contracts.catalogue(SCHEMAS), asked))
    return f"orders/large.{format_}{'.gz' if compression == 'gzip' else ''}", body, found


def chunks_of(cloud: Cloud) -> list[dict[str, Any]]:
    """Return the chunks that are staged."""
    found = cloud.s3.list_objects_v2(Bucket=STAGING)["Contents"]
    return [each for each in found if "/chunks/" in each["Key"]]


def all_ratios(cloud: Cloud, facts: Facts) -> calls.Ratios:
    text = sum(each["Size"] for each in chunks_of(cloud)) / facts.text_bytes
    return dataclasses.replace(ratios_of(cloud, facts, ORDERS), text=text)


def held_but_for_parts(counted: Counted, modelled: calls.Calls) -> None:
    """Hold counts to the model; a part ends with a frame, here a quarter of one, so there are fewer."""
    for name in ("rechunk", "parse_and_validate", "enrich", "write_to_ddb"):
        parts = counted.calls.pop((name, calls.PART))
        most = modelled.pop((name, calls.PART), 0)
        assert 0.7 * most <= parts <= most
    held(counted, modelled)


@pytest.mark.parametrize(("format_", "compression"), KINDS)
def test_given_a_file_in_chunks_the_model_counts_its_calls(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, format_: str, compression: str
) -> None:
    key, body, facts = sent(monkeypatch, format_, compression)
    counted = counting.file(cloud, key, body)
    assert counted.status == "SUCCEEDED"
    assert facts.rechunk
    assert facts.shards == len(chunks_of(cloud)) == CHUNKS
    modelled = calls.of_file(
        facts, len(body), Load(ORDERS), all_ratios(cloud, facts), [Round(0, facts.shards - 1)]
    )
    held_but_for_parts(counted, modelled)
    charged = work.of_file(facts, len(body), Load(ORDERS), MACHINE)
    assert counted.states == charged["step_functions.state_transitions"]
    assert counted.invocations == {name: ran.count for name, ran in charged.invocations.items()}
    assert counted.children == charged["step_functions.express_requests"]


class Timed(Context):
    """A context of Lambda's whose time passes as the model says: by the chunks that an invocation has cut."""

    def __init__(self, facts: Facts, size: int, machine: timing.Machine) -> None:
        self._facts, self._size, self._machine = facts, size, machine
        self._first = self._last = 0

    def begin(self) -> None:
        """Begin an invocation, with the chunk that the one before ended with."""
        self._first = self._last = max(0, self._last - 1)

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left when another chunk has been cut."""
        cut = Round(self._first, self._last)
        self._last += 1
        took = rounds.seconds(self._facts, self._size, cut, self._machine)
        return round((self._machine.timeout_seconds["rechunk"] - took) * 1000)


@pytest.mark.parametrize(("format_", "compression"), KINDS)
def test_given_chunks_that_take_several_invocations_the_model_counts_those_and_their_calls(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, format_: str, compression: str
) -> None:
    key, body, facts = sent(monkeypatch, format_, compression)
    slow = hurried(facts, len(body))
    cut = rounds.of_file(facts, len(body), slow)
    assert len(cut) > 1
    context = Timed(facts, len(body), slow)

    def handler(event: Any, _: Any) -> Any:
        context.begin()
        return rechunk.handler(event, context)

    monkeypatch.setitem(HANDLERS, "rechunk", handler)
    counted = counting.file(cloud, key, body)

    assert counted.status == "SUCCEEDED"
    assert counted.invocations["rechunk"] == len(cut)
    load = Load(ORDERS)
    modelled = calls.of_file(facts, len(body), load, all_ratios(cloud, facts), cut)
    read = counted.calls.pop(("rechunk", calls.GET))  # a round ends somewhere in a range
    assert abs(read - modelled.pop(("rechunk", calls.GET))) < len(cut)
    held_but_for_parts(counted, modelled)
    charged = work.of_file(facts, len(body), load, slow)
    assert counted.states == charged["step_functions.state_transitions"]
    assert counted.invocations == {name: ran.count for name, ran in charged.invocations.items()}


def hurried(facts: Facts, size: int) -> timing.Machine:
    """Return a machine whose invocations have time for the fourth chunk alone, and not for two."""
    one, two = (rounds.seconds(facts, size, Round(first, 3), MACHINE) for first in (3, 2))
    time = facts.constants.reserve_seconds + (one + two) / 2
    return dataclasses.replace(MACHINE, timeout_seconds={"rechunk": time})


def test_given_a_machine_without_time_the_model_refuses_what_the_function_gives_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, body, facts = sent(monkeypatch, "jsonl", "gzip")
    idle = dataclasses.replace(MACHINE, timeout_seconds={"rechunk": facts.constants.reserve_seconds})
    with pytest.raises(Refused, match=f"more than {rechunking.MAX_ROUNDS} invocations"):
        rounds.of_file(facts, len(body), idle)


def test_given_the_largest_text_its_rounds_follow_one_another_within_their_time() -> None:
    facts = facts_of(PROJECT, File("orders", 10**8, plans.MAX_SHARDS * 128 * KIB * KIB, "json"))
    size = facts.text_bytes
    cut = rounds.of_file(facts, size, MACHINE)
    time = MACHINE.timeout_seconds["rechunk"] - rechunking.RESERVE_SECONDS
    assert (cut[0].first, cut[-1].last) == (0, facts.shards - 1)
    assert [each.first for each in cut[1:]] == [each.last for each in cut[:-1]]
    for each in cut[:-1]:
        assert rounds.seconds(facts, size, Round(each.first, each.last - 1), MACHINE) <= time
        assert rounds.seconds(facts, size, each, MACHINE) > time
    ran = work.of_file(facts, size, Load(10**8), MACHINE).invocations["rechunk"]
    assert ran.count == len(cut) == 2
    assert ran.count * ran.seconds == pytest.approx(
        sum(rounds.seconds(facts, size, each, MACHINE) for each in cut)
    )
