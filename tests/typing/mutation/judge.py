"""Which mutants of our machines the checker finds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.typing.check import check
from statewright.typing.signatures import Signatures, machine_name
from statewright.typing.suppressions import read_suppressions, suppress
from tests.typing.mutation import (  # noqa: F401 - each registers its operators
    of_deployment,
    of_errors,
    of_expressions,
    of_fields,
    of_structure,
    of_types,
    of_variables,
)
from tests.typing.mutation.registry import Mutant, mutants

if TYPE_CHECKING:
    from statewright.typing.findings import Finding

Json = Any
HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@dataclass(frozen=True)
class Machine:
    """A right machine with its signatures."""

    file: Path
    types: Path

    @property
    def name(self) -> str:
        return machine_name(self.file)

    @cached_property
    def definition(self) -> Json:
        return json.loads(self.file.read_text(encoding="utf-8"))

    @cached_property
    def _signatures(self) -> Signatures:
        return Signatures(self.types)

    def found(self, definition: Json) -> list[Finding]:
        """Give what the checker reports of a definition, notes and stale suppressions apart."""
        text = definition if isinstance(definition, str) else json.dumps(definition, indent=2)
        findings = check(text, self.file.name, self._signatures, self.name).findings
        left = suppress(findings, read_suppressions(self.types), self.name)
        return [each for each in left if each.severity != "note" and each.code != "SW192"]

    def mutants(self) -> list[Mutant]:
        return list(mutants(self.definition))


MACHINES = [
    *(Machine(file, ROOT / "schemas") for file in sorted((ROOT / "statemachines").glob("*.asl.json"))),
    Machine(HERE / "single_shard.asl.json", HERE / "types"),
]
