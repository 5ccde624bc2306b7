"""The checks that are too slow for `make test`. `make test-all` runs all; `nox --session NAME` runs one."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nox

if TYPE_CHECKING:
    from collections.abc import Iterator

# The checks of a report of checkov, by their outcome.
Checks = dict[str, list[dict[str, Any]]]
# The file, the resource and the rule of a verdict.
Verdict = tuple[str, str, str]

ROOT = Path(__file__).parent
DOCS_PYTHON = str(ROOT / "build/docs-venv/bin/python")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
VERSIONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
# The policy simulator of tests/permissions.
SIMULATOR = "build/permissions/.ready"
CDK = ["aws-cdk-lib", "constructs", "jsii"]
# The rules of checkov for repositories, which `ecr-constructs summary` checks as well.
COMPARED_RULES = ["CKV_AWS_51", "CKV_AWS_136", "CKV_AWS_163"]
CHECKOV_RULES = ["CKV_AWS_7", "CKV_AWS_26", "CKV_AWS_32", "CKV_AWS_33", "CKV_AWS_149", *COMPARED_RULES]
# Tests whose result is the same on every Python and with every CDK run once, from the checkout.
ANYWHERE = "not slow and not arbiter and not examples"
# The model and the command do not import the CDK, so another CDK cannot change the result of their tests.
USING_THE_CDK = [
    "tests/_cdk",
    "tests/assembly",
    "tests/contract",
    "tests/repository",
    "tests/registry",
    "tests/monitoring",
    "tests/testing",
    *map(str, Path("tests").glob("test_*.py")),
]
# `make test` runs all tests with the Python and the packages of .venv. The wheel adds its own files and its metadata.
USING_THE_FILES = [
    "tests/test_public_api.py",
    "tests/test_readme.py",
    "tests/test_snapshots.py",
    "tests/cli/test_main.py",
]
# A copy of the checkout does not contain the package, so only the installed package can be imported.
NOT_COPIED = ["ecr_constructs", "cdk.out", "build", "dist", "__pycache__", "*.egg-info", ".[!cp]*"]

nox.needs_version = ">=2025.2"
# Each session creates its own environment with uv, from the interpreters that are installed.
nox.options.default_venv_backend = "none"
nox.options.sessions = ["slow", "docs", "report", "wheel", "lowest", "newest", "checkov", "ministack"]


@nox.session
def slow(session: nox.Session) -> None:
    """Run the slow tests, and the property tests with four times as many examples. `make test` runs the others."""
    session.run("make", SIMULATOR)
    # The copy of a promotion is tested in a registry on this machine.
    install_from_debian(session, "docker-registry", "skopeo")
    selection = ["--numprocesses", "auto", "-m", "slow or hypothesis"]
    session.run("pytest", *selection, *session.posargs, env={"HYPOTHESIS_PROFILE": "thorough"})


@nox.session
def coverage(session: nox.Session) -> None:
    """Run every test, and print the lines and branches that no test reaches. It is not part of `make test-all`."""
    session.run("make", SIMULATOR)
    session.run("pytest", "--numprocesses", "auto", "--cov", "--cov-report", "term", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the website, and open each of its pages in Chromium."""
    session.run("make", "docs")
    session.run(sys.executable, "website/image.py", "--check")
    session.run(sys.executable, "website/dashboard_image.py", "--check")
    install_chromium(session)
    session.run(DOCS_PYTHON, "website/browser.py", *session.posargs)


@nox.session
def report(session: nox.Session) -> None:
    """Open the HTML of preview in Chromium, for one repository and for a fleet of 2,000 repositories."""
    session.run("make", "build/docs-venv/.ready", "build/axe.min.js")
    install_chromium(session)
    folder = ROOT / "build/report"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    session.run(sys.executable, "benchmarks/preview.py", "--write", str(folder), silent=True)
    images = ["--images", f"{folder}/images.json", "--at", "2026-06-01T12:00:00Z", "--format", "html"]
    preview = [sys.executable, "-m", "ecr_constructs", "preview", f"{folder}/policy.json", *images]
    session.run(*preview, "--repository", "team-0/service-0", "--output", f"{folder}/single.html", silent=True)
    session.run(*preview, "--repository", "*", "--output", f"{folder}/pages", silent=True)
    session.run(DOCS_PYTHON, "website/report.py", str(folder), *session.posargs)


