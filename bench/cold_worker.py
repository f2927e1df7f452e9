"""A process that imports and does one thing, and says what CPU that took.

python -m bench.cold_worker FUNCTION     invokes it with the request on stdin
python -m bench.cold_worker usual        imports what is usual
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

from bench.context import Context


def main(name: str) -> None:
    """Do it."""
    sys.path.insert(0, "functions")
    answer: Any = None
    before = time.process_time()
    if name == "usual":
        importlib.import_module("bench.usual_imports")
    else:
        answer = importlib.import_module(name).handler(json.loads(sys.stdin.read()), Context())
    print(json.dumps({"cpu": time.process_time() - before, "answer": answer}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
