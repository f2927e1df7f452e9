"""When the small services of the emulator are written."""

from __future__ import annotations

import asyncio
import json
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest

from statewright.local import emulator_saves
from statewright.local.emulator_saves import ALL, PromptSaves

if TYPE_CHECKING:
    from pathlib import Path


class Services:
    """Modules in the place of MiniStack's, and the files in which they are kept."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.state: dict[str, int] = dict.fromkeys(ALL, 0)
        for name in ALL:
            module = ModuleType(name)
            module.get_state = lambda name=name: {"state": self.state[name]}  # type: ignore[attr-defined]
            monkeypatch.setitem(sys.modules, f"ministack.services.{name}", module)
        self.saves = PromptSaves(self._answer, folder)
        self.status = 200

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        for name in ALL:
            self.state[name] += 1
        await send({"type": "http.response.start", "status": self.status})

    async def ask(self, service: str, method: str = "POST", path: str = "/", target: str = "") -> set[str]:
        """Send a request; return the services that were written when its answer left."""
        signed = (
            f"AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/{service}/aws4_request, SignedHeaders=x"
        )
        headers = [(b"Authorization", signed.encode()), (b"X-Amz-Target", target.encode())]
        written: set[str] = set()

        async def send(message: Any) -> None:
            written.update(name for name in ALL if self.kept(name) == self.state[name])

        scope = {"type": "http", "method": method, "path": path, "headers": headers if service else []}
        await self.saves(scope, None, send)
        return written

    def kept(self, name: str) -> int | None:
        path = self.folder / f"{name}.json"
        return int(json.loads(path.read_text())["payload"]["state"]) if path.exists() else None


@pytest.fixture
def services(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Services:
    return Services(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("request_", "written"),
    [
        (("sqs", "POST", "/", "AmazonSQS.SendMessage"), {"sqs"}),
        (("sqs", "POST", "/", "AmazonSQS.ReceiveMessage"), set()),
        (("s3", "PUT", "/raw"), {"s3", "sqs"}),
        (("s3", "PUT", "/raw/orders/a.jsonl"), {"sqs"}),
        (("s3", "GET", "/raw/orders/a.jsonl"), set()),
        (("dynamodb", "POST", "/", "DynamoDB_20120810.PutItem"), set()),
        (("ssm", "POST", "/", "AmazonSSM.PutParameter"), {"ssm", "kms"}),
        (("events", "POST"), {"eventbridge", "sqs"}),
        (("logs", "POST"), set(ALL)),
        (("", "POST"), set(ALL)),
        (("", "POST", "/_ministack/reset"), set()),
    ],
)
def test_what_a_request_may_have_changed_is_written_before_its_answer(
    services: Services, request_: tuple[str, ...], written: set[str]
) -> None:
    assert asyncio.run(services.ask(*request_)) == written


def test_what_was_refused_writes_nothing(services: Services) -> None:
    services.status = 400
    assert asyncio.run(services.ask("sqs")) == set()


@pytest.mark.parametrize(("characters", "prompt"), [(0, True), (1, False)])
def test_what_is_long_is_written_later(
    services: Services, monkeypatch: pytest.MonkeyPatch, characters: int, prompt: bool
) -> None:
    async def scenario() -> None:
        await services.ask("sns")
        length = len((services.folder / "sns.json").read_text())
        monkeypatch.setattr(emulator_saves, "PROMPT_CHARACTERS", length - characters)
        assert await services.ask("sns") == ({"sns", "sqs"} if prompt else set())
        await asyncio.sleep(0.3)
        assert services.kept("sns") == services.state["sns"]

    asyncio.run(scenario())
