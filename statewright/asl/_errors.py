"""Reading Retry and Catch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from statewright.asl.tree import Catcher, Retrier

if TYPE_CHECKING:
    from statewright.asl._reader import Reader

# "Less than 31622400", a leap year:
# https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html
MAX_DELAY_SECONDS = 31_622_399


def read_retriers(reader: Reader) -> tuple[Retrier, ...]:
    """Read Retry."""
    readers = reader.objects("Retry")
    found = [_retrier(each, is_last=each is readers[-1]) for each in readers]
    return tuple(found)


def read_catchers(reader: Reader) -> tuple[Catcher, ...]:
    """Read Catch."""
    readers = reader.objects("Catch")
    found = [_catcher(each, is_last=each is readers[-1]) for each in readers]
    return tuple(each for each in found if each is not None)


def _errors(reader: Reader, *, is_last: bool) -> tuple[str, ...]:
    if not reader.require("ErrorEquals"):
        return ()
    errors = reader.strings("ErrorEquals")
    if "States.ALL" in errors and len(errors) > 1:
        reader.complain("States.ALL must appear alone", "ErrorEquals")
    if "States.ALL" in errors and not is_last:
        reader.complain("States.ALL must appear in the last of all", "ErrorEquals")
    return errors


def _retrier(reader: Reader, *, is_last: bool) -> Retrier:
    reader.text("Comment")
    errors = _errors(reader, is_last=is_last)
    interval = reader.number("IntervalSeconds", minimum=1)
    attempts = reader.number("MaxAttempts", minimum=0)
    backoff = reader.number("BackoffRate", minimum=1, integer=False)
    max_delay = reader.number("MaxDelaySeconds", minimum=1, maximum=MAX_DELAY_SECONDS)
    if max_delay is not None and max_delay <= (interval or 1):
        reader.complain("MaxDelaySeconds must be greater than IntervalSeconds", "MaxDelaySeconds")
    jitter: Literal["NONE", "FULL"] = (
        "FULL" if reader.one_of("JitterStrategy", ("NONE", "FULL"), "NONE") == "FULL" else "NONE"
    )
    reader.close()
    return Retrier(
        reader.at,
        errors,
        1 if interval is None else interval,
        3 if attempts is None else int(attempts),
        2.0 if backoff is None else float(backoff),
        max_delay,
        jitter,
    )


def _catcher(reader: Reader, *, is_last: bool) -> Catcher | None:
    reader.text("Comment")
    is_complete = reader.require("Next")
    target = reader.text("Next")
    errors = _errors(reader, is_last=is_last)
    reader.only_in("JSONPath", "ResultPath")
    reader.only_in("JSONata", "Output")
    result_path = output = None
    if reader.language == "JSONata":
        output = reader.payload("Output")
    else:
        result_path = reader.path("ResultPath", reference=True)
    assign = reader.assignments()
    reader.close()
    if target is None or not is_complete:
        return None
    return Catcher(reader.at, errors, target, result_path, output, assign)
