"""The findings of image scans in files, and the accepted ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import read_json_documents
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.vulnerabilities.accepted_finding import AcceptedFinding, read_accepted_findings
from ecr_constructs.model.vulnerabilities.image_finding import (
    ImageFinding,
    findings_of_inspector,
    findings_of_scan,
    images_of_inspector,
    scan_problem,
)
from ecr_constructs.model.vulnerabilities.openvex import read_openvex

__all__ = ["ScanResults", "read_accepted", "read_scan_results"]

# The repository and the digest of an image.
_ScannedImage = tuple[str, str]

# Members of an answer that another page follows.
_TOKENS = ("nextToken", "NextToken")
_NO_FINDINGS = (
    "no findings of image scans in it; give the output of 'aws ecr describe-image-scan-findings' or of "
    "'aws inspector2 list-findings'"
)
_NO_LAST_PAGE = "the last page of the findings{} is missing; list without --max-items, or give every page"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanResults:
    """
    The findings of image scans.

    Attributes:
        findings: The findings by repository and digest.
        problems: The reasons why the findings of an image are not known, by repository and digest.

    """

    findings: dict[tuple[str, str], tuple[ImageFinding, ...]]
    problems: dict[tuple[str, str], str]


def read_scan_results(sources: Iterable[str]) -> ScanResults:
    """
    Return the findings in files.

    Args:
        sources: Files or folders with the output of `aws ecr describe-image-scan-findings` or of
            `aws inspector2 list-findings`, or `-`.

    Raises:
        CommandError: If a document is neither, or if a page is missing.

    """
    reader = _FindingsReader()
    for source in sources:
        for document in read_json_documents(source):
            reader.read(document.document, document.where)
    return reader.results()


class _FindingsReader:
    """The findings of documents that were read, and the pages that are missing."""

    def __init__(self) -> None:
        self._findings: dict[_ScannedImage, list[ImageFinding]] = {}
        self._problems: dict[_ScannedImage, str] = {}
        # The listing of an image, or that of Amazon Inspector, whose last page was not read.
        self._unfinished: dict[_ScannedImage | None, str] = {}
        self._ended: set[_ScannedImage | None] = set()

    def read(self, document: object, where: str) -> None:
        """Read a document, or several pages in a list."""
        for page in document if isinstance(document, list) else [document]:
            found = mapping(page)
            if "repositoryName" in found and not {"imageScanFindings", "imageScanStatus"}.isdisjoint(found):
                self._read_scan(found, where)
            elif isinstance(found.get("findings"), list):
                self._read_inspector(found, where)
            else:
                raise CommandError([_NO_FINDINGS], path=where)

    def results(self) -> ScanResults:
        """Return the findings, or raise if a page is missing."""
        for image, where in self._unfinished.items():
            if image not in self._ended:
                of = f" of {image[0]}@{image[1]}" if image else ""
                raise CommandError([_NO_LAST_PAGE.format(of)], path=where)
        return ScanResults(
            findings={image: tuple(found) for image, found in self._findings.items()}, problems=self._problems
        )

    def _read_scan(self, page: Mapping[str, Any], where: str) -> None:
        image = str(page["repositoryName"]), str(mapping(page.get("imageId")).get("imageDigest", ""))
        if problem := scan_problem(page):
            self._problems[image] = problem
        else:
            self._findings.setdefault(image, []).extend(findings_of_scan(page))
        self._note_end(image, page, where)

    def _read_inspector(self, page: Mapping[str, Any], where: str) -> None:
        for image in images_of_inspector(page):
            self._findings.setdefault(image, [])
        for finding in findings_of_inspector(page):
            self._findings[finding.repository, finding.digest].append(finding)
        self._note_end(None, page, where)

    def _note_end(self, listing: _ScannedImage | None, page: Mapping[str, Any], where: str) -> None:
        if any(page.get(token) for token in _TOKENS):
            self._unfinished[listing] = where
        else:
            self._ended.add(listing)


def read_accepted(sources: Sequence[Path], today: date) -> tuple[AcceptedFinding, ...]:
    """
    Return the accepted findings in files that have not expired.

    Args:
        sources: JSON files of accepted findings, or OpenVEX documents.
        today: The current day.

    Raises:
        CommandError: If a file cannot be read, or is neither.

    """
    return tuple(each for source in sources for each in _read_accepted(source) if not each.is_expired(today))


def _read_accepted(source: Path) -> Iterator[AcceptedFinding]:
    try:
        # An OpenVEX document is an object, and a file of accepted findings is a list.
        is_list = source.is_file() and source.read_text(encoding="utf-8", errors="replace").lstrip().startswith("[")
        # Statements of other tools about unaffected images have no last day, and never expire.
        yield from read_accepted_findings(source) if is_list else read_openvex(source, expires=date.max)
    except (EcrConstructsError, OSError) as error:
        problems = error.problems if isinstance(error, EcrConstructsError) else [(error.strerror or "").lower()]
        raise CommandError(problems, path=str(source)) from None
