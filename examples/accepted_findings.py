"""Accepted findings: suppression rules of Amazon Inspector, each with a reason, an owner and a last day."""

from datetime import date

from aws_cdk import App, Environment, Stack

from ecr_constructs import AcceptedFinding, SuppressionRules

app = App()
# In an organization, the account of the delegated administrator of Amazon Inspector.
stack = Stack(app, "AcceptedFindings", env=Environment(account="111122223333", region="eu-central-1"))
SuppressionRules(
    stack,
    "Accepted",
    accepted=[
        AcceptedFinding(
            vulnerability="CVE-2023-45853",
            package="zlib",
            reason="the image has no program that uses minizip",
            owner="team-platform",
            expires=date(2099, 12, 31),
            repositories=["prod/*", "base"],
            justification="vulnerable_code_not_in_execute_path",
        ),
    ],
)

app.synth()
