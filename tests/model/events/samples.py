"""
The sample events of the AWS documentation.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "samples"
# The records of AWS CloudTrail are no events: EventBridge delivers each in `detail`.
SAMPLES: Mapping[str, Mapping[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(_FOLDER.glob("*.json"))
    if not path.stem.startswith("cloudtrail_")
}


def changed(sample: str, path: str, value: object) -> dict[str, Any]:
    """Return a sample with another value at a path such as `detail.repositories.0.scan-frequency`."""
    event = deepcopy(dict(SAMPLES[sample]))
    _set(event, path, value)
    return event


def record(name: str) -> dict[str, Any]:
    """Return a record of AWS CloudTrail."""
    found: dict[str, Any] = json.loads((_FOLDER / f"cloudtrail_{name}.json").read_text(encoding="utf-8"))
    return found


def api_call(
    name: str, request: Mapping[str, Any], *, by: str = "CreateRepository", **values: object
) -> dict[str, Any]:
    """
    Return the event of another API call than that of the sample record.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-ct-api-tutorial.html
    """
    detail = {**record(by), "eventName": name, "requestParameters": request}
    for path, value in values.items():
        _set(detail, path.replace("__", "."), value)
    return {
        "version": "0",
        "id": "36eb8523-97d0-4518-b33d-ee3579ff19f0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.ecr",
        "account": "123456789012",
        "time": "2018-07-11T22:17:43Z",
        "region": "us-east-2",
        "resources": [],
        "detail": detail,
    }


def _set(document: Any, path: str, value: object) -> None:
    *parents, last = path.split(".")
    for key in parents:
        document = document[int(key) if isinstance(document, list) else key]
    document[last] = value
