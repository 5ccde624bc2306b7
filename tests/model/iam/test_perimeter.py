"""`Perimeter`: the requests that its policies deny, with the requests of AWS services that they do not."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from ecr_constructs import EcrConstructsError, InvalidPerimeter, Perimeter
from ecr_constructs.model.iam.actions import matches_action
from ecr_constructs.model.iam.evaluation import Requester, evaluate_access
from ecr_constructs.model.iam.permissions import CACHE_PULL, PULL
from ecr_constructs.model.iam.policies import registry_statement_problems, repository_statement_problems
from ecr_constructs.model.wildcards import overlaps
from tests.model.iam.evaluator import Context, meets

OURS, THEIRS = "o-abc1234567", "o-other123456"
HERE, MEMBER, PARTNER, STRANGER, ADDONS = (
    "111122223333",
    "222233334444",
    "444455556666",
    "999988887777",
    "602401143452",
)
VPC, OTHER_VPC = "vpc-0123456789abcdef0", "vpc-0fedcba9876543210"
ENDPOINT, OTHER_ENDPOINT = "vpce-0123456789abcdef0", "vpce-0fedcba9876543210"
OFFICE, HOME = "203.0.113.7", "198.51.100.7"
ORGANIZATION = Perimeter(organization=OURS)
NETWORKS = Perimeter(organization=OURS, endpoints=[OURS])
UNKNOWN_LIST = "#{Token[TOKEN.7]}"
SLR = "role/aws-service-role/{}.amazonaws.com/AWSServiceRoleFor"

Policy = Callable[[Perimeter], Sequence[Mapping[str, Any]]]


def organization_policy(text: str) -> Sequence[Mapping[str, Any]]:
    statements: Sequence[Mapping[str, Any]] = json.loads(text)["Statement"]
    return statements


# The policies of a resource. An RCP and a registry policy apply to all repositories of an account.
RESOURCE_POLICIES: Mapping[str, Policy] = {
    "repository": lambda perimeter: perimeter.repository_statements(HERE),
    "registry": lambda perimeter: perimeter.registry_statements(HERE),
    "RCP": lambda perimeter: organization_policy(perimeter.resource_control_policy()),
}
NETWORK_POLICIES: Mapping[str, Policy] = {
    **RESOURCE_POLICIES,
    "SCP": lambda perimeter: organization_policy(perimeter.service_control_policy()),
}
each_resource_policy = pytest.mark.parametrize("policy", RESOURCE_POLICIES.values(), ids=RESOURCE_POLICIES)
each_network_policy = pytest.mark.parametrize("policy", NETWORK_POLICIES.values(), ids=NETWORK_POLICIES)


def principal(
    account: str = MEMBER, organization: str | None = OURS, resource: str = "role/app", **request: str
) -> Context:
    """Return a request of a role or user, made directly through a public endpoint from an unknown address."""
    return {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": f"arn:aws:iam::{account}:{resource}",
        **({"aws:PrincipalOrgID": organization} if organization else {}),
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:ResourceOrgID": OURS,
        "aws:ResourceAccount": HERE,
        **({} if "aws:SourceVpce" in request else {"aws:SourceIp": HOME}),
        **request,
    }


def service(account: str | None = None, organization: str | None = None) -> Context:
    """Return a request of a service principal on behalf of a resource of an account, if it passes one."""
    return {
        "aws:PrincipalIsAWSService": "true",
        "aws:ViaAWSService": "false",
        "aws:PrincipalServiceName": "lambda.amazonaws.com",
        **({"aws:SourceAccount": account} if account else {}),
        **({"aws:SourceOrgID": organization} if organization else {}),
    }


def through(endpoint: str = ENDPOINT, *, vpc: str = VPC, account: str = MEMBER, organization: str = OURS) -> Context:
    """Return a request of a role of the organization through a VPC endpoint."""
    network = {
        "aws:SourceVpce": endpoint,
        "aws:SourceVpc": vpc,
        "aws:SourceVpcArn": f"arn:aws:ec2:eu-west-1:{account}:vpc/{vpc}",
        "aws:VpceAccount": account,
        "aws:VpceOrgID": organization,
    }
    return principal(**network)


def denies(
    statements: Sequence[Mapping[str, Any]],
    request: Context,
    action: str = "ecr:BatchGetImage",
    resource: str = f"arn:aws:ecr:eu-west-1:{HERE}:repository/api",
) -> bool:
    return any(
        each["Effect"] == "Deny" and applies(each, action, resource) and meets(each["Condition"], request)
        for each in (({"Condition": {}, **one}) for one in statements)
    )


def allows(policy: Mapping[str, Any], request: Context, action: str, resource: str) -> bool:
    return any(
        each["Effect"] == "Allow" and applies(each, action, resource) and meets(each["Condition"], request)
        for each in policy["Statement"]
    )


def applies(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    actions = statement.get("Action") or statement["NotAction"]
    names = any(matches_action(each, action) for each in actions)
    resources = statement.get("Resource", statement.get("NotResource", "*"))
    matches = any(overlaps(each, resource) for each in ([resources] if isinstance(resources, str) else resources))
    return names == ("Action" in statement) and matches == ("NotResource" not in statement)


class TestIdentities:
    @each_resource_policy
    @pytest.mark.parametrize(
        ("request_", "denied"),
        [
            (principal(), False),
            (principal(STRANGER, THEIRS), True),
            (principal(STRANGER, None), True),
            # A service-linked role of another organization, as for replication. RCPs do not apply to it.
            (principal(STRANGER, THEIRS, f"{SLR.format('replication.ecr')}ECRReplication"), True),
            (principal(MEMBER, OURS, f"{SLR.format('replication.ecr')}ECRReplication"), False),
            # A request without a signature.
            ({"aws:SourceIp": HOME}, True),
            # A service principal, such as AWS Lambda, that passes no account, or one of the organization.
            (service(), False),
            (service(MEMBER, OURS), False),
            (service(STRANGER, THEIRS), True),
            (service(STRANGER), True),
        ],
    )
    def test_only_the_organization_and_services_on_its_behalf_are_not_denied(
        self, policy: Policy, request_: Context, *, denied: bool
    ) -> None:
        for action in ("ecr:BatchGetImage", "ecr:ReplicateImage", "ecr:SetRepositoryPolicy"):
            assert denies(policy(ORGANIZATION), request_, action) is denied, action

    @each_resource_policy
    def test_trusted_accounts_outside_the_organization_are_not_denied(self, policy: Policy) -> None:
        trusting = Perimeter(organization=OURS, accounts=[PARTNER])

        for request in (principal(PARTNER, THEIRS), service(PARTNER, THEIRS), service(PARTNER)):
            assert denies(policy(ORGANIZATION), request)
            assert not denies(policy(trusting), request)
            assert denies(policy(trusting), principal(STRANGER, THEIRS))

    @pytest.mark.parametrize("policy", ["repository", "registry"])
    @pytest.mark.parametrize("action", ["ecr:SetRepositoryPolicy", "ecr:DeleteRepository", "ecr:PutRegistryPolicy"])
    def test_the_account_itself_is_not_locked_out_if_it_leaves_the_organization(self, policy: str, action: str) -> None:
        statements = RESOURCE_POLICIES[policy](NETWORKS)

        for organization in (None, THEIRS):
            for resource in ("root", "role/admin", "role/cdk-hnb659fds-cfn-exec-role"):
                assert not denies(statements, principal(HERE, organization, resource), action)
            assert not denies(statements, service(HERE, organization), action)

    def test_a_registry_policy_of_scope_v1_has_only_its_actions_and_no_networks(self) -> None:
        statements = NETWORKS.registry_statements(HERE, scope="V1")

        assert {action for each in statements for action in each["Action"]} == {
            "ecr:BatchImportUpstreamImage",
            "ecr:CreateRepository",
            "ecr:ReplicateImage",
        }
        assert denies(statements, principal(STRANGER, THEIRS), "ecr:ReplicateImage")
        assert not denies(statements, principal(), "ecr:ReplicateImage")


class TestNetworks:
    @each_network_policy
    @pytest.mark.parametrize(
        ("options", "expected", "other"),
        [
            ({"networks": ["203.0.113.0/24"]}, principal(**{"aws:SourceIp": OFFICE}), principal()),
            ({"networks": ["2001:db8::/32"]}, principal(**{"aws:SourceIp": "2001:db8::1"}), principal()),
            ({"networks": [VPC]}, through(), through(vpc=OTHER_VPC)),
            (
                {"networks": [f"arn:aws:ec2:eu-west-1:{MEMBER}:vpc/{VPC}"]},
                through(),
                through(account=STRANGER, organization=THEIRS),
            ),
            ({"endpoints": [ENDPOINT]}, through(), through(OTHER_ENDPOINT)),
            ({"endpoints": [MEMBER]}, through(), through(account=STRANGER)),
            ({"endpoints": [OURS]}, through(), through(organization=THEIRS)),
        ],
        ids=["IPv4", "IPv6", "VPC", "VPC ARN", "endpoint", "account", "organization"],
    )
    def test_images_are_denied_from_all_networks_but_the_expected_one(
        self, policy: Policy, options: dict[str, Any], expected: Context, other: Context
    ) -> None:
        statements = policy(Perimeter(organization=OURS, **options))

        for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage", "ecr:UploadLayerPart"):
            assert not denies(statements, expected, action)
            assert denies(statements, other, action)
            assert denies(statements, principal(), action)

    @each_network_policy
    def test_each_of_several_expected_networks_is_enough(self, policy: Policy) -> None:
        statements = policy(
            Perimeter(organization=OURS, networks=["203.0.113.0/24", OTHER_VPC], endpoints=[ENDPOINT, PARTNER])
        )

        for request in (
            principal(**{"aws:SourceIp": OFFICE}),
            through(OTHER_ENDPOINT, vpc=OTHER_VPC),
            through(),
            through(OTHER_ENDPOINT, account=PARTNER),
        ):
            assert not denies(statements, request)
        assert denies(statements, through(OTHER_ENDPOINT))

    @each_network_policy
    @pytest.mark.parametrize(
        "request_",
        [
            # AWS CloudFormation and AWS Lambda with the credentials of the caller.
            principal(**{"aws:ViaAWSService": "true", "aws:SourceIp": "lambda.amazonaws.com"}),
            # Caches, replication and Amazon Inspector.
            principal(resource=f"{SLR.format('pullthroughcache.ecr')}ECRPullThroughCache"),
            principal(resource=f"{SLR.format('replication.ecr')}ECRReplication"),
            principal(resource=f"{SLR.format('inspector2')}AmazonInspector2"),
            {
                **principal(resource=f"{SLR.format('replication.ecr')}ECRReplication"),
                "aws:PrincipalArn": f"arn:aws-cn:iam::{MEMBER}:{SLR.format('replication.ecr')}ECRReplication",
            },
        ],
    )
    def test_aws_services_that_act_for_the_organization_can_use_their_own_networks(
        self, policy: Policy, request_: Context
    ) -> None:
        assert not denies(policy(NETWORKS), request_, "ecr:PutImage")
        assert not denies(policy(NETWORKS), request_, "ecr:BatchGetImage")

    @each_resource_policy
    def test_a_service_principal_can_use_its_own_network(self, policy: Policy) -> None:
        assert not denies(policy(NETWORKS), service())

    @each_network_policy
    def test_excluded_roles_can_use_any_network(self, policy: Policy) -> None:
        excluding = Perimeter(organization=OURS, endpoints=[OURS], except_for=["arn:aws:iam::*:role/codebuild-*"])
        builder = principal(resource="role/codebuild-api")

        assert denies(policy(NETWORKS), builder)
        assert not denies(policy(excluding), builder)
        assert denies(policy(excluding), principal(resource="role/build"))
        assert denies(policy(excluding), principal(resource="user/codebuild-api"))

    @each_network_policy
    def test_administration_is_possible_from_any_network(self, policy: Policy) -> None:
        for action in (
            "ecr:SetRepositoryPolicy",
            "ecr:DeleteRepositoryPolicy",
            "ecr:PutRegistryPolicy",
            "ecr:CreateRepository",
            "ecr:DeleteRepository",
            "ecr:DescribeImages",
        ):
            assert not denies(policy(NETWORKS), principal(), action), action

    @each_network_policy
    def test_without_networks_and_endpoints_every_network_is_expected(self, policy: Policy) -> None:
        assert not denies(policy(ORGANIZATION), principal())


class TestServiceControlPolicy:
    def test_the_organization_cannot_use_registries_of_others(self) -> None:
        statements = organization_policy(Perimeter(organization=OURS).service_control_policy())
        theirs: Mapping[str, str] = {"aws:ResourceOrgID": THEIRS, "aws:ResourceAccount": STRANGER}
        arn = f"arn:aws:ecr:eu-west-1:{STRANGER}:repository/api"
        alone = {key: value for key, value in principal().items() if key != "aws:ResourceOrgID"}

        assert not denies(statements, principal())
        for action in ("ecr:PutImage", "ecr:BatchGetImage"):
            assert denies(statements, principal(**theirs), action, arn)
            assert denies(statements, alone, action, arn)

    def test_other_registries_that_are_given_are_for_pulls_only(self) -> None:
        statements = organization_policy(Perimeter(organization=OURS, registries=[ADDONS]).service_control_policy())
        request = principal(**{"aws:ResourceOrgID": THEIRS, "aws:ResourceAccount": ADDONS})
        arn = f"arn:aws:ecr:eu-west-1:{ADDONS}:repository/eks/coredns"

        # The role of a pull-through cache needs the actions of CACHE_PULL in the registry of its upstream.
        for action in (*PULL, *CACHE_PULL):
            assert not denies(statements, request, action, arn)
        for action in ("ecr:PutImage", "ecr:UploadLayerPart", "ecr:SetRepositoryPolicy"):
            assert denies(statements, request, action, arn)
        assert not denies(statements, principal(), "ecr:PutImage")

    @pytest.mark.parametrize("action", ["ecr:GetAuthorizationToken", "ecr:PutReplicationConfiguration"])
    def test_actions_without_a_repository_are_not_denied(self, action: str) -> None:
        request = {key: value for key, value in principal().items() if not key.startswith("aws:Resource")}

        assert not denies(organization_policy(NETWORKS.service_control_policy()), request, action, "-")


class TestEndpoints:
    POLICY = Perimeter(organization=OURS, accounts=[PARTNER], registries=[ADDONS]).endpoint_policy()

    @pytest.mark.parametrize(
        ("who", "owner", "action", "allowed"),
        [
            ((MEMBER, OURS), (HERE, OURS), "ecr:BatchGetImage", True),
            ((MEMBER, OURS), (HERE, OURS), "ecr:PutImage", True),
            ((MEMBER, OURS), (STRANGER, THEIRS), "ecr:BatchGetImage", False),
            ((MEMBER, OURS), (STRANGER, THEIRS), "ecr:PutImage", False),
            ((STRANGER, THEIRS), (HERE, OURS), "ecr:BatchGetImage", False),
            ((STRANGER, THEIRS), (STRANGER, THEIRS), "ecr:PutImage", False),
            ((PARTNER, THEIRS), (HERE, OURS), "ecr:BatchGetImage", True),
            ((PARTNER, THEIRS), (PARTNER, THEIRS), "ecr:PutImage", False),
            ((MEMBER, OURS), (ADDONS, THEIRS), "ecr:BatchGetImage", True),
            ((MEMBER, OURS), (ADDONS, THEIRS), "ecr:PutImage", False),
        ],
    )
    def test_only_trusted_identities_reach_trusted_registries(
        self, who: tuple[str, str], owner: tuple[str, str], action: str, *, allowed: bool
    ) -> None:
        request = principal(*who, **{"aws:ResourceAccount": owner[0], "aws:ResourceOrgID": owner[1]})
        arn = f"arn:aws:ecr:eu-west-1:{owner[0]}:repository/api"

        assert allows(self.POLICY, request, action, arn) is allowed

    @pytest.mark.parametrize(
        ("who", "allowed"), [((MEMBER, OURS), True), ((PARTNER, THEIRS), True), ((STRANGER, THEIRS), False)]
    )
    def test_only_trusted_identities_log_in(self, who: tuple[str, str], *, allowed: bool) -> None:
        request = {key: value for key, value in principal(*who).items() if not key.startswith("aws:Resource")}

        assert allows(self.POLICY, request, "ecr:GetAuthorizationToken", "-") is allowed

    @pytest.mark.parametrize(
        ("region", "arn"),
        [
            ("eu-west-1", "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*"),
            ("us-gov-west-1", "arn:aws-us-gov:s3:::prod-us-gov-west-1-starport-layer-bucket/*"),
            ("${Token[AWS.Region.4]}", "arn:*:s3:::prod-${Token[AWS.Region.4]}-starport-layer-bucket/*"),
        ],
    )
    def test_the_gateway_endpoint_reads_the_bucket_of_the_layers_only(self, region: str, arn: str) -> None:
        (statement,) = Perimeter.layer_policy(region)["Statement"]

        assert (statement["Effect"], statement["Action"], statement["Resource"]) == ("Allow", "s3:GetObject", arn)
        assert "Condition" not in statement


EVERYTHING = Perimeter(
    organization=OURS,
    networks=["203.0.113.0/24", VPC, f"arn:aws:ec2:eu-west-1:{MEMBER}:vpc/{VPC}"],
    endpoints=[ENDPOINT, MEMBER, OURS],
    accounts=[PARTNER],
    registries=[ADDONS],
    except_for=["arn:aws:iam::*:role/codebuild-*"],
)


class TestTheTexts:
    def test_ecr_accepts_the_statements(self) -> None:
        for each in EVERYTHING.repository_statements(HERE):
            assert list(repository_statement_problems(each, HERE, "eu-west-1")) == []
        for each in EVERYTHING.registry_statements(HERE):
            assert list(registry_statement_problems(each, HERE, "eu-west-1")) == []

    def test_the_evaluation_of_the_package_reads_the_statements_in_the_same_way(self) -> None:
        def outcome(request: Context) -> str:
            context = {key.lower(): str(value) for key, value in request.items()}
            requester = Requester(
                kind="AWS",
                name=request["aws:PrincipalArn"],
                account=str(request["aws:PrincipalAccount"]),
                context=context,
            )
            allow = {"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}
            return evaluate_access(
                [allow, *ORGANIZATION.repository_statements(HERE)], requester, "ecr:PutImage"
            ).outcome

        # The evaluation counts a key that is not given as unknown, so `allowed` is not possible.
        assert outcome(principal(STRANGER, THEIRS)) == "denied"
        assert outcome(principal()) != "denied"

    def test_an_rcp_has_the_elements_that_organizations_accepts(self) -> None:
        """https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps_syntax.html ."""
        for each in organization_policy(EVERYTHING.resource_control_policy()):
            assert (each["Effect"], each["Principal"], each["Resource"]) == ("Deny", "*", "*")
            assert set(each) == {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
            assert all(action.startswith("ecr:") for action in each["Action"])

    def test_an_scp_has_no_principal_and_only_denies(self) -> None:
        for each in organization_policy(EVERYTHING.service_control_policy()):
            assert each["Effect"] == "Deny"
            assert "Principal" not in each

    @pytest.mark.parametrize(
        ("render", "maximum"),
        [(Perimeter.service_control_policy, 10_240), (Perimeter.resource_control_policy, 5_120)],
    )
    def test_a_text_of_organizations_has_at_most_the_characters_that_aws_allows(
        self, render: Callable[[Perimeter], str], maximum: int
    ) -> None:
        def perimeter(count: int) -> Perimeter:
            return Perimeter(organization=OURS, endpoints=[f"vpce-{number:017x}" for number in range(count)])

        # Each endpoint adds 25 characters: its ID of 22, quotation marks and a comma.
        most = 1 + (maximum - len(render(perimeter(1)))) // 25
        assert maximum - 25 < len(render(perimeter(most))) <= maximum
        with pytest.raises(InvalidPerimeter, match=rf"control policy has \d+ characters; AWS allows {maximum}, so use"):
            render(perimeter(most + 1))
        assert perimeter(most + 1).repository_statements(HERE)

    def test_an_endpoint_policy_has_at_most_20480_characters(self) -> None:
        # Each account is in two statements, with quotation marks and a comma.
        with pytest.raises(InvalidPerimeter, match=r"VPC endpoints has \d+ characters; AWS allows 20480"):
            Perimeter(organization=OURS, accounts=[f"{number:012}" for number in range(700)]).endpoint_policy()

    def test_equal_perimeters_have_equal_texts(self) -> None:
        assert Perimeter(organization=OURS, networks=[VPC, VPC]) == Perimeter(organization=OURS, networks=(VPC,))
        assert EVERYTHING.resource_control_policy() == EVERYTHING.resource_control_policy()

    def test_a_changed_document_does_not_change_the_next(self) -> None:
        EVERYTHING.endpoint_policy()["Statement"][2]["Condition"]["StringEquals"].clear()
        EVERYTHING.repository_statements(HERE)[0]["Condition"]["StringNotEqualsIfExists"].clear()

        assert EVERYTHING.endpoint_policy()["Statement"][2]["Condition"]["StringEquals"]
        assert EVERYTHING.repository_statements(HERE)[0]["Condition"]["StringNotEqualsIfExists"]


class TestValues:
    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            ({"organization": "111122223333"}, "organization '111122223333' is not well formed"),
            ({"networks": ["corp"]}, "networks: 'corp' is not an address range, the ARN of a VPC or its ID"),
            ({"networks": [ENDPOINT]}, "networks: 'vpce-0123456789abcdef0' is not an address range"),
            ({"networks": ["vpc-123"]}, "networks: 'vpc-123' is not"),
            ({"networks": ["10.0.0.0/16"]}, "'10.0.0.0/16' is a range of private addresses"),
            ({"networks": ["fd00::/48"]}, "'fd00::/48' is a range of private addresses"),
            ({"networks": ["0.0.0.0/0"]}, "the ranges 0.0.0.0/0 are too broad"),
            ({"networks": ["::/0"]}, "the ranges ::/0 are too broad"),
            ({"networks": ["0.0.0.0/1", "128.0.0.0/1"]}, "the ranges 0.0.0.0/1, 128.0.0.0/1 are too broad"),
            ({"endpoints": [VPC]}, "endpoints: 'vpc-0123456789abcdef0' is not the ID of a VPC endpoint"),
            ({"accounts": ["1234"]}, "accounts: account '1234' is not well formed"),
            ({"registries": ["public.ecr.aws"]}, "registries: account 'public.ecr.aws' has 'p' at position 0"),
            ({"endpoints": [OURS], "except_for": ["codebuild"]}, "except_for: 'codebuild' is not the ARN of a role"),
            ({"endpoints": [OURS], "except_for": ["arn:aws:iam::*:role/*"]}, "or its name matches all of them"),
            ({"endpoints": [OURS], "except_for": ["arn:aws:iam::*:role/*/*"]}, "or its name matches all of them"),
            ({"except_for": ["arn:aws:iam::*:role/a"]}, "except_for has no effect without networks= or endpoints="),
            ({"accounts": [UNKNOWN_LIST]}, "accounts: a list that is known only at deployment cannot be combined"),
            ({"registries": [UNKNOWN_LIST]}, "registries: a list that is known only at deployment"),
            ({"endpoints": [UNKNOWN_LIST, ENDPOINT]}, "endpoints: a list that is known only at deployment"),
            ({"networks": [UNKNOWN_LIST, VPC]}, "networks: a list that is known only at deployment"),
            ({"endpoints": [OURS], "except_for": [UNKNOWN_LIST]}, "except_for: a list that is known only at"),
        ],
    )
    def test_a_value_that_is_not_well_formed_is_rejected(self, options: dict[str, Any], problem: str) -> None:
        with pytest.raises(InvalidPerimeter) as raised:
            Perimeter(**{"organization": OURS, **options})

        assert len(raised.value.problems) == 1
        assert problem in raised.value.problems[0]

    def test_all_problems_are_reported_at_once(self) -> None:
        with pytest.raises(InvalidPerimeter) as raised:
            Perimeter(
                organization="", networks=["x"], endpoints=["x"], accounts=["x"], registries=["x"], except_for=["x"]
            )

        assert len(raised.value.problems) == 6

    def test_all_arguments_of_the_wrong_kind_are_reported_at_once(self) -> None:
        names = ("organization", "networks", "endpoints", "accounts", "registries", "except_for")
        with pytest.raises(TypeError) as raised:
            Perimeter(**dict.fromkeys(names, 1))  # type: ignore[arg-type]

        assert all(f"{name} must be" in str(raised.value) for name in names)
        with pytest.raises(TypeError, match=r"networks must be a list such as .*, got '203.0.113.0/24'"):
            Perimeter(organization=OURS, networks="203.0.113.0/24")
        with pytest.raises(TypeError, match="partition must be a string such as 'aws-cn', got 1"):
            Perimeter.layer_policy("eu-west-1", partition=1)  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "render",
        [
            lambda: ORGANIZATION.repository_statements("1234"),
            lambda: ORGANIZATION.registry_statements("1234"),
            lambda: ORGANIZATION.registry_statements(HERE, scope="V3"),  # type: ignore[arg-type]
            lambda: Perimeter.layer_policy("Ireland"),
            lambda: Perimeter.layer_policy("eu-west-1", partition="china"),
        ],
    )
    def test_an_argument_of_a_method_that_is_not_well_formed_is_rejected(self, render: Callable[[], object]) -> None:
        with pytest.raises(EcrConstructsError):
            render()

    def test_a_token_of_the_organization_of_an_account_and_of_a_range_is_compared_as_such(self) -> None:
        ours, partner, here, nat = (
            "${Token[TOKEN.1]}",
            "${Token[TOKEN.2]}",
            "${Token[AWS.AccountId.3]}",
            "${Token[TOKEN.4]}/32",
        )
        perimeter = Perimeter(
            organization=ours, accounts=[partner], endpoints=[ours, partner, here], networks=[nat, "203.0.113.0/24"]
        )

        *_, networks = perimeter.repository_statements(HERE)
        assert networks["Condition"]["NotIpAddressIfExists"] == {"aws:SourceIp": [nat, "203.0.113.0/24"]}
        assert networks["Condition"]["StringNotEqualsIfExists"] == {
            "aws:VpceAccount": [partner, here],
            "aws:VpceOrgID": [ours],
        }

    def test_a_list_that_is_known_only_at_deployment_is_the_only_value(self) -> None:
        perimeter = Perimeter(organization=OURS, networks=[UNKNOWN_LIST], endpoints=[UNKNOWN_LIST])

        *_, networks = perimeter.repository_statements(HERE)
        assert networks["Condition"]["StringNotEqualsIfExists"] == {
            "aws:SourceVpc": [UNKNOWN_LIST],
            "aws:SourceVpce": [UNKNOWN_LIST],
        }

    def test_tokens_are_kept_in_the_place_of_their_kind(self) -> None:
        token, organization = "${Token[TOKEN.12]}", "${Token[TOKEN.11]}"
        arn = "arn:${Token[AWS.Partition.3]}:ec2:eu-west-1:1:vpc/${Token[TOKEN.13]}"
        perimeter = Perimeter(organization=organization, networks=[token, arn], endpoints=[token], except_for=[token])

        *_, networks = perimeter.repository_statements(token)
        condition = networks["Condition"]
        assert condition["StringNotEqualsIfExists"] == {"aws:SourceVpc": [token], "aws:SourceVpce": [token]}
        assert condition["ArnNotLikeIfExists"]["aws:SourceVpcArn"] == [arn]
        assert condition["ArnNotLikeIfExists"]["aws:PrincipalArn"][0] == token
