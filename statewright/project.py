"""A project: the folder with a pipeline.json, what that file describes, and the datasets beside it.

pipeline.json names what a deployment has (buckets, tables, queues, topics, parameters, functions, state
machines, rules, pipes, schedules) by short logical names. The local cloud creates it on the emulator, and an
AWS deployment reads the same file. One table a dataset is not written there: it follows from the key that the
dataset's contract names (`schemas/datasets/<dataset>/<version>.json`, the highest version counts).

ProjectError
  ProjectNotFound     no pipeline.json in the folder or above it
  InvalidDescription  pipeline.json or a contract cannot be used; names the file and the place in it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import msgspec

from statewright.cron import UnusableExpression, read_cron

if TYPE_CHECKING:
    from pathlib import Path

_T = TypeVar("_T")

DESCRIPTION_FILE = "pipeline.json"
STATE_FOLDER = ".statewright"

# Logical names become parts of names on AWS, where S3's rules are the strictest; "_" becomes "-" there.
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


class ProjectError(Exception):
    """The project cannot be found or read."""


class ProjectNotFound(ProjectError):  # noqa: N818 - what happened
    """No folder upwards holds a pipeline.json."""

    def __init__(self, start: Path) -> None:
        super().__init__(
            f"no {DESCRIPTION_FILE} in {start} or a folder above it; go to the project or give --project DIR"
        )


class InvalidDescription(ProjectError):  # noqa: N818 - what is wrong
    """A file that describes the project cannot be used; `file` and `reason` say which and why."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is not known is refused, never ignored."""


class Attribute(_Part, frozen=True):
    """A key attribute of a table; S is a string, N a number."""

    name: str
    type: Literal["S", "N"] = "S"


class Index(_Part, frozen=True):
    """A global secondary index that projects all attributes."""

    partition_key: Attribute
    sort_key: Attribute | None = None


class Bucket(_Part, frozen=True):
    """A bucket; with `events` it tells EventBridge of every object."""

    versioned: bool = False
    events: bool = False
    expire_after_days: int | None = None


class Table(_Part, frozen=True):
    """A table with on-demand capacity; `ttl` is the attribute that holds an item's end of life."""

    partition_key: Attribute
    sort_key: Attribute | None = None
    indexes: dict[str, Index] = {}
    ttl: str | None = None


class Queue(_Part, frozen=True):
    """A standard queue; after `max_receives` a message goes to the queue `dead_letters`.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
    """

    retention_seconds: int = 345_600  # four days, SQS's own default
    visibility_seconds: int = 30  # SQS's own default
    max_message_bytes: int = 262_144
    dead_letters: str | None = None
    max_receives: int = 3


class Topic(_Part, frozen=True):
    """A standard topic."""


class Parameter(_Part, frozen=True):
    """A secure parameter, filled with random bytes (as hex digits) when it is first created."""

    random_bytes: int


class Function(_Part, frozen=True):
    """A function; its handler is `<name>.handler` under functions/."""

    memory_mb: int = 128
    timeout_seconds: int = 3


class StateMachine(_Part, frozen=True):
    """A state machine; `definition` is a path from the project's root."""

    definition: str
    type: Literal["STANDARD", "EXPRESS"] = "STANDARD"


class Rule(_Part, frozen=True):
    """A rule of the default event bus that starts a state machine; `pattern` is EventBridge's."""

    pattern: dict[str, Any]
    state_machine: str
    dead_letters: str


class Pipe(_Part, frozen=True):
    """A pipe of EventBridge: batches of a queue's messages, through a function, to a state machine.

    The function is the pipe's enrichment; the state machine is an EXPRESS one, and its answer is waited for.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-sqs.html
    """

    queue: str
    enrichment: str
    state_machine: str
    batch_size: int = 10
    window_seconds: int = 0


class Schedule(_Part, frozen=True):
    """A schedule of EventBridge Scheduler, in UTC, that starts a state machine.

    In `input`, keywords such as `<aws.scheduler.scheduled-time>` stand for what the schedule knows:
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """

    expression: str
    state_machine: str
    dead_letters: str
    # People are told after so long without an execution that succeeded, on AWS. CloudWatch looks back a week:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    missing_after_hours: Annotated[int, msgspec.Meta(ge=1, le=168)]
    input: dict[str, Any] = {}


class Description(_Part, frozen=True):
    """What pipeline.json says."""

    name: str
    buckets: dict[str, Bucket] = {}
    tables: dict[str, Table] = {}
    queues: dict[str, Queue] = {}
    topics: dict[str, Topic] = {}
    parameters: dict[str, Parameter] = {}
    functions: dict[str, Function] = {}
    state_machines: dict[str, StateMachine] = {}
    rules: dict[str, Rule] = {}
    pipes: dict[str, Pipe] = {}
    schedules: dict[str, Schedule] = {}


class _ContractKey(msgspec.Struct, frozen=True):
    partition: Attribute
    sort: Attribute | None = None


class _Source(msgspec.Struct, frozen=True):
    keys: str


class _TimeToLive(msgspec.Struct, frozen=True):
    attribute: str


class _Annotations(msgspec.Struct, frozen=True):
    sources: list[_Source]
    key: _ContractKey
    ttl: _TimeToLive | None = None


class _Contract(msgspec.Struct, frozen=True):
    dataset: _Annotations = msgspec.field(name="x-dataset")


