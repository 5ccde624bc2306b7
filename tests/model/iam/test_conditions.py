"""Conditions that limit the principals or their network, and conditions that do not."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.iam.conditions import NARROWING_KEYS, narrows
from tests.model.iam.evaluator import Context, meets

ACCOUNT = "111122223333"
ORGANIZATION = "o-abc1234567"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"

NO_VALUE = {"Ref": "AWS::NoValue"}

# Values of which CloudFormation may make `*`, or which it may remove together with the key.
EVERY_ORGANIZATION: Mapping[str, object] = {
    "removed": NO_VALUE,
    "an empty list": [NO_VALUE],
    "removed by a choice": {"Fn::If": ["Prod", ORGANIZATION, NO_VALUE]},
    "removed by each choice of a list": [
        {"Fn::If": ["Prod", ORGANIZATION, NO_VALUE]},
        {"Fn::If": ["Test", ORGANIZATION, NO_VALUE]},
    ],
    "a choice": {"Fn::If": ["Prod", ORGANIZATION, "*"]},
    "a choice of lists": {"Fn::If": ["Prod", [ORGANIZATION], ["*"]]},
    "a choice in a choice": {"Fn::If": ["Prod", ORGANIZATION, {"Fn::If": ["Test", "*", ORGANIZATION]}]},
    "a choice in a list": [ORGANIZATION, {"Fn::If": ["Prod", ORGANIZATION, "*"]}],
    "a choice in a text": {"Fn::Join": ["", ["o-", {"Fn::If": ["Prod", "abc1234567", "*"]}]]},
    "a choice of parts": {"Fn::Join": ["", {"Fn::If": ["Prod", [ORGANIZATION], ["o-", "*"]]}]},
    "many choices in a text": {"Fn::Join": ["", ["o-", *[{"Fn::If": ["Prod", "abc", "def"]}] * 30]]},
    "a substitution": {"Fn::Sub": ["*", {}]},
    "a variable of a substitution": {"Fn::Sub": ["${Id}", {"Id": "*"}]},
    "a choice in a substitution": {"Fn::Sub": ["o-${Id}", {"Id": {"Fn::If": ["Prod", "abc1234567", "*"]}}]},
    "selected": {"Fn::Select": [1, [ORGANIZATION, "*"]]},
    "selected by a parameter": {"Fn::Select": [{"Ref": "Index"}, [ORGANIZATION, "*"]]},
    "selected from a text": {"Fn::Select": ["0", {"Fn::Split": [",", f"*,{ORGANIZATION}"]}]},
    "split": {"Fn::Split": [",", f"{ORGANIZATION},*"]},
}

NARROW: Mapping[str, Mapping[str, Any]] = {
    "an organization": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
    "two organizations": {"StringEquals": {"aws:PrincipalOrgID": [ORGANIZATION, "o-def1234567"]}},
    "an organization whose key has other letters": {"StringEquals": {"AWS:principalorgid": ORGANIZATION}},
    "an organization under StringLike": {"StringLike": {"aws:PrincipalOrgID": ORGANIZATION}},
    "an organization in any case": {"StringEqualsIgnoreCase": {"aws:PrincipalOrgID": ORGANIZATION}},
    "an organization that is a parameter": {"StringEquals": {"aws:PrincipalOrgID": {"Ref": "Organization"}}},
    "an organization that is a token": {"StringEquals": {"aws:PrincipalOrgID": "${Token[TOKEN.12]}"}},
    "an organizational unit": {
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": [f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"]}
    },
    "all of an organization by its path": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/*"}},
    "paths that must be present": {
        "ForAllValues:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/*"},
        "Null": {"aws:PrincipalOrgPaths": "false"},
    },
    "an organization that must be present": {
        "StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
        "Null": {"aws:PrincipalOrgID": False},
    },
    "an account": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}},
    "a role": {"ArnEquals": {"aws:PrincipalArn": ROLE}},
    "roles of an account": {"ArnLike": {"aws:PrincipalArn": f"arn:*:iam::{ACCOUNT}:role/*"}},
    "roles of an account under StringLike": {"StringLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
    "a role in any partition": {
        "ArnLike": {"aws:PrincipalArn": {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::{ACCOUNT}:*"]]}}
    },
    "a role of the app": {"ArnEquals": {"aws:PrincipalArn": {"Fn::GetAtt": ["Role", "Arn"]}}},
    "a role by its unique ID": {"StringLike": {"aws:userid": "AROAEXAMPLEID12345678:*"}},
    "a source account": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    "a source organization": {"StringEquals": {"aws:SourceOrgID": ORGANIZATION}},
    "a source": {"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{ACCOUNT}:function:*"}},
    "a bucket as a source": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::example-bucket"}},
    "a VPC": {"StringEquals": {"aws:SourceVpc": "vpc-0abc1234"}},
    "a VPC endpoint": {"StringEquals": {"aws:SourceVpce": "vpce-0abc12345678def90"}},
    "the account of a VPC endpoint": {"StringEquals": {"aws:VpceAccount": ACCOUNT}},
    "an address": {"IpAddress": {"aws:SourceIp": "203.0.113.7"}},
    "address ranges": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
    "a private range": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    "one key that narrows beside one that does not": {
        "StringLike": {"aws:PrincipalOrgID": "*"},
        "StringEquals": {"aws:SourceVpc": "vpc-0abc1234"},
    },
    "a choice of two organizations": {
        "StringEquals": {"aws:PrincipalOrgID": {"Fn::If": ["Prod", ORGANIZATION, "o-def1234567"]}}
    },
    "an organization and one that may be left out": {
        "StringEquals": {"aws:PrincipalOrgID": [ORGANIZATION, {"Fn::If": ["Prod", "o-def1234567", NO_VALUE]}]}
    },
    "an organization from a text in the template": {
        "StringEquals": {"aws:PrincipalOrgID": {"Fn::Select": [1, {"Fn::Split": ["/", f"x/{ORGANIZATION}"]}]}}
    },
    "an organization that is not resolved yet": {"StringEquals": {"aws:PrincipalOrgID": object()}},
    "a range whose address is a parameter": {"IpAddress": {"aws:SourceIp": {"Fn::Sub": "${Address}/32"}}},
    "all private ranges": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]}},
    "versions of a function of the app": {
        "ArnLike": {"aws:SourceArn": {"Fn::Join": ["", [{"Fn::GetAtt": ["Function", "Arn"]}, ":*"]]}}
    },
    "a bucket in any partition": {"ArnLike": {"aws:SourceArn": "arn:*:s3:::example-bucket"}},
    "one key of an operator that narrows": {
        "StringEquals": {"aws:PrincipalTag/team": "payments", "aws:PrincipalAccount": ACCOUNT}
    },
}

WIDE: Mapping[str, object] = {
    "nothing": None,
    "no operator": {},
    "an operator without keys": {"StringEquals": {}},
    "no values": {"StringEquals": {"aws:PrincipalOrgID": []}},
    "an empty value": {"StringEquals": {"aws:PrincipalOrgID": ""}},
    "encryption in transit": {"Bool": {"aws:SecureTransport": "true"}},
    "multi-factor authentication": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    "any AWS service": {"Bool": {"aws:PrincipalIsAWSService": "true"}},
    "every organization": {"StringLike": {"aws:PrincipalOrgID": "*"}},
    "organizations that begin with o": {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
    "a beginning of an organization": {"StringLike": {"aws:PrincipalOrgID": f"{ORGANIZATION}*"}},
    "one wildcard character": {"StringLike": {"aws:PrincipalOrgID": "o-abc123456?"}},
    "any organization": {"Null": {"aws:PrincipalOrgID": "false"}},
    "no organization": {"Null": {"aws:PrincipalOrgID": "true"}},
    "all but an organization": {"StringNotEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
    "an organization or none": {"StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION}},
    "an organization or a key that must be absent": {
        "StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
        "Null": {"aws:PrincipalOrgID": "true"},
    },
    "an organization or every one": {"StringEquals": {"aws:PrincipalOrgID": [ORGANIZATION, "*"]}},
    "all values, of which there may be none": {"ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
    "another key must be present": {
        "ForAllValues:StringEquals": {"aws:PrincipalOrgID": ORGANIZATION},
        "Null": {"aws:PrincipalAccount": "false"},
    },
    "the organization of the caller": {"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}},
    "the account of the caller": {"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}},
    "paths of any organization": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*"}},
    "a unit of any organization": {
        "ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/ou-ab12-11111111/*"}
    },
    "paths without the slash": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}*"}},
    "paths without a set operator": {"StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/*"}},
    "paths of which there may be none": {"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": f"{ORGANIZATION}/*"}},
    "a tag of the caller": {"StringEquals": {"aws:PrincipalTag/team": "payments"}},
    "the type of the caller": {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
    "the name of the caller": {"StringEquals": {"aws:username": "deployer"}},
    "accounts that begin alike": {"StringLike": {"aws:PrincipalAccount": "1111*"}},
    "an account that is a number of other length": {"StringEquals": {"aws:PrincipalAccount": "1111"}},
    "roles of that name in any account": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deployer"}},
    "every ARN": {"ArnLike": {"aws:PrincipalArn": "*"}},
    "an account after a wildcard that matches colons": {
        "StringLike": {"aws:PrincipalArn": f"arn:*:iam::{ACCOUNT}:role/deployer"}
    },
    "any bucket as a source": {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
    "any source": {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:*:function:*"}},
    "the resource": {"StringEquals": {"aws:ResourceAccount": ACCOUNT}},
    "the user agent": {"StringLike": {"aws:UserAgent": "docker/*"}},
    "the Region": {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
    "roles by their unique IDs": {"StringLike": {"aws:userid": "AROA*"}},
    "sessions of any role": {"StringLike": {"aws:userid": "*:session"}},
    "any VPC": {"StringLike": {"aws:SourceVpc": "vpc-*"}},
    "a private address": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}},
    "every address": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}},
    "every address of version 6": {"IpAddress": {"aws:SourceIp": "::/0"}},
    "a half of all addresses": {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}},
    "many ranges that are one broad range": {
        "IpAddress": {"aws:SourceIp": [f"{first}.0.0.0/8" for first in range(256)]}
    },
    "a range beside a broad one": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "128.0.0.0/2"]}},
    "all but a range": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    "every mapped address": {"IpAddress": {"aws:SourceIp": "::ffff:0.0.0.0/96"}},
    "text that is no range": {"IpAddress": {"aws:SourceIp": "203.0.113.0/99"}},
    "an address as text": {"StringEquals": {"aws:SourceIp": "203.0.113.7"}},
    "a caller of AWS KMS elsewhere": {"StringEquals": {"kms:CallerAccount": ACCOUNT}},
    "an operator that is known only at deployment": {"StringEquals": {"Fn::GetAtt": ["Condition", "Value"]}},
    "a condition that is known only at deployment": {"Fn::If": ["Prod", {}, {}]},
    **{
        f"an organization that may be {name}": {"StringLike": {"aws:PrincipalOrgID": value}}
        for name, value in EVERY_ORGANIZATION.items()
    },
    "presence that depends on a choice": {
        "StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
        "Null": {"aws:PrincipalOrgID": {"Fn::If": ["Prod", "false", "true"]}},
    },
    "presence of which nothing is written": {
        "StringEqualsIfExists": {"aws:PrincipalOrgID": ORGANIZATION},
        "Null": {"aws:PrincipalOrgID": NO_VALUE},
    },
    "a broad range whose address is a parameter": {"IpAddress": {"aws:SourceIp": {"Fn::Sub": "${Address}/7"}}},
    "a broad range of version 6 whose address is a parameter": {
        "IpAddress": {"aws:SourceIp": {"Fn::Join": ["", [{"Ref": "Address"}, "::/31"]]}}
    },
    "a range that holds the mapped addresses": {"IpAddress": {"aws:SourceIp": "::/64"}},
    "a half of all addresses in separate ranges": {
        "IpAddress": {"aws:SourceIp": [f"{first}.0.0.0/8" for first in range(0, 256, 2)]}
    },
    "many ranges of version 6": {"IpAddress": {"aws:SourceIp": [f"2001:{2 * second:x}::/32" for second in range(17)]}},
    "a bucket after a wildcard that matches colons": {"StringLike": {"aws:SourceArn": "arn:*:s3:::example-bucket"}},
    "a parameter and wildcards for the rest of an ARN": {
        "ArnLike": {"aws:PrincipalArn": {"Fn::Join": ["", [{"Ref": "Start"}, ":*:*:*"]]}}
    },
    "an operator of the wrong type": {"ArnLike": {"aws:PrincipalOrgID": ORGANIZATION}},
}


def test_a_condition_with_a_fixed_value_narrows() -> None:
    assert [name for name, condition in NARROW.items() if not narrows(condition)] == []


def test_a_condition_that_everyone_can_meet_does_not_narrow() -> None:
    assert [name for name, condition in WIDE.items() if narrows(condition)] == []


def test_the_caller_account_narrows_in_a_key_policy_only() -> None:
    condition = {"StringEquals": {"kms:CallerAccount": ACCOUNT, "kms:ViaService": "ecr.eu-west-1.amazonaws.com"}}

    assert narrows(condition, in_key_policy=True)
    assert not narrows(condition)
    assert not narrows({"StringEquals": {"kms:ViaService": "ecr.eu-west-1.amazonaws.com"}}, in_key_policy=True)


# Requests from outside: without credentials, from an account of another organization, and with names that are chosen
# to look like those of the account.
STRANGERS: Mapping[str, Context] = {
    "anonymous": {"aws:SourceIp": "198.51.100.77", "aws:SecureTransport": "true"},
    "another account": {
        "aws:SourceIp": "198.51.100.77",
        "aws:PrincipalOrgID": "o-zzz9999999",
        "aws:PrincipalOrgPaths": ["o-zzz9999999/r-ab12/ou-ab12-11111111/"],
        "aws:PrincipalAccount": "999999999999",
        "aws:PrincipalArn": "arn:aws:iam::999999999999:role/deployer",
        "aws:PrincipalTag/team": "payments",
        "aws:userid": "AROAZZZZZZZZZZZZZZZZZ:session",
        "aws:SourceVpc": "vpc-0fff9999",
        "aws:SourceVpce": "vpce-0fff9999",
        "aws:SecureTransport": "true",
    },
    "another account with chosen names": {
        "aws:SourceIp": "2001:db9::1",
        "aws:PrincipalOrgID": "o-abc12345678",
        "aws:PrincipalOrgPaths": ["o-abc12345678/r-ab12/"],
        "aws:PrincipalAccount": "999999999999",
        "aws:PrincipalArn": f"arn:aws:iam::999999999999:role/x:iam::{ACCOUNT}:role/deployer",
        "aws:userid": "AROAZZZZZZZZZZZZZZZZZ:AROAEXAMPLEID12345678",
        "aws:SecureTransport": "true",
    },
    "a service for another account": {
        "aws:SourceArn": f"arn:aws:lambda:eu-west-1:999999999999:function:{ACCOUNT}:function:x",
        "aws:SourceAccount": "999999999999",
        "aws:SourceOrgID": "o-zzz9999999",
        "aws:PrincipalIsAWSService": "true",
    },
    "a service for a bucket of another account": {
        "aws:SourceArn": "arn:aws:s3:::other",
        "aws:SourceAccount": "999999999999",
    },
}

_OPERATORS = ["StringEquals", "StringLike", "ArnLike", "IpAddress", "StringNotEquals", "ArnNotLike", "NotIpAddress"]
_values = st.sampled_from(
    [
        *(
            value
            for case in (*NARROW.values(), *filter(None, WIDE.values()))
            for value in re.findall(r"'([^']+)'", str(case))
        ),
        "o-abc*",
        "*",
        "?*",
        "999999999999",
    ]
)
_conditions = st.dictionaries(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "", "ForAnyValue:", "ForAllValues:"]),
        st.sampled_from(_OPERATORS),
        st.sampled_from(["", "", "IfExists"]),
    )
    | st.just("Null"),
    st.dictionaries(
        st.sampled_from([key.name for key in NARROWING_KEYS] + ["aws:SecureTransport"]),
        st.lists(_values, min_size=1, max_size=3) | st.sampled_from(["true", "false"]),
        max_size=2,
    ),
    max_size=3,
)


@given(_conditions)
def test_no_foreign_request_meets_a_condition_that_narrows(condition: Mapping[str, Mapping[str, object]]) -> None:
    # The values of these requests are legal values, with which they match.
    if "999999999999" in str(condition) or "zzz" in str(condition).lower():
        return
    if narrows(condition):
        assert [name for name, request in STRANGERS.items() if meets(condition, request)] == []


def test_each_foreign_request_meets_a_condition_that_does_not_narrow() -> None:
    wide = [case for case in WIDE.values() if case and "Fn::" not in str(case)]

    assert all(any(meets(case, request) for case in wide) for request in STRANGERS.values())  # type: ignore[arg-type]


def test_the_page_of_policies_has_every_key_and_form() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "policies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `((?:aws|kms):\w+)`( \(key policies only\))? \| (.*) \| (.*) \|$", page, re.MULTILINE)

    assert [(key, form) for key, _, _, form in rows] == [(key.name, key.form) for key in NARROWING_KEYS]
    assert [bool(only) for _, only, _, _ in rows] == [key.key_policies_only for key in NARROWING_KEYS]
    assert [("ForAnyValue:" in text) for _, _, text, _ in rows] == [key.is_multivalued for key in NARROWING_KEYS]
    for (_, _, operators, _), key in zip(rows, NARROWING_KEYS, strict=True):
        assert {family for family in ("String", "Arn", "IpAddress") if f"`{family}" in operators} == set(key.families)
