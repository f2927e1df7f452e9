"""The y of rows, the ports of boxes and the tracks on which edges run sideways between two rows.

Between row c and row c + 1 lies channel c (channel -1 above the first row). A net joins ends in one channel:
verticals that come from above or below, and one horizontal track between them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.view.layout.mesh import Mesh, Turn

PORT_GAP = 14.0
_EDGE_MARGIN = 10.0
_TRACK_GAP = 9.0
_ABOVE_TRACKS = 10.0
_BELOW_TRACKS = 15.0  # an arrow's head and a bit
_BESIDE_LABELS = 7.0
_EMPTY_CHANNEL = 26.0
_OVERLAP_COST = 1000
_SAME = 3.0  # verticals nearer than this look like one


@dataclass(slots=True)
class End:
    """Where a net meets a vertex; `is_above`: it comes from above the channel."""

    vertex: int
    is_above: bool
    x: float


@dataclass(slots=True)
class Net:
    """What is joined in a channel: `ends[0]` is where a bus goes on, or the lower end of a segment."""

    channel: int
    ends: list[End] = field(default_factory=list)
    is_straight: bool = False
    track: int = 0
    y: float = 0.0

    @property
    def low(self) -> float:
        return min(end.x for end in self.ends)

    @property
    def high(self) -> float:
        return max(end.x for end in self.ends)

    @property
    def is_flat(self) -> bool:
        """Whether all its verticals are one."""
        return self.high - self.low < 0.5


@dataclass(slots=True)
class Routing:
    """Rows' tops and heights, and the net of each pair of vertices that a way goes through."""

    tops: list[float]
    heights: list[float]
    nets: dict[tuple[int, int], Net]
    height: float


def route(mesh: Mesh, x: Sequence[float], straight: set[int]) -> Routing:
    """Give every piece of every way its ports and its track, and every row its y."""
    nets, by_pair = _nets(mesh, x, straight)
    _place_ports(mesh, x, nets)
    channels: dict[int, list[Net]] = {}
    for net in nets:
        channels.setdefault(net.channel, []).append(net)
    tracks = {channel: _assign_tracks(members) for channel, members in channels.items()}
    heights = [max((mesh.vertices[each].height for each in row), default=0.0) for row in mesh.rows]
    has_boxes = [any(mesh.vertices[each].box >= 0 for each in row) for row in mesh.rows]
    tops: list[float] = []
    y = (
        _lay_channel(channels.get(-1, []), tracks.get(-1, 0), 0.0, 0.0, _BELOW_TRACKS)
        if -1 in channels
        else 0.0
    )
    for row, height in enumerate(heights):
        tops.append(y)
        y += height
        above = _ABOVE_TRACKS if has_boxes[row] else _BESIDE_LABELS
        is_last = row + 1 == len(heights)
        below = _BELOW_TRACKS if is_last or has_boxes[row + 1] else _BESIDE_LABELS
        if is_last and row not in channels:
            break
        empty = _EMPTY_CHANNEL if above + below > 20 else above + below
        y = _lay_channel(channels.get(row, []), tracks.get(row, 0), y, above, below, empty)
    return Routing(tops, heights, by_pair, y)


def _nets(mesh: Mesh, x: Sequence[float], straight: set[int]) -> tuple[list[Net], dict[tuple[int, int], Net]]:
    nets: list[Net] = []
    by_pair: dict[tuple[int, int], Net] = {}
    of_bus: dict[tuple[int, int], Net] = {}
    for index, segment in enumerate(mesh.segments):
        key = None if segment.bus is None else (segment.bus, segment.lower)
        net = None if key is None else of_bus.get(key)
        if net is None:
            net = Net(
                mesh.vertices[segment.upper].row, [End(segment.lower, is_above=False, x=x[segment.lower])]
            )
            nets.append(net)
            if key is not None:
                of_bus[key] = net
        net.ends.append(End(segment.upper, is_above=True, x=x[segment.upper]))
        net.is_straight = net.is_straight or index in straight
        by_pair[segment.upper, segment.lower] = net
    for turn in mesh.turns:
        net = _turn(mesh, turn, x)
        nets.append(net)
        pair = (turn.box, turn.lane) if turn.is_below else (turn.lane, turn.box)
        by_pair[pair] = net
    return nets, by_pair


def _turn(mesh: Mesh, turn: Turn, x: Sequence[float]) -> Net:
    row = mesh.vertices[turn.box].row
    ends = [End(each, turn.is_below, x[each]) for each in (turn.box, turn.lane)]
    return Net(row if turn.is_below else row - 1, ends)


# --- ports ---


@dataclass(slots=True)
class _Port:
    end: End
    towards: float
    is_fixed: bool


