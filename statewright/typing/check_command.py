"""The command `check`: state machines checked before AWS does."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from statewright.asl.tree import StateMachine
    from statewright.typing.findings import Finding
    from statewright.typing.signatures import Signatures

_UNUSABLE = 2


class _Unusable(click.ClickException):
    """What was asked for cannot be done: exit code 2."""

    exit_code = _UNUSABLE


def _explain(context: click.Context, _parameter: click.Parameter, code: str | None) -> None:
    if code is None:
        return
    from statewright.typing.explanations import explain
    from statewright.typing.findings import CODES

    text = explain(code.upper())
    if text is None:
        raise _Unusable(f"{code} is no code of a finding; there are {', '.join(CODES)}")
    click.echo(text)
    context.exit(0)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[PATH]...")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["text", "json", "sarif", "github"]),
    default="text",
    show_default=True,
    help="Text with the line and a caret, a list of objects, SARIF 2.1.0, or GitHub's annotations.",
)
@click.option(
    "--types",
    "folder",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="A folder with functions/ and statemachines/ in it; else schemas/ beside a definition or above it.",
)
@click.option(
    "--against",
    "revision",
    metavar="REV",
    help="Tell also what has been broken since a git revision: stored items, producers, running executions.",
)
@click.option(
    "--iam",
    "roles",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What the machines' roles allow: a plan (terraform show -json), or policies by machine.",
)
@click.option("--watch", is_flag=True, help="Check again at each change, until Ctrl-C.")
@click.option("--notes", is_flag=True, help="Tell also what cannot be shown.")
@click.option(
    "--explain", metavar="CODE", callback=_explain, is_eager=True, expose_value=False, help="Explain a code."
)
def check(
    paths: tuple[Path, ...],
    shape: str,
    folder: Path | None,
    revision: str | None,
    roles: Path | None,
    *,
    watch: bool,
    notes: bool,
) -> None:
    """Check state machines: what AWS refuses, and what their types tell.

    PATH is a definition, or a folder with definitions in it; without one, the folder statemachines, and what
    the project has that no definition uses.

    \b
    Example:
      statewright check statemachines/ingest.asl.json

    Exit codes: 0 clean (notes do not count), 1 findings, 2 unusable; of --watch 0.
    """
    asked = _Asked(paths or (Path("statemachines"),), folder, revision, shape, notes, roles, not paths)
    if watch:
        _watch(asked)
    elif not _is_clean(asked):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be checked, and how it is to be told."""

    paths: tuple[Path, ...]
    folder: Path | None
    revision: str | None
    shape: str
    notes: bool
    roles: Path | None
    is_whole: bool


def _is_clean(asked: _Asked) -> bool:
    """Check everything once and tell what was found."""
    files = list(_definitions(asked.paths))
    if not files:
        raise _Unusable("there is no definition (*.asl.json, *.asl, *.json) to check")
    findings, sources = _check_all(files, asked)
    if asked.revision is not None:
        more, texts = _against(asked.revision, asked.paths, asked.folder)
        findings, sources = [*findings, *more], {**sources, **texts}
    if not asked.notes:
        findings = [finding for finding in findings if finding.code != "SW191"]
    _tell(findings, sources, asked.shape, len(files))
    return all(finding.severity == "note" for finding in findings)


def _watch(asked: _Asked) -> None:
    from statewright.typing.watching import at_each_change

    def once() -> None:
        click.echo(f"--- {time.strftime('%H:%M:%S')}", file=sys.stderr)
        try:
            _is_clean(asked)
        except _Unusable as error:
            click.echo(f"Error: {error.format_message()}", file=sys.stderr)

    at_each_change(lambda: [*asked.paths, *_folders_of_types(asked)], once)


def _folders_of_types(asked: _Asked) -> list[Path]:
    from statewright.typing.signatures import find_folder

    found = [asked.folder] if asked.folder else [find_folder(path.resolve()) for path in asked.paths]
    return [folder for folder in found if folder is not None]


