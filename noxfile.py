"""What is too slow for `make test`: run by `make test-all`, or one by one with `nox --session NAME`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nox

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
CDK = ["aws-cdk-lib", "constructs", "jsii"]
CHECKOV_RULES = ["CKV_AWS_7", "CKV_AWS_32", "CKV_AWS_33", "CKV_AWS_51", "CKV_AWS_136", "CKV_AWS_163"]
# What is the same on every Python and with every CDK runs once, in the session `tests`.
ANYWHERE = "not slow and not arbiter and not examples"
# What a copy of the checkout leaves out: above all the package, so that only the installed one can be imported.
LEFT_OUT = ["ecr_constructs", "cdk.out", "build", "dist", "__pycache__", "*.egg-info", ".[!c]*"]

nox.needs_version = ">=2025.2"
# Sessions make their own environments, with uv and from the interpreters that are already here.
nox.options.default_venv_backend = "none"
nox.options.sessions = ["tests", "wheel", "lowest", "newest", "checkov"]


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test once, the slow ones included, with hypothesis searching hard and coverage counted."""
    options = ["--numprocesses", "auto", "--cov", "--cov-report", "term"]
    session.run("pytest", *options, *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session
@nox.parametrize("version", VERSIONS, ids=VERSIONS)
def wheel(session: nox.Session, version: str) -> None:
    """Test the built wheel on one Python, with the locked dependencies."""
    interpreter = find_python(version)
    if interpreter is None:
        session.skip(f"Python {version} is not installed here")
    with workshop(session, interpreter) as shop:
        uv(session, "pip", "install", "--require-hashes", "--requirement", "requirements/dev.txt")
        uv(session, "pip", "install", "--no-deps", str(build(session, shop)))
        test_installed(session, shop)


@nox.session
def lowest(session: nox.Session) -> None:
    """Test the built wheel with the oldest CDK that pyproject.toml allows."""
    with workshop(session) as shop:
        install_with(session, shop, *(f"{name}=={oldest(name)}" for name in ("aws-cdk-lib", "constructs")))
        test_installed(session, shop)


@nox.session
def newest(session: nox.Session) -> None:
    """Test the built wheel with the newest CDK that pyproject.toml allows, unless that is what the lock has."""
    with workshop(session) as shop:
        uv(session, "pip", "compile", "--refresh", "pyproject.toml", "--output-file", str(shop / "newest.txt"))
        resolved, locked = pins(shop / "newest.txt"), pins(ROOT / "requirements/dev.txt")
        found = [f"{name}=={resolved[name]}" for name in CDK]
        if found == [f"{name}=={locked[name]}" for name in CDK]:
            session.skip(f"the lock already has {', '.join(found)}")
        install_with(session, shop, *found)
        test_installed(session, shop)


@nox.session
def checkov(session: nox.Session) -> None:
    """Hold the synthesized examples against checkov's rules for repositories and keys."""
    with workshop(session) as shop:
        uv(session, "pip", "install", "--require-hashes", "--requirement", "requirements/checkov.txt")
        for example in sorted(ROOT.glob("examples/*.py")):
            app = ["--app", f"python3 examples/{example.name}", "--output", str(shop / "templates" / example.stem)]
            session.run("cdk", "synth", "--quiet", *app)
        what = ["--directory", str(shop / "templates"), "--framework", "cloudformation", "--skip-download"]
        how = ["--check", ",".join(CHECKOV_RULES), "--output", "json", "--soft-fail"]
        program = str(shop / "env/bin/checkov")
        report = session.run(program, *what, *how, env={"LOG_LEVEL": "ERROR"}, silent=True, stderr=None)
        judge(session, str(report))


# --- what the sessions share -----------------------------------------------------------------------------------------


@contextmanager
def workshop(session: nox.Session, interpreter: str = sys.executable) -> Iterator[Path]:
    """Lend an empty folder with an environment in it that uv installs into; gone afterwards, for it is large."""
    shop = ROOT / ".nox" / re.sub(r"[^\w.]+", "-", session.name).strip("-")
    shutil.rmtree(shop, ignore_errors=True)
    shop.mkdir(parents=True)
    session.env["VIRTUAL_ENV"] = str(shop / "env")
    session.env["UV_PYTHON_DOWNLOADS"] = "never"
    uv(session, "venv", "--python", interpreter, str(shop / "env"))
    try:
        yield shop
    finally:
        shutil.rmtree(shop)


def uv(session: nox.Session, *arguments: str) -> None:
    """Run uv, which says nothing unless it fails."""
    session.run("uv", "--quiet", *arguments)


def build(session: nox.Session, shop: Path) -> Path:
    """Build the wheel and make sure that it holds the whole package, the licence and nothing else."""
    session.run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(shop), silent=True)
    (path,) = shop.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        held = set(archive.namelist())
    files = (file for file in ROOT.glob("ecr_constructs/**/*") if file.is_file() and file.suffix != ".pyc")
    package = {file.relative_to(ROOT).as_posix() for file in files}
    information = path.name.rsplit("-", 3)[0] + ".dist-info/"
    missing = (package | {f"{information}licenses/LICENSE"}) - held
    foreign = {name for name in held if not name.startswith(("ecr_constructs/", information))}
    if missing or foreign:
        session.error(f"the wheel lacks {sorted(missing)} and should not hold {sorted(foreign)}")
    return path


