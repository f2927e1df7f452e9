"""The functions' package: equal content gives equal bytes, it runs, it holds nothing of the workbench."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from statewright.cli import statewright
from statewright.deploy import bytecode, package, wheels

ROOT = Path(__file__).resolve().parents[2]
# Everything of the package, and what entry imports when a function is called, without site-packages.
IMPORT_ALL = """
import importlib, json, pkgutil, sys
sys.path.insert(0, sys.argv[1])
for name in json.loads(sys.argv[2]):
    assert callable(importlib.import_module(name).handler)
import pipeline
for module in pkgutil.walk_packages(pipeline.__path__, "pipeline."):
    importlib.import_module(module.name)
import jsonschema_rs, msgspec, zstandard
from pipeline import contracts, entry, settings
entry._logger().info("called")
entry._count("collect_data", "orders", {"FilesClaimed": 1})
print(len(contracts.catalogue(settings.schemas_folder({})).contracts), zstandard.backend)
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[package.Package, Path]:
    folder = tmp_path_factory.mktemp("package")
    return package.build(ROOT, folder=folder), folder / "functions.zip"


@pytest.fixture(scope="module")
def of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> tuple[package.Package, Path]:
    folder = tmp_path_factory.mktemp("host")
    with pytest.MonkeyPatch.context() as monkeypatch:  # wheels for x86_64 are larger, and nobody deploys them
        monkeypatch.setattr(package, "MAX_PACKAGE_BYTES", 2 * package.MAX_PACKAGE_BYTES)
        return package.build(ROOT, wheels.HOST, folder), folder / "functions.zip"


def copy_of_the_project(root: Path) -> Path:
    for name in ("functions", "schemas", "requirements"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "build").mkdir()
    (root / "build" / "wheels").symlink_to(ROOT / "build" / "wheels")
    return root


def test_built_twice_it_is_the_same_byte_for_byte(
    built: tuple[package.Package, Path], tmp_path: Path
) -> None:
    # From another folder, whose files have other times.
    again = package.build(copy_of_the_project(tmp_path), folder=tmp_path / "again")

    assert again == built[0]
    assert (tmp_path / "again" / "functions.zip").read_bytes() == built[1].read_bytes()


def test_it_stays_below_what_a_cold_start_should_load(built: tuple[package.Package, Path]) -> None:
    assert built[0].size == built[1].stat().st_size <= package.MAX_PACKAGE_BYTES


def test_every_entry_has_fixed_time_and_permissions_in_sorted_order(
    built: tuple[package.Package, Path],
) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        entries = archive.infolist()

    assert [each.filename for each in entries] == sorted(each.filename for each in entries)
    assert {(each.date_time, each.external_attr >> 16, each.create_system) for each in entries} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644, 3)
    }


def test_it_holds_functions_schemas_and_arm_libraries_and_nothing_of_the_workbench(
    built: tuple[package.Package, Path],
) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        names = archive.namelist()
        libraries = [archive.read(name)[:20] for name in names if name.endswith(".so")]

    tops = {name.split("/")[0] for name in names}
    assert {f"{name}.py" for name in json.loads((ROOT / "pipeline.json").read_bytes())["functions"]} <= tops
    assert {"pipeline", "schemas"} <= tops
    assert not tops & {
        "statewright",
        "statemachines",
        "terraform",
        "tests",
        "samples",
        "bin",
        "boto3",
        "botocore",
    }
    assert not [name for name in names if name.endswith((".pyi", "RECORD", "INSTALLER"))]
    assert "schemas/statemachines/ingest.json" not in names
    # e_machine of an ELF header: 183 is AArch64.
    assert {int.from_bytes(header[18:20], "little") for header in libraries} == {183}


def test_every_module_comes_with_its_bytecode(built: tuple[package.Package, Path]) -> None:
    if built[0].bytecode is None:
        pytest.skip("no Python 3.13 is here, and the package is built without bytecode")
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
        compiled = archive.read("pipeline/__pycache__/parsing.cpython-313.pyc")

    modules = {Path(name) for name in names if name.endswith(".py")}
    assert {str(each.parent / "__pycache__" / f"{each.stem}.cpython-313.pyc") for each in modules} <= names
    # PEP 552: bit 0 says that the pyc is named by a hash, bit 1 that the hash is checked.
    assert int.from_bytes(compiled[4:8], "little") == 0b01
    assert b"/var/task/pipeline/parsing.py" in compiled


