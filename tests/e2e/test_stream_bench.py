"""The parts of the benchmark `stream` in small: each ends the program where a sum does not hold."""

from __future__ import annotations

from bench import stream
from bench.stream_cloud import started

BURST = stream.Sizes(mixed=0, steady_seconds=0, of_200_kb=0, of_600_kb=0, burst=150, writes_per_second=20.0)


def test_a_message_that_breaks_its_contract_is_received_three_times_and_comes_back_when_that_is_widened() -> (
    None
):
    with started() as cloud:
        lines = stream.poison(cloud)
    assert lines[0].figure == "dead letter after 3 receives"


def test_a_burst_is_not_lost_where_the_table_throttles() -> None:
    (line,) = stream.burst(BURST)
    assert line.figure.startswith("nothing lost, drained in ")
