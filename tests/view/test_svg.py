"""Pictures as files: golden SVGs, well-formed and harmless whatever the names are."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from statewright.engine import run_with_history
from statewright.view import mermaid
from statewright.view.definition import NotDrawableError, read_chart
from statewright.view.statuses import overlay_of, story_of
from statewright.view.svg import render
from tests.view.orders import BAD, GOOD, HANDLERS, ORDERS, RELEASE
from tests.view.random_definitions import definition

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "style", "defs", "marker", "path", "g", "title", "rect", "circle", "text", "use"}
HOSTILE = '"><script>alert(1)</script><img onerror=x> & \x00 \x1b \u202e ]]> {{x}}'


def hold(name: str, drawn: str) -> None:
    """Hold a picture against the golden one; GOLDEN=write writes it anew."""
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.write_text(drawn, encoding="utf-8")
    assert drawn == path.read_text(encoding="utf-8"), (
        f"{name} is drawn otherwise; GOLDEN=write if that is meant"
    )


def overlay(value):
    RELEASE.set()
    _, history = run_with_history(ORDERS, value, functions=HANDLERS, virtual_time=True)
    chart = read_chart(json.dumps(ORDERS))
    story = story_of(chart)
    for event in history:
        story.add(event)
    return overlay_of(story, chart)


def test_given_a_definition_its_picture_is_the_golden_one() -> None:
    hold("orders.svg", render(json.dumps(ORDERS)))


@pytest.mark.parametrize(("name", "value"), [("orders-succeeded", GOOD), ("orders-failed", BAD)])
def test_given_an_execution_its_picture_is_the_golden_one(name: str, value: dict) -> None:
    hold(f"{name}.svg", render(json.dumps(ORDERS), overlay(value)))


def test_given_a_definition_its_flow_chart_is_the_golden_one() -> None:
    hold("orders.mmd", mermaid.render(json.dumps(ORDERS)))


def test_given_every_workflow_of_the_project_it_is_drawn() -> None:
    for path in (ROOT / "statemachines").glob("*.asl.json"):
        drawn = ET.fromstring(render(path.read_text(encoding="utf-8")))
        states = [each.get("data-state") for each in drawn.iter(f"{SVG}g") if each.get("data-state")]
        assert states == sorted(set(states), key=states.index)
        assert set(states) == set(read_chart(path.read_text(encoding="utf-8")).nodes)


@pytest.mark.parametrize("seed", range(40))
def test_given_any_names_the_picture_is_well_formed_and_holds_no_script(seed: int) -> None:
    text = json.dumps(definition(seed)).replace("Load ", json.dumps(HOSTILE)[1:-1])
    drawn = ET.fromstring(render(text))
    for element in drawn.iter():
        assert element.tag.removeprefix(SVG) in ALLOWED
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name not in ("style", "src")
            if name == "href":
                assert value.startswith("#")


def test_given_hostile_names_the_flow_chart_quotes_them() -> None:
    states = {'a"]; click x "javascript:1"': {"Type": "Pass", "Next": "end"}, "end": {"Type": "Succeed"}}
    drawn = mermaid.render(json.dumps({"StartAt": "end", "States": states}))
    assert 's0["a#34;]#59; click x #34;javascript:1#34;"]' in drawn
    assert 's1(["end"])' in drawn


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"States": {}}', '{"States": []}', "{" * 5000, "nul"])
def test_given_no_definition_it_is_said(text: str) -> None:
    with pytest.raises(NotDrawableError):
        render(text)


def test_given_states_of_strange_shapes_what_can_be_drawn_is() -> None:
    states = {
        "A": {
            "Type": 7,
            "Next": ["B"],
            "Catch": "x",
            "Choices": [{"Next": "B"}, 3, {"And": [1], "Next": "A"}],
        },
        "B": {"Type": "Map", "ItemProcessor": [], "Next": "Z"},
        "C": "no state",
        "D": {"Type": "Parallel", "Branches": [{}, {"States": {"E": {"Type": "Task", "End": True}}}, None]},
    }
    chart = read_chart(json.dumps({"StartAt": "nowhere", "States": states}))
    assert set(chart.nodes) == {"A", "B", "D", "E"}
    ET.fromstring(render(json.dumps({"StartAt": "nowhere", "States": states})))
