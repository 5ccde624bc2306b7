"""Image references: parsing, validation and rendering."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.errors import InvalidName
from ecr_constructs.model import ImageReference
from ecr_constructs.model.registry_hosts import dual_stack_host
from tests.model.lifecycle.outcomes import outcome_of
from tests.model.lifecycle.strategies import TAG_LETTERS, paths, repository_names

SHA256 = f"sha256:{'0123456789abcdef' * 4}"
SHA512 = f"sha512:{'0123456789abcdef' * 8}"

image_tags = st.builds(lambda first, rest: first + rest, st.sampled_from("aZ0_"), st.text(TAG_LETTERS, max_size=8))
digests = st.sampled_from([SHA256, SHA512])
registries = st.sampled_from(
    ["public.ecr.aws", "111122223333.dkr.ecr.eu-west-1.amazonaws.com", "localhost", "localhost:5000", "registry:5000"]
)
references = st.builds(
    ImageReference,
    registry=registries,
    repository=repository_names,
    tag=st.none() | image_tags,
    digest=st.none() | digests,
)
# Without a registry, a first part with a dot would be read as one.
bare_references = st.builds(
    ImageReference,
    repository=repository_names.filter(lambda name: "/" not in name or not re.match(r"[^/]*\.|localhost/", name)),
    tag=st.none() | image_tags,
    digest=st.none() | digests,
)


@given(references | bare_references)
def test_a_reference_is_read_as_it_was_written(reference: ImageReference) -> None:
    assert ImageReference.parse(str(reference)) == reference


def test_a_reference_is_read_as_docker_pull_reads_it() -> None:
    cases: list[tuple[str, str | None, str, str | None, str | None]] = [
        ("nginx", None, "nginx", None, None),
        ("nginx:1.27", None, "nginx", "1.27", None),
        ("library/nginx:1.27", None, "library/nginx", "1.27", None),
        ("my.app:1", None, "my.app", "1", None),
        ("public.ecr.aws/docker/library/nginx:1.27", "public.ecr.aws", "docker/library/nginx", "1.27", None),
        ("localhost/my-app", "localhost", "my-app", None, None),
        ("localhost:5000/my-app:v1", "localhost:5000", "my-app", "v1", None),
        (f"my-app@{SHA256}", None, "my-app", None, SHA256),
        (f"quay.io/org/my-app:v1@{SHA512}", "quay.io", "org/my-app", "v1", SHA512),
    ]
    for text, registry, repository, tag, digest in cases:
        reference = ImageReference.parse(text)

        assert (reference.registry, reference.repository, reference.tag, reference.digest) == (
            registry,
            repository,
            tag,
            digest,
        )
        assert str(reference) == text


def test_only_a_digest_fixes_the_image() -> None:
    assert ImageReference(repository="my-app", digest=SHA256).is_fixed
    assert ImageReference(repository="my-app", tag="v1", digest=SHA256).is_fixed
    assert not ImageReference(repository="my-app", tag="v1").is_fixed
    assert not ImageReference(repository="my-app").is_fixed


def test_a_malformed_reference_is_rejected_by_part() -> None:
    cases: list[tuple[str, str]] = [
        ("my-app:", "image tag is empty"),
        ("my-app@", "image digest is empty"),
        ("", "repository name is empty"),
        ("host.example/", "repository name is empty"),
        ("My-App", "repository name 'My-App' has 'M' at position 0"),
        ("my-app:-v1", "image tag '-v1' is not well formed"),
        ("my-app:a:b", "image tag 'a:b' has ':' at position 1"),
        (
            "my-app@sha256:abc",
            "image digest 'sha256:abc' is not well formed; write 'sha256:' and 64 hexadecimal digits",
        ),
        (f"my-app@{SHA256.upper()}", "image digest 'SHA256:0123456789ABCDEF"),
        ("ex_ample.com/my-app", "registry 'ex_ample.com' has '_' at position 2"),
        (":5000/my-app", "registry ':5000' is not well formed; write a host name such as"),
        ("my-app:${Token[TOKEN.1]}", "image tag '${Token[TOKEN.1]}' is known only at deployment"),
    ]
    for text, problem in cases:
        with pytest.raises(InvalidName, match=re.escape(problem)):
            ImageReference.parse(text)


def test_all_parts_are_reported_at_once() -> None:
    with pytest.raises(InvalidName) as caught:
        ImageReference(repository="A b", registry="no_host", tag="", digest="sha1:0")

    assert [problem.partition(" ")[0] for problem in caught.value.problems] == [
        "repository",
        "registry",
        "image",
        "image",
    ]


@pytest.mark.parametrize("length", [1, 128])
def test_a_tag_has_1_to_128_characters(length: int) -> None:
    assert ImageReference(repository="my-app", tag="a" * length).tag == "a" * length


def test_a_tag_of_129_characters_is_rejected_although_ecr_stores_it() -> None:
    with pytest.raises(InvalidName, match=r"\Aimage tag 'a{60}'\.\.\. has 129 characters; ECR allows 1 to 128\Z"):
        ImageReference(repository="my-app", tag="a" * 129)


def test_only_a_text_can_be_read() -> None:
    cases: list[object] = [None, 7, b"my-app"]
    for value in cases:
        with pytest.raises(TypeError, match="image reference must be a string, got"):
            ImageReference.parse(value)  # type: ignore[arg-type]


@given(st.text(max_size=30) | st.builds("{}/{}:{}".format, paths, paths, paths))
def test_any_text_is_a_reference_or_an_invalid_name(text: str) -> None:
    outcome = outcome_of(lambda: ImageReference.parse(text))

    assert outcome
    assert isinstance(outcome, tuple) or str(outcome) == text


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"repository": "a.b/c"}, "repository 'a.b/c' reads as if 'a.b' were its registry; give registry= too"),
        (
            {"repository": "ab", "registry": "mirror"},
            "registry 'mirror' reads as part of a repository; write a host with a dot or a port",
        ),
    ],
)
def test_a_reference_that_would_be_read_otherwise_is_rejected(parts: dict[str, str], problem: str) -> None:
    with pytest.raises(InvalidName) as refused:
        ImageReference(**parts)

    assert refused.value.problems == (problem,)


# --- the hosts of a registry ------------------------------------------------------------------------------------------

HOSTS = [
    "111122223333.dkr.ecr.us-east-1.amazonaws.com",
    "111122223333.dkr.ecr-fips.us-east-1.amazonaws.com",
    "111122223333.dkr-ecr.us-east-1.on.aws",
    "111122223333.dkr-ecr-fips.us-east-1.on.aws",
    "111122223333.DKR.ECR.us-east-1.amazonaws.com",
    "111122223333.dkr.ecr.us-east-1.amazonaws.com:443",
]


@pytest.mark.parametrize("host", HOSTS)
def test_all_hosts_of_a_registry_are_one_registry(host: str) -> None:
    reference = ImageReference.parse(f"{host}/prod/api:v1")

    assert reference.ecr_registry is not None
    assert reference.ecr_registry.environment == "111122223333/us-east-1"
    assert str(reference.canonical) == f"{HOSTS[0]}/prod/api:v1"
    assert (reference.ecr_registry.is_dual_stack, reference.ecr_registry.is_fips) == (
        "dkr-ecr" in host,
        "-fips" in host,
    )


@pytest.mark.parametrize(
    "host",
    [
        "11112222333.dkr.ecr.us-east-1.amazonaws.com",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com.example.org",
        "111122223333.dkr.ecr.us-east-1.on.aws",
        "111122223333.dkr-ecr.us-east-1.amazonaws.com",
        "111122223333.dkr.ecr.us-east-1.amazonaws.com:8443",
        "public.ecr.aws",
        "quay.io",
    ],
)
def test_other_hosts_are_no_registry_of_ecr(host: str) -> None:
    reference = ImageReference.parse(f"{host}/api:v1")

    assert reference.ecr_registry is None
    assert reference.canonical == reference


def test_both_hosts_of_ecr_public_are_one_registry() -> None:
    dual_stack = ImageReference.parse("ecr-public.aws.com/docker/library/nginx:1.27")

    assert dual_stack.canonical == ImageReference.parse("public.ecr.aws/docker/library/nginx:1.27")


def test_a_dual_stack_host_is_written_where_aws_documents_one() -> None:
    assert (
        dual_stack_host("111122223333", "cn-north-1") == "111122223333.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn"
    )
    with pytest.raises(InvalidName, match="no dual-stack host for Region 'us-iso-east-1'"):
        dual_stack_host("111122223333", "us-iso-east-1")
