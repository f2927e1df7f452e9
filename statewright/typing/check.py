"""One definition checked: what AWS would refuse, and what its types tell."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from statewright.asl import diagnostics as d
from statewright.asl.parse import read
from statewright.typing.contexts import machine_context
from statewright.typing.deployment import read_deployment
from statewright.typing.error_handling import check_handling
from statewright.typing.findings import Finding, Findings
from statewright.typing.flow import Entry, Passage, Surroundings, run_flow
from statewright.typing.iam import check_permissions
from statewright.typing.operations import check_operations
from statewright.typing.shapes import NEVER, UNKNOWN, Type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.asl.tree import Flow, State, StateMachine
    from statewright.typing.iam import Roles
    from statewright.typing.signatures import Signatures

_CODES = {d.JSON: "SW002", d.TARGET: "SW003", d.END: "SW004", d.DUPLICATE: "SW005"}


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found, in the order of the lines; `output`, `entries`, `passages` are what was inferred.

    `entries`: of the outermost states by name; `passages`: of all states by JSON pointer.
    """

    findings: tuple[Finding, ...]
    output: Type = NEVER
    entries: Mapping[str, Entry] = field(default_factory=dict)
    passages: Mapping[str, Passage] = field(default_factory=dict)
    machine: StateMachine | None = None


def check(
    text: str, file: str, signatures: Signatures, name: str = "", roles: Roles | None = None
) -> Checked:
    """Check a definition; `name` finds the machine's own signature, and its role among `roles`.

    Raises SchemaError; RolesError where there are roles, and none of this machine.
    """
    machine, diagnostics = read(text)
    refused = [_finding(each, file) for each in diagnostics if each.code != d.UNDEFINED_VARIABLE]
    if machine is None or any(each.severity == "error" for each in refused):
        return Checked(tuple(refused), machine=machine)
    own = signatures.machine(name) if name else None
    given = UNKNOWN if own is None else own.input.since(f"the machine's input ({own.file})")
    findings = Findings(
        machine.source,
        file,
        inner_variables=_inner_variables(machine.flow),
        assigned=_all_variables(machine.flow),
    )
    wanted = own.output if own is not None and own.has_output else None
    around = Surroundings(findings, signatures, machine_context(given), wanted)
    outcome = run_flow(machine.flow, Entry(given, {}), around)
    check_operations(machine, findings, read_deployment(signatures.folder), name)
    check_handling(machine, signatures, findings)
    if roles is not None:
        check_permissions(machine, name, roles, findings)
    found = sorted(
        (*refused, *_once(list(findings.found))), key=lambda each: (each.line, each.column, each.code)
    )
    return Checked(tuple(found), outcome.output, outcome.entries, around.passages, machine)


def _once(findings: list[Finding]) -> list[Finding]:
    """Where a name inside an expression was told to be wrong, that the whole yields nothing tells no more."""
    inside = {each.pointer for each in findings if each.code == "SW101" and not _is_of_the_whole(each)}
    return [each for each in findings if not (_is_of_the_whole(each) and each.pointer in inside)]


def _is_of_the_whole(finding: Finding) -> bool:
    return finding.code in ("SW101", "SW102", "SW103") and finding.message.startswith("the expression ")


def _inner_variables(flow: Flow) -> frozenset[str]:
    """Name the variables that only flows inside a machine's own assign."""
    own = {name for state in flow.states.values() for name in _assigned(state)}
    inside = {name for state in flow.walk() for name in _assigned(state)}
    return frozenset(inside - own)


def _all_variables(flow: Flow) -> frozenset[str]:
    return frozenset(name for state in flow.walk() for name in _assigned(state))


def _assigned(state: State) -> list[str]:
    parts = [state, *getattr(state, "catch", ()), *getattr(state, "rules", ())]
    payloads = [part.assign for part in parts if part.assign is not None]
    return [key.removesuffix(".$") for payload in payloads for key in payload.value]


def _finding(diagnostic: d.Diagnostic, file: str) -> Finding:
    severity = "error" if diagnostic.severity == "ERROR" else "warning"
    return Finding(
        _CODES.get(diagnostic.code, "SW001"),
        severity,  # type: ignore[arg-type]
        diagnostic.message,
        file,
        diagnostic.line,
        diagnostic.column,
        diagnostic.pointer or "",
    )
