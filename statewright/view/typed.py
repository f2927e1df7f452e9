"""What types tell of a state: declared by its function, inferred by the checker, and what `check` finds.

The definition that ran is checked, with the signatures of the project that is around. Where the project's
file says the same, findings lead to its lines.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from statewright.asl.source import JsonSyntaxError, SourceText
from statewright.local.names import PLACEHOLDER
from statewright.typing.check import check
from statewright.typing.findings import CODES
from statewright.typing.inferred import in_words
from statewright.typing.rendering import show
from statewright.typing.schemas import SchemaError
from statewright.typing.signatures import Signature, Signatures
from statewright.typing.suppressions import read_suppressions, suppress
from statewright.view.definition import called_function

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from statewright.typing.findings import Finding
    from statewright.typing.inferred import InferredState
    from statewright.view.definition import Node
    from statewright.view.project_files import ProjectFiles

Json = Any
_Checked = tuple[list["Finding"], "Mapping[str, InferredState]"]

_KEPT = 16
_NOTE = "SW191"  # what cannot be shown: `check` tells it with --notes only


class TypesOfStates:
    """What types tell of the states of a project's executions; the last definitions are kept."""

    def __init__(self, files: ProjectFiles) -> None:
        self._files = files
        self._kept: OrderedDict[tuple[str, str, int], _Checked] = OrderedDict()

    def of(self, machine: str, definition: str, node: Node) -> dict[str, Json]:
        """Return {"file", "isSame", "function", "inferred", "findings", "problem"} of a state.

        `machine` is an ARN. `file` is the definition in the project, `isSame` whether it is what ran;
        `problem` says why there is nothing.
        """
        files, name = self._files, self._files.machine(machine)
        file = None if name is None else _file(files, name)
        source = None if file is None else _source_of(file, definition)
        told: dict[str, Json] = {
            "file": file and files.shown(file),
            "isSame": source is not None,
            "problem": None,
        }
        try:
            findings, passages = self._checked(definition, name or "")
            told["function"] = _declared(files, node)
        except SchemaError as error:
            return told | {"problem": str(error), "function": None, "inferred": None, "findings": []}
        told["inferred"] = passages.get(node.pointer)
        told["findings"] = [_finding(files, each, file, source) for each in _of_state(findings, node)]
        return told

    def _checked(self, definition: str, name: str) -> _Checked:
        schemas = self._files.schemas
        key = (definition, name, _last_change(schemas))
        if key not in self._kept:
            checked = check(definition, name, _ProjectSignatures(self._files), name)
            findings = suppress(checked.findings, read_suppressions(schemas), name)
            told = [each for each in findings if each.code != _NOTE]
            self._kept[key] = (told, in_words(checked.passages))
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return self._kept[key]


class _ProjectSignatures(Signatures):
    """Signatures of a project, also by the names that its functions have when they are deployed."""

    def __init__(self, files: ProjectFiles) -> None:
        super().__init__(files.schemas)
        self._files = files

    def function(self, text: str) -> Signature | None:
        """Give the signature of a function by its ARN, name or placeholder; raises SchemaError."""
        return super().function(self._files.function(text) or text)

    def machine(self, text: str) -> Signature | None:
        """Give the signature of a machine by its ARN, name or placeholder; raises SchemaError."""
        return super().machine(self._files.machine(text) or text)


def _last_change(folder: Path) -> int:
    return max((each.stat().st_mtime_ns for each in folder.rglob("*.json")), default=0)


def _declared(files: ProjectFiles, node: Node) -> dict[str, Json] | None:
    """Return the signature of the function that a state calls."""
    called = called_function(node.body)
    signature = None if called is None else _ProjectSignatures(files).function(called)
    if signature is None:
        return None
    file = files.schemas / signature.file
    return {
        "name": signature.name,
        "input": show(signature.input),
        "output": show(signature.output),
        "file": files.shown(file),
        "url": files.link(file, 1),
    }


def _of_state(findings: list[Finding], node: Node) -> Iterator[Finding]:
    """Give the findings at a state; those of the states inside it are theirs."""
    inner = [each.pointer for region in node.regions for each in region.walk()]
    for each in findings:
        if _is_below(each.pointer, node.pointer) and not any(_is_below(each.pointer, at) for at in inner):
            yield each


def _is_below(pointer: str, place: str) -> bool:
    return pointer == place or pointer.startswith(place + "/")


def _finding(
    files: ProjectFiles, finding: Finding, file: Path | None, source: SourceText | None
) -> dict[str, Json]:
    told: dict[str, str | None] = {"place": None, "url": None}
    if file is not None and source is not None:
        line = source.location(finding.pointer).line
        told = {"place": f"{files.shown(file)}:{line}", "url": files.link(file, line)}
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": CODES[finding.code].title,
        "message": finding.message,
        "suggestion": finding.suggestion,
        "at": finding.pointer,
        **told,
    }


def _file(files: ProjectFiles, name: str) -> Path:
    return files.project.root / files.project.description.state_machines[name].definition


def _source_of(file: Path, definition: str) -> SourceText | None:
    """Return a file's text where it is the definition, whatever its placeholders stand for there."""
    try:
        source = SourceText(file.read_text(encoding="utf-8-sig"))
        return source if _is_same(source.value, SourceText(definition).value) else None
    except (OSError, UnicodeDecodeError, JsonSyntaxError):
        return None


def _is_filled(parts: list[str], text: str) -> bool:
    """Say whether a text has these parts in their order, and anything between them."""
    first, *middle, last = parts
    place = len(first)
    for part in middle:
        found = text.find(part, place)
        if found < 0:
            return False
        place = found + len(part)
    return text.startswith(first) and text.endswith(last) and len(text) - len(last) >= place


def _is_same(written: Json, ran: Json) -> bool:
    if isinstance(written, str) and isinstance(ran, str) and PLACEHOLDER.search(written):
        return _is_filled(PLACEHOLDER.split(written)[::2], ran)
    if isinstance(written, dict) and isinstance(ran, dict):
        return written.keys() == ran.keys() and all(_is_same(written[name], ran[name]) for name in written)
    if isinstance(written, list) and isinstance(ran, list):
        return len(written) == len(ran) and all(map(_is_same, written, ran))
    return type(written) is type(ran) and bool(written == ran)