@nox.session
@nox.parametrize("version", VERSIONS, ids=VERSIONS)
def wheel(session: nox.Session, version: str) -> None:
    """
    Test the built wheel on one Python, with the locked dependencies.

    The oldest Python runs all tests, the Python of .venv those of the files, and each other Python also the model. All
    tests on each Python would take longer than everything else together.
    """
    interpreter = find_python(version)
    if interpreter is None:
        session.skip(f"Python {version} is not installed here")
    with environment(session, interpreter) as folder:
        uv(session, "pip", "install", "--require-hashes", "--requirement", "requirements/dev.txt")
        uv(session, "pip", "install", "--no-deps", str(build(session, folder)))
        others = USING_THE_FILES if interpreter == sys.executable else [*USING_THE_FILES, "tests/model"]
        test_installed(session, folder, *(["tests"] if version == VERSIONS[0] else others))


@nox.session
def lowest(session: nox.Session) -> None:
    """Test the built wheel with the oldest CDK that pyproject.toml allows."""
    with environment(session) as folder:
        install_with(session, folder, *(f"{name}=={oldest(name)}" for name in ("aws-cdk-lib", "constructs")))
        test_installed(session, folder, *USING_THE_CDK)


@nox.session
def newest(session: nox.Session) -> None:
    """Test the built wheel with the newest CDK that pyproject.toml allows, unless the lock has the same version."""
    with environment(session) as folder:
        uv(session, "pip", "compile", "--refresh", "pyproject.toml", "--output-file", str(folder / "newest.txt"))
        resolved, locked = pins(folder / "newest.txt"), pins(ROOT / "requirements/dev.txt")
        found = [f"{name}=={resolved[name]}" for name in CDK]
        if found == [f"{name}=={locked[name]}" for name in CDK]:
            session.skip(f"the lock already has {', '.join(found)}")
        install_with(session, folder, *found)
        test_installed(session, folder, *USING_THE_CDK)


@nox.session
def checkov(session: nox.Session) -> None:
    """Check the examples with checkov, and compare its verdicts with those of `ecr-constructs summary`."""
    with environment(session) as folder:
        uv(session, "pip", "install", "--require-hashes", "--requirement", "requirements/checkov.txt")
        for example in sorted(ROOT.glob("examples/*.py")):
            app = ["--app", f"python3 examples/{example.name}", "--output", str(folder / "templates" / example.stem)]
            session.run("cdk", "synth", "--quiet", *app)
        examples = run_checkov(session, folder, folder / "templates")
        judge(session, examples)
        (folder / "options").mkdir()
        (folder / "options/Options.template.json").write_text(json.dumps(every_option()), encoding="utf-8")
        options = run_checkov(session, folder, folder / "options")
        compare(session, folder / "templates", examples)
        compare(session, folder / "options", options)


@nox.session
def ministack(session: nox.Session) -> None:
    """Bootstrap, deploy, compare and detect drift with a second emulator, which has change sets."""
    with environment(session) as folder:
        uv(session, "pip", "install", "--require-hashes", "--requirement", "requirements/ministack.txt")
        session.run("pytest", "tests/e2e/test_ministack.py", env={"MINISTACK": str(folder / "env/bin/ministack")})


# --- shared by the sessions ------------------------------------------------------------------------------------------


def install_chromium(session: nox.Session) -> None:
    """Install Chromium from Debian or from Playwright, unless it is there."""
    install_from_debian(session, "chromium")
    if shutil.which("chromium") is None:
        session.run(DOCS_PYTHON, "-m", "playwright", "install", "chromium")


def install_from_debian(session: nox.Session, *programs: str) -> None:
    """Install the Debian packages of programs that are not there, where root can."""
    missing = [program for program in programs if shutil.which(program) is None]
    if missing and shutil.which("apt-get") and os.geteuid() == 0:
        session.run("apt-get", "-qq", "update")
        session.run("apt-get", "-qq", "install", "--yes", "--no-install-recommends", *missing, silent=True)