def _place_ports(mesh: Mesh, x: Sequence[float], nets: Sequence[Net]) -> None:
    """Spread the ends of nets along the boxes' borders, in the order of where they go."""
    sides: dict[tuple[int, bool], list[_Port]] = {}
    for net in nets:
        for end in net.ends:
            if mesh.vertices[end.vertex].box < 0:
                continue
            others = [other for other in net.ends if other is not end]
            towards = _towards(mesh, x, end, others)
            is_fixed = net.is_straight and any(abs(x[other.vertex] - x[end.vertex]) < 0.5 for other in others)
            sides.setdefault((end.vertex, end.is_above), []).append(_Port(end, towards, is_fixed))
    for (vertex, _), ports in sides.items():
        half = max(mesh.vertices[vertex].width / 2 - _EDGE_MARGIN, 0.0)
        _spread(ports, x[vertex], half)


def _towards(mesh: Mesh, x: Sequence[float], end: End, others: Sequence[End]) -> float:
    """Return the x at which the edge would like to leave: straight on where boxes overlap."""
    if not others:
        return x[end.vertex]
    other = min(others, key=lambda each: abs(x[each.vertex] - x[end.vertex]))
    vertex, mine = mesh.vertices[other.vertex], mesh.vertices[end.vertex]
    if vertex.box < 0 or len(others) > 1:
        return x[other.vertex]
    low = max(x[other.vertex] - vertex.width / 2, x[end.vertex] - mine.width / 2) + _EDGE_MARGIN
    high = min(x[other.vertex] + vertex.width / 2, x[end.vertex] + mine.width / 2) - _EDGE_MARGIN
    return (low + high) / 2 if low <= high else x[other.vertex]


def _spread(ports: list[_Port], middle: float, half: float) -> None:
    ports.sort(key=lambda port: (port.towards, port.end.vertex))
    fixed = next((index for index, port in enumerate(ports) if port.is_fixed), None)
    gap = min(PORT_GAP, 2 * half / max(len(ports) - 1, 1))
    if fixed is None:
        _chain(ports, middle - half, middle + half, gap)
        return
    ports[fixed].end.x = middle
    left, right = ports[:fixed], ports[fixed + 1 :]
    if left:
        _chain(left, middle - half, middle - min(gap, half / len(left)), min(gap, half / len(left)))
    if right:
        _chain(right, middle + min(gap, half / len(right)), middle + half, min(gap, half / len(right)))


def _chain(ports: list[_Port], low: float, high: float, gap: float) -> None:
    """Put ports where they want to be, at least `gap` from one another, between low and high."""
    at = low
    for port in ports:
        port.end.x = max(at, min(port.towards, high))
        at = port.end.x + gap
    limit = high
    for port in reversed(ports):
        port.end.x = max(low, min(port.end.x, limit))
        limit = port.end.x - gap


# --- tracks ---


def _assign_tracks(nets: list[Net]) -> int:
    """Give the nets of a channel their tracks, with few crossings; return how many tracks."""
    bent = sorted((net for net in nets if not net.is_flat), key=lambda net: (net.low, net.high))
    _order(bent)
    count = 0
    for index, net in enumerate(bent):
        net.track = max((other.track + 1 for other in bent[:index] if _meets(net, other)), default=0)
        count = max(count, net.track + 1)
    return count


def _order(nets: list[Net]) -> None:
    costs: dict[tuple[int, int], int] = {}

    def cost(one: Net, other: Net) -> int:
        key = (id(one), id(other))
        if key not in costs:
            costs[key] = _cost(one, other) - _cost(other, one)
        return costs[key]

    for _ in range(len(nets)):
        has_swapped = False
        for index in range(len(nets) - 1):
            if cost(nets[index], nets[index + 1]) > 0:
                nets[index], nets[index + 1] = nets[index + 1], nets[index]
                has_swapped = True
        if not has_swapped:
            return


def _meets(one: Net, other: Net) -> bool:
    return one.low - _SAME < other.high and other.low - _SAME < one.high


def _cost(upper: Net, lower: Net) -> int:
    """Return the price of one net's track lying above another's: crossings, and lines that would overlap."""
    if not _meets(upper, lower):
        return 0
    cost = 0
    for end in lower.ends:
        if end.is_above and upper.low < end.x < upper.high:
            cost += 1
    for end in upper.ends:
        if end.is_above:
            continue
        if lower.low < end.x < lower.high:
            cost += 1
        if any(other.is_above and abs(other.x - end.x) < _SAME for other in lower.ends):
            cost += _OVERLAP_COST
    return cost


def _lay_channel(
    nets: Sequence[Net], tracks: int, y: float, above: float, below: float, empty: float = 0.0
) -> float:
    """Give the tracks of a channel that begins at y their y; return where it ends."""
    if not tracks:
        for net in nets:
            net.y = y + empty / 2
        return y + empty
    for net in nets:
        net.y = y + above + (0 if net.is_flat else net.track) * _TRACK_GAP
    return max(y + above + (tracks - 1) * _TRACK_GAP + below, y + empty)
