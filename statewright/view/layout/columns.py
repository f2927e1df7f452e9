"""The x of every vertex: lanes and the spine are straight, the rest stands near what it is joined to.

Vertices joined by segments that are to be straight form a block, which has one x. Blocks never cross, so
"left of" orders them; inside that order each is moved to the median of what it is joined to, alone or
together with the blocks that it touches.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.view.layout.mesh import Mesh, Segment

BOX_GAP = 34.0
LANE_GAP = 18.0
LABEL_GAP = 14.0
_ROUNDS = 24
_NEAR = 0.01


def place_columns(mesh: Mesh) -> tuple[list[float], set[int]]:
    """Return the x of each vertex's middle, and the indices of the segments that are straight."""
    straight = _straight_segments(mesh)
    block_of = _blocks(mesh, straight)
    blocks = _Blocks(mesh, block_of, straight)
    blocks.improve()
    return [blocks.x[block_of[index]] for index in range(len(mesh.vertices))], straight


def _straight_segments(mesh: Mesh) -> set[int]:
    """Choose the segments that are straight, the weightiest first; no two of them cross."""
    place = {vertex: index for row in mesh.rows for index, vertex in enumerate(row)}
    has_below: set[int] = set()
    has_above: set[int] = set()
    kept: list[list[tuple[int, int]]] = [[] for _ in mesh.rows]
    straight: set[int] = set()
    spread = _spread(mesh, place)
    order = sorted(range(len(mesh.segments)), key=lambda each: (-mesh.segments[each].weight, spread[each]))
    for index in order:
        segment = mesh.segments[index]
        if segment.upper in has_below or segment.lower in has_above:
            continue
        pair = (place[segment.upper], place[segment.lower])
        gap = kept[mesh.vertices[segment.upper].row]
        at = bisect_left(gap, pair)
        if (at and gap[at - 1][1] >= pair[1]) or (at < len(gap) and gap[at][1] <= pair[1]):
            continue
        insort(gap, pair)
        has_below.add(segment.upper)
        has_above.add(segment.lower)
        straight.add(index)
    return straight


def _spread(mesh: Mesh, place: dict[int, int]) -> list[float]:
    """Return for each segment how far it is from the middle one of those that leave the same vertex."""
    leaving: dict[int, list[int]] = {}
    for index, segment in enumerate(mesh.segments):
        leaving.setdefault(segment.upper, []).append(index)
    spread = [0.0] * len(mesh.segments)
    for indices in leaving.values():
        indices.sort(key=lambda each: place[mesh.segments[each].lower])
        middle = (len(indices) - 1) / 2
        for position, index in enumerate(indices):
            spread[index] = abs(position - middle)
    return spread


def _blocks(mesh: Mesh, straight: set[int]) -> list[int]:
    below = {mesh.segments[index].upper: mesh.segments[index].lower for index in straight}
    tops = set(range(len(mesh.vertices))) - set(below.values())
    block_of = [0] * len(mesh.vertices)
    for number, top in enumerate(sorted(tops)):
        vertex: int | None = top
        while vertex is not None:
            block_of[vertex] = number
            vertex = below.get(vertex)
    return block_of


