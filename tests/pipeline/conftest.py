from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.functions import cloud as clouds

if TYPE_CHECKING:
    from collections.abc import Iterator

settings.register_profile("pipeline", deadline=None)
settings.load_profile("pipeline")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[clouds.Cloud]:
    for name, value in clouds.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with clouds.cloud() as made:
        yield made
