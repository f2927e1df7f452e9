"""Functions that no state of a project uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from statewright.asl.source import SourceText
from statewright.asl.tree import Task
from statewright.typing.deployment import read_deployment
from statewright.typing.findings import Findings, Where
from statewright.typing.signatures import names_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from statewright.asl.tree import StateMachine
    from statewright.typing.findings import Finding
    from statewright.typing.signatures import Signatures


def unused_functions(machines: Sequence[StateMachine], signatures: Signatures) -> list[Finding]:
    """Report functions that are described or have a signature, and that nothing names; raises SchemaError.

    Where a state works out which function it calls, nothing is known of what is used.
    """
    used: set[str] = set()
    for machine in machines:
        for text in _called(machine):
            if text is None:
                return []
            used.update(names_of(text))
    deployment = read_deployment(signatures.folder)
    if deployment is None:
        return [
            _without_description(name, signatures)
            for name in signatures.names("functions")
            if name not in used
        ]
    findings = Findings(deployment.source, _shown(deployment.file))
    for name in deployment.description.get("functions", {}):
        if name not in used and not deployment.mentions(name):
            message = f"no state calls {name}, and nothing else here names it"
            findings.add("SW301", message, Where(f"/functions/{name}"))
    return list(findings.found)


def _called(machine: StateMachine) -> Iterable[str | None]:
    for state in machine.walk():
        if not isinstance(state, Task):
            continue
        if state.resource.kind in ("lambda", "other"):
            yield state.resource.arn
        elif state.resource.service == "lambda":
            value = None if state.payload is None else state.payload.value
            name = value.get("FunctionName") if isinstance(value, dict) else None
            yield name if isinstance(name, str) and not name.startswith("{%") else None


def _without_description(name: str, signatures: Signatures) -> Finding:
    assert signatures.folder is not None
    file = signatures.folder / "functions" / f"{name}.json"
    findings = Findings(SourceText(file.read_text(encoding="utf-8-sig")), _shown(file))
    findings.add("SW301", f"no state calls {name}", Where(""))
    return next(iter(findings.found))


def _shown(file: Path) -> str:
    path, here = file.resolve(), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
