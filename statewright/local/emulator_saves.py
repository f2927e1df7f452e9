"""The state of the small services, kept on disk at once.

MiniStack 1.5.33 writes the state of its services only on a graceful stop; objects of S3 alone are files from
the beginning. Buckets, queues with their messages, topics, rules and parameters are small: the service that a
request may have changed is written before its answer leaves. Where that is much, because thousands of
messages wait, it is done less often, so that the service stays as fast as it is: a kill then loses what came
since.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

# MiniStack's modules by the service that a request is signed for; queues get messages from most of them.
CHANGED_BY: dict[bytes, tuple[str, ...]] = {
    b"s3": ("s3", "sqs"),
    b"sqs": ("sqs",),
    b"sns": ("sns", "sqs"),
    b"events": ("eventbridge", "sqs"),
    b"scheduler": ("scheduler",),
    b"ssm": ("ssm", "kms"),
    b"kms": ("kms",),
    b"dynamodb": (),  # tables have a journal
    b"sts": (),
}
ALL = ("s3", "sqs", "sns", "ssm", "eventbridge", "scheduler", "kms")
# Up to it a request waits until all is written, some 15 ms; above, writing takes one part in so many of the
# time. It is a size, not a time: a machine that stutters once must not cost what came since.
PROMPT_CHARACTERS = 1024**2
SHARE = 20
READS = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGNED_FOR = re.compile(rb"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")


class PromptSaves:
    """Writes the small services' state into `folder` after requests that may have changed it."""

    def __init__(self, app: Any, folder: Path) -> None:
        self._app = app
        self._services = {name: _Service(name, folder / f"{name}.json") for name in ALL}

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass the request on; its answer leaves when what it changed is kept, or will be soon."""
        changed = _changed_by(scope)
        await self._app(scope, receive, _Kept([self._services[name] for name in changed], send))


class _Kept:
    """Writes services before an answer that tells of success."""

    def __init__(self, services: Iterable[_Service], send: Any) -> None:
        self._services = services
        self._send = send

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] < 300:
            for service in self._services:
                service.save_now_or_soon()
        await self._send(message)


class _Service:
    """A module of MiniStack with the file that it reads at its start."""

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._path = path
        self._seconds = 0.0  # that the last save took
        self._written = ""
        self._later: asyncio.TimerHandle | None = None

    def save_now_or_soon(self) -> None:
        if self._later is not None:
            return
        if len(self._written) <= PROMPT_CHARACTERS:
            self._save()
        else:
            self._later = asyncio.get_running_loop().call_later(self._seconds * SHARE, self._save)

    def _save(self) -> None:
        self._later = None
        module = sys.modules.get(f"ministack.services.{self._name}")
        if module is None:  # nothing has used the service yet
            return
        begun = time.thread_time()  # a busy machine makes no save longer
        text = state_text(self._name, module.get_state())
        if text != self._written:
            beside = self._path.with_suffix(".new")
            beside.write_text(text, encoding="utf-8")
            beside.replace(self._path)
            self._written = text
        self._seconds = time.thread_time() - begun


def state_text(name: str, state: Any) -> str:
    """Return a service's state as MiniStack's own `save_state` writes it, which takes ten times as long."""
    from ministack.core import persistence

    wrapped = {"__ministack_format__": persistence._state_format_version(name), "payload": state}
    return json.dumps(wrapped, default=persistence._json_default)


def _changed_by(scope: Any) -> tuple[str, ...]:
    """Return the services whose state a request may change."""
    if scope["type"] != "http" or scope["method"] in READS or scope["path"].startswith("/_ministack/"):
        return ()
    headers = {name.lower(): value for name, value in scope["headers"]}
    # What is received stays until it is deleted; the pipeline's triggers ask every second.
    if headers.get(b"x-amz-target", b"").endswith(b".ReceiveMessage"):
        return ()
    signed = _SIGNED_FOR.search(headers.get(b"authorization", b""))
    changed = CHANGED_BY.get(signed[1], ALL) if signed else ALL
    is_object = "/" in scope["path"].strip("/")
    return ("sqs",) if signed and signed[1] == b"s3" and is_object else changed
