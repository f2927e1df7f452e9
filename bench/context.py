"""What a handler reads of Lambda's context."""

from __future__ import annotations


class Context:
    """That of a function with 1 GB, which has a minute left."""

    function_name = "bench"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:bench"
    aws_request_id = "00000000-0000-4000-8000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        """Return a minute."""
        return 60_000
