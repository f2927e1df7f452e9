"""One region laid out: its boxes, its labels and its edges, with (0, 0) at the top left."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from statewright.view.layout.columns import place_columns
from statewright.view.layout.mesh import build_mesh
from statewright.view.layout.ordering import order_rows
from statewright.view.layout.ranks import assign_ranks, backward_links
from statewright.view.layout.tracks import PORT_GAP, route

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from statewright.view.layout.mesh import Mesh
    from statewright.view.layout.ranks import Link
    from statewright.view.layout.tracks import End, Net, Routing

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class LabelPlace:
    """The middle of a label, and the links that it belongs to."""

    x: float
    y: float
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line that is drawn once, and the links that run through it."""

    points: tuple[Point, ...]
    links: tuple[int, ...]
    has_arrow: bool


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Where everything of a region stands; `corners` are the boxes' top left corners, by index."""

    width: float
    height: float
    corners: tuple[Point, ...]
    labels: tuple[LabelPlace, ...]
    strokes: tuple[Stroke, ...]
    routes: tuple[tuple[Point, ...], ...]


def least_width(count: int) -> float:
    """Return how wide a box is at least on whose border so many edges end."""
    return (count + 1) * PORT_GAP


def arrange(sizes: Sequence[Point], links: Sequence[Link]) -> Arrangement:
    """Lay out boxes of these widths and heights, joined by these links."""
    backward = backward_links(len(sizes), links)
    mesh = build_mesh(sizes, links, assign_ranks(len(sizes), links, backward), backward)
    order_rows(mesh)
    x, straight = place_columns(mesh)
    return _Drawing(mesh, links, x, route(mesh, x, straight)).arrangement()


class _Drawing:
    def __init__(self, mesh: Mesh, links: Sequence[Link], x: Sequence[float], routing: Routing) -> None:
        self._mesh = mesh
        self._links = links
        self._routing = routing
        left = min((x[i] - v.width / 2 for i, v in enumerate(mesh.vertices)), default=0.0)
        self._x = [each - left for each in x]
        self._left = left

    def arrangement(self) -> Arrangement:
        routes = tuple(self._route(self._mesh.ways[index]) for index in range(len(self._links)))
        strokes = [
            Stroke(points, (index,), has_arrow=True)
            for index, points in enumerate(routes)
            if self._net_count(index) == 1
        ]
        strokes += self._bus_strokes()
        vertices = self._mesh.vertices
        corners = tuple(
            (round(self._x[i] - v.width / 2, 1), round(self._middle(i) - v.height / 2, 1))
            for i, v in enumerate(vertices)
            if v.box >= 0
        )
        labels = tuple(
            LabelPlace(round(self._x[i], 1), round(self._middle(i), 1), v.label_of)
            for i, v in enumerate(vertices)
            if v.label_of
        )
        width = max((self._x[i] + v.width / 2 for i, v in enumerate(vertices)), default=0.0)
        return Arrangement(
            round(width, 1), round(self._routing.height, 1), corners, labels, tuple(strokes), routes
        )

    def _net_count(self, link: int) -> int:
        """Tell how many links share a net with this one, itself included."""
        way = self._mesh.ways[link]
        return max(len(self._net(a, b).ends) - 1 for a, b in itertools.pairwise(way))

    def _net(self, one: int, other: int) -> Net:
        nets = self._routing.nets
        return nets[one, other] if (one, other) in nets else nets[other, one]

    def _middle(self, index: int) -> float:
        row = self._mesh.vertices[index].row
        return self._routing.tops[row] + self._routing.heights[row] / 2

    def _border(self, end: End) -> Point:
        """Return where a net meets a vertex: at a box's border, at the row's border where a lane goes on."""
        vertex = self._mesh.vertices[end.vertex]
        half = (vertex.height if vertex.box >= 0 else self._routing.heights[vertex.row]) / 2
        return end.x - self._left, self._middle(end.vertex) + (half if end.is_above else -half)

    def _hop(self, one: int, other: int) -> list[Point]:
        net = self._net(one, other)
        start = next(end for end in net.ends if end.vertex == one)
        stop = next(end for end in net.ends if end.vertex == other)
        (x1, _), (x2, _) = points = (self._border(start), self._border(stop))
        return [points[0], (x1, net.y), (x2, net.y), points[1]]

    def _route(self, way: Sequence[int]) -> tuple[Point, ...]:
        points = [point for a, b in itertools.pairwise(way) for point in self._hop(a, b)]
        return _straightened(points)

    # --- buses ---

    def _bus_strokes(self) -> Iterator[Stroke]:
        buses: dict[int, list[int]] = {}
        for index, link in enumerate(self._links):
            if link.bus is not None and self._net_count(index) > 1:
                buses.setdefault(link.bus, []).append(index)
        for members in buses.values():
            yield from self._bus(members)

    def _bus(self, members: Sequence[int]) -> Iterator[Stroke]:
        """Draw each link up to where it joins the lane, and the lane in pieces from one joint to the next."""
        joined: dict[int, list[int]] = {}
        trunk: list[int] = []
        for index in members:
            way = self._mesh.ways[index]
            joint = self._joint(index, way)
            joined.setdefault(way[joint], []).append(index)
            trunk = max(trunk, way[joint:], key=len)
            stub = [point for a, b in itertools.pairwise(way[:joint]) for point in self._hop(a, b)]
            yield Stroke(
                _straightened([*stub, *self._hop(way[joint - 1], way[joint])[:3]]), (index,), has_arrow=False
            )
        yield from self._trunk(trunk, joined)

    def _joint(self, index: int, way: Sequence[int]) -> int:
        """Return the place in a way of the first vertex of its bus."""
        has_label = self._mesh.vertices[way[1]].label_of == (index,)
        return 2 if has_label else 1

    def _trunk(self, trunk: Sequence[int], joined: Mapping[int, list[int]]) -> Iterator[Stroke]:
        links: list[int] = []
        points: list[Point] = []
        for index, vertex in enumerate(trunk):
            if index:
                points += self._hop(trunk[index - 1], vertex)[:3]
            if vertex in joined:
                if points:
                    yield Stroke(_straightened(points), tuple(links), has_arrow=False)
                links += joined[vertex]
                net = self._net(self._before(vertex, joined), vertex)
                points = [(net.ends[0].x - self._left, net.y)]
        end = self._net(self._before_end(trunk, joined), trunk[-1]).ends[0]
        yield Stroke(_straightened([*points, self._border(end)]), tuple(links), has_arrow=True)

    def _before(self, vertex: int, joined: Mapping[int, list[int]]) -> int:
        way = self._mesh.ways[joined[vertex][0]]
        return way[way.index(vertex) - 1]

    def _before_end(self, trunk: Sequence[int], joined: Mapping[int, list[int]]) -> int:
        return trunk[-2] if len(trunk) > 1 else self._before(trunk[-1], joined)


def _straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """Leave out points that change nothing; round the others."""
    kept: list[Point] = []
    for x, y in points:
        point = (round(x, 1), round(y, 1))
        if kept and point == kept[-1]:
            continue
        while len(kept) > 1 and _in_line(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _in_line(a: Point, b: Point, c: Point) -> bool:
    return (a[0] == b[0] == c[0]) or (a[1] == b[1] == c[1])
