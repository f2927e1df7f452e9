"""The picture of a definition as a Mermaid flow chart, for pages that draw such themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from statewright.view.definition import read_chart
from statewright.view.layout.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.view.definition import Edge, Node, Region

_SHAPES = {"Choice": ("{", "}"), "Succeed": ("([", "])"), "Fail": ("([", "])"), "Wait": ("(", ")")}
_LONGEST_LABEL = 60


def render(text: str) -> str:
    """Write a definition as a Mermaid flow chart; a dotted arrow is a Catch. Raises NotDrawableError."""
    region = read_chart(text).region
    keys = {node.name: f"s{index}" for index, node in enumerate(region.walk())}
    lines = ["flowchart TD", *_region(region, keys, 1)]
    if region.start_at is not None:
        lines.insert(1, f"    start((Start)) --> {keys[region.start_at]}")
    lines += [f"    {keys[name]} --> finish((End))" for name in region.ends]
    return "\n".join(lines) + "\n"


def _region(region: Region, keys: dict[str, str], level: int) -> Iterator[str]:
    indent = "    " * level
    for node in region.nodes:
        yield from _node(node, keys, level)
    for edge in region.edges:
        yield f"{indent}{keys[edge.source]} {_arrow(edge)} {keys[edge.target]}"


def _node(node: Node, keys: dict[str, str], level: int) -> Iterator[str]:
    indent, key = "    " * level, keys[node.name]
    if not node.regions:
        before, after = _SHAPES.get(node.type, ("[", "]"))
        yield f"{indent}{key}{before}{_quoted(node.name)}{after}"
        return
    yield f"{indent}subgraph {key}[{_quoted(f'{node.name} ({node.subtitle})')}]"
    for index, region in enumerate(node.regions):
        if len(node.regions) == 1:
            yield from _region(region, keys, level + 1)
            continue
        yield f'{indent}    subgraph {key}b{index}[" "]'
        yield from _region(region, keys, level + 2)
        yield f"{indent}    end"
    yield f"{indent}end"


def _arrow(edge: Edge) -> str:
    label = f"|{_quoted(edge.label)}|" if edge.label else ""
    return ("-.->" if edge.kind == "catch" else "-->") + label


def _quoted(text: str) -> str:
    """Write a text as Mermaid takes any: in quotes, special characters by their number."""
    short = " ".join(printable(text).split())
    short = short if len(short) <= _LONGEST_LABEL else short[: _LONGEST_LABEL - 1] + "…"
    return '"' + "".join(f"#{ord(each)};" if each in '"#<>&`;\\' else each for each in short) + '"'
