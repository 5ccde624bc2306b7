"""Programs that `ecr-constructs adopt` writes, run in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import runpy
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs.cli.main import run

# The entries that every synthesized template has.
OF_CDK = ("BootstrapVersion", "CheckBootstrapVersion", "CDKMetadata", "CDKMetadataAvailable")


def adopt(*arguments: str | Path, output: Path) -> Path:
    """Run the command, and return the folder that it wrote."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
        code = run(["adopt", *map(str, arguments), "--output", str(output)])
    assert code == 0, errors.getvalue()
    return output


def synthesize(program: Path) -> Path:
    """Return the assembly of a program."""
    assembly = program / "cdk.out"
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        app = cdk.App
        patch.setattr(cdk, "App", lambda: app(outdir=str(assembly), analytics_reporting=False))
        patch.syspath_prepend(str(program))
        patch.setattr(sys, "dont_write_bytecode", True)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                runpy.run_path(str(program / "app.py"))
        finally:
            for name in set(sys.modules) - before:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(f"{program}{os.sep}"):
                    del sys.modules[name]
    return assembly


def changes(old: Path, new: Path, *options: str) -> list[dict[str, Any]]:
    """Return the changes that `ecr-constructs check` finds."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.redirect_stderr(io.StringIO()) as errors:
        code = run(["check", str(old), str(new), "--format", "json", *options])
    assert code in (0, 3), errors.getvalue()
    found: list[dict[str, Any]] = json.loads(printed.getvalue())["changes"]
    return found


def sentences(found: list[dict[str, Any]]) -> list[str]:
    return [f"{each['id']} {each['stack']}/{each['logical_id']}: {each['sentence']}" for each in found]


def template_of(assembly: Path, stack: str = "Containers") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((assembly / f"{stack}.template.json").read_text(encoding="utf-8"))
    return found


def without_cdk(template: Mapping[str, Any]) -> dict[str, Any]:
    """Return a template without the additions of the CDK: metadata, and the check of the bootstrap version."""

    def cleaned(resource: Any) -> Any:
        if not isinstance(resource, Mapping):
            return resource
        metadata = {name: value for name, value in resource.get("Metadata", {}).items() if name != "aws:cdk:path"}
        rest = {name: value for name, value in resource.items() if name != "Metadata"}
        return {**rest, **({"Metadata": metadata} if metadata else {})}

    sections = {
        section: {name: cleaned(each) for name, each in content.items() if name not in OF_CDK}
        if isinstance(content, Mapping)
        else content
        for section, content in template.items()
    }
    return {section: content for section, content in sections.items() if content}


def files(program: Path) -> Iterator[Path]:
    """Yield the files of Python of a program."""
    yield from sorted(program.glob("*.py"))
