"""A whole picture: every region laid out from the inside out, then put in its place.

Sizes are in pixels at 100 %. Layouts are kept by the definition's text, as the same one is drawn again and
again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from statewright.view.definition import Edge, read_chart
from statewright.view.layout.layered import Arrangement, arrange, least_width
from statewright.view.layout.ranks import Link
from statewright.view.layout.text import shorten, width

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.view.definition import Chart, Node, Region
    from statewright.view.layout.layered import Point

NAME_SIZE = 12.0
SUBTITLE_SIZE = 10.0
LABEL_SIZE = 10.0
TEXT_LEFT = 36.0  # the icon stands before it
_TEXT_RIGHT = 32.0  # the mark of the status stands behind it
_MAX_TEXT = 200.0
_MAX_LABEL = 170.0
_LABEL_HEIGHT = 16.0
_BOX_HEIGHT = 40.0
_MIN_BOX = 116.0
_BADGE_ROOM = 100.0  # the counts of iterations in a container's head
_CIRCLE = 30.0
_HEADER = 34.0
_PADDING = 16.0
_BRANCH_GAP = 24.0
_MARGIN = 20.0
_MAX_ROW = 2400.0  # branches beyond this width go on below
START, END = "Start", "End"
KEPT_PICTURES = 64

_WEIGHTS = {"next": 12, "default": 8, "choice": 8, "catch": 1}
_ASIDE = 1  # from where it may end well to where it does not
_SPINE = 4
_MAIN_WAY = 16


@dataclass(frozen=True, slots=True)
class Box:
    """A state or, without a node, the Start or End of the machine."""

    name: str
    x: float
    y: float
    width: float
    height: float
    depth: int
    node: Node | None
    title: str = ""
    subtitle: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands on an edge; x and y are its middle, `full` its whole text, `edges` by index."""

    text: str
    full: str
    x: float
    y: float
    width: float
    height: float
    kind: str
    edges: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of one edge or of several that run together, by index."""

    points: tuple[Point, ...]
    kind: str
    edges: tuple[int, ...]
    has_arrow: bool


@dataclass(frozen=True, slots=True)
class Way:
    """An edge and the points that it runs through, from its source to its target."""

    edge: Edge
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Divider:
    """The line between two branches."""

    x: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Picture:
    """Where everything of a definition stands; boxes after the boxes that hold them."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    ways: tuple[Way, ...]
    lines: tuple[Line, ...]
    labels: tuple[Label, ...]
    dividers: tuple[Divider, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A region laid out, with the plans of what is inside its boxes."""

    arrangement: Arrangement
    boxes: tuple[_PlannedBox, ...]
    edges: tuple[Edge, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _PlannedBox:
    name: str
    width: float
    height: float
    node: Node | None
    inner: tuple[tuple[float, float, _Plan], ...] = ()
    title: str = ""
    subtitle: str = ""


@lru_cache(maxsize=KEPT_PICTURES)
def picture_of(text: str) -> tuple[Chart, Picture]:
    """Lay out a definition; raises NotDrawableError."""
    chart = read_chart(text)
    return chart, draw(chart)


def draw(chart: Chart) -> Picture:
    """Lay out a chart."""
    plan = _plan(chart.region, is_machine=True)
    canvas = _Canvas()
    canvas.put(plan, _MARGIN, _MARGIN, 0)
    size = plan.arrangement
    return canvas.picture(size.width + 2 * _MARGIN, size.height + 2 * _MARGIN)


# --- from the inside out ---


def _plan(region: Region, *, is_machine: bool = False) -> _Plan:
    edges = list(region.edges)
    names = [node.name for node in region.nodes]
    if is_machine and region.start_at is not None:
        names.insert(0, START + "\0")
        edges.insert(0, Edge(START + "\0", region.start_at, "next"))
    elif region.start_at in names:
        names.remove(region.start_at)
        names.insert(0, region.start_at)
    if is_machine and region.ends:
        names.append(END + "\0")
        edges += [Edge(name, END + "\0", "next") for name in region.ends]
    nodes = {node.name: node for node in region.nodes}
    boxes = [_planned_box(name, nodes.get(name), edges) for name in names]
    index = {name: place for place, name in enumerate(names)}
    well = {node.name for node in region.nodes if node.type == "Succeed"} | set(region.ends) | {END + "\0"}
    links = _links(edges, index, _ending_well(edges, index, well))
    arrangement = arrange([(box.width, box.height) for box in boxes], links)
    return _Plan(arrangement, tuple(boxes), tuple(edges), tuple(_short_label(edge) for edge in edges))


def _planned_box(name: str, node: Node | None, edges: Sequence[Edge]) -> _PlannedBox:
    if node is None:
        return _PlannedBox(name.removesuffix("\0"), _CIRCLE, _CIRCLE, None)
    title = shorten(name, NAME_SIZE, _MAX_TEXT, bold=True)
    subtitle = shorten(node.subtitle, SUBTITLE_SIZE, _MAX_TEXT)
    leaving = sum(edge.source == name for edge in edges)
    caught = sum(edge.target == name and edge.kind == "catch" for edge in edges)  # they come in one lane
    coming = sum(edge.target == name and edge.kind != "catch" for edge in edges) + min(caught, 1)
    text = max(width(title, NAME_SIZE, bold=True), width(subtitle, SUBTITLE_SIZE))
    if node.regions:
        text = width(title, NAME_SIZE, bold=True) + width(subtitle, SUBTITLE_SIZE) + _BADGE_ROOM
    least = max(text + TEXT_LEFT + _TEXT_RIGHT, _MIN_BOX, least_width(max(leaving, coming)))
    if not node.regions:
        return _PlannedBox(name, round(least), _BOX_HEIGHT, node, (), title, subtitle)
    inner, inner_width, inner_height = _branches([_plan(region) for region in node.regions])
    total = max(least, inner_width + 2 * _PADDING)
    shift = (total - inner_width) / 2
    placed = tuple((x + shift, y + _HEADER, plan) for x, y, plan in inner)
    return _PlannedBox(
        name, round(total), round(inner_height + _HEADER + _PADDING), node, placed, title, subtitle
    )


def _branches(plans: Sequence[_Plan]) -> tuple[list[tuple[float, float, _Plan]], float, float]:
    """Put branches side by side, and what is beyond the row's width below; return them with their size."""
    placed: list[tuple[float, float, _Plan]] = []
    x = y = row_height = widest = 0.0
    for plan in plans:
        size = plan.arrangement
        if placed and x + size.width > _MAX_ROW:
            x, y, row_height = 0.0, y + row_height + _BRANCH_GAP, 0.0
        placed.append((x, y, plan))
        widest = max(widest, x + size.width)
        x += size.width + _BRANCH_GAP
        row_height = max(row_height, size.height)
    return placed, widest, y + row_height


def _ending_well(edges: Sequence[Edge], index: dict[str, int], well: set[str]) -> set[str]:
    """Return the states from which a way leads to a good end; all where none does from the first."""
    coming: dict[str, list[str]] = {}
    for edge in edges:
        if edge.kind != "catch":
            coming.setdefault(edge.target, []).append(edge.source)
    found = {name for name in well if name in index}
    rest = list(found)
    while rest:
        for source in coming.get(rest.pop(), ()):
            if source not in found:
                found.add(source)
                rest.append(source)
    return found if next(iter(index)) in found else set(index)


def _links(edges: Sequence[Edge], index: dict[str, int], well: set[str]) -> list[Link]:
    """Weigh the edges: the way that is gone where all goes well stands straight, failures beside it."""
    depths = _depths([edge for edge in edges if edge.target in well or edge.source not in well], index)
    main = _main_way([edge for edge in edges if edge.target in well], next(iter(index)), depths)
    lanes: dict[tuple[str, bool], list[Edge]] = {}
    for edge in edges:
        if edge.kind == "catch" or edge.target == END + "\0":
            lanes.setdefault((edge.target, edge.kind == "catch"), []).append(edge)
    buses = {key: number for number, (key, members) in enumerate(lanes.items()) if len(members) > 1}
    links = []
    for edge in edges:
        key = (edge.target, edge.kind == "catch")
        members = lanes.get(key, []) if key in buses else []
        label = _short_label(edge)
        size = (width(label, LABEL_SIZE) + 14, _LABEL_HEIGHT) if label else None
        is_aside = edge.source in well and edge.target not in well
        weight = _ASIDE if is_aside else _WEIGHTS[edge.kind]
        if edge.kind != "catch" and not is_aside and _is_spine(edge, edges, depths):
            weight += _SPINE
        if (edge.source, edge.target) in main and edge.kind != "catch":
            weight += _MAIN_WAY
        links.append(
            Link(
                index[edge.source],
                index[edge.target],
                weight,
                size,
                buses.get(key),
                len({each.label for each in members}) == 1 and bool(label),
            )
        )
    return links


def _depths(edges: Sequence[Edge], index: dict[str, int]) -> dict[str, int]:
    """Return how long the longest way on is from each state, without Catches and ways back."""
    depths = dict.fromkeys(index, 0)
    following: dict[str, list[str]] = {name: [] for name in index}
    for edge in edges:
        if edge.kind != "catch":
            following[edge.source].append(edge.target)
    state = dict.fromkeys(index, 0)
    for root in index:
        stack = [(root, iter(following[root]))] if not state[root] else []
        while stack:
            name, rest = stack[-1]
            state[name] = 1
            for target in rest:
                if state[target] == 0:
                    stack.append((target, iter(following[target])))
                    break
                if state[target] == 2:
                    depths[name] = max(depths[name], depths[target] + 1)
            else:
                state[name] = 2
                stack.pop()
                if stack:
                    before = stack[-1][0]
                    depths[before] = max(depths[before], depths[name] + 1)
    return depths


def _main_way(edges: Sequence[Edge], start: str, depths: dict[str, int]) -> set[tuple[str, str]]:
    """Return the edges of the longest way through a region, without Catches."""
    leaving: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.kind != "catch":
            leaving.setdefault(edge.source, []).append(edge)
    way: set[tuple[str, str]] = set()
    while leaving.get(start):
        edge = max(leaving.pop(start), key=lambda each: depths[each.target])
        way.add((edge.source, edge.target))
        start = edge.target
    return way


def _is_spine(edge: Edge, edges: Sequence[Edge], depths: dict[str, int]) -> bool:
    others = [
        depths[each.target]
        for each in edges
        if each.source == edge.source and each is not edge and each.kind != "catch"
    ]
    return all(depths[edge.target] > depth for depth in others)


def _short_label(edge: Edge) -> str:
    return shorten(edge.label, LABEL_SIZE, _MAX_LABEL) if edge.label else ""


# --- into its place ---


class _Canvas:
    def __init__(self) -> None:
        self._boxes: list[Box] = []
        self._ways: list[Way] = []
        self._lines: list[Line] = []
        self._labels: list[Label] = []
        self._dividers: list[Divider] = []

    def put(self, plan: _Plan, x: float, y: float, depth: int) -> None:
        first = len(self._ways)
        arrangement = plan.arrangement
        for edge, points in zip(plan.edges, arrangement.routes, strict=True):
            named = Edge(
                edge.source.removesuffix("\0"), edge.target.removesuffix("\0"), edge.kind, edge.label
            )
            self._ways.append(Way(named, _moved(points, x, y)))
        for stroke in arrangement.strokes:
            edges = tuple(first + link for link in stroke.links)
            kind = plan.edges[stroke.links[0]].kind
            self._lines.append(Line(_moved(stroke.points, x, y), kind, edges, stroke.has_arrow))
        for place in arrangement.labels:
            edge, text = plan.edges[place.links[0]], plan.labels[place.links[0]]
            edges = tuple(first + link for link in place.links)
            size = width(text, LABEL_SIZE) + 14
            self._labels.append(
                Label(text, edge.label, place.x + x, place.y + y, size, _LABEL_HEIGHT, edge.kind, edges)
            )
        for box, (left, top) in zip(plan.boxes, arrangement.corners, strict=True):
            self._put_box(box, round(left + x, 1), round(top + y, 1), depth)

    def _put_box(self, box: _PlannedBox, x: float, y: float, depth: int) -> None:
        self._boxes.append(
            Box(box.name, x, y, box.width, box.height, depth, box.node, box.title, box.subtitle)
        )
        before: tuple[float, float, _Plan] | None = None
        for left, top, plan in box.inner:
            if before is not None and before[1] == top:
                middle = x + (before[0] + before[2].arrangement.width + left) / 2
                self._dividers.append(Divider(round(middle, 1), y + top, y + box.height - _PADDING))
            self.put(plan, x + left, y + top, depth + 1)
            before = (left, top, plan)

    def picture(self, total_width: float, total_height: float) -> Picture:
        return Picture(
            round(total_width),
            round(total_height),
            tuple(self._boxes),
            tuple(self._ways),
            tuple(self._lines),
            tuple(self._labels),
            tuple(self._dividers),
        )


def _moved(points: Sequence[Point], x: float, y: float) -> tuple[Point, ...]:
    return tuple((round(a + x, 1), round(b + y, 1)) for a, b in points)
