"""The invocations that cut a file into chunks: how many there are, and how long each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.costs import calls
from statewright.costs.calls import Round
from statewright.costs.facts import Refused
from statewright.costs.measured import measured
from statewright.costs.timing import S3_BYTES_A_SECOND, wait

if TYPE_CHECKING:
    from statewright.costs.facts import Facts
    from statewright.costs.timing import Machine

NAME = "rechunk"


def of_file(facts: Facts, size: int, machine: Machine) -> list[Round]:
    """Return the rounds of a file, none where it is not cut; raises Refused where they are too many.

    One ends after the first chunk that leaves it too little time for another. The next begins with that
    chunk: where it ends is not known before it is cut again.
    """
    found: list[Round] = []
    if not facts.rechunk:
        return found
    time, first = machine.timeout_seconds[NAME] - facts.constants.reserve_seconds, 0
    while not found or found[-1].last < facts.shards - 1:
        last = first
        while last < facts.shards - 1 and seconds(facts, size, Round(first, last), machine) <= time:
            last += 1
        found.append(Round(first, last))
        first = last
        if len(found) > facts.constants.max_rounds:
            raise Refused(f"cutting it into chunks takes more than {facts.constants.max_rounds} invocations")
    return found


def seconds(facts: Facts, size: int, round_: Round, machine: Machine) -> float:
    """Return how long a round takes: its processor time at its memory, and its waits."""
    figures = measured()
    begin = round_.first * facts.shard_bytes
    end = min((round_.last + 1) * facts.shard_bytes, facts.text_bytes)
    cpu = figures.cpu[NAME].seconds + (end - begin) * figures.cutting[facts.cut]
    cpu += end * figures.cutting["unpacked"] if facts.unpacked else 0.0
    made = calls.of_round(facts, size, round_, figures.ratios)
    waits = sum(wait(operation) * number for (_, operation), number in made.items())
    return cpu * machine.slower(NAME) + waits + calls.raw_bytes(facts, size, round_) / S3_BYTES_A_SECOND
