"""Who stands left of whom in a row: sweeps of barycentres and swaps of neighbours, for few crossings."""

from __future__ import annotations

import itertools
from bisect import bisect_right, insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from statewright.view.layout.mesh import Mesh

_SWEEPS = 8
_SWAP_ROUNDS = 4
_MAX_SWAPPED_ROW = 120  # wider rows are left as the sweeps have them


class _Neighbours:
    """The vertices above and below each vertex; a lane that turns follows the neighbours of its box."""

    def __init__(self, mesh: Mesh) -> None:
        self.above: list[list[int]] = [[] for _ in mesh.vertices]
        self.below: list[list[int]] = [[] for _ in mesh.vertices]
        for segment in mesh.segments:
            self.below[segment.upper].append(segment.lower)
            self.above[segment.lower].append(segment.upper)
        self.pulled_up = [list(each) for each in self.above]
        self.pulled_down = [list(each) for each in self.below]
        for turn in mesh.turns:
            if turn.is_below:
                self.pulled_down[turn.lane] += self.below[turn.box]
            else:
                self.pulled_up[turn.lane] += self.above[turn.box]


def order_rows(mesh: Mesh) -> None:
    """Put the vertices of each row of the mesh in order."""
    near = _Neighbours(mesh)
    _by_first_visit(mesh, near)
    best = [list(row) for row in mesh.rows]
    fewest = _all_crossings(mesh.rows, near)
    for sweep in range(_SWEEPS):
        if fewest == 0:
            break
        _sweep(mesh.rows, near, is_down=sweep % 2 == 0)
        _swap(mesh.rows, near)
        crossings = _all_crossings(mesh.rows, near)
        if crossings < fewest:
            best, fewest = [list(row) for row in mesh.rows], crossings
    mesh.rows = best


def _by_first_visit(mesh: Mesh, near: _Neighbours) -> None:
    """Order rows as a walk from the top meets them: what is drawn first stands left."""
    seen = [False] * len(mesh.vertices)
    rows: list[list[int]] = [[] for _ in mesh.rows]
    roots = [vertex for row in mesh.rows for vertex in row if not near.above[vertex]]
    roots.sort(key=lambda vertex: mesh.vertices[vertex].box < 0)
    for root in roots:
        stack = [root]
        while stack:
            vertex = stack.pop()
            if seen[vertex]:
                continue
            seen[vertex] = True
            rows[mesh.vertices[vertex].row].append(vertex)
            stack += reversed(near.below[vertex])
    mesh.rows = rows


def _sweep(rows: list[list[int]], near: _Neighbours, *, is_down: bool) -> None:
    neighbours = near.pulled_up if is_down else near.pulled_down
    place = {vertex: index for row in rows for index, vertex in enumerate(row)}
    order = range(1, len(rows)) if is_down else range(len(rows) - 2, -1, -1)
    for index in order:
        row = rows[index]
        wanted = {
            vertex: sum(place[each] for each in neighbours[vertex]) / len(neighbours[vertex])
            for vertex in row
            if neighbours[vertex]
        }
        moving = iter(sorted((vertex for vertex in row if vertex in wanted), key=lambda each: wanted[each]))
        rows[index] = [next(moving) if vertex in wanted else vertex for vertex in row]
        place.update({vertex: position for position, vertex in enumerate(rows[index])})


def _swap(rows: list[list[int]], near: _Neighbours) -> None:
    place = {vertex: index for row in rows for index, vertex in enumerate(row)}
    for _ in range(_SWAP_ROUNDS):
        has_swapped = False
        for row in rows:
            if len(row) > _MAX_SWAPPED_ROW:
                continue
            for index in range(len(row) - 1):
                left, right = row[index], row[index + 1]
                if _gain(left, right, near, place) > 0:
                    row[index], row[index + 1] = right, left
                    place[left], place[right] = index + 1, index
                    has_swapped = True
        if not has_swapped:
            return


def _gain(left: int, right: int, near: _Neighbours, place: dict[int, int]) -> int:
    """Return how many crossings fewer there are if two neighbours in a row change places."""
    gain = 0
    for neighbours in (near.above, near.below):
        if not neighbours[left] or not neighbours[right]:
            continue
        of_left = [place[each] for each in neighbours[left]]
        of_right = [place[each] for each in neighbours[right]]
        for one in of_left:
            for other in of_right:
                gain += (one > other) - (one < other)
    return gain


def _all_crossings(rows: Sequence[Sequence[int]], near: _Neighbours) -> int:
    return sum(_crossings(upper, lower, near) for upper, lower in itertools.pairwise(rows))


def _crossings(upper: Sequence[int], lower: Sequence[int], near: _Neighbours) -> int:
    place = {vertex: index for index, vertex in enumerate(lower)}
    seen: list[int] = []
    crossings = 0
    for vertex in upper:
        ends = sorted(place[each] for each in near.below[vertex])
        for end in ends:
            crossings += len(seen) - bisect_right(seen, end)
        for end in ends:
            insort(seen, end)
    return crossings
