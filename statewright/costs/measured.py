"""What was measured of the functions: the file that `python -m bench cost` writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from statewright.costs.calls import Ratios


@dataclass(frozen=True)
class Cpu:
    """Processor time of a function, in seconds of one whole processor."""

    seconds: float
    seconds_per_record: float
    seconds_per_byte: float

    def of(self, records: float, size: float) -> float:
        """Return what an invocation over so many records and bytes takes."""
        return self.seconds + records * self.seconds_per_record + size * self.seconds_per_byte


@dataclass(frozen=True)
class Measured:
    """The figures; log lines are those of one invocation, the ledger's bytes those of a row.

    `cutting` is processor time by the byte of a text that is cut into chunks behind its "lines", "rows" or
    "values", and of one that is "unpacked" from a gzip before.
    """

    measured_on: str
    machine: str
    cpu: dict[str, Cpu]
    cutting: dict[str, float]
    ratios: Ratios
    log_bytes: dict[str, int]
    log_lines: dict[str, int]
    ledger_claimed: int
    ledger_closed: int


@lru_cache(maxsize=1)
def measured() -> Measured:
    """Return what the file holds."""
    said = json.loads(files("statewright.costs").joinpath("measured.json").read_bytes())
    return Measured(
        said["measured_on"],
        said["machine"],
        {name: Cpu(**cpu) for name, cpu in said["functions"].items()},
        said["rechunk_seconds_per_byte"],
        Ratios(**said["bytes_left_by_zstd"]),
        said["log_bytes"],
        said["log_lines"],
        said["ledger_bytes"]["claimed"],
        said["ledger_bytes"]["closed"],
    )
