"""The diagram in docs/architecture.md is the workflow that statemachines/ingest.asl.json defines."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
ARROW = re.compile(r"^\s*(\w+)\S* (-->|-\.->) (\w+)", re.MULTILINE)
BLOCK = re.compile(r"```mermaid\n(.*?)```", re.DOTALL)
Arrow = tuple[str, str, str]


def diagram() -> str:
    """Return the text of the page's one diagram."""
    found: list[str] = BLOCK.findall((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
    assert len(found) == 1
    return found[0]


def definition() -> dict[str, Any]:
    """Return the workflow."""
    found: dict[str, Any] = json.loads((ROOT / "statemachines" / "ingest.asl.json").read_text("utf-8"))
    return found


def flows(machine: dict[str, Any]) -> Iterator[tuple[str | None, dict[str, Any]]]:
    """Yield the states of a machine, then those inside each of its states with that state's name."""
    yield None, machine["States"]
    for name, state in machine["States"].items():
        if "ItemProcessor" in state:
            yield name, state["ItemProcessor"]["States"]


def arrows_of(states: dict[str, Any]) -> Iterator[Arrow]:
    """Yield every transition as the diagram draws it."""
    for name, state in states.items():
        following = [
            state.get("Next"),
            state.get("Default"),
            *(each["Next"] for each in state.get("Choices", ())),
        ]
        yield from ((name, "-->", each) for each in following if each)
        yield from ((name, "-.->", each["Next"]) for each in state.get("Catch", ()))


def test_given_the_workflow_the_diagram_has_each_transition_and_no_other() -> None:
    machine = definition()
    wanted = {arrow for _, states in flows(machine) for arrow in arrows_of(states)}
    assert set(ARROW.findall(diagram())) == wanted | {("Start", "-->", machine["StartAt"])}


def test_given_a_map_the_diagram_draws_its_states_inside_it() -> None:
    drawn = {
        name: set(re.findall(r"[A-Z]\w+", inside))
        for name, inside in re.findall(r"subgraph (\w+)\n(.*?)\n    end", diagram(), re.DOTALL)
    }
    assert drawn == {name: set(states) for name, states in flows(definition()) if name}


def test_given_a_state_the_diagram_names_it() -> None:
    names = {name for _, states in flows(definition()) for name in states}
    assert names <= set(re.findall(r"\w+", diagram()))
