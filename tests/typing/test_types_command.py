"""The command `types`: TypedDicts from JSON Schemas."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from click.testing import CliRunner, Result

from statewright.typing.types_command import types
from tests.typing.jsonata_expressions import record

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

Json = Any
TEXT = {"type": "string"}
LINE = {"$ref": "../common.json#/$defs/line"}
PRICE = {
    "input": {
        **record(
            {"lines": {"type": "array", "items": LINE}, "tier": {"enum": ["gold", "plain", None]}}, "lines"
        ),
        "description": "What is to be priced.",
    },
    "output": {"anyOf": [record({"total": {"type": ["integer", "null"]}}, "total"), {"type": "null"}]},
}
COMMON = {
    "$defs": {
        "line": {
            "title": "Order line",
            **record(
                {"sku": TEXT, "unit-price": {"type": "number"}, "more": {"type": "object"}}, "sku unit-price"
            ),
        },
        "tree": record({"children": {"type": "array", "items": {"$ref": "#/$defs/tree"}}}, "children"),
    }
}


@pytest.fixture
def schemas(tmp_path: Path) -> Path:
    folder = tmp_path / "schemas"
    write(folder, {"functions/price.json": PRICE, "common.json": COMMON})
    return folder


def write(folder: Path, files: dict[str, Json]) -> None:
    for name, value in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(value))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(types, [str(each) for each in arguments])


def written(schemas: Path, *kinds: str) -> ModuleType:
    file = schemas.parent / "written.py"
    result = run(*(kinds or ["functions"]), "--types", schemas, "--output", file)
    assert result.exit_code == 0, result.output
    spec = importlib.util.spec_from_file_location("written", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["written"] = module
    spec.loader.exec_module(module)
    return module


def hints(type_: object) -> dict[str, str]:
    found = get_type_hints(type_, include_extras=True)
    return {name: str(hint).replace("typing.", "") for name, hint in found.items()}


def test_members_have_the_types_of_their_schemas(schemas: Path) -> None:
    module = written(schemas)

    assert hints(module.PriceInput) == {
        "lines": "list[written.OrderLine]",
        "tier": "NotRequired[Optional[Literal['gold', 'plain']]]",
    }
    assert module.PriceInput.__doc__ == "What is to be priced."
    assert str(module.PriceOutput) == "written.PriceOutput1 | None"
    assert hints(module.PriceOutput1) == {"total": "int | None"}


def test_keys_that_are_no_names_are_kept_as_they_are(schemas: Path) -> None:
    module = written(schemas)

    assert module.OrderLine.__required_keys__ == {"sku", "unit-price"}
    assert module.OrderLine.__optional_keys__ == {"more"}


def test_a_definition_that_contains_itself_is_written_once(schemas: Path) -> None:
    write(schemas, {"functions/price.json": {"input": {"$ref": "../common.json#/$defs/tree"}}})

    assert hints(written(schemas).Tree) == {"children": "list[written.Tree]"}


def test_the_newest_contract_of_a_dataset_is_written(schemas: Path) -> None:
    for version, name in ((1, "old"), (2, "new")):
        write(schemas, {f"datasets/orders/{version}.json": {"title": "Order", "properties": {name: TEXT}}})

    assert set(hints(written(schemas, "datasets").Order)) == {"new"}


def test_two_schemas_of_one_name_are_refused(schemas: Path) -> None:
    both = {
        "input": {**record({"a": TEXT}, "a"), "title": "One"},
        "output": {**record({}, ""), "title": "One"},
    }
    write(schemas, {"functions/price.json": both})

    result = run("functions", "--types", schemas)

    assert result.exit_code == 2
    assert "two schemas are called One" in result.output


def test_check_tells_what_is_stale_and_writes_nothing(schemas: Path) -> None:
    file = schemas.parent / "written.py"
    ask = ("functions", "--types", schemas, "--output", file, "--check")
    assert run(*ask).exit_code == 1
    assert not file.exists()
    assert run(*ask[:-1]).exit_code == 0
    assert run(*ask).exit_code == 0

    write(schemas, {"functions/price.json": {**PRICE, "output": TEXT}})
    stale = run(*ask)

    assert stale.exit_code == 1
    assert "+PriceOutput = str" in stale.output
    assert "is stale" in stale.output


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_where_there_is_no_schema_it_exits_with_2(folder: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()

    result = run("functions", "--types", tmp_path / folder)

    assert result.exit_code == 2
    assert "no schema" in result.output


def test_what_is_written_is_strictly_typed_and_formatted(schemas: Path) -> None:
    written(schemas)
    for command in (
        ["mypy", "--strict"],
        ["ruff", "check", "--isolated", "--select=E,F,I,UP", "--line-length=110"],
        ["ruff", "format", "--isolated", "--line-length=110", "--check"],
    ):
        asked = [sys.executable, "-m", *command, "written.py"]
        done = subprocess.run(asked, capture_output=True, text=True, cwd=schemas.parent, check=False)
        assert done.returncode == 0, done.stdout
