"""What a request is told: JSON in ASCII, as payloads may hold halves of characters, which UTF-8 has not."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import JSONResponse


class Told(JSONResponse):
    """An answer of JSON; every text that JSON can hold is told as it is."""

    def render(self, content: Any) -> bytes:
        """Return the body; raises ValueError for numbers that JSON has not."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode("ascii")
