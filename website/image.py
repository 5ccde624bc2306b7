"""
Render docs/images/preview.svg from the output of `ecr-constructs preview`.

`make image` writes the file. `--check` fails if the file is not the current output. The policy is the example in
docs/command.md.
"""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from ecr_constructs import Image
from ecr_constructs.testing import release_images, tagged, untagged_images

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "docs/images/preview.svg"
NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
COLUMNS = 118
# The fonts of the template are on another host. A viewer uses its own monospace font instead.
SVG_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def main() -> None:
    """Write the image, or compare it."""
    with tempfile.TemporaryDirectory() as folder:
        rendered = svg(preview(Path(folder)))
    if "--check" not in sys.argv:
        IMAGE.parent.mkdir(exist_ok=True)
        IMAGE.write_text(rendered, encoding="utf-8")
    elif IMAGE.read_text(encoding="utf-8") != rendered:
        sys.exit("docs/images/preview.svg is not the output of the command; run 'make image'")


def preview(folder: Path) -> str:
    """Return the output of the command for the policy of docs/command.md, with the colors of a terminal."""
    page = (ROOT / "docs/command.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (policy,) = [block for block in blocks if '"rules"' in block]
    images = [*release_images("release-1.{n}", count=36, until=NOW), *untagged_images(days=20, until=NOW)]
    images[20] = tagged(images[20], "production-2026-03")
    (folder / "policy.json").write_text(policy, encoding="utf-8")
    (folder / "images.json").write_text(json.dumps(listing(images)), encoding="utf-8")
    arguments = ["preview", "policy.json", "--images", "images.json", "--at", NOW.date().isoformat()]
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "FORCE_COLOR": "1", "PYTHONPATH": str(ROOT)}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "ecr_constructs", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout


def listing(images: Sequence[Image]) -> dict[str, object]:
    """Return images as `aws ecr describe-images` prints them."""
    details = [
        {
            "repositoryName": "prod/api",
            "imageDigest": image.digest,
            "imageTags": list(image.tags),
            "imageSizeInBytes": image.size,
            "imagePushedAt": image.pushed_at.isoformat(),
            "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        }
        for image in images
    ]
    return {"imageDetails": details}


def svg(output: str) -> str:
    """Render text with terminal colors as an SVG."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.from_ansi(output.rstrip("\n")))
    return console.export_svg(
        title="ecr-constructs preview policy.json --images images.json", code_format=SVG_FORMAT, unique_id="preview"
    )


if __name__ == "__main__":
    main()
