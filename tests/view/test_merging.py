"""Two definitions in one picture: nothing is lost, nothing stands twice, nothing lies on anything."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

from statewright.view.definition import read_chart
from statewright.view.layout.regions import draw
from statewright.view.merging import changes, merged
from tests.view import random_definitions
from tests.view.test_layout import (
    check_boxes,
    check_labels,
    check_lines,
    check_no_way_crosses_a_box,
    check_ways,
)

if TYPE_CHECKING:
    import pytest

PAIRS = 60


def chart(**states):
    return read_chart(json.dumps({"StartAt": next(iter(states)), "States": states}))


def passing(follower=None, **members):
    return {"Type": "Pass", **members, **({"Next": follower} if follower else {"End": True})}


def edges(found):
    return {(edge.source, edge.target, edge.kind == "catch") for edge in found.region.edges_inside()}


def test_given_a_definition_and_itself_nothing_changes() -> None:
    one = chart(A=passing("B"), B=passing())
    assert merged(one, one).region == one.region
    assert changes(one, one) == {}


def test_given_states_and_edges_of_one_alone_both_are_there_and_told() -> None:
    a = chart(A=passing("Old"), Old=passing("B"), B=passing())
    b = chart(A=passing("New"), New=passing("B"), B=passing(Comment="other"))
    both = merged(a, b)
    assert list(both.nodes) == ["A", "New", "B", "Old"]
    assert edges(both) == {
        ("A", "New", False),
        ("New", "B", False),
        ("A", "Old", False),
        ("Old", "B", False),
    }
    assert changes(a, b) == {"Old": "only-a", "New": "only-b", "A": "changed", "B": "changed"}


def test_given_a_change_inside_a_container_the_container_is_not_told_as_changed() -> None:
    def each(**inner):
        return {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "In", "States": {"In": passing(**inner)}},
            "End": True,
        }

    assert changes(chart(Each=each()), chart(Each=each(Comment="x"))) == {"In": "changed"}


def test_given_a_state_that_moved_into_a_container_it_stands_there_alone() -> None:
    a = chart(A=passing("B"), B=passing())
    inner = {"StartAt": "B", "States": {"B": passing()}}
    b = chart(A=passing("Each"), Each={"Type": "Map", "ItemProcessor": inner, "End": True})
    both = merged(a, b)
    assert both.parents == {"B": ("Each", 0)}
    assert edges(both) == {("A", "Each", False)}
    assert changes(a, b) == {"A": "changed", "Each": "only-b", "B": "changed"}


def test_given_random_pairs_all_of_both_is_drawn_once_and_nothing_lies_on_anything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random_definitions, "WORDS", ["S"])  # so that many names are in both, some elsewhere
    charts = [read_chart(json.dumps(random_definitions.definition(seed))) for seed in range(PAIRS + 1)]
    for a, b in pairwise(charts):
        both = merged(a, b)
        names = [node.name for node in both.region.walk()]
        assert len(names) == len(set(names))
        assert set(names) == set(both.nodes) == set(a.nodes) | set(b.nodes)
        assert edges(b) <= edges(both) <= edges(a) | edges(b)
        there = {name for name in a.nodes if name not in b.nodes}
        assert {edge for edge in edges(a) if {edge[0], edge[1]} <= there} <= edges(both)
        picture = draw(both)
        for check in (check_boxes, check_labels, check_ways, check_no_way_crosses_a_box, check_lines):
            check(picture)