def install_with(session: nox.Session, shop: Path, *requirements: str) -> None:
    """Install the wheel with these versions of the CDK, whatever the test tools ask for, and all else as locked."""
    lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    others = re.findall(r"^(?!aws-cdk-|constructs=|jsii=)[a-z0-9-]+==[^\\\n]+", lock, re.MULTILINE)
    (shop / "others.txt").write_text("\n".join(others), encoding="utf-8")
    (shop / "cdk.txt").write_text("\n".join(requirements), encoding="utf-8")
    session.log(f"with {', '.join(requirements)}")
    files = ["--override", str(shop / "cdk.txt"), "--constraint", str(shop / "others.txt")]
    uv(session, "pip", "install", *files, "--group", "dev", f"{build(session, shop)}[cli]")


def test_installed(session: nox.Session, shop: Path) -> None:
    """Run the tests in a copy of the checkout that lacks the package, against the one that is installed."""
    copy = shop / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    session.env["PATH"] = f"{shop}/env/bin{os.pathsep}{os.environ['PATH']}"
    session.env["PYTHONPATH"] = ""
    with session.chdir(copy):
        where = "import ecr_constructs, sys; assert ecr_constructs.__file__.startswith(sys.prefix), sys.path"
        session.run(f"{shop}/env/bin/python", "-c", where)
        session.run(f"{shop}/env/bin/pytest", "--numprocesses", "auto", "-m", ANYWHERE, *session.posargs)


def find_python(version: str) -> str | None:
    """Find an interpreter of this version that really starts: this one, one on PATH, or one of pyenv's."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")
    for candidate in filter(None, [on_path, *map(str, pyenv.glob(f"{version}.*/bin/python{version}"))]):
        # pyenv also puts a stub on PATH for each version that is installed but not selected: that one only complains.
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def oldest(name: str) -> str:
    """Read a dependency's lower bound from pyproject.toml."""
    bounds = re.findall(rf'^ *"{name}>=([\d.]+),<', PYPROJECT, re.MULTILINE)
    return str(bounds[0])


def pins(lock: Path) -> dict[str, str]:
    """Read the versions that a lock file pins."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ \\\n]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def judge(session: nox.Session, text: str) -> None:
    """Fail on any finding that the templates do not acknowledge, and on having looked at no repository."""
    # Having looked at nothing, checkov leaves the results out.
    results = json.loads(text).get("results", {})
    checks = {outcome: results.get(f"{outcome}_checks", []) for outcome in ("passed", "skipped", "failed")}
    resources = {(check["file_path"], check["resource"]) for outcome in checks.values() for check in outcome}
    repositories = [name for _, name in resources if name.startswith("AWS::ECR::Repository.")]
    counts = ", ".join(f"{len(outcome)} {name}" for name, outcome in checks.items())
    session.log(f"{len(repositories)} repositories, {len(resources)} resources; checks: {counts}")
    for check in checks["failed"]:
        session.warn(f"{check['check_id']} {check['check_name']}: {check['resource']} in {check['file_path']}")
    if checks["failed"]:
        session.error("checkov found what no template acknowledges")
    if not repositories:
        session.error("checkov saw no repository: either the examples have none or it cannot read them")
