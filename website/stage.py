"""
Stage the pages of the website in build/docs, and its configuration in build/mkdocs.yml.

Pages of the repository link to files that are not part of the website. Each link is changed: a link to a page becomes a
link to the staged page, and a link to another file becomes a link to a page with its content.
"""

from __future__ import annotations

import ast
import re
import shutil
import sys
from pathlib import Path
from posixpath import relpath

import tomli

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
STAGED = BUILD / "docs"
# The pages of the repository outside of docs/, and their places in the website.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "docs/decisions/README.md": "decisions/index.md",
}
# The public names on each page of the API reference. Every public name is on one page.
REFERENCE = {
    "constructs": (
        "HardenedRepository ImportedRepository RepositoryImage PrivateRegistry PullThroughCache CreationTemplate "
        "ReplicaRegistry Publisher Promotion RegistryEndpoints"
    ),
    "settings": "RepositorySettings HARDENED ADOPTED CREATED CACHED EPHEMERAL Immutability Encryption Access "
    "PipelineIdentity Perimeter",
    "alerts": (
        "ImageFindings ImagePushed ImageDeleted ImageArchived ImageRestored CacheRefreshed ReplicationFailed "
        "ScanningStopped Tampering AlertTarget AlertTopic RepositoryMetrics ImageQuotaAlarm PullCountAlarm "
        "RegistryDashboard SuppressionRules AcceptedFinding read_accepted_findings read_openvex render_openvex"
    ),
    "registry": "Scanning Replication Upstream Credentials ROOT",
    "lifecycle": (
        "LifecyclePolicy LifecycleRule Intent keep_latest keep_forever limit_images expire_untagged expire_older_than "
        "expire_unmatched archive_unpulled archive_older_than archive_untagged delete_archived Evaluation Decision "
        "ScheduledAction Finding development_policy production_policy lowest_cost_policy audit_retention_policy "
        "build_cache_policy cached_repository_policy"
    ),
    "names": (
        "Image read_images ImageReference ImagePin read_image_pins Namespace RepositoryName CachePrefix "
        "TemplatePrefix TagPattern TagPrefix "
        "ExclusionFilter ReplicationFilter ScanFilter SigningFilter"
    ),
    "guardrails": (
        "Guardrails DigestPinning Hardened HardenedInjector compliance_rule ComplianceRule Breach RuleException "
        "read_rule_exceptions enforce_baseline bootstrap_template"
    ),
    "errors": (
        "EcrConstructsError InvalidRepository InvalidRegistry InvalidLifecyclePolicy InvalidAlert InvalidImage "
        "InvalidName InvalidPerimeter"
    ),
}
TITLES = {"constructs": "Constructs", "settings": "Repository settings", "registry": "Registry values"}
TITLES |= {"alerts": "Alerts", "guardrails": "Guardrails"}
TITLES |= {"lifecycle": "Lifecycle policies", "names": "Images, names and filters", "errors": "Errors"}
# A code block, inline code, or a link. Links in code are text.
LINK = re.compile(
    r"^```.*?^```$|`[^`\n]+`(?!\])|\]\((?P<target>[^)#\s]*)(?P<anchor>#[^)\s]*)?\)", re.MULTILINE | re.DOTALL
)


def main() -> None:
    """Write build/docs and build/mkdocs.yml."""
    shutil.rmtree(STAGED, ignore_errors=True)
    pages = [*PAGES, *(path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("docs/**/*.*")))]
    for page in dict.fromkeys(pages):
        stage(page)
    for name, source in reference_pages().items():
        write(f"reference/{name}.md", source)
    for name in ("site.css", "diagrams.js"):
        write(f"website/{name}", (ROOT / "website" / name).read_text(encoding="utf-8"))
    shutil.copy(BUILD / "mermaid.min.js", STAGED / "website")
    configuration = (ROOT / "website/mkdocs.yml").read_text(encoding="utf-8")
    (BUILD / "mkdocs.yml").write_text(configuration + "".join(addresses()), encoding="utf-8")


def stage(file: str) -> None:
    """Stage a file of the repository, and the files that it links to."""
    place = STAGED / place_of(file)
    if place.exists():
        return
    text = (ROOT / file).read_text(encoding="utf-8")
    if file.endswith(".md"):
        write(place_of(file), text)  # before its links, which can lead back to it
        write(place_of(file), LINK.sub(lambda link: staged_link(file, link), text))
    elif place.suffix == ".md":
        write(place_of(file), f"# `{file}`\n\n```{Path(file).suffix.removeprefix('.')}\n{text.rstrip()}\n```\n")
    else:
        write(place_of(file), text)


def place_of(file: str) -> str:
    """Return the place of a file in the website: its own, or that of a page with its content."""
    if file in PAGES:
        return PAGES[file]
    if file.startswith("docs/"):
        return file.removeprefix("docs/")
    return f"files/{file}" if file.endswith(".md") else f"files/{file}.md"


def staged_link(file: str, link: re.Match[str]) -> str:
    """Return a link of a page with its target in the website."""
    target, anchor = link["target"], link["anchor"] or ""
    if not target or re.match(r"[a-z]+:", target):
        return link[0]
    linked = (ROOT / file).parent.joinpath(target).resolve()
    if not linked.is_relative_to(ROOT) or not linked.is_file():
        sys.exit(f"{file}: the link to {target} has no target")
    name = linked.relative_to(ROOT).as_posix()
    stage(name)
    return f"]({relpath(place_of(name), Path(place_of(file)).parent.as_posix() or '.')}{anchor})"


def reference_pages() -> dict[str, str]:
    """Return the pages of the API reference, with a directive of mkdocstrings for each public name."""
    public = exported(ROOT / "ecr_constructs/__init__.py")
    listed = " ".join(REFERENCE.values()).split()
    if sorted(listed) != sorted(public):
        sys.exit(f"website/stage.py: REFERENCE differs from __all__ in {sorted(set(listed) ^ set(public))}")
    pages = {
        name: f"# {TITLES[name]}\n\n" + "\n".join(f"::: ecr_constructs.{each}\n" for each in names.split())
        for name, names in REFERENCE.items()
    }
    for name, source in {"assembly": "assembly/__init__.py", "testing": "testing/__init__.py"}.items():
        names = exported(ROOT / "ecr_constructs" / source)
        directives = "\n".join(f"::: ecr_constructs.{name}.{each}\n" for each in names)
        pages[name] = f"# ecr_constructs.{name}\n\n{directives}"
    return pages


def exported(path: Path) -> list[str]:
    """Return the names in `__all__` of a module, without an import."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    sys.exit(f"{path} has no __all__")


def addresses() -> list[str]:
    """Return the lines of the configuration for the public addresses that pyproject.toml has."""
    settings = tomli.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    urls = settings["tool"]["hatch"]["metadata"]["hooks"]["custom"]
    keys = {"repository-url": "repo_url", "site-url": "site_url"}
    return [f"\n{key}: {urls[name]}\n" for name, key in keys.items() if urls[name]]


def write(place: str, text: str) -> None:
    """Write a staged file."""
    path = STAGED / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
