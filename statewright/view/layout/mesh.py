"""The rows of a region: boxes, the labels of links, and the lanes in which links pass rows.

Every link becomes a chain of vertices, one a row. A link that leads back has a chain that runs upwards and
turns at both ends (`Turn`). Links of one bus share the lane of their target.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.view.layout.ranks import Link

LANE_WIDTH = 2.0
_LANE_WEIGHT = 100


@dataclass(slots=True)
class Vertex:
    """What stands in a row: a box (`box` is its index), a label of `links`, or a lane."""

    row: int
    width: float
    height: float
    box: int = -1
    label_of: tuple[int, ...] = ()

    @property
    def is_lane(self) -> bool:
        return self.box < 0 and not self.label_of


@dataclass(slots=True)
class Segment:
    """A piece of links from a vertex to one in the next row."""

    upper: int
    lower: int
    links: list[int]
    weight: int
    bus: int | None = None


@dataclass(slots=True)
class Turn:
    """Where a link that leads back turns: from its box into its lane (`is_below`), or out of it."""

    link: int
    box: int
    lane: int
    is_below: bool


@dataclass(slots=True)
class Mesh:
    """Rows of vertices, and what joins them; `ways` are the vertices of each link, from source to target."""

    vertices: list[Vertex] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    ways: dict[int, list[int]] = field(default_factory=dict)

    def add(self, vertex: Vertex) -> int:
        self.vertices.append(vertex)
        return len(self.vertices) - 1


def build_mesh(
    sizes: Sequence[tuple[float, float]], links: Sequence[Link], ranks: Sequence[int], backward: set[int]
) -> Mesh:
    """Make the mesh of a region; the first vertices are its boxes, by their index."""
    labelled = {
        rank for index, link in enumerate(links) for rank in _label_rank(index, link, ranks, backward)
    }
    row_of = {}
    rows = 0
    for rank in range(max(ranks, default=-1) + 1):
        row_of[rank] = rows
        rows += 2 if rank in labelled else 1
    mesh = Mesh()
    for box, (width, height) in enumerate(sizes):
        mesh.add(Vertex(row_of[ranks[box]], width, height, box=box))
    builder = _Builder(mesh, links, [row_of[rank] for rank in ranks])
    buses: dict[int, list[int]] = {}
    for index, link in enumerate(links):
        if index not in backward and link.bus is not None:
            buses.setdefault(link.bus, []).append(index)
    for index, link in sorted(enumerate(links), key=lambda each: -each[1].weight):
        if index in backward:
            builder.back(index, link)
        elif link.bus is None:
            builder.forward(index, link)
    for bus, members in buses.items():
        builder.join(bus, members)
    mesh.rows = [[] for _ in range(rows)]
    for index, vertex in enumerate(mesh.vertices):
        mesh.rows[vertex.row].append(index)
    return mesh


def _label_rank(index: int, link: Link, ranks: Sequence[int], backward: set[int]) -> tuple[int, ...]:
    """Tell after which rank a label needs a row; that of a link that leads back stands beside its source."""
    if link.label is None or index in backward:
        return ()
    return (ranks[link.target] - 1,) if link.shared_label else (ranks[link.source],)


class _Builder:
    def __init__(self, mesh: Mesh, links: Sequence[Link], rows: Sequence[int]) -> None:
        self._mesh = mesh
        self._links = links
        self._rows = rows

    def forward(self, index: int, link: Link) -> None:
        chain = [link.source]
        for row in range(self._rows[link.source] + 1, self._rows[link.target]):
            label = link.label if row == self._rows[link.source] + 1 else None
            chain.append(self._pass(row, label, (index,)))
        self._chain([*chain, link.target], index, link.weight)

    def back(self, index: int, link: Link) -> None:
        """Lead a link up again: out of its source below, in a lane, into its target from above."""
        lowest, highest = self._rows[link.source], self._rows[link.target]
        chain = [
            self._pass(row, link.label if row == lowest else None, (index,))
            for row in range(lowest, highest - 1, -1)
        ]
        for lower, upper in itertools.pairwise(chain):
            self._mesh.segments.append(Segment(upper, lower, [index], _LANE_WEIGHT))
        self._mesh.turns.append(Turn(index, link.source, chain[0], is_below=True))
        self._mesh.turns.append(Turn(index, link.target, chain[-1], is_below=False))
        self._mesh.ways[index] = [link.source, *chain, link.target]

    def join(self, bus: int, members: list[int]) -> None:
        """Lead the links of a bus into one lane, and that to their target."""
        links = [self._links[index] for index in members]
        target, is_shared = links[0].target, links[0].shared_label
        end = self._rows[target]
        joins = {
            index: self._rows[link.source] + (1 if link.label is None or is_shared else 2)
            for index, link in zip(members, links, strict=True)
        }
        trunk: dict[int, int] = {end: target}
        for row in range(min(joins.values()), end):
            label = links[0].label if is_shared and row == end - 1 else None
            trunk[row] = self._pass(row, label, tuple(members))
        for row in sorted(trunk):
            if row + 1 in trunk:
                inside = [index for index in members if joins[index] <= row]
                self._mesh.segments.append(Segment(trunk[row], trunk[row + 1], inside, _LANE_WEIGHT, bus))
        for index, link in zip(members, links, strict=True):
            way = [link.source]
            if joins[index] == self._rows[link.source] + 2:
                label_vertex = self._pass(joins[index] - 1, link.label, (index,))
                way.append(label_vertex)
                self._mesh.segments.append(Segment(link.source, label_vertex, [index], link.weight))
            self._mesh.segments.append(Segment(way[-1], trunk[joins[index]], [index], link.weight, bus))
            self._mesh.ways[index] = [*way, *(trunk[row] for row in range(joins[index], end + 1))]

    def _pass(self, row: int, label: tuple[float, float] | None, links: tuple[int, ...]) -> int:
        if label is None:
            return self._mesh.add(Vertex(row, LANE_WIDTH, 0.0))
        return self._mesh.add(Vertex(row, *label, label_of=links))

    def _chain(self, chain: list[int], index: int, weight: int) -> None:
        for upper, lower in itertools.pairwise(chain):
            ends = (self._mesh.vertices[upper], self._mesh.vertices[lower])
            is_inside = all(vertex.box < 0 for vertex in ends)
            self._mesh.segments.append(Segment(upper, lower, [index], _LANE_WEIGHT if is_inside else weight))
        self._mesh.ways[index] = chain
