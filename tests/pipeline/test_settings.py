from __future__ import annotations

from pathlib import Path

import pytest

from pipeline import settings as module
from pipeline.errors import MissingSetting
from pipeline.settings import Settings, schemas_folder
from tests.functions.cloud import ENVIRONMENT, ROOT


def test_settings_come_from_the_environment() -> None:
    found = Settings.read(ENVIRONMENT)
    assert found.raw_bucket == "statewright-raw"
    assert found.schemas == ROOT / "schemas"


@pytest.mark.parametrize(
    "variable", sorted(set(ENVIRONMENT) - {name for name in ENVIRONMENT if name.startswith("AWS_")})
)
def test_a_missing_setting_is_named(variable: str) -> None:
    with pytest.raises(MissingSetting, match=variable):
        Settings.read({**ENVIRONMENT, variable: ""})


def test_schemas_lie_where_it_is_said_or_in_the_task_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert schemas_folder({"SCHEMAS_DIR": "/somewhere"}) == Path("/somewhere")
    (tmp_path / "schemas").mkdir()
    monkeypatch.setattr(module, "HERE", tmp_path / "pipeline")
    assert schemas_folder({}) == tmp_path / "schemas"