def test_the_handlers_import_from_the_package_alone(
    of_this_machine: tuple[package.Package, Path], tmp_path: Path
) -> None:
    with zipfile.ZipFile(of_this_machine[1]) as archive:
        archive.extractall(tmp_path)
    functions = json.dumps(list(json.loads((ROOT / "pipeline.json").read_bytes())["functions"]))

    said = subprocess.run(
        [sys.executable, "-I", "-S", "-c", IMPORT_ALL, str(tmp_path), functions],
        capture_output=True,
        text=True,
        check=False,
    )

    assert said.returncode == 0, said.stderr
    contracts = len(list((ROOT / "schemas" / "datasets").glob("*/*.json")))
    assert said.stdout.splitlines()[-1] == f"{contracts} cext"


def test_a_second_build_takes_what_is_there(built: tuple[package.Package, Path]) -> None:
    before = built[1].stat().st_mtime_ns

    assert package.build(ROOT, folder=built[1].parent) == built[0]
    assert built[1].stat().st_mtime_ns == before


def test_a_package_that_somebody_changed_is_built_anew(
    of_this_machine: tuple[package.Package, Path],
) -> None:
    described, file = of_this_machine
    assert package._built(file.parent, described.inputs) == package.read(file.parent) == described
    assert package._built(file.parent, "other inputs") is None

    file.write_bytes(file.read_bytes()[:-1])

    assert package.read(file.parent) is None
    assert package._built(file.parent, described.inputs) is None


def test_the_digest_follows_the_content_and_not_the_compiled_bytes() -> None:
    here = package._digest({"a.py": b"1", "bytecode": b"3.13"})

    assert here == package._digest({"bytecode": b"3.13", "a.py": b"1"})
    assert here != package._digest({"a.py": b"2", "bytecode": b"3.13"})
    assert here != package._digest({"b.py": b"1", "bytecode": b"3.13"})
    assert here != package._digest({"a.py": b"1", "bytecode": b""})


def test_each_pattern_of_what_is_left_out_leaves_something_out(
    built: tuple[package.Package, Path],
) -> None:
    del built  # the wheels are there
    lock = hashlib.sha256((ROOT / wheels.REQUIREMENTS).read_bytes()).hexdigest()[:16]
    folder = ROOT / "build" / "wheels" / f"{wheels.LAMBDA.label}-{lock}"
    names = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]

    unused = [name for name in names if not wheels.is_used(name)]

    assert len(names) > len(unused) > 100
    assert {name.split("/")[0] for name in unused} >= {"bin", "zstandard", "aws_lambda_powertools"}
    assert [name for name in unused if "/METADATA" in name or "LICENSE" in name] == []


def test_a_package_beyond_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {"a.py": b"x = 1\n"}
    size = len(package._zip(content))
    monkeypatch.setattr(package, "MAX_PACKAGE_BYTES", size)

    assert package._write(tmp_path / "functions.zip", content, wheels.LAMBDA, None, "").size == size
    monkeypatch.setattr(package, "MAX_PACKAGE_BYTES", size - 1)
    with pytest.raises(package.PackageTooLarge, match=f"{size - 1:,} are the most"):
        package._write(tmp_path / "functions.zip", content, wheels.LAMBDA, None, "")


def test_a_project_without_functions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(package.PackageError, match="holds no function"):
        package.build(tmp_path)


def test_a_module_that_does_not_compile_is_named() -> None:
    with pytest.raises(bytecode.BytecodeError, match=r"broken\.py"):
        bytecode.compiled({"fine.py": b"x = 1\n", "broken.py": b"def\n"}, sys.executable)


def test_without_the_targets_python_there_is_no_bytecode_and_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bytecode.interpreter("2.0") is None
    assert bytecode.interpreter(wheels.HOST.python) is not None
    made = package._write(tmp_path / "functions.zip", {"a.py": b"x = 1\n"}, wheels.LAMBDA, None, "")
    monkeypatch.setattr(package, "build", lambda root: replace(made, size=8_000_000))

    said = CliRunner().invoke(statewright, ["package", "--project", str(ROOT)])

    assert said.exit_code == 0
    assert "8.0 MB" in said.output
    assert "Without bytecode: no Python 3.13 is here, so cold starts are slower." in said.output


def test_what_pip_cannot_install_is_told_in_its_words(tmp_path: Path) -> None:
    lock = tmp_path / wheels.REQUIREMENTS
    lock.parent.mkdir()
    lock.write_text("msgspec==0.0.1 --hash=sha256:" + "0" * 64 + "\n")

    with pytest.raises(wheels.WheelsError, match=r"for 3\.13-arm64"):
        wheels.wheels(tmp_path, wheels.LAMBDA, tmp_path / "wheels")
    assert list((tmp_path / "wheels").iterdir()) == []
