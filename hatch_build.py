"""Metadata that depends on the public address of the project: links of the package index, and those of the README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

_LABELS = {
    "Source": "",
    "Issues": "/issues",
    "Changelog": "/blob/main/CHANGELOG.md",
    "Security": "/security/policy",
}


class AddressHook(MetadataHookInterface):
    """Adds `readme` and `urls` from `repository-url` and `site-url` in pyproject.toml."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Add the fields that `dynamic` names."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        repository, site = self.config["repository-url"], self.config["site-url"]
        if repository:
            readme = with_absolute_links(readme, repository, f"v{metadata['version']}")
        metadata["readme"] = {"content-type": "text/markdown", "text": readme}
        metadata["urls"] = urls(repository, site)


def urls(repository: str, site: str) -> dict[str, str]:
    """Return the links of the package index; none without an address."""
    links = {label: repository + path for label, path in _LABELS.items()} if repository else {}
    return {"Documentation": site, **links} if site else links


def with_absolute_links(readme: str, repository: str, tag: str) -> str:
    """Return the README with links to the files of a release, because the package index does not have these files."""

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"
        return f"{link['image']}{link['text']}({repository}/{kind}/{tag}/{link['target']})"

    return re.sub(r"(?P<image>!?)(?P<text>\[[^\]]*\])\((?P<target>(?!https?:|#)[^)]+)\)", absolute, readme)