@contextmanager
def environment(session: nox.Session, interpreter: str = sys.executable) -> Iterator[Path]:
    """Yield an empty folder with a virtual environment for uv, and delete it afterwards because it is large."""
    folder = ROOT / ".nox" / re.sub(r"[^\w.]+", "-", session.name).strip("-")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    session.env["VIRTUAL_ENV"] = str(folder / "env")
    session.env["UV_PYTHON_DOWNLOADS"] = "never"
    uv(session, "venv", "--python", interpreter, str(folder / "env"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def uv(session: nox.Session, *arguments: str) -> None:
    """Run uv without output, unless it fails."""
    session.run("uv", "--quiet", *arguments)


def build(session: nox.Session, folder: Path) -> Path:
    """Build the wheel, and check that it contains the whole package, the licence and nothing else."""
    session.run(
        sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), silent=True
    )
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        held = set(archive.namelist())
    files = (file for file in ROOT.glob("ecr_constructs/**/*") if file.is_file() and file.suffix != ".pyc")
    package = {file.relative_to(ROOT).as_posix() for file in files}
    information = path.name.rsplit("-", 3)[0] + ".dist-info/"
    missing = (package | {f"{information}licenses/LICENSE"}) - held
    foreign = {name for name in held if not name.startswith(("ecr_constructs/", information))}
    if missing or foreign:
        session.error(f"the wheel does not contain {sorted(missing)}, and should not contain {sorted(foreign)}")
    return path


def install_with(session: nox.Session, folder: Path, *requirements: str) -> None:
    """Install the wheel with these versions of the CDK, and every other package as locked."""
    lock = (ROOT / "requirements/dev.txt").read_text(encoding="utf-8")
    others = re.findall(r"^(?!aws-cdk-|constructs=|jsii=)[a-z0-9-]+==[^\\\n]+", lock, re.MULTILINE)
    (folder / "others.txt").write_text("\n".join(others), encoding="utf-8")
    (folder / "cdk.txt").write_text("\n".join(requirements), encoding="utf-8")
    session.log(f"with {', '.join(requirements)}")
    files = ["--override", str(folder / "cdk.txt"), "--constraint", str(folder / "others.txt")]
    uv(session, "pip", "install", *files, "--group", "dev", f"{build(session, folder)}[cli]")


def test_installed(session: nox.Session, folder: Path, *paths: str) -> None:
    """Run the tests under some paths in a copy of the checkout without the package, against the installed package."""
    copy = folder / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    session.env["PATH"] = f"{folder}/env/bin{os.pathsep}{os.environ['PATH']}"
    session.env["PYTHONPATH"] = ""
    with session.chdir(copy):
        where = "import ecr_constructs, sys; assert ecr_constructs.__file__.startswith(sys.prefix), sys.path"
        session.run(f"{folder}/env/bin/python", "-c", where)
        session.run(f"{folder}/env/bin/pytest", "--numprocesses", "auto", "-m", ANYWHERE, *paths, *session.posargs)


def find_python(version: str) -> str | None:
    """Return an interpreter of this version that starts: the running one, one on PATH, or one of pyenv."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    on_path = shutil.which(f"python{version}")
    for candidate in filter(None, [on_path, *map(str, pyenv.glob(f"{version}.*/bin/python{version}"))]):
        # pyenv also puts a script on PATH for each version that is installed but not selected. It fails.
        if subprocess.run([candidate, "-c", ""], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def oldest(name: str) -> str:
    """Return the lower bound of a dependency in pyproject.toml."""
    bounds = re.findall(rf'^ *"{name}>=([\d.]+),<', PYPROJECT, re.MULTILINE)
    return str(bounds[0])


def pins(lock: Path) -> dict[str, str]:
    """Return the versions that a lock file pins."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ \\\n]+)", lock.read_text(encoding="utf-8"), re.MULTILINE))


def run_checkov(session: nox.Session, folder: Path, directory: Path) -> Checks:
    """Return the checks of the templates in a directory, by their outcome."""
    what = ["--directory", str(directory), "--framework", "cloudformation", "--skip-download"]
    how = ["--check", ",".join(CHECKOV_RULES), "--output", "json", "--soft-fail"]
    program = str(folder / "env/bin/checkov")
    report = session.run(program, *what, *how, env={"LOG_LEVEL": "ERROR"}, silent=True, stderr=None)
    # Without any resource, checkov writes no results.
    results = json.loads(str(report)).get("results", {})
    return {outcome: results.get(f"{outcome}_checks", []) for outcome in ("passed", "skipped", "failed")}


