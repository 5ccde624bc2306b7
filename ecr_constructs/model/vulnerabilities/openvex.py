"""
OpenVEX documents of accepted findings.

https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, get_args
from urllib.parse import parse_qs, quote, unquote, urlsplit

from ecr_constructs.errors import EcrConstructsError, Problems, abbreviate, expect
from ecr_constructs.model import wildcards
from ecr_constructs.model.json_documents import read_json_file
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.vulnerabilities.accepted_finding import AcceptedFinding, Justification

__all__ = ["read_openvex", "render_openvex"]

_CONTEXT = "https://openvex.dev/ns/v0.2.0"
_CONTEXTS = "https://openvex.dev/ns"
# The character between the namespace and the name of a package, by the type of package URL.
_NAMESPACES = {"pkg:npm": "/", "pkg:golang": "/", "pkg:composer": "/", "pkg:maven": ":"}
_NOTES = "Owner: {}. Accepted until {}."
_NOTES_PATTERN = re.compile(r"Owner: (?P<owner>.+)\. Accepted until (?P<expires>\d{4}-\d\d-\d\d)\.", re.DOTALL)


def render_openvex(
    accepted: Sequence[AcceptedFinding],
    *,
    id: str,
    author: str,
    timestamp: datetime,
    registry: str,
    repositories: Sequence[str],
    version: int = 1,
) -> Mapping[str, Any]:
    """
    Return an OpenVEX document of accepted findings.

    A finding with a justification has the status `not_affected`. The others have the status `affected`, and the reason
    is the action statement. The owner and the last day are the status notes.

    Args:
        accepted: The accepted findings.
        id: The ID of the document, an IRI.
        author: The author of the document.
        timestamp: The time of the document, with its time zone.
        registry: The host of the registry, such as `111122223333.dkr.ecr.eu-west-1.amazonaws.com`.
        repositories: The names of the repositories of the registry. OpenVEX has no wildcards, so each pattern of an
            accepted finding is replaced by the names that it matches.
        version: The version of the document. Default: 1.

    Raises:
        EcrConstructsError: If a pattern matches no repository, or the time has no time zone.
        TypeError: If arguments are of the wrong kind.

    >>> from datetime import timezone
    >>> one = AcceptedFinding(
    ...     vulnerability="CVE-2024-12345", reason="not reachable", owner="team-a", expires=date(2027, 6, 30)
    ... )
    >>> document = render_openvex(
    ...     [one],
    ...     id="https://example.com/vex/1",
    ...     author="team-a",
    ...     timestamp=datetime(2026, 12, 1, tzinfo=timezone.utc),
    ...     registry="111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    ...     repositories=["prod/api"],
    ... )
    >>> document["statements"][0]["products"]
    [{'@id': 'pkg:oci/api?repository_url=111122223333.dkr.ecr.eu-west-1.amazonaws.com/prod/api'}]

    """
    problems = Problems()
    problems.expect("accepted", accepted, Sequence, "read_accepted_findings(path)", each=AcceptedFinding)
    problems.expect("timestamp", timestamp, datetime, "datetime.now(timezone.utc)")
    problems.expect("repositories", repositories, Sequence, "['prod/api']", each=str)
    problems.expect("version", version, int, "1")
    for name, value in (("id", id), ("author", author), ("registry", registry)):
        if problems.expect(name, value, str, "'...'") and not value:
            problems.add(f"{name} is empty; write it")
    problems.raise_if_any(EcrConstructsError)
    if timestamp.tzinfo is None:
        problems.add("timestamp has no time zone; use datetime.now(timezone.utc)")
    statements = [_statement(problems, each, registry, repositories) for each in accepted]
    problems.raise_if_any(EcrConstructsError)
    return {
        "@context": _CONTEXT,
        "@id": id,
        "author": author,
        "timestamp": timestamp.isoformat(),
        "version": version,
        "statements": statements,
    }


def _statement(
    problems: Problems, accepted: AcceptedFinding, registry: str, repositories: Sequence[str]
) -> Mapping[str, Any]:
    names: list[str] = []
    for pattern in accepted.repositories:
        matched = [name for name in repositories if wildcards.matches(pattern, name)]
        if not matched:
            problems.add(
                f"{accepted.vulnerability}: {pattern!r} matches no repository in repositories=; add the repository, or "
                "remove the pattern"
            )
        names += matched
    products = [_product(name, registry, accepted.package) for name in sorted(set(names))]
    status = (
        {"status": "affected", "action_statement": accepted.reason}
        if accepted.justification is None
        else {
            "status": "not_affected",
            "justification": accepted.justification,
            "impact_statement": accepted.reason,
        }
    )
    return {
        "vulnerability": {"name": accepted.vulnerability},
        "products": products,
        **status,
        "status_notes": _NOTES.format(accepted.owner, accepted.expires.isoformat()),
    }


def _product(repository: str, registry: str, package: str | None) -> Mapping[str, Any]:
    """Return a product: the package URL of the images of a repository, with the vulnerable package in them."""
    name = repository.rpartition("/")[2]
    product: dict[str, Any] = {"@id": f"pkg:oci/{quote(name)}?repository_url={quote(f'{registry}/{repository}')}"}
    if package is not None:
        product["subcomponents"] = [{"@id": f"pkg:generic/{quote(package, safe='')}"}]
    return product


def read_openvex(
    path: str | Path, *, owner: str | None = None, expires: date | None = None
) -> tuple[AcceptedFinding, ...]:
    """
    Return the accepted findings in an OpenVEX document.

    Statements with the status `not_affected` are accepted. Statements with the status `affected` are accepted if their
    status notes have an owner and a last day, as those of `render_openvex` do. Statements with the status `fixed` or
    `under_investigation`, and those about other products than images, are omitted.

    Args:
        path: The file.
        owner: The owner of statements whose status notes have none. Default: the author of the document.
        expires: The last day of statements whose status notes have none, because OpenVEX has no expiry. Default: such
            a statement is an error.

    Raises:
        EcrConstructsError: If the file cannot be read, or is not an OpenVEX document. It has every problem.
        TypeError: If arguments are of the wrong kind.

    >>> from tempfile import mkdtemp
    >>> file = Path(mkdtemp(), "openvex.json")
    >>> _ = file.write_text(
    ...     '{"@context": "https://openvex.dev/ns/v0.2.0", "author": "team-a", "statements": [{'
    ...     '"vulnerability": {"name": "CVE-2024-12345"}, "status": "not_affected",'
    ...     '"justification": "vulnerable_code_not_present", "impact_statement": "not in the image",'
    ...     '"products": [{"@id": "pkg:oci/api?repository_url=example.com/prod/api"}]}]}'
    ... )
    >>> read_openvex(file, expires=date(2027, 6, 30))[0].repositories
    ('prod/api',)

    """
    expect("owner", owner, str, "'team-a'", optional=True)
    expect("expires", expires, date, "date(2027, 6, 30)", optional=True)
    document = read_json_file(path, "'vex.json'")
    problems = Problems()
    if not isinstance(document, Mapping) or not str(document.get("@context", "")).startswith(_CONTEXTS):
        problems.add(f"{abbreviate(document)} is not an OpenVEX document; its @context begins with {_CONTEXTS!r}")
        document = {}
    statements = document.get("statements", [])
    if not isinstance(statements, list):
        problems.add(f"statements: {abbreviate(statements)} is not a list; write a list of statements")
        statements = []
    default_owner = owner or document.get("author")
    found: list[AcceptedFinding] = []
    for index, statement in enumerate(statements):
        with problems.collect(f"statements[{index}]: "):
            found += _accepted(statement, default_owner, expires)
    problems.raise_if_any(EcrConstructsError, str(path))
    return tuple(found)


def _accepted(statement: object, owner: object, expires: date | None) -> Iterator[AcceptedFinding]:
    """Yield the accepted finding of a statement, if it has one."""
    if not isinstance(statement, Mapping):
        raise EcrConstructsError([f"{abbreviate(statement)} is not an object; write a statement"])
    status, notes = statement.get("status"), _NOTES_PATTERN.search(str(statement.get("status_notes", "")))
    if status not in ("not_affected", "affected") or (status == "affected" and notes is None):
        return
    until = _last_day(notes["expires"]) if notes else expires
    if until is None:
        raise EcrConstructsError(["OpenVEX has no expiry; give the last day with expires="])
    images = list(_images_of_products(statement.get("products")))
    for package in sorted({package for _, package in images}, key=str):
        yield AcceptedFinding(
            vulnerability=_vulnerability(statement),
            reason=_reason(statement),
            owner=notes["owner"] if notes else owner,  # type: ignore[arg-type]  # AcceptedFinding checks the kind
            expires=until,
            repositories=tuple(dict.fromkeys(name for name, of in images if of == package)),
            package=package,
            justification=_justification(statement),
        )


def _last_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise EcrConstructsError([f"status_notes: {text} is not a date; write it as 2027-06-30"]) from None


def _vulnerability(statement: Mapping[str, Any]) -> str:
    """Return the ID. OpenVEX 0.0.1 has a text instead of an object."""
    vulnerability = statement.get("vulnerability")
    name = vulnerability.get("name") if isinstance(vulnerability, Mapping) else vulnerability
    if not isinstance(name, str):
        raise EcrConstructsError(["the statement has no vulnerability; write its name, such as 'CVE-2024-12345'"])
    return name


def _reason(statement: Mapping[str, Any]) -> str:
    texts = (statement.get(name) for name in ("impact_statement", "action_statement", "justification"))
    return next((text for text in texts if isinstance(text, str) and text.strip()), "not affected")


def _justification(statement: Mapping[str, Any]) -> Justification | None:
    found = statement.get("justification")
    return found if statement.get("status") == "not_affected" and found in get_args(Justification) else None


def _images_of_products(products: object) -> Iterator[tuple[str, str | None]]:
    """Yield the repository and the vulnerable package of each product that is an image."""
    for product in products if isinstance(products, list) else []:
        repository = _repository(_package_url(product))
        if repository is None:
            continue
        parts = product.get("subcomponents") if isinstance(product, Mapping) else None
        # A statement about a component that has no package URL is not one about the whole image.
        packages = [_package(_package_url(part)) for part in parts] if isinstance(parts, list) and parts else [None]
        yield from ((repository, package) for package in packages if package != "")


def _package_url(component: object) -> str:
    """Return the package URL of a product or a subcomponent, or the text that identifies it. Empty without one."""
    if isinstance(component, str):
        return component
    found = mapping(component)
    identified = (mapping(found.get("identifiers")).get("purl"), found.get("@id"))
    return next((text for text in identified if isinstance(text, str)), "")


def _repository(package_url: str) -> str | None:
    """Return the name of the repository in the package URL of an image: https://github.com/package-url/purl-spec."""
    if not package_url.startswith("pkg:oci/"):
        return None
    url = parse_qs(urlsplit(package_url).query).get("repository_url", [""])[0]
    return url.removeprefix("https://").partition("/")[2] or None


def _package(package_url: str) -> str:
    """
    Return the name of a package as its package manager writes it.

    In a package URL, the scope of npm, the path of Go and the group of Maven are a namespace before the name. The
    namespace of a package of an operating system is the name of the distribution.
    https://github.com/package-url/purl-spec/blob/main/PURL-TYPES.rst
    """
    path = re.split(r"[?#]", package_url, maxsplit=1)[0]
    kind, *parts = path.split("/")
    *namespace, last = map(unquote, (*parts[:-1], [kind, *parts][-1].partition("@")[0]))
    separator = _NAMESPACES.get(kind)
    return last if separator is None else separator.join((*namespace, last))
