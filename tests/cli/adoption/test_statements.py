"""The statements of repository policies become `Access` values in the order of the policy."""

from __future__ import annotations

from pathlib import Path
from typing import get_args, get_type_hints

import aws_cdk as cdk
import pytest

from ecr_constructs import Access, HardenedRepository
from tests.cli.adoption.programs import adopt, synthesize, template_of, without_cdk
from tests.cli.adoption.test_program_templates import written

ACCOUNT = "444455556666"
# The subjects of intents that are not for an account.
SUBJECTS = {
    "organization": "o-abc1234567",
    "organizational_unit": "o-abc1234567/r-ab12/ou-ab12-11111111",
    "role": "arn:aws:iam::444455556666:role/deployer",
    "app_runner": "arn:aws:iam::444455556666:role/web-access",
}
INTENTS = get_args(get_type_hints(Access)["intent"])
EVERY = [
    Access(
        intent=each, subject=next((value for name, value in SUBJECTS.items() if each.startswith(f"{name}_")), ACCOUNT)
    )
    for each in INTENTS
]


@pytest.mark.parametrize("every", [EVERY[:8], EVERY[8:16], EVERY[16:], [*EVERY[-4:], *EVERY[:4]][::-1]])
def test_each_access_is_adopted_as_itself(every: list[Access], tmp_path: Path) -> None:
    def add(stack: cdk.Stack) -> None:
        HardenedRepository(stack, "Api", repository_name="prod/api", access=every)

    existing = written(tmp_path, add, account="111122223333", region="eu-west-1")
    program = adopt(existing, output=tmp_path / "program")

    source = "".join(path.read_text(encoding="utf-8") for path in program.glob("**/*.py"))
    for access in every:
        assert f"Access.{access.intent}(" in source
    assert "from_json" not in source
    new, old = (without_cdk(template_of(each))["Resources"] for each in (synthesize(program), existing))
    assert new == old