def every_option() -> dict[str, Any]:
    """Return a template with a repository for each combination of the properties that the compared rules read."""
    filters = [{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": "dev-*"}]
    tags: list[dict[str, Any]] = [
        {},
        {"ImageTagMutability": "MUTABLE"},
        {"ImageTagMutability": "IMMUTABLE"},
        {"ImageTagMutability": "MUTABLE_WITH_EXCLUSION", "ImageTagMutabilityExclusionFilters": filters},
        {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION", "ImageTagMutabilityExclusionFilters": filters},
    ]
    # CloudFormation accepts a boolean as text.
    booleans = (True, False, "true", "false")
    scans = [{}, *({"ImageScanningConfiguration": {"ScanOnPush": each}} for each in booleans)]
    kinds = [{"EncryptionType": each} for each in ("AES256", "KMS", "KMS_DSSE")]
    key = "arn:aws:kms:eu-west-1:111122223333:key/12345678-1234-1234-1234-123456789012"
    keys = [{}, *({"EncryptionConfiguration": each} for each in (*kinds, {"EncryptionType": "KMS", "KmsKey": key}))]
    combinations = enumerate(itertools.product(tags, scans, keys))
    return {
        "Resources": {
            f"Repository{number}": {"Type": "AWS::ECR::Repository", "Properties": {**tag, **scan, **encryption}}
            for number, (tag, scan, encryption) in combinations
        }
    }


def compare(session: nox.Session, directory: Path, checks: Checks) -> None:
    """Fail on a verdict of checkov that differs from that of `ecr-constructs summary` for the same template."""
    theirs = verdicts_of_checkov(checks)
    ours: dict[Verdict, str] = {}
    for path in sorted(directory.glob("**/*.template.json")):
        command = ["python3", "-m", "ecr_constructs", "summary", str(path), "--format", "json"]
        document = json.loads(str(session.run(*command, silent=True, stderr=None)))
        ours |= verdicts_of_summary(f"/{path.relative_to(directory).as_posix()}", document)
    session.log(f"{len(theirs)} verdicts of checkov are compared with those of the summary")
    for difference in (different := differences(theirs, ours)):
        session.warn(difference)
    if different or not theirs:
        session.error("the verdicts of checkov and of the summary differ, or there are none")


def verdicts_of_checkov(checks: Checks) -> dict[Verdict, str]:
    """Return the verdict of each compared rule, by file, resource and rule. A suppressed check has none."""
    return {
        (check["file_path"], check["resource"].rpartition(".")[2], check["check_id"]): status
        for outcome, status in (("passed", "met"), ("failed", "not met"))
        for check in checks[outcome]
        if check["check_id"] in COMPARED_RULES
    }


def verdicts_of_summary(file: str, document: dict[str, Any]) -> dict[Verdict, str]:
    """Return the verdict of each compared rule for a repository, by file, resource and rule."""
    return {
        (file, resource["logical_id"], rule): resource["controls"][rule]["status"]
        for resource in document["resources"]
        if resource["type"] == "AWS::ECR::Repository"
        for rule in COMPARED_RULES
    }


def differences(theirs: dict[Verdict, str], ours: dict[Verdict, str]) -> list[str]:
    """Return a sentence for each verdict of checkov that the summary does not have."""
    return [
        f"{rule} of {resource} in {file}: {status} in checkov, and {ours.get((file, resource, rule), 'nothing')} here"
        for (file, resource, rule), status in theirs.items()
        if ours.get((file, resource, rule)) != status
    ]


def judge(session: nox.Session, checks: Checks) -> None:
    """Fail on a failed check that no template suppresses, and if the report contains no repository."""
    resources = {(check["file_path"], check["resource"]) for outcome in checks.values() for check in outcome}
    repositories = [name for _, name in resources if name.startswith("AWS::ECR::Repository.")]
    counts = ", ".join(f"{len(outcome)} {name}" for name, outcome in checks.items())
    session.log(f"{len(repositories)} repositories, {len(resources)} resources; checks: {counts}")
    for check in checks["failed"]:
        session.warn(f"{check['check_id']} {check['check_name']}: {check['resource']} in {check['file_path']}")
    if checks["failed"]:
        session.error("checkov has failed checks that no template suppresses")
    if not repositories:
        session.error("checkov found no repository: the examples have none, or checkov cannot read them")
