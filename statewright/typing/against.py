"""Definitions and types held against an earlier revision: what a change breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from statewright.asl.parse import read
from statewright.typing.check import check
from statewright.typing.evolution import dataset_findings, gone, signature_findings
from statewright.typing.findings import CODES, Finding
from statewright.typing.lattice import union
from statewright.typing.revisions import unpacked
from statewright.typing.signatures import Signature, Signatures, machine_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from statewright.typing.revisions import Earlier

# Kinds of mistakes that make a running execution fail where its functions have changed.
_OF_TYPES = ("SW10", "SW11")


def findings_against(
    revision: str, asked: Sequence[Path], types: Path | None
) -> tuple[list[Finding], dict[str, str]]:
    """Give what a change since a revision breaks, and the texts that findings stand in, by name.

    `asked` are definitions or folders of them, `types` is the folder of types.

    Raises RevisionError where the revision cannot be read, SchemaError for a schema.
    """
    paths = [*asked, *([] if types is None else [types])]
    findings: list[Finding] = []
    sources: dict[str, str] = {}
    with unpacked(revision, paths) as earlier:
        if types is not None:
            findings += dataset_findings(types, earlier)
            findings += signature_findings(types, earlier)
        sources |= {each.file: _text(Path(each.file)) for each in findings}
        for old, new in _pairs(asked, earlier):
            text = old.read_text(encoding="utf-8-sig")
            label = f"{revision}:{old.relative_to(earlier.folder).as_posix()}"
            sources[label] = text
            findings += _definition_findings(text, new, revision)
            findings += _running_findings(text, label, old, types, earlier)
    return findings, sources


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8-sig") if file.is_file() else ""


def _pairs(asked: Sequence[Path], earlier: Earlier) -> Iterator[tuple[Path, Path]]:
    """Give each definition of the revision, and where it is today if it is still there."""
    for path in asked:
        before = earlier.was(path)
        if before.is_file():
            yield before, path
        for old in sorted(before.glob("*.json") if before.is_dir() else ()):
            yield old, path / old.name


def _definition_findings(text: str, new: Path, revision: str) -> Iterator[Finding]:
    machine, _ = read(text)
    if machine is None:
        return
    if not new.is_file():
        message = f"the machine {machine_name(new)} is gone: AWS ends its executions with it"
        yield gone("SW423", message, new)
        return
    changed, _ = read(new.read_text(encoding="utf-8-sig"))
    if changed is None:
        return
    names = {state.name for state in changed.flow.walk()}
    for state in machine.flow.walk():
        if state.name not in names:
            message = f"the state {state.name} of {revision} is gone: alarms, mocks and tests may name it"
            yield replace(gone("SW424", message, new), pointer="/States")


class _Meanwhile(Signatures):
    """What an execution meets that was started then and goes on today.

    Functions take what they take today; what they gave may be from then. The machine itself is as it was.
    """

    def __init__(self, folder: Path, then: Signatures, name: str) -> None:
        super().__init__(folder)
        self._then = then
        self._name = name

    def machine(self, text: str) -> Signature | None:
        return self._then.machine(text) if text == self._name else super().machine(text)

    def function(self, text: str) -> Signature | None:
        before, now = self._then.function(text), super().function(text)
        if before is None or now is None:
            return now
        return replace(now, output=union((now.output, before.output)))


def _running_findings(
    text: str, label: str, old: Path, types: Path | None, earlier: Earlier
) -> Iterator[Finding]:
    """Check an earlier definition with the functions of today: tell what was right and is not."""
    if types is None:
        return
    name = machine_name(old)
    then = Signatures(earlier.was(types))
    known = {(each.pointer, each.message) for each in check(text, label, then, name).findings}
    meanwhile = _Meanwhile(types, then, name)
    for each in check(text, label, meanwhile, name).findings:
        if not each.code.startswith(_OF_TYPES) or each.severity != "error":
            continue
        if (each.pointer, each.message) not in known:
            known.add((each.pointer, each.message))
            message = f"an execution that is running would fail here ({each.code}): {each.message}"
            yield replace(each, code="SW431", severity=CODES["SW431"].severity, message=message)
