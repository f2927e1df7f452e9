"""How long functions take: their share of a processor, and what a call of AWS waits for.

Processor time is measured; what AWS takes is what its own pages say, or is named here as said by none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.costs import calls

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.project import Project

# At so much memory a function has one whole processor, below that its share:
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_OF_A_PROCESSOR = 1769
# "roughly 100-200 milliseconds" for a small object or the first byte, "85-90 MB/s" for one request:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance-guidelines.html
S3_SECONDS, S3_BYTES_A_SECOND = 0.1, 85e6
# "single-digit millisecond latency": https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html
DYNAMODB_SECONDS = 0.01
# No page says it; as S3.
SNS_SECONDS = 0.1
WRITES = 8  # functions/pipeline/tables.py
READERS = 8  # functions/pipeline/staged_items.py


@dataclass(frozen=True)
class Machine:
    """What is deployed: memory in MB and most seconds of the functions by name, and their processor."""

    memory_mb: Mapping[str, int]
    timeout_seconds: Mapping[str, int]
    processor: str

    @classmethod
    def of(cls, project: Project) -> Machine:
        """Return what pipeline.json and Terraform say; where that says nothing it is x86_64."""
        described = project.description.functions
        memory = {name: function.memory_mb for name, function in described.items()}
        timeouts = {name: function.timeout_seconds for name, function in described.items()}
        terraform = project.root / "terraform" / "functions.tf"
        said = terraform.read_text(encoding="utf-8") if terraform.is_file() else ""
        found = re.search(r'^\s*architectures\s*=\s*\["(arm64|x86_64)"\]', said, re.MULTILINE)
        return cls(memory, timeouts, found[1] if found else "x86_64")

    def slower(self, name: str) -> float:
        """Return how much longer a function's processor time is than with one whole processor."""
        return max(1.0, MB_OF_A_PROCESSOR / self.memory_mb[name])


def wait(operation: str) -> float:
    """Return what a call waits for, shared with those that are made beside it."""
    if operation in (calls.BATCH_WRITE, calls.PUT_ITEM):
        return DYNAMODB_SECONDS / WRITES
    service = operation.partition(":")[0]
    return {"s3": S3_SECONDS, "dynamodb": DYNAMODB_SECONDS, "sns": SNS_SECONDS}[service]