@dataclass(frozen=True)
class Dataset:
    """What a deployment needs of a dataset: its table, the key globs of its objects, its highest version."""

    name: str
    table: Table
    sources: tuple[str, ...]
    version: int = 1

    @property
    def folders(self) -> list[str]:
        """The key prefixes (each ends in `/`) under which any object belongs to the dataset."""
        prefixes = [pattern.removesuffix("**") for pattern in self.sources if pattern.endswith("/**")]
        return [prefix for prefix in prefixes if not set(prefix) & set("*?[")]

    @property
    def upload_prefix(self) -> str | None:
        """The first of its folders, None without one."""
        return next(iter(self.folders), None)


@dataclass(frozen=True)
class Project:
    """A project on disk; `root` is absolute."""

    root: Path
    description: Description
    datasets: dict[str, Dataset]

    @property
    def state_folder(self) -> Path:
        """Where the local cloud keeps what must survive it."""
        return self.root / STATE_FOLDER


def find_root(start: Path) -> Path:
    """Return the nearest folder, from `start` upwards, that holds a pipeline.json; raises ProjectNotFound."""
    start = start.resolve()
    for folder in (start, *start.parents):
        if (folder / DESCRIPTION_FILE).is_file():
            return folder
    raise ProjectNotFound(start)


def read_project(root: Path) -> Project:
    """Read the project whose pipeline.json lies in `root`; raises ProjectNotFound or InvalidDescription."""
    root = root.resolve()
    file = root / DESCRIPTION_FILE
    if not file.is_file():
        raise ProjectNotFound(root)
    description = _decode(file, Description)
    _check(file, description)
    datasets = {each.name: each for each in _read_datasets(root / "schemas" / "datasets")}
    clash = sorted(datasets.keys() & description.tables.keys())
    if clash:
        raise InvalidDescription(file, f"tables.{clash[0]}: the dataset of that name has this table already")
    return Project(root, description, datasets)


def _decode(file: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except msgspec.ValidationError as error:
        raise InvalidDescription(file, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidDescription(file, f"is not JSON: {error}") from error


def _check(file: Path, description: Description) -> None:
    for name in _all_names(description):
        if not NAME.fullmatch(name):
            raise InvalidDescription(
                file,
                f"name {name!r}: lower-case letters, digits and _, a letter first, at most 40 characters",
            )
    # A state machine may have the name of its function: then the placeholder is the function's.
    with_arn = [
        *description.queues,
        *description.topics,
        *description.functions,
        *(description.state_machines.keys() - description.functions.keys()),
    ]
    for name in with_arn:
        if with_arn.count(name) > 1:
            raise InvalidDescription(file, f"name {name!r}: two resources would share its Arn placeholder")
    for name, rule in description.rules.items():
        if rule.state_machine not in description.state_machines:
            raise InvalidDescription(file, f"rules.{name}: no state machine named {rule.state_machine!r}")
        if rule.dead_letters not in description.queues:
            raise InvalidDescription(file, f"rules.{name}: no queue named {rule.dead_letters!r}")
    _check_queues_and_pipes(file, description)
    _check_schedules(file, description)
    for name, machine in description.state_machines.items():
        if not (file.parent / machine.definition).is_file():
            raise InvalidDescription(file, f"state_machines.{name}: no file {machine.definition}")


def _check_queues_and_pipes(file: Path, description: Description) -> None:
    for name, queue in description.queues.items():
        if queue.dead_letters is not None and queue.dead_letters not in description.queues:
            raise InvalidDescription(file, f"queues.{name}: no queue named {queue.dead_letters!r}")
    for name, pipe in description.pipes.items():
        if pipe.queue not in description.queues:
            raise InvalidDescription(file, f"pipes.{name}: no queue named {pipe.queue!r}")
        if pipe.enrichment not in description.functions:
            raise InvalidDescription(file, f"pipes.{name}: no function named {pipe.enrichment!r}")
        machine = description.state_machines.get(pipe.state_machine)
        if machine is None or machine.type != "EXPRESS":
            raise InvalidDescription(
                file, f"pipes.{name}: no EXPRESS state machine named {pipe.state_machine!r}"
            )


def _check_schedules(file: Path, description: Description) -> None:
    for name, schedule in description.schedules.items():
        try:
            read_cron(schedule.expression)
        except UnusableExpression as error:
            raise InvalidDescription(file, f"schedules.{name}: {error}") from error
        if schedule.state_machine not in description.state_machines:
            raise InvalidDescription(
                file, f"schedules.{name}: no state machine named {schedule.state_machine!r}"
            )
        if schedule.dead_letters not in description.queues:
            raise InvalidDescription(file, f"schedules.{name}: no queue named {schedule.dead_letters!r}")


def _all_names(description: Description) -> list[str]:
    kinds = (getattr(description, field) for field in description.__struct_fields__ if field != "name")
    return [description.name, *(name for kind in kinds for name in kind)]


def _read_datasets(folder: Path) -> list[Dataset]:
    return [_read_dataset(each) for each in sorted(folder.glob("*")) if each.is_dir()]


def _read_dataset(folder: Path) -> Dataset:
    if not NAME.fullmatch(folder.name):
        raise InvalidDescription(folder, "its name is lower-case letters, digits and _, a letter first")
    versions = [int(file.stem) for file in folder.glob("*.json") if file.stem.isdecimal()]
    if not versions:
        raise InvalidDescription(folder, "no contract: a file named <version>.json is wanted")
    annotations = _decode(folder / f"{max(versions)}.json", _Contract).dataset
    table = Table(
        partition_key=annotations.key.partition,
        sort_key=annotations.key.sort,
        ttl=annotations.ttl.attribute if annotations.ttl else None,
    )
    sources = tuple(source.keys for source in annotations.sources)
    return Dataset(folder.name, table, sources, max(versions))
