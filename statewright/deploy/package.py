"""The functions' deployment package: one zip with functions, schemas and dependencies.

Equal content gives equal bytes: entries are sorted, times and permissions fixed, nothing of the installer
stays. `digest` names the content alone, whatever zlib or patch version of Python packed it; Terraform
compares that one, so a build on another machine changes nothing.

PackageError     the package cannot be built
└── PackageTooLarge
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import tempfile
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from statewright.deploy import bytecode, wheels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from statewright.deploy.wheels import Target

BUILD = Path("build")
NAME = "functions"
# A direct upload may have 50 MB; this is what a cold start should have to unpack.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_PACKAGE_BYTES = 10_000_000
SCHEMAS = (
    *("common.json", "contract.json", "datasets/**/*.json", "functions/*.json", "reference/**/*.json"),
    "reports/*.json",
)
# The first moment that a zip can name, and rw-r--r-- of a plain file.
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
PERMISSIONS = 0o100644 << 16
UNIX = 3
LEVEL = 6  # 9 takes three and a half times as long, for 0.4 % less


class PackageError(Exception):
    """The package cannot be built; the message says what to do."""


class PackageTooLarge(PackageError):  # noqa: N818 - what is wrong
    """The package is larger than Lambda should load."""


@dataclass(frozen=True)
class Package:
    """A package that was built.

    `digest` is over names and contents, bytecode aside; `sha256` is the file's; both in hex. `size` and
    `unpacked` are bytes; `bytecode` is the full version of the Python that compiled it, None where there was
    none; `inputs` names what it was built from.
    """

    file: str
    digest: str
    sha256: str
    size: int
    unpacked: int
    entries: int
    python: str
    architecture: str | None
    bytecode: str | None
    inputs: str


def build(root: Path, target: Target = wheels.LAMBDA, folder: Path | None = None) -> Package:
    """Write `functions.zip` and `functions.json` (this Package) into `folder` and return the package.

    `root` is the project's; `folder` is `build/` in it by default. With nothing changed nothing is written.
    Raises PackageError.
    """
    folder = folder or root / BUILD
    try:
        interpreter = bytecode.interpreter(target.python)
        sources = _sources(root)
        inputs = _digest_of_inputs(root, sources, target, interpreter)
        file = folder / f"{NAME}.zip"
        return _built(folder, inputs) or _write(
            file, _contents(root, sources, target), target, interpreter, inputs
        )
    except (wheels.WheelsError, bytecode.BytecodeError) as error:
        raise PackageError(str(error)) from error


def summary(built: Package) -> str:
    """Return one line on a package, and a second one where it lacks its bytecode."""
    size = f"{built.size / 1e6:.1f} MB, {built.unpacked / 1e6:.1f} MB unpacked, {built.entries} files"
    line = f"build/{built.file}: {size}, content {built.digest[:12]}"
    if built.bytecode is not None:
        return line
    return f"{line}\nWithout bytecode: no Python {built.python} is here, so cold starts are slower."


def read(folder: Path) -> Package | None:
    """Return the package that was built into a folder, None where there is none or it is not whole."""
    try:
        package = Package(**json.loads((folder / f"{NAME}.json").read_bytes()))
        body = (folder / f"{NAME}.zip").read_bytes()
    except (OSError, ValueError, TypeError):
        return None
    return package if hashlib.sha256(body).hexdigest() == package.sha256 else None


def _built(folder: Path, inputs: str) -> Package | None:
    package = read(folder)
    return package if package is not None and package.inputs == inputs else None


def _sources(root: Path) -> dict[str, bytes]:
    """Return the project's own part of the package by place."""
    functions, schemas = root / "functions", root / "schemas"
    found = {path.relative_to(functions).as_posix(): path for path in functions.rglob("*.py")}
    if not found:
        raise PackageError(f"{functions} holds no function")
    for pattern in SCHEMAS:
        found |= {path.relative_to(root).as_posix(): path for path in schemas.glob(pattern)}
    return {name: path.read_bytes() for name, path in sorted(found.items())}


def _contents(root: Path, sources: Mapping[str, bytes], target: Target) -> dict[str, bytes]:
    dependencies = wheels.wheels(root, target, root / BUILD / "wheels")
    both = sorted(set(dependencies) & set(sources))
    if both:
        raise PackageError(f"a dependency has files of the same name as the project: {', '.join(both)}")
    return {**{name: path.read_bytes() for name, path in dependencies.items()}, **sources}


def _digest_of_inputs(
    root: Path, sources: Mapping[str, bytes], target: Target, interpreter: tuple[str, str] | None
) -> str:
    rules = [Path(module.__file__ or "").read_bytes() for module in (bytecode, wheels)]
    lock = (root / wheels.REQUIREMENTS).read_bytes()
    version = interpreter[1] if interpreter else "none"
    parts = [repr(target).encode(), version.encode(), lock, Path(__file__).read_bytes(), *rules]
    said = hashlib.sha256(_digest(sources).encode())
    for part in parts:
        said.update(hashlib.sha256(part).digest())
    return said.hexdigest()


def _digest(contents: Mapping[str, bytes]) -> str:
    said = hashlib.sha256()
    for name in sorted(contents):
        said.update(f"{name}\0{hashlib.sha256(contents[name]).hexdigest()}\n".encode())
    return said.hexdigest()


def _write(
    file: Path,
    contents: dict[str, bytes],
    target: Target,
    interpreter: tuple[str, str] | None,
    inputs: str,
) -> Package:
    modules = {name: body for name, body in contents.items() if name.endswith(".py")}
    made = bytecode.compiled(modules, interpreter[0]) if interpreter else {}
    # Whether there is bytecode is part of what runs; the bytes of it are not: they follow from the sources.
    marker = {"bytecode": target.python.encode() if interpreter else b""}
    everything = {**contents, **made}
    body = _zip(everything)
    if len(body) > MAX_PACKAGE_BYTES:
        raise PackageTooLarge(f"the package has {len(body):,} bytes, {MAX_PACKAGE_BYTES:,} are the most")
    package = Package(
        file=file.name,
        digest=_digest({**contents, **marker}),
        sha256=hashlib.sha256(body).hexdigest(),
        size=len(body),
        unpacked=sum(len(each) for each in everything.values()),
        entries=len(everything),
        python=target.python,
        architecture=target.architecture,
        bytecode=interpreter[1] if interpreter else None,
        inputs=inputs,
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    _replace(file, body)
    _replace(file.with_suffix(".json"), (json.dumps(asdict(package), indent=2) + "\n").encode())
    return package


def _zip(contents: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.create_system, entry.external_attr = UNIX, PERMISSIONS
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED, LEVEL)
    return buffer.getvalue()


def _replace(file: Path, body: bytes) -> None:
    """Write a file as a whole: a reader finds the old one or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(body)
    Path(temporary).chmod(0o644)
    Path(temporary).replace(file)
