"""A program whose `cdk deploy` never ends. It prints its port and its folder, and then deploys."""

import json
import signal
from pathlib import Path
from unittest.mock import patch
from urllib.parse import urlsplit

from tests.e2e.emulator import ACCOUNT, REGION, running_emulator
from tests.e2e.models import RegistryPolicy

STATEMENT = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "ecr:ReplicateImage", "Resource": "*"}
TEMPLATE = {
    "Resources": {
        "Policy": {
            "Type": RegistryPolicy.resource_type,
            "Properties": {"PolicyText": {"Version": "2012-10-17", "Statement": [STATEMENT]}},
        }
    }
}
# A cloud assembly with one stack and the minimum that the CLI requires.
MANIFEST = {
    "version": "36.0.0",
    "artifacts": {
        "Stack": {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{ACCOUNT}/{REGION}",
            "properties": {"templateFile": "Stack.template.json"},
        }
    },
}


def write_assembly(folder: Path) -> Path:
    folder.mkdir()
    (folder / "manifest.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    (folder / "Stack.template.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    return folder


if __name__ == "__main__":
    # A shell starts a command in the background with SIGINT ignored, and Python inherits it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with patch.object(RegistryPolicy, "is_created", return_value=False), running_emulator() as emulator:
        assembly = write_assembly(emulator.folder / "assembly")
        print(urlsplit(emulator.url).port, emulator.folder, flush=True)  # noqa: T201  (the test reads it)
        emulator.cdk("deploy", "--all", "--method=direct", "--require-approval=never", "--app", str(assembly))
