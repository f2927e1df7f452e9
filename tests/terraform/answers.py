"""What a plan asks of AWS where nothing exists yet: who the caller is, and a random value."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from statewright.local.names import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "a-random-value-that-nobody-may-see"
IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::{ACCOUNT}:user/test</Arn><UserId>TEST</UserId><Account>{ACCOUNT}</Account>
  </GetCallerIdentityResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</GetCallerIdentityResponse>"""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("X-Amz-Target") == "secretsmanager.GetRandomPassword":
            self._answer(200, "application/x-amz-json-1.1", json.dumps({"RandomPassword": SECRET}))
        elif b"Action=GetCallerIdentity" in body:
            self._answer(200, "text/xml", IDENTITY)
        else:
            self._answer(501, "text/plain", "a plan of nothing asks for no more")

    def _answer(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name
        pass


@contextmanager
def answering() -> Iterator[dict[str, str]]:
    """Answer on a port of this machine; give the environment that sends the provider there."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NO_PROXY": "127.0.0.1",
        }
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
