"""The costs of images, the images that are not pulled, and full repositories, as messages."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ecr_constructs.cli.formatting import count, format_day, format_money, format_size
from ecr_constructs.cli.output.message import Message
from ecr_constructs.cli.preview.result import PreviewReport, RepositoryPreview
from ecr_constructs.model.pricing.costs import Costs, Unpulled

__all__ = ["cost_messages", "price_message", "quota_messages", "total_cost_messages"]


def cost_messages(preview: RepositoryPreview) -> Iterator[Message]:
    """
    Yield the costs of a repository, and its images that were not pulled.

    Args:
        preview: The preview.

    """
    yield from _messages(preview.costs, preview.unpulled)


def total_cost_messages(report: PreviewReport) -> Iterator[Message]:
    """
    Yield the costs of all repositories, and their images that were not pulled.

    Args:
        report: The previews.

    """
    yield from _messages(report.costs, report.unpulled)


def price_message(report: PreviewReport) -> Message:
    """
    Return the source of the prices of a report.

    Args:
        report: The previews.

    """
    prices = report.prices
    if prices is None:
        raise ValueError("the report has no prices")
    day = f" of {format_day(prices.day)}" if prices.day else ""
    return Message("prices", f"those of storage in {prices.region}{day}, from {prices.source}", "cyan")


def quota_messages(preview: RepositoryPreview) -> Iterator[Message]:
    """
    Yield the day on which a repository reaches the quota of images, if there is such a day.

    Args:
        preview: The preview.

    """
    growth = preview.growth
    if growth and growth.full_on:
        rate = f"{growth.images_a_day:,.0f}" if growth.images_a_day >= 1 else f"{growth.images_a_day:.2g}"
        day = format_day(growth.full_on)
        text = (
            f"the repository reaches its quota of {growth.quota:,} images on {day} under this policy, with {rate} "
            "images pushed a day; delete more images, or request an increase of the quota"
        )
        yield Message("quota", text, "yellow")


def _messages(costs: Costs | None, unpulled: Unpulled | None) -> Iterator[Message]:
    if costs is not None:
        yield Message("cost", _describe(costs), "cyan")
    if unpulled is not None and unpulled.images:
        money = f", {format_money(costs.unpulled, costs.currency)} a month" if costs else ""
        size = f", {format_size(unpulled.size)}" if unpulled.size else ""
        text = f"{count(unpulled.images, 'image')}{size}{money}: not pulled for more than {count(unpulled.days, 'day')}"
        yield Message("unpulled", text, "cyan")


def _describe(costs: Costs) -> str:
    def money(amount: Decimal) -> str:
        return format_money(amount, costs.currency)

    text = f"{money(costs.today)} a month today, {money(costs.after)} after the policy"
    if not costs.archive:
        return text
    minimum = f", which costs at least {money(costs.archive_minimum)} until the end of its minimum of 90 days"
    return f"{text}; {money(costs.archive)} of that in the archive{minimum if costs.archive_minimum else ''}"
