"""The Python types of what travels between the states are those of the schemas: written from them."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from statewright.typing.types_command import types

ROOT = Path(__file__).resolve().parents[2]


def test_the_shapes_are_up_to_date() -> None:
    shapes = ROOT / "functions" / "pipeline" / "shapes.py"
    arguments = ["functions", "--types", str(ROOT / "schemas"), "--output", str(shapes), "--check"]

    result = CliRunner().invoke(types, arguments)

    assert result.exit_code == 0, result.output
