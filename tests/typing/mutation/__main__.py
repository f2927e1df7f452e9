"""All mutants of all machines, by operator: `python -m tests.typing.mutation [MACHINE]...`."""

from __future__ import annotations

import sys
from collections import Counter

from tests.typing.mutation.judge import MACHINES
from tests.typing.mutation.registry import KINDS


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main() -> None:
    made: Counter[str] = Counter()
    missed: Counter[str] = Counter()
    for machine in MACHINES:
        if sys.argv[1:] and machine.name not in sys.argv[1:]:
            continue
        assert not machine.found(machine.definition), machine.name
        for mutant in machine.mutants():
            made[mutant.operator] += 1
            if not machine.found(mutant.definition):
                missed[mutant.operator] += 1
                _say(f"missed: {machine.name} {mutant.name}")
    for kind in KINDS:
        _say(f"{kind.group:12} {kind.name:45} {made[kind.name] - missed[kind.name]:4} of {made[kind.name]:4}")
    total, lost = sum(made.values()), sum(missed.values())
    _say(f"{len(KINDS)} operators, {total} mutants, {total - lost} found: {1 - lost / total:.1%}")


if __name__ == "__main__":
    main()
