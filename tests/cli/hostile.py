"""Malformed and malicious input for each kind of source."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

EVIL = "\x1b]0;owned\x07\x9b2J\x00\x7f\u202e\u2066\ud800"
POLICY: dict[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "description": EVIL,
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan",
                "countNumber": 2,
            },
            "action": {"type": "expire"},
        }
    ]
}
IMAGE: dict[str, Any] = {
    "repositoryName": "prod/api",
    "imageDigest": "sha256:" + "0" * 64,
    "imageTags": ["v1", "v2"],
    "imagePushedAt": "2026-01-01T00:00:00+00:00",
    "imageSizeInBytes": 1000,
    "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
}
LISTING: dict[str, Any] = {"imageDetails": [IMAGE]}


def template(**properties: object) -> dict[str, Any]:
    text = {"LifecyclePolicyText": json.dumps(POLICY)}
    repository = {"Type": "AWS::ECR::Repository", "Properties": {"LifecyclePolicy": text, **properties}}
    return {"Resources": {"Api": repository}}


# --- texts ----------------------------------------------------------------------------------------------------------


def _bomb(levels: int, first: str, again: Callable[[str], str]) -> str:
    lines = [f"a0: &a0 {first}"]
    lines += [f"a{level}: &a{level} {again(f'*a{level - 1}')}" for level in range(1, levels)]
    return "\n".join([*lines, f"rules: *a{levels - 1}"])


def _ten(alias: str) -> str:
    return f"[{', '.join([alias] * 10)}]"


YAML: Mapping[str, str] = {
    "aliases": _bomb(30, _ten("x"), _ten),
    "few aliases": _bomb(7, _ten("x"), _ten),
    "merge keys": _bomb(30, "{x: y}", lambda alias: f"{{<<: {_ten(alias)}}}"),
    "aliases of mappings": _bomb(30, "{x: y}", lambda alias: f"{{a: {alias}, b: {alias}, c: {alias}}}"),
    "aliases of a long text": "a: &a " + "x" * 100_000 + "\nrules: [" + "*a," * 100_000 + "]",
    "a chain of aliases": _bomb(5_000, "[x]", lambda alias: f"[{alias}]"),
    "an alias of itself": "rules: &a [*a]",
    "a mapping of itself": "&a {rules: *a}",
    "a merge of itself": "a: &a {<<: *a}",
    "an alias of nothing": "rules: *a",
    "a deep list": "rules: " + "[" * 100_000,
    "a deep mapping": "rules: " + "{a: " * 100_000,
    "deep lines": "rules:\n" + "".join(f"{' ' * depth}-\n" for depth in range(1, 1_200)),
    "deep questions": "? " * 100_000,
    "too many characters": "rules: " + "a" * 2**20,
    "a huge hexadecimal number": "rules: 0x" + "f" * 300_000,
    "a huge decimal number": "rules: " + "9" * 300_000,
    "a sexagesimal number": "rules: 1" + ":10" * 300_000,
    "a sexagesimal fraction": "rules: 1" + ":10" * 400 + ".5",
    "infinity": "rules: .inf",
    "no number": "rules: .nan",
    "a key that is no number": ".nan: 1",
    "a date that is none": "rules: !!timestamp 99999-01-01",
    "a date of text": "rules: !!timestamp x",
    "a date": "rules: 2026-01-01\n2026-01-01: x",
    "an empty number": "rules: !!int ''",
    "an empty fraction": "rules: !!float ''",
    "a number of a list": "rules: !!int [1]",
    "a truth of text": "rules: !!bool maybe",
    "bytes": "rules: !!binary aGk=",
    "bytes that are none": "rules: !!binary a",
    "a set": "rules: !!set {a, b}",
    "an ordered mapping": "rules: !!omap [a: 1]",
    "a text of a mapping": "rules: !!str {a: b}",
    "an object of Python": "rules: !!python/object/apply:os.system [id]",
    "a tag of a directive": "%TAG ! tag:yaml.org,2002:\n---\nrules: !int ''",
    "a tag with an escape": "Resources: {A: {Type: 'AWS::ECR::Repository', Properties: {LifecyclePolicy: "
    "{LifecyclePolicyText: !%1b]0;x 1}}}}",
    "a list as a key": "rules: {[a]: b}",
    "a mapping as a key": "? {a: b}\n: c",
    "a function as a key": "? !Ref x\n: c",
    "an escape": "rules: \x1b[31m",
    "half of a character": 'rules: "\\ud800"',
    "a character of control": "rules: \0",
    "many documents": "---\n" * 10_000,
    "a directive": "%YAML 9.9\n---\nrules: []",
    "a value key": "=: x",
    "a null": "!!null x",
    "nothing": "# a comment",
    "resources that are none": "Resources: 7",
    "a loop": "Resources: {'Fn::ForEach::X': [x, [AWS::ECR::Repository], {}]}",
}

JSON: Mapping[str, str] = {
    "a deep list": "[" * 100_000 + "]" * 100_000,
    "a deep object": '{"a":' * 100_000 + "1" + "}" * 100_000,
    "a deep value": '{"rules": ' + "[" * 400 + "]" * 400 + "}",
    "deep resources": '{"Resources": {"A": {"Type": "AWS::ECR::Repository", "Properties": '
    + '{"a":' * 300
    + "1"
    + "}" * 303,
    "a deep policy": json.dumps({"lifecyclePolicyText": "[" * 100_000, "repositoryName": "prod/api"}),
    "a deep rule": json.dumps({"lifecyclePolicyText": '{"rules": ' + "[" * 900 + "]" * 900 + "}"}),
    "a huge number": '{"rules": ' + "9" * 10_000 + "}",
    "a number beyond all": '{"rules": [{"rulePriority": 1e999}]}',
    "no number": '{"rules": [{"rulePriority": NaN, "selection": {"countNumber": Infinity}}]}',
    "keys twice": '{"rules": [], "rules": [' + '{"a": 1, "a": 2},' * 1_000 + "{}]}",
    "many keys": "{" + ",".join(f'"{number}": 1' for number in range(100_000)) + ', "rules": []}',
    "many rules": json.dumps({"rules": POLICY["rules"] * 3_000}),
    "many entries": json.dumps({"rules": [{"selection": {"tagPatternList": [f"v{n}" for n in range(50_000)]}}]}),
    "a long key": json.dumps({"rules": [], EVIL * 100: 1}),
    "evil keys": json.dumps({EVIL: EVIL, "rules": [{EVIL: EVIL, "selection": {EVIL: EVIL}, "action": EVIL}]}),
    "an evil name": json.dumps({"lifecyclePolicyText": "{}", "repositoryName": EVIL}),
    "an evil template": json.dumps(template(RepositoryName=EVIL, ImageTagMutability=EVIL)),
    "an evil function": json.dumps(template(LifecyclePolicy={"LifecyclePolicyText": {f"Fn::{EVIL}": EVIL}})),
    "an evil resource": json.dumps({"Resources": {EVIL: template()["Resources"]["Api"]}}),
    "odd resources": json.dumps({"Resources": {"A": None, "B": [], "C": {"Type": 7}, "Fn::ForEach": None}}),
    "odd properties": json.dumps({"Resources": {"A": {"Type": "AWS::ECR::Repository", "Properties": [EVIL]}}}),
    "a list": "[1, null, {}]",
    "a text": '"' + "x" * 1_000,
    "a null": "[null]",
    "nothing": "",
    "spaces": " \n\t",
    "the policy": json.dumps(POLICY),
    "the template": json.dumps(template()),
}

BYTES: Mapping[str, bytes] = {
    **{f"YAML: {name}": text.encode("utf-8", "surrogatepass") for name, text in YAML.items()},
    **{f"JSON: {name}": text.encode("utf-8", "surrogatepass") for name, text in JSON.items()},
    "UTF-16": json.dumps(POLICY).encode("utf-16"),
    "UTF-16 with half of a character": json.dumps(POLICY).encode("utf-16")[:-1],
    "UTF-32": json.dumps(POLICY).encode("utf-32"),
    "UTF-8 with a mark": b"\xef\xbb\xbf" + json.dumps(POLICY).encode(),
    "two users_by_image": b"\xef\xbb\xbf" * 2 + json.dumps(POLICY).encode(),
    "Latin 1": '{"rules": "\xe9"}'.encode("latin-1"),
    "half of a character": b'{"rules": "\xed\xa0\x80"}',
    "no text": bytes(range(256)),
    "zeros": bytes(10_000),
}

# The values of the fields of an image, and the documents in place of a listing.
FIELDS: Mapping[str, object] = {
    "imageDigest": [EVIL, 7, None, [], "", "x" * 10_000],
    "imageTags": [[EVIL], EVIL, 7, [[]], ["a" * 100_000], [None], ["a\x01b"]],
    "imagePushedAt": [EVIL, 1e308, -1e308, 10**400, "99999-01-01", "0001-01-01T00:00:00+23:59", "9999-12-31", True, []],
    "imageSizeInBytes": [10**400, 2**63, -1, 1.5, True, "1", 2**63 - 1],
    "imageManifestMediaType": [EVIL, 7, []],
    "subjectManifestDigest": [EVIL, 7, "sha256:" + "0" * 64],
    "imageStatus": [EVIL, "ARCHIVED", 7, []],
    "lastRecordedPullTime": [EVIL, 10**400, "0001-01-01"],
    "repositoryName": [EVIL, 7, "../../etc", "", []],
}


def listings() -> Iterator[tuple[str, bytes]]:
    """Yield malformed and unusual listings of images, each with a name."""
    yield from ((name, content) for name, content in BYTES.items() if not name.startswith("YAML"))
    for field, values in FIELDS.items():
        assert isinstance(values, list)
        for number, value in enumerate(values):
            yield f"{field} {number}", json.dumps({"imageDetails": [IMAGE | {field: value}]}).encode()
    for field in ("imagePushedAt", "imageSizeInBytes"):
        for word in ("NaN", "Infinity", "-Infinity", "1e999"):
            text = json.dumps({"imageDetails": [IMAGE | {field: "@"}]}).replace('"@"', word)
            yield f"{field} {word}", text.encode()
    yield "details that are none", b'{"imageDetails": {"imageDetails": 7}}'
    yield "nested pages", b'[{"imageDetails": [{"imageDetails": [{"imageDetails": []}]}]}]'
    yield "a token", json.dumps(LISTING | {"nextToken": EVIL}).encode()
    yield "many texts", b"1 " * 100_000
    yield "an image twice", json.dumps({"imageDetails": [IMAGE, IMAGE | {"imageTags": [EVIL]}]}).encode()


# --- folders --------------------------------------------------------------------------------------------------------


def _stack(file: object, **more: object) -> dict[str, Any]:
    return {"type": "aws:cloudformation:stack", "properties": {"templateFile": file, **more}}


def _nested(name: object) -> dict[str, Any]:
    return {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}}


def _nesting(*hashes: str) -> dict[str, Any]:
    resources = {
        f"N{number}": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": f"https://s3/{each}.json"}}
        for number, each in enumerate(hashes)
    }
    return {"Resources": resources}


MANIFESTS: Mapping[str, object] = {
    "a list": [],
    "a null": None,
    "a number": 7,
    "artifacts that are none": {"artifacts": [1]},
    "an artifact that is none": {"artifacts": {"A": None}},
    "an artifact of a list": {"artifacts": {"A": [EVIL]}},
    "properties that are none": {"artifacts": {"A": {"type": "aws:cloudformation:stack", "properties": [EVIL]}}},
    "a template that is no name": {"artifacts": {"A": _stack([EVIL])}},
    "a template with no name": {"artifacts": {"A": _stack("")}},
    "a name that is none": {"artifacts": {"A": _stack("It.json", stackName=[EVIL])}},
    "a file above": {"artifacts": {"A": _stack("../outside.json")}},
    "a file far above": {"artifacts": {"A": _stack("../" * 50 + "etc/passwd")}},
    "a file somewhere else": {"artifacts": {"A": _stack("/etc/passwd")}},
    "a file with a zero": {"artifacts": {"A": _stack("a\0b")}},
    "a file with half of a character": {"artifacts": {"A": _stack("\ud800")}},
    "a long name": {"artifacts": {"A": _stack("x" * 100_000)}},
    "an evil name": {"artifacts": {EVIL: _stack("It.json", stackName=EVIL)}},
    "a file that is not there": {"artifacts": {"A": _stack(EVIL.replace("\0", "").replace("\ud800", ""))}},
    "a device": {"artifacts": {"A": _stack("/dev/zero")}},
    "a link to a device": {"artifacts": {"A": _stack("zero.json")}},
    "a link to outside": {"artifacts": {"A": _stack("out.json")}},
    "a link to nothing": {"artifacts": {"A": _stack("dangling.json")}},
    "a link to itself": {"artifacts": {"A": _stack("loop.json")}},
    "a pipe": {"artifacts": {"A": _stack("pipe.json")}},
    "a socket": {"artifacts": {"A": _stack("socket.json")}},
    "a folder": {"artifacts": {"A": _stack("folder.json")}},
    "a link to the folder above": {"artifacts": {"A": _stack("above/outside.json")}},
    "nested in itself": {"artifacts": {"A": _nested(".")}},
    "nested in itself by another name": {"artifacts": {"A": _nested("../inside"), "B": _nested("./././")}},
    "nested outside": {"artifacts": {"A": _nested("..")}},
    "nested somewhere else": {"artifacts": {"A": _nested("/etc")}},
    "nested in a link": {"artifacts": {"A": _nested("above")}},
    "nested in a number": {"artifacts": {"A": _nested(7)}},
    "a stack in itself": {"artifacts": {"A": _stack("selfish.json")}},
    "stacks without end": {"artifacts": {"A": _stack("many.json")}},
    "a stack outside": {"artifacts": {"A": _stack("leaving.json")}},
    "deep properties": {"artifacts": {"A": _stack("deep.json")}},
}


def build_assembly(above: Path, manifest: object) -> Path:
    """Create a folder with all files that a manifest can name, and a file outside of the folder."""
    folder = above / "inside"
    folder.mkdir()
    (above / "outside.json").write_text(json.dumps(template(RepositoryName="somewhere/else")), encoding="utf-8")
    (folder / "It.json").write_text(json.dumps(template(RepositoryName=EVIL)), encoding="utf-8")
    (folder / "selfish.json").write_text(json.dumps(_nesting("selfish")), encoding="utf-8")
    (folder / "many.json").write_text(json.dumps(_nesting(*["many"] * 10)), encoding="utf-8")
    (folder / "leaving.json").write_text(json.dumps(_nesting("leaving")), encoding="utf-8")
    (folder / "deep.json").write_text(JSON["deep resources"], encoding="utf-8")
    assets = {"selfish": "selfish.json", "many": "many.json", "leaving": "../outside.json", "": "It.json"}
    files = {name: {"source": {"path": path}} for name, path in assets.items()}
    (folder / "It.assets.json").write_text(json.dumps({"files": files}), encoding="utf-8")
    (folder / "folder.json").mkdir()
    for name, target in {
        "zero.json": "/dev/zero",
        "out.json": "../outside.json",
        "dangling.json": "nothing",
        "loop.json": "loop.json",
        "above": "..",
    }.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe.json")
    make_socket(folder / "socket.json")
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def make_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)
