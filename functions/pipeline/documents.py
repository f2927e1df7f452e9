"""The folder of schemas: its documents as JSON, and validators whose references stay inside it."""

from __future__ import annotations

import functools
import hashlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

import msgspec

from pipeline.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import jsonschema_rs

# Where a validator believes the folder to be; nothing is ever fetched.
BASE = "file:///schemas/"
# How much of a schema a message may show.
SHOWN = 160


def load(folder: Path, name: str) -> Any:
    """Return the JSON document `name` (a path from the folder); raises ContractError."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise ContractError(name, "", "lies outside the folder of schemas")
    try:
        return msgspec.json.decode((folder / name).read_bytes())
    except FileNotFoundError as error:
        raise ContractError(name, "", "there is no such file") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(name, "", f"is not JSON: {error}") from error


@functools.cache
def digest(folder: Path) -> str:
    """Return a digest of every document that a contract may consist of.

    These are all but the functions' signatures and what reports are made with.
    """
    said = hashlib.sha256()
    for path in sorted(folder.glob("**/*.json")):
        name = path.relative_to(folder).as_posix()
        if not name.startswith(("functions/", "reports/")):
            body = path.read_bytes()
            said.update(f"{name}\0{len(body)}\0".encode() + body)
    return said.hexdigest()


def compiled(schema: Any, folder: Path, name: str) -> jsonschema_rs.Draft202012Validator:
    """Compile a schema that stands in the document `name`; formats are asserted; raises ContractError."""
    import jsonschema_rs

    def retrieve(reference: str) -> Any:
        path = unquote(urlsplit(reference).path)
        if not reference.startswith(BASE):
            raise ContractError(name, "", "refers to a document outside the folder of schemas")
        return load(folder, path.removeprefix("/schemas/"))

    try:
        return jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, retriever=retrieve, base_uri=BASE + quote(name)
        )
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        place = pointer(getattr(error, "instance_path", ()))
        raise ContractError(name, place, f"is not a valid JSON Schema: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [""])[0][:SHOWN]


def signature(folder: Path, function: str, side: str) -> jsonschema_rs.Draft202012Validator:
    """Compile the `input` or `output` schema of a function's signature; raises ContractError."""
    reference = f"{BASE}functions/{function}.json#/{side}"
    return compiled({"$ref": reference}, folder, f"functions/{function}.json#{side}")


def pointer(path: Sequence[str | int]) -> str:
    """Return the JSON pointer (RFC 6901) of a path."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def at(document: Any, path: Sequence[str | int]) -> Any:
    """Return what a path leads to, or None where it leads nowhere (as behind a $ref)."""
    for part in path:
        try:
            document = document[part]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def shown(value: Any) -> str:
    """Return a part of a schema as it is shown in messages, cut where it is long."""
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
