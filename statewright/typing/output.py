"""Findings as text with the line and a caret, as JSON, as SARIF 2.1.0, as annotations of GitHub Actions.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from statewright.typing.findings import CODES, Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Json = Any

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_MAX_LINE = 160
_MAX_STEPS = 5
# Of several ways the first are shown.
_FROM = ("comes from", "or from", "or from")


def as_text(findings: Sequence[Finding], sources: Mapping[str, str]) -> str:
    """Write findings for a person; `sources` holds the text of each file."""
    return "\n".join(_paragraph(finding, sources.get(finding.file, "")) for finding in findings)


def _paragraph(finding: Finding, source: str) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}"
    head = f"{place}: {finding.severity} {finding.code}: {finding.message}"
    lines = [head, *_excerpt(finding, source)]
    if finding.actual is not None and finding.expected is not None:
        lines += [f"    flows:  {_cut(finding.actual)}", f"    wanted: {_cut(finding.expected)}"]
    lines += [f"    {word} {_way(way)}" for word, way in zip(_FROM, finding.origin, strict=False)]
    if finding.suggestion:
        lines.append(f"    {finding.suggestion}")
    return "\n".join(lines)


def _way(steps: Sequence[str]) -> str:
    """Show where a value began and the last steps; what is between is in the JSON."""
    if len(steps) > _MAX_STEPS:
        steps = [steps[0], "…", *steps[2 - _MAX_STEPS :]]
    return " → ".join(steps)


def _excerpt(finding: Finding, source: str) -> list[str]:
    lines = source.split("\n")
    if not 0 < finding.line <= len(lines):
        return []
    text = lines[finding.line - 1].rstrip().expandtabs(1)
    start = max(0, finding.column - _MAX_LINE // 2) if len(text) > _MAX_LINE else 0
    shown = text[start : start + _MAX_LINE]
    return [f"    {shown}", f"    {' ' * (finding.column - 1 - start)}^"]


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_LINE else text[: _MAX_LINE - 1] + "…"


def as_json(findings: Iterable[Finding]) -> str:
    """Write findings as a list of objects."""
    return json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2, ensure_ascii=False)


def as_github(findings: Iterable[Finding]) -> str:
    """Write findings as workflow commands, which GitHub shows beside the lines of a change.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
    """
    return "\n".join(_command(finding) for finding in findings)


def _command(finding: Finding) -> str:
    place = {"file": finding.file, "line": finding.line, "col": finding.column, "title": finding.code}
    shown = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in place.items())
    text = finding.message if finding.suggestion is None else f"{finding.message}; {finding.suggestion}"
    word = "notice" if finding.severity == "note" else finding.severity
    return f"::{word} {shown}::{_escaped(text, '')}"


def _escaped(text: str, more: str) -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def as_sarif(findings: Sequence[Finding]) -> str:
    """Write findings as SARIF."""
    rules = [
        {
            "id": code.name,
            "shortDescription": {"text": code.title},
            "defaultConfiguration": {"level": _LEVELS[code.severity]},
        }
        for code in CODES.values()
    ]
    tool = {"driver": {"name": "statewright", "rules": rules}}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {"tool": tool, "columnKind": "unicodeCodePoints", "results": [_result(each) for each in findings]}
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False)


def _result(finding: Finding) -> Json:
    text = finding.message if finding.suggestion is None else f"{finding.message}; {finding.suggestion}"
    region = {"startLine": finding.line, "startColumn": finding.column}
    place = {"artifactLocation": {"uri": finding.file}, "region": region}
    logical = {"fullyQualifiedName": finding.pointer, "kind": "object"}
    return {
        "ruleId": finding.code,
        "level": _LEVELS[finding.severity],
        "message": {"text": text},
        "locations": [{"physicalLocation": place, "logicalLocations": [logical]}],
    }
