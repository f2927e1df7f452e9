"""The rules of the house: who may import whom, and one name for one thing."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FUNCTION_MODULES = {path.stem for path in (ROOT / "functions").iterdir() if path.stem != "__pycache__"}
# room -> what its modules may never import
FORBIDDEN = {
    "functions": {"statewright"},
    "statewright/asl": {"statewright.engine", "statewright.typing", "statewright.api", "statewright.local"},
    "statewright/engine": {"statewright.typing", "statewright.api", "statewright.local"},
    "statewright/typing": {"statewright.engine", "statewright.api", "statewright.local"},
    "statewright/api": {"statewright.local"},
    # The view sees executions as any client does: through an endpoint. Types it asks the checker for.
    "statewright/view": {"statewright.engine", "statewright.api"},
    # Costs follow from the project's own functions, which are asked in a process of their own.
    "statewright/costs": {
        "statewright.engine",
        "statewright.typing",
        "statewright.view",
        "statewright.deploy",
    },
    "statewright/deploy": {"statewright.engine", "statewright.typing", "statewright.api", "statewright.view"},
}


def imports(path: Path) -> set[str]:
    """Return the dotted names that a module imports anywhere."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


for room in ("asl", "engine", "typing", "api", "local"):
    FORBIDDEN.setdefault(f"statewright/{room}", set()).add("statewright.view")
for room in ("asl", "engine", "typing", "api", "local", "view"):
    FORBIDDEN.setdefault(f"statewright/{room}", set()).add("statewright.deploy")
for room in ("asl", "engine", "typing", "api", "local", "view", "deploy"):
    FORBIDDEN.setdefault(f"statewright/{room}", set()).add("statewright.costs")


@pytest.mark.parametrize("room", FORBIDDEN)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    modules = list((ROOT / room).rglob("*.py"))
    assert modules
    found = {
        (path.name, name)
        for path in modules
        for name in imports(path)
        for forbidden in FORBIDDEN[room]
        if name == forbidden or name.startswith(forbidden + ".")
    }
    assert not found


def test_the_workbench_imports_no_function_at_module_level() -> None:
    modules = list((ROOT / "statewright").rglob("*.py"))
    assert modules
    for path in modules:
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = {node.module.split(".")[0]}
            else:
                continue
            assert not names & FUNCTION_MODULES, path


def test_each_function_has_its_signature_its_test_and_its_state() -> None:
    described = json.loads((ROOT / "pipeline.json").read_bytes())["functions"]
    workflows = [path.read_text() for path in (ROOT / "statemachines").glob("*.asl.json")]
    pipes = json.loads((ROOT / "pipeline.json").read_bytes())["pipes"]
    enrichments = {pipe["enrichment"] for pipe in pipes.values()}
    assert {path.stem for path in (ROOT / "functions").glob("*.py")} == set(described)
    for name in described:
        assert (ROOT / "schemas" / "functions" / f"{name}.json").is_file()
        assert (ROOT / "tests" / "functions" / f"test_{name}.py").is_file()
        state = "".join(word.capitalize() for word in name.split("_"))
        called = any(f'"{state}": {{' in each and f'"${{{state}Arn}}"' in each for each in workflows)
        assert called is not (name in enrichments)


def test_lock_files_carry_versions_and_hashes_and_no_addresses() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text()
        assert "://" not in text
        pinned = re.findall(r"^[A-Za-z0-9][\w.-]*==\S+", text, flags=re.MULTILINE)
        named = re.findall(r"^[A-Za-z0-9].*", text, flags=re.MULTILINE)
        assert len(pinned) == len(named) > 0
        assert text.count("--hash=sha256:") >= len(pinned)
