"""The same app has the same bytes: in every run, with every hash seed and synthesizer, and on every Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PROGRAM = Path(__file__).with_name("deterministic_app.py")
SYNTHESIZERS = ("DefaultStackSynthesizer", "LegacyStackSynthesizer", "CliCredentialsStackSynthesizer")
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")


def templates(folder: Path, interpreter: str = sys.executable, **environment: str) -> dict[str, bytes]:
    """Run the app once for all synthesizers, and return its templates by synthesizer and file."""
    arguments = [str(PROGRAM), str(folder), *SYNTHESIZERS]
    variables = {"CDK_VALIDATION": "false", **os.environ, **environment}
    subprocess.run([interpreter, *arguments], env=variables, check=True, timeout=600)
    return {str(each.relative_to(folder)): each.read_bytes() for each in sorted(folder.rglob("*.template.json"))}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return templates(tmp_path_factory.mktemp("expected"), PYTHONHASHSEED="0")


def test_every_synthesizer_writes_the_same_resources(expected: dict[str, bytes]) -> None:
    # The default synthesizer adds a parameter and a rule for the version of the bootstrap stack.
    found: dict[str, list[Mapping[str, Any]]] = {}
    for path, content in expected.items():
        template = json.loads(content)
        kept = {name: value for name, value in template.items() if name not in ("Parameters", "Rules")}
        found.setdefault(Path(path).name, []).append(kept)

    assert len(found) == 3
    for one, *others in found.values():
        assert len(others) == len(SYNTHESIZERS) - 1
        assert one["Resources"]
        assert all(each == one for each in others)


@pytest.mark.parametrize("seed", ["1", "random"])
def test_another_run_with_any_hash_seed_writes_the_same_bytes(
    tmp_path: Path, expected: dict[str, bytes], seed: str
) -> None:
    assert templates(tmp_path, PYTHONHASHSEED=seed) == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_every_python_that_is_installed_writes_the_same_bytes(
    tmp_path: Path, expected: dict[str, bytes], version: str
) -> None:
    interpreter = find_python(version)
    if interpreter is None:
        pytest.skip(f"Python {version} is not installed here")
    # The CDK and its dependencies are pure Python, so each Python reads them from this environment.
    packages = [str(ROOT), *(each for each in sys.path if each.endswith("site-packages"))]
    if version == VERSIONS[0]:
        packages.append(str(backport(tmp_path / "backport", interpreter)))

    assert templates(tmp_path / "out", interpreter, PYTHONPATH=os.pathsep.join(packages)) == expected


def find_python(version: str) -> str | None:
    """Return an interpreter that starts: the running one, one of pyenv, or one on PATH."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")
    for each in filter(None, [*map(str, pyenv.glob(f"{version}.*/bin/python{version}")), on_path]):
        if subprocess.run([each, "-c", ""], capture_output=True, check=False).returncode == 0:
            return each
    return None


def backport(folder: Path, interpreter: str) -> Path:
    """Install the locked package that cattrs needs on Python 3.10 only."""
    lock = (ROOT / "requirements" / "dev.txt").read_text(encoding="utf-8")
    found = re.search(r"^exceptiongroup==(?:.*\\\n)*.*", lock, re.MULTILINE)
    assert found is not None
    requirements = folder.with_suffix(".txt")
    requirements.write_text(found.group() + "\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--require-hashes", "--target", str(folder), "--requirement", str(requirements)]
    subprocess.run(["uv", "pip", "install", "--python", interpreter, *options], check=True, timeout=300)
    return folder
