"""Layouts hold what a reader relies on, whatever the definition looks like."""

from __future__ import annotations

import itertools
import json
import sys

import pytest

from statewright.view.definition import read_chart
from statewright.view.layout.regions import Box, Picture, draw
from tests.view.random_definitions import definition, long_machine

DEFINITIONS = 1000
NEAR = 0.6


def drawn(machine: dict) -> Picture:
    return draw(read_chart(json.dumps(machine)))


def overlap(one, other) -> bool:
    return (
        one[0] < other[2] - NEAR
        and other[0] < one[2] - NEAR
        and one[1] < other[3] - NEAR
        and other[1] < one[3] - NEAR
    )


def contains(outer, inner) -> bool:
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def edges_of(box: Box):
    return (box.x, box.y, box.x + box.width, box.y + box.height)


def check_boxes(picture: Picture) -> None:
    rectangles = [(edges_of(box), box) for box in picture.boxes]
    for index, (one, first) in enumerate(rectangles):
        assert contains((0, 0, picture.width, picture.height), one)
        for other, second in rectangles[index + 1 :]:
            if overlap(one, other):
                holder, held = (one, other) if first.depth < second.depth else (other, one)
                assert contains(holder, held), (first.name, second.name)


def check_labels(picture: Picture) -> None:
    labels = [
        (each.x - each.width / 2, each.y - each.height / 2, each.x + each.width / 2, each.y + each.height / 2)
        for each in picture.labels
    ]
    for index, label in enumerate(labels):
        assert contains((0, 0, picture.width, picture.height), label)
        for box in picture.boxes:
            rectangle = edges_of(box)
            assert not overlap(label, rectangle) or contains(rectangle, label), box.name
            if contains(rectangle, label):
                assert box.node is not None
                assert box.node.regions
        for other in labels[index + 1 :]:
            assert not overlap(label, other)


def check_ways(picture: Picture) -> None:
    boxes = {box.name: edges_of(box) for box in picture.boxes}
    for way in picture.ways:
        source, target = boxes[way.edge.source], boxes[way.edge.target]
        (x1, y1), (x2, y2) = way.points[0], way.points[-1]
        assert source[0] - NEAR <= x1 <= source[2] + NEAR
        assert abs(y1 - source[3]) <= NEAR
        assert target[0] - NEAR <= x2 <= target[2] + NEAR
        assert abs(y2 - target[1]) <= NEAR
        for (ax, ay), (bx, by) in zip(way.points, way.points[1:], strict=False):
            assert ax == bx or ay == by, "a way is orthogonal"


def check_no_way_crosses_a_box(picture: Picture) -> None:
    holders = {}
    for box in picture.boxes:
        for region in box.node.regions if box.node else ():
            for inner in region.walk():
                holders.setdefault(inner.name, set()).add(box.name)
    for way in picture.ways:
        around = holders.get(way.edge.source, set())
        for (ax, ay), (bx, by) in zip(way.points, way.points[1:], strict=False):
            piece = (min(ax, bx) - 0.1, min(ay, by) + 1, max(ax, bx) + 0.1, max(ay, by) - 1)
            piece = piece if piece[1] < piece[3] else (piece[0], ay - 0.1, piece[2], ay + 0.1)
            for box in picture.boxes:
                if box.name in around:
                    continue
                assert not overlap(piece, edges_of(box)), (way.edge, box.name)


def check_lines(picture: Picture) -> None:
    for line in picture.lines:
        for (ax, ay), (bx, by) in itertools.pairwise(line.points):
            assert ax == bx or ay == by, "a line is orthogonal"
    drawn_edges = {edge for line in picture.lines for edge in line.edges}
    assert drawn_edges == set(range(len(picture.ways)))
    ends = {line.points[-1] for line in picture.lines if line.has_arrow}
    assert ends == {way.points[-1] for way in picture.ways}
    starts = {line.points[0] for line in picture.lines}
    assert {way.points[0] for way in picture.ways} <= starts


@pytest.mark.parametrize("hundred", range(DEFINITIONS // 100))
def test_given_random_definitions_nothing_lies_on_anything_and_every_edge_ends_at_its_states(hundred) -> None:
    for seed in range(hundred * 100, hundred * 100 + 100):
        picture = drawn(definition(seed))
        check_boxes(picture)
        check_labels(picture)
        check_ways(picture)
        check_no_way_crosses_a_box(picture)
        check_lines(picture)


def test_given_the_same_definition_the_picture_is_the_same() -> None:
    assert drawn(definition(5, 30)) == drawn(definition(5, 30))


def test_given_catches_of_one_target_they_share_one_lane_and_one_label() -> None:
    picture = drawn(long_machine(40))
    failures = [line for line in picture.lines if line.kind == "catch" and line.has_arrow]
    assert len(failures) == 1
    assert len([label for label in picture.labels if label.kind == "catch"]) == 1


def test_given_a_plain_chain_its_boxes_stand_under_one_another() -> None:
    states = {f"S{i}": {"Type": "Pass", "Next": f"S{i + 1}"} for i in range(20)} | {
        "S20": {"Type": "Succeed"}
    }
    picture = drawn({"StartAt": "S0", "States": states})
    assert len({box.x + box.width / 2 for box in picture.boxes}) == 1
    assert all(len(way.points) == 2 for way in picture.ways)


def test_given_a_longer_way_into_failure_the_way_that_ends_well_stands_straight() -> None:
    states = {
        "Collect": {"Type": "Pass", "Next": "Decide"},
        "Decide": {"Type": "Choice", "Choices": [{"Next": "TooBad"}], "Default": "Write"},
        "Write": {"Type": "Pass", "Next": "Check"},
        "Check": {"Type": "Choice", "Choices": [{"Next": "TooBad"}], "Default": "Notify"},
        "Notify": {"Type": "Pass", "End": True},
        "TooBad": {"Type": "Pass", "Next": "Record"},
        "Record": {"Type": "Pass", "Next": "Tell"},
        "Tell": {"Type": "Pass", "Next": "Failed"},
        "Failed": {"Type": "Fail"},
    }
    picture = drawn({"StartAt": "Collect", "States": states})
    middles = {box.name: box.x + box.width / 2 for box in picture.boxes}
    spine = {middles[name] for name in ("Start", "Collect", "Decide", "Write", "Check", "Notify", "End")}
    assert len(spine) == 1
    assert middles["TooBad"] not in spine
    assert len({middles[name] for name in ("TooBad", "Record", "Tell", "Failed")}) == 1


def test_given_nothing_but_failure_its_way_stands_straight() -> None:
    states = {f"S{i}": {"Type": "Pass", "Next": f"S{i + 1}"} for i in range(3)} | {"S3": {"Type": "Fail"}}
    picture = drawn({"StartAt": "S0", "States": states})
    assert len({box.x + box.width / 2 for box in picture.boxes}) == 1


def test_given_ten_times_the_states_the_layout_makes_less_than_a_hundred_times_as_many_calls() -> None:
    def calls(states: int) -> int:
        made = itertools.count()
        sys.setprofile(lambda *_: next(made))
        try:
            drawn(long_machine(states))
            drawn(definition(3, states, depth=0))
        finally:
            sys.setprofile(None)
        return next(made)

    assert calls(150) / calls(15) < 100
