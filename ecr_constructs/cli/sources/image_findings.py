"""The findings of image scans in files, and the accepted ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.sources.json_files import read_json_documents
from ecr_constructs.errors import EcrConstructsError
from ecr_constructs.model.template_syntax import mapping
from ecr_constructs.model.vulnerabilities.accepted_finding import AcceptedFinding, read_accepted_findings
from ecr_constructs.model.vulnerabilities.image_finding import ImageFinding, findings_of_inspector, findings_of_scan
from ecr_constructs.model.vulnerabilities.openvex import read_openvex

__all__ = ["ScanResults", "read_accepted", "read_scan_results"]


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

    @classmethod
    def of(cls, findings: Iterable[ImageFinding], scanned: Iterable[tuple[str, str]] = ()) -> ScanResults:
        """
        Return the results of findings.

        Args:
            findings: The findings.
            scanned: Images that were scanned, also those without findings.

        """
        by_image: dict[tuple[str, str], list[ImageFinding]] = {image: [] for image in scanned}
        for finding in findings:
            by_image.setdefault((finding.repository, finding.digest), []).append(finding)
        return cls(findings={image: tuple(found) for image, found in by_image.items()}, problems={})


def read_scan_results(sources: Iterable[str]) -> ScanResults:
    """
    Return the findings in files.

    Args:
        sources: Files or folders with the output of `aws ecr describe-image-scan-findings` or of
            `aws inspector2 list-findings`, or `-`.

    Raises:
        CommandError: If a document is neither.

    """
    findings: list[ImageFinding] = []
    scanned: list[tuple[str, str]] = []
    for source in sources:
        for document in read_json_documents(source):
            found = mapping(document.document)
            if "imageScanFindings" in found and "repositoryName" in found:
                findings += findings_of_scan(found)
                scanned.append(
                    (str(found["repositoryName"]), str(mapping(found.get("imageId")).get("imageDigest", "")))
                )
            elif isinstance(found.get("findings"), list):
                findings += findings_of_inspector(found)
            else:
                message = (
                    "no findings of image scans in it; give the output of 'aws ecr describe-image-scan-findings' or of "
                    "'aws inspector2 list-findings'"
                )
                raise CommandError([message], path=document.where)
    return ScanResults.of(findings, scanned)


def read_accepted(sources: Sequence[Path], today: date) -> tuple[AcceptedFinding, ...]:
    """
    Return the accepted findings in files that have not expired.

    Args:
        sources: JSON files of accepted findings, or OpenVEX documents.
        today: The current day.

    Raises:
        CommandError: If a file cannot be read, or is neither.

    """
    return tuple(each for source in sources for each in _read(source) if not each.is_expired(today))


def _read(source: Path) -> Iterator[AcceptedFinding]:
    try:
        # An OpenVEX document is an object, and a file of accepted findings is a list.
        is_list = source.is_file() and source.read_text(encoding="utf-8", errors="replace").lstrip().startswith("[")
        # Statements of other tools that an image is not affected have no last day, and count without an end.
        yield from read_accepted_findings(source) if is_list else read_openvex(source, expires=date.max)
    except (EcrConstructsError, OSError) as error:
        problems = error.problems if isinstance(error, EcrConstructsError) else [(error.strerror or "").lower()]
        raise CommandError(problems, path=str(source)) from None