def _definitions(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted({*path.glob("*.asl.json"), *path.glob("*.asl"), *path.glob("*.json")})
        elif path.is_file():
            yield path
        else:
            raise _Unusable(f"{path} does not exist")


def _check_all(files: Sequence[Path], asked: _Asked) -> tuple[list[Finding], dict[str, str]]:
    from statewright.typing.check import check as check_text
    from statewright.typing.iam import RolesError, read_roles
    from statewright.typing.schemas import SchemaError
    from statewright.typing.signatures import Signatures, find_folder, machine_name
    from statewright.typing.suppressions import read_suppressions, suppress

    folder = asked.folder
    if folder is not None and not folder.is_dir():
        raise _Unusable(f"--types: {folder} is no folder")
    known: dict[Path | None, Signatures] = {}
    findings: list[Finding] = []
    sources: dict[str, str] = {}
    machines: dict[Path | None, list[StateMachine]] = {}
    try:
        roles = None if asked.roles is None else read_roles(asked.roles)
    except RolesError as error:
        raise _Unusable(f"--iam: {error}") from error
    for file in files:
        place = folder or find_folder(file.resolve().parent)
        signatures = known.setdefault(place, Signatures(place))
        try:
            sources[str(file)] = file.read_text(encoding="utf-8-sig")
            checked = check_text(sources[str(file)], str(file), signatures, machine_name(file), roles)
            machines.setdefault(place, []).extend([checked.machine] if checked.machine else [])
            findings += suppress(checked.findings, read_suppressions(place), machine_name(file))
        except (OSError, UnicodeDecodeError, RolesError, SchemaError) as error:
            raise _Unusable(f"{file}: {error}") from error
    if asked.is_whole:
        findings += _unused(known, machines, sources)
    return findings, sources


def _unused(
    known: Mapping[Path | None, Signatures],
    machines: Mapping[Path | None, Sequence[StateMachine]],
    sources: dict[str, str],
) -> list[Finding]:
    from statewright.typing.schemas import SchemaError
    from statewright.typing.unused import unused_functions

    try:
        found = [each for place, given in machines.items() for each in unused_functions(given, known[place])]
        sources |= {each.file: Path(each.file).read_text(encoding="utf-8-sig") for each in found}
    except (OSError, UnicodeDecodeError, SchemaError) as error:
        raise _Unusable(str(error)) from error
    return found


def _against(
    revision: str, paths: Sequence[Path], folder: Path | None
) -> tuple[list[Finding], dict[str, str]]:
    from statewright.typing.against import findings_against
    from statewright.typing.revisions import RevisionError
    from statewright.typing.schemas import SchemaError
    from statewright.typing.signatures import find_folder

    start = paths[0].resolve() if paths[0].is_dir() else paths[0].resolve().parent
    try:
        return findings_against(revision, paths, folder or find_folder(start))
    except (OSError, UnicodeDecodeError, RevisionError, SchemaError) as error:
        raise _Unusable(f"--against {revision}: {error}") from error


def _tell(findings: list[Finding], sources: dict[str, str], shape: str, count: int) -> None:
    from statewright.typing.output import as_github, as_json, as_sarif, as_text

    if shape == "json":
        click.echo(as_json(findings))
    elif shape == "sarif":
        click.echo(as_sarif(findings))
    else:
        if findings:
            click.echo(as_github(findings) if shape == "github" else as_text(findings, sources))
        click.echo(_summary(findings, count), file=sys.stderr)


def _summary(findings: Sequence[Finding], count: int) -> str:
    counts = {kind: sum(each.severity == kind for each in findings) for kind in ("error", "warning", "note")}
    shown = ", ".join(f"{many} {kind}{'s' if many != 1 else ''}" for kind, many in counts.items() if many)
    machines = f"{count} definition{'s' if count != 1 else ''}"
    return f"{machines} checked: {shown or 'nothing found'}"
