"""docs/operate.md tells of every alarm that Terraform makes: what it means, what to look at, what to do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
ALARMS = (ROOT / "terraform" / "alarms.tf").read_text(encoding="utf-8")
RESOURCE = re.compile(
    r'^resource "aws_cloudwatch_metric_alarm" "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL
)
NAME = re.compile(r'alarm_name\s+= "\$\{local\.name\}-\$\{each\.key\}(\w*)"')
FOR_EACH = re.compile(r"for_each = (\S+)")
# What an alarm is made for, by what Terraform repeats it over.
KINDS = {
    "local.description.state_machines": "<state machine>",
    "local.description.functions": "<function>",
    "local.scheduled": "<state machine>",
    "local.failures_only": "<queue>",
    "local.worked_off": "<queue>",
    "local.description.rules": "<rule>",
    "local.contracts": "<dataset>",
}
SECTIONS = {
    match[1]: match[2]
    for match in re.finditer(r"^### `([^`]+)`\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
}


def alarms() -> set[str]:
    """Return the names of all alarms, with a kind in the place of a logical name."""
    found = set()
    for _, body in RESOURCE.findall(ALARMS):
        repeated, suffix = FOR_EACH.findall(body)[0], NAME.findall(body)[0]
        if repeated == "local.alarms_of_executions":
            found |= {f"<state machine>_{kind}" for kind in kinds_of("execution_alarms")}
        elif repeated == "local.alarms_of_pipes":
            found |= {f"<pipe>_pipe_{kind}" for kind in kinds_of("pipe_alarms")}
        else:
            found.add(KINDS[repeated] + suffix)
    return found


def kinds_of(table: str) -> list[str]:
    """Return the names in a table of alarms."""
    body = re.findall(rf"^  {table} = \{{\n(.*?)^  \}}", ALARMS, re.MULTILINE | re.DOTALL)[0]
    return re.findall(r"^    (\w+)\s+= \{ metric = ", body, re.MULTILINE)


def test_every_alarm_has_its_section_and_every_section_its_alarm() -> None:
    assert len(alarms()) >= 9
    assert set(SECTIONS) == alarms()


@pytest.mark.parametrize("alarm", SECTIONS)
def test_a_section_says_what_it_means_where_to_look_and_what_to_do(alarm: str) -> None:
    for heading in ("- **Means:** ", "- **Look at:** ", "- **Do:** "):
        assert SECTIONS[alarm].count(heading) == 1
