"""Two definitions as one picture: every state and every edge of either, and which of them has it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal

from statewright.view.definition import Chart, Edge, Node, Region

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Change = Literal["only-a", "only-b", "changed"]
_INSIDE = ("ItemProcessor", "Iterator", "Branches")
_NOTHING = Region(None, (), (), ())


def merged(a: Chart, b: Chart) -> Chart:
    """Return a chart of both definitions; where they differ about one state, that of `b` is shown."""
    region = _Merging(a.nodes, b.nodes).region(a.region, b.region)
    nodes: dict[str, Node] = {}
    parents: dict[str, tuple[str, int]] = {}
    for node in region.walk():
        nodes.setdefault(node.name, node)
        for index, inner in enumerate(node.regions):
            for child in inner.nodes:
                parents.setdefault(child.name, (node.name, index))
    return Chart(region, b.comment, b.language, nodes, parents)


def changes(a: Chart, b: Chart) -> dict[str, Change]:
    """Return by state what differs between two definitions: whose alone it is, or that it was changed.

    A container is changed where it differs itself; what is inside it is told of by its own states.
    """
    found: dict[str, Change] = {name: "only-a" for name in a.nodes if name not in b.nodes}
    for name, node in b.nodes.items():
        if name not in a.nodes:
            found[name] = "only-b"
        elif _own(a.nodes[name]) != _own(node) or a.ancestors(name) != b.ancestors(name):
            found[name] = "changed"
    return found


def _own(node: Node) -> dict[str, object]:
    return {name: value for name, value in node.body.items() if name not in _INSIDE or not node.regions}


@dataclass(frozen=True)
class _Merging:
    """Merges regions of two charts: every state of `b` where it stands there, and those of `a` alone."""

    of_a: Mapping[str, Node]
    of_b: Mapping[str, Node]

    def region(self, a: Region, b: Region) -> Region:
        alone = [node for node in a.nodes if node.name not in self.of_b]
        nodes = [*(self._of_both(node) for node in b.nodes), *(self._of_one(node) for node in alone)]
        here = {node.name for node in nodes}
        ends = [*b.ends, *(name for name in a.ends if name in here and name not in b.ends)]
        start = b.start_at if b.start_at is not None else a.start_at if a.start_at in here else None
        return Region(start, tuple(nodes), tuple(_edges(a.edges, b.edges, here)), tuple(ends))

    def _of_both(self, b: Node) -> Node:
        a = self.of_a.get(b.name)
        pairs = zip_longest(a.regions if a else (), b.regions, fillvalue=_NOTHING)
        return self._holding(b, [self.region(one, other) for one, other in pairs])

    def _of_one(self, a: Node) -> Node:
        return self._holding(a, [self.region(region, _NOTHING) for region in a.regions])

    def _holding(self, node: Node, regions: Iterable[Region]) -> Node:
        return replace(node, regions=tuple(region for region in regions if region.nodes))


def _edges(a: Iterable[Edge], b: Iterable[Edge], here: set[str]) -> Iterable[Edge]:
    found = {(edge.source, edge.target, edge.kind == "catch"): edge for edge in b}
    for edge in a:
        if edge.source in here and edge.target in here:
            found.setdefault((edge.source, edge.target, edge.kind == "catch"), edge)
    return found.values()
