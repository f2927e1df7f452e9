"""A sample of what `make faults` tries: every call of the clean runs, each under some of the faults."""

from __future__ import annotations

from tests.faults import harness
from tests.faults.faults import FAULTS
from tests.faults.trials import lab

# Each fault begins at another call, so that together they reach most.
EVERY = 60


def test_given_a_call_that_fails_the_run_leaves_what_a_clean_run_leaves() -> None:
    with lab() as made:
        tallies = harness.run(made, every=EVERY)

    assert tallies.keys() == {fault.name for fault in FAULTS}
    lines = [line for tally in tallies.values() for line in tally.lines]
    assert lines == []
    assert sum(tally.points for tally in tallies.values()) >= len(FAULTS)
    assert any(tally.started_anew for tally in tallies.values())
