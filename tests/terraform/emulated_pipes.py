"""Pipes of the emulator: MiniStack keeps them, and polls no queue. Here they carry what they were told to.

What a pipe does, it does under its role: receive, invoke its enrichment, run the alias, delete.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from statewright.engine.functions import FunctionResult
from statewright.local import pipes

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Any
# Arguments of CreatePipe that MiniStack does not keep.
KEPT = ("SourceParameters", "Enrichment", "EnrichmentParameters", "TargetParameters", "LogConfiguration")


def stand_in(client: Callable[[str, str, str], Any], check_start: Callable[[str, str, str], None]) -> None:
    """Let pipes keep their arguments, and run.

    `client` makes a client of a service for a role that is taken over for a pipe; `check_start` holds the
    start of a state machine by an action against a role.
    """
    from ministack.services import pipes as emulated

    create, describe = emulated._create_pipe, emulated._describe_response

    def created(name: str, body: Json) -> Json:
        answer = create(name, body)
        if answer[0] == 200:
            emulated._pipes[name]["Kept"] = {each: body[each] for each in KEPT if each in body}
            work = Work(
                {**body, **json.loads(answer[2]), "Name": name},
                client,
                check_start,
                lambda: name in emulated._pipes,
            )
            threading.Thread(target=work.run, daemon=True).start()
        return answer

    emulated._create_pipe = created
    emulated._describe_response = lambda pipe: {**describe(pipe), **pipe.get("Kept", {})}


class Work:
    """What a pipe does until it is deleted; the calls are boto3's, one after the other."""

    def __init__(
        self,
        pipe: Json,
        client: Callable[[str, str, str], Any],
        check_start: Callable[[str, str, str], None],
        is_there: Callable[[], bool],
    ) -> None:
        role = pipe["RoleArn"].rpartition("/")[2]
        self.clients: Any = lambda service: client(service, role, pipe["Arn"])
        self._role, self._check_start, self._is_there = role, check_start, is_there
        taken = pipe["SourceParameters"]["SqsQueueParameters"]
        name = pipe["Source"].rpartition(":")[2]
        self._route = pipes.PipeRoute(
            pipe["Name"],
            f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/{pipe['Source'].split(':')[4]}/{name}",
            pipe["Source"],
            pipe["Enrichment"],
            pipe["Target"],
            taken["BatchSize"],
            taken["MaximumBatchingWindowInSeconds"],
        )

    def run(self) -> None:
        """Carry batches."""
        self.clients("sqs").get_queue_attributes(QueueUrl=self._route.queue_url, AttributeNames=["All"])
        while self._is_there():
            with contextlib.suppress(*pipes.AwsErrors):  # the queue is gone before the pipe is
                messages = pipes.receive_batch(self._route, self.clients)
                for batch in pipes.batches(messages, self._route):
                    asyncio.run(pipes._carry(self._route, batch, self, self, self.clients))

    async def invoke(
        self,
        function: str,
        payload: bytes,
        *,
        invocation_type: str = "RequestResponse",
        timeout: float | None = None,
    ) -> FunctionResult:
        """Invoke the enrichment; see FunctionBackend."""
        del timeout
        said = self.clients("lambda").invoke(
            FunctionName=function, Payload=payload, InvocationType=invocation_type
        )
        return FunctionResult(said["StatusCode"], said["Payload"].read(), said.get("FunctionError"))

    async def start_sync_execution(
        self,
        state_machine_arn: str,
        input: str = "{}",  # noqa: A002 - the API's word
        name: str | None = None,
    ) -> Any:
        """Run the target; see SyncStarter."""
        del name
        self._check_start(self._role, state_machine_arn, "states:StartSyncExecution")
        said = self.clients("stepfunctions").start_sync_execution(
            stateMachineArn=state_machine_arn, input=input
        )
        fields = {field: said.get(field, "") for field in ("status", "output", "error", "cause")}
        return SimpleNamespace(arn=said["executionArn"], **fields)
