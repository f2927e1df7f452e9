"""What AWS asks for: the price list `prices.json`, dated, with the page that each price is from.

Prices are before the free tier. Of prices that fall with the month's amount a single execution is told the
first, which is the highest.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True)
class StepFunctionsPrices:
    """Prices of Step Functions in a region, in USD: https://aws.amazon.com/step-functions/pricing/."""

    region: str
    read_on: str
    source: str
    transition: float
    request: float
    gb_second: float
    memory_step_mb: int
    duration_step_ms: int

    def standard(self, transitions: int) -> float:
        """Return what the state transitions of STANDARD executions cost."""
        return transitions * self.transition

    def express(self, seconds: float, memory_mb: float = 1.0) -> float:
        """Return what an EXPRESS execution costs: its request, its duration and memory, each rounded up."""
        steps = math.ceil(round(seconds * 1000 / self.duration_step_ms, 6))
        billed_seconds = steps * self.duration_step_ms / 1000
        billed_mb = math.ceil(memory_mb / self.memory_step_mb) * self.memory_step_mb
        return self.request + billed_seconds * billed_mb / 1024 * self.gb_second


@lru_cache(maxsize=1)
def price_list() -> dict[str, Any]:
    """Return the whole list, as the file has it."""
    found: dict[str, Any] = json.loads(files("statewright").joinpath("prices.json").read_bytes())
    return found


def step_functions_prices(region: str = DEFAULT_REGION) -> StepFunctionsPrices:
    """Return the prices of a region; of DEFAULT_REGION, which they name, where the list has not this one."""
    listed = price_list()
    region = region if region in listed["regions"] else DEFAULT_REGION
    found = listed["regions"][region]["step_functions"]
    express = found["express"]
    return StepFunctionsPrices(
        region=region,
        read_on=listed["read_on"],
        source=found["source"],
        transition=found["standard"]["per_1000_transitions"] / 1000,
        request=express["per_million_requests"] / 1_000_000,
        gb_second=express["per_gb_hour"][0]["price"] / 3600,
        memory_step_mb=express["memory_step_mb"],
        duration_step_ms=express["duration_step_ms"],
    )
