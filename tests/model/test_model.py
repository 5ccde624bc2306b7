"""The model is pure Python: its import starts no Node and loads no SDK."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOREIGN = ("aws_cdk", "constructs", "jsii", "boto3", "botocore")


def imported_by(statement: str) -> set[str]:
    """Run a statement in a new interpreter, and return the top-level modules that are loaded after it."""
    program = f"{statement}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return set(finished.stdout.split())


def test_the_model_imports_only_the_standard_library() -> None:
    use = "from ecr_constructs.model import *; LifecyclePolicy.of(keep_latest(1, matching='v*')).to_json()"
    modules = imported_by(use) - imported_by("pass")

    assert modules - set(sys.stdlib_module_names) == {"ecr_constructs"}


def test_no_test_of_the_model_imports_the_cdk() -> None:
    texts = {path.name: path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.py")}
    imports = {
        name: [line for line in text.splitlines() if line.lstrip().startswith(("import ", "from "))]
        for name, text in texts.items()
    }

    assert not [
        (name, line)
        for name, lines in imports.items()
        for line in lines
        for module in FOREIGN
        if module in line.split()
    ]
