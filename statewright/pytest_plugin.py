"""A fixture for pytest: `pytest_plugins = ["statewright.pytest_plugin"]` in a test module or in conftest.py.

def test_...(step_functions):
    step_functions.functions["greet"] = greet
    outcome = step_functions.run(definition, {"name": "Ada"})
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.testing import LocalStepFunctions


@pytest.fixture
def step_functions() -> Iterator[LocalStepFunctions]:
    """Step Functions in this process, empty for each test: see statewright.testing.LocalStepFunctions."""
    from statewright.testing import LocalStepFunctions

    with LocalStepFunctions() as local:
        yield local
