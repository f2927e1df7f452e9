"""The command `types`: Python types of functions, machines and datasets, from their schemas."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from statewright.typing.typed_dicts import Wanted

_UNUSABLE = 2
_KINDS = ("functions", "statemachines", "datasets")


class _Unusable(click.ClickException):
    """What was asked for cannot be done: exit code 2."""

    exit_code = _UNUSABLE


@click.command()
@click.argument("kinds", nargs=-1, type=click.Choice(_KINDS), metavar="[functions|statemachines|datasets]...")
@click.option(
    "--types",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("schemas"),
    show_default=True,
    metavar="DIR",
    help="The folder of schemas.",
)
@click.option(
    "--output",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Else to stdout.",
)
@click.option("--check", "is_check", is_flag=True, help="Write nothing; tell whether FILE is up to date.")
def types(kinds: tuple[str, ...], folder: Path, file: Path | None, *, is_check: bool) -> None:
    """Write TypedDicts for what functions take and give, for machines, and for the records of datasets.

    \b
    Example:
      statewright types functions --output functions/pipeline/shapes.py

    Exit codes: 0 written, or up to date; 1 with --check: stale; 2 unusable.
    """
    from statewright.typing.schemas import SchemaError, Schemas
    from statewright.typing.typed_dicts import module_of

    if is_check and file is None:
        raise _Unusable("--check needs --output: which file is to be up to date?")
    asked = kinds or ("functions", "datasets")
    try:
        wanted = [each for kind in asked for each in _wanted(kind, folder)]
        text = module_of(wanted, Schemas(), _head(asked, folder))
    except SchemaError as error:
        raise _Unusable(str(error)) from error
    if file is None:
        click.echo(text, nl=False)
    elif not is_check:
        file.write_text(text, encoding="utf-8")
    elif not _is_current(file, text):
        raise SystemExit(1)


def _head(kinds: tuple[str, ...], folder: Path) -> str:
    parts = " and ".join(f"{folder.name}/{kind}" for kind in kinds)
    return f'"""The types of {parts}, written by `statewright types`: change the schemas."""'


def _wanted(kind: str, folder: Path) -> Iterator[Wanted]:
    from statewright.typing.schemas import Schemas
    from statewright.typing.typed_dicts import Wanted, class_name

    if kind == "datasets":
        for contracts in sorted(path for path in (folder / kind).glob("*") if path.is_dir()):
            versions = {int(each.stem): each for each in contracts.glob("*.json") if each.stem.isdecimal()}
            if versions:
                yield Wanted(versions[max(versions)], "", class_name(contracts.name))
        return
    for file in sorted((folder / kind).glob("*.json")):
        for side in ("input", "output"):
            if side in Schemas().load(file):
                yield Wanted(file, f"/{side}", class_name(f"{file.stem}_{side}"))


def _is_current(file: Path, text: str) -> bool:
    found = file.read_text(encoding="utf-8") if file.is_file() else ""
    if found == text:
        return True
    difference = difflib.unified_diff(
        found.splitlines(), text.splitlines(), str(file), "the schemas", lineterm=""
    )
    click.echo("\n".join(difference))
    click.echo(f"{file} is stale: write it again with statewright types", file=sys.stderr)
    return False
