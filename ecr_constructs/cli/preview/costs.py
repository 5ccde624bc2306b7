"""The costs of the images of each repository, those that are not pulled, and the day on which a repository is full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview, all_images
from ecr_constructs.cli.sources.json_files import read_json_documents
from ecr_constructs.model.lifecycle.growth import growth
from ecr_constructs.model.pricing.costs import Storage, Unpulled, costs, storage_of, unpulled
from ecr_constructs.model.pricing.price_list import InvalidPriceList, read_prices
from ecr_constructs.model.pricing.prices import PRICES_BY_REGION, Prices

__all__ = ["find_prices", "with_costs"]

# The minimum storage duration of the archive. After it, an archived image has no remaining minimum costs.
_UNPULLED_DAYS = 90


def find_prices(sources: Sequence[str], *, region: str | None) -> Prices | None:
    """
    Return the prices of a Region, or None if they are not known.

    Args:
        sources: Files with the output of `aws pricing get-products`. Without any, the prices that are built in.
        region: The Region, or None if it is not known.

    Raises:
        CommandError: If a file cannot be read.
        InvalidPriceList: If the files have no prices of the Region, with the files as the path.

    """
    if not sources:
        return PRICES_BY_REGION.get(region or "")
    path = ", ".join(sources)
    documents = [each.document for source in sources for each in read_json_documents(source)]
    try:
        return read_prices(documents, region=region, source=path)
    except InvalidPriceList as error:
        raise InvalidPriceList(error.problems, path=f"--prices {path}") from None


def with_costs(
    report: PreviewReport, prices: Prices | None, *, unpulled_days: int | None, image_quota: int | None
) -> PreviewReport:
    """
    Return a report with the costs and the growth of each repository.

    Args:
        report: The report.
        prices: The prices of the Region, or None.
        unpulled_days: The days without a pull after which an image is counted. None for 90, and only with prices.
        image_quota: The quota of images per repository. None for the default of ECR.

    """
    quota = image_quota or report.image_quota
    days = unpulled_days or (_UNPULLED_DAYS if prices else None)
    measured = [_measure(each, days, quota, has_prices=prices is not None) for each in report.previews]
    previews = [preview for preview, _ in measured]
    unpulled_images = [each.unpulled for each in previews if each.unpulled and each.prefix is None]
    report = replace(
        report,
        previews=tuple(previews),
        image_quota=quota,
        unpulled=reduce(add, unpulled_images, Unpulled(days=days)) if days else None,
    )
    return report if prices is None else _with_prices(report, [storage for _, storage in measured], prices)


def _measure(
    preview: RepositoryPreview, days: int | None, quota: int, *, has_prices: bool
) -> tuple[RepositoryPreview, Storage | None]:
    """Return a preview with its growth, and with prices the bytes of the repository."""
    if preview.prefix is not None:  # ECR does not apply the policy of a creation template to existing repositories
        return preview, None
    evaluation = preview.evaluation
    images = all_images(evaluation)
    idle = unpulled(images, days=days, at=preview.at) if days else None
    measured = preview.changed(
        {"growth": growth(preview.policy.rules, images, at=preview.at, quota=quota), "unpulled": idle}
    )
    if not has_prices:
        return measured, None
    return measured, storage_of(evaluation, at=preview.at, unpulled_size=idle.size if idle else 0)


def _with_prices(report: PreviewReport, storages: Sequence[Storage | None], prices: Prices) -> PreviewReport:
    total = sum(filter(None, storages), Storage())
    previews = (
        preview if storage is None else preview.changed({"costs": costs(storage, total, prices)})
        for preview, storage in zip(report.previews, storages, strict=True)
    )
    all_costs = costs(total, total, prices)
    notes = report.notes
    if all_costs is None:
        notes += (f"{prices.source} has no price of the archive in {prices.region}, so no costs are shown",)
    return replace(report, previews=tuple(previews), prices=prices, costs=all_costs, notes=notes)
