"""Principals that IAM accepts, and those that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.model.iam.principals import principal_problems

ACCOUNT = "222233334444"
PARTITION = {"Ref": "AWS::Partition"}


each_element = pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])


def joined(*parts: Any) -> Mapping[str, Any]:
    return {"Fn::Join": ["", list(parts)]}


ACCEPTED: Mapping[str, object] = {
    "everyone": "*",
    "everyone as an ARN": {"AWS": "*"},
    "an account ID": {"AWS": ACCOUNT},
    "an account root": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
    "an account root in China": {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"},
    "a role": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/deployer"},
    "a role with a path": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecr.amazonaws.com/name"},
    "a user": {"AWS": f"arn:aws:iam::{ACCOUNT}:user/jane"},
    "a session": {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/session"},
    "a federated user": {"AWS": f"arn:aws:sts::{ACCOUNT}:federated-user/jane"},
    "a deleted role": {"AWS": "AROAEXAMPLEID12345678"},
    "several": {"AWS": [ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"], "Service": "lambda.amazonaws.com"},
    "a service": {"Service": "lambda.amazonaws.com"},
    "a service of a Region": {"Service": "logs.eu-west-1.amazonaws.com"},
    "a service in China": {"Service": "ec2.amazonaws.com.cn"},
    "an identity provider": {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/example"},
    "an identity provider of the web": {"Federated": "cognito-identity.amazonaws.com"},
    "a service of another domain": {"Service": "alexa-appkit.amazon.com"},
    "a service in an isolated partition": {"Service": "ec2.c2s.ic.gov"},
    "a service principal with a token": {"Service": joined("lambda.", {"Ref": "AWS::URLSuffix"})},
    "an account that may be left out": {
        "AWS": [ACCOUNT, {"Fn::If": ["Prod", "222233334444", {"Ref": "AWS::NoValue"}]}]
    },
    "a canonical user": {"CanonicalUser": "0123456789abcdef" * 4},
    "an account in any partition": {"AWS": joined("arn:", PARTITION, f":iam::{ACCOUNT}:root")},
    "an account that is a parameter": {"AWS": joined("arn:aws:iam::", {"Ref": "Account"}, ":root")},
    "a role that is a parameter": {"AWS": joined(f"arn:aws:iam::{ACCOUNT}:role/", {"Ref": "Role"})},
    "a role of the app": {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}},
    "a token": {"AWS": "${Token[TOKEN.7]}"},
    "a list that is a token": {"AWS": ["#{Token[TOKEN.8]}"]},
    "an ARN that begins with a token": {"AWS": "${Token[TOKEN.9]}:root"},
    "a substitution": {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}},
    "a choice at deployment": {"Fn::If": ["Prod", {"AWS": ACCOUNT}, {"AWS": "222233334444"}]},
}

REJECTED: Mapping[str, tuple[object, str]] = {
    "every principal of an account": ({"AWS": f"arn:aws:iam::{ACCOUNT}:*"}, "contains a wildcard"),
    "roles by a wildcard": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"}, "aws:PrincipalArn"),
    "one wildcard character": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/deployer?"}, "contains a wildcard"),
    "every session of a role": ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer/*"}, "contains a wildcard"),
    "the roots of all accounts": ({"AWS": "arn:aws:iam::*:root"}, "contains a wildcard"),
    "any partition": ({"AWS": f"arn:*:iam::{ACCOUNT}:root"}, "contains a wildcard"),
    "a wildcard after a token": ({"AWS": joined({"Fn::GetAtt": ["Role", "Arn"]}, "*")}, "contains a wildcard"),
    "a group": ({"AWS": f"arn:aws:iam::{ACCOUNT}:group/x"}, "is an IAM group"),
    "an account ARN without root": ({"AWS": f"arn:aws:iam::{ACCOUNT}"}, "is not an account, a role or a user"),
    "an account ARN with an empty resource": ({"AWS": f"arn:aws:iam::{ACCOUNT}:"}, "is not an account"),
    "an account ARN with other words": ({"AWS": f"arn:aws:iam::{ACCOUNT}:admin"}, "is not an account"),
    "a short account ID": ({"AWS": "12"}, "has 2 digits; an account ID has 12"),
    "a long account ID": ({"AWS": "1234567890123"}, "has 13 digits"),
    "an account ID with hyphens": ({"AWS": "2222-3333-4444"}, "is not an account"),
    "a short account in an ARN": (
        {"AWS": joined("arn:", PARTITION, ":iam::12:root")},
        "principal 'arn:${AWS::Partition}:iam::12:root' has the account '12'",
    ),
    "no account in an ARN": ({"AWS": "arn:aws:iam:::root"}, "has the account ''"),
    "a word": ({"AWS": "hello"}, "is not an account, a role or a user"),
    "an empty text": ({"AWS": ""}, "is not an account"),
    "a role without a name": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/"}, "is not an account"),
    "an instance profile": ({"AWS": f"arn:aws:iam::{ACCOUNT}:instance-profile/x"}, "is not an account"),
    "a policy": ({"AWS": f"arn:aws:iam::{ACCOUNT}:policy/x"}, "is not an account"),
    "an identity provider as an account": ({"AWS": f"arn:aws:iam::{ACCOUNT}:saml-provider/x"}, "is not an account"),
    "a session without a name": ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/deployer"}, "is not an account"),
    "a function": ({"AWS": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:f"}, "is a resource of 'lambda'"),
    "a Region in an ARN of IAM": ({"AWS": f"arn:aws:iam:eu-west-1:{ACCOUNT}:root"}, "names the Region"),
    "another partition": ({"AWS": f"arn:amazon:iam::{ACCOUNT}:root"}, "has the partition 'amazon'"),
    "text without a type": ("hello", "has no type"),
    "an account without a type": (ACCOUNT, "has no type"),
    "any service": ({"Service": "*"}, "contains a wildcard"),
    "services by a wildcard": ({"Service": "*.amazonaws.com"}, "contains a wildcard"),
    "a service without a domain": ({"Service": "lambda"}, "is malformed"),
    "a service as an ARN": ({"Service": f"arn:aws:iam::{ACCOUNT}:root"}, "is malformed"),
    "a name that is no service": ({"Service": "example.com"}, "is malformed"),
    "a role with a space": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a b"}, "is not an account"),
    "a role with a line break": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/a\n"}, "is not an account"),
    "a role with other letters": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/\u00e9"}, "is not an account"),
    "a role with a long name": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role/{'x' * 65}"}, "is not an account"),
    "a role with an empty path": ({"AWS": f"arn:aws:iam::{ACCOUNT}:role//x"}, "is not an account"),
    "a user by a policy variable": ({"AWS": f"arn:aws:iam::{ACCOUNT}:user/${{aws:username}}"}, "is not an account"),
    "a session with a path": ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/path/x/session"}, "is not an account"),
    "a session with a space": ({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/x/a b"}, "is not an account"),
    "a choice of a word": ({"AWS": {"Fn::If": ["Prod", ACCOUNT, "hello"]}}, "is not an account"),
    "a choice of principals": ({"Fn::If": ["Prod", {"AWS": ACCOUNT}, {"AWS": "12"}]}, "has 2 digits"),
    "a principal that is removed": ({"AWS": {"Ref": "AWS::NoValue"}}, "of the statement is empty"),
    "an account that is removed": (
        {"AWS": joined("arn:aws:iam::", {"Ref": "AWS::NoValue"}, ":root")},
        "has the account ''",
    ),
    "an empty mapping": ({}, "is empty"),
    "a word as an identity provider": ({"Federated": "hello"}, "is not an identity provider"),
    "a role as an identity provider": (
        {"Federated": f"arn:aws:iam::{ACCOUNT}:role/x"},
        "is not an identity provider",
    ),
    "any identity provider": ({"Federated": "*"}, "contains a wildcard"),
    "a type that does not exist": ({"Aws": ACCOUNT}, "principal type 'Aws' does not exist"),
    "no principals": ({"AWS": []}, "of the statement is empty"),
    "a canonical user with other letters": ({"CanonicalUser": "jane"}, "is malformed"),
}


@each_element
def test_a_principal_that_iam_accepts_has_no_problem(element: str) -> None:
    found = {name: list(principal_problems({element: principal})) for name, principal in ACCEPTED.items()}

    assert {name: problems for name, problems in found.items() if problems} == {}


@each_element
def test_a_principal_that_iam_does_not_accept_has_one_problem(element: str) -> None:
    for name, (principal, reason) in REJECTED.items():
        (problem,) = principal_problems({element: principal})

        assert reason in problem, name


def test_each_principal_has_a_problem_of_its_own() -> None:
    principal = {"AWS": [ACCOUNT, "hello", f"arn:aws:iam::{ACCOUNT}:*"], "Service": "lambda"}

    assert len(list(principal_problems({"Principal": principal}))) == 3
