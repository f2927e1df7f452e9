"""An upload's event is in its queue before the upload is answered.

MiniStack 1.5.33 sends the events of S3 in a thread, which may come after the answer: a kill between the two
left an object that was acknowledged and that no execution was ever started for. Here they are sent where the
object is kept, so that what is saved before the answer (`emulator_saves`) has the event too.
"""

from __future__ import annotations

from typing import Any


def install(s3: Any) -> None:
    """Put this in the place of the thread in which `s3`, MiniStack's module, sends an event.

    Raises AttributeError where a release has it otherwise, since uploads would lose events in silence.
    """
    next_sequencer, fire, _ = s3._next_event_sequencer, s3._fire_s3_event, s3._fire_s3_event_async

    def send(
        bucket: str,
        key: str,
        event: str,
        size: int = 0,
        etag: str = "",
        deletion_type: str | None = None,
        **more: Any,
    ) -> None:
        if bucket in s3._bucket_notifications:
            fire(bucket, key, event, size, etag, deletion_type, sequencer=next_sequencer(event), **more)

    s3._fire_s3_event_async = send
