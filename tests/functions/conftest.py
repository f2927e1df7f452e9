from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.functions import cloud as clouds

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[clouds.Cloud]:
    for name, value in clouds.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with clouds.cloud() as made:
        yield made
