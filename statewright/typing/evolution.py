"""What has changed since an earlier revision, and what that breaks: contracts, signatures, machines.

Contracts of datasets: for who sends records, and for the items that are stored. Signatures: for who calls. An
execution that is running keeps the definition that it was started with, and calls the functions of today:
its definition is checked against their signatures.
https://docs.aws.amazon.com/step-functions/latest/apireference/API_UpdateStateMachine.html
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from statewright.asl.source import JsonSyntaxError, SourceText
from statewright.typing.changes import Break, breaks, schema_pointer
from statewright.typing.findings import CODES, Finding
from statewright.typing.items import annotation, item_schema, makings, place_of_attribute
from statewright.typing.rendering import show
from statewright.typing.schemas import SchemaError, Schemas

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.typing.revisions import Earlier

Json = Any

_KEY_WORDS = ("partition", "sort")


class _Document:
    """A file of schemas, then or today."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.source = SourceText(path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, JsonSyntaxError) as error:
            raise SchemaError(f"{path}: {error}") from error
        self.value: Json = self.source.value if isinstance(self.source.value, dict) else {}

    def finding(self, code: str, message: str, pointer: str = "", lack: Break | None = None) -> Finding:
        """Give a finding at a place of the file."""
        at = self.source.location(pointer)
        expected, actual = (None, None) if lack is None else (show(lack.after), show(lack.before))
        words = None if lack is None else lack.words
        return Finding(
            code, CODES[code].severity, message, shown(self.path), at.line, at.column, pointer,
            None, expected, actual, words,
        )  # fmt: skip


def shown(path: Path) -> str:
    """Name a file as a person would: from the folder where the command runs, if it is below."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def gone(code: str, message: str, path: Path) -> Finding:
    """Give a finding about a file that is not there any more."""
    return Finding(code, CODES[code].severity, message, shown(path), 1, 1, "")


# --- datasets ---


def dataset_findings(types: Path, earlier: Earlier) -> Iterator[Finding]:
    """Compare the contracts of a folder of types with those of a revision; raises SchemaError."""
    before, now = earlier.was(types) / "datasets", types / "datasets"
    for dataset in sorted(path.name for path in before.glob("*") if path.is_dir()):
        old, new = _versions(before / dataset), _versions(now / dataset)
        for version in sorted(old.keys() - new.keys()):
            file = now / dataset / f"{version}.json"
            if not new:
                yield gone("SW404", f"the dataset {dataset} is gone: its objects are catalogued only", file)
                break
            message = f"{dataset}/{version} is gone: executions that were planned with it fail"
            yield gone("SW404", message, file)
        if old and new:
            yield from _contract_findings(_Document(old[max(old)]), _Document(new[max(new)]), dataset)


def _versions(folder: Path) -> dict[int, Path]:
    """The highest version routes new objects."""
    return {int(path.stem): path for path in folder.glob("*.json") if path.stem.isdecimal()}


def _contract_findings(old: _Document, new: _Document, dataset: str) -> Iterator[Finding]:
    version = f"{dataset}/{new.path.stem}"
    schemas = Schemas()
    for lack in breaks(schemas.at(old.path, ""), schemas.at(new.path, "")):
        pointer = schema_pointer(new.value, lack.where)
        if lack.is_proved:
            message = f"{version} refuses records that were taken before: {lack.words}"
            yield new.finding("SW401", message, pointer, lack)
        else:
            yield new.finding("SW409", f"{version}: {lack.words}", pointer, lack)
    yield from _item_findings(old, new, version)
    before, now = annotation(old.value), annotation(new.value)
    if any(before.get("key", {}).get(word) != now.get("key", {}).get(word) for word in _KEY_WORDS):
        message = f"{version} has another key: the table must be made anew, and stored items moved"
        yield new.finding("SW403", message, "/x-dataset/key")
    lost = [each["keys"] for each in before.get("sources", ()) if each not in now.get("sources", ())]
    if lost:
        message = f"{version} does not claim {', '.join(lost)} any more, or reads it otherwise"
        yield new.finding("SW406", message, "/x-dataset/sources")


def _item_findings(old: _Document, new: _Document, version: str) -> Iterator[Finding]:
    one, other = (Schemas().read(item_schema(each.value), each.value) for each in (old, new))
    told: set[str] = set()
    for lack in breaks(one, other):
        name = str(lack.where[0]) if lack.where else ""
        told.add(name)
        if lack.is_proved:
            message = f"items that are stored are not what {version} says now: {lack.words}"
            yield new.finding("SW402", message, place_of_attribute(new.value, name), lack)
    before, now = makings(old.value), makings(new.value)
    for name in sorted(before.keys() | now.keys()):
        if name in told or before.get(name) == now.get(name):
            continue
        if name not in item_schema(new.value)["properties"]:
            message = f"{version} makes no '{name}' any more: stored items have it, new ones do not"
        elif name not in item_schema(old.value)["properties"]:
            continue  # a new attribute, which nobody needs
        else:
            message = f"'{name}' is made otherwise by {version}: stored items keep what it was"
        yield new.finding("SW405", message, place_of_attribute(new.value, name))


# --- signatures ---


def signature_findings(types: Path, earlier: Earlier) -> Iterator[Finding]:
    """Compare the signatures of functions and machines with those of a revision; raises SchemaError."""
    old, new = Schemas(), Schemas()
    for kind, codes in (("functions", _OF_FUNCTIONS), ("statemachines", _OF_MACHINES)):
        for before in sorted((earlier.was(types) / kind).glob("*.json")):
            now = types / kind / before.name
            if not now.is_file():
                if kind == "functions":
                    message = f"the function {before.stem} is gone: executions that are running call it"
                    yield gone("SW414", message, now)
                continue
            documents = _Document(before), _Document(now)
            yield from _signature_changes(documents, (old, new), codes)


_OF_FUNCTIONS = ("SW411", "SW412")
_OF_MACHINES = ("SW421", "SW422")


def _signature_changes(
    documents: tuple[_Document, _Document], schemas: tuple[Schemas, Schemas], codes: tuple[str, str]
) -> Iterator[Finding]:
    old, new = documents
    name = new.path.stem
    taken = f"{name} does not take what it took before"
    given = f"{name} gives what it did not give before"
    for side, code, message in (("input", codes[0], taken), ("output", codes[1], given)):
        if side not in old.value or side not in new.value:
            continue
        pair = schemas[0].at(old.path, f"/{side}"), schemas[1].at(new.path, f"/{side}")
        for lack in breaks(*(pair if side == "input" else (pair[1], pair[0]))):
            pointer = schema_pointer(new.value[side], lack.where, f"/{side}")
            if lack.is_proved:
                yield new.finding(code, f"{message}: {lack.words}", pointer, lack)
            else:
                yield new.finding("SW409", f"{side} of {name}: {lack.words}", pointer, lack)
    more = sorted(
        set(new.value.get("errors", ())) - set(old.value.get("errors", new.value.get("errors", ())))
    )
    for error in more:
        message = f"{name} raises {error}, for which executions that are running have no Retry and no Catch"
        yield new.finding("SW413", message, "/errors")
