"""Every error that a function raises by name; the workflow's Retry and Catch match these names.

    PipelineError
      InvalidInput            the invocation's payload does not fit the function's signature
      FileError               the object cannot be ingested as it is
        ObjectNotFound          there is no such object, or no such version of it
        ObjectChanged           the pinned version went away, or was replaced, while it was read
        ObjectTooLarge          more bytes than the plan allows
        EmptyFile               no byte beyond byte order mark and white space
        UnsupportedEncoding     not UTF-8
        CorruptGzip             not gzip, cut short, or broken inside
        MalformedFile           not the format that its key promises
      DeploymentError         what was deployed does not work together
        ContractError           a contract is refused; names file, JSON pointer and reason
        MissingSetting          an environment variable is absent
        ServiceRefused          AWS said no for good (permissions, names, limits)
      ServiceError            AWS may answer later; the only retryable ones
        Throttled
        ServiceUnavailable
      InvariantError          a promise of the pipeline's own was broken
        ConservationViolated    records are missing or doubled; names both sums
        StagedDataBroken        an object of the staging bucket is not what was written
        ClaimLost               another execution holds this version of the object

A record that is rejected raises nothing: it is a `Reject`, and goes to quarantine.
"""

from __future__ import annotations


class PipelineError(Exception):
    """The root of all; `retryable` says whether the same call may succeed later."""

    retryable = False


class InvalidInput(PipelineError):  # noqa: N818 - the workflow matches these names
    """The payload does not fit the function's input schema."""

    def __init__(self, function: str, pointer: str, rule: str) -> None:
        super().__init__(
            f"the input of {function} breaks the rule {rule!r} at {pointer or 'its root'}; "
            f"schemas/functions/{function}.json says what it takes"
        )
        self.pointer = pointer
        self.rule = rule


class FileError(PipelineError):
    """The object itself is at fault; trying again changes nothing."""


class ObjectNotFound(FileError):  # noqa: N818
    """There is no such object or version."""


class ObjectChanged(FileError):  # noqa: N818
    """The version that was pinned cannot be read any more."""


class ObjectTooLarge(FileError):  # noqa: N818
    """The object has more bytes than the plan allows."""


class EmptyFile(FileError):  # noqa: N818
    """There is no byte beyond a byte order mark and white space."""


class UnsupportedEncoding(FileError):  # noqa: N818
    """The text is not UTF-8; `offset` is the first byte that is not (in the decompressed object)."""

    def __init__(self, offset: int, suspicion: str) -> None:
        super().__init__(f"byte {offset} is not UTF-8 ({suspicion}); convert the file to UTF-8")
        self.offset = offset


class CorruptGzip(FileError):  # noqa: N818
    """The gzip stream is none, is cut short, or is broken inside."""


class MalformedFile(FileError):  # noqa: N818
    """The file as a whole is not in the format that its key promises."""


class DeploymentError(PipelineError):
    """Code, contracts, settings or permissions do not fit together."""


class ContractError(DeploymentError):
    """A contract is refused; `file`, `pointer` and `reason` say which, where and why."""

    def __init__(self, file: str, pointer: str, reason: str) -> None:
        super().__init__(f"{file}#{pointer}: {reason}")
        self.file = file
        self.pointer = pointer
        self.reason = reason


class MissingSetting(DeploymentError):  # noqa: N818
    """An environment variable that the function needs is absent."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"the environment variable {variable} is not set")


class ServiceRefused(DeploymentError):  # noqa: N818
    """AWS refused a call in a way that trying again cannot change."""

    def __init__(self, call: str, code: str, reason: str = "") -> None:
        super().__init__(f"{call} was refused: {code}{': ' if reason else ''}{reason}")
        self.code = code


class ServiceError(PipelineError):
    """AWS could not do it now."""

    retryable = True


class Throttled(ServiceError):  # noqa: N818
    """AWS asked for fewer calls; it comes back with a longer wait."""


class ServiceUnavailable(ServiceError):  # noqa: N818
    """A server error, a timeout, or a connection that broke."""


class InvariantError(PipelineError):
    """The pipeline broke a promise of its own: a defect, never the input's fault."""


class ConservationViolated(InvariantError):  # noqa: N818
    """Two sums that must be equal are not."""

    def __init__(self, left: str, left_sum: int, right: str, right_sum: int) -> None:
        super().__init__(f"{left} = {left_sum}, but {right} = {right_sum}")


class StagedDataBroken(InvariantError):  # noqa: N818
    """A staged object is not what was written there."""


class ClaimLost(InvariantError):  # noqa: N818
    """The ledger says that another execution holds this version of the object."""
