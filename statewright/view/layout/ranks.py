"""Which rank a box of a region has: after all that lead to it, near what it is joined to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIGHTENING_ROUNDS = 8


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two boxes, by index; `weight` is how much it wants to be short and straight.

    `label` is the width and height of its label, None without. Links of one `bus` run in one lane to their
    common target; `shared_label` says that they have one label together.
    """

    source: int
    target: int
    weight: int = 2
    label: tuple[float, float] | None = None
    bus: int | None = None
    shared_label: bool = False


def backward_links(count: int, links: Sequence[Link]) -> set[int]:
    """Return the indices of links that lead back to where the way to them came from."""
    leaving: list[list[int]] = [[] for _ in range(count)]
    for index, link in enumerate(links):
        leaving[link.source].append(index)
    state = [0] * count  # 0 not seen, 1 on the way, 2 done
    backward: set[int] = set()
    for root in range(count):
        if state[root]:
            continue
        state[root] = 1
        stack = [(root, iter(leaving[root]))]
        while stack:
            box, rest = stack[-1]
            for index in rest:
                target = links[index].target
                if state[target] == 1:
                    backward.add(index)
                elif state[target] == 0:
                    state[target] = 1
                    stack.append((target, iter(leaving[target])))
                    break
            else:
                state[box] = 2
                stack.pop()
    return backward


def assign_ranks(count: int, links: Sequence[Link], backward: set[int]) -> list[int]:
    """Return the rank of each box: 0 and up, no two joined forward on one rank."""
    forward = [link for index, link in enumerate(links) if index not in backward]
    before: list[list[Link]] = [[] for _ in range(count)]
    after: list[list[Link]] = [[] for _ in range(count)]
    for link in forward:
        before[link.target].append(link)
        after[link.source].append(link)
    order = _topological(count, before, after)
    ranks = [0] * count
    for box in order:
        ranks[box] = max((ranks[link.source] + 1 for link in before[box]), default=0)
    for _ in range(_TIGHTENING_ROUNDS):
        if not _tighten(order, ranks, before, after):
            break
    lowest = min(ranks, default=0)
    return [rank - lowest for rank in ranks]


def _tighten(
    order: Sequence[int],
    ranks: list[int],
    before: Sequence[Sequence[Link]],
    after: Sequence[Sequence[Link]],
) -> bool:
    """Move boxes to the end of their freedom that pulls more; say whether one moved."""
    has_moved = False
    for box in reversed(order):
        pull = sum(link.weight for link in after[box]) - sum(link.weight for link in before[box])
        if pull == 0 or not after[box]:
            continue
        low = max((ranks[link.source] + 1 for link in before[box]), default=ranks[box])
        high = min(ranks[link.target] - 1 for link in after[box])
        wanted = high if pull > 0 else low
        if wanted != ranks[box]:
            ranks[box], has_moved = wanted, True
    return has_moved


def _topological(count: int, before: Sequence[Sequence[Link]], after: Sequence[Sequence[Link]]) -> list[int]:
    open_links = [len(links) for links in before]
    ready = [box for box in range(count) if not open_links[box]]
    order: list[int] = []
    for box in ready:
        order.append(box)
        for link in after[box]:
            open_links[link.target] -= 1
            if not open_links[link.target]:
                ready.append(link.target)
    return order