class _Blocks:
    """Blocks with their x, what must lie between two of them, and what pulls them together."""

    def __init__(self, mesh: Mesh, block_of: Sequence[int], straight: set[int]) -> None:
        count = max(block_of, default=-1) + 1
        self.right: list[dict[int, float]] = [{} for _ in range(count)]
        self.left: list[dict[int, float]] = [{} for _ in range(count)]
        for row in mesh.rows:
            for one, other in itertools.pairwise(row):
                a, b = block_of[one], block_of[other]
                distance = max(_distance(mesh, one, other), self.right[a].get(b, 0.0))
                self.right[a][b] = self.left[b][a] = distance
        self.pulls: list[list[tuple[int, int]]] = [[] for _ in range(count)]
        for index, segment in enumerate(mesh.segments):
            if index not in straight:
                self._pull(block_of[segment.upper], block_of[segment.lower], _pull_of(segment))
        for turn in mesh.turns:
            self._pull(block_of[turn.box], block_of[turn.lane], 1)
        self.order = self._order(count)
        self.x = [0.0] * count
        for block in self.order:
            self.x[block] = max((self.x[a] + d for a, d in self.left[block].items()), default=0.0)

    def _pull(self, one: int, other: int, weight: int) -> None:
        if one != other:
            self.pulls[one].append((other, weight))
            self.pulls[other].append((one, weight))

    def _order(self, count: int) -> list[int]:
        waiting = [len(self.left[block]) for block in range(count)]
        order = [block for block in range(count) if not waiting[block]]
        for block in order:
            for other in self.right[block]:
                waiting[other] -= 1
                if not waiting[other]:
                    order.append(other)
        return order

    def improve(self) -> None:
        """Move blocks until nothing pulls them any further."""
        for _ in range(_ROUNDS):
            moved = 0.0
            for block in reversed(self.order):
                moved += self._to_median(block)
            for block in self.order:
                moved += self._to_median(block)
            for block in self.order:
                moved += self._push(block, 1) + self._push(block, -1)
            if moved < 1:
                return

    def _to_median(self, block: int) -> float:
        wanted = self._median(block)
        if wanted is None:
            return 0.0
        low = max((self.x[a] + d for a, d in self.left[block].items()), default=float("-inf"))
        high = min((self.x[b] - d for b, d in self.right[block].items()), default=float("inf"))
        new = max(low, min(wanted, high))
        moved, self.x[block] = abs(new - self.x[block]), new
        return moved

    def _median(self, block: int) -> float | None:
        """Return the point of the weighted medians that is nearest to where the block stands."""
        ends = sorted((self.x[other], weight) for other, weight in self.pulls[block])
        if not ends:
            return None
        half = sum(weight for _, weight in ends) / 2
        passed = 0.0
        for index, (x, weight) in enumerate(ends):
            passed += weight
            if passed > half:
                return x
            if passed == half:
                return max(x, min(self.x[block], ends[index + 1][0]))
        return ends[-1][0]

    def _push(self, block: int, sign: int) -> float:
        """Move a block and all that it touches on one side, where that pulls more than it gives."""
        group = self._touching(block, sign)
        if len(group) < 2:
            return 0.0
        gain, reach = 0, float("inf")
        for member in group:
            for other, weight in self.pulls[member]:
                if other in group:
                    continue
                ahead = (self.x[other] - self.x[member]) * sign
                gain += weight if ahead > _NEAR else -weight
                if ahead > _NEAR:
                    reach = min(reach, ahead)
            for other, distance in (self.right if sign > 0 else self.left)[member].items():
                if other not in group:
                    reach = min(reach, abs(self.x[other] - self.x[member]) - distance)
        if gain <= 0 or reach == float("inf") or reach < _NEAR:
            return 0.0
        for member in group:
            self.x[member] += reach * sign
        return reach

    def _touching(self, block: int, sign: int) -> set[int]:
        group = {block}
        stack = [block]
        while stack:
            member = stack.pop()
            for other, distance in (self.right if sign > 0 else self.left)[member].items():
                if other not in group and abs(self.x[other] - self.x[member]) - distance < _NEAR:
                    group.add(other)
                    stack.append(other)
        return group


def _pull_of(segment: Segment) -> int:
    return min(segment.weight, 8) * max(1, min(len(segment.links), 3))


def _distance(mesh: Mesh, one: int, other: int) -> float:
    left, right = mesh.vertices[one], mesh.vertices[other]
    if left.box >= 0 and right.box >= 0:
        gap = BOX_GAP
    elif left.is_lane or right.is_lane:
        gap = LANE_GAP
    else:
        gap = LABEL_GAP
    return (left.width + right.width) / 2 + gap
