"""A page for each code of a finding, from what `--explain` says: `python -m statewright.typing.pages docs`.

docs/check/SW101.md …, and the table of all codes in docs/check.md.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.typing.explanations import EXPLANATIONS, LACKING
from statewright.typing.findings import CODES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from statewright.typing.example import Explanation

Json = Any

_TABLE = re.compile(r"(?<=\|---\|---\|---\|---\|\n)(\| .*\|\n)+")


def page(code: str) -> str:
    """Write the page of a code, in Markdown."""
    known, example = CODES[code], EXPLANATIONS[code]
    lines = [f"# {code}: {known.title}", "", f"Severity: {known.severity}. {example.why}", ""]
    shown: list[tuple[str, Json]] = [("Wrong", example.wrong), ("Right", example.right)]
    if example.before:
        shown = [("Before", example.before), *shown]
    if example.roles is not None:
        wrong, right = example.roles
        shown = [("Definition", example.wrong), ("Wrong: its role", wrong), ("Right: its role", right)]
    for title, states in shown:
        lines += [f"## {title}", "", *_block(states), ""]
    lines += _types(example)
    if code in LACKING:
        lines += ["The right one has the signatures that the wrong one lacks.", ""]
    lines += ["[All findings](../check.md#findings)", ""]
    return "\n".join(lines)


def _block(value: Json) -> list[str]:
    if isinstance(value, str):
        kind = "json" if _is_json(value) else "console"
        return [f"```{kind}", value, "```"]
    return ["```json", json.dumps(value, indent=2, ensure_ascii=False), "```"]


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _types(example: Explanation) -> list[str]:
    parts: list[tuple[str, Mapping[str, Json]]] = []
    parts += [(f"`functions/{name}.json`", each) for name, each in example.functions.items()]
    parts += [(f"`statemachines/{name}.json`", each) for name, each in example.machines.items()]
    parts += [("The machine's own signature", example.machine)] if example.machine else []
    parts += [("`pipeline.json`", example.pipeline)] if example.pipeline else []
    lines = [] if not parts else ["## With", ""]
    for title, value in parts:
        lines += [f"{title}:", "", *_block(value), ""]
    return lines


def rows() -> Iterator[str]:
    """Give the rows of the table of all codes."""
    for code in CODES.values():
        link = f"[{code.name}](check/{code.name}.md)"
        yield f"| {link} | {code.severity} | {code.title} | {EXPLANATIONS[code.name].why} |\n"


def main() -> None:
    """Write all pages, and the table, into a folder."""
    folder = Path(sys.argv[1])
    (folder / "check").mkdir(exist_ok=True)
    for code in CODES:
        (folder / "check" / f"{code}.md").write_text(page(code), encoding="utf-8")
    overview = folder / "check.md"
    text = overview.read_text(encoding="utf-8")
    overview.write_text(_TABLE.sub(lambda _match: "".join(rows()), text), encoding="utf-8")


if __name__ == "__main__":
    main()
