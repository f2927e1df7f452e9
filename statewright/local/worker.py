"""A process that runs handlers: `python -m statewright.local.worker ROOT ANSWER_FD`.

Invocations come in on stdin and answers go out on the descriptor ANSWER_FD, both as frames: a four byte
length (big-endian), a JSON header, a four byte length, the payload. The process ends when its stdin does.
Descriptors 1 and 2 are the log of the running invocation.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import queue
import resource
import signal
import struct
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from statewright.lambda_runtime import (
    MAX_RESPONSE_BYTES,
    LambdaContext,
    RuntimeFault,
    call_handler,
    exception_payload,
    fault_payload,
    load_handler,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LENGTH = struct.Struct(">I")
# The parent stops a worker that runs too long. Where the parent is gone as well and the handler holds the
# interpreter's lock (so that the end of stdin goes unseen), the process ends this long after the timeout.
GRACE_SECONDS = 5.0

Invocation = tuple[dict[str, Any], bytes]


class EndOfStream(Exception):  # noqa: N818 - not an error: the other side has gone
    """The other side of the pipe has closed it."""


def write_frames(stream: BinaryIO, header: Mapping[str, Any], payload: bytes) -> None:
    """Write one message: a JSON header and a payload, each with its length in front."""
    head = json.dumps(header).encode()
    stream.write(LENGTH.pack(len(head)) + head + LENGTH.pack(len(payload)) + payload)
    stream.flush()


def read_frames(stream: BinaryIO) -> Invocation:
    """Read one message; raise EndOfStream where the stream ends."""
    header = json.loads(_read_block(stream))
    return header, _read_block(stream)


def _read_block(stream: BinaryIO) -> bytes:
    (size,) = LENGTH.unpack(_read_exactly(stream, LENGTH.size))
    return _read_exactly(stream, size)


def _read_exactly(stream: BinaryIO, size: int) -> bytes:
    block = bytearray()
    while len(block) < size:
        part = stream.read(size - len(block))
        if not part:
            raise EndOfStream
        block += part
    return bytes(block)


class _RequestIdFilter(logging.Filter):
    """Puts the id of the running invocation on each log record, as Lambda's runtime does."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.request_id
        return True


def _configure_logging() -> _RequestIdFilter:
    logging.Formatter.converter = time.gmtime
    line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    output = logging.StreamHandler(sys.stdout)
    output.setFormatter(logging.Formatter(line, "%Y-%m-%dT%H:%M:%S"))
    request_ids = _RequestIdFilter()
    output.addFilter(request_ids)
    logging.getLogger().addHandler(output)
    return request_ids


class Worker:
    """Handlers loaded by name, kept warm, run one at a time."""

    def __init__(self, answers: BinaryIO) -> None:
        self._answers = answers
        self._handlers: dict[str, Callable[[Any, LambdaContext], Any]] = {}
        self._request_ids = _configure_logging()

    def serve(self, invocations: queue.SimpleQueue[Invocation]) -> None:
        """Answer invocations until the process ends."""
        while True:
            header, payload = invocations.get()
            self._serve_one(header, payload)

    def _serve_one(self, header: dict[str, Any], payload: bytes) -> None:
        request_id = header["requestId"]
        self._request_ids.request_id = request_id
        os.environ.update(header["environment"])
        started = time.perf_counter()
        try:
            handler = self._handler(header["handler"])
        except RuntimeFault as fault:
            return self._fail_start(fault_payload(fault, ""))
        except Exception as error:  # noqa: BLE001 - whatever a module raises is its answer, as in Lambda
            return self._fail_start(exception_payload(error, ""))
        write_frames(self._answers, {"loaded": (time.perf_counter() - started) * 1000}, b"")
        faulthandler.dump_traceback_later(header["timeout"] + GRACE_SECONDS, exit=True)
        answer, failed = call_handler(handler, payload, _context(header))
        faulthandler.cancel_dump_traceback_later()
        self._answer(answer, failed=failed)
        return None

    def _handler(self, name: str) -> Callable[[Any, LambdaContext], Any]:
        if name not in self._handlers:
            self._handlers[name] = load_handler(name)
        return self._handlers[name]

    def _fail_start(self, answer: bytes) -> None:
        """Report that a handler could not be loaded, and end: Lambda too starts afresh afterwards."""
        self._answer(answer, failed=True, final=True)
        os._exit(1)

    def _answer(self, answer: bytes, *, failed: bool, final: bool = False) -> None:
        if failed:
            _log_error(answer)
        sys.stdout.flush()
        sys.stderr.flush()
        memory = _peak_memory_mb()
        header = {"failed": failed, "final": final, "memory": memory, "size": len(answer)}
        write_frames(self._answers, header, answer if len(answer) <= MAX_RESPONSE_BYTES else b"")


def _context(header: Mapping[str, Any]) -> LambdaContext:
    return LambdaContext(
        aws_request_id=header["requestId"],
        function_name=header["function"],
        invoked_function_arn=header["arn"],
        memory_limit_in_mb=str(header["memory"]),
        deadline=time.time() + header["timeout"],
        log_group_name=f"/aws/lambda/{header['function']}",
        log_stream_name=f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{os.getpid():032x}",
    )


def _log_error(answer: bytes) -> None:
    error = json.loads(answer)
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}"]
    if error["stackTrace"]:
        lines.append("Traceback (most recent call last):")
        lines += [frame.rstrip("\n") for frame in error["stackTrace"]]
    sys.stdout.write("\n".join(lines) + "\n")


def _peak_memory_mb() -> int:
    """Return the most memory that this process has held.

    Linux passes the parent's peak on through getrusage, so the process's own is read where it is told.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - pathlib costs a cold start
            own = next((line for line in status if line.startswith("VmHWM:")), None)
    except OSError:
        own = None
    if own is not None:
        return int(own.split()[1]) // 1024
    per_mb = 1024 * 1024 if sys.platform == "darwin" else 1024
    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // per_mb)


def _take_invocations(source: BinaryIO, invocations: queue.SimpleQueue[Invocation]) -> None:
    """Queue what comes in; when the parent has gone, end at once with all that handlers have started."""
    try:
        while True:
            invocations.put(read_frames(source))
    except (EndOfStream, OSError, ValueError):
        if os.getpgrp() == os.getpid():
            os.killpg(os.getpid(), signal.SIGKILL)
        os._exit(0)


def main() -> None:
    """Serve invocations from stdin until it ends."""
    root, answer_fd = sys.argv[1], int(sys.argv[2])
    # Handlers see an empty stdin and cannot pass the pipes on to processes of their own.
    source = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.set_inheritable(answer_fd, False)
    os.chdir(root)
    sys.path[0] = root
    invocations: queue.SimpleQueue[Invocation] = queue.SimpleQueue()
    threading.Thread(target=_take_invocations, args=(source, invocations), daemon=True).start()
    try:
        Worker(os.fdopen(answer_fd, "wb")).serve(invocations)
    except SystemExit as error:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(error.code if isinstance(error.code, int) else int(error.code is not None))


if __name__ == "__main__":
    main()
